"""Tensors of torch, and whatever speaks DLPack, in and out without a copy."""

import numpy as np
import pytest

from fastmul.exceptions import DeviceError
from fastmul.lowprecision import Quantized, foreign, matmul, quantize
from tests.lowprecision.test_quantize import normal
from tests.runtime.processes import run_python


class Tensor:
    """No __array__, no buffer: DLPack alone."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


def test_dlpack_comes_in():
    x = normal(4, 32)
    found = quantize(Tensor(x), "mxfp4_e2m1")
    np.testing.assert_array_equal(found.codes, quantize(x, "mxfp4_e2m1").codes)
    assert np.shares_memory(foreign.as_array(Tensor(x)), x)


def test_torch_is_not_imported():
    run_python(
        "import sys, numpy as np; from fastmul.lowprecision import quantize; "
        "quantize(np.ones((2, 32), np.float32), 'float8_e4m3fn').dequantize(); assert 'torch' not in sys.modules"
    )


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="tensors need torch, which is no dependency")


TORCH_FORMATS = (
    "float16",
    "bfloat16",
    "float8_e4m3fn",
    "float8_e5m2",
    "float8_e4m3fnuz",
    "float8_e5m2fnuz",
)


@pytest.mark.parametrize("name", TORCH_FORMATS)
def test_tensors_of_every_float_type(torch, name):
    x = normal(8, 64)
    tensor = torch.from_numpy(x).to(getattr(torch, name))
    found = quantize(tensor, name)
    codes, scales = found.to_torch()
    assert scales is None
    assert codes.dtype == tensor.dtype
    assert torch.equal(codes.view(torch.uint8), tensor.view(torch.uint8))
    np.testing.assert_array_equal(found.dequantize(), tensor.to(torch.float32).numpy())
    inside = Quantized(tensor, None, name)
    np.testing.assert_array_equal(inside.codes, found.codes)
    assert np.shares_memory(codes.view(torch.uint8).numpy(), found.codes)


def test_float32_tensors_are_cast_as_torch_does_where_nothing_overflows(torch):
    x = normal(64, 64, spread=6)
    x = np.clip(x, -200, 200)
    for name in TORCH_FORMATS:
        theirs = torch.from_numpy(x).to(getattr(torch, name)).view(torch.uint8).numpy()
        np.testing.assert_array_equal(
            quantize(torch.from_numpy(x), name).codes.view(np.uint8), theirs
        )


def test_blocks_of_torch(torch):
    x = torch.from_numpy(normal(4, 64)).requires_grad_()
    found = quantize(x, "mxfp8_e4m3")
    codes, scales = found.to_torch()
    assert (codes.dtype, scales.dtype) == (torch.float8_e4m3fn, torch.float8_e8m0fnu)
    np.testing.assert_array_equal(
        Quantized(codes, scales, "mxfp8_e4m3").dequantize(), found.dequantize()
    )
    packed = quantize(x, "mxfp4_e2m1").to_torch()[0]
    assert packed.dtype == torch.float4_e2m1fn_x2
    again = Quantized(packed, quantize(x, "mxfp4_e2m1").to_torch()[1], "mxfp4_e2m1")
    np.testing.assert_array_equal(again.codes, quantize(x, "mxfp4_e2m1").codes)
    int8, of_tokens = quantize(x, "int8", scaling="token").to_torch()
    assert (int8.dtype, of_tokens.dtype) == (torch.int8, torch.float32)
    assert quantize(x, "tf32").to_torch()[0].dtype == torch.uint32


def test_products_of_tensors_say_how(torch):
    x = torch.ones(2, 3).to(torch.bfloat16)
    with pytest.raises(TypeError, match=r"quantize\(x, format, axis=1\) takes it"):
        matmul(x, x.T)
    a, b = Quantized(x, None, "bfloat16", 1), quantize(x.T, "bfloat16", axis=0)
    np.testing.assert_array_equal(matmul(a, b), np.full((2, 2), 3, np.float32))


def test_only_the_cpus_tensors(torch):
    with pytest.raises(DeviceError, match=r"call .cpu\(\) first"):
        quantize(torch.empty(4, device="meta"), "int8")
