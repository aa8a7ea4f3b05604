"""fastmul warmup: compile every kernel now, for instance while an image is built."""

from __future__ import annotations

import argparse
import time
from typing import Any

from fastmul.cli.errors import CommandError


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "warmup",
        help="compile all kernels now",
        description="Compile every kernel, or load it from the cache, so that no later call waits.",
    )
    parser.add_argument("--only", metavar="WORD", nargs="+",
                        help="only kernels with such a word in their name: ntt, gemm_int64")  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    from fastmul.comparison.progress import progress
    from fastmul.kernels.cpu.catalogue import kernels, name_of

    words = arguments.only or [""]
    chosen = [k for k in kernels() if any(word in name_of(k) for word in words)]
    if not chosen:
        raise CommandError(f"no kernel has {' or '.join(words)} in its name")
    started = time.perf_counter()
    with progress(len(chosen), show=True) as bar:
        for kernel in chosen:
            bar.tell(name_of(kernel))
            kernel.prepare()
            bar.advance()
    print(f"{len(chosen)} kernels ready after {time.perf_counter() - started:.1f} s")
