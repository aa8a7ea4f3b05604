"""What stands around the products of a neural network: epilogues, attention, dropout, gradients."""

from fastmul.nn.activations import (
    gelu,
    gelu_backward,
    relu,
    relu_backward,
    sigmoid,
    silu,
    silu_backward,
    tanh,
)
from fastmul.nn.block_dropping import (
    block_dropout_mask,
    dropout_matmul,
    dropout_matmul_backward,
)
from fastmul.nn.dropping import dropout, dropout_backward, dropout_mask
from fastmul.nn.epilogues import Epilogue
from fastmul.nn.fused_products import linear
from fastmul.nn.gradient_estimators import (
    clamp_outliers,
    differentiable_gradient,
    straight_through,
)
from fastmul.nn.loss_scaling import LossScaler
from fastmul.nn.losses import softmax_cross_entropy
from fastmul.nn.normalization import (
    LayerNorm,
    RMSNorm,
    layer_norm,
    layer_norm_backward,
    rms_norm,
    rms_norm_backward,
)
from fastmul.nn.scaled_dot_product import attention, attention_backward

__all__ = [
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
]
