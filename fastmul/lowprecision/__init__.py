"""Low precision: the matmuls of a language model as exact integer products between two declared roundings."""

from fastmul.lowprecision import accumulators, formats
from fastmul.lowprecision.accumulators import Accumulator
from fastmul.lowprecision.multiplication.product import matmul
from fastmul.lowprecision.quantization import dequantize, quantize
from fastmul.lowprecision.quantized import Quantized
from fastmul.lowprecision.reporting import error_report
from fastmul.lowprecision.training import matmul_backward
from fastmul.runtime.philox import Philox

__all__ = [
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
]
