"""What stands around the products of a neural network: epilogues, attention, dropout, gradients."""

from fastmul.nn.block_dropping import (
    block_dropout_mask,
    dropout_matmul,
    dropout_matmul_backward,
)
from fastmul.nn.dropping import dropout, dropout_backward, dropout_mask

__all__ = [
    "block_dropout_mask",
    "dropout",
    "dropout_backward",
    "dropout_mask",
    "dropout_matmul",
    "dropout_matmul_backward",
]
