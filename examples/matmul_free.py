"""A matmul-free layer: ternary weights only add and subtract, and a gated recurrence stands in for attention.

The layer is BitNet b1.58's (arXiv:2402.17764), the recurrence MLGRU of "Scalable MatMul-free Language Modeling"
(arXiv:2406.02528):

    f = sigmoid(x Wf)   c = silu(x Wc)   g = sigmoid(x Wg)     ternary products, elementwise functions
    h[t] = f[t] h[t-1] + (1 - f[t]) c[t]                       the only step from token to token
    out  = (g h) Wo                                            a ternary product
"""

import sys
from time import perf_counter

import numpy as np

from fastmul import lowprecision, nn

width = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
tokens = 48
rng = np.random.default_rng(1)


class TernaryLinear:
    """RMSNorm, activations to 8 bits with a scale for each token, weights of -1, 0 and 1 with one scale."""

    def __init__(self, weight):
        self.weight = lowprecision.quantize(
            weight, "bitnet_b158"
        )  # (out, in), four weights to a byte

    def __call__(self, x):
        activations = lowprecision.quantize(nn.rms_norm(x), "int8", scaling="token")
        return lowprecision.matmul(activations, self.weight.T)


class MLGRU:
    def __init__(self, width):
        def layer():
            return TernaryLinear(rng.normal(size=(width, width)).astype(np.float32))

        self.forget, self.candidate, self.gate, self.out = layer(), layer(), layer(), layer()

    def __call__(self, x, h):
        """The outputs of some tokens that follow the state h, and the state after them."""
        f, g = nn.sigmoid(self.forget(x)), nn.sigmoid(self.gate(x))
        c = nn.silu(self.candidate(x))
        states = np.empty_like(x)
        for t in range(len(x)):
            h = states[t] = f[t] * h + (np.float32(1) - f[t]) * c[t]
        return self.out(g * states), h


# ---------------------------------------------------------------- no multiplication by a weight

layer = TernaryLinear(rng.normal(size=(width, width)).astype(np.float32))
x = rng.normal(size=(tokens, width)).astype(np.float32)
a = lowprecision.quantize(nn.rms_norm(x), "int8", scaling="token")
q = a.codes.astype(np.int64)
w, _, scale = layer.weight.integers()
sums = np.stack([q[:, row == 1].sum(1) - q[:, row == -1].sum(1) for row in w], axis=1)
by_adding = (sums * a.scales.astype(np.float64) * np.float64(scale)).astype(np.float32)
assert np.array_equal(layer(x), by_adding)
print(f"{width} x {width} weights: {layer.weight.nbytes:,} bytes instead of {4 * width * width:,}")
print("the layer equals sums and differences of 8-bit activations, bit for bit")

# ---------------------------------------------------------------- a sequence, and token by token

block = MLGRU(width)
start = np.zeros(width, np.float32)
block(x[:1], start)  # the first call compiles
began = perf_counter()
whole, _ = block(x, start)
seconds = perf_counter() - began

h, one_by_one = start, []
for token in x:
    out, h = block(token[None], h)
    one_by_one.append(out[0])
assert np.array_equal(whole, np.stack(one_by_one))
print(f"{tokens} tokens through MLGRU in {1000 * seconds:.1f} ms, {4 * width:,} bytes of state")
print("all tokens at once, or one at a time: the same, bit for bit")
