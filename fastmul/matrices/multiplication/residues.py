"""Integer matrices of any size by residues: exact products modulo many small numbers, and the Chinese remainder.

    integers  ->  residues modulo m_1, m_2, ...  ->  one narrow product for each m_i  ->  residues  ->  integers

The residues fit the dot-product instructions of the packed kernel (uint8 by int8, or int16), whose int32 sums are
exact (`bounds.residues`). Moduli are taken in batches, so that the residues of a batch stay small beside the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from fastmul.bounds import residues as bounds
from fastmul.exceptions import AlgorithmError
from fastmul.matrices.multiplication.numbers import Numbers, NumbersProblem, limbs_for
from fastmul.planning import cost as costs
from fastmul.planning import memory
from fastmul.runtime.scratch import lease
from fastmul.runtime.threads import get_threads
from fastmul.runtime.threads import run as run_threads
from fastmul.transforms.residue_systems import Encoder, ResidueSystem

#: Residues of both operands that are made at a time take at most about so many bytes.
BATCH_BYTES = 48 << 20
#: Tiles times words times moduli that one chunk encodes: a few milliseconds.
CHUNK_WORK = 1 << 18
#: Entries times moduli that one chunk decodes: a few milliseconds.
CHUNK_RESIDUES = 1 << 22
#: Sums of products of halves may be cut into pieces of so many: shorter ones for larger, and more, moduli.
PIECES = (2048, 1024, 512, 256, 128, 64, 32)


class Kind(NamedTuple):
    """The ring of the packed kernel that multiplies residues of a kind, and the dtypes of both sides."""

    ring: str
    a: np.dtype
    b: np.dtype  # also that of the reduced products


KINDS = {
    "bytes": Kind("uint8_int8_int32", np.dtype(np.uint8), np.dtype(np.int8)),
    "halves": Kind("int16_int32", np.dtype(np.int16), np.dtype(np.int16)),
}

# Nanoseconds on one core of an AMD Zen 4 (2026-11-24, n = 256): to encode a number, modulo one m, without and for each
# of its words; to reduce an entry modulo one m; to decode an entry, for each m, and for each group of them and column.
ENCODE_NS = {"bytes": (0.15, 0.05), "halves": (0.45, 0.06)}
REDUCE_NS = {"bytes": 0.8, "halves": 1.2}
DECODE_NS, DECODE_WORD_NS = 0.3, 0.2
#: The steps in Python of one product, and of one modulus, in nanoseconds.
CALL_NS, MODULUS_NS = 60_000, 12_000


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

    Raises
    ------
    MemoryError : residues and result would not fit.
    """
    (m, k), n = a.shape, b.shape[1]
    highest = k << (a_bits + b_bits)
    problem = NumbersProblem(m, k, n, a_bits, b_bits, highest, limbs_for(highest), threads)
    out = np.empty((m, n, problem.n_limbs), np.uint64)
    return run(problem, Numbers.of(a), Numbers.of(b), out)


