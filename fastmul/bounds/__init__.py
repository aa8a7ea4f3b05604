"""The windows inside which machine arithmetic is exact: one idea per file, each with its proof.

Nothing outside this package knows 2**53.
"""
