// The product of two transforms, value by value.

#include "modular.cuh"

typedef long long index_t;

// x[i] = x[i] * y[i] mod p, balanced, for |x[i]|, |y[i]| <= p; multiply_mod wants one factor within p / 2.
extern "C" __global__ void multiply(double *x, const double *y, index_t count, double p, double inverse) {
  const Modulus m = {p, inverse};
  const index_t step = index_t(gridDim.x) * blockDim.x;
  for (index_t i = index_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step)
    x[i] = reduce_mod(multiply_mod(y[i], reduce_mod(x[i], m), m), m);
}
