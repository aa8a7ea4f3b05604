"""Low precision: the matmuls of a language model as exact integer products between two declared roundings."""

__all__: list[str] = []
