"""What stands around the products of a neural network: epilogues, attention, dropout, gradients."""

__all__: list[str] = []
