"""fastmul config: what show_config() prints."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "config", help="print versions, target, BLAS, threads, cache and backends"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    import fastmul

    fastmul.show_config()
