"""What a user of the command line can mend: one line, exit status 2."""

from __future__ import annotations


class CommandError(Exception):
    """Its text is the one line that is printed."""


def reason(error: OSError) -> str:
    """An operating system's complaint without its number: "No such file or directory"."""
    return error.strerror or str(error)
