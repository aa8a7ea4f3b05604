"""What happens when a product does not fit: wrap, raise, or promote."""

import numpy as np

import fastmul

x = np.array([[100, 27], [1, 2]], dtype=np.int8)
y = np.array([[1, 2], [1, 50]], dtype=np.int8)

print("x @ y, int8:\n", x, "\n", y, "\n")
print('overflow="wrap", as NumPy does:\n', fastmul.matmul(x, y), "\n")

try:
    fastmul.matmul(x, y, overflow="raise")
except fastmul.ResultOverflowError as error:
    print('overflow="raise":\n', error, "\n")

# Not one entry is out of range here, although the bound from the dtypes alone could not say so.
print('overflow="raise" where all fit:\n', fastmul.matmul(x, y[:, :1], overflow="raise"), "\n")

wide = fastmul.matmul(x, y, overflow="promote")
print(f'overflow="promote" finds {wide.dtype}:\n', wide, "\n")

huge = np.full((2, 2), 2**62)
beyond = fastmul.matmul(huge, huge, overflow="promote")
print("and Python's integers where no machine integer is wide enough:\n", beyond)
assert beyond[0, 0] == 2**125
