"""What a caller of attention wrote, checked, and in the form that the kernels take: heads, and a mask's rows."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmul.nn.dropping import rule
from fastmul.runtime.philox import Philox, as_planes

#: A position behind every key: no causal limit; and before every query, if negative.
NO_LIMIT = 1 << 40
#: Columns of a mask that the kernels read at a time.
_MASK_COLUMNS = 16


def at(x: np.ndarray, plane: int, axes: int = 2) -> np.ndarray:
    """The last axes of x, a matrix or a vector, at a flat index of the others; never a copy."""
    leading = x.shape[: x.ndim - axes]
    return x[np.unravel_index(plane, leading)] if leading else x


@dataclass(frozen=True)
class Mask:
    """The mask of every plane. `array` (..., n_q, columns); the kernels step by `column_bytes` from key to key."""

    kind: int
    array: np.ndarray
    column_bytes: int

    def of(self, plane: int) -> tuple[int, int, int, int]:
        """kind, address, bytes of a row and of a column."""
        if not self.kind:
            return 0, 0, 0, 0
        rows = at(self.array, plane)
        return self.kind, rows.ctypes.data, rows.strides[0], self.column_bytes


@dataclass(frozen=True)
class Operands:
    """q (..., n_q, d), k and v (..., n_k, ...), float32 with contiguous rows; plane i attends keys i // group.

    A plane is an index of the leading axes, flattened.
    """

    q: np.ndarray
    k: np.ndarray
    v: np.ndarray
    group: int
    dtype: np.dtype  # of the result
    mask: Mask
    scale: float
    softcap: float
    offset: int
    words: np.ndarray  # threshold, site and key of dropout
    gain: float

    @property
    def planes(self) -> int:
        return math.prod(self.q.shape[:-2])

    @property
    def unit(self) -> np.float32:
        """What the kernels multiply q by, so that scores are powers of 2, or in units of the cap."""
        return np.float32(self.scale / self.softcap if self.softcap else self.scale / math.log(2))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the output."""
        return (*self.q.shape[:-1], self.v.shape[-1])


def operands(call: str, q: Any, k: Any, v: Any, *, causal: bool, offset: int, mask: Any, scale: float | None,
             softcap: float | None, dropout: float, rng: Any, training: bool) -> Operands:  # fmt: skip
    """Check one call of `call`.

    Raises
    ------
    ValueError : shapes that do not fit each other, or numbers outside their range.
    TypeError : dtypes that are none of float32, float16 and bfloat16.
    """
    q, k, v = (floats(call, name, x) for name, x in (("q", q), ("k", k), ("v", v)))
    here = f"{call}(q {q.shape}, k {k.shape}, v {v.shape})"
    if not q.ndim == k.ndim == v.ndim or q.ndim < 2:
        raise ValueError(
            f"{here}: all three have the same axes (..., heads, n, d), at least (n, d)"
        )
    if k.shape[:-1] != v.shape[:-1]:
        raise ValueError(
            f"{here}: each key has one value, so k and v agree in all axes but the last"
        )
    if q.shape[-1] != k.shape[-1] or q.shape[-1] == 0:
        raise ValueError(f"{here}: queries and keys have the same number of columns, at least one")
    heads, kv_heads = (x.shape[-3] if x.ndim > 2 else 1 for x in (q, k))
    if q.shape[:-3] != k.shape[:-3] or (kv_heads and heads % kv_heads) or (heads and not kv_heads):
        raise ValueError(
            f"{here}: leading axes are equal, and the heads of q, {heads}, a multiple of those of k and v, {kv_heads}"
        )
    if scale is None:
        scale = 1 / math.sqrt(q.shape[-1])
    if not math.isfinite(scale):
        raise ValueError(f"{here}: scale={scale!r} must be finite")
    if softcap is not None and not (math.isfinite(softcap) and softcap > 0):
        raise ValueError(
            f"{here}: softcap={softcap!r} must be positive and finite, or None for no cap"
        )

    leading, n_q, n_k = q.shape[:-2], q.shape[-2], k.shape[-2]
    threshold, gain = rule(dropout)
    words = np.zeros(4, np.uint64)
    if training and threshold:
        as_planes((*leading, n_q, n_k))  # raises where coordinates do not fit their words
        source = Philox.of(rng)
        words[:] = threshold, source.site, *source.key
    else:
        gain = 1.0
    return Operands(
        q=_with_rows(q), k=_with_rows(k), v=_with_rows(v), group=heads // kv_heads if kv_heads else 1, dtype=q.dtype,
        mask=_mask(here, mask, leading, n_q, n_k), scale=scale, softcap=softcap or 0.0,
        offset=max(-NO_LIMIT, min(operator.index(offset), NO_LIMIT)) if causal else NO_LIMIT, words=words, gain=gain,
    )  # fmt: skip


def as_rows(call: str, name: str, x: Any, shape: tuple[int, ...]) -> np.ndarray:
    """x as float32 with contiguous rows, of this shape.

    Raises
    ------
    ValueError : it has another shape.
    TypeError : it has a dtype that attention does not take.
    """
    x = floats(call, name, x)
    if x.shape != shape:
        raise ValueError(
            f"{call}: {name} of shape {x.shape}, where the other operands make it {shape}"
        )
    return _with_rows(x)


def floats(call: str, name: str, x: Any) -> np.ndarray:
    """x as an array of a dtype that attention takes."""
    x = np.asarray(x)
    if x.dtype not in (np.float32, np.float16) and x.dtype.name != "bfloat16":
        raise TypeError(
            f"{call}({name} of dtype {x.dtype}): attention computes in float32 and takes float32, float16 and bfloat16"
        )
    return x


def _with_rows(x: np.ndarray) -> np.ndarray:
    """x as float32 with contiguous rows; itself where it has them."""
    x = x.astype(np.float32, copy=False)
    contiguous = x.shape[-1] <= 1 or x.strides[-1] == x.itemsize
    return x if contiguous and x.flags.aligned else np.ascontiguousarray(x)


def _mask(here: str, mask: Any, leading: tuple[int, ...], n_q: int, n_k: int) -> Mask:
    if mask is None:
        return Mask(0, np.empty(0, bool), 0)
    mask = np.asarray(mask)
    if mask.dtype != np.bool_ and mask.dtype.kind != "f" and mask.dtype.name != "bfloat16":
        raise TypeError(
            f"{here}: mask of dtype {mask.dtype}; it is boolean (True: the key counts) or floats that are added"
        )
    shape = (*leading, n_q, n_k)
    if mask.dtype != np.bool_:
        mask = mask.astype(np.float32, copy=False)
    if mask.ndim == 0 or (mask.shape[-1] == 1 and n_k > 1):  # the same for all keys
        mask = np.repeat(mask.reshape(*mask.shape[:-1], 1), _MASK_COLUMNS, axis=-1)
        shape, column_bytes = (*shape[:-1], _MASK_COLUMNS), 0
    else:
        if (mask.shape[-1] > 1 and mask.strides[-1] != mask.itemsize) or not mask.flags.aligned:
            mask = np.ascontiguousarray(mask)
        column_bytes = mask.itemsize
    try:
        whole = np.broadcast_to(mask, shape)
    except ValueError:
        raise ValueError(
            f"{here}: mask of shape {mask.shape} does not broadcast to (..., heads, n_q, n_k) = {shape}"
        ) from None
    kind = 1 if mask.dtype == np.bool_ else 2
    return Mask(kind, whole, column_bytes)
