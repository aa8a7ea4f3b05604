"""The product of packed matrices over GF(2): its table, one file per algorithm."""
