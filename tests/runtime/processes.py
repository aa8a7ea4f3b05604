"""Running Python in a process of its own, where an abort, a signal or an environment variable is wanted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]


def environment(**changes: str | None) -> dict[str, str]:
    """This process's environment, with `changes`; None removes a variable."""
    merged = {**os.environ, "PYTHONPATH": str(REPOSITORY), **changes}
    return {name: value for name, value in merged.items() if value is not None}


def run_python(source: str, *args: str, timeout: float = 300, **changes: str | None) -> str:
    """The standard output of `python -c source *args`; fails with its error output unless it exits with 0."""
    done = subprocess.run(
        [sys.executable, "-c", source, *args],
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def start_python(source: str, *args: str, **changes: str | None) -> subprocess.Popen[str]:
    """A running `python -c source *args` whose output can be read line by line."""
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(
        [sys.executable, "-c", source, *args], env=environment(**changes), **options
    )
