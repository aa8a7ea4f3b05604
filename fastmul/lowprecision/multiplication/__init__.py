"""Products of quantised operands: the table, and one file for each algorithm."""
