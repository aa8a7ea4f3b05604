"""CUDA kernels: `.cu` files, compiled by `loader`; same names and signatures as `fastmul.kernels.cpu`."""
