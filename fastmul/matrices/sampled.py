"""Sampled products: A B from c of its k columns times rows, unbiased, with the bound of Drineas, Kannan and Mahoney."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmul.runtime import arrays
from fastmul.runtime.philox import Philox

#: Of magnitudes from two to its negative up to two to it, products of two sums of squares stay in float64's range.
SAFE_EXPONENT = 200


@dataclass(frozen=True, slots=True)
class SampledProduct:
    """What `sampled_matmul` returns.

    product : (m, n) float64 array, the estimate of A B.
    bound : ||A||_F ||B||_F / sqrt(c), which the expected error in the Frobenius norm does not exceed.
    sharp_bound : sum_t |a_t| |b_t| / sqrt(c), nor this, which is at most as large (Cauchy, Schwarz).
    indices : (c,) int64, which columns of A and rows of B were drawn, in the order of the draws.
    probabilities : (k,) float64, with which.
    """

    product: np.ndarray
    bound: float
    sharp_bound: float
    indices: np.ndarray
    probabilities: np.ndarray


def sampled_matmul(a: Any, b: Any, c: int, *, rng: Any) -> SampledProduct:
    """An estimate of a @ b from c columns of a and the rows of b that they meet, drawn with replacement.

    C R = sum over the c draws t of a[:, t] b[t, :] / (c p[t]), where p[t] is proportional to |a[:, t]| |b[t, :]|: the
    probabilities that make the expected squared error least.

    Parameters
    ----------
    a, b : (m, k) and (k, n) arrays, real.
    c : int
        Draws. The error shrinks with their root; a draw costs m n multiplications.
    rng : int, numpy.random.Generator or Philox
        Where the draws come from; the same seed makes the same product.

    Returns
    -------
    SampledProduct

    Raises
    ------
    ValueError : shapes that do not multiply, c below 1, or an operand with NaN or infinities.
    TypeError : complex operands, or an rng that is none.

    Error
    -----
    E[C R] = A B, and E ||A B - C R||_F <= ||A||_F ||B||_F / sqrt(c) (`bound`), rounding apart: the expected squared
    error is ((sum_t |a_t| |b_t|)^2 - ||A B||_F^2) / c exactly. So, by Markov's inequality for its square, the error
    exceeds ten times the bound with probability at most 1/100. Nothing is said of a single entry.

    Complexity
    ----------
    O(m k + k n) for the norms, O(c (m + n)) for the draws, and one (m, c) by (c, n) product.

    Source
    ------
    Drineas, Kannan, Mahoney, SIAM J. Comput. 36:1 (2006) 132-157.

    Examples
    --------
    >>> a, b = np.ones((2, 100)), np.ones((100, 3))
    >>> made = sampled_matmul(a, b, 10, rng=1)
    >>> np.allclose(made.product, 100)  # all draws are alike
    True
    >>> round(made.bound, 3)
    77.46
    """
    a, b = _real("a", a), _real("b", b)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        raise ValueError(
            f"sampled_matmul of shapes {a.shape} and {b.shape}: it takes (m, k) by (k, n)"
        )
    if not isinstance(c, int | np.integer) or c < 1:
        raise ValueError(f"sampled_matmul(c={c!r}): draws are counted, at least 1")
    (a, a_exponent), (b, b_exponent) = _scaled("a", a), _scaled("b", b)
    squares_a, squares_b = np.einsum("ij,ij->j", a, a), np.einsum("ij,ij->i", b, b)
    weights = np.sqrt(squares_a * squares_b)
    total, root = float(weights.sum()), math.sqrt(c)
    exponent = a_exponent + b_exponent
    norms = math.sqrt(squares_a.sum() * squares_b.sum())
    bounds = float(np.ldexp(norms / root, exponent)), float(np.ldexp(total / root, exponent))
    if total == 0:  # every column of A or the row of B that it meets is zero
        nothing = np.zeros((a.shape[0], b.shape[1]))
        return SampledProduct(nothing, *bounds, np.empty(0, np.int64), np.zeros(len(weights)))
    probabilities = weights / total
    indices = _drawn(probabilities, int(c), rng)
    scales = total / (c * weights[indices])
    product = np.ldexp((a[:, indices] * scales) @ b[indices], exponent)
    return SampledProduct(product, *bounds, indices, probabilities)


def _real(name: str, x: Any) -> np.ndarray:
    (x,) = arrays.as_operands("sampled_matmul", x)
    if x.dtype.kind not in "biuf":
        raise TypeError(f"sampled_matmul multiplies real numbers; {name} has dtype {x.dtype}")
    return x.astype(np.float64, copy=False)


def _scaled(name: str, x: np.ndarray) -> tuple[np.ndarray, int]:
    """x / 2^e and e, so that squares of it neither overflow nor vanish beside its largest."""
    largest = np.abs(x).max(initial=0.0)  # NaN, if there is one
    if not np.isfinite(largest):
        raise ValueError(f"sampled_matmul: {name} has NaN or infinities, which no probability fits")
    exponent = int(np.frexp(largest)[1])
    if abs(exponent) < SAFE_EXPONENT:
        return x, 0
    return np.ldexp(x, -exponent), exponent


def _drawn(probabilities: np.ndarray, c: int, rng: Any) -> np.ndarray:
    """c indices, independent, by inverting the distribution: index t where F(t - 1) <= u < F(t)."""
    ends = np.cumsum(probabilities)
    uniform = _uniform(c, rng) * ends[-1]
    # a product that rounds up to the end belongs to the last index that has a probability at all
    last = int(np.nonzero(probabilities)[0][-1])
    return np.minimum(np.searchsorted(ends, uniform, side="right"), last)


def _uniform(c: int, rng: Any) -> np.ndarray:
    """c float64s in [0, 1), of 53 random bits each."""
    high, low = Philox.of(rng).words((2, c)).astype(np.uint64)
    bits = (high << np.uint64(21)) ^ (low >> np.uint64(11))
    return bits.astype(np.float64) * 2.0**-53
