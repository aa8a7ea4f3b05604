"""`fastmul compare integers`: products of big integers in their whole breadth."""
