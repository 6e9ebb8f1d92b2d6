"""Time series and tables as R prints them on its console: ts, mts, zoo and xts objects, vectors, tibbles and tsibbles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from tsattn.data.reading.r_calendar import HINT, MONTHS, QUARTERS, Printed, by_labels, dated, is_number, labelled, number
from tsattn.data.reading.r_tables import LABELLED, TIMED, calendar_table, labelled_table
from tsattn.data.reading.r_tibbles import tibble
from tsattn.data.reading.source import Part
from tsattn.data.report import Notes
from tsattn.errors import DataError

_SAMPLE = 1 << 14  # bytes with the first two lines
_LARGEST = 1 << 24  # bytes of the largest print; R prints 100,000 values by default
_FIRST = re.compile(rf"Time Series:|\[,?1\](?:\s|$)|# A \w+: |(?:{'|'.join((*MONTHS, *QUARTERS))}|p1)(?:\s|$)")
_DATES = re.compile(r"(?:(?:\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?)?|[A-Z][a-z]{2} \d{4}|\d{4} Q[1-4])(?:\s+|$))+")
_ECHO = re.compile(r"(?:#>|##)(?: |$)")  # signs that knitr and reprex write before each line of output
_PROMPT = re.compile(r"[>+](?: |$)")
_CUT = re.compile(r"\s*\[ reached .*omitted|# .*\bmore rows?\b")
_SERIES = re.compile(r"Time Series:\s*")
_FIELD = re.compile(r"(Start|End|Frequency) = (?:c\((\d+), (\d+)\)|([\d.]+))\s*")
_INDEX = re.compile(r"\[(\d+)\](?=\s)")


def unprinted(part: Part, notes: Notes) -> Part:
    """Return the table of a text that R printed, or the part itself for any other text.

    Raises DataError if R left rows out of the print.
    """
    with part.open() as stream:
        raw = stream.read(_SAMPLE)
    if b"\x00" in raw or not _is_printed(_lines(raw.decode("utf-8", "replace"))[:2]):
        return part
    with part.open() as stream:
        raw = stream.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        return part
    lines = _lines(raw.decode("utf-8", "replace"))
    shown = [line for line in lines if not _CUT.match(line)]
    printed = next((found for way in _WAYS if (found := way(shown)) is not None), None) if len(shown) > 1 else None
    if printed is None:
        return part
    if len(shown) < len(lines):
        raise DataError(f"{part.name}: R printed only some of the rows of {printed.kind}", HINT)
    notes.find("format", f"R print of {printed.kind}")
    for warning in printed.warnings:
        notes.warn(f"{part.name}: {warning}")
    return replace(part, kind="arrow", table=printed.table)


def _lines(text: str) -> list[str]:
    """Return the lines that R printed: without blank lines, prompts and the signs before each line of a notebook's output."""
    lines = [line.rstrip() for line in text.removeprefix("\ufeff").splitlines() if line.strip()]
    if lines and all(map(_ECHO.match, lines)):
        lines = [_ECHO.sub("", line, count=1) for line in lines]
    return [line for line in lines if line.strip() and not _PROMPT.match(line)]


def _is_printed(lines: Sequence[str]) -> bool:
    """Return True if these may be the first two lines of a print of R."""
    if len(lines) < 2 or any(mark in lines[1] for mark in ";\t"):
        return False
    timed = lines[0].startswith(" ") and TIMED.match(lines[1])
    return bool(timed or _FIRST.match(lines[0].strip()) or LABELLED.match(lines[1]) or _DATES.fullmatch(lines[0].strip()))


def _series(lines: list[str]) -> Printed | None:
    """Return a ts object that R printed with its start, end and frequency above the values."""
    if not _SERIES.fullmatch(lines[0]):
        return None
    fields = {m[1]: m for m in map(_FIELD.fullmatch, lines[1:4]) if m}
    if len(fields) != 3:
        return None
    frequency = float(fields["Frequency"][4] or 0)
    start = fields["Start"]
    begin = float(start[4]) if start[4] else int(start[2]) + (int(start[3]) - 1) / frequency
    values = _indexed(lines[4:])
    if values is not None:
        return dated("a ts object", begin, frequency, {"value": values})
    rows = labelled(lines[4:])
    return None if rows is None else dated("a ts object", begin, frequency, rows[1])


def _vector(lines: list[str]) -> Printed | None:
    """Return a vector of numbers without dates."""
    values = _indexed(lines)
    return None if values is None or len(values) < 2 else dated("a vector", 1, 1, {"value": values})


def _indexed(lines: Sequence[str]) -> list[float] | None:
    """Return the values of lines that begin with the number of their first value in brackets, None for other lines."""
    values: list[float] = []
    for line in lines:
        found = _INDEX.match(line.strip())
        if found is None or int(found[1]) != len(values) + 1:
            return None
        cells = line.strip()[found.end() :].split()
        if not cells or not all(map(is_number, cells)):
            return None
        values += map(number, cells)
    return values or None


def _zoo(lines: list[str]) -> Printed | None:
    """Return a zoo object: a line of dates above each line of values, each value below the end of its date."""
    if len(lines) % 2:
        return None
    labels: list[str] = []
    values: list[float] = []
    for names, row in zip(lines[::2], lines[1::2], strict=True):
        cells = list(re.finditer(r"\S+", row))
        ends = [0, *(m.end() for m in cells)]
        if not all(is_number(m[0]) for m in cells) or len(names) != ends[-1]:
            return None
        labels += (names[a:b].strip() for a, b in pairwise(ends))
        values += (number(m[0]) for m in cells)
    return by_labels("a zoo object", labels, {"value": values})


_WAYS = (tibble, _series, _vector, calendar_table, labelled_table, _zoo)
