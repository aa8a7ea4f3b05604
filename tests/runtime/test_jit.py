"""Compilation: one signature per kernel, read-only operands, and a cache that is never wrong and never raises.

What touches the cache runs in processes of its own, on a small copy of the package whose sources can be changed.
"""

import mmap
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import float64, int64, uint64, void

from fastmul.runtime.jit import const, kernel
from tests.runtime.processes import REPOSITORY, environment, run_python, start_python

# ---------------------------------------------------------------- signatures


@kernel(float64(const(float64[::1])))
def total(x):
    s = 0.0
    for i in range(x.size):
        s += x[i]
    return s


@kernel(void(const(uint64[:, ::1]), uint64[::1]))
def column_sums(a, out):
    for j in range(a.shape[1]):
        s = np.uint64(0)
        for i in range(a.shape[0]):
            s += a[i, j]
        out[j] = s


def _read_only(x: np.ndarray) -> np.ndarray:
    x.flags.writeable = False
    return x


def _write_protected(x: np.ndarray) -> np.ndarray:
    pages = mmap.mmap(-1, mmap.PAGESIZE)
    pages[: x.nbytes] = x.tobytes()
    view = np.frombuffer(memoryview(pages).toreadonly(), x.dtype, x.size)
    assert not view.flags.writeable
    return view


@pytest.mark.parametrize("protect", [np.array, _read_only, _write_protected])
def test_a_const_parameter_takes_writable_and_read_only_arrays(protect):
    assert total(protect(np.arange(10.0))) == 45.0
    assert len(total.signatures) == 1


def test_an_output_parameter_refuses_read_only_arrays():
    with pytest.raises(TypeError):
        column_sums(np.ones((2, 2), np.uint64), _read_only(np.zeros(2, np.uint64)))


@pytest.mark.parametrize(
    "wrong", [np.arange(3), np.arange(3.0, dtype=np.float32), np.arange(6.0)[::2], 1.0]
)
def test_another_type_is_refused_and_compiles_nothing(wrong):
    with pytest.raises(TypeError):
        total(wrong)
    total(np.ones(2))
    assert len(total.signatures) == 1


def test_two_dimensional_operands_keep_all_64_bits():
    a = np.array([[2**63, 1], [2**63 - 1, 2**64 - 3]], np.uint64)
    out = np.empty(2, np.uint64)
    column_sums(a, out)
    assert out.tolist() == [2**64 - 1, 2**64 - 2]


def test_nothing_compiles_before_the_first_call():
    @kernel(int64(int64))
    def later(x):
        return x + 1

    assert later.signatures == []
    assert later(41) == 42
    assert len(later.signatures) == 1


def test_a_template_is_bound_anew_under_each_name():
    scale_by_2 = kernel(int64(int64), name="scale_by_2", FACTOR=2)(_scale)
    scale_by_3 = kernel(int64(int64), name="scale_by_3", FACTOR=3)(_scale)
    assert (scale_by_2(7), scale_by_3(7)) == (14, 21)
    assert scale_by_3.__name__ == "scale_by_3"


FACTOR = 0


def _scale(x):
    return FACTOR * x


# ---------------------------------------------------------------- the cache, in a small copy of the package


STEP = """
from fastmul.runtime.jit import inline

@inline
def step(x):
    return x + 1
"""
WALK = """
from numba import float64, int64
from fastmul.kernels.cpu.step import step
from fastmul.runtime.jit import const, kernel

@kernel(int64(int64))
def walk(x):
    return step(x)

@kernel(int64(int64))
def walk_twice(x):
    return walk(walk(x))

@kernel(float64(const(float64[::1]), int64))
def pick(x, i):
    return x[i]
"""
CALL = "from fastmul.kernels.cpu.walk import walk, walk_twice; print(walk(10), walk_twice(10))"