def matmul(a: Any, b: Any) -> Any:
    """a @ b of integers, by residues."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, algorithm="residues")


def refuses(problem: NumbersProblem) -> str | None:
    if system_for(problem) is None:
        return f"its entries have up to {problem.highest.bit_length()} bits, more than all coprime moduli together"
    return None


def cost(problem: NumbersProblem) -> float:
    system = system_for(problem)
    return seconds(problem, system) if system else float("inf")


def system_for(problem: NumbersProblem) -> ResidueSystem | None:
    """The residues that are predicted fastest; None if no moduli suffice."""
    # up to a power of 2, so that few are ever asked for
    rounded = 1 << problem.highest.bit_length()
    return _fastest(problem._replace(highest=rounded, threads=None))


@lru_cache(maxsize=1024)
def _fastest(problem: NumbersProblem) -> ResidueSystem | None:
    able = list(systems(problem))
    return min(able, key=lambda system: seconds(problem, system), default=None)


costs.clear_with_curves(_fastest.cache_clear)


def systems(problem: NumbersProblem) -> Iterator[ResidueSystem]:
    """Every kind of residues, with the fewest moduli for each length of sums."""
    from fastmul.runtime.target import target

    largest = {("halves", bounds.largest_modulus("halves", min(problem.k, p))) for p in PIECES}
    if target().vnni:  # elsewhere bytes are multiplied as halves
        largest.add(("bytes", bounds.LARGEST["bytes"]))
    for kind, m in sorted(largest):
        chosen = bounds.moduli(m, problem.highest)
        if chosen and len(bounds.groups(chosen)) <= bounds.MAX_GROUPS:
            yield ResidueSystem(kind, chosen)


def seconds(problem: NumbersProblem, system: ResidueSystem) -> float:
    """The predicted time of a product by these residues."""
    m, k, n, t = problem.m, problem.k, problem.n, len(system.moduli)
    depth = min(k, system.depth)
    pieces = -(-k // max(depth, 1))
    product = costs.seconds(f"matmul.packed.{KINDS[system.kind].ring}", (m * depth * n) ** (1 / 3))
    fixed, by_word = ENCODE_NS[system.kind]
    a_words, b_words = (-(-bits // 32) for bits in (problem.a_bits, problem.b_bits))
    encode = fixed * (m * k + k * n) + by_word * (a_words * m * k + b_words * k * n)
    groups, columns = len(bounds.groups(system.moduli)), 64 / 52 * problem.n_limbs
    decode = DECODE_NS * t + DECODE_WORD_NS * (groups + 1) * columns
    each = encode + pieces * (REDUCE_NS[system.kind] * m * n + MODULUS_NS)
    return t * (pieces * product + 1e-9 * each) + 1e-9 * (decode * m * n + CALL_NS)


def run(problem: NumbersProblem, a: Numbers, b: Numbers, out: np.ndarray) -> np.ndarray:
    """out = the (m, n, n_limbs) limbs, in two's complement, of the product; C-contiguous."""
    m, k, n, n_limbs = problem.m, problem.k, problem.n, problem.n_limbs
    if not (m and n and k and problem.highest):
        out[...] = 0
        return out
    system = system_for(problem)
    if system is None:
        raise AlgorithmError(f"residues refuse {problem}: {refuses(problem)}")
    from fastmul.kernels.cpu import residues_decode

    n_threads = get_threads(problem.threads)
    dtype, columns, t = KINDS[system.kind].b, whole_tiles(m * n), len(system.moduli)
    n_bytes = t * columns * dtype.itemsize
    memory.require(n_bytes + BATCH_BYTES + out.nbytes, problem)
    with lease(n_bytes) as scratch:
        residues = scratch[:n_bytes].view(dtype).reshape(t, columns)
        _multiply_residues(system, a, b, residues, n_threads)
        decode = getattr(residues_decode, f"decode_{system.kind}")
        d = system.decoder(n_limbs)
        limbs = out.reshape(m * n, n_limbs)

        def decode_chunk(start: int, stop: int) -> None:
            decode(residues, d.factors, d.starts, d.lifts, d.inverses, d.words, start, stop, limbs)

        per_chunk = max(1, CHUNK_RESIDUES // (residues_decode.ENTRIES * t))
        run_chunks(decode_chunk, -(-m * n // residues_decode.ENTRIES), per_chunk, n_threads)
    return out


def _multiply_residues(
    system: ResidueSystem, a: Numbers, b: Numbers, residues: np.ndarray, n_threads: int
) -> None:
    """residues[i] = (a @ b) / (M / m_i) modulo m_i, the modulus number i."""
    from fastmul.kernels.cpu import gemm
    from fastmul.kernels.cpu import residues as kernels

    ring, a_type, b_type = KINDS[system.kind]
    encode_b = getattr(kernels, f"encode_{system.kind}")
    encode_a = kernels.encode_nonnegative if system.kind == "bytes" else encode_b
    encoders = [system.encoder(x.words.shape[1], x.signed) for x in (a, b)]
    reducer = system.reducer()
    m, k, n = a.rows, a.columns, b.columns
    a_size, b_size = whole_tiles(m * k), whole_tiles(k * n)
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

    def encode_chunk(start: int, stop: int) -> None:
        kernel(words, encoder.flips, weights, moduli, encoder.segment, add, start, stop, out)

    per_chunk = max(1, CHUNK_WORK // (words.shape[1] * len(moduli)))
    run_chunks(encode_chunk, whole_tiles(words.shape[0]) // _tile(), per_chunk, n_threads)


def run_chunks(function: Callable[..., Any], count: int, step: int, n_threads: int) -> None:
    """function(start, stop) over 0 ... count, `step` at a time."""
    chunks = ((start, min(count, start + step)) for start in range(0, count, step))
    run_threads(function, chunks, n_threads)


def _tile() -> int:
    from fastmul.kernels.cpu.residues import TILE

    return TILE


def whole_tiles(count: int) -> int:
    """`count` numbers, rounded up to whole tiles."""
    tile = _tile()
    return -(-count // tile) * tile
