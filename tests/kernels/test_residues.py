"""Integers to residues and back: every kind, sign and length, at the edges of tiles, segments and limbs."""

import random
from math import prod

import numpy as np
import pytest

from fastmul.bounds import residues as bounds
from fastmul.kernels.cpu import residues, residues_decode
from fastmul.transforms.residue_systems import ResidueSystem, balanced
from tests.guard_pages import guarded

KERNELS = {
    ("bytes", True): (residues.encode_nonnegative, np.uint8),
    ("bytes", False): (residues.encode_bytes, np.int8),
    ("halves", False): (residues.encode_halves, np.int16),
}
SYSTEMS = {
    "bytes": ResidueSystem("bytes", bounds.coprime_below(256)),
    "halves": ResidueSystem("halves", bounds.coprime_below(bounds.LARGEST["halves"])[:20]),
}


def numbers(count, bits, signed, rng):
    """Random, extreme, and next to ties of the reduction."""
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    chosen = [low, high, 0, 1, low + 1, high // 2, 255 * 127, 4095 * 8191 // 2]
    return [*chosen, *(rng.randint(low, high) for _ in range(count))][:count]


def words_of(values, n_words):
    return np.array(
        [[(v >> (32 * i)) & 0xFFFFFFFF for i in range(n_words)] for v in values], np.uint32
    )


@pytest.mark.parametrize(("kind", "nonnegative"), KERNELS)
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(
    ("count", "n_words"), [(1, 1), (65, 1), (63, 2), (130, 2), (64, 3), (9, 33), (70, 64)]
)
def test_encode(kind, nonnegative, signed, count, n_words):
    kernel, dtype = KERNELS[kind, nonnegative]
    values = numbers(count, 32 * n_words, signed, random.Random(count))
    encoder = SYSTEMS[kind].encoder(n_words, signed)
    moduli = SYSTEMS[kind].moduli
    tiles = -(-count // residues.TILE)
    out = np.zeros((len(moduli), tiles * residues.TILE), dtype)
    words = guarded(words_of(values, n_words))
    kernel(words, encoder.flips, encoder.weights, encoder.moduli, encoder.segment, 0, 0, tiles, out)
    for m, row in zip(moduli, out.tolist(), strict=True):
        for value, got in zip(values, row, strict=False):
            assert got == value % m if nonnegative else abs(2 * got) <= m
            assert (value - got) % m == 0


def test_encode_adds_what_stands_there():
    encoder = SYSTEMS["bytes"].encoder(1, True)
    values = numbers(64, 32, True, random.Random(1))
    out = np.full((len(SYSTEMS["bytes"].moduli), 64), -100, np.int8)
    words = words_of(values, 1)
    residues.encode_bytes(
        words, encoder.flips, encoder.weights, encoder.moduli, encoder.segment, 1, 0, 1, out
    )
    for m, row in zip(SYSTEMS["bytes"].moduli, out.tolist(), strict=True):
        assert all((value - 100 - got) % m == 0 for value, got in zip(values, row, strict=True))
        assert max(map(abs, row)) <= m / 2


def two_complement(limbs):
    value = sum(int(limb) << (64 * i) for i, limb in enumerate(limbs))
    top = 1 << (64 * len(limbs))
    return value - top if 2 * value >= top else value


@pytest.mark.parametrize("kind", SYSTEMS)
@pytest.mark.parametrize("n_limbs", [1, 2, 3, 4, 13, 14])
def test_decode(kind, n_limbs):
    """Every X up to the window's edge, also by the residues of largest magnitude."""
    rng = random.Random(n_limbs)
    largest = 256 if kind == "bytes" else 8192
    highest = 1 << min(64 * n_limbs - 1, 330 if kind == "bytes" else 2000)
    chosen = bounds.moduli(largest, highest - 1)
    system = ResidueSystem(kind, chosen)
    whole = prod(chosen)
    edge = highest - 1
    values = [
        edge,
        -edge,
        0,
        1,
        -1,
        edge // 2,
        -(edge // 3),
        *(rng.randint(-edge, edge) for _ in range(40)),
    ]
    y = np.zeros((len(chosen), 64), np.int8 if kind == "bytes" else np.int16)
    for i, m in enumerate(chosen):
        y[i, : len(values)] = [balanced(v * pow(whole // m, -1, m), m) for v in values]
    d = system.decoder(n_limbs)
    out = guarded(np.zeros((len(values), n_limbs), np.uint64))
    decode = getattr(residues_decode, f"decode_{kind}")
    decode(
        y,
        d.factors,
        d.starts,
        d.lifts,
        d.inverses,
        d.words,
        0,
        -(-len(values) // residues_decode.ENTRIES),
        out,
    )
    assert [two_complement(row) for row in out] == values


def test_decode_beyond_half_of_the_moduli_is_another_number():
    system = ResidueSystem("bytes", (256, 255))
    y = np.zeros((2, 64), np.int8)
    beyond = 256 * 255 // 2 + 100
    y[:, 0] = [balanced(beyond * pow(256 * 255 // m, -1, m), m) for m in system.moduli]
    d = system.decoder(1)
    out = np.zeros((1, 1), np.uint64)
    residues_decode.decode_bytes(y, d.factors, d.starts, d.lifts, d.inverses, d.words, 0, 1, out)
    assert two_complement(out[0]) == beyond - 256 * 255
