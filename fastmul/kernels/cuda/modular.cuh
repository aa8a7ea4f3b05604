// Arithmetic modulo a prime p (about 2^50) in float64: residues are signed integers in doubles, kept small in units of p.
// fastmul/bounds/ntt.py proves that every step is exact, for these operations with these roundings: each is written as an
// intrinsic that no compiler flag may contract or reassociate.
#pragma once

struct Modulus {
  double p, inverse;  // inverse = fl(1 / p)
};

// a * w - q * p for a nearby integer q: the product's high part h and its exact error, each reduced once.
__device__ __forceinline__ double multiply_mod(double a, double w, Modulus m) {
  const double high = __dmul_rn(a, w);
  const double quotient = rint(__dmul_rn(high, m.inverse));
  const double low = __fma_rn(a, w, -high);
  return __dadd_rn(__fma_rn(-quotient, m.p, high), low);
}

// The representative of a nearest to zero, up to the rounding of a / p.
__device__ __forceinline__ double reduce_mod(double a, Modulus m) {
  return __fma_rn(-rint(__dmul_rn(a, m.inverse)), m.p, a);
}
