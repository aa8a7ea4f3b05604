"""How far attention in float32 can be from exact attention.

u = 2^-24. Relative errors compound: a product of factors (1 + e_i), each to the power 1 or -1, is 1 + e with
|e| <= s / (1 - s), s = sum |e_i| < 1 (Higham, Accuracy and Stability, lemma 3.1), which `_compound` says. A chain of n
fused multiply-adds from zero is off by a factor of at most _compound(n u) of the sum of absolute terms.

**The exponent.** A score is a chain of d multiply-adds: it is off by d u of sum |q||k|, and so off by d u X in units
of e^x once it is scaled, X being the row's largest |scale| sum |q||k| + |mask|. The factor that brings q to powers
of 2 is rounded, and so is the product (2 u X). An additive mask is multiplied by log2(e), itself rounded (2 u X), and
added (u X). The reference is subtracted with one rounding of a difference below 2 X (2 u X), and the weight's reference
may move, monotonously and by 2 X in all, each move rounded once (2 u X). All of it, with what is of second order, below
(d + 10) u X.

**The weight.** `softmax_weights.weight` is off by a factor of 1 +- WEIGHT_ERROR, tested on every float32 between two
integers (2^n scales exactly). A key's weight is a product of its own and of one for each later block of keys in which
the reference moved; so, with b = ceil(n_k / 64) blocks, it is off by
    h = exp((d + 10) u X) (1 + WEIGHT_ERROR)^(b + 1) - 1.
Weights below 2^-126 are anything up to that: n_k of them change out by less than 2^-125 sum |v|.

**The sums.** Numerator and denominator add the same weights: chains of 64 in a block, and one multiply-add a block,
off by g = (64 + b) u each. Their ratio is one division and one product: 2 u. Together
    |out - exact| <= _compound(2 h + 2 g + 2 u) sum_j P_j |v_j| + 2^-125 sum_j |v_j|.

**Backward.** Weights are made from the log-sum-exp: it is off by h + g (of the sum of weights, to which the logarithm
gives an absolute error), rounded to float32, divided by ln 2 and rounded again: 3 u (X + ln n_k) at most. So P is off
by
    p = 2 h + g + 3 u (X + ln n_k) + WEIGHT_ERROR.
With A = sum_c |grad_c| sum_j P_j |v_jc|, which bounds |D| and by which out's own error f counts, dP by d_v u, and
three more roundings, dS is off by e = p + f + (d_v + 4) u of B = P (sum |grad||v| + A). Sums over keys or queries are
chains of 64 and one addition a block.
"""

from __future__ import annotations

import math

#: Half a unit in the last place of 1.0 in float32.
U = 2.0**-24
#: Relative error of `kernels.softmax_weights.weight` where its result is normal.
WEIGHT_ERROR = 1.25 * U
#: Keys and queries of a block (kernels/cpu/nn/attention_blocks.py).
BLOCK = 64
#: Times sum |v|: what weights that underflow may hide.
UNDERFLOW = 2.0**-125


def _compound(*errors: float) -> float:
    total = sum(errors)
    return total / (1 - total) if total < 1 else math.inf


def _blocks(count: int) -> int:
    return -(-count // BLOCK)


def weight_error(depth: int, n_keys: int, largest: float) -> float:
    """h of the proof: the relative error of a weight of the forward pass.

    >>> weight_error(64, 4096, 10.0) < 6e-5
    True
    """
    exponent = (depth + 10) * U * largest
    if exponent > 1:
        return math.inf
    return math.expm1(exponent + (_blocks(n_keys) + 1) * WEIGHT_ERROR)


def forward_error(depth: int, n_keys: int, largest: float) -> float:
    """f: |out - exact| <= f sum_j P_j |v_j| + UNDERFLOW sum_j |v_j|; `largest` is X of the proof.

    >>> forward_error(64, 4096, 10.0) < 2e-4
    True
    """
    h = weight_error(depth, n_keys, largest)
    return _compound(2 * h, 2 * (BLOCK + _blocks(n_keys)) * U, 2 * U)


def backward_errors(
    depth: int, width: int, n_queries: int, n_keys: int, largest: float
) -> tuple[float, float, float]:
    """Factors of (|scale| B |k|, |scale| B^T |q|, W^T |grad|) that bound the errors of dq, dk and dv.

    `n_queries`: of all heads that share a head of keys; `largest`: X of the proof, over all rows.

    >>> max(backward_errors(64, 64, 4096, 4096, 10.0)) < 1e-3
    True
    """
    h, f = weight_error(depth, n_keys, largest), forward_error(depth, n_keys, largest)
    g = (BLOCK + _blocks(n_keys)) * U
    p = 2 * h + g + 3 * U * (largest + math.log(max(1, n_keys))) + WEIGHT_ERROR
    e = p + f + (width + 4) * U
    over_keys, over_queries = ((BLOCK + _blocks(n) + 2) * U for n in (n_keys, n_queries))
    return _compound(e, over_keys), _compound(e, over_queries), _compound(p, over_queries, 3 * U)
