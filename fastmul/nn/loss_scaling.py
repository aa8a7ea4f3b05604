"""Loss scaling: gradients of FP16 computed 2^16 times too large, so that fewer of them underflow to zero.

The backward pass is linear: a loss times s gives gradients times s. FP16 holds magnitudes from 2^-24 to 65504, and a
network's gradients lie mostly in the lower half of that or below. The scale is a power of two, so that neither scaling
nor unscaling rounds: an unscaled gradient is that of the scaled pass, exactly. A scale that is too large shows as Inf
or NaN in the gradients; then the step is skipped and the scale halved.

    update:   Inf or NaN since the last update?     scale *= backoff_factor, clean = 0
              otherwise                             clean += 1; at growth_interval: scale *= growth_factor, clean = 0

The state machine, its numbers and its state's names are those of torch.amp.GradScaler; but a scale ends at 2^-126,
where torch's goes on to 0, and at 2^126.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

#: torch's first scale and steps to the next one; and the scale of a scaler that never changes it.
INITIAL, INTERVAL = 2.0**16, 2000
FIXED = 2.0**15
#: Scales that float32 holds, and whose reciprocals it holds.
SMALLEST, LARGEST = 2.0**-126, 2.0**126

_STATE = ("scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker")


class Unscaled(list[np.ndarray]):
    """Gradients after unscaling, float32 (float64 where they were), and whether all of them are finite."""

    finite: bool = True


class LossScaler:
    """Scale losses, unscale gradients, skip steps that overflowed, and adapt the scale.

    Parameters
    ----------
    init_scale, growth_factor, backoff_factor : powers of two from 2^-126 to 2^126
    growth_interval : int, at least 1
        Clean steps after which the scale grows.

    Raises
    ------
    ValueError : a factor is no power of two, or the interval is below 1.
    TypeError : the interval is no integer.

    Exactness
    ---------
    All factors are powers of two: scaling a float32 loss and unscaling into float32 round nothing, barring overflow
    (which is found, and skips the step) and results below 2^-149.

    Source
    ------
    Micikevicius et al., "Mixed precision training", ICLR 2018; torch.amp.GradScaler.

    Examples
    --------
    >>> scaler = LossScaler()
    >>> loss = np.float32(2**-20)
    >>> gradient = scaler.scale(loss).astype(np.float16) * np.float16(2**-6)  # as a backward pass in FP16 would
    >>> scaler.step(lambda unscaled: print(unscaled[0] == 2**-26), [gradient])
    True
    >>> scaler.update(); scaler.get_scale()
    65536.0
    >>> scaler.step(print, [np.float16([1, np.inf])])  # skipped
    >>> scaler.update(); scaler.get_scale()
    32768.0
    """

    def __init__(
        self, init_scale: float = INITIAL, *, growth_factor: float = 2.0, backoff_factor: float = 0.5,
        growth_interval: int = INTERVAL,
    ) -> None:  # fmt: skip
        self._scale = _power_of_two("init_scale", init_scale)
        self._growth_factor = _power_of_two("growth_factor", growth_factor)
        self._backoff_factor = _power_of_two("backoff_factor", backoff_factor)
        self._growth_interval = _interval(growth_interval)
        self._growth_tracker = 0
        self._found: list[bool] = []  # since the last update: whether a set of gradients was finite

    @classmethod
    def fixed(cls, scale: float = FIXED) -> LossScaler:
        """A scaler whose scale never changes; steps with Inf or NaN are still skipped.

        Examples
        --------
        >>> LossScaler.fixed().get_scale()
        32768.0
        """
        return cls(scale, growth_factor=1.0, backoff_factor=1.0)

    def __repr__(self) -> str:
        return f"LossScaler(scale={self._scale:g}, {self._growth_tracker} clean steps)"

    def get_scale(self) -> float:
        """The scale."""
        return self._scale

    def scale(self, loss: Any) -> Any:
        """loss times the scale, in loss's dtype; also of the gradient by a product's result, where that begins."""
        loss = np.asarray(loss)
        if loss.dtype.kind in "biu":
            return loss * self._scale
        # float16 holds no 2^16, and many of its numbers times that
        wide = np.result_type(loss.dtype, np.float32)
        with np.errstate(over="ignore"):  # the gradients tell
            return np.multiply(loss, wide.type(self._scale), dtype=wide).astype(loss.dtype)[()]

    def unscale(self, gradients: Iterable[Any]) -> Unscaled:
        """The gradients divided by the scale, in float32 or wider; remembers whether all were finite.

        For what looks at gradients before the step, as clipping does. Give the result to `step`.
        """
        unscaled = Unscaled()
        for gradient in map(np.asarray, gradients):
            wide = np.result_type(gradient.dtype, np.float32)
            unscaled.finite &= bool(np.isfinite(gradient).all())
            unscaled.append(np.multiply(gradient, wide.type(1 / self._scale), dtype=wide))
        self._found.append(unscaled.finite)
        return unscaled

    def step(self, apply: Callable[[Unscaled], Any], gradients: Iterable[Any]) -> Any:
        """apply(unscaled gradients), unless one of them is Inf or NaN.

        Parameters
        ----------
        apply : function of the list of unscaled gradients
            Updates the weights, in float32.
        gradients : arrays, scaled; or what `unscale` made of them.

        Returns
        -------
        What `apply` returns; None where the step is skipped.
        """
        unscaled = gradients if isinstance(gradients, Unscaled) else self.unscale(gradients)
        return apply(unscaled) if unscaled.finite else None

    def update(self, new_scale: float | None = None) -> None:
        """Adapt the scale after a step, or after the steps of several sets of gradients; or set it.

        Raises
        ------
        RuntimeError : no gradients have been unscaled since the last update.
        ValueError : new_scale is no power of two.
        """
        if new_scale is not None:
            self._scale = _power_of_two("new_scale", new_scale)
        elif not self._found:
            raise RuntimeError(
                "LossScaler.update: no gradients were unscaled since the last update"
            )
        elif not all(self._found):
            self._rescale(self._backoff_factor)
        else:
            self._growth_tracker += 1
            if self._growth_tracker == self._growth_interval:
                self._rescale(self._growth_factor)
        self._found.clear()

    def _rescale(self, factor: float) -> None:
        self._growth_tracker = 0
        if SMALLEST <= self._scale * factor <= LARGEST:
            self._scale *= factor

    def state_dict(self) -> dict[str, Any]:
        """All that decides the scaler's future, under torch's names."""
        return {name: getattr(self, f"_{name.lstrip('_')}") for name in _STATE}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a scaler, or a torch.amp.GradScaler, has left off.

        Raises
        ------
        KeyError : a value is missing.
        ValueError : a factor is no power of two, or the interval is below 1.
        """
        missing = [name for name in _STATE if name not in state]
        if missing:
            raise KeyError(f"LossScaler.load_state_dict: {', '.join(missing)} missing")
        factors = {name: _power_of_two(name, state[name]) for name in _STATE[:3]}
        interval = _interval(state["growth_interval"])
        for name, value in factors.items():
            setattr(self, f"_{name}", value)
        self._growth_interval = interval
        self._growth_tracker = int(state["_growth_tracker"])
        self._found.clear()


def _interval(steps: int) -> int:
    steps = operator.index(steps)
    if steps < 1:
        raise ValueError(f"LossScaler(growth_interval={steps}): must be at least 1")
    return steps


def _power_of_two(name: str, value: float) -> float:
    value = float(value)
    if not SMALLEST <= value <= LARGEST or math.frexp(value)[0] != 0.5:
        raise ValueError(
            f"LossScaler({name}={value!r}): must be a power of two from 2**-126 to 2**126, "
            "so that unscaling is exact"
        )
    return value
