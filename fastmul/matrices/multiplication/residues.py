"""Integer matrices of any size by residues: exact products modulo many small numbers, and the Chinese remainder.

    integers  ->  residues modulo m_1, m_2, ...  ->  one narrow product for each m_i  ->  residues  ->  integers

The residues fit the dot-product instructions of the packed kernel (uint8 by int8, or int16), whose int32 sums are
exact (`bounds.residues`). Moduli are taken in batches, so that the residues of a batch stay small beside the numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmul.bounds import residues as bounds
from fastmul.exceptions import AlgorithmError
from fastmul.runtime.scratch import lease
from fastmul.runtime.threads import get_threads, run
from fastmul.transforms.residue_systems import Encoder, ResidueSystem

#: Residues of both operands that are made at a time take at most about so many bytes.
BATCH_BYTES = 48 << 20
#: Tiles times words times moduli that one chunk encodes: a few milliseconds.
CHUNK_WORK = 1 << 18
#: Entries times moduli that one chunk decodes: a few milliseconds.
CHUNK_RESIDUES = 1 << 22
#: The ring of the packed kernel that multiplies residues of each kind, and the dtypes of both sides.
RING = {
    "bytes": ("uint8_int8_int32", np.dtype(np.uint8), np.dtype(np.int8)),
    "halves": ("int16_int32", np.dtype(np.int16), np.dtype(np.int16)),
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """A matrix of integers of equally many 32-bit words: `words` is (rows * columns, n_words), row by row."""

    rows: int
    columns: int
    words: np.ndarray
    signed: bool

    @classmethod
    def of(cls, x: np.ndarray) -> Numbers:
        """Of an (m, k) int64 or uint64 array, or an (m, k, n_limbs) uint64 array."""
        rows, columns, *n_limbs = x.shape
        words = np.ascontiguousarray(x).reshape(rows * columns, *n_limbs or (1,)).view(np.uint32)
        return cls(rows, columns, words, x.dtype.kind == "i")


def multiply_int64(
    a: np.ndarray, b: np.ndarray, a_bits: int, b_bits: int, threads: int | None = None
) -> np.ndarray:
    """a @ b of 64-bit integers, exactly: every bit of every entry.

    Parameters
    ----------
    a, b : (m, k), (k, n) int64 or uint64 arrays with |a| <= 2**a_bits, |b| <= 2**b_bits (not checked).
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    (m, n, n_limbs) uint64 array: little-endian limbs in two's complement, as many as hold k * 2**(a_bits + b_bits)
    and a sign.
    """
    k = a.shape[1]
    highest = k << (a_bits + b_bits)
    n_limbs = max(1, -(-(highest.bit_length() + 1) // 64))
    return multiply(Numbers.of(a), Numbers.of(b), highest, n_limbs, threads)


def system_for(k: int, highest: int) -> ResidueSystem | None:
    """The residues that multiply fastest sums of k products with |X| <= highest; None if no moduli suffice."""
    from fastmul.runtime.target import target

    if target().vnni:
        chosen = bounds.moduli(bounds.LARGEST["bytes"], highest)
        if chosen:
            return ResidueSystem("bytes", chosen)
    chosen = bounds.moduli(bounds.largest_modulus("halves", min(k, PIECE)), highest)
    return ResidueSystem("halves", chosen) if chosen else None


#: Long sums of products of halves are cut into pieces of at most so many, for the sake of larger moduli.
PIECE = 1024


def multiply(
    a: Numbers, b: Numbers, highest: int, n_limbs: int, threads: int | None = None
) -> np.ndarray:
    """The (m, n, n_limbs) limbs, two's complement, of the product; its entries are at most `highest` in magnitude."""
    m, k, n = a.rows, a.columns, b.columns
    out = np.empty((m, n, n_limbs), np.uint64)
    if not (m and n and k and highest):
        out[...] = 0
        return out
    system = system_for(k, highest)
    if system is None:
        raise AlgorithmError(
            f"a product of up to {highest.bit_length()} bits takes more residues than there are coprime moduli"
        )
    from fastmul.kernels.cpu import residues_decode

    n_threads = get_threads(threads)
    item = RING[system.kind][2].itemsize
    columns = _whole_tiles(m * n)
    with lease(len(system.moduli) * columns * item) as memory:
        residues = memory[: len(system.moduli) * columns * item].view(RING[system.kind][2])
        residues = residues.reshape(-1, columns)
        _multiply_residues(system, a, b, residues, n_threads)
        decode = getattr(residues_decode, f"decode_{system.kind}")
        decoder = system.decoder(n_limbs)

        def decode_chunk(start: int, stop: int) -> None:
            decode(
                residues, decoder.factors, decoder.starts, decoder.lifts, decoder.inverses, decoder.words,
                start, stop, out.reshape(m * n, n_limbs),
            )  # fmt: skip

        tiles = -(-m * n // residues_decode.ENTRIES)
        per_chunk = max(1, CHUNK_RESIDUES // (residues_decode.ENTRIES * len(system.moduli)))
        run(decode_chunk, _chunks(tiles, per_chunk), n_threads)
    return out


def _multiply_residues(
    system: ResidueSystem, a: Numbers, b: Numbers, residues: np.ndarray, n_threads: int
) -> None:
    """residues[i] = (a @ b) / (M / m_i) modulo m_i, the modulus number i."""
    from fastmul.kernels.cpu import gemm
    from fastmul.kernels.cpu import residues as kernels

    ring, a_type, b_type = RING[system.kind]
    encode_b = getattr(kernels, f"encode_{system.kind}")
    encode_a = kernels.encode_nonnegative if system.kind == "bytes" else encode_b
    encoders = [system.encoder(x.words.shape[1], x.signed) for x in (a, b)]
    reducer = system.reducer()
    m, k, n = a.rows, a.columns, b.columns
    a_size, b_size = _whole_tiles(m * k), _whole_tiles(k * n)
    modulus_bytes = (a_size + b_size) * a_type.itemsize
    batch = min(len(system.moduli), max(1, BATCH_BYTES // modulus_bytes))
    c_bytes = m * n * 4
    with lease(batch * modulus_bytes + c_bytes) as memory:
        c = memory[:c_bytes].view(np.int32).reshape(m, n)
        rest = memory[c_bytes : c_bytes + batch * modulus_bytes]
        xs = rest[: batch * a_size * a_type.itemsize].view(a_type).reshape(batch, a_size)
        ys = rest[batch * a_size * a_type.itemsize :].view(b_type).reshape(batch, b_size)
        for first in range(0, len(system.moduli), batch):
            some = slice(first, min(len(system.moduli), first + batch))
            _encode(encode_a, a.words, encoders[0], some, xs, n_threads)
            _encode(encode_b, b.words, encoders[1], some, ys, n_threads)
            for i in range(some.start, some.stop):
                x = xs[i - first, : m * k].reshape(m, k)
                y = ys[i - first, : k * n].reshape(k, n)
                for start in range(0, k, system.depth):
                    piece = slice(start, start + system.depth)
                    gemm.multiply(x[:, piece], y[piece], c, ring, n_threads)
                    words = c.view(np.uint32).reshape(m * n, 1)
                    this = slice(i, i + 1)
                    _encode(encode_b, words, reducer, this, residues[this], n_threads, start > 0)


def _encode(
    kernel: Callable[..., Any], words: np.ndarray, encoder: Encoder, some: slice, out: np.ndarray, n_threads: int,
    add: bool = False,
) -> None:  # fmt: skip
    """out = the residues of the numbers `words` modulo `some` moduli (plus what stands there)."""
    weights, moduli = encoder.weights[some], encoder.moduli[some]
    tiles = _whole_tiles(words.shape[0]) // _tile()

    def encode_chunk(start: int, stop: int) -> None:
        kernel(words, encoder.flips, weights, moduli, encoder.segment, add, start, stop, out)

    per_chunk = max(1, CHUNK_WORK // (words.shape[1] * len(moduli)))
    run(encode_chunk, _chunks(tiles, per_chunk), n_threads)


def _chunks(count: int, step: int) -> list[tuple[int, int]]:
    return [(start, min(count, start + step)) for start in range(0, count, step)]


def _tile() -> int:
    from fastmul.kernels.cpu.residues import TILE

    return TILE


def _whole_tiles(count: int) -> int:
    """`count` numbers, rounded up to whole tiles."""
    tile = _tile()
    return -(-count // tile) * tile
