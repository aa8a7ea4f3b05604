"""The error growth of float schemes, measured against correctly rounded products, beside the theory.

    python benchmarks/scheme_errors.py [--publish]

For every scheme and one to three levels of it, on n x n standard normal float64 entries, and on the same with the upper
half of A scaled by 1e-12:

    norm       max|C - fl(C)| / (u k max|A| max|B|), u = 2^-53: what the norm-wise bound of bounds/strassen.py is about;
    bound      that bound in the same unit (it does not cover changes of basis);
    entries    the largest relative error of an entry, over those that are not small themselves (no cancellation).

--publish writes the table into docs/measured/scheme-errors.md.
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np

import fastmul
from fastmul.bounds.strassen import max_norm_error
from fastmul.matrices import schemes
from fastmul.matrices.schemes.alternative_basis import karstadt_schwartz
from fastmul.matrices.schemes.products import IN_OTHER_BASES

PUBLISHED = Path(__file__).resolve().parent.parent / "docs/measured/scheme-errors.md"
NAMES = (
    "strassen", "winograd", "karstadt_schwartz", "laderman", "strassen_squared", "dumas_pernet_sedoglavic",
)  # fmt: skip
SIZE = 576  # divided by three levels of 2, by two of 3 and of 4
LEVELS = {2: 3, 3: 2, 4: 2}
SCALE = 1e-12
ROUNDOFF = 2.0**-53


def main() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((SIZE, SIZE)) for _ in range(2))
    scaled = a.copy()
    scaled[: SIZE // 2] *= SCALE
    pairs = [(x, fastmul.matmul(x, b, accuracy="correctly_rounded")) for x in (a, scaled)]
    lines = [
        f"float64, n = {SIZE}, standard normal; `python benchmarks/scheme_errors.py --publish`. norm and bound in",
        "units of u k max|A| max|B|; entries: the largest relative error of an entry that did not cancel.",
        "",
        "| scheme | levels | products | norm | bound | entries | entries, rows scaled by 1e-12 |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines.append(row("classical (BLAS)", 0, [], b, pairs, lambda a: a @ b))
    for name in NAMES:
        plain = karstadt_schwartz().plain() if name == "karstadt_schwartz" else schemes.named(name)
        for count in range(1, LEVELS[plain.shape[0]] + 1):
            levels = [plain] * count
            product = partial(schemes.multiply, b=b, scheme=name, levels=count)
            lines.append(row(name, count, levels, b, pairs, product))
    text = "\n".join(lines) + "\n"
    print(text)
    if "--publish" in sys.argv:
        PUBLISHED.write_text(text, encoding="utf-8")


def row(name, count, levels, b, pairs, product) -> str:
    """One line of the table."""
    share = 1.0
    for scheme in levels:
        m, k, n = scheme.shape
        share *= scheme.rank / (m * k * n)
    unit = ROUNDOFF * SIZE
    cells = []
    for x, exact in pairs:
        error = abs(product(a=x) - exact)
        if not cells:
            cells.append(f"{error.max() / (unit * abs(x).max() * abs(b).max()):.2g}")
            bound = max_norm_error(SIZE, levels, ROUNDOFF) / unit
            cells.append("" if name in IN_OTHER_BASES else f"{bound:.2g}")
        # a typical entry of row i is |x_i| |b_j| sqrt(k): the others cancelled
        typical = np.sqrt((x**2).sum(1))[:, None] * np.sqrt((b**2).sum(0)) / np.sqrt(SIZE)
        whole = abs(exact) >= typical / 2
        cells.append(f"{(error[whole] / abs(exact[whole])).max():.1e}")
    return f"| {name} | {count} | {share:.3f} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
