"""BLAS threads are bounded for a call and restored."""

from __future__ import annotations

from threadpoolctl import threadpool_info

from fastmul.runtime import blas


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_limit():
    import numpy  # noqa: F401 (loads BLAS)

    before = blas_threads()
    with blas.limit(1):
        assert set(blas_threads()) == {1}
    assert blas_threads() == before
    with blas.limit(None):
        assert blas_threads() == before
    assert blas._controller() is blas._controller()
