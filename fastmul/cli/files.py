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

    It is written beside its place and renamed, which replaces an old file at once; a link stays, and what it
    points to is replaced. A pipe or a device has no place to rename to, and is written as it comes.
    """
    path = Path(name)
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            with open(path, "wb") as file:
                yield file
            return
        path = Path(os.path.realpath(name))
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


def require_place(name: str) -> None:
    """Raise CommandError now if `name` could not be written after long work."""
    folder = os.path.dirname(os.path.realpath(name))
    if os.path.isdir(name):
        raise CommandError(f"{name}: Is a directory")
    if not os.path.isdir(folder):
        raise CommandError(f"{name}: No such file or directory")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CommandError(f"{name}: Permission denied")


def _umask() -> int:
    mask = os.umask(0)  # it can only be read by setting it
    os.umask(mask)
    return mask