class Copy:
    """The core of the package beside two tiny kernel modules, and a cache of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cache = folder, folder / "cache"
        for name in ("__init__.py", "exceptions.py", "runtime", "bounds"):
            source, copy = REPOSITORY / "fastmul" / name, folder / "fastmul" / name
            copy.parent.mkdir(exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy)
        kernels = folder / "fastmul/kernels/cpu"
        kernels.mkdir(parents=True)
        (kernels.parent / "__init__.py").touch()
        (kernels / "__init__.py").touch()
        self.write("step.py", STEP)
        self.write("walk.py", WALK)

    def write(self, name: str, text: str) -> None:
        (self.folder / "fastmul/kernels/cpu" / name).write_text(text)

    def python(self, source: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
        changes = {"FASTMUL_CACHE_DIR": str(self.cache), "PYTHONPATH": str(self.folder), **changes}
        done = subprocess.run(
            [sys.executable, "-c", source],
            cwd=self.folder,  # the first place where Python looks
            env=environment(**changes),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done

    def cached(self) -> set[Path]:
        return set(self.cache.rglob("*.nbc"))


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


def test_a_second_process_loads_what_the_first_compiled(copy):
    assert copy.python(CALL).stdout == "11 12\n"
    compiled = {path: path.stat().st_mtime_ns for path in copy.cached()}
    assert len(compiled) == 2
    counts = "; print([sum(k.stats.cache_hits.values()) for k in (walk, walk_twice)])"
    assert copy.python(CALL + counts).stdout == "11 12\n[1, 1]\n"
    assert {path: path.stat().st_mtime_ns for path in copy.cached()} == compiled


def test_a_changed_helper_is_never_stale(copy):
    assert copy.python(CALL).stdout == "11 12\n"
    copy.write("step.py", STEP.replace("x + 1", "x + 5"))
    assert copy.python(CALL).stdout == "15 20\n"
    copy.write("step.py", STEP)
    assert copy.python(CALL).stdout == "11 12\n"


def test_a_changed_intrinsic_or_bound_or_flag_changes_the_key(copy):
    show = "from fastmul.runtime import cache; print(cache.key())"
    keys = [copy.python(show).stdout]
    copy.write("vectors.py", "LANES = 16\n")
    keys.append(copy.python(show).stdout)
    (copy.folder / "fastmul/bounds/window.py").write_text("LIMIT = 2**53\n")
    keys.append(copy.python(show).stdout)
    for name in ("runtime/jit.py", "runtime/target.py"):
        path = copy.folder / "fastmul" / name
        path.write_text(path.read_text() + "\n# changed\n")
        keys.append(copy.python(show).stdout)
    for settings in (
        {"NUMBA_BOUNDSCHECK": "1"},
        {"NUMBA_OPT": "1"},
        {"NUMBA_LOOP_VECTORIZE": "0"},
        {"NUMBA_CPU_NAME": "nehalem"},
        {"NUMBA_CPU_FEATURES": "+avx2"},
        {"NUMBA_DEBUGINFO": "1"},
    ):
        keys.append(copy.python(show, **settings).stdout)
    for module in ("numba", "llvmlite", "numpy"):
        pretend = f"import numba, {module}; {module}.__version__ = '99'; "
        keys.append(copy.python(pretend + show).stdout)
    assert len(set(keys)) == len(keys)


def test_a_file_that_cannot_reach_machine_code_keeps_the_key(copy):
    show = "from fastmul.runtime import cache; print(cache.key())"
    before = copy.python(show).stdout
    with (copy.folder / "fastmul/runtime/threads.py").open("a") as file:
        file.write("\n# changed\n")
    assert copy.python(show).stdout == before


def test_kernels_without_bounds_checks_are_not_reused_with_them(copy):
    source = """
import numpy as np
from fastmul.kernels.cpu.walk import pick
try:
    pick(np.ones(4), 5)
    print("unchecked")
except IndexError:
    print("checked")
"""
    assert copy.python(source, NUMBA_BOUNDSCHECK=None).stdout == "unchecked\n"
    assert copy.python(source, NUMBA_BOUNDSCHECK="1").stdout == "checked\n"
    assert copy.python(source, NUMBA_BOUNDSCHECK=None).stdout == "unchecked\n"


def test_processes_that_compile_at_once_never_exchange_code(copy):
    names = [f"plus_{i}" for i in range(6)]
    copy.write(
        "many.py",
        "from numba import int64, float64\nfrom fastmul.runtime.jit import kernel\n"
        "def template(x):\n    return x + K\nK = 0\n"
        + "".join(
            f"{name} = kernel({t}({t}), name={name!r}, K={i})(template)\n"
            for i, name in enumerate(names)
            for t in ["int64" if i % 2 else "float64"]
        ),
    )
    source = """
