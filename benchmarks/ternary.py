"""The time of ternary weights times int8 activations beside float32 BLAS: one thread, weights from memory.

    python benchmarks/ternary.py [--publish]

A token or a few: `lowprecision.matmul`, end to end from quantised operands, over so many different weights that none is
in a cache when its turn comes; float32 by sgemv and sgemm over several, too. "of stream" is the share of the bytes per
second that summing an array of 256 MiB reads. Many tokens: n = 2048. Medians of interleaved runs, and the ratio of the
fastest runs; results are checked first. --publish writes the tables into docs/measured/ternary.md.
"""

import sys
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from fastmul import lowprecision
from fastmul.runtime.target import cpu_name

PUBLISHED = Path(__file__).resolve().parent.parent / "docs/measured/ternary.md"
SHAPES = ((4096, 4096), (11008, 4096), (4096, 11008))
TOKENS = (1, 2, 4, 8)
#: Bytes of all weights of a shape, many times a third-level cache.
ROTATED = 1 << 28
N, RUNS = 2048, 7


def main() -> None:
    with threadpool_limits(1):
        lines = [f"{cpu_name()}, one thread; `python benchmarks/ternary.py --publish`.", ""]
        lines += [
            "| weights | tokens | ternary | of stream | float32 BLAS | ratio | at best |",
            "|--:|--:|--:|--:|--:|--:|--:|",
        ]
        for shape in SHAPES:
            lines += few_tokens(*shape)
        lines += ["", *many_tokens()]
    text = "\n".join(lines) + "\n"
    print(text)
    if "--publish" in sys.argv:
        PUBLISHED.write_text(text, encoding="utf-8")


def weights(n: int, k: int, rng: np.random.Generator) -> lowprecision.Quantized:
    """Random codes 0, 1 and 2, four to a byte."""
    codes = np.array([a | b << 2 | c << 4 | d << 6 for a in range(3) for b in range(3) for c in range(3)
                      for d in range(3)], np.uint8)  # fmt: skip
    packed = codes[rng.integers(0, len(codes), (n, k // 4), np.uint8)]
    return lowprecision.Quantized(packed, np.float32(0.02), "bitnet_b158", 1).T


def few_tokens(n: int, k: int) -> list[str]:
    rng = np.random.default_rng(0)
    ternary = [weights(n, k, rng) for _ in range(ROTATED * 4 // (n * k))]
    floats = [rng.standard_normal((n, k), dtype=np.float32) for _ in range(2)]
    memory = np.ones(ROTATED // 8)
    rows = []
    for tokens in TOKENS:
        x = lowprecision.quantize(rng.standard_normal((tokens, k)), "int8", scaling="token")
        plain = x.dequantize()
        check(x, ternary[0])
        ours, theirs, stream = [], [], []
        for i in range(2 * len(ternary)):
            w, f = ternary[i % len(ternary)], floats[i // 8 % 2]
            ours.append(seconds(lambda x=x, w=w: lowprecision.matmul(x, w, threads=1)))
            if i % 8 == 0:
                theirs.append(seconds(lambda f=f, y=plain: f @ y[0] if len(y) == 1 else y @ f.T))
                stream.append(seconds(memory.sum))
        rate = n * k / 4 / np.median(ours) / (memory.nbytes / np.median(stream))
        rows.append(
            f"| {n} x {k} | {tokens} | {1e6 * np.median(ours):.0f} µs | {rate:.0%} | "
            f"{1e6 * np.median(theirs):.0f} µs | {np.median(theirs) / np.median(ours):.1f} | "
            f"{min(theirs) / min(ours):.1f} |"
        )
    return rows


def many_tokens() -> list[str]:
    rng = np.random.default_rng(1)
    w, x = weights(N, N, rng), lowprecision.quantize(rng.standard_normal((N, N)), "int8", scaling="token")  # fmt: skip
    a, b = x.dequantize(), w.dequantize()
    check(x, w)
    ours, theirs = [], []
    for _ in range(RUNS):
        ours.append(seconds(lambda: lowprecision.matmul(x, w, threads=1)))
        theirs.append(seconds(lambda: a @ b))
    return [
        "| n | ternary | sgemm | ratio | at best |",
        "|--:|--:|--:|--:|--:|",
        f"| {N} | {1e3 * np.median(ours):.1f} ms | {1e3 * np.median(theirs):.1f} ms | "
        f"{np.median(theirs) / np.median(ours):.2f} | {min(theirs) / min(ours):.2f} |",
    ]


def check(x: lowprecision.Quantized, w: lowprecision.Quantized) -> None:
    """The ternary row against float64 products of the same integers, which are exact."""
    got = lowprecision.matmul(x, w, algorithm="ternary", threads=1)
    assert np.array_equal(got, lowprecision.matmul(x, w, algorithm="float64", threads=1))


def seconds(function) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
