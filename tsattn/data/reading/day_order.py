"""Order of day, month and year in dates such as 01/02/03: only an order that the whole column proves is used."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from tsattn.data.freq import DAY
from tsattn.data.reading.columns import Column
from tsattn.data.reading.date_texts import Parsed
from tsattn.data.reading.row_location import Where
from tsattn.errors import DataError

_ISO_DAY, _TWO_DAYS = re.compile(r"\d{4}-\d\d?-(\d\d?)\b"), re.compile(r"(\d\d?)[-/.](\d\d?)[-/.]\d{4}")
_LONG_GAP = 20 * DAY
_FEWEST_SWAPPED = 3  # distinct dates of either form
_DOTTED = re.compile(r"\d{1,2} ?\. ?\d{1,2} ?\. ?\d{2,4}")


def resolve_day_order(parsed: Parsed, column: Column, where: Where, wanted: str | None) -> tuple[np.ndarray, str | None]:
    """Return (wall clock by code, the order found: "dmy", "mdy" or "ymd", None where the dates leave no choice).

    A number above 12 decides; dates with points have the day first; else the one order that makes the dates a regular grid.
    Years of two digits come first where that makes the steps much shorter. Raises DataError when nothing decides.
    """
    day_first, month_first = parsed.wall, parsed.other
    _stop_at_swapped(parsed, column, where)
    if parsed.year_first is not None and _is_year_first(parsed, column, where):
        return parsed.year_first, "ymd"
    if month_first is None:
        return day_first, None
    dated = ~(np.isnat(day_first) & np.isnat(month_first))
    not_day_first, not_month_first = np.isnat(day_first) & dated, np.isnat(month_first) & dated
    if wanted in ("dmy", "mdy"):
        chosen, impossible = (day_first, not_day_first) if wanted == "dmy" else (month_first, not_month_first)
        if impossible.any():
            row = _first_row(column, impossible)
            raise DataError(
                f"{where(row)}, column {column.name!r}: {column.text_at(row)!r} is not a date in the order {wanted}",
                "leave out --date-order, or correct the row",
            )
        return chosen, wanted
    if not_day_first.any() and not_month_first.any():
        rows = sorted((_first_row(column, not_day_first), _first_row(column, not_month_first)))
        raise DataError(
            f"{where(rows[0])} and {where.line(rows[1])}: {column.text_at(rows[0])!r} and {column.text_at(rows[1])!r} "
            f"in column {column.name!r} cannot have the same order of day and month",
            "write the dates in one order, best as 2000-01-31",
        )
    if not_day_first.any():
        return month_first, "mdy"
    if not_month_first.any():
        return day_first, "dmy"
    if np.array_equal(day_first[dated], month_first[dated]):
        return day_first, None
    if is_dotted(column.texts()):
        return day_first, "dmy"
    stamps = day_first[dated], month_first[dated]
    regular = _is_contiguous(stamps[0], [stamps[1]]), _is_contiguous(stamps[1], [stamps[0]])
    if regular[0] == regular[1]:
        regular = is_regular(stamps[0]), is_regular(stamps[1])
    if regular[0] != regular[1]:
        return (day_first, "dmy") if regular[0] else (month_first, "mdy")
    row = _first_row(column, dated & (day_first != month_first))
    raise DataError(
        f"{where(row)}: {column.text_at(row)!r} in column {column.name!r} may be day/month or month/day; no other row decides it",
        "specify it: --date-order dmy or --date-order mdy",
    )


def _stop_at_swapped(parsed: Parsed, column: Column, where: Where) -> None:
    """Raise DataError if a spreadsheet swapped day and month in some of the dates.

    Then 13/01/2024 stayed a text and 02/01/2024 became 2024-02-01: the ISO 8601 dates are exactly those with days up to 12.
    """
    if not {"2000-01-31", "day/month"} <= set(parsed.styles):
        return
    texts = column.texts()
    iso = {k: int(m[1]) for k, t in enumerate(texts) if (m := _ISO_DAY.match(t))}
    other = [max(int(m[1]), int(m[2])) for t in texts if (m := _TWO_DAYS.match(t))]
    if min(len(iso), len(other)) < _FEWEST_SWAPPED or max(iso.values()) > 12 or min(other) <= 12:
        return
    row = _first_row(column, np.isin(np.arange(len(texts)), list(iso)))
    raise DataError(
        f"{where(row)}, column {column.name!r}: in dates such as {column.text_at(row)!r} the day is 12 or less, in all others it "
        "is above 12: a spreadsheet has swapped day and month in some",
        "export the column again from its source, with dates as 2000-01-31",
    )


def is_dotted(texts: Iterable[str]) -> bool:
    """Return True if all dates are written with points, as in 31.12.2000, where the month is never first."""
    return all(_DOTTED.match(text) for text in texts if text[:1].isdigit())


def _is_year_first(parsed: Parsed, column: Column, where: Where) -> bool:
    """Return True if 24/01/15 begins with the year. Raises DataError where the steps are alike in both orders."""
    first = parsed.wall if parsed.year_first is None else parsed.year_first
    seen = ~np.isnat(first)
    years = first[seen]
    others = [s[seen] for s in (parsed.wall, parsed.other) if s is not None and not np.isnat(s[seen]).any()]
    if not others:
        return True
    if len(years) < 3:
        return False
    if any(np.array_equal(s, s.astype("datetime64[M]").astype(s.dtype)) for s in others):
        return False  # 01-Jan-15, 01-Feb-15 are months, not days of 2001
    contiguous = [_is_contiguous(s, [o for o in (years, *others) if o is not s]) for s in (years, *others)]
    if any(contiguous):
        return contiguous[0]
    step, other = _median_step(years), min(map(_median_step, others))
    if other < step / 5 or parsed.other is None:
        return step < other / 5
    if step < other / 5:
        return True
    row = _first_row(column, seen)
    raise DataError(
        f"{where(row)}: {column.text_at(row)!r} in column {column.name!r} may begin or end with the year; no row decides it",
        "specify the order: --date-order dmy, --date-order mdy or --date-order ymd",
    )


def _is_contiguous(stamps: np.ndarray, others: list[np.ndarray]) -> bool:
    """Return True if sub-daily stamps of several days have no gap over a day, but gaps of over 20 days in all other orders."""
    if len(np.unique(stamps.astype("datetime64[D]"))) < 2 or _median_step(stamps) >= DAY:
        return False
    return _longest_step(stamps) <= DAY and all(_longest_step(other) > _LONG_GAP for other in others)


def _longest_step(stamps: np.ndarray) -> int:
    return int(np.diff(np.unique(stamps)).astype(np.int64).max(initial=0))


def _median_step(stamps: np.ndarray) -> float:
    return float(np.median(np.diff(np.unique(stamps)).astype(np.int64))) if len(np.unique(stamps)) > 1 else np.inf


def _first_row(column: Column, labels: np.ndarray) -> int:
    """Return the first row that holds one of these labels."""
    return int(np.flatnonzero(np.append(labels, False)[column.values])[0])


def is_regular(stamps: np.ndarray) -> bool:
    """Return True if distinct dates, sorted by time, step evenly: by one span of days nearly always, or month by month."""
    if len(stamps) < 3:
        return False
    ordered = np.unique(stamps)
    if np.all(stamps[1:] > stamps[:-1]) or np.all(stamps[1:] < stamps[:-1]) or len(ordered) == len(stamps):
        steps = np.diff(ordered).astype(np.int64)
        months = ordered.astype("datetime64[M]")
        days = (ordered.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)
        jumps = np.diff(months.astype(np.int64))
        if np.all(days == days[0]) and len(jumps) and np.all(jumps == jumps[0]):
            return True
        values, counts = np.unique(steps, return_counts=True)
        usual = values[np.argmax(counts)]
        gaps = steps[steps != usual]
        weekends = usual == DAY and bool(np.all(gaps <= 4 * DAY))
        return bool(np.all(steps % usual == 0)) and (weekends or counts.max() >= 0.97 * len(steps))
    return False
