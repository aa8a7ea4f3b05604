"""What runs. `reference` is the meaning, `cpu` (Numba) and `cuda` (CuPy) the speed: same names, same signatures."""
