"""`Modulus`: arithmetic modulo one m, in the form that suits it."""

from __future__ import annotations

from typing import Any

import gmpy2

from fastmul.integers.arguments import as_count, as_kind, as_mpz
from fastmul.integers.limbs import mpz
from fastmul.integers.modulus.exponentiation import expected_products
from fastmul.integers.modulus.form import Form
from fastmul.integers.modulus.problem import problem_of
from fastmul.integers.modulus.table import MODULUS, choose
from fastmul.planning.pick import pick

#: `repr` writes out moduli of at most so many bits; longer ones are described.
WRITTEN_BITS = 128


class Modulus:
    """Arithmetic modulo m, with what m alone decides computed once.

    Parameters
    ----------
    m : int, gmpy2.mpz, or anything that operator.index accepts; not 0.
        Results have the sign of m, as those of Python's %.
    algorithm : str
        "auto" takes the form of least predicted time (``fastmul.explain(integers.Modulus, m)``); else "gmp",
        "mersenne" or "weighted" (m = 2**n - 1), "fermat" (m = 2**n + 1), "barrett" or "montgomery" (odd m).

    Attributes
    ----------
    m : what was given, as int or mpz.
    form : the name of the form in which single products are computed; a long power may take another.

    Raises
    ------
    ZeroDivisionError : m is 0.
    TypeError : m is not an integer.
    AlgorithmError : the named form does not exist or does not suit m.

    Exactness
    ---------
    Always exact. Results of the methods are int, or mpz if m or an operand is one.

    Complexity
    ----------
    A product modulo m costs a product and its reduction: the sum of two halves for 2**n - 1 and 2**n + 1, two
    products otherwise.

    Source
    ------
    Barrett, CRYPTO '86; Montgomery, Math. Comp. 44 (1985) 519-521; Knuth, TAOCP 2, section 4.3.2.

    Examples
    --------
    >>> mersenne = Modulus(2**127 - 1)
    >>> mersenne.pow(3, 2**127 - 2)
    1
    >>> Modulus(-10).mul(3, 9)
    -3
    """

    operation = MODULUS  # what fastmul.explain looks for

    def __init__(self, m: Any, *, algorithm: str = "auto") -> None:
        self._kind, m = as_mpz("Modulus(m)", m)
        if not m:
            raise ZeroDivisionError("Modulus(m) needs m != 0; got m = 0")
        self.m = as_kind(self._kind, m)
        self._negative = m < 0
        self._m = abs(m)
        self._problem = problem_of(self._m)
        self._named = algorithm != "auto"
        row = pick(MODULUS, self._problem, algorithm) if self._named else choose(self._problem)
        self.form = row.name
        self._forms: dict[str, Form] = {}

    def __repr__(self) -> str:
        if self._problem.n_bits <= WRITTEN_BITS:
            return f"Modulus({self.m})"
        sign = "negative " if self._negative else ""
        return f"<Modulus of {sign}{self._problem.n_bits} bits in {self.form} form>"

    def reduce(self, a: Any) -> Any:
        """a % m.

        Examples
        --------
        >>> Modulus(7).reduce(-1)
        6
        """
        kind, a = self._operands("reduce(a)", a)
        return self._result(kind, self._reduced(a))

    def mul(self, a: Any, b: Any) -> Any:
        """a * b % m.

        Examples
        --------
        >>> Modulus(7).mul(5, 6)
        2
        """
        same = a is b
        kind, a, b = self._operands("mul(a, b)", a, b)
        if same:
            return self._square(kind, a)
        form = self._form()
        x, y = (form.enter(self._reduced(value)) for value in (a, b))
        return self._result(kind, form.leave(form.mul(x, y)))

    def square(self, a: Any) -> Any:
        """a * a % m.

        Examples
        --------
        >>> Modulus(7).square(-3)
        2
        """
        kind, a = self._operands("square(a)", a)
        return self._square(kind, a)

    def squares(self, a: Any, times: int, plus: int = 0) -> Any:
        """The residue after `times` steps a -> (a * a + plus) % m.

        The chain stays in the form's own representation, so that it may cost less than single squares.

        Parameters
        ----------
        a : int or mpz
        times : int, at least 0
        plus : int

        Examples
        --------
        >>> Modulus(31).squares(4, 3, -2)  # 4 -> 14 -> 8 -> 0: 2**5 - 1 is prime
        0
        """
        kind, a = self._operands("squares(a, times)", a)
        times = as_count("Modulus.squares(a, times, plus)", "times", times)
        plus = int(as_mpz("Modulus.squares(a, times, plus)", plus)[1])
        form = self._form(times)
        x = form.squares(form.enter(self._reduced(a)), times, plus)
        return self._result(kind, form.leave(x))

    def pow(self, a: Any, e: Any) -> Any:
        """a**e % m, as Python's pow(a, e, m); a negative e inverts a.

        The time depends on e and on the numbers: not for secret exponents.

        Raises
        ------
        ValueError : e is negative and a has no inverse modulo m.

        Examples
        --------
        >>> Modulus(11).pow(3, -2)
        5
        """
        kind, a, e = self._operands("pow(a, e)", a, e)
        a = self._reduced(a)
        if e < 0:
            a, e = self._inverse(a, "pow(a, e) with e < 0"), -e
        if not e or self._m == 1:
            return self._result(kind, mpz(1) % self._m)
        return self._result(kind, self._form(expected_products(e.bit_length())).power(a, int(e)))

    def inv(self, a: Any) -> Any:
        """The inverse of a modulo m, as Python's pow(a, -1, m).

        Raises
        ------
        ValueError : a and m have a common divisor.

        Examples
        --------
        >>> Modulus(11).inv(3)
        4
        """
        kind, a = self._operands("inv(a)", a)
        return self._result(kind, self._inverse(self._reduced(a), "inv(a)"))

    # ------------------------------------------------------------------------------------ what the methods share

    def _operands(self, call: str, *values: Any) -> tuple[Any, ...]:
        kind, *numbers = as_mpz(f"Modulus.{call}", *values)
        return (mpz if mpz in (kind, self._kind) else int, *numbers)

    def _form(self, chain: int = 0) -> Form:
        """The form for single products, or for a chain of so many."""
        row = MODULUS[self.form]
        if chain and not self._named:
            row = choose(self._problem._replace(products=chain, chain=True))
        if row.name not in self._forms:
            self._forms[row.name] = row.run(self._problem, self._m)
        return self._forms[row.name]

    def _reduced(self, a: Any) -> Any:
        """The residue of a in [0, |m|)."""
        if 0 <= a < self._m:
            return a
        return self._form().reduce_signed(a)

    def _result(self, kind: type, residue: Any) -> Any:
        if self._negative and residue:
            residue -= self._m
        return as_kind(kind, residue)

    def _square(self, kind: type, a: Any) -> Any:
        form = self._form()
        return self._result(kind, form.leave(form.square(form.enter(self._reduced(a)))))

    def _inverse(self, a: Any, call: str) -> Any:
        try:
            return gmpy2.invert(a, self._m)
        except ZeroDivisionError:
            raise ValueError(
                f"Modulus.{call}: base is not invertible for the given modulus, "
                f"with which it shares the divisor {_described(gmpy2.gcd(a, self._m))}"
            ) from None


def _described(x: Any) -> str:
    return str(x) if x.bit_length() <= WRITTEN_BITS else f"of {x.bit_length()} bits"
