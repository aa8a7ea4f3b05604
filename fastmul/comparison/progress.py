"""Progress on standard error: rich's bar where rich is installed, one rewritten line otherwise."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, TextIO

#: A stream that is no terminal gets a line at most this often.
QUIET_SECONDS = 5.0
TEXT_WIDTH = 48


class Progress:
    """What a long job tells: ``tell(text)`` now doing this; ``advance()`` one step of `total` done."""

    def tell(self, text: str) -> None: ...

    def advance(self) -> None: ...


@contextmanager
def progress(total: int, show: bool, stream: TextIO | None = None) -> Iterator[Progress]:
    """A `Progress` of `total` steps (0: nobody knows how many) on `stream` (standard error), or a silent one."""
    stream = stream or sys.stderr
    if not show:
        yield Progress()
    elif find_spec("rich") and stream.isatty():
        with _rich(total, stream) as bar:
            yield bar
    else:
        yield from _plain(total, stream)


@contextmanager
def _rich(total: int, stream: TextIO) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns: list[Any] = [BarColumn(24), TimeElapsedColumn(), TextColumn("{task.description}")]
    with Bar(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("", total=total or None)

        class Rich(Progress):
            def tell(self, text: str) -> None:
                bar.update(task, description=text)

            def advance(self) -> None:
                bar.advance(task)

        yield Rich()


def _plain(total: int, stream: TextIO) -> Iterator[Progress]:
    rewrite = stream.isatty()

    class Plain(Progress):
        done, said = 0, time.monotonic()

        def tell(self, text: str) -> None:
            count = f"[{self.done}/{total}] " if total else ""
            line = f"{count}{text[:TEXT_WIDTH]:<{TEXT_WIDTH}}"
            if rewrite:
                stream.write(f"\r{line}")
                stream.flush()
            elif time.monotonic() - self.said > QUIET_SECONDS:
                self.said = time.monotonic()
                print(line.rstrip(), file=stream, flush=True)

        def advance(self) -> None:
            self.done += 1

    yield Plain()
    if rewrite:
        stream.write("\r" + " " * (TEXT_WIDTH + 16) + "\r")
        stream.flush()
