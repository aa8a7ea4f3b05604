"""The time of dropout, elementwise and of blocks, beside NumPy's way: one thread, float32.

    python benchmarks/dropout.py [--publish]

Elementwise: ns an element of 4096 x 4096, against a NumPy generator's random floats, compared and multiplied; the words
alone are the time of `dropout_mask`. Blocks: products of n = 2048 with half of the blocks dropped, against the dense
product of NumPy's BLAS: forward, and both products of the backward pass against two dense ones. Minimum of interleaved
runs; results are checked first. --publish writes the tables into docs/measured/dropout.md.
"""

import sys
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from fastmul import nn
from fastmul.runtime.target import cpu_name

PUBLISHED = Path(__file__).resolve().parent.parent / "docs/measured/dropout.md"
ELEMENTS, P = (4096, 4096), 0.1
N, RUNS = 2048, 5


def main() -> None:
    with threadpool_limits(1):
        lines = [f"{cpu_name()}, one thread; `python benchmarks/dropout.py --publish`.", ""]
        lines += [*elementwise(), "", *blocks()]
    text = "\n".join(lines) + "\n"
    print(text)
    if "--publish" in sys.argv:
        PUBLISHED.write_text(text, encoding="utf-8")


def elementwise() -> list[str]:
    x = np.random.default_rng(0).standard_normal(ELEMENTS).astype(np.float32)
    generator = np.random.default_rng(1)
    mask = nn.dropout_mask(x.shape, P, rng=7)
    assert np.array_equal(nn.dropout(x, P, rng=7) != 0, mask & (x != 0))

    def with_numpy():
        kept = generator.random(x.shape, dtype=np.float32) >= P
        return x * kept * np.float32(1 / (1 - P))

    seconds = fastest(
        lambda: nn.dropout(x, P, rng=7, threads=1),
        lambda: nn.dropout_mask(x.shape, P, rng=7, threads=1),
        with_numpy,
    )
    ours, mask_alone, numpy = (1e9 * s / x.size for s in seconds)
    return [
        "| dropout | mask alone | NumPy | ratio |",
        "|--:|--:|--:|--:|",
        f"| {ours:.2f} ns | {mask_alone:.2f} ns | {numpy:.2f} ns | {numpy / ours:.1f} |",
    ]


def blocks() -> list[str]:
    rng = np.random.default_rng(0)
    a, b, grad = (rng.standard_normal((N, N)).astype(np.float32) for _ in range(3))
    lines = [
        "| block | kept | forward | against dense | backward | against dense |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for block in (64, 128):
        how = {"block": block, "rng": 3, "threads": 1}
        mask = nn.block_dropout_mask((N, N), 0.5, block=block, rng=3)
        zeroed = np.where(np.kron(mask, np.ones((block, block), bool)), 2 * a, np.float32(0))
        assert np.allclose(nn.dropout_matmul(a, b, 0.5, **how), zeroed @ b, rtol=1e-3, atol=1e-2)

        def forward(how=how):
            return nn.dropout_matmul(a, b, 0.5, **how)

        def backward(how=how):
            return nn.dropout_matmul_backward(grad, a, b, 0.5, **how)

        ours, dense, back, dense_back = fastest(
            forward, lambda: a @ b, backward, lambda: (grad @ b.T, a.T @ grad)
        )
        lines.append(
            f"| {block} | {mask.mean():.1%} | {1e3 * ours:.0f} ms | {dense / ours:.2f} | {1e3 * back:.0f} ms "
            f"| {dense_back / back:.2f} |"
        )
    return lines


def fastest(*contestants):
    """The least time of each over interleaved runs, after one that warms up."""
    times = [[] for _ in contestants]
    for run in range(RUNS + 1):
        for contestant, found in zip(contestants, times, strict=True):
            start = time.perf_counter()
            contestant()
            if run:
                found.append(time.perf_counter() - start)
    return [min(found) for found in times]


if __name__ == "__main__":
    main()
