"""Exact products of quantised operands beside sgemm, and emulated accumulators in multiply-adds a second: one thread.

    python benchmarks/quantised_products.py [--publish]

2048 x 2048 times 2048 x 2048, from quantised operands to float32, on normal data and with planted outliers: 1 % of the
contracted channels 50 to 100 times as large. Minimum of interleaved runs; entries of each product are first compared
with sums found without fastmul. --publish writes the tables into docs/measured/quantised-products.md.
"""

import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

import fastmul
from fastmul import lowprecision
from fastmul.comparison.low_precision.checks import is_right
from fastmul.lowprecision import accumulators, quantize
from fastmul.lowprecision.formats import BlockFormat, get
from fastmul.runtime import blas
from fastmul.runtime.target import cpu_name

PUBLISHED = Path(__file__).resolve().parent.parent / "docs/measured/quantised-products.md"
N, RUNS = 2048, 3
#: Format, and how many times as fast as sgemm it should be: on normal data, with outliers.
FORMATS = (
    ("int8", 2.7, 2.7), ("mxfp4_e2m1", 1 / 3, 1 / 6), ("nvfp4", 1 / 3, 1 / 6), ("mxfp8_e4m3", 1 / 3, 1 / 6),
    ("mxfp8_e5m2", None, None), ("mxfp6_e2m3", None, None), ("mxint8", None, None), ("float8_e4m3fn", None, None),
    ("bfloat16", None, None), ("float16", None, None),
)  # fmt: skip
OUTLIERS, SCALES = 0.01, (50, 100)
#: Of accumulators: (m, k, n).
SHAPE = (256, 4096, 256)


def operands(outliers: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(int(outliers))
    a, b = (rng.standard_normal((N, N), np.float32) for _ in range(2))
    if outliers:
        channels = rng.permutation(N)[: int(N * OUTLIERS)]
        a[:, channels] *= rng.uniform(*SCALES, len(channels)).astype(np.float32)
    return a, b


def products(outliers: bool) -> list[str]:
    a, b = operands(outliers)
    calls = {"sgemm": lambda: a @ b}
    rows = {}
    for name, *aims in FORMATS:
        scaling = "channel" if name == "int8" else None
        if not isinstance(get(name), BlockFormat) and scaling is None and name.startswith("float8"):
            scaling = "tensor"
        qa, qb = (
            quantize(a, name, axis=1, scaling=scaling),
            quantize(b, name, axis=0, scaling=scaling),
        )
        product = lowprecision.matmul(qa, qb)
        if not is_right(qa, qb.T, product):
            raise SystemExit(f"{name}: entries differ from the exact sums")
        calls[name] = partial(lowprecision.matmul, qa, qb)
        rows[name] = fastmul.explain(lowprecision.matmul, qa, qb).chosen, aims[outliers]
    least = dict.fromkeys(calls, float("inf"))
    for _ in range(RUNS):
        for name, call in calls.items():
            least[name] = min(least[name], timed(call))
    lines = []
    for name, (row, aim) in rows.items():
        ratio = least["sgemm"] / least[name]
        lines.append(
            f"| {name} | {'outliers' if outliers else 'normal'} | {row} | {1e3 * least['sgemm']:.0f} ms "
            f"| {1e3 * least[name]:.0f} ms | {ratio:.2f} | {'' if aim is None else f'{aim:.2f}'} |"
        )
    return lines


def rates() -> list[str]:
    m, k, n = SHAPE
    rng = np.random.default_rng(2)
    a, b = rng.standard_normal((m, k), np.float32), rng.standard_normal((k, n), np.float32)
    lines = []
    for name, row in accumulators.accumulators.items():
        fmt = next(f for f in row.formats if get(f).bits <= 16 or f == "tf32")
        qa, qb = quantize(a, fmt, axis=1), quantize(b, fmt, axis=0)
        call = partial(lowprecision.matmul, qa, qb, accumulate=row)
        call()
        seconds = min(timed(call) for _ in range(RUNS))
        lines.append(f"| {name} | {fmt} | {m * k * n / seconds / 1e9:.2f} |")
    return lines


def timed(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    fastmul.set_threads(1)
    with blas.limit(1):
        lines = [
            f"{cpu_name()}, one thread, {N} x {N} x {N}; `python benchmarks/quantised_products.py --publish`.", "",
            "| format | data | by | sgemm | fastmul | ratio | aim |", "|:--|:--|:--|--:|--:|--:|--:|",
            *products(False), *products(True), "",
            f"Emulated accumulators, {' x '.join(map(str, SHAPE))}, in 10^9 multiply-adds a second (aim: 0.5):", "",
            "| accumulator | operands | GMAC/s |", "|:--|:--|--:|", *rates(),
        ]  # fmt: skip
    text = "\n".join(lines) + "\n"
    print(text)
    if "--publish" in sys.argv:
        PUBLISHED.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
