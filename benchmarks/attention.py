"""Attention beside torch's scaled_dot_product_attention: float32, 8 heads, one thread, forward and backward.

    python benchmarks/attention.py [--publish]

Needs torch. Minimum of interleaved runs, after a look at how far the results lie apart. --publish writes the table into
docs/measured/attention.md.
"""

import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch

import fastmul
from fastmul import nn
from fastmul.comparison.machine import peak_gflops
from fastmul.runtime.target import cpu_name

PUBLISHED = Path(__file__).resolve().parent.parent / "docs/measured/attention.md"
HEADS = 8
#: (places, width of a head, whether backward too)
SIZES = (
    (512, 64, True),
    (1024, 64, True),
    (4096, 64, True),
    (1024, 128, False),
    (4096, 128, False),
)
AIM = 1.2  # forward, 4096 x 64, not causal
TOLERANCE = 1e-4


def calls(n: int, d: int, causal: bool, backward: bool):
    rng = np.random.default_rng(n + d)
    q, k, v, grad = (rng.standard_normal((1, HEADS, n, d), np.float32) for _ in range(4))
    tensors = [torch.from_numpy(x).requires_grad_(backward) for x in (q, k, v)]
    theirs = partial(torch.nn.functional.scaled_dot_product_attention, *tensors, is_causal=causal)
    if not backward:
        return theirs, partial(nn.attention, q, k, v, causal=causal)
    out, lse = nn.attention(q, k, v, causal=causal, return_lse=True)
    return (
        partial(torch.autograd.grad, theirs(), tensors, torch.from_numpy(grad), retain_graph=True),
        partial(nn.attention_backward, grad, q, k, v, out, lse, causal=causal),
    )


def line(n: int, d: int, causal: bool, backward: bool) -> str:
    theirs, ours = calls(n, d, causal, backward)
    expected, found = theirs(), ours()
    pairs = zip(expected, found, strict=True) if backward else [(expected, found)]
    for x, y in pairs:
        if np.abs(x.detach().numpy() - y).max() > TOLERANCE:
            raise SystemExit(f"{n} x {d}: the results differ")
    least = [float("inf")] * 2
    for _ in range(12 if n < 4096 else 4):
        for i, call in enumerate((theirs, ours)):
            start = time.perf_counter()
            call()
            least[i] = min(least[i], time.perf_counter() - start)
    work = (10 if backward else 4) * n * n * d * HEADS / (2 if causal else 1)
    share = "" if causal else f"{work / least[1] / 1e9 / (2 * peak_gflops()):.0%}"
    aim = AIM if (n, d, causal, backward) == (4096, 64, False, False) else None
    name = f"{'backward' if backward else 'forward'}{', causal' if causal else ''}"
    return (
        f"| {name} | {n} x {d} | {1e3 * least[0]:.1f} ms "
        f"| {1e3 * least[1]:.1f} ms | {least[0] / least[1]:.2f} | {'' if aim is None else aim} | {share} |"
    )


def main() -> None:
    fastmul.set_threads(1)
    torch.set_num_threads(1)
    lines = [
        f"{cpu_name()}, torch {torch.__version__}, {HEADS} heads; `python benchmarks/attention.py --publish`.", "",
        "| pass | places x width | torch | fastmul | ratio | aim | of the float32 peak |",
        "|:--|:--|--:|--:|--:|--:|--:|",
    ]  # fmt: skip
    for n, d, backward_too in SIZES:
        for backward in (False, True) if backward_too else (False,):
            lines += [line(n, d, causal, backward) for causal in (False, True)]
    text = "\n".join(lines) + "\n"
    print(text)
    if "--publish" in sys.argv:
        PUBLISHED.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
