"""How many gradients FP16 loses to underflow, with and without loss scaling.

    python benchmarks/lost_gradients.py [--publish]

A network of four layers of 128 ReLUs learns to classify, in float32. At several steps of its training the backward
pass is also done in FP16: activations, weights and every gradient are FP16, products are exact and rounded once, so
that nothing but the format decides. Beside it, the same in float64:

    lost          gradients of weights that are not 0 in float64 and 0 in FP16
    subnormal     those that are left, but with less than FP16's 11 bits
    error         |FP16 - float64| / |float64|, over all gradients of weights

--publish writes the table into docs/measured/lost-gradients.md.
"""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

from fastmul import lowprecision
from fastmul.nn import LossScaler

PUBLISHED = Path(__file__).resolve().parent.parent / "docs/measured/lost-gradients.md"
WIDTH, LAYERS, CLASSES, BATCH = 128, 4, 16, 256
RATE = 0.5
LOOKS = (0, 50, 400, 1600)
TRIES = 12
SMALLEST_NORMAL = 2.0**-14
SCALERS = {
    "none": LossScaler.fixed(1),
    "fixed": LossScaler.fixed(),
    "dynamic": LossScaler(growth_interval=1),  # grows at every clean step, to show where it ends
}


def main() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH, WIDTH)).astype(np.float32)
    label = np.argmax(x @ rng.standard_normal((WIDTH, CLASSES)).astype(np.float32), axis=1)
    sizes = [WIDTH] * LAYERS + [CLASSES]
    weights = [
        (rng.standard_normal(shape) * np.sqrt(2 / shape[0])).astype(np.float32)
        for shape in pairwise(sizes)
    ]
    lines = [
        f"A network of {LAYERS} layers, width {WIDTH}, batch {BATCH}; `python benchmarks/lost_gradients.py --publish`.",
        "",
        "| step | loss | scaling | scale | lost | subnormal | error |",
        "|--:|--:|:--|--:|--:|--:|--:|",
    ]
    for step in range(LOOKS[-1] + 1):
        activations, probabilities = forward(weights, x)
        error = difference(probabilities, label)
        if step in LOOKS:
            loss = -np.log(probabilities[np.arange(BATCH), label]).mean()
            exact = backward(weights, activations, error, np.matmul, np.float64)
            for name, scaler in SCALERS.items():
                found = row(weights, activations, error, exact, scaler)
                lines.append(f"| {step} | {loss:.1e} | {name} | {found} |")
        gradients = backward(weights, activations, error, np.matmul, np.float32)
        weights = [w - np.float32(RATE) * g for w, g in zip(weights, gradients, strict=True)]
    text = "\n".join(lines) + "\n"
    print(text)
    if "--publish" in sys.argv:
        PUBLISHED.write_text(text, encoding="utf-8")


def forward(weights, x):
    """The input of each layer, and the probabilities."""
    activations = [x]
    for w in weights[:-1]:
        activations.append(np.maximum(activations[-1] @ w, np.float32(0)))
    logits = activations[-1] @ weights[-1]
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return activations, powers / powers.sum(axis=1, keepdims=True)


def difference(probabilities, label):
    """The gradient of the mean cross-entropy by the logits."""
    grad = probabilities.copy()
    grad[np.arange(BATCH), label] -= 1
    return grad / np.float32(BATCH)


def backward(weights, activations, grad, product, dtype):
    """The gradients by the weights, everything in `dtype`."""
    grad, gradients = grad.astype(dtype), []
    for w, a in zip(reversed(weights), reversed(activations), strict=True):
        gradients.append(product(a.T.astype(dtype), grad))
        grad = product(grad, w.T.astype(dtype)) * (a > 0)
    return gradients[::-1]


def half_product(a, b):
    """Of FP16 matrices: exact, and rounded once to FP16."""
    return lowprecision.matmul(a, b, out_format="float16")


def row(weights, activations, error, exact, scaler):
    """scale, lost, subnormal and error at the last scale that did not overflow."""
    clean = None
    for _ in range(TRIES):  # a dynamic scaler looks for the largest one
        scaled = backward(weights, activations, scaler.scale(error), half_product, np.float16)
        unscaled = scaler.unscale(scaled)
        if unscaled.finite:
            clean = scaler.get_scale(), scaled, unscaled
        scaler.update()
    scale, *found = clean
    half, single, true = (np.concatenate([g.ravel() for g in gs]) for gs in (*found, exact))
    counted = true != 0
    lost = (single == 0) & counted
    subnormal = (np.abs(half.astype(np.float64)) < SMALLEST_NORMAL) & counted & ~lost
    distance = np.linalg.norm(single - true) / np.linalg.norm(true)
    shares = [
        f"{np.count_nonzero(some) / np.count_nonzero(counted):.2%}" for some in (lost, subnormal)
    ]
    return f"2^{int(np.log2(scale))} | {' | '.join(shares)} | {distance:.1e}"


if __name__ == "__main__":
    main()
