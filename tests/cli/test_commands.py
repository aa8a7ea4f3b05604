"""The commands, in this process and in their own."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import fastmul
from fastmul.cli import COMMANDS, main
from fastmul.comparison.contestants.own import load
from tests.runtime.processes import environment


def run(*arguments, stdin=b"", **changes):
    """`python -m fastmul` with the arguments, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "fastmul", *arguments], input=stdin, capture_output=True,
        timeout=300, env=environment(**changes),
    )  # fmt: skip


def test_the_version():
    done = run("--version")
    assert done.stdout.decode() == f"fastmul {fastmul.__version__}\n"
    assert done.returncode == 0


def test_starting_loads_nothing_heavy():
    source = "import sys; from fastmul.cli import main\ntry: main(['--help'])\nexcept SystemExit: print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, env=environment(), timeout=60
    )
    loaded = set(done.stdout.decode().split())
    assert not loaded & {"numpy", "numba", "gmpy2", "matplotlib", "rich"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert command in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["divide"], ["mul", "a"], ["mul", "a", "b", "--threads", "0"],
                                       ["explain", "mul", "x", "1"], ["explain", "mul", "2^-1", "1"],
                                       ["explain", "mul", "2^99999999999", "1"],
                                       ["cache", "burn"]])  # fmt: skip
def test_wrong_usage_is_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "fastmul" in capsys.readouterr().err


# ---------------------------------------------------------------- mul, through pipes


def test_mul_through_pipes():
    done = run("mul", "-", "-", stdin=b"12\n-0x22\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"-408\n", b"")


def test_mul_of_a_pipe_and_a_file(tmp_path):
    (tmp_path / "b").write_text("5")
    assert run("mul", "-", str(tmp_path / "b"), stdin=b" 7 \n").stdout == b"35\n"


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("mul", "-", "-"), b"12", b"standard input: two numbers were expected, found 1"),
        (("mul", "-", "-"), b"1 2 3", b"two numbers were expected, found 3"),
        (("mul", "-", "-"), b"12 x", b"second number: not an integer: 'x' at byte 0"),
        (("mul", "-", "/no/such/file"), b"1", b"/no/such/file: No such file or directory"),
        (("mul", "/", "-"), b"1", b"/: Is a directory"),
    ],
)
def test_what_cannot_be_read_is_one_line(arguments, stdin, said):
    done = run(*arguments, stdin=stdin)
    assert done.returncode == 2
    assert done.stdout == b""
    assert said in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("unbuffered", ["1", None])
def test_a_large_product_passes_a_pipe_whole(tmp_path, unbuffered):
    (tmp_path / "a").write_text("9" * 1_000_000)
    done = run("mul", str(tmp_path / "a"), str(tmp_path / "a"), PYTHONUNBUFFERED=unbuffered)
    assert done.stdout == b"9" * 999_999 + b"8" + b"0" * 999_999 + b"1\n"


@pytest.mark.parametrize("command", [["mul", "-", "-"], ["cache", "info"]], ids=str)
def test_a_full_disk_behind_standard_output_is_one_line(command):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "fastmul", *command], input=b"3 4", stdout=full,
            stderr=subprocess.PIPE, timeout=300, env=environment(),
        )  # fmt: skip
    assert done.returncode == 2
    assert b"No space left on device" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_a_closed_standard_output_is_one_line():
    command = f"printf '3 4' | {sys.executable} -m fastmul mul - - >&-"
    done = subprocess.run(
        command, shell=True, stderr=subprocess.PIPE, timeout=300, env=environment()
    )
    assert done.returncode == 2
    assert done.stderr == b"fastmul mul: standard output is closed\n"


