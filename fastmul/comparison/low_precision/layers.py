"""The layers of a model of 7 billion parameters, and data of the kind that they see.

Weights are normal with the usual small variance. Activations are normal, but for a few outlier channels, which carry
values tens of times as large for every token: what is known of trained transformers, and what breaks formats with
one scale for many values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

SEED = 7
TOKENS = 128
WEIGHT_DEVIATION = 0.02
#: One channel in so many is an outlier, so many times as large.
OUTLIER_EVERY, OUTLIER_SCALES = 100, (20.0, 60.0)


@dataclass(frozen=True)
class Layer:
    """(tokens, inputs) activations times weights stored (outputs, inputs)."""

    name: str
    outputs: int
    inputs: int

    @property
    def shape(self) -> str:
        return f"{self.outputs} x {self.inputs}"


#: Shapes as in the 7B models of 2023; feed-forward layers in both directions; the vocabulary's is the largest.
LAYERS = (
    Layer("attention", 4096, 4096),
    Layer("feed-forward up", 11008, 4096),
    Layer("feed-forward down", 4096, 11008),
    Layer("vocabulary", 32000, 4096),
)


def named(names: Iterable[str] | None) -> list[Layer]:
    """The layers of these names; all if None."""
    if names is None:
        return list(LAYERS)
    names = list(names)
    known = {layer.name: layer for layer in LAYERS}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"compare knows the layers {', '.join(known)}, not {', '.join(unknown)}")
    return [known[name] for name in names]


def weights(outputs: int, inputs: int) -> np.ndarray:
    """(outputs, inputs) float32."""
    rng = np.random.default_rng((SEED, outputs, inputs))
    return rng.standard_normal((outputs, inputs), np.float32) * np.float32(WEIGHT_DEVIATION)


def activations(tokens: int, inputs: int, outliers: bool = True) -> np.ndarray:
    """(tokens, inputs) float32, with planted outlier channels."""
    rng = np.random.default_rng((SEED, tokens, inputs))
    x = rng.standard_normal((tokens, inputs), np.float32)
    channels = rng.permutation(inputs)[: inputs // OUTLIER_EVERY]
    scales = rng.uniform(*OUTLIER_SCALES, len(channels)).astype(np.float32)
    if outliers:
        x[:, channels] *= scales
    return x
