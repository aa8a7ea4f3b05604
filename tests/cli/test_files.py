"""Output appears whole or not at all; input errors are one line."""

import os
import stat

import numpy as np
import pytest

from fastmul.cli import main
from fastmul.cli.errors import CommandError
from fastmul.cli.files import whole_file


def test_a_file_appears_whole(tmp_path):
    path = tmp_path / "out"
    with whole_file(path) as file:
        file.write(b"half")
        assert not path.exists()
    assert path.read_bytes() == b"half"
    assert os.listdir(tmp_path) == ["out"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "out"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with pytest.raises(ZeroDivisionError), whole_file(path) as file:
        file.write(b"%d" % (1 // 0))
    assert path.read_bytes() == b"old"
    with whole_file(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["out"]


def test_a_full_disk_is_one_line(tmp_path):
    with pytest.raises(CommandError, match="No space left"), whole_file(tmp_path / "out"):
        raise OSError(28, "No space left on device")
    assert os.listdir(tmp_path) == []


def test_a_link_stays_and_a_pipe_is_written_into(tmp_path):
    target, link, pipe = (tmp_path / name for name in ("target", "link", "pipe"))
    link.symlink_to(target)
    with whole_file(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with whole_file(pipe) as file:
        file.write(b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_no_folder_is_one_line(tmp_path):
    with pytest.raises(CommandError, match="No such file"), whole_file(tmp_path / "none" / "out"):
        pass


# ---------------------------------------------------------------- matmul


@pytest.fixture
def files(tmp_path):
    """a, b and other operands on disk; names are relative to the current folder."""
    rng = np.random.default_rng(1)
    arrays = {
        "a": rng.integers(-9, 9, (3, 5)), "b": rng.integers(-9, 9, (5, 2)), "f": rng.random((5, 2)),
        "i8": rng.integers(-128, 127, (5, 5), dtype=np.int8), "u": np.ones((5, 2), np.uint64),
        "huge": np.full((5, 2), 2**62), "c": np.ones((2, 2), complex), "s": np.array(["x"]),
    }  # fmt: skip
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    np.save(tmp_path / "o.npy", np.array([1, None], object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("1 2 3")
    header = b"\x93NUMPY\x01\x00\x76\x00{'descr': '<i8', 'fortran_order': False, 'shape': (99"
    (tmp_path / "header.npy").write_bytes(header.ljust(128))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-8])
    before = os.getcwd()
    os.chdir(tmp_path)
    yield arrays
    os.chdir(before)


def test_matmul(files):
    assert main(["matmul", "a.npy", "b.npy", "-o", "out.npy"]) == 0
    found = np.load("out.npy")
    assert found.dtype == np.int64
    assert np.array_equal(found, files["a"] @ files["b"])


def test_matmul_options(files):
    assert main(["matmul", "i8.npy", "i8.npy", "--dtype", "int32", "--algorithm", "gemm", "--threads", "1",
                 "--verify", "-o", "out.npy"]) == 0  # fmt: skip
    assert np.array_equal(
        np.load("out.npy"), files["i8"].astype(np.int32) @ files["i8"].astype(np.int32)
    )


def test_matmul_over_other_rings(files, capsys):
    a, b = files["a"], files["b"]
    assert main(["matmul", "a.npy", "b.npy", "--mod", "2^31", "-o", "out.npy"]) == 0
    assert np.array_equal(np.load("out.npy"), a.astype(object) @ b.astype(object) % 2**31)
    assert (
        main(["matmul", "a.npy", "b.npy", "--mod", "7", "--semiring", "min_plus", "-o", "no.npy"])
        == 2
    )
    assert "mod=7, semiring=" in capsys.readouterr().err
    assert main(["matmul", "a.npy", "b.npy", "--accuracy", "reproducible", "-o", "no.npy"]) == 2
    assert "is for floats" in capsys.readouterr().err


def test_explain_over_other_rings(capsys):
    for options, chosen in (
        (["--semiring", "min_plus"], "over min_plus"),
        (["--mod", "998244353"], "modulo 998244353"),
    ):
        assert main(["explain", "matmul", "300", "300", "300", "int32", *options]) == 0
        assert chosen in capsys.readouterr().out
    assert main(["explain", "matmul", "9", "9", "9", "float64", "--accuracy", "reproducible"]) == 0
    assert "-> ozaki" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.npy", "b.npy"], "none.npy: No such file"),
        ([".", "b.npy"], "Is a directory"),
        (["text.npy", "b.npy"], "text.npy: no array as numpy.save writes it"),
        (["cut.npy", "b.npy"], "cut.npy: no array"),
        (["header.npy", "b.npy"], "header.npy: no array"),
        (["a.npy", "b.npy", "--dtype", "object"], "Python integers"),
        (["o.npy", "b.npy"], "o.npy: no array"),
        (["a.npy", "a.npy"], "(3, 5)"),
        (["a.npy", "u.npy"], "uint64"),
        (["a.npy", "s.npy"], "s.npy"),
        (["a.npy", "b.npy", "--dtype", "int99"], "int99"),
        (["a.npy", "huge.npy", "--overflow", "raise"], "huge.npy"),
        (["a.npy", "f.npy", "--overflow", "raise"], "f.npy"),
        (["a.npy", "b.npy", "--algorithm", "guess"], "guess"),
    ],
)
def test_what_cannot_be_multiplied_is_one_line_and_no_file(files, capsys, arguments, said):
    assert main(["matmul", *arguments, "-o", "out.npy"]) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.startswith("fastmul matmul: ")
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert not os.path.exists("out.npy")
    assert not [name for name in os.listdir() if name.startswith(".")]


def test_a_promoted_product_beyond_64_bits_has_no_npy(files, capsys):
    np.save("p.npy", np.full((5, 2), 2**62) * 1)
    assert main(["matmul", "huge.npy", "a.npy", "-o", "out.npy"]) == 2  # shapes
    np.save("q.npy", np.full((2, 5), 2**62))
    assert main(["matmul", "q.npy", "p.npy", "--overflow", "promote", "-o", "out.npy"]) == 2
    assert "Python integers" in capsys.readouterr().err
    assert not os.path.exists("out.npy")
