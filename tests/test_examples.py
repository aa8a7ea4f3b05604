"""Every example runs, says something, and the judge programs are right."""

from __future__ import annotations

import io
import os
import random
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
COMPETITIVE = EXAMPLES / "competitive"
P = 998244353

#: A small size for each example that takes one; what it must print at that size.
ARGUMENTS = {
    "exact_integer_matmul.py": ["64"],
    "big_products.py": ["10000"],
    "float_gemm_goes_wrong.py": ["64"],
    "threads.py": ["128"],
    "compare.py": ["64"],
    "all_pairs_shortest_paths.py": ["60"],
    "own_semiring.py": ["80"],
    "matmul_free.py": ["128"],
    "character_transformer.py": ["2"],
    "fibonacci.py": ["100000"],
    "kept_transforms.py": ["65536"],
    "batch_gcd.py": ["60", "256"],
    "pi.py": ["10000", os.devnull],
    "lucas_lehmer.py": ["4423", "4391"],
    "multiply_files.py": ["20000"],
}
SAYS = {
    "exact_integer_matmul.py": "every one of 4,096 entries equals NumPy's",
    "big_products.py": "two numbers of 10,000 bits",
    "float_gemm_goes_wrong.py": "refuses",
    "threads.py": "the same, bit for bit",
    "overflow.py": 'overflow="promote" finds int16',
    "explain.py": "refuses",
    "compare.py": "mine on int64: not exact",
    "exact_determinant.py": "off by a factor of",
    "counting_walks.py": "of 40 steps: ",
    "linear_recurrence.py": "the first terms: 0 1 1 3 8 17",
    "freivalds.py": "20 found",
    "all_pairs_shortest_paths.py": "the same distances",
    "own_semiring.py": "numpy.logaddexp has no vector form",
    "matmul_free.py": "all tokens at once, or one at a time: the same, bit for bit",
    "character_transformer.py": "MXFP4            loss",
    "mixed_precision.py": "float32 master weights",
    "quantized_autograd.py": "as a torch.autograd.Function",
    "fibonacci.py": "20,899 digits: 25974069347221724166 ... 49895374653428746875",
    "batch_gcd.py": "the same primes",
    "multiply_files.py": "20,000 x 20,000 digits = 40,000 digits, right modulo a random prime",
    "kept_transforms.py": "every result is the same number",
    "pi.py": "the last ten are right",
    "lucas_lehmer.py": "composite, residue 723CFC572EAB0345",
}


def run(script: Path, *arguments: str, text: str = "") -> str:
    root = str(EXAMPLES.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), *arguments],
        input=text,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_example_runs_and_says_something(script):
    assert SAYS[script.name] in run(script, *ARGUMENTS.get(script.name, []))


@pytest.mark.parametrize("script", sorted(COMPETITIVE.glob("*.py")), ids=lambda path: path.name)
def test_judge_programs_are_short(script):
    assert len(script.read_text().splitlines()) < 60


# ------------------------------------------------------------------------------------ judge programs


@pytest.fixture
def judge(monkeypatch):
    """The lines that a program prints for an input, without the cost of a process."""

    def judge(name: str, text: str) -> list[str]:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
            patched.setattr(sys, "stdout", output := io.TextIOWrapper(io.BytesIO()))
            runpy.run_path(str(COMPETITIVE / name), run_name="__main__")
            output.flush()
            return output.buffer.getvalue().decode().splitlines()

    return judge


def words(row) -> str:
    return " ".join(map(str, row))


def slow_convolution(a, b):
    c = [0] * (len(a) + len(b) - 1)
    for i, u in enumerate(a):
        for j, v in enumerate(b):
            c[i + j] = (c[i + j] + u * v) % P
    return c


@pytest.mark.parametrize("seed", range(12))
def test_convolution(judge, seed):
    rng = random.Random(seed)
    n, m = rng.choice([1, 2, 3, 7, 40, 200]), rng.choice([1, 2, 5, 64, 129])
    values = (lambda: P - 1) if seed % 3 == 0 else (lambda: rng.randrange(P))
    a, b = [values() for _ in range(n)], [values() for _ in range(m)]
    lines = judge("convolution_mod.py", f"{n} {m}\n{words(a)}\n{words(b)}\n")
    assert lines == [words(slow_convolution(a, b))]


def test_convolution_of_extremes_has_a_closed_form(judge):
    n = 1 << 14  # c_i = (number of pairs) * (P - 1)^2, and (P - 1)^2 = 1 modulo P
    row = words([P - 1] * n)
    [line] = judge("convolution_mod.py", f"{n} {n}\n{row}\n{row}\n")
    assert line == words([min(i + 1, 2 * n - 1 - i) for i in range(2 * n - 1)])


@pytest.mark.parametrize("seed", range(8))
def test_matrix_product(judge, seed):
    rng = random.Random(seed)
    n, m, k = (rng.choice([1, 2, 3, 17, 40]) for _ in range(3))
    values = (lambda: P - 1) if seed % 3 == 0 else (lambda: rng.randrange(P))
    a = [[values() for _ in range(m)] for _ in range(n)]
    b = [[values() for _ in range(k)] for _ in range(m)]
    expected = [
        [sum(u * v for u, v in zip(row, c, strict=True)) % P for c in zip(*b, strict=True)]
        for row in a
    ]
    text = f"{n} {m} {k}\n" + "\n".join(map(words, a + b)) + "\n"
    assert judge("matrix_product.py", text) == [words(row) for row in expected]


@pytest.mark.parametrize("seed", range(4))
def test_big_products(judge, seed):
    rng = random.Random(seed)
    pairs = [
        [rng.choice([1, -1]) * rng.randrange(10 ** rng.choice([1, 5, 30, 400, 1200])) for _ in "ab"]
        for _ in range(40)
    ]
    pairs += [[0, -5], [0, 0], [10**1000, 10**1000 - 1]]
    text = f"{len(pairs)}\n" + "".join(words(pair) + "\n" for pair in pairs)
    assert judge("multiplication_of_big_integers.py", text) == [str(a * b) for a, b in pairs]


def test_judge_programs_in_a_process_of_their_own():
    assert run(COMPETITIVE / "convolution_mod.py", text="2 3\n1 2\n3 4 5\n") == "3 10 13 10\n"
    assert run(COMPETITIVE / "matrix_product.py", text="1 2 1\n3 4\n5\n6\n") == "39\n"
    assert run(COMPETITIVE / "multiplication_of_big_integers.py", text="1\n-3 4\n") == "-12\n"
