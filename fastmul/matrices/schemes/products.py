"""Products by a scheme of one's choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmul.exceptions import AlgorithmError
from fastmul.matrices.schemes import alternative_basis, executor
from fastmul.matrices.schemes.alternative_basis import AlternativeBasis, karstadt_schwartz
from fastmul.matrices.schemes.loading import SHIPPED, named
from fastmul.matrices.schemes.scheme import Scheme
from fastmul.planning import memory
from fastmul.runtime import blas

#: Names that `multiply` knows besides those of files.
IN_OTHER_BASES = {"karstadt_schwartz": karstadt_schwartz}


def multiply(
    a: Any,
    b: Any,
    scheme: str | Scheme | AlternativeBasis | Sequence[str | Scheme],
    *,
    levels: int | None = None,
    mod: int | None = None,
    threads: int | None = None,
) -> np.ndarray:
    """The matrix product a @ b by a Strassen-like scheme.

    Parameters
    ----------
    a, b : (m, k) and (k, n) array-likes of integers or floats, or stacks of such matrices, as in `fastmul.matmul`.
    scheme : a name ("strassen", "winograd", "laderman", "strassen_squared", "dumas_pernet_sedoglavic",
        "karstadt_schwartz"), a `Scheme` as from `load_scheme`, or one of either for every level, the outermost first.
    levels : int, optional
        How often to apply one scheme. Default: as often as leaves blocks of 1024 rows, and at least once.
    mod : int, optional
        Multiply modulo this integer, as in `fastmul.matmul`; below 2**63.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    (m, n) array of the dtype that `fastmul.matmul` gives.

    Raises
    ------
    AlgorithmError : the scheme divides by what has no inverse in the ring: 2 in machine integers or modulo an even
        number; the ring has no subtraction; or sums leave it.
    ValueError : an unknown name, levels below 1, or several schemes together with `levels`.

    Exactness
    ---------
    Integers: exact modulo 2^bits or mod, like `fastmul.matmul`. Floats: max|error| <= E max|a| max|b| with E of
    `fastmul.bounds.strassen.max_norm_error`; rows much smaller than others lose their digits.

    Complexity
    ----------
    (r / (m k n))^levels of the multiplications of the classical product for <m, k, n; r>; workspace by
    `fastmul.bounds.strassen.workspace_bytes`, and copies of a and b for schemes in other bases. Sizes that the levels
    do not divide are peeled.

    Source
    ------
    Strassen, Numer. Math. 13 (1969) 354-356; Benson, Ballard, PPoPP (2015), for schemes as data.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.arange(36).reshape(6, 6)
    >>> bool((multiply(a, a, ["laderman", "winograd"]) == a @ a).all())
    True
    >>> multiply(a, a, "dumas_pernet_sedoglavic", mod=1009)[0, :3]
    array([330, 345, 360])
    """
    from fastmul.matrices.multiplication import stacks, strassen
    from fastmul.matrices.multiplication.operands import analyse

    call = analyse(a, b, mod=mod, algorithm="strassen", threads=threads)
    problem = call.problem
    chosen, basis = _levels((problem.m, problem.k, problem.n), scheme, levels)
    if reason := strassen.refuses_ring(problem):
        raise AlgorithmError(f"schemes.multiply refuses {problem}: {reason}")
    ring = strassen.ring_for(problem, chosen)
    for one in [basis.plain()] if basis else chosen:
        if not ring.divides_by(one.denominator):
            raise AlgorithmError(
                f"schemes.multiply refuses {problem}: {one.name!r} divides by {one.denominator}, which has no inverse "
                "there; 'strassen', 'winograd' or 'laderman' would do"
            )
    x, y = strassen.operands(problem, call.a, call.b, chosen)
    whole = executor.whole((problem.m, problem.k, problem.n), chosen)
    item_bytes = dict.fromkeys("ABC", problem.dtype.itemsize)
    copies = x.nbytes + y.nbytes if basis else 0
    memory.require(executor.workspace_bytes(whole, chosen, item_bytes) + copies, problem)

    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        if basis:
            alternative_basis.multiply(x, y, to, basis, len(chosen), ring)
        else:
            executor.multiply(x, y, to, chosen, ring)

    with blas.limit(problem.threads):
        made = stacks.run_each(problem, x, y, None, product)
    return made.squeeze(call.drop)[()] if call.drop else made


def _levels(
    sizes: tuple[int, int, int], scheme: Any, count: int | None
) -> tuple[list[Scheme], AlternativeBasis | None]:
    """The scheme of each level, and the bases if they are others."""
    if isinstance(scheme, (list, tuple)):
        if count is not None:
            raise ValueError(f"schemes.multiply(levels={count}): a scheme is given for every level")
        return [_scheme(one) for one in scheme], None
    if isinstance(scheme, str) and scheme in IN_OTHER_BASES:
        scheme = IN_OTHER_BASES[scheme]()
    basis = scheme if isinstance(scheme, AlternativeBasis) else None
    single = basis.scheme if basis else _scheme(scheme)
    if count is None:
        count = max(1, _worthwhile(sizes, single))
    elif count < 1:
        raise ValueError(f"schemes.multiply(levels={count}): levels is at least 1")
    return [single] * count, basis


def _scheme(one: Any) -> Scheme:
    if isinstance(one, Scheme):
        return one
    if one in SHIPPED:
        return named(one)
    names = ", ".join(map(repr, (*SHIPPED, *IN_OTHER_BASES)))
    raise ValueError(
        f"schemes.multiply(scheme={one!r}): a scheme is a Scheme, one of {names}, or a list of these without bases of "
        "their own"
    )


def _worthwhile(sizes: tuple[int, int, int], scheme: Scheme) -> int:
    from fastmul.matrices.multiplication.strassen import MAX_LEVELS, SMALLEST_LEAF

    count = 0
    while count < MAX_LEVELS and all(
        size // side ** (count + 1) >= min(size, SMALLEST_LEAF) if side > 1 else True
        for size, side in zip(sizes, scheme.shape, strict=True)
    ):
        count += 1
    return count if max(scheme.shape) > 1 else 1
