"""Matrices most of whose entries are zeros, which no product looks at: scipy's, of blocks, two of four."""
