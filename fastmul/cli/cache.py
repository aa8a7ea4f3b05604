"""fastmul cache: where compiled kernels are kept, and removing them."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: Any) -> None:
    parser = commands.add_parser("cache", help="show or clear the compiled kernels on disk")
    parser.add_argument("action", choices=("info", "clear"))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    from fastmul.runtime import cache

    root = cache.root() / "kernels"
    files = [path for path in root.rglob("*") if path.is_file()] if root.is_dir() else []
    size = sum(path.stat().st_size for path in files)
    held = f"{len(files)} files, {size / 2**20:.1f} MiB"
    if arguments.action == "clear":
        cache.clear()
        print(f"removed {held} from {root}")
        return
    print(f"folder        {cache.folder()}\nall versions  {held} in {root}")
