"""Numbers whose transforms are kept: one face over the rows that transform.

    x = Kept(a)
    x.mul(b)        the first product of each size encodes a; later ones make two transforms in place of three
    x.mul(y)        of two kept numbers: one transform, the way back

A row that transforms is a module with plan, encode, multiply, decode, multiply_kept and multiply_both; `mul`'s own
choice for the operands' sizes says which. Where it chooses none of these, a kept number multiplies as any other.

Transforms take 4 to 6 times the memory of the product. At most two belong to one number, and all together stay
below `KEPT_BYTES`: the one used least recently goes first. `fastmul.clear_cache` drops them all.
"""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterable
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

from fastmul.integers.limbs import limb_count, magnitude, mpz
from fastmul.integers.multiplication import choose, mul
from fastmul.integers.multiplication.fresh import Fresh
from fastmul.integers.multiplication.problem import MulProblem, threads_for
from fastmul.runtime.scratch import clear_with_cache

#: What all kept transforms take together, at most.
KEPT_BYTES = 1 << 30
#: Transforms of one number, for different sizes of partners.
KEPT_EACH = 2


class Transform(NamedTuple):
    """How products of some sizes are transformed: a row of the table, and its plan."""

    row: ModuleType
    plan: Any

    @property
    def key(self) -> tuple[str, Any]:
        return self.row.__name__, self.plan.key


@cache
def _rows() -> dict[str, ModuleType]:
    from fastmul.integers.multiplication import fft_values
    from fastmul.integers.multiplication.ntt import kept as ntt_values

    return {"fft": fft_values, "ntt": ntt_values}


def transform(
    a_limbs: int, b_limbs: int, *, terms: int = 1, guaranteed: bool = False
) -> Transform | None:
    """How to transform products of these sizes, and sums of `terms` of them; None where that does not pay."""
    problem = MulProblem(a_limbs, b_limbs, False, 1, "mpz")
    chosen = choose(problem).name
    if chosen not in _rows():
        return None
    for name in (chosen, "ntt"):  # sums may leave the window of the first
        row = _rows()[name]
        plan = row.plan(problem, terms=terms, guaranteed=guaranteed)
        if plan is not None:
            return Transform(row, plan)
    return None


class Kept:
    """An mpz and its transforms.

    Parameters
    ----------
    x : gmpy2.mpz
    partner_bits : int, optional
        The bits of the largest partner: shorter ones then share its transform. Default: one for each size.
    """

    __slots__ = ("__weakref__", "_at_end", "_partner_limbs", "_serial", "_values", "x")

    def __init__(self, x: Any, partner_bits: int = 0) -> None:
        self.x = x
        self._partner_limbs = -(-partner_bits // 64)
        self._serial = next(_serials)
        self._values: OrderedDict[Any, Any] = OrderedDict()
        self._at_end: weakref.finalize | None = None  # not before there is something to forget

    def mul(self, y: Any) -> Any:
        """The mpz x * y, for an mpz or a Kept y."""
        other = y if isinstance(y, Kept) else None
        number = y if other is None else other.x
        if not self.x or not number:
            return mpz(0)
        partner_limbs = max(limb_count(number), self._partner_limbs)
        for guaranteed in (False, True):
            how = transform(limb_count(self.x), partner_limbs, guaranteed=guaranteed)
            if how is None:
                break
            product = self._transformed(how, number, other)
            if product is not None:
                return product
        return mul(self.x, number)

    def _transformed(self, how: Transform, y: Any, other: Kept | None) -> Any:
        """x * y by this transform; None where its window does not hold these operands."""
        row, plan = how
        n_limbs = limb_count(self.x) + limb_count(y)
        threads = threads_for(n_limbs, None)
        result = Fresh(n_limbs, "a product with a kept operand")
        x = self.values(how, threads)
        if other is None:
            done = row.multiply_kept(plan, x, magnitude(y), result.limbs, threads)
        else:
            y_values = other.values(how, threads)
            done = row.multiply_both(plan, x, y_values, result.limbs, threads)
        return result.number((self.x < 0) != (y < 0)) if done else None

    def values(self, how: Transform, threads: int) -> Any:
        """The transform of |x|, kept from now on."""
        with _lock:
            if how.key in self._values:
                self._values.move_to_end(how.key)
                _store.use((self._serial, how.key))
                return self._values[how.key]
        made = how.row.encode(how.plan, magnitude(self.x), threads)
        with _lock:
            if self._at_end is None:
                self._at_end = weakref.finalize(self, _store.forget, self._serial, self._values)
                self._at_end.atexit = False
            self._values[how.key] = made
            while len(self._values) > KEPT_EACH:
                dropped, _ = self._values.popitem(last=False)
                _store.drop((self._serial, dropped))
            _store.add(self, (self._serial, how.key), made.array.nbytes)
        return made

    def drop(self, key: Any) -> None:
        """Forget one transform."""
        self._values.pop(key, None)


class _Store:
    """Who keeps how many bytes, least recently used first; every method holds the lock."""

    def __init__(self) -> None:
        self.entries: OrderedDict[tuple[int, Any], tuple[weakref.ref[Kept], int]] = OrderedDict()
        self.n_bytes = 0

    def use(self, entry: tuple[int, Any]) -> None:
        if entry in self.entries:
            self.entries.move_to_end(entry)

    def add(self, keeper: Kept, entry: tuple[int, Any], n_bytes: int) -> None:
        self.drop(entry)
        self.entries[entry] = weakref.ref(keeper), n_bytes
        self.n_bytes += n_bytes
        while self.n_bytes > KEPT_BYTES:
            self._drop_first()

    def drop(self, entry: tuple[int, Any]) -> None:
        if entry in self.entries:
            self.n_bytes -= self.entries.pop(entry)[1]

    def _drop_first(self) -> None:
        (_, key), (reference, n_bytes) = self.entries.popitem(last=False)
        self.n_bytes -= n_bytes
        if (keeper := reference()) is not None:
            keeper.drop(key)

    def forget(self, serial: int, values: Iterable[Any]) -> None:
        with _lock:
            for key in values:
                self.drop((serial, key))

    def clear(self) -> None:
        with _lock:
            while self.entries:
                self._drop_first()


# re-entrant: a Kept may be collected, and so call `forget`, while its thread holds it
_lock = threading.RLock()
_serials = itertools.count()
_store = _Store()
clear_with_cache(_store.clear)


def kept_bytes() -> int:
    """Bytes of all transforms now kept."""
    return _store.n_bytes


def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
