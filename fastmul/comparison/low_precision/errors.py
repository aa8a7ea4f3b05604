"""Each recipe's errors apart, of encoding, of accumulation and of output rounding, on a sample of a layer."""

from __future__ import annotations

from dataclasses import dataclass

from fastmul.comparison.low_precision import layers
from fastmul.comparison.low_precision.recipes import RECIPES

TOKENS, OUTPUTS, INPUTS = 64, 128, 4096
#: What a layer's outputs are stored as.
OUT_FORMAT = "bfloat16"
#: Depths, and the accumulators that show what their width does there.
DEPTHS = tuple(1 << i for i in range(7, 15))
WIDTHS = (
    ("float8_e4m3fn", ("float32", "hopper_fp8", "hopper_fp8_promoted", "blackwell_fp8")),
    ("float16", ("float16", "ampere", "volta")),
    ("nvfp4", ("blackwell_fp4",)),
)
DEEP_TOKENS, DEEP_OUTPUTS = 16, 32


@dataclass
class Errors:
    """Relative errors of one recipe, in the Frobenius norm."""

    recipe: str
    outliers: bool
    encoding: float
    accumulation: float  # of the hardware's accumulator
    accumulator: str
    rounding: float  # of exact sums to OUT_FORMAT
    sqnr: float  # of encoding and output rounding together, in decibels


@dataclass
class Width:
    """The error that an accumulator of some width makes of exact products, at one depth."""

    format: str
    accumulator: str
    k: int
    error: float


def of_recipes() -> list[Errors]:
    """Every recipe, on activations with planted outlier channels and without."""
    from fastmul.lowprecision.reporting import error_report

    w = layers.weights(OUTPUTS, INPUTS).T
    found = []
    for outliers in (False, True):
        x = layers.activations(TOKENS, INPUTS, outliers)
        for recipe in RECIPES:
            exact, hardware = error_report(
                x, w, formats=[(recipe.activations, recipe.weights)], accumulators=("exact", recipe.hardware),
                scaling=recipe.scaling, out_format=OUT_FORMAT,
            )  # fmt: skip
            found.append(
                Errors(recipe.name, outliers, exact.quantization, hardware.accumulation,
                       hardware.accumulator, exact.rounding, exact.sqnr)
            )  # fmt: skip
    return found


def of_widths() -> list[Width]:
    """What the width of accumulators does as sums get longer: non-negative operands, whose sums grow."""
    import numpy as np

    from fastmul.lowprecision.reporting import error_report

    rng = np.random.default_rng(layers.SEED)
    a, b = rng.random((DEEP_TOKENS, DEPTHS[-1])), rng.random((DEPTHS[-1], DEEP_OUTPUTS))
    found = []
    for name, accumulators in WIDTHS:
        # sums of 16384 such products must not overflow float16
        scale = 0.25 if name == "float16" else 1.0
        report = error_report(
            a * scale, b * scale, formats=[name], accumulators=accumulators, ks=DEPTHS
        )
        found += [Width(r.format, r.accumulator, r.k, r.accumulation) for r in report]
    return found
