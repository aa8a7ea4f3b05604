"""Numbers in and out of text, at the speed of the products between.

Ten megabytes of decimals take some hundredths of a second either way.
"""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from fastmul.exceptions import ResultOverflowError

__all__ = ["read_ints", "write_ints"]

#: Bytes parsed, and numbers printed, between two looks at Ctrl-C: some 20 ms.
PARSED_AT_ONCE = 16 << 20
PRINTED_AT_ONCE = 1 << 20
#: Characters of a bad token that its message shows.
EXCERPT = 30


def read_ints(source: Any = None) -> np.ndarray:
    """All decimal integers of a text, as an int64 array.

    Numbers are separated by any whitespace and may have a sign.

    Parameters
    ----------
    source : bytes-like, str, or a stream, optional
        A binary or text stream is read to its end. Default: standard input.

    Returns
    -------
    (count,) int64 array; empty for a text without numbers.

    Raises
    ------
    ValueError : something is not a decimal integer; names its position in bytes, from 0.
    ResultOverflowError : a number is outside [-2**63, 2**63); names its position.
    TypeError : `source` is neither text nor a stream.

    Exactness
    ---------
    Every number in [-2**63, 2**63) is read exactly, and no other is read.

    Complexity
    ----------
    Time O(bytes); memory 8 bytes per number beside the text.

    Source
    ------
    Positional notation; overflow is tested only on numbers of more than 18 digits, since 10**18 < 2**63.

    Examples
    --------
    >>> read_ints(b"3 -5\\n+7\\t0")
    array([ 3, -5,  7,  0])
    >>> read_ints("12 1x")
    Traceback (most recent call last):
    ...
    ValueError: read_ints: '1x' at byte 3 is not a decimal integer
    """
    from fastmul.kernels.cpu import text as kernels

    text = _bytes_of(source)
    numbers = np.empty(kernels.count_tokens(text), np.int64)
    position = filled = 0
    while position < text.size:
        stop = min(text.size, position + PARSED_AT_ONCE)
        position, filled, outcome = kernels.parse(text, position, stop, numbers, filled)
        if outcome != kernels.FINE:
            where = f"read_ints: {_token_at(text, position)!r} at byte {position}"
            if outcome == kernels.OVERFLOW:
                raise ResultOverflowError(f"{where} does not fit int64")
            raise ValueError(f"{where} is not a decimal integer")
    return numbers


def write_ints(array: Any, stream: Any = None, *, separator: str = " ") -> None:
    """Write integers as decimal text: an array's last axis is a line.

    Parameters
    ----------
    array : array_like of integers of at most 64 bits; a scalar is a line of one number.
    stream : binary or text stream, optional
        Default: standard output.
    separator : str of one ASCII character, between the numbers of a line.

    Raises
    ------
    TypeError : `array` does not hold integers.
    ValueError : `separator` is not one ASCII character.

    Exactness
    ---------
    ``read_ints`` of the text is the array, for every dtype but uint64 above 2**63 - 1.

    Complexity
    ----------
    Time O(bytes); memory O(1) beside one chunk of text.

    Source
    ------
    Repeated division by ten, which the compiler turns into multiplication.

    Examples
    --------
    >>> import sys
    >>> write_ints([[1, -2], [30, 4]], sys.stdout)
    1 -2
    30 4
    """
    from fastmul.kernels.cpu import text as kernels

    lines = np.asarray(array)
    if lines.dtype.kind not in "iu" and lines.size:
        raise TypeError(f"write_ints takes integers, not an array of dtype {lines.dtype}")
    if len(separator) != 1 or not separator.isascii():
        raise ValueError(f"write_ints: separator must be one ASCII character, not {separator!r}")
    write = _byte_writer(stream)
    lines = np.atleast_1d(lines)
    if not lines.size:
        write(b"\n" * math.prod(lines.shape[:-1]))
        return
    unsigned = lines.dtype == np.uint64
    values = (
        np.ascontiguousarray(lines, np.uint64 if unsigned else np.int64).reshape(-1).view(np.int64)
    )
    buffer = np.empty(min(values.size, PRINTED_AT_ONCE) * (kernels.LONGEST_NUMBER + 1), np.uint8)
    for start in range(0, values.size, PRINTED_AT_ONCE):
        n_bytes = kernels.format_ints(
            values, start, lines.shape[-1], unsigned, np.uint8(ord(separator)), buffer
        )
        write(buffer[:n_bytes].tobytes())


def _bytes_of(source: Any) -> np.ndarray:
    """The bytes of a text, without a copy where it already is in bytes."""
    source = sys.stdin if source is None else source
    if hasattr(source, "read"):
        source = getattr(source, "buffer", source).read()
    if isinstance(source, str):
        source = source.encode()
    try:
        return np.frombuffer(source, np.uint8)
    except (TypeError, ValueError, BufferError) as error:
        kind = type(source).__name__
        raise TypeError(f"read_ints takes bytes, str or a stream, not {kind} ({error})") from None


def _byte_writer(stream: Any) -> Callable[[bytes], Any]:
    """How to write bytes to a binary stream, or to a text stream and whatever lies under it."""
    stream = sys.stdout if stream is None else stream
    if hasattr(stream, "buffer"):
        stream.flush()  # what was printed before comes before
        stream = stream.buffer
    if isinstance(stream, io.TextIOBase):
        return lambda text: stream.write(text.decode("ascii"))
    if isinstance(stream, io.RawIOBase):  # PYTHONUNBUFFERED makes standard output one
        return lambda text: _write_all(stream, text)
    return stream.write


def _write_all(stream: io.RawIOBase, text: bytes) -> None:
    """Write every byte: a raw stream may take a part, a full pipe for instance."""
    rest = memoryview(text)
    while rest:
        rest = rest[stream.write(rest) or 0 :]


def _token_at(text: np.ndarray, position: int) -> str:
    token = (
        text[position : position + EXCERPT].tobytes().split()[0].decode("ascii", "backslashreplace")
    )
    return token if len(token) < EXCERPT else token + "..."
