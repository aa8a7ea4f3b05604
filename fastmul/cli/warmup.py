"""fastmul warmup: compile every kernel now, for instance while an image is built."""

from __future__ import annotations

import argparse
import time
from typing import Any

from fastmul.cli import options
from fastmul.cli.errors import CommandError


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "warmup",
        help="compile all kernels now",
        description="Compile every kernel that the cache does not hold, so that no later call waits.",
    )
    parser.add_argument("--only", metavar="WORD", nargs="+",
                        help="only kernels with such a word in their name: ntt, gemm_int64")  # fmt: skip
    options.add_threads(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    from fastmul.comparison.compiling import compile_ahead
    from fastmul.comparison.progress import progress
    from fastmul.kernels.cpu.catalogue import kernels, name_of
    from fastmul.runtime import cache
    from fastmul.runtime.threads import get_threads

    words = arguments.only or [""]
    chosen = [k for k in kernels() if any(word in name_of(k) for word in words)]
    if not chosen:
        raise CommandError(f"no kernel has {' or '.join(words)} in its name")
    begun = time.perf_counter()
    with progress(sum(not k.is_cached for k in chosen), show=True) as bar:

        def tell(kernel: Any) -> None:
            bar.tell(name_of(kernel))
            bar.advance()

        compile_ahead(chosen, get_threads(arguments.threads), tell)
    if missing := [name_of(k) for k in chosen if not k.is_cached]:
        raise CommandError(f"{', '.join(missing)}: not in the cache {cache.folder()}")
    print(f"{len(chosen)} kernels ready after {time.perf_counter() - begun:.1f} s")
