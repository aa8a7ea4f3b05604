"""A small transformer that learns to write like this project, its products in four number formats.

    python examples/character_transformer.py [STEPS] [PICTURE.png]

The same network, data and dropout masks, trained with float32 products, with FP8 (E4M3 forward, E5M2 gradients under
loss scaling), with MXFP4 (gradients rounded stochastically), and with ternary weights times int8 activations (gradients
straight through). Master weights, attention, norms and the optimizer stay in float32.
"""

import sys
import time
from pathlib import Path

import numpy as np

import fastmul
from fastmul import lowprecision, nn
from fastmul.lowprecision import Philox, quantize

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 300
PICTURE = sys.argv[2] if len(sys.argv) > 2 else None
WIDTH, HEADS, LAYERS, CONTEXT, BATCH = 64, 4, 2, 64, 16
DROPOUT, LEARNING_RATE, REPORTED = 0.1, 3e-3, 20

# ---------------------------------------------------------------- the products, format by format


class Float32:
    """x @ w as it is."""

    name = "float32"

    def forward(self, x, w):
        return fastmul.matmul(x, w)

    def backward(self, grad, x, w, rng):
        return fastmul.matmul(grad, w.T), fastmul.matmul(x.T, grad)


class Quantized:
    """Every operand in a low-precision format, every product exact between that and one rounding."""

    def __init__(self, name, fmt, of_grad=None, scaling=None, grad_rounding="ties_to_even"):
        self.name, self.fmt, self.scaling = name, fmt, scaling
        self.how = {
            "formats": (of_grad or fmt, fmt, fmt), "scaling": scaling, "grad_rounding": grad_rounding,
        }  # fmt: skip

    def forward(self, x, w):
        x = quantize(x, self.fmt, axis=1, scaling=self.scaling)
        return lowprecision.matmul(x, quantize(w, self.fmt, axis=0, scaling=self.scaling))

    def backward(self, grad, x, w, rng):
        return lowprecision.matmul_backward(grad, x, w, rng=rng, **self.how)


class Ternary(Float32):
    """BitNet b1.58: weights in {-1, 0, 1} times a scale, activations in int8; gradients as if both were not rounded."""

    name = "ternary weights"

    def forward(self, x, w):
        x = quantize(x, "int8", axis=1, scaling="token")
        return lowprecision.matmul(x, quantize(w, "bitnet_b158", axis=0))


FORMATS = (
    Float32(),
    Quantized("FP8", "float8_e4m3fn", of_grad="float8_e5m2"),
    Quantized("MXFP4", "mxfp4_e2m1", scaling="rceil", grad_rounding="stochastic"),
    Ternary(),
)

# ---------------------------------------------------------------- the network


