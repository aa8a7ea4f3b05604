"""Training through quantised products: fastmul's forward and backward pass as a torch.autograd.Function.

Both gradients are products of operands that are quantised once more along the axis that they contract, the incoming
gradient with stochastic rounding, whose random bits are a function of seed, step and place.
"""

import sys
from importlib.util import find_spec

import numpy as np

from fastmul import lowprecision
from fastmul.lowprecision import Philox

print("The backward pass of a quantised product, as a torch.autograd.Function")
if find_spec("torch") is None:
    print("torch is not installed here: `pip install torch`, and run this again")
    sys.exit()

import torch  # noqa: E402  (only where it is)

STEPS = 60


class QuantizedMatmul(torch.autograd.Function):
    """x @ w in a low-precision format; forward and backward products are exact, and rounded once."""

    @staticmethod
    def forward(ctx, x, w, fmt, rng):
        ctx.save_for_backward(x, w)
        ctx.fmt, ctx.rng = fmt, rng
        return torch.from_numpy(
            lowprecision.matmul(x.detach().numpy(), w.detach().numpy(), formats=fmt)
        )

    @staticmethod
    def backward(ctx, grad):
        x, w = (saved.detach().numpy() for saved in ctx.saved_tensors)
        by_x, by_w = lowprecision.matmul_backward(
            grad.contiguous().numpy(),
            x,
            w,
            formats=ctx.fmt,
            grad_rounding="stochastic",
            rng=ctx.rng,
        )
        return torch.from_numpy(by_x), torch.from_numpy(by_w), None, None


def train(fmt):
    """The losses of a small network that learns a function of 32 numbers."""
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.standard_normal((128, 32), np.float32))
    y = torch.from_numpy(np.tanh(x.numpy() @ rng.standard_normal((32, 32), np.float32) / 4))
    weights = [
        torch.from_numpy(rng.standard_normal(shape, np.float32) / 8).requires_grad_()
        for shape in ((32, 64), (64, 32))
    ]
    optimizer = torch.optim.Adam(weights, lr=0.02)
    losses = []
    for step in range(STEPS):
        hidden = x
        for layer, w in enumerate(weights):
            if fmt is None:
                hidden = hidden @ w
            else:
                hidden = QuantizedMatmul.apply(hidden, w, fmt, Philox(1, site=2 * step + layer))
            hidden = torch.tanh(hidden)
        loss = ((hidden - y) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


for fmt in (None, "mxfp8_e4m3", "mxfp4_e2m1"):
    losses = train(fmt)
    print(f"{fmt or 'float32':12} loss {losses[0]:.3f} -> {losses[-1]:.4f} in {STEPS} steps")
    assert losses[-1] < losses[0] / 4
