"""Kernels of what stands around the products of a neural network."""
