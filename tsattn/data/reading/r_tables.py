"""Tables in R's prints: years by months or quarters, and matrices whose rows are labelled with dates."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tsattn.data.reading.r_calendar import MONTHS, QUARTERS, Printed, by_labels, dated, is_number, labelled, number

_YEAR = re.compile(r"\d{1,4}")
TIMED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?\s")  # row labels of an xts object with times of day
LABELLED = re.compile(r"(?:[A-Z][a-z]{2} \d{4}|\d{4} Q[1-4])\s")  # row labels of an xts object of months or quarters
_PERIOD = re.compile(r"p(\d+)")


def calendar_table(lines: list[str]) -> Printed | None:
    """Return a ts object that R printed with one row per year and one column per month, quarter or other period.

    The first and the last year may be unfinished: R leaves out the cells before the first value and after the last one. A
    table that is wider than the console comes in blocks of columns, each with a header.
    """
    blocks = _blocks(lines)
    if not blocks:
        return None
    names = [name for block in blocks for name in block[0]]
    known = next((all_ for all_ in (MONTHS, QUARTERS, _periods(names)) if set(names) <= set(all_)), None)
    years = blocks[0][1]
    if known is None or not known or any(block[1] != years for block in blocks):
        return None
    first = known.index(names[0])
    if names != [known[(first + k) % len(known)] for k in range(len(names))] or (len(years) > 1 and len(names) < len(known)):
        return None  # only a single year is printed without its other periods
    if list(map(int, years)) != list(range(int(years[0]), int(years[0]) + len(years))):
        return None
    cells = _placed(blocks)
    filled = [k for k, cell in enumerate(cells or ()) if cell is not None]
    if not cells or not filled or None in (span := cells[filled[0] : filled[-1] + 1]):
        return None
    begin = int(years[0]) + (first + filled[0]) / len(known)
    return dated("a ts object", begin, len(known), {"value": [number(cell) for cell in span if cell is not None]})


def labelled_table(lines: list[str]) -> Printed | None:
    """Return a matrix of series whose rows are labelled with months, quarters or times, or whose columns have no names."""
    unnamed = re.match(r"\[,1\](?:\s|$)", lines[0].strip())
    if not unnamed and not TIMED.match(lines[1]) and not LABELLED.match(lines[1]):
        return None
    found = labelled(lines)
    return None if found is None else by_labels("an xts object" if unnamed else "a matrix of time series", *found)


def _periods(names: Sequence[str]) -> tuple[str, ...]:
    """Return p1, p2 ... up to the last of these names, () if they are others."""
    return tuple(f"p{k + 1}" for k in range(len(names))) if all(map(_PERIOD.fullmatch, names)) else ()


def _blocks(lines: list[str]) -> list[tuple[list[str], list[str], list[list[str]]]]:
    """Return (names, years, cells of each year) of each block; [] if a line is neither a header nor a year with numbers."""
    blocks: list[tuple[list[str], list[str], list[list[str]]]] = []
    for line in lines:
        head, *cells = line.split()
        if _YEAR.fullmatch(head) and blocks and all(map(is_number, cells)) and len(cells) <= len(blocks[-1][0]):
            blocks[-1][1].append(head)
            blocks[-1][2].append(cells)
        elif head in MONTHS or head in QUARTERS or _PERIOD.fullmatch(head):
            blocks.append(([head, *cells], [], []))
        else:
            return []
    return blocks if all(block[1] for block in blocks) else []


def _placed(blocks: Sequence[tuple[list[str], list[str], list[list[str]]]]) -> list[str | None] | None:
    """Return all cells in order of time, with None for blank ones; None if a year in between is unfinished."""
    years = len(blocks[0][1])
    placed: list[list[str | None]] = [[] for _ in range(years)]
    for names, _, rows in blocks:
        for k, cells in enumerate(rows):
            blank: list[str | None] = [None] * (len(names) - len(cells))
            if blank and k not in (0, years - 1):
                return None
            placed[k] += [*blank, *cells] if k == 0 and years > 1 else [*cells, *blank]
    return [cell for row in placed for cell in row]
