"""What skipping work saves: sparse matrices, blocks, samples and lookups beside the products that skip nothing.

    python benchmarks/skipping.py [--publish]

One thread, minimum of interleaved runs; exact results are checked first. scipy.sparse: rows of a few entries against
scipy's own product. Blocks: n = 2048 against the dense packed product of the same dtype. Samples and lookups: errors in
the Frobenius norm relative to the product, lookups on rows held back, against sgemm. --publish writes the tables into
docs/measured/skipping.md.
"""

import sys
import time
from pathlib import Path

import numpy as np
import scipy.sparse
from threadpoolctl import threadpool_limits

import fastmul
from fastmul import matrices
from fastmul.runtime.target import cpu_name

PUBLISHED = Path(__file__).resolve().parent.parent / "docs/measured/skipping.md"
N, RUNS = 2048, 4
#: Of the lookups: columns, outputs, rows of the examples and of what is multiplied.
K, OUTPUTS, ROWS = 512, 512, 4096


def main() -> None:
    with threadpool_limits(1):
        lines = [f"{cpu_name()}, one thread; `python benchmarks/skipping.py --publish`.", ""]
        for table in (compressed, blocks, samples, lookups):
            lines += [*table(), ""]
    text = "\n".join(lines[:-1]) + "\n"
    print(text)
    if "--publish" in sys.argv:
        PUBLISHED.write_text(text, encoding="utf-8")


def compressed() -> list[str]:
    rng = np.random.default_rng(0)
    rows = ["| stored | dtype | times | fastmul | scipy | ratio |", "|--:|--|--:|--:|--:|--:|"]
    for dtype in ("int32", "int64", "float64"):
        s = scipy.sparse.random_array((N, N), density=0.01, format="csr", rng=rng)
        s.data = rng.integers(-99, 99, s.nnz)
        s = s.astype(dtype)
        for width in (1, 64, 512, None):
            other = s if width is None else rng.integers(-99, 99, (N, width)).astype(dtype)
            difference = fastmul.matmul(s, other) != s @ other
            assert not (difference.nnz if width is None else difference.any())
            ours, theirs = fastest(
                lambda s=s, x=other: fastmul.matmul(s, x, threads=1), lambda s=s, x=other: s @ x
            )
            what = "itself" if width is None else f"{N} x {width}"
            rows.append(
                f"| 1% | {dtype} | {what} | {1e3 * ours:.2f} ms | {1e3 * theirs:.2f} ms | {theirs / ours:.2f} |"
            )
    return rows


def blocks() -> list[str]:
    rng = np.random.default_rng(1)
    rows = [
        "| dtype | block | stored | BlockSparse | dense | part of dense |",
        "|--|--:|--:|--:|--:|--:|",
    ]
    for dtype in ("float32", "int64"):
        a, b = (rng.integers(-9, 9, (N, N)).astype(dtype) for _ in range(2))
        for side, density in ((64, 0.5), (128, 0.5), (128, 0.25), (128, 0.1)):
            mask = np.kron(rng.random((N // side, N // side)) < density, np.ones((side, side)))
            masked = a * mask.astype(dtype)
            s = matrices.BlockSparse.from_dense(masked, (side, side))
            dense = fastmul.matmul(masked, b, algorithm="packed", threads=1)
            assert np.array_equal(s @ b, dense)  # small integers: exact in float32, too
            ours, theirs = fastest(
                lambda s=s, b=b: fastmul.matmul(s, b, threads=1),
                lambda a=a, b=b: fastmul.matmul(a, b, algorithm="packed", threads=1),
            )
            rows.append(
                f"| {dtype} | {side} | {s.density:.0%} | {1e3 * ours:.0f} ms | {1e3 * theirs:.0f} ms | "
                f"{ours / theirs:.0%} |"
            )
    return rows


def samples() -> list[str]:
    rng = np.random.default_rng(2)
    k = 4 * N
    scales = np.exp(rng.normal(0, 1, k))
    a, b = rng.standard_normal((N // 2, k)) * scales, rng.standard_normal((k, N // 2))
    true = a @ b
    size = np.linalg.norm(true)
    rows = [
        "| k | draws | error | sharp bound | bound | time | of the product's |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for c in (128, 1024, 4096):
        made = [matrices.sampled_matmul(a, b, c, rng=seed) for seed in range(3)]
        error = np.mean([np.linalg.norm(x.product - true) for x in made]) / size
        ours, theirs = fastest(lambda c=c: matrices.sampled_matmul(a, b, c, rng=0), lambda: a @ b)
        rows.append(
            f"| {k} | {c} | {error:.2f} | {made[0].sharp_bound / size:.2f} | {made[0].bound / size:.2f} | "
            f"{1e3 * ours:.1f} ms | {ours / theirs:.0%} |"
        )
    return rows


def lookups() -> list[str]:
    rng = np.random.default_rng(3)
    b = rng.standard_normal((K, OUTPUTS)).astype(np.float32)
    centres = rng.standard_normal((20, K))
    kinds = {
        "white noise": lambda: rng.standard_normal((ROWS, K)),
        "random walks": lambda: np.cumsum(rng.standard_normal((ROWS, K)), axis=1),
        "20 clusters": lambda: (
            centres[rng.integers(0, 20, ROWS)] + 0.3 * rng.standard_normal((ROWS, K))
        ),
    }
    rows = [
        "| rows | codebooks | error | LookupProduct | encoding | sgemm | ratio | bytes of b |",
        "|--|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, draw in kinds.items():
        examples, a = draw(), draw().astype(np.float32)
        for codebooks in (16, 64):
            product = matrices.LookupProduct.fit(examples, b, codebooks=codebooks)
            error = product.relative_error(a, b)
            ours, encoding, theirs = fastest(
                lambda p=product, a=a: p.matmul(a, threads=1),
                lambda p=product, a=a: p.encode(a, threads=1),
                lambda a=a: a @ b,
            )
            rows.append(
                f"| {name} | {codebooks} | {error:.2f} | {1e3 * ours:.1f} ms | {1e3 * encoding:.1f} ms | "
                f"{1e3 * theirs:.1f} ms | {theirs / ours:.1f} | {product.nbytes / b.nbytes:.0%} |"
            )
    return rows


def fastest(*functions) -> list[float]:
    """The least seconds of each, run in turns."""
    best = [float("inf")] * len(functions)
    for function in functions:
        function()
    for _ in range(RUNS):
        for i, function in enumerate(functions):
            start = time.perf_counter()
            function()
            best[i] = min(best[i], time.perf_counter() - start)
    return best


if __name__ == "__main__":
    main()
