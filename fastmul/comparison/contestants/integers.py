"""Contestants of big-integer multiplication."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from operator import mul as operator_mul
from typing import Any

import numpy as np

from fastmul.comparison.contestants.contestant import Contestant

#: Time against bits: the exponents of the classical algorithms, and a little above 1 for transforms.
SCHOOLBOOK, KARATSUBA, TOOM3, TRANSFORM = 2.0, 1.585, 1.465, 1.1
_GROWTH = {"schoolbook": SCHOOLBOOK, "karatsuba": KARATSUBA, "toom3": TOOM3, "python": KARATSUBA}

FFT_DIGIT_BITS = 16
GMP, PYTHON = "GMP (gmpy2.mpz)", "Python int"
_SAME_AS = {"python": PYTHON}
FLOAT_FFT = f"numpy.fft, {FFT_DIGIT_BITS}-bit digits"


def contestants() -> list[Contestant]:
    found = [*_fastmul(), _gmp(), _python(), _numpy_fft(), _decimal()]
    if find_spec("flint"):
        found.append(_flint())
    return found


def _as_is(result: Any) -> Any:
    return result


# ---------------------------------------------------------------- fastmul


def _fastmul() -> list[Contestant]:
    from fastmul.integers.multiplication import MUL

    rows = [
        Contestant(name, "fastmul", partial(_prepare_row, name), _as_is,
                   growth=_GROWTH.get(name, TRANSFORM), threaded=True, same_as=_SAME_AS.get(name, ""))
        for name in MUL.names
    ]  # fmt: skip
    return [
        Contestant("auto", "fastmul", partial(_prepare_row, "auto"), _as_is,
                   growth=TRANSFORM, threaded=True),
        Contestant("auto (int)", "fastmul", _prepare_ints, _as_is, growth=TRANSFORM, threaded=True),
        Contestant("auto (limbs)", "fastmul", _prepare_limbs, _from_limbs,
                   growth=TRANSFORM, threaded=True),
        *rows,
    ]  # fmt: skip


def _prepare_row(algorithm: str, case: Any, threads: int) -> Callable[[], Any]:
    import gmpy2

    import fastmul

    a, b = (gmpy2.mpz(x) for x in case.operands)
    return partial(fastmul.mul, a, b, algorithm=algorithm)


def _prepare_ints(case: Any, threads: int) -> Callable[[], Any]:
    import fastmul

    return partial(fastmul.mul, *case.operands)


def _prepare_limbs(case: Any, threads: int) -> Callable[[], Any]:
    from fastmul.integers import mul_limbs, to_limbs

    a, b = (to_limbs(x) for x in case.operands)
    return partial(mul_limbs, a, b, out=np.empty(a.size + b.size, np.uint64))


def _from_limbs(limbs: np.ndarray) -> int:
    return int.from_bytes(np.ascontiguousarray(limbs).astype("<u8").tobytes(), "little")


# ---------------------------------------------------------------- peers


def _gmp() -> Contestant:
    import gmpy2

    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        return partial(operator_mul, *(gmpy2.mpz(x) for x in case.operands))

    return Contestant(GMP, "peer", prepare, _as_is, growth=TRANSFORM)


def _python() -> Contestant:
    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        return partial(operator_mul, *case.operands)

    return Contestant(PYTHON, "peer", prepare, _as_is, growth=KARATSUBA)


def _numpy_fft() -> Contestant:
    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        return partial(fft_product, *case.operands)

    return Contestant(FLOAT_FFT, "float", prepare, _as_is, exact=False, growth=TRANSFORM)


def fft_product(a: int, b: int) -> int:
    """a * b by NumPy's float64 FFT: what one writes in ten lines, and what no bound covers."""
    x, y = (_digits(v) for v in (a, b))
    n = x.size + y.size
    length = 1 << (n - 1).bit_length()
    spectrum = np.fft.rfft(x, length) * np.fft.rfft(y, length)
    coefficients = np.rint(np.fft.irfft(spectrum, length)[: -(-n // 4) * 4])
    columns = coefficients.astype(np.int64).clip(0).astype("<u8").reshape(-1, 4).T
    # four digits make a limb: every fourth coefficient is a number in base 2^64
    return sum(
        int.from_bytes(np.ascontiguousarray(column).tobytes(), "little") << (FFT_DIGIT_BITS * i)
        for i, column in enumerate(columns)
    )


def _digits(value: int) -> np.ndarray:
    n_bytes = -(-value.bit_length() // 64) * 8
    return np.frombuffer(value.to_bytes(n_bytes, "little"), "<u2").astype(np.float64)


def _decimal() -> Contestant:
    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        import gmpy2

        # through mpz: its conversion is fast, and bound by no digit limit
        a, b = (decimal.Decimal(gmpy2.mpz(x).digits()) for x in case.operands)
        digits = max(1, case.limbs * 64 * 1234 // 4096)  # a little more than log10(2) per bit
        context = decimal.Context(prec=digits, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
        return partial(context.multiply, a, b)

    def finish(result: Any) -> Any:
        import gmpy2

        return gmpy2.mpz(format(result, "f"))

    return Contestant("decimal", "peer", prepare, finish, growth=TRANSFORM)


def _flint() -> Contestant:
    import flint

    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        flint.ctx.threads = threads
        return partial(operator_mul, *(flint.fmpz(x) for x in case.operands))

    return Contestant("FLINT (fmpz)", "peer", prepare, int, growth=TRANSFORM, threaded=True)
