"""Recipes: which format the weights and which the activations of a layer are quantised to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Recipe:
    """How both operands are encoded; `scaling` as in `fastmul.lowprecision.quantize`."""

    name: str
    weights: str
    activations: str
    scaling: str | None = None  # of both, where the format has no blocks of its own
    #: The accumulator of the hardware that multiplies this format, and the one that its users wish for.
    hardware: str = "hopper"

    def encode(self, x: np.ndarray, w: np.ndarray) -> tuple[Any, Any]:
        """The activations (tokens, inputs) and the weights (outputs, inputs), quantised along their inputs."""
        return self.encode_activations(x), self._quantize(w, self.weights)

    def encode_activations(self, x: np.ndarray) -> Any:
        return self._quantize(x, self.activations)

    def _quantize(self, x: np.ndarray, name: str) -> Any:
        from fastmul.lowprecision import quantize
        from fastmul.lowprecision.formats import BlockFormat, get

        is_block = isinstance(get(name), BlockFormat)
        return quantize(x, name, axis=1, scaling=None if is_block else self.scaling)


RECIPES = (
    Recipe("float16", "float16", "float16"),
    Recipe("bfloat16", "bfloat16", "bfloat16"),
    Recipe("FP8 E4M3, tensor", "float8_e4m3fn", "float8_e4m3fn", "tensor"),
    Recipe("FP8 E4M3, token", "float8_e4m3fn", "float8_e4m3fn", "token"),
    Recipe("FP8 E5M2, tensor", "float8_e5m2", "float8_e5m2", "tensor"),
    Recipe("INT8, tensor", "int8", "int8", "tensor", "float32"),
    Recipe("INT8, token", "int8", "int8", "token", "float32"),
    Recipe("INT4, token", "int4", "int4", "token", "float32"),
    Recipe("MXFP8 E4M3", "mxfp8_e4m3", "mxfp8_e4m3", None, "blackwell"),
    Recipe("MXFP6 E2M3", "mxfp6_e2m3", "mxfp6_e2m3", None, "blackwell"),
    Recipe("MXINT8", "mxint8", "mxint8", None, "float32"),
    Recipe("MXFP4", "mxfp4_e2m1", "mxfp4_e2m1", None, "blackwell"),
    Recipe("NVFP4", "nvfp4", "nvfp4", None, "blackwell_fp4"),
    Recipe("ternary x INT8", "bitnet_b158", "int8", "token", "float32"),
)
