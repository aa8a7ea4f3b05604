"""show_config(): everything about this installation that a bug report, or a benchmark, should say."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import fastmul
from fastmul.planning.explain import format_bytes
from fastmul.runtime.target import cpu_name

#: Distributions whose version is worth knowing: the dependencies, then the optional ones.
DISTRIBUTIONS = (
    "numpy",
    "numba",
    "llvmlite",
    "gmpy2",
    "threadpoolctl",
    "rich",
    "matplotlib",
    "python-flint",
)


def show_config(mode: str = "text") -> dict[str, dict[str, str]] | None:
    """Print versions, code-generation target, BLAS, threads, cache, costs and backends.

    Parameters
    ----------
    mode : "text" prints an aligned table; "dict" returns its sections as a dictionary of strings.

    Returns
    -------
    None, or with mode="dict" a dictionary from section to a dictionary from item to text.

    Raises
    ------
    ValueError : another mode.

    Examples
    --------
    >>> show_config(mode="dict")["versions"]["fastmul"] == fastmul.__version__
    True
    """
    if mode not in ("text", "dict"):
        raise ValueError(f'show_config(mode={mode!r}): mode is "text" or "dict"')
    sections = {
        "versions": _versions(),
        "machine code": _machine_code(),
        "BLAS": _blas(),
        "threads": _threads(),
        "kernel cache": _kernel_cache(),
        "costs": _costs(),
        "backends": _backends(),
    }
    if mode == "dict":
        return sections
    print(_table(sections))
    return None


def _table(sections: Mapping[str, Mapping[str, str]]) -> str:
    width = max(len(item) for rows in sections.values() for item in rows)
    blocks = []
    for section, rows in sections.items():
        blocks.append(
            "\n".join([section, *(f"  {item:<{width}}  {text}" for item, text in rows.items())])
        )
    return "\n\n".join(blocks)


def _versions() -> dict[str, str]:
    found = {
        "fastmul": fastmul.__version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()}, "
        f"{platform.system()} {platform.machine()})",
    }
    for name in DISTRIBUTIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _machine_code() -> dict[str, str]:
    from fastmul.runtime.target import target

    overrides = [f"{name}={os.environ[name]}" for name in ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_BOUNDSCHECK")
                 if os.environ.get(name)]  # fmt: skip
    return {
        "processor": cpu_name(),
        "compiled for": target().cpu,
        **target().twins(),
        **({"overridden by": " ".join(overrides)} if overrides else {}),
    }


def _blas() -> dict[str, str]:
    import numpy  # noqa: F401 - loads its BLAS, which threadpoolctl then sees
    from threadpoolctl import threadpool_info

    found = {}
    for library in threadpool_info():
        if library["user_api"] == "blas":
            kernels = f", {library['architecture']} kernels" if library.get("architecture") else ""
            found[library["internal_api"]] = (
                f"{library['version']}{kernels}, {library['num_threads']} threads, {library['filepath']}"
            )
    return found or {"unknown": "threadpoolctl recognises no BLAS in this process"}


def _threads() -> dict[str, str]:
    from fastmul.runtime.threads import available_cpus, threads_and_source

    try:
        count, source = threads_and_source()
        in_use = f"{count} (from {source})"
    except ValueError as error:  # a bad FASTMUL_NUM_THREADS is what this page helps to find
        in_use = f"none: {error}"
    return {"in use": in_use, "CPUs available": str(available_cpus())}


def _kernel_cache() -> dict[str, str]:
    from fastmul.runtime import cache

    folder, root = cache.folder(), cache.root()
    sizes = [path.stat().st_size for path in root.rglob("*.nb[ic]")] if root.is_dir() else []
    return {
        "folder": str(folder),
        "all versions": f"{format_bytes(sum(sizes))} in {len(sizes)} files",
        "writable": "yes" if _writable(folder) else "no: kernels are compiled anew in each process",
    }


def _writable(folder: Path) -> bool:
    """Whether `folder`, which may not exist yet, can be written into."""
    while not folder.exists():
        if folder.parent == folder or folder.is_symlink():
            return False
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _costs() -> dict[str, str]:
    from fastmul.planning import cost

    return {name: str(text) for name, text in cost.provenance().items()}


def _backends() -> dict[str, str]:
    from fastmul.kernels import backends

    return {
        name: state if state == "available" else f"absent: {state}"
        for name, state in backends.status().items()
    }
