"""Kernels on matrices over GF(2), packed 64 entries to a word.

    words (m, ceil(n / 64)) uint64, C order:  bit b of words[i, w] is the entry (i, 64 w + b); the bits beyond
                                              column n - 1 are zeros

    row i   | b0 b1 ... b63 | b64 ... b127 | ... | ... b(n-1) 0 0 |
            | words[i, 0]   | words[i, 1]  |     | words[i, -1]   |      lowest bit first

Sums are exclusive ors of words. Views of whole words of some rows are matrices again, which the blocked algorithms
live on.
"""
