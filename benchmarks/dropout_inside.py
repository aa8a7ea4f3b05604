"""Why dropout stands after a product and never inside its sum: both, measured.

    python benchmarks/dropout_inside.py [--publish]

    after     c = m (sum over l of a[l] b[l]) / (1 - p)        one mask bit for an entry
    inside    c = sum over l of m[l] a[l] b[l] / (1 - p)       k of them

Both have the right mean. Over many masks:

    noise     the standard deviation of an entry, over the root mean square of the exact entries
    dropped   the share of entries that are exactly 0

for terms a[l] b[l] of random signs, and for terms that agree (activations behind a ReLU, weights of one sign). By
theory the noise inside is sqrt(p / (1 - p)) sqrt(sum t^2) / |sum t|: as large as after where signs are random, but
never a dropped entry; smaller by sqrt(k) where terms agree: the wider the layer, the less is left of dropout. It takes
k times the random words, and every multiplication still has to be done.

--publish writes the table into docs/measured/dropout-inside.md.
"""

import sys
from pathlib import Path

import numpy as np

from fastmul import nn
from fastmul.lowprecision import Philox

PUBLISHED = Path(__file__).resolve().parent.parent / "docs/measured/dropout-inside.md"
SIZE, MASKS, P = 8, 400, 0.25
DEPTHS = (16, 256, 4096)


def main() -> None:
    rng = np.random.default_rng(0)
    lines = [
        f"{SIZE} x {SIZE} entries, p = {P}, {MASKS} masks; `python benchmarks/dropout_inside.py --publish`.",
        "",
        "| terms | k | noise after | inside | dropped after | inside | words an entry, after | inside |",
        "|:--|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name in ("random signs", "agreeing"):
        for k in DEPTHS:
            a = np.maximum(rng.standard_normal((SIZE, 1, k)), 0)
            b = rng.standard_normal((1, SIZE, k))
            terms = a * (np.abs(b) if name == "agreeing" else b)
            exact = terms.sum(axis=2)
            after = [nn.dropout(exact, P, rng=Philox(1, site=i)) for i in range(MASKS)]
            inside = [nn.dropout(terms, P, rng=Philox(2, site=i)).sum(axis=2) for i in range(MASKS)]
            shown = [f"{noise(entries, exact):.3f}" for entries in (after, inside)]
            shown += [f"{np.mean(np.equal(entries, 0)):.2f}" for entries in (after, inside)]
            lines.append(f"| {name} | {k} | {' | '.join(shown)} | 1 | {k} |")
    text = "\n".join(lines) + "\n"
    print(text)
    if "--publish" in sys.argv:
        PUBLISHED.write_text(text, encoding="utf-8")


def noise(entries, exact):
    """The standard deviation over the masks, over the root mean square of the exact entries."""
    spread = np.sqrt(np.mean((np.array(entries) - exact) ** 2))
    return spread / np.sqrt(np.mean(exact**2))


if __name__ == "__main__":
    main()
