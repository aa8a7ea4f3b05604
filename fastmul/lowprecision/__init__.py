"""Low precision: the matmuls of a language model as exact integer products between two declared roundings."""

from fastmul.runtime.philox import Philox

__all__ = ["Philox"]
