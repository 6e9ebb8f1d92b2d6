"""Conversion of dates that fit the Thai Buddhist or the Persian calendar but not the Gregorian one."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import numpy as np

from tsattn.data import arrow
from tsattn.data.reading.cell_spelling import plain_cells
from tsattn.data.reading.date_texts import Parsed, parse_texts

_BUDDHIST = re.compile(r"\b2[456]\d\d\b")
_PERSIAN = re.compile(r"(1[34]\d\d)([-/.])(\d{1,2})\2(\d{1,2})(?!\d)(.*)")
_NEW_YEAR = date(1925, 3, 21)  # 1 Farvardin 1304
_FIRST, _LAST = 1304, 1420  # 1925 to 2041; later years are those of the Islamic calendar


def from_other_calendar(labels: Any, date_order: str | None) -> tuple[Parsed, str] | None:
    """Return the dates and the calendar of texts of which some are not Gregorian dates; None if they fit no other calendar."""
    texts = [t or "" for t in plain_cells(labels).to_pylist()]
    if all(_BUDDHIST.search(t) for t in texts):
        parsed = parse_texts(
            arrow.strings([_BUDDHIST.sub(lambda y: str(int(y[0]) - 543), t, count=1) for t in texts]), date_order
        )
        return None if parsed.failed.any() else (parsed, "Thai Buddhist")
    persian = _from_persian(texts, date_order)
    return None if persian is None else (persian, "Persian")


def evenly_persian(labels: Any, wall: np.ndarray, date_order: str | None) -> tuple[Parsed, str] | None:
    """Return the dates and the calendar of texts that are consecutive days only in the Persian calendar; otherwise None.

    wall: (u,) the same texts as dates of the Gregorian calendar.
    """
    if (
        len(wall) < 10
        or not _FIRST <= int(wall.min().astype("datetime64[Y]").astype(np.int64)) + 1970 <= _LAST
        or _is_daily(wall)
    ):
        return None
    parsed = _from_persian([t or "" for t in plain_cells(labels).to_pylist()], date_order)
    return (parsed, "Persian") if parsed is not None and _is_daily(parsed.wall) else None


def _is_daily(wall: np.ndarray) -> bool:
    return bool(np.all(np.diff(np.unique(wall.astype("datetime64[D]"))).astype(np.int64) == 1))


def _from_persian(texts: list[str], date_order: str | None) -> Parsed | None:
    days = [_gregorian(t) for t in texts]
    if not days or not all(days):
        return None
    parsed = parse_texts(arrow.strings([d or "" for d in days]), date_order)
    return None if parsed.failed.any() else parsed


def _is_leap(year: int) -> bool:
    """Return True for a leap year of the Persian calendar, by its cycle of 33 years (exact for 1178 to 1633)."""
    return (25 * year + 11) % 33 < 8


def _gregorian(text: str) -> str | None:
    """Convert a Persian date such as 1402/02/31 to a Gregorian one; None if there is no such day."""
    found = _PERSIAN.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day = int(found[1]), int(found[3]), int(found[4])
    if not _FIRST <= year <= _LAST or not 1 <= month <= 12:
        return None
    length = 31 if month <= 6 else 30 if month < 12 or _is_leap(year) else 29
    if not 1 <= day <= length:
        return None
    before = sum(365 + _is_leap(y) for y in range(_FIRST, year)) + 31 * min(month - 1, 6) + 30 * max(month - 7, 0) + day - 1
    return f"{_NEW_YEAR + timedelta(days=before)}{found[5]}"
