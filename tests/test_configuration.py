"""show_config: one aligned page, whatever is missing or misconfigured."""

import pytest

import fastmul
from tests.runtime.processes import run_python

SECTIONS = ["versions", "machine code", "BLAS", "threads", "kernel cache", "costs", "backends"]


def test_the_dictionary_has_every_section():
    shown = fastmul.show_config(mode="dict")
    assert list(shown) == SECTIONS
    assert shown["versions"]["fastmul"] == fastmul.__version__
    assert all(isinstance(text, str) and text for rows in shown.values() for text in rows.values())
    assert set(shown["costs"]) >= {"machine", "date", "command"}


def test_the_page_is_aligned_and_returns_nothing(capsys):
    assert fastmul.show_config() is None
    page = capsys.readouterr().out
    shown = fastmul.show_config(mode="dict")
    rows = [line for line in page.splitlines() if line.startswith("  ")]
    texts = [text for section in shown.values() for text in section.values()]
    assert len({row.index(text, 2) for row, text in zip(rows, texts, strict=True)}) == 1
    assert [line for line in page.splitlines() if line and line[0] != " "] == SECTIONS


def test_another_mode_is_refused():
    with pytest.raises(ValueError, match=r"show_config\(mode='json'\): mode is"):
        fastmul.show_config(mode="json")


def test_each_backend_is_there_or_says_why():
    backends = fastmul.show_config(mode="dict")["backends"]
    assert backends["cpu"] == "available"
    assert backends["cuda"] == "available" or len(backends["cuda"]) > len("absent: ")


def test_threads_name_their_source(monkeypatch):
    monkeypatch.setenv("FASTMUL_NUM_THREADS", "3")
    assert fastmul.show_config(mode="dict")["threads"]["in use"] == "3 (from FASTMUL_NUM_THREADS)"
    with fastmul.threads(2):
        assert fastmul.show_config(mode="dict")["threads"]["in use"] == "2 (from fastmul.threads())"
    monkeypatch.setenv("FASTMUL_NUM_THREADS", "many")
    shown = fastmul.show_config(mode="dict")["threads"]["in use"]
    assert shown == "none: FASTMUL_NUM_THREADS must be an integer of at least 1, got 'many'"


def test_the_cache_is_measured_and_tried(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTMUL_CACHE_DIR", str(tmp_path / "new"))
    shown = fastmul.show_config(mode="dict")["kernel cache"]
    assert shown["folder"].startswith(str(tmp_path / "new"))
    assert (shown["all versions"], shown["writable"]) == ("0 B in 0 files", "yes")
    kernels = tmp_path / "new/kernels/key/name"
    kernels.mkdir(parents=True)
    (kernels / "a.nbi").write_bytes(bytes(24))
    (kernels / "a.1.nbc").write_bytes(bytes(2024))
    assert fastmul.show_config(mode="dict")["kernel cache"]["all versions"] == "2 KiB in 2 files"
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("FASTMUL_CACHE_DIR", str(file))
    assert fastmul.show_config(mode="dict")["kernel cache"]["writable"].startswith("no")


def test_overrides_of_the_target_are_shown():
    out = run_python(
        "import fastmul; print(fastmul.show_config(mode='dict')['machine code'])",
        NUMBA_CPU_NAME="haswell",
        NUMBA_CPU_FEATURES="+avx2,+fma",
    )
    shown = eval(out)
    assert shown["overridden by"] == "NUMBA_CPU_NAME=haswell NUMBA_CPU_FEATURES=+avx2,+fma"
    assert shown["vectors"] == "portable"
