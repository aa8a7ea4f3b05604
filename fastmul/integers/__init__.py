"""Big integers: products, and numbers as arrays of 64-bit limbs."""
