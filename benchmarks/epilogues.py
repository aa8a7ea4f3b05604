"""Fused epilogues beside the same steps one by one, in fastmul, torch and NumPy: float32, one thread.

    python benchmarks/epilogues.py [--publish]

torch's column needs torch. Minimum of CPU times of interleaved runs; the fused pass works in place, on a copy made
outside of what is timed. --publish writes the table into docs/measured/epilogues.md.
"""

import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy.special import erf

import fastmul
from fastmul import nn
from fastmul.lowprecision import Philox
from fastmul.runtime.target import cpu_name

PUBLISHED = Path(__file__).resolve().parent.parent / "docs/measured/epilogues.md"
SHAPES, RUNS = ((1024, 4096), (8192, 4096)), 15
DROPOUT = 0.1


def steps(m: int, n: int):
    """{name: (epilogue, the same steps of fastmul, of torch, of NumPy)}"""
    rng = np.random.default_rng(m)
    x, residual = rng.standard_normal((2, m, n), np.float32)
    b, w, s = rng.standard_normal((3, n), np.float32)
    philox = Philox(1)

    def numpy_gelu(y):
        return y * np.float32(0.5) * (1 + erf(y * np.float32(0.5**0.5)))

    of_torch = dict.fromkeys(("gelu", "relu", "silu", "norm", "all"))
    if find_spec("torch"):
        import torch
        import torch.nn.functional as F

        torch.set_num_threads(1)
        tx, tr, tb, tw, ts = (torch.from_numpy(v) for v in (x, residual, b, w, s))
        of_torch = {
            "gelu": lambda: F.gelu(tx + tb) + tr,
            "relu": lambda: F.relu(tx + tb) + tr,
            "silu": lambda: F.rms_norm(F.silu(tx + tb), (n,), tw),
            "norm": lambda: F.layer_norm(tx + tb, (n,), tw, ts),
            "all": lambda: F.dropout(F.layer_norm(F.gelu(tx + tb), (n,), tw, ts), DROPOUT) + tr,
        }
    everything = nn.Epilogue(
        b, "gelu", nn.LayerNorm(w, s), DROPOUT, residual, rng=philox, training=True
    )
    return x, {
        "bias, gelu, residual": (
            nn.Epilogue(b, "gelu", residual=residual), lambda: nn.gelu(x + b) + residual,
            of_torch["gelu"], lambda: numpy_gelu(x + b) + residual,
        ),
        "bias, relu, residual": (
            nn.Epilogue(b, "relu", residual=residual), lambda: nn.relu(x + b) + residual,
            of_torch["relu"], lambda: np.maximum(x + b, 0) + residual,
        ),
        "bias, silu, rms": (
            nn.Epilogue(b, "silu", nn.RMSNorm(w)), lambda: nn.rms_norm(nn.silu(x + b), w), of_torch["silu"], None,
        ),
        "bias, layer norm": (
            nn.Epilogue(b, None, nn.LayerNorm(w, s)), lambda: nn.layer_norm(x + b, w, s), of_torch["norm"], None,
        ),
        "all five, with dropout": (
            everything,
            lambda: nn.dropout(nn.layer_norm(nn.gelu(x + b), w, s), DROPOUT, rng=philox) + residual,
            of_torch["all"], None,
        ),
    }  # fmt: skip


def lines(m: int, n: int) -> list[str]:
    x, cases = steps(m, n)
    rows = []
    for name, (epilogue, one_by_one, of_torch, of_numpy) in cases.items():
        work = x.copy()
        epilogue(work)
        if not np.array_equal(work, one_by_one()):
            raise SystemExit(f"{name}: the fused bits are not those of the steps")
        calls = [lambda e=epilogue, y=work: e(y), one_by_one, of_torch, of_numpy]
        least = [float("inf")] * 4
        for _ in range(RUNS):
            for i, call in enumerate(calls):
                if call is not None:
                    np.copyto(work, x)
                    start = time.process_time()
                    call()
                    least[i] = min(least[i], time.process_time() - start)
        ratios = [f"{t / least[0]:.2f}" if np.isfinite(t) else "" for t in least[1:]]
        rows.append(f"| {m} x {n} | {name} | {1e3 * least[0]:.2f} ms | {' | '.join(ratios)} |")
    return rows


def main() -> None:
    fastmul.set_threads(1)
    text = "\n".join([
        f"{cpu_name()}, one thread; `python benchmarks/epilogues.py --publish`. Ratios: time of the steps / fused.", "",
        "| rows | steps | fused | one by one | torch | NumPy |", "|:--|:--|--:|--:|--:|--:|",
        *(line for shape in SHAPES for line in lines(*shape)),
    ]) + "\n"  # fmt: skip
    print(text)
    if "--publish" in sys.argv:
        PUBLISHED.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
