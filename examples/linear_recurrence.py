"""The 10^18th term of a linear recurrence, modulo a prime.

x[n] = x[n-1] + 2 x[n-2] + 3 x[n-3] is a matrix that carries (x[n-1], x[n-2], x[n-3]) to (x[n], x[n-1], x[n-2]);
its powers take 60 squarings where stepping through would take 30 years.
"""

import numpy as np

import fastmul

P = 1_000_000_007
step = np.array([[1, 2, 3], [1, 0, 0], [0, 1, 0]])
start = np.array([1, 1, 0])  # x[2], x[1], x[0]


def term(n):
    return int(fastmul.matmul(fastmul.matrix_power(step, n, mod=P), start, mod=P)[2])


print("the first terms:", *(term(n) for n in range(10)))
print(f"term 10^18 modulo {P}: {term(10**18)}")

x = [0, 1, 1]
while len(x) < 10_000:
    x.append((x[-1] + 2 * x[-2] + 3 * x[-3]) % P)
assert all(term(n) == x[n] for n in (0, 1, 2, 3, 1234, 9_999))
