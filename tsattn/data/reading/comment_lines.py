"""Comment lines above a table, of which the last may name the columns."""

from __future__ import annotations

import io

from tsattn.data.reading.header import COMMENTS


def without_comments(text: str) -> tuple[int, str]:
    """Remove the comment lines at the top, except a last one that may name the columns; return (lines removed, the rest).

    Quotes in a comment would otherwise join lines.
    """
    lines = io.StringIO(text, newline="").readlines()
    if len(lines) > 2 and [line[:2] for line in lines[:3]] == ["C,", "I,", "D,"]:  # the records of AEMO, below a comment
        return 1, "".join(lines[1:])
    count = 0
    while count < len(lines) and (not lines[count].strip() or lines[count].lstrip().startswith(COMMENTS)):
        count += 1
    while count and not lines[count - 1].strip():
        count -= 1
    if count == 0 or count == len(lines):
        return 0, text
    kept = count if '"' in lines[count - 1] or lines[count - 1].strip("#/! \t\r\n") == "" else count - 1
    if kept == count - 1 and kept and _have_columns(lines[kept - 1 : kept + 2]):
        kept -= 1  # names above their units
    return kept, "".join(lines[kept:])


def _have_columns(lines: list[str]) -> bool:
    """Return True for two comment lines, and one below them, that have the same number of words, three or more."""
    return len({len(line.split()) for line in lines}) == 1 and len(lines) == 3 and len(lines[0].split()) > 2
