"""Tracing: what expression a function of scalars becomes, and when it says that it becomes none."""

import numpy as np
import pytest

from fastmul.kernels.expressions import Untraceable
from fastmul.kernels.reference.semirings import evaluate
from fastmul.kernels.tracing import MAX_PATHS, at_samples, trace

DTYPES = ("bool", "int8", "uint8", "int32", "uint32", "int64", "uint64", "float32", "float64")
INTEGERS = tuple(d for d in DTYPES if "int" in d)
FLOATS = ("float32", "float64")
NUMBERS = (*INTEGERS, *FLOATS)


def if_expression(x, y):
    return x if x < y else y


def statements(x, y):
    if x > y and y != 0:
        z = x - y
        z = z * 2
    elif not x:
        return 3
    else:
        z = y
    return z + 1


def chained(x, y):
    return 1 if 0 < x <= y < 100 else abs(x)


#: (function, the dtypes over which it types)
FUNCTIONS = [
    (min, DTYPES), (max, DTYPES), (if_expression, DTYPES), (np.minimum, DTYPES), (np.maximum, DTYPES),
    (np.fmin, DTYPES), (np.fmax, DTYPES), (np.add, DTYPES), (np.multiply, DTYPES),
    (lambda x, y: x + y, DTYPES), (lambda x, y: x * y, DTYPES), (lambda x, y: x - y, NUMBERS),
    (lambda x, y: x and y, DTYPES), (lambda x, y: x or y, DTYPES), (lambda x, y: not x, DTYPES),
    (lambda x, y: x & y | x ^ y, (*INTEGERS, "bool")), (lambda x, y: ~x, (*INTEGERS, "bool")),
    (lambda x, y: -x, NUMBERS), (lambda x, y: abs(x) + abs(y), NUMBERS), (lambda x, y: +x, NUMBERS),
    (lambda x, y: x < y, DTYPES), (lambda x, y: x <= y, DTYPES), (lambda x, y: x >= y, DTYPES),
    (lambda x, y: x == y, DTYPES), (lambda x, y: x != y, DTYPES), (lambda x, y: not x < y, DTYPES),
    (lambda x, y: (x < y) * x + (y <= x) * y, NUMBERS), (lambda x, y: (x < y) == (x < 3), NUMBERS),
    (lambda x, y: (x < y) & ~(x > 2) | (y == 1), NUMBERS),
    (lambda x, y: np.where(x > y, x - y, 7), NUMBERS), (lambda x, y: np.clip(x, 1, 5) + y, NUMBERS),
    (lambda x, y: np.logical_and(x, y) | np.logical_not(y) ^ np.logical_or(x, y), DTYPES),
    (lambda x, y: 0 if x == 0 or y == 0 else min(x, y), DTYPES), (statements, NUMBERS), (chained, NUMBERS),
    (lambda x, y: x * y % 97, INTEGERS), (lambda x, y: (x + y) // 8, INTEGERS), (lambda x, y: x % 16, INTEGERS),
    (lambda x, y: (x << 2) | (y >> 3), INTEGERS), (lambda x, y: np.left_shift(x, 1), INTEGERS),
    (lambda x, y: x / y, FLOATS), (lambda x, y: np.sqrt(x * x + y * y), FLOATS),
    (lambda x, y: 1.5 * x - 2 / y, FLOATS), (lambda x, y: 5 - x, NUMBERS), (lambda x, y: 0, DTYPES),
    (lambda x, y: True, DTYPES), (lambda x, y: x if abs(x) < abs(y) else y, NUMBERS),
    (lambda x, y: np.inf if x > y else np.nan, FLOATS),
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
def test_expressions_say_what_the_functions_say(dtype):
    for i, (function, dtypes) in enumerate(FUNCTIONS):
        if dtype not in dtypes:
            continue
        expression = trace(function, dtype)
        pairs, results = at_samples(function, dtype)
        assert pairs
        x, y = (np.array(side, dtype) for side in zip(*pairs, strict=True))
        got = np.broadcast_to(evaluate(expression, x, y), x.shape)
        np.testing.assert_array_equal(got, np.array(results), f"function {i}: {expression.text}")


@pytest.mark.parametrize(
    ("function", "dtype", "why"),
    [
        (lambda x, y: np.exp(x), "float64", "numpy.exp has no vector form"),
        (lambda x, y: float(x), "float64", "TypeError"),
        (lambda x, y: [0, 1][x], "int32", "TypeError"),
        (lambda x, y: x % y, "int32", "'mod' by what is not a constant"),
        (lambda x, y: x << y, "int32", "'shl' by what is not a constant"),
        (lambda x, y: x << 32, "int32", "'shl' by 32"),
        (lambda x, y: x % -3, "int32", "'mod' by -3"),
        (lambda x, y: x + 0.5, "int32", "0.5 beside int32"),
        (lambda x, y: x + 2**31, "int32", "2147483648 beside int32"),
        (lambda x, y: x + np.int64(1), "int32", "another dtype"),
        (lambda x, y: x + np.float64(0.1), "float32", "another dtype"),
        (lambda x, y: x & y, "float64", "no vector operation 'and'"),
        (lambda x, y: x - y, "bool", "no vector operation 'sub'"),
        (lambda x, y: x / y, "int64", "no vector operation 'div'"),
        (lambda x, y: "x", "int64", "'x' beside int64"),
        (lambda x, y: None, "int64", "None beside int64"),
    ],
)
def test_what_does_not_type_says_why(function, dtype, why):
    with pytest.raises(Untraceable, match=why):
        trace(function, dtype)


def test_a_loop_over_unknown_trips_ends():
    def collatz(x, y):
        while x > 1:
            x = x - y
        return x

    with pytest.raises(Untraceable, match=f"more than {MAX_PATHS} paths"):
        trace(collatz, "int64")


def test_a_question_asked_twice_has_one_answer():
    expression = trace(lambda x, y: (1 if x < y else 0) + (2 if x < y else 0), "int64")
    assert evaluate(expression, np.int64(1), np.int64(2)) == 3
    assert evaluate(expression, np.int64(2), np.int64(1)) == 0


def test_equal_functions_are_one_expression():
    def texts(dtype, *functions):
        return {trace(f, dtype).text for f in functions}

    smaller = (
        min,
        np.minimum,
        if_expression,
        lambda x, y: y if x > y else x,
        lambda x, y: np.where(y < x, y, x),
    )
    assert len(texts("int32", *smaller)) == 1
    assert len(texts("int32", np.add, lambda x, y: x + y, lambda x, y: y + x)) == 1
    assert len(texts("bool", np.bitwise_or, lambda x, y: x or y, max, lambda x, y: x | y)) == 1
    assert len(texts("bool", np.bitwise_and, lambda x, y: x and y, min, lambda x, y: x * y)) == 1
    # of floats min and numpy.minimum differ by NaN
    assert len(texts("float64", min, np.minimum)) == 2


def test_different_functions_are_different_expressions():
    functions = [
        lambda x, y: x + y, lambda x, y: x - y, lambda x, y: y - x, lambda x, y: x, lambda x, y: y,
        lambda x, y: x + 1, lambda x, y: x + 2, lambda x, y: x + y + 1, lambda x, y: x * y,
        lambda x, y: x + 0.0, lambda x, y: x + -0.0, lambda x, y: x + np.nan,
    ]  # fmt: skip
    assert len({trace(f, "float64").text for f in functions}) == len(functions)
    assert trace(functions[0], "float64").text != trace(functions[0], "float32").text
