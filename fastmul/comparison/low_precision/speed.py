"""Each recipe's product of a layer beside sgemm and bfloat16, end to end from quantised operands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from fastmul.comparison.low_precision import layers
from fastmul.comparison.low_precision.checks import is_right
from fastmul.comparison.low_precision.layers import Layer
from fastmul.comparison.low_precision.recipes import RECIPES
from fastmul.planning.explain import explain
from fastmul.runtime import blas
from fastmul.runtime import threads as fastmul_threads

SGEMM, TORCH = "float32 (sgemm)", "bfloat16 (torch)"
#: Rounds in which all take turns; a layer stops starting new ones after so long.
ROUNDS, LAYER_SECONDS = 3, 1.5


@dataclass
class Speed:
    """One way to multiply one layer."""

    layer: str
    weights: str  # their shape
    recipe: str
    home: str  # "fastmul", "float" or "peer"
    seconds: float
    weight_bytes: int
    bits_per_weight: float
    gops: float
    encode_seconds: float | None = None  # of the activations
    algorithm: str = ""  # the row that `auto` took
    is_right: bool | None = None  # of fastmul's: entries checked
    against_sgemm: float = 1.0  # its time / ours


@dataclass
class _Entry:
    speed: Speed
    call: Callable[[], Any]


def measure(layer: Layer, tokens: int, threads: int, tell: Callable[[str], None]) -> list[Speed]:
    """Every recipe on one layer, in turns; the fastest time of each."""
    w = layers.weights(layer.outputs, layer.inputs)
    x = layers.activations(tokens, layer.inputs)
    with blas.limit(threads), fastmul_threads.threads(threads):
        entries = list(_entries(layer, x, w, threads, tell))
        started = time.perf_counter()
        for _ in range(ROUNDS):
            for entry in entries:
                entry.speed.seconds = min(entry.speed.seconds, _timed(entry.call))
            if time.perf_counter() - started > LAYER_SECONDS:
                break
    found = [entry.speed for entry in entries]
    for speed in found:
        speed.gops = 2.0 * tokens * w.size / speed.seconds / 1e9
        speed.against_sgemm = found[0].seconds / speed.seconds
    return found


def _entries(
    layer: Layer, x: np.ndarray, w: np.ndarray, threads: int, tell: Callable[[str], None]
) -> Iterator[_Entry]:
    """sgemm first; each called once, so that what compiles is compiled, and its product checked."""

    def entry(name: str, home: str, weight_bytes: int, call: Callable[[], Any]) -> _Entry:
        speed = Speed(
            layer.name,
            layer.shape,
            name,
            home,
            float("inf"),
            weight_bytes,
            8 * weight_bytes / w.size,
            0.0,
        )
        return _Entry(speed, call)

    yield entry(SGEMM, "float", w.nbytes, lambda: x @ w.T)
    if find_spec("torch"):
        yield entry(TORCH, "peer", w.nbytes // 2, _torch(x, w, threads))
    from fastmul import lowprecision

    for recipe in RECIPES:
        tell(f"{layer.name}: {recipe.name}")
        qx, qw = recipe.encode(x, w)
        found = entry(recipe.name, "fastmul", qw.nbytes, partial(lowprecision.matmul, qx, qw.T))
        found.speed.is_right = is_right(qx, qw, found.call())
        found.speed.encode_seconds = _timed(partial(recipe.encode_activations, x))
        found.speed.algorithm = explain(lowprecision.matmul, qx, qw.T).chosen or ""
        yield found


def _torch(x: np.ndarray, w: np.ndarray, threads: int) -> Callable[[], Any]:
    import torch

    torch.set_num_threads(threads)
    a, b = (torch.from_numpy(v).to(torch.bfloat16) for v in (x, w))
    return lambda: a @ b.T


def _timed(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
