"""Aligned text: columns, rules, notes, and colour where the stream shows it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from fastmul.planning.explain import format_seconds

WIDTH = 100

BOLD, DIM, GREEN, YELLOW, RED = "1", "2", "32", "33", "1;31"
_STYLED = re.compile(r"\033\[[0-9;]*m")


def styled(text: str, *styles: str) -> str:
    """`text` in ANSI styles; `plain` takes them off again."""
    return f"\033[{';'.join(styles)}m{text}\033[0m" if styles else text


def plain(text: str) -> str:
    return _STYLED.sub("", text)


def pad(text: str, width: int, align: str = ">") -> str:
    """`text` filled to `width` as it shows, whatever styles it carries."""
    space = " " * max(0, width - len(plain(text)))
    return space + text if align == ">" else text + space


def table(
    columns: Sequence[tuple[str, str, int, str]], rows: Sequence[Sequence[str] | None]
) -> list[str]:
    """Lines of a table.

    A column is (upper heading, lower heading, width, "<" or ">"); a row of None is a rule; the last cell of a
    short row runs on to the right edge.
    """
    lines = []
    for cells in ([column[0] for column in columns], [column[1] for column in columns]):
        heading = " ".join(
            pad(cell, width, align)
            for cell, (_, _, width, align) in zip(cells, columns, strict=True)
        )
        if heading.strip():
            lines.append(styled(heading.rstrip(), BOLD))
    rule = styled("─" * WIDTH, DIM)
    lines.append(rule)
    for row in rows:
        if row is None:
            lines.append(rule)
            continue
        cells = []
        for i, cell in enumerate(row):
            last_of_short = i == len(row) - 1 and len(row) < len(columns)
            cells.append(cell if last_of_short else pad(cell, columns[i][2], columns[i][3]))
        lines.append(" ".join(cells).rstrip())
    return lines


def note(text: str, indent: str = "  ") -> list[str]:
    """A wrapped paragraph of small print."""
    return [styled(line, DIM) for line in textwrap.wrap(text, WIDTH, initial_indent=indent,
                                                        subsequent_indent=indent)]  # fmt: skip


def duration(seconds: float) -> str:
    """Seconds for a person.

    >>> duration(0.0123), duration(764.2), duration(1.5)
    ('12.3 ms', '764 s', '1.5 s')
    """
    return f"{seconds:,.0f} s" if seconds >= 100 else format_seconds(seconds)


def significant(value: float, digits: int = 3) -> str:
    """A number in few characters: three digits, no exponent between 0.001 and 100 000.

    >>> [significant(x) for x in (0.0386, 1.924, 50.93, 101.2, 7449.6, 1234567.0)]
    ['0.0386', '1.92', '50.9', '101', '7450', '1.2e+06']
    """
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e5:
        return f"{value:.1e}"
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:.0f}" if abs(rounded) >= 100 else f"{rounded:.{digits}g}"
