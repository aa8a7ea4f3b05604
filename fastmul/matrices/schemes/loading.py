"""Schemes in files: the usual JSON of the field, and the schemes that ship.

    {"n": [2, 2, 2], "m": 7, "u": [[...], ...], "v": [[...], ...], "w": [[...], ...]}

A row of u, v, w is a product's coefficients in the blocks of A, of B, and of C *transposed*, each row by row; they are
numbers, or strings such as "1/2". "n" and "m" may be missing; "name" and "source" are ours.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from functools import cache
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any

from fastmul.matrices.schemes.scheme import Scheme

#: The schemes that ship as files in data/.
SHIPPED = ("strassen", "winograd", "laderman", "strassen_squared", "dumas_pernet_sedoglavic")


def load_scheme(path: str | PathLike[str]) -> Scheme:
    """Read a scheme from a JSON file, and check that it multiplies matrices.

    Parameters
    ----------
    path : of a JSON file with the keys u, v and w, where w is for the transpose of C.

    Returns
    -------
    Scheme

    Raises
    ------
    ValueError : the file holds no scheme, its rows do not fit each other, or it fails Brent's equations; the
        message names the first that fails.

    Exactness
    ---------
    Checked in rational arithmetic. Files over GF(2) fail, unless they lift to the integers as they are.

    Complexity
    ----------
    O(m^2 k^2 n^2 r) operations on fractions for <m, k, n; r>.

    Source
    ------
    Brent, Stanford report CS 157 (1970), for the equations.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "strassen.json"
    >>> save_scheme(named("strassen"), path)
    >>> load_scheme(path) == named("strassen")
    True
    """
    text = Path(path).read_text(encoding="utf-8")
    try:
        scheme = _parse(json.loads(text), Path(path).stem)
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise ValueError(f"{path} holds no scheme: {type(error).__name__}: {error}") from None
    scheme.verify()
    return scheme


def save_scheme(scheme: Scheme, path: str | PathLike[str]) -> None:
    """Write a scheme as `load_scheme` reads it.

    Parameters
    ----------
    scheme : Scheme
    path : where to; an existing file is replaced.

    Returns
    -------
    None

    Raises
    ------
    OSError : the file cannot be written.

    Exactness
    ---------
    Integers are written as numbers, fractions as strings.

    Complexity
    ----------
    O((m k + k n + m n) r).

    Source
    ------
    The format of most published collections of schemes.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> save_scheme(named("winograd"), pathlib.Path(tempfile.mkdtemp()) / "winograd.json")
    """
    m, _, n = scheme.shape
    sides = {
        "u": scheme.u,
        "v": scheme.v,
        "w": [[row[i * n + j] for j in range(n) for i in range(m)] for row in scheme.w],
    }
    head = {"name": scheme.name, "source": scheme.source, "n": scheme.shape, "m": scheme.rank}
    lines = [f'"{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in head.items()]
    for key, rows in sides.items():
        written = ",\n".join(json.dumps([_number(c) for c in row]) for row in rows)
        lines.append(f'"{key}": [\n{written}]')
    Path(path).write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")


@cache
def named(name: str) -> Scheme:
    """A scheme that ships; ValueError lists them."""
    if name not in SHIPPED:
        raise ValueError(f"there is no scheme {name!r}; there are {', '.join(map(repr, SHIPPED))}")
    data = resources.files("fastmul.matrices.schemes") / "data" / f"{name}.json"
    return _parse(json.loads(data.read_text(encoding="utf-8")), name)


def _parse(data: dict[str, Any], name: str) -> Scheme:
    u, v, w = data["u"], data["v"], data["w"]
    shape = data.get("n") or _shape(len(u[0]), len(v[0]), len(w[0]))
    m, _, n = shape
    if any(len(row) != m * n for row in w):
        raise ValueError(f"a row of w has {len(w[0])} coefficients, not {m} * {n}")
    c = [[row[j * m + i] for i in range(m) for j in range(n)] for row in w]
    return Scheme.of(data.get("name", name), shape, u, v, c, data.get("source", ""))


def _shape(mk: int, kn: int, mn: int) -> tuple[int, int, int]:
    """m, k and n from their products: m^2 = (m k) (m n) / (k n)."""
    m, k, n = (math.isqrt(x * y // z) for x, y, z in ((mk, mn, kn), (mk, kn, mn), (kn, mn, mk)))
    if (m * k, k * n, m * n) != (mk, kn, mn):
        raise ValueError(f"rows of {mk}, {kn} and {mn} coefficients are of no shape <m, k, n>")
    return m, k, n


def _number(c: Fraction) -> int | str:
    return c.numerator if c.denominator == 1 else str(c)
