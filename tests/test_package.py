"""The package as a whole: what importing it costs, its names, its layers, its docstrings."""

import ast
import importlib
import inspect
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

import fastmul
from fastmul.planning.algorithm import Operation
from tests.runtime.processes import REPOSITORY, run_python

PACKAGE = Path(fastmul.__file__).parent
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(fastmul.__path__, "fastmul.")
    if not module.name.endswith("__main__")
)

# ---------------------------------------------------------------- the cost of importing


@pytest.mark.parametrize(
    "touch", ["fastmul", "fastmul, fastmul.exceptions; fastmul.set_threads(1)"]
)
def test_importing_loads_nothing_heavy(touch):
    loaded = run_python(f"import sys, {touch}; print(*sys.modules)").split()
    heavy = {
        "numba",
        "llvmlite",
        "cupy",
        "dask",
        "scipy",
        "torch",
        "matplotlib",
        "rich",
        "gmpy2",
        "flint",
    }
    assert not heavy & set(loaded)


def test_importing_costs_at_most_numpys_import_and_30_ms():
    def cpu_seconds(source):  # of the process alone: what else runs on the machine decides nothing
        return float(run_python(f"import time; {source}; print(time.process_time())"))

    runs = [[cpu_seconds(s) for s in ("import numpy", "import fastmul")] for _ in range(7)]
    numpy, ours = (min(times) for times in zip(*runs, strict=True))
    assert ours <= numpy + 0.030


# ---------------------------------------------------------------- names

PUBLIC = {
    "mul", "square", "matmul", "dot", "tensordot", "matrix_power",
    "explain", "compare", "show_config", "clear_cache", "set_threads", "threads",
    "FastmulError", "AlgorithmError", "ResultOverflowError", "DeviceError", "BackendUnavailableError",
    "VerificationError", "SingularMatrixError", "ZeroDivisorError",
    "Semiring", "min_plus", "max_plus", "max_min", "max_times", "or_and",
    "integers", "linalg", "lowprecision", "matrices", "nn", "io", "__version__",
}  # fmt: skip
PUBLIC_IN = {
    "integers": {
        "Integer",
        "ModuliTree",
        "Modulus",
        "binomial",
        "crt",
        "cyclic_mul",
        "divexact",
        "divmod",
        "factorial",
        "fibonacci",
        "floordiv",
        "from_limbs",
        "from_str",
        "gcd",
        "gcdext",
        "invert",
        "iroot",
        "isqrt",
        "isqrt_rem",
        "lucas",
        "mod",
        "mul",
        "mul_limbs",
        "mulhigh",
        "mullow",
        "negacyclic_mul",
        "powmod",
        "primorial",
        "prod",
        "remainders",
        "square",
        "sum_of_products",
        "to_limbs",
        "to_str",
    },
    "io": {"read_ints", "write_ints"},
    "matrices": {
        "BitMatrix",
        "BlockSparse",
        "GF256",
        "LookupProduct",
        "SampledProduct",
        "TwoFour",
        "matmul",
        "matmul_limbs",
        "prune_2_4",
        "sampled_matmul",
        "sum",
    },
    "matrices.schemes": {"Scheme", "classical", "load_scheme", "multiply", "named", "save_scheme"},
    "lowprecision": {
        "Accumulator",
        "Philox",
        "Quantized",
        "accumulators",
        "dequantize",
        "error_report",
        "formats",
        "matmul",
        "matmul_backward",
        "quantize",
    },
    "nn": {
        "Epilogue",
        "LayerNorm",
        "LossScaler",
        "RMSNorm",
        "attention",
        "attention_backward",
        "block_dropout_mask",
        "clamp_outliers",
        "differentiable_gradient",
        "dropout",
        "dropout_backward",
        "dropout_mask",
        "dropout_matmul",
        "dropout_matmul_backward",
        "gelu",
        "gelu_backward",
        "layer_norm",
        "layer_norm_backward",
        "linear",
        "relu",
        "relu_backward",
        "rms_norm",
        "rms_norm_backward",
        "sigmoid",
        "silu",
        "silu_backward",
        "softmax_cross_entropy",
        "straight_through",
        "tanh",
    },
    "linalg": {"charpoly", "det", "inv", "lu", "nullspace", "rank", "rref", "solve"},
}


