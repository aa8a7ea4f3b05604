"""Reading input and writing output: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from fastmul.cli.errors import CommandError, reason

STDIN = "-"


def read_bytes(name: str) -> bytes:
    """The contents of a file, or of standard input for "-"."""
    try:
        return sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name}: {reason(error)}") from None


@contextlib.contextmanager
def whole_file(name: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file that appears under `name` when the block ends, and not at all if it raises.

    It is written beside its place and renamed, which replaces an old file at once.
    """
    path = Path(name)
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise CommandError(f"{path}: {reason(error)}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except OSError as error:
        raise CommandError(f"{path}: {reason(error)}") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _umask() -> int:
    mask = os.umask(0)  # it can only be read by setting it
    os.umask(mask)
    return mask
