"""The time of casts to few bits beside ml_dtypes' astype: one thread, 10^7 random normal float32.

    python benchmarks/casts.py [--publish]

Plain casts and back, against ml_dtypes' own; block formats along a row and down the columns, against ml_dtypes' cast to
the element alone, which computes no scales and packs nothing. Codes are checked first where both mean the same. Minimum
of interleaved runs. --publish writes the tables into docs/measured/casts.md.
"""

import sys
import time
from pathlib import Path

import ml_dtypes
import numpy as np

import fastmul
from fastmul.lowprecision import formats, quantize
from fastmul.runtime.target import cpu_name

PUBLISHED = Path(__file__).resolve().parent.parent / "docs/measured/casts.md"
SHAPE, RUNS = (2560, 3904), 5  # just below 10^7 elements
PLAIN = (
    "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float6_e2m3fn", "float6_e3m2fn", "float4_e2m1fn", "bfloat16",
    "float16",
)  # fmt: skip
BLOCKS = (
    "mxfp8_e4m3",
    "mxfp8_e5m2",
    "mxfp6_e2m3",
    "mxfp6_e3m2",
    "mxfp4_e2m1",
    "mxint8",
    "nvfp4",
    "bitnet_b158",
)


def main() -> None:
    fastmul.set_threads(1)
    x = np.random.default_rng(0).standard_normal(SHAPE, dtype=np.float32)
    lines = [
        f"{cpu_name()}, one thread, {x.size} elements; `python benchmarks/casts.py --publish`.",
        "",
    ]
    text = "\n".join([*lines, *plain(x), "", *blocks(x)]) + "\n"
    print(text)
    if "--publish" in sys.argv:
        PUBLISHED.write_text(text, encoding="utf-8")


def plain(x: np.ndarray) -> list[str]:
    lines = [
        "| format | quantize | ml_dtypes | ratio | dequantize | ml_dtypes | ratio |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name in PLAIN:
        dtype = formats.get(name).dtype
        theirs, ours = x.astype(dtype), quantize(x, name)
        assert np.array_equal(ours.unpacked(), theirs.view(ours.element.code_dtype))
        assert np.array_equal(ours.dequantize(), theirs.astype(np.float32))
        there, peer_there, back, peer_back = fastest(
            lambda name=name: quantize(x, name),
            lambda dtype=dtype: x.astype(dtype),
            ours.dequantize,
            lambda theirs=theirs: theirs.astype(np.float32),
        )
        lines.append(
            f"| {name} | {there:.1f} ms | {peer_there:.1f} ms | {peer_there / there:.1f} | {back:.1f} ms | "
            f"{peer_back:.1f} ms | {peer_back / back:.1f} |"
        )
    return lines


def blocks(x: np.ndarray) -> list[str]:
    lines = [
        "| format | along rows | down columns | ml_dtypes, elements only | ratios |",
        "|---|--:|--:|--:|--:|",
    ]
    for name in BLOCKS:
        dtype = formats.get(name).element.dtype or np.dtype(ml_dtypes.int4)
        assert np.array_equal(quantize(x, name, axis=0).codes, quantize(x.T, name, axis=1).codes.T)
        rows, columns, peer = fastest(
            lambda name=name: quantize(x, name, axis=1),
            lambda name=name: quantize(x, name, axis=0),
            lambda dtype=dtype: x.astype(dtype),
        )
        shown = f"{peer:.1f} ms | {peer / rows:.1f}, {peer / columns:.1f}"
        if formats.get(name).element.kind == "integer":
            shown = "– | –"
        lines.append(f"| {name} | {rows:.1f} ms | {columns:.1f} ms | {shown} |")
    return lines


def fastest(*functions) -> list[float]:
    """Milliseconds of each function, the minimum of interleaved runs."""
    best = [float("inf")] * len(functions)
    for _ in range(RUNS):
        for i, function in enumerate(functions):
            start = time.perf_counter()
            function()
            best[i] = min(best[i], time.perf_counter() - start)
    return [1e3 * seconds for seconds in best]


if __name__ == "__main__":
    main()