def test_the_public_names_are_locked():
    assert set(fastmul.__all__) == PUBLIC
    assert len(fastmul.__all__) == len(PUBLIC)
    assert dir(fastmul) == sorted(fastmul.__all__)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_the_same_twice(name):
    first = getattr(fastmul, name)
    assert getattr(fastmul, name) is first
    if callable(first):
        assert first.__name__ == name
        assert not inspect.ismodule(getattr(fastmul, name))


@pytest.mark.parametrize("home", sorted(PUBLIC_IN))
def test_the_names_of_the_subpackages_are_locked(home):
    module = importlib.import_module(f"fastmul.{home}")
    assert PUBLIC_IN[home] == set(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is getattr(module, name)


def test_names_survive_every_order_of_first_use():
    # a submodule that shares a public function's name would replace the function when it is imported
    everything = "; ".join(f"import {name}" for name in MODULES if "cuda" not in name)
    run_python(
        f"import fastmul; before = {{n: getattr(fastmul, n) for n in fastmul.__all__}}; {everything}; "
        "assert all(getattr(fastmul, n) is v for n, v in before.items())"
    )


def test_a_name_that_does_not_exist():
    with pytest.raises(AttributeError, match="module 'fastmul' has no attribute 'multiply'"):
        fastmul.multiply  # noqa: B018


@pytest.mark.parametrize("name", MODULES)
def test_no_callable_shares_a_dotted_name_with_a_submodule(name):
    module = importlib.import_module(name)
    if not hasattr(module, "__path__"):
        return
    submodules = {found.name for found in pkgutil.iter_modules(module.__path__)}
    public = set(getattr(module, "__all__", ())) | {
        n for n in vars(module) if not n.startswith("_")
    }
    for shared in submodules & public:
        for _ in range(2):
            assert inspect.ismodule(getattr(module, shared)), (
                f"{name}.{shared} is a module and a callable"
            )


# ---------------------------------------------------------------- layers

#: Imports go down this list only, also those inside functions; one line is one layer.
LAYERS = (
    ("__main__",),
    ("cli",),
    ("comparison",),
    ("configuration", "io"),
    ("nn",),
    ("lowprecision",),
    ("linalg",),
    ("matrices",),
    ("integers",),
    ("transforms",),
    ("planning",),
    ("kernels",),
    ("runtime",),
    ("bounds",),
    ("exceptions",),
)
DEPTH = {room: depth for depth, rooms in enumerate(LAYERS) for room in rooms}


def _imports(path):
    """(line, dotted module) of every import of fastmul in a file, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.split(".")[0] == "fastmul")


def test_every_room_has_its_layer():
    rooms = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    assert rooms - {"__init__"} <= set(DEPTH)


def test_imports_go_down_only():
    upward = []
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room == "__init__":
            continue  # its names are loaded lazily, from everywhere
        for line, name in _imports(path):
            other = name.split(".")[1] if "." in name else ""
            if other in DEPTH and other != room and DEPTH[other] <= DEPTH[room]:
                upward.append(f"{path.relative_to(PACKAGE.parent)}:{line}: {room} imports {name}")
    assert not upward, "imports that do not go down:\n" + "\n".join(upward)


def test_only_kernels_compile():
    # the cache's key is a hash of the kernels' sources: machine code must come from there alone
    outside = [
        f"{path.relative_to(PACKAGE.parent)}:{line}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not path.is_relative_to(PACKAGE / "kernels/cpu")
        for line, name in _imports(path)
        if name.startswith("fastmul.runtime.jit")
    ]
    assert not outside, "compiled outside fastmul/kernels/cpu: " + ", ".join(outside)


#: What kernel modules may import although the cache's key does not see it: none of it reaches machine code.
OF_THE_HOST = {"exceptions", "runtime.scratch", "runtime.threads"}


def test_kernels_stand_on_hashed_sources_only():
    from fastmul.runtime import cache

    hashed = {
        path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".")
        for path in cache.sources()
    }
    hashed |= {name.removesuffix(".__init__") for name in hashed}
    unhashed = []
    for path in sorted((PACKAGE / "kernels/cpu").rglob("*.py")):
        for line, name in _imports(path):
            dotted = name.removeprefix("fastmul.")
            if not {dotted, dotted.rpartition(".")[0]} & (hashed | OF_THE_HOST):
                unhashed.append(f"{path.relative_to(PACKAGE.parent)}:{line}: {name}")
    assert not unhashed, "kernels import what the cache's key does not see:\n" + "\n".join(unhashed)


def test_no_file_grows_beyond_an_idea():
    long = {str(p.relative_to(PACKAGE)): n for p in PACKAGE.rglob("*.py")
            if (n := len(p.read_text().splitlines())) > 500}  # fmt: skip
    assert not long


# ---------------------------------------------------------------- docstrings

SECTION = re.compile(r"^ *(\w+)\n *-{3,}$", re.MULTILINE)
OF_AN_OPERATION = [
    "Parameters",
    "Returns",
    "Raises",
    "Exactness",
    "Complexity",
    "Source",
    "Examples",
]


def _public_functions():
    """(dotted name, function) of the public functions, each once, under its shortest name."""
    seen = set()
    for name in fastmul.__all__:
        if inspect.isfunction(value := getattr(fastmul, name)):
            seen.add(value)
            yield f"fastmul.{name}", value
    for home in fastmul.__all__:
        module = getattr(fastmul, home)
        for name in getattr(module, "__all__", ()) if inspect.ismodule(module) else ():
            if inspect.isfunction(value := getattr(module, name)) and value not in seen:
                seen.add(value)
                yield f"fastmul.{home}.{name}", value


@pytest.mark.parametrize(
    ("name", "function"), list(_public_functions()), ids=lambda x: x if isinstance(x, str) else ""
)
def test_public_docstrings_have_their_sections(name, function):
    doc = inspect.getdoc(function) or ""
    found = SECTION.findall(doc)
    if isinstance(getattr(function, "operation", None), Operation):
        required = OF_AN_OPERATION
    else:
        required = ["Parameters"] * bool(inspect.signature(function).parameters) + ["Examples"]
    missing = [section for section in required if section not in found]
    assert not missing, f"{name} lacks {', '.join(missing)}"
    assert found == [
        s for s in [*OF_AN_OPERATION[:4], "Error", *OF_AN_OPERATION[4:]] if s in found
    ], f"order in {name}"
    assert ">>>" in doc.partition("Examples")[2]
    for parameter in inspect.signature(function).parameters:
        assert re.search(rf"\b{parameter}\b", doc.partition("Parameters")[2]), (
            f"{name} does not explain {parameter}"
        )


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is(name):
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} has no docstring"
    assert len(module.__doc__.strip().splitlines()[0]) > 15


@pytest.mark.parametrize(
    "name", ["FastmulError", *sorted(n for n in PUBLIC if n.endswith("Error"))]
)
def test_exceptions_are_also_builtins(name):
    error = getattr(fastmul, name)
    assert issubclass(error, fastmul.FastmulError)
    assert (
        issubclass(error, (ValueError, OverflowError, RuntimeError, ArithmeticError))
        or name == "FastmulError"
    )
    assert error.__doc__


def test_the_api_page_documents_every_public_function():
    page = (REPOSITORY / "docs/api.md").read_text()
    names = [name for name, _ in _public_functions()]
    names += [f"fastmul.{name}" for name in PUBLIC if name.endswith("Error")]
    missing = [
        name for name in names if not re.search(rf"^\.\. auto\w+:: {name}$", page, re.MULTILINE)
    ]
    assert not missing


# ---------------------------------------------------------------- packaging


def test_the_version_stands_in_one_place():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "fastmul/__init__.py"
    assert re.fullmatch(r"\d+\.\d+\.\d+", fastmul.__version__)
    assert f"## {fastmul.__version__}" in (REPOSITORY / "CHANGELOG.md").read_text()
    elsewhere = [
        p
        for p in PACKAGE.rglob("*.py")
        if re.search(r"^__version__ *=", p.read_text(), re.MULTILINE)
    ]
    assert elsewhere == [PACKAGE / "__init__.py"]


def test_it_is_typed():
    assert (PACKAGE / "py.typed").is_file()


def test_all_leaves_the_gpu_out():
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    assert {"cuda12", "cuda13", "cli", "bench", "docs", "test", "all"} <= set(extras)
    assert "cuda" not in extras["all"][0]


def test_the_readmes_commands_are_the_ones_that_ci_runs():
    readme = (REPOSITORY / "README.md").read_text()
    commands = dict(re.findall(r"<!-- command: (\w+) -->\n```sh\n(.*)\n```", readme))
    assert set(commands) == {"compare", "test"}
    assert commands["compare"].endswith("&& .venv/bin/fastmul compare")
    assert commands["test"].endswith("&& .venv/bin/pytest")
