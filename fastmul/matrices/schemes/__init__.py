"""Strassen-like schemes: data, verified against the definition of the matrix product, and run by one executor."""
