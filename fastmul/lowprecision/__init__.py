"""Low precision: the matmuls of a language model as exact integer products between two declared roundings."""

from fastmul.lowprecision import formats
from fastmul.lowprecision.multiplication.product import matmul
from fastmul.lowprecision.quantization import dequantize, quantize
from fastmul.lowprecision.quantized import Quantized
from fastmul.runtime.philox import Philox

__all__ = ["Philox", "Quantized", "dequantize", "formats", "matmul", "quantize"]