class Transformer:
    """Characters in, logits of the next one out; `backward` follows `forward` step by step, from the end."""

    def __init__(self, n_characters, products):
        rng = np.random.default_rng(1)

        def weights(*shape):
            return (rng.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)

        self.products = products
        self.weights = {
            "characters": weights(n_characters, WIDTH),
            "places": weights(CONTEXT, WIDTH),
            "head": weights(WIDTH, n_characters),
        }
        for i in range(LAYERS):
            self.weights[f"qkv{i}"] = weights(WIDTH, 3 * WIDTH)
            self.weights[f"out{i}"] = weights(WIDTH, WIDTH)
            self.weights[f"up{i}"] = weights(WIDTH, 4 * WIDTH)
            self.weights[f"down{i}"] = weights(4 * WIDTH, WIDTH)

    def forward(self, text, rng, training=True):
        self.rng, self.training, self.text = rng, training, text
        self.kept = []  # what the way back needs, last in first out
        x = self.weights["characters"][text] + self.weights["places"][: text.shape[1]]
        x = x.reshape(-1, WIDTH)
        for i in range(LAYERS):
            x = x + self.dropped(self.attention(self.normalized(x), i, text.shape), 2 * i)
            hidden = self.linear(self.normalized(x), f"up{i}")
            self.kept.append(hidden)
            x = x + self.dropped(self.linear(nn.relu(hidden), f"down{i}"), 2 * i + 1)
        x = self.normalized(x)
        self.kept.append(x)
        return x @ self.weights["head"]

    def backward(self, grad):
        """The gradients by all weights, from the one by the logits."""
        self.gradients = {"head": self.kept.pop().T @ grad}
        x = self.normalized_back(grad @ self.weights["head"].T)
        for i in reversed(range(LAYERS)):
            branch = self.linear_back(self.dropped_back(x, 2 * i + 1), f"down{i}")
            branch = self.linear_back(nn.relu_backward(branch, self.kept.pop()), f"up{i}")
            x = x + self.normalized_back(branch)
            branch = self.attention_back(self.dropped_back(x, 2 * i), i)
            x = x + self.normalized_back(branch)
        x = x.reshape(*self.text.shape, WIDTH)
        characters = np.zeros_like(self.weights["characters"])
        np.add.at(characters, self.text, x)
        self.gradients |= {"characters": characters, "places": x.sum(0)}
        return self.gradients

    def linear(self, x, name):
        self.kept.append(x)
        return self.products.forward(x, self.weights[name])

    def linear_back(self, grad, name):
        rng = self.rng.at(1000 + len(self.kept))  # other random bits for every product
        grad, self.gradients[name] = self.products.backward(
            grad, self.kept.pop(), self.weights[name], rng
        )
        return grad

    def normalized(self, x):
        self.kept.append(x)
        return nn.rms_norm(x)

    def normalized_back(self, grad):
        return nn.rms_norm_backward(grad, self.kept.pop())[0]

    def dropped(self, x, site):
        return nn.dropout(x, DROPOUT, rng=self.rng.at(site), training=self.training)

    def dropped_back(self, grad, site):
        return nn.dropout_backward(grad, DROPOUT, rng=self.rng.at(site), training=self.training)

    def attention(self, x, i, shape):
        q, k, v = self.heads(self.linear(x, f"qkv{i}"), shape)
        out, lse = nn.attention(q, k, v, causal=True, return_lse=True)
        self.kept.append((q, k, v, out, lse))
        return self.linear(np.ascontiguousarray(out.swapaxes(1, 2)).reshape(-1, WIDTH), f"out{i}")

    def attention_back(self, grad, i):
        batch, length = self.text.shape
        grad = self.linear_back(grad, f"out{i}").reshape(batch, length, HEADS, -1).swapaxes(1, 2)
        by_qkv = nn.attention_backward(grad, *self.kept.pop(), causal=True)
        joined = np.stack(by_qkv).transpose(1, 3, 0, 2, 4)  # as `heads` took them apart
        return self.linear_back(np.ascontiguousarray(joined).reshape(-1, 3 * WIDTH), f"qkv{i}")

    @staticmethod
    def heads(x, shape):
        """(batch, heads, length, width of a head) each of q, k and v."""
        parts = x.reshape(*shape, 3, HEADS, WIDTH // HEADS).transpose(2, 0, 3, 1, 4)
        return np.ascontiguousarray(parts)


def cross_entropy(logits, targets):
    """The mean loss, and its gradient by the logits."""
    losses, grad = nn.softmax_cross_entropy(logits, targets)
    return float(losses.mean()), grad / np.float32(len(targets))


class Adam:
    """Adam on float32 master weights."""

    def __init__(self, weights):
        self.weights, self.count = weights, 0
        self.means = {name: [np.zeros_like(w), np.zeros_like(w)] for name, w in weights.items()}

    def step(self, gradients):
        self.count += 1
        for (name, w), grad in zip(self.weights.items(), gradients, strict=True):
            first, second = self.means[name]
            first += 0.1 * (grad - first)
            second += 0.05 * (grad * grad - second)
            rate = LEARNING_RATE * min(1, self.count / 20) / (1 - 0.9**self.count)
            w -= rate * first / (np.sqrt(second / (1 - 0.95**self.count)) + 1e-8)


# ---------------------------------------------------------------- training


def read_text():
    """This project's sources, as numbers of characters: most to learn from, and a tenth unseen."""
    root = Path(fastmul.__file__).parent
    text = "".join(page.read_text() for page in sorted(root.rglob("*.py")))
    characters = "".join(sorted(set(text)))
    codes = np.array([characters.index(c) for c in text])
    return characters, codes[: len(codes) * 9 // 10], codes[len(codes) * 9 // 10 :]


def batch(codes, step):
    rng = np.random.default_rng(step)
    starts = rng.integers(0, len(codes) - CONTEXT - 1, BATCH)
    rows = codes[starts[:, None] + np.arange(CONTEXT + 1)]
    return rows[:, :-1], rows[:, 1:].ravel()


def train(products, n_characters, codes):
    """The network and its losses; a step whose scaled gradients overflow is skipped."""
    network, scaler, losses = Transformer(n_characters, products), nn.LossScaler(), []
    adam = Adam(network.weights)
    for step in range(STEPS):
        text, targets = batch(codes, step)
        loss, grad = cross_entropy(network.forward(text, Philox(step)), targets)
        losses.append(loss)
        gradients = network.backward(scaler.scale(grad))
        scaler.step(adam.step, [gradients[name] for name in network.weights])
        scaler.update()
    return network, losses


def loss_without_dropout(network, codes):
    found = []
    for step in range(8):
        text, targets = batch(codes, step)
        found.append(cross_entropy(network.forward(text, Philox(0), training=False), targets)[0])
    return np.mean(found)


characters, codes, unseen = read_text()
print(
    f"{len(codes):,} characters, {len(characters)} different ones; {STEPS} steps of {BATCH * CONTEXT}"
)
curves = {}
for products in FORMATS:
    start = time.perf_counter()
    network, losses = train(products, len(characters), codes)
    curves[products.name] = losses
    end = np.mean(losses[-REPORTED:])
    seen = loss_without_dropout(network, unseen)
    print(f"{products.name:16} loss {losses[0]:.2f} -> {end:.2f} nats a character, {seen:.2f} on unseen text, "
          f"{time.perf_counter() - start:.0f} s")  # fmt: skip

if PICTURE:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    window = np.ones(REPORTED) / REPORTED
    for (name, losses), color in zip(
        curves.items(), ("#000000", "#0072B2", "#D55E00", "#009E73"), strict=True
    ):
        axes.plot(np.convolve(losses, window, "valid"), label=name, color=color)
    axes.set(xlabel="step", ylabel=f"loss, nats a character (mean of {REPORTED} steps)",
             title="A character transformer, its products in four formats")  # fmt: skip
    axes.legend()
    figure.savefig(PICTURE, dpi=130)
    print(f"drawn: {PICTURE}")
