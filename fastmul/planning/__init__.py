"""One operation, many algorithms: the rows of a table, which of them can, which of them is fastest."""