import sys
from fastmul.kernels.cpu import many
sys.stdin.readline()                       # all start at once
names = sys.argv[1].split(",")
print({name: float(getattr(many, name)(100)) for name in names})
"""
    processes = []
    for shift in range(4):
        order = ",".join(names[shift:] + names[:shift])
        changes = {"FASTMUL_CACHE_DIR": str(copy.cache), "PYTHONPATH": str(copy.folder)}
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", source, order],
                cwd=copy.folder,
                env=environment(**changes),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    expected = {name: 100.0 + i for i, name in enumerate(names)}
    for process in processes:
        out, _ = process.communicate(timeout=120)
        assert eval(out) == expected
    assert len(copy.cached()) == len(names)


# ---------------------------------------------------------------- a cache that cannot be used


WARNED = """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    {call}
print([str(w.message) for w in caught if w.category is RuntimeWarning])
"""


def _warnings_of(copy: Copy, before: str = "", **changes: str | None) -> list[str]:
    done = copy.python(before + WARNED.format(call=CALL), **changes)
    result, messages = done.stdout.splitlines()
    assert result == "11 12"
    return eval(messages)


def test_a_usable_cache_warns_of_nothing(copy):
    assert _warnings_of(copy) == []
    assert _warnings_of(copy) == []


def test_a_home_that_is_a_file(copy):
    file = copy.folder / "file"
    file.touch()
    settings = {"FASTMUL_CACHE_DIR": None, "XDG_CACHE_HOME": None, "HOME": str(file / "home")}
    (message,) = _warnings_of(copy, **settings)
    assert "FASTMUL_CACHE_DIR" in message
    assert "NotADirectoryError" in message


def test_a_cache_folder_that_is_a_file(copy):
    copy.cache.touch()
    (message,) = _warnings_of(copy)
    assert str(copy.cache) in message
    assert copy.cache.read_bytes() == b""


def test_a_disk_that_takes_nothing_more(copy):
    # a file-size limit of zero: folders can be made, every write fails
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); "
    (message,) = _warnings_of(copy, before=limit, PYTHONDONTWRITEBYTECODE="1")
    assert "OSError" in message
    assert not copy.cached()
    assert _warnings_of(copy) == []


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize(
    "damage", [b"", b"\x80garbage", None], ids=["empty", "garbage", "truncated"]
)
def test_a_damaged_cache_is_compiled_past_and_repaired(copy, suffix, damage):
    assert _warnings_of(copy) == []
    for path in copy.cache.rglob(f"*.{suffix}"):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    (message,) = _warnings_of(copy)
    assert "compiles without its cache" in message
    assert _warnings_of(copy) == [], "the damage is still there"


# ---------------------------------------------------------------- good manners


def test_numbas_own_cache_folder_is_put_back(copy):
    source = "import numba; before = numba.config.CACHE_DIR; " + CALL
    assert copy.python(source + "; assert numba.config.CACHE_DIR == before").stdout
    elsewhere = str(copy.folder / "numbas")
    copy.python(
        source + f"; assert numba.config.CACHE_DIR == {elsewhere!r}", NUMBA_CACHE_DIR=elsewhere
    )
    assert not Path(elsewhere).exists()


def test_other_peoples_cached_functions_are_left_alone(copy):
    (copy.folder / "mine.py").write_text(
        "from numba import njit\n@njit(cache=True)\ndef theirs(x):\n    return 2 * x\n"
    )
    copy.python(f"import mine; {CALL}; assert mine.theirs(4) == 8; assert mine.theirs(4.5) == 9.0")
    assert [p.name for p in (copy.folder / "__pycache__").glob("mine.theirs*.nbi")]
    assert not list(copy.cache.rglob("*theirs*"))


def test_the_numba_threading_layer_is_never_touched():
    # the workqueue layer aborts the process when two threads enter it
    source = """
import threading
import numpy as np
from fastmul.runtime import threads
from tests.runtime.test_jit import total

x = np.arange(1e6)
found = []
def call():
    threads.run(lambda i: found.append(total(x)), [(i,) for i in range(16)], 4)
callers = [threading.Thread(target=call) for _ in range(4)]
for c in callers: c.start()
for c in callers: c.join()
assert found == [found[0]] * 64
"""
    run_python(source, NUMBA_THREADING_LAYER="workqueue", NUMBA_NUM_THREADS="4")


def test_threads_that_compile_at_once_share_one_compilation():
    source = """
import threading
from tests.runtime.test_jit import column_sums, total
import numpy as np
barrier = threading.Barrier(8)
def call(i):
    barrier.wait()
    if i % 2:
        assert total(np.ones(9)) == 9
    else:
        column_sums(np.ones((2, 2), np.uint64), np.empty(2, np.uint64))
callers = [threading.Thread(target=call, args=(i,)) for i in range(8)]
for c in callers: c.start()
for c in callers: c.join()
assert len(total.signatures) == len(column_sums.signatures) == 1
assert sum(total.stats.cache_misses.values()) + sum(total.stats.cache_hits.values()) == 1
"""
    run_python(source)
    process = start_python(source)
    assert process.communicate(timeout=120)
    assert process.returncode == 0
