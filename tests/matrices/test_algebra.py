"""mod= and semiring= as keywords: what they exclude, and which moduli there are."""

import numpy as np
import pytest

import fastmul
from fastmul.exceptions import AlgorithmError

X = np.ones((3, 3), np.int64)


@pytest.mark.parametrize(
    ("mod", "why"),
    [
        (0, "at least 2"),
        (1, "at least 2"),
        (-7, "at least 2"),
        (2**63 + 1, r"at most 2\*\*63"),
        (2**64 - 1, r"at most 2\*\*63"),
        (2**65, r"at most 2\*\*63"),
    ],
)
def test_broken_moduli(mod, why):
    with pytest.raises(ValueError, match=why):
        fastmul.matmul(X, X, mod=mod)


@pytest.mark.parametrize("mod", [7.0, "7", [7]])
def test_a_modulus_is_an_integer(mod):
    with pytest.raises(TypeError, match="a modulus is an integer"):
        fastmul.matmul(X, X, mod=mod)


@pytest.mark.parametrize("keywords", [{"overflow": "raise"}, {"accuracy": "fast"}])
def test_keywords_that_mean_nothing_modulo_p(keywords):
    (name,) = keywords
    with pytest.raises(ValueError, match=rf"mod=7, {name}="):
        fastmul.matmul(X, X, mod=7, **keywords)


def test_mod_and_semiring_exclude_each_other():
    with pytest.raises(ValueError, match="mod=7, semiring="):
        fastmul.matmul(X, X, mod=7, semiring=object())


def test_a_semiring_is_an_algebra():
    with pytest.raises(TypeError, match="a semiring is one of fastmul's"):
        fastmul.matmul(X, X, semiring="min_plus")


@pytest.mark.parametrize("algorithm", ["gemm", "split_float", "strassen", "numpy"])
def test_rows_of_machine_arithmetic_refuse_exact_floats(algorithm):
    f = np.ones((3, 3))
    with pytest.raises(AlgorithmError, match="accuracy='reproducible'"):
        fastmul.matmul(f, f, accuracy="reproducible", algorithm=algorithm)


def test_floats_are_not_reduced():
    with pytest.raises(TypeError, match="multiplies integers"):
        fastmul.matmul(np.ones((2, 2)), np.ones((2, 2)), mod=7)
