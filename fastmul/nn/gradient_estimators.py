"""What stands for the derivative of a rounding, which is zero almost everywhere: gradients that train through it.

    straight through    the rounding counts as the identity: its derivative is 1, and 0 where it saturates
    differentiable      inside a cell [lo, lo + delta] of the grid, the rounding counts as the smooth step
                        f(x) = lo + delta / 2 (1 + sign(t) |t|^(1/k)),  t = 2 (x - lo) / delta - 1,
                        whose derivative is f'(x) = |t|^(1/k - 1) / k, cut off at 3 where the step is steep

        f  lo + delta |         __--         f'   3 |      __
                      |      .-'                    |     |  |          k = 5: 1/5 at the grid's points, infinite in
                      |     |                       |     /  \\          the middle between them; the cut at 3
                      |     |                       |    /    \\         concerns 3.4 % of the cell
                      |  __-'                   1/5 |__--      --__
                   lo +--------------               +--------------
                      lo         lo + delta         lo        lo + delta

The recipe for FP4 that the second one comes from (arXiv 2501.17116) also cuts off the outliers of activations before
they are quantised, and adds the product of what it has cut off, a sparse matrix, in high precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmul.lowprecision import formats
from fastmul.lowprecision.formats import BlockFormat, Format

#: The paper's exponent, its cut, and the quantile beyond which elements count as outliers.
EXPONENT, LIMIT, QUANTILE = 5.0, 3.0, 0.99


def straight_through(grad: Any, x: Any, fmt: Any, *, scale: Any = 1.0) -> np.ndarray:
    """The gradient by x, from that by x rounded to a format, as if rounding were the identity.

    grad where |x / scale| is within the format's range, 0 where it saturates.

    Parameters
    ----------
    grad, x : arrays of one shape
    fmt : str, Format or BlockFormat
    scale : float or array, optional
        What the code is multiplied by; broadcast against x. It counts as a constant.

    Returns
    -------
    Array of grad's dtype.

    Raises
    ------
    ValueError : an unknown format.

    Complexity
    ----------
    O(size).

    Source
    ------
    Bengio, Léonard, Courville, arXiv 1308.3432 (2013).

    Examples
    --------
    >>> straight_through(np.ones(4), [-7.0, -6.0, 0.3, 9.0], "float4_e2m1fn")
    array([0., 1., 1., 0.])
    """
    grad, y, element = _in_units_of_codes(grad, x, fmt, scale)
    return np.where((y >= element.min) & (y <= element.max), grad, grad.dtype.type(0))


def differentiable_gradient(
    grad: Any, x: Any, fmt: Any, *, scale: Any = 1.0, k: float = EXPONENT, limit: float = LIMIT
) -> np.ndarray:
    """The gradient by x, from that by x rounded to a format, as if rounding were steep but smooth.

    grad * min(|2 (y - lo) / delta - 1|^(1/k - 1) / k, limit), y = x / scale in the cell [lo, lo + delta] between
    neighbours of the format's grid; 0 where y is beyond the range.

    Parameters
    ----------
    grad, x : arrays of one shape
    fmt : str, Format or BlockFormat
    scale : float or array, optional
        What the code is multiplied by; broadcast against x. It counts as a constant.
    k : float, at least 1
        How steep; 1 is straight through.
    limit : float
        The largest derivative.

    Returns
    -------
    Array of grad's dtype.

    Raises
    ------
    ValueError : an unknown format, or k below 1.

    Error
    -----
    The derivative is computed in float64, within a few units of its last place, and rounded to grad's dtype.

    Complexity
    ----------
    O(size).

    Source
    ------
    Wang et al., "Optimizing large language model training using FP4 quantization", arXiv 2501.17116 (2025).

    Examples
    --------
    >>> differentiable_gradient(np.ones(4), [0.5, 0.25, 0.4375, 7.0], "float4_e2m1fn").round(6)
    array([0.2     , 3.      , 0.251757, 0.      ])
    """
    if not k >= 1:
        raise ValueError(f"differentiable_gradient(k={k}): must be at least 1")
    grad, y, element = _in_units_of_codes(grad, x, fmt, scale)
    inside = (y >= element.min) & (y <= element.max)
    lo, delta = cell(np.where(inside, y, 0.0), element)
    t = np.abs(2 * (np.where(inside, y, 0.0) - lo) / delta - 1)
    with np.errstate(divide="ignore"):
        slope = np.minimum(t ** (1 / k - 1) / k, limit)
    return grad * np.where(inside, slope, 0.0).astype(grad.dtype)


def cell(y: np.ndarray, fmt: Format) -> tuple[np.ndarray, np.ndarray]:
    """(lo, delta): the cell [lo, lo + delta] of a format's grid that holds y, within its range.

    A point of the grid other than the largest belongs to the cell above it, if positive, else to the one below; where
    two cells meet, f' is 1/k from both.

    >>> cell(np.array([0.3, -2.5, 4.0, 6.0]), formats.get("float4_e2m1fn"))
    (array([ 0., -3.,  4.,  4.]), array([0.5, 1. , 2. , 2. ]))
    """
    magnitude = np.abs(y)
    if fmt.kind == "integer":
        delta = np.full_like(magnitude, 2.0**fmt.lsb_exponent)
    else:
        # binades of 2^mantissa_bits cells; the subnormal ones are as wide as the first normal binade's
        exponent = np.frexp(np.maximum(magnitude, fmt.smallest_normal))[1] - 1
        delta = np.ldexp(1.0, exponent - fmt.mantissa_bits)
    lo = np.floor(magnitude / delta) * delta
    last = np.where(y < 0, -fmt.min, fmt.max)
    lo = np.where(lo + delta > last, lo - delta, lo)  # the largest value: the cell before it
    return np.where(y < 0, -lo - delta, lo), delta


def _in_units_of_codes(
    grad: Any, x: Any, fmt: Any, scale: Any
) -> tuple[np.ndarray, np.ndarray, Format]:
    """grad, x / scale in float64, and the element format."""
    found = formats.get(fmt)
    element = found.element if isinstance(found, BlockFormat) else found
    grad, x = np.asarray(grad), np.asarray(x, np.float64)
    if grad.shape != x.shape:
        raise ValueError(f"grad of shape {grad.shape} and x of shape {x.shape} are not one shape")
    if grad.dtype.kind != "f":
        grad = grad.astype(np.float64)
    return grad, x / np.asarray(scale, np.float64), element


# ---------------------------------------------------------------- outliers


@dataclass(frozen=True, slots=True)
class Outliers:
    """What `clamp_outliers` has cut off a matrix: a sparse one, row by row.

    The entries of row i are values[starts[i] : starts[i + 1]], in these columns.
    """

    starts: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    shape: tuple[int, int]

    @property
    def density(self) -> float:
        """Their share of all elements."""
        return self.values.size / max(1, self.shape[0] * self.shape[1])

    def add_product(self, b: Any, out: np.ndarray) -> np.ndarray:
        """out += outliers @ b, each row of the product summed in float64 and added with one rounding.

        Examples
        --------
        >>> values, outliers = clamp_outliers([[9.0, 1.0], [0.5, 2.0]], quantile=0.75)
        >>> outliers.add_product(np.eye(2), values)
        array([[9. , 1. ],
               [0.5, 2. ]])
        """
        b = np.asarray(b, np.float64)
        if b.ndim != 2 or b.shape[0] != self.shape[1] or out.shape != (self.shape[0], b.shape[1]):
            raise ValueError(f"outliers of {self.shape} times {b.shape} into {out.shape}")
        for i in np.flatnonzero(np.diff(self.starts)):
            entries = slice(self.starts[i], self.starts[i + 1])
            out[i] = out[i] + self.values[entries] @ b[self.columns[entries]]
        return out


def clamp_outliers(x: Any, quantile: float = QUANTILE) -> tuple[np.ndarray, Outliers]:
    """A matrix with its outliers cut off at two quantiles, and what was cut off.

    Parameters
    ----------
    x : (m, k) array of float32 or float64
    quantile : float, 0.5 < quantile <= 1
        Elements above this quantile of all, and below that of 1 - quantile, are set to it.

    Returns
    -------
    values : (m, k) array of x's dtype
        To be quantised.
    outliers : Outliers
        x - values, kept in float64; multiply it in high precision: ``outliers.add_product(b, out)``.

    Raises
    ------
    ValueError : quantile is outside its range, or x no matrix of finite numbers.

    Exactness
    ---------
    values + outliers is x, exactly: differences of float32 numbers are float64 numbers unless their exponents differ
    by more than 29; of float64 numbers they are rounded.

    Complexity
    ----------
    O(m k); about 2 (1 - quantile) m k outliers.

    Source
    ------
    Wang et al., arXiv 2501.17116 (2025), "outlier clamping and compensation".

    Examples
    --------
    >>> values, outliers = clamp_outliers([[9.0, 1.0], [0.5, 2.0]], quantile=0.75)
    >>> values
    array([[3.75 , 1.   ],
           [0.875, 2.   ]])
    >>> outliers.values
    array([ 5.25 , -0.375])
    """
    x = np.asarray(x)
    if x.dtype not in (np.float32, np.float64):
        x = x.astype(np.float64)
    if x.ndim != 2 or not x.size or not np.isfinite(x).all():
        raise ValueError(
            f"clamp_outliers(x of shape {x.shape}): must be a matrix of finite numbers"
        )
    if not 0.5 < quantile <= 1:
        raise ValueError(f"clamp_outliers(quantile={quantile}): must be above 0.5 and at most 1")
    low, high = np.quantile(x, [1 - quantile, quantile]).astype(x.dtype)
    values = np.clip(x, low, high)
    rows, columns = np.nonzero(values != x)
    starts = np.searchsorted(rows, np.arange(len(x) + 1))
    left = x[rows, columns].astype(np.float64) - values[rows, columns]
    return values, Outliers(starts, columns, left, x.shape)
