"""Mixed precision: 16-bit operands, products accumulated in float32, and why the weights are kept in float32.

Each step multiplies bfloat16 copies of the operands; only the master copy of the weights, to which small steps are
added, is float32. Kept in bfloat16 themselves, weights stop as soon as a step is less than half of their last bit.
"""

import ml_dtypes
import numpy as np

from fastmul.lowprecision import matmul

SAMPLES, INPUTS, OUTPUTS = 256, 64, 8
STEPS, RATE = 150, 0.05

rng = np.random.default_rng(0)
truth = rng.standard_normal((INPUTS, OUTPUTS)).astype(np.float32)
x = rng.standard_normal((SAMPLES, INPUTS)).astype(ml_dtypes.bfloat16)
y = x.astype(np.float32) @ truth


def half(values):
    return values.astype(ml_dtypes.bfloat16)


def train(master_format, accumulate):
    """The mean squared error after a few steps of gradient descent on x w = y."""
    w = np.zeros((INPUTS, OUTPUTS), master_format)
    for _ in range(STEPS):
        error = matmul(x, half(w), accumulate=accumulate) - y  # float32
        gradient = matmul(x.T, half(error / SAMPLES), accumulate=accumulate)
        w = (w.astype(np.float32) - RATE * gradient).astype(master_format)
    return float(np.mean(error**2))


print("Least squares with bfloat16 products: mean squared error, from", f"{np.mean(y**2):.1f}")
for accumulate in ("float32", "exact"):
    kept, lost = (train(master, accumulate) for master in (np.float32, ml_dtypes.bfloat16))
    print(
        f"  accumulate={accumulate!r:10} float32 master weights {kept:.4f}, bfloat16 weights {lost:.4f}"
    )
    assert kept < lost
print("The accumulator hardly matters at this depth; the master weights do.")
