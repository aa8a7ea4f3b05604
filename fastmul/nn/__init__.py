"""What stands around the products of a neural network: epilogues, attention, dropout, gradients."""

from fastmul.nn.dropping import dropout, dropout_backward, dropout_mask

__all__ = ["dropout", "dropout_backward", "dropout_mask"]
