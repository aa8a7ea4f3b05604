"""Use the installed wheel, with no extra installed: what a user gets from `pip install fastmul`."""

import pathlib
import subprocess
import sys

import numpy as np

import fastmul

package = pathlib.Path(fastmul.__file__).parent
assert "site-packages" in str(package), f"this is not the wheel: {package}"
for data in ("py.typed", "planning/costs.json"):
    assert (package / data).is_file(), f"the wheel lacks {data}"
assert list(package.rglob("*.cu")), "the wheel lacks the CUDA sources"

a, b = 3**50_000, 7**40_000
assert fastmul.mul(a, b) == a * b
assert fastmul.square(a) == a * a
x = np.arange(-50, 50, dtype=np.int64).reshape(10, 10) << 55
assert (fastmul.matmul(x, x) == np.matmul(x, x)).all()
fastmul.show_config()
subprocess.run([sys.executable, "-m", "fastmul", "explain", "mul", "5", "7"], check=True)
