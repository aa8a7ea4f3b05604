"""The exceptions of fastmul: each also is the builtin that a NumPy user would catch."""

from __future__ import annotations

import numpy as np


class FastmulError(Exception):
    """Base of every exception that fastmul defines."""


class AlgorithmError(FastmulError, ValueError):
    """A named algorithm refuses this problem; the message says why, and which algorithm would do."""


class ResultOverflowError(FastmulError, OverflowError):
    """An entry of the true result does not fit the requested dtype."""


class DeviceError(FastmulError, ValueError):
    """Operands live on different devices."""


class BackendUnavailableError(FastmulError, RuntimeError):
    """A backend that the call needs is absent; the message carries the probe's reason."""


class VerificationError(FastmulError, ArithmeticError):
    """Two independent algorithms both failed verification; the message gives seed and sizes."""


class SingularMatrixError(FastmulError, np.linalg.LinAlgError):
    """A matrix that has to have an inverse has none."""


class ZeroDivisorError(FastmulError, ZeroDivisionError, ValueError):
    """Division by a residue that shares a factor with the modulus; the message names the factor."""
