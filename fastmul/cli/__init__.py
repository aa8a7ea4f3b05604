"""The command line: one file per command, each with `add` (its arguments) and `run`."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

import fastmul
from fastmul.cli.errors import CommandError, reason

COMMANDS = ("compare", "mul", "matmul", "explain", "tune", "warmup", "selftest", "config", "cache")

#: Exit statuses: a shell's own for SIGINT and SIGPIPE, 2 for what the user must mend, 1 for a wrong result.
WRONG, MEND, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    parsed = _parser().parse_args(arguments)
    try:
        status = parsed.run(parsed)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read has enough
        _abandon_output()
        return PIPE_CLOSED
    except OSError as error:  # a full disk behind standard output, for instance
        _abandon_output()
        print(f"fastmul {parsed.command}: {reason(error)}", file=sys.stderr)
        return MEND
    except (CommandError, fastmul.FastmulError, MemoryError) as error:
        print(f"fastmul {parsed.command}: {error}", file=sys.stderr)
        return MEND
    return int(status or 0)


def _abandon_output() -> None:
    """What is still buffered must not fail again when Python ends."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fastmul",
        description="Exact multiplication of big integers and matrices, at the speed of float hardware.",
        epilog="'fastmul COMMAND --help' tells more.",
    )
    parser.add_argument("--version", action="version", version=f"fastmul {fastmul.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"fastmul.cli.{name}").add(commands)
    return parser