def test_a_contestant_in_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "product_of_mine.py").write_text("def product(a, b): return a * b")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    name, function = load("product_of_mine:product")
    assert name == "product"
    assert function(3, 4) == 12


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    (tmp_path / "a").write_text("7" * 2_000_000)
    writer = subprocess.Popen(
        [sys.executable, "-m", "fastmul", "mul", str(tmp_path / "a"), str(tmp_path / "a")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    writer.stdout.read(1)
    writer.stdout.close()
    assert writer.wait(120) == 141
    assert writer.stderr.read() == b""
    writer.stderr.close()


def test_ctrl_c_is_quiet():
    waiting = subprocess.Popen(
        [sys.executable, "-m", "fastmul", "mul", "-", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    waiting.stdin.write(b"1")
    waiting.stdin.flush()
    time.sleep(1.5)
    waiting.send_signal(signal.SIGINT)
    _, errors = waiting.communicate(timeout=60)
    assert (waiting.returncode, errors) == (130, b"")


def test_an_interrupt_in_a_command_is_130(monkeypatch):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("fastmul.cli.config.run", interrupted)
    assert main(["config"]) == 130


# ---------------------------------------------------------------- the small commands


def test_explain_mul(capsys):
    assert main(["explain", "mul", "2^20", "1000", "--kind", "int", "--threads", "1"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("mul: 16384 x 16 limbs (int) on 1 thread")
    assert "->" in printed


def test_explain_matmul(capsys):
    assert main(["explain", "matmul", "30", "40", "50", "int64"]) == 0
    printed = capsys.readouterr().out
    assert "(30, 40) @ (40, 50)" in printed
    assert "gemm" in printed
    assert "refuses" in printed  # nothing is known of the values, so a float GEMM is not safe
    assert main(["explain", "matmul", "3", "4", "5", "int99"]) == 2
    assert "int99" in capsys.readouterr().err


def test_config(capsys):
    assert main(["config"]) == 0
    assert fastmul.__version__ in capsys.readouterr().out


def test_cache(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FASTMUL_CACHE_DIR", str(tmp_path))
    assert main(["cache", "info"]) == 0
    assert "0 files" in capsys.readouterr().out
    (tmp_path / "kernels" / "x").mkdir(parents=True)
    (tmp_path / "kernels" / "x" / "k.nbc").write_bytes(b"123")
    assert main(["cache", "clear"]) == 0
    assert "removed 1 files" in capsys.readouterr().out
    assert not (tmp_path / "kernels").exists()


def test_warmup(capsys):
    assert main(["warmup", "--only", "peak"]) == 0
    assert "1 kernels ready" in capsys.readouterr().out
    assert main(["warmup", "--only", "no such kernel"]) == 2
    assert "no such kernel" in capsys.readouterr().err


def test_the_catalogue_has_every_kernel():
    from fastmul.kernels.cpu.catalogue import kernels, name_of

    names = [name_of(k) for k in kernels()]
    assert names == sorted(names)
    assert len(set(map(id, kernels()))) == len(set(names)) == len(names)
    assert "peak.fma_passes" in names
    assert any("gemm_int64_rows" in name for name in names)


# ---------------------------------------------------------------- compare


def test_compare_writes_everything(tmp_path):
    outputs = {kind: tmp_path / f"found.{kind}" for kind in ("json", "png", "html")}
    written = [
        "--json",
        str(outputs["json"]),
        "--plot",
        str(outputs["png"]),
        "--html",
        str(outputs["html"]),
    ]
    done = run(
        "compare",
        "mul",
        "--sizes",
        "2^9",
        "1024",
        "--algorithms",
        "gmp",
        "--repetitions",
        "1",
        *written,
    )
    assert done.returncode == 0, done.stderr
    assert b"Integers: ns per limb" in done.stdout
    assert b"\033" not in done.stdout
    assert {r["size"] for r in json.loads(outputs["json"].read_text())["records"]} == {512, 1024}
    assert outputs["png"].read_bytes().startswith(b"\x89PNG")
    assert outputs["html"].read_text().startswith("<!doctype html>")
    assert sorted(os.listdir(tmp_path)) == ["found.html", "found.json", "found.png"]


def test_a_wrong_contestant_gives_status_1(tmp_path, monkeypatch, capsys):
    (tmp_path / "mine.py").write_text("def wrong(a, b): return a * b + 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    arguments = ["compare", "mul", "--sizes", "256", "--algorithms", "gmp", "--repetitions", "1"]
    assert main([*arguments, "--contestant", "mine:wrong"]) == 1
    assert "WRONG RESULT: wrong" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sizes", "64"], "--sizes needs an operation"),
        (["mul", "--sizes", "64", "--algorithms", "guess"], "guess"),
        (["matmul", "--sizes", "8", "--dtypes", "int99"], "int99"),
        (["mul", "--sizes", "8", "--contestant", "nowhere:f"], "nowhere:f"),
        (["mul", "--sizes", "8", "--plot", "picture.doc"], "picture.doc: draws .png, .svg, .pdf"),
        (["mul", "--sizes", "8", "--json", "nowhere/x.json"], "nowhere/x.json: No such file"),
        (["mul", "--sizes", "8", "--html", "/"], "/: Is a directory"),
    ],
)
def test_compare_refuses_in_one_line(arguments, said, capsys):
    assert main(["compare", *arguments]) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.count("\n") == 1


def test_pictures_need_matplotlib(monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["compare", "mul", "--sizes", "8", "--plot", "x.png"]) == 2
    assert "pip install 'fastmul[cli]'" in capsys.readouterr().err
