"""Results have the same bits on every machine, target and version: checksums that were taken once."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from fastmul import nn
from fastmul.lowprecision import Philox


def numbers(site: int, shape: tuple[int, ...]) -> np.ndarray:
    """Floats between -4 and 4, from coordinates."""
    words = Philox(2026, site).words(shape).view(np.int32)
    return words.astype(np.float32) * np.float32(2.0**-29)


X, GRAD, RESIDUAL = (numbers(site, (5, 2117)) for site in range(3))
WEIGHT, SHIFT = (numbers(site, (2117,)) for site in (3, 4))


def epilogue():
    rows = X.copy()
    norm = nn.LayerNorm(WEIGHT, SHIFT)
    nn.Epilogue(SHIFT, "gelu", norm, 0.1, RESIDUAL, rng=Philox(5), training=True)(rows)
    return [rows]


RESULTS = {
    "rms_norm": lambda: [nn.rms_norm(X, WEIGHT)],
    "layer_norm": lambda: [nn.layer_norm(X, WEIGHT, SHIFT)],
    "rms_norm_backward": lambda: nn.rms_norm_backward(GRAD, X, WEIGHT),
    "layer_norm_backward": lambda: nn.layer_norm_backward(GRAD, X, WEIGHT),
    "softmax_cross_entropy": lambda: nn.softmax_cross_entropy(X, [0, 7, 2116, 1000, 3]),
    "activations": lambda: [nn.gelu(X), nn.silu(X), nn.gelu_backward(GRAD, X), nn.silu_backward(GRAD, X)],
    "epilogue": epilogue,
}  # fmt: skip
CHECKSUMS = {
    "rms_norm": 0x0E0586AA,
    "layer_norm": 0x260AD7E3,
    "rms_norm_backward": 0x2B07F199,
    "layer_norm_backward": 0x8B1116FE,
    "softmax_cross_entropy": 0xCEB7B78F,
    "activations": 0x450B35FA,
    "epilogue": 0x6C8EEED3,
}


@pytest.mark.parametrize("name", RESULTS)
def test_bits(name):
    checksum = 0
    for array in RESULTS[name]():
        checksum = zlib.crc32(array.tobytes(), checksum)
    assert checksum == CHECKSUMS[name]
