"""Detection of columns that hold dates, by their names and values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np

from tsattn.data import arrow
from tsattn.data.freq import DAY, US
from tsattn.data.names import words
from tsattn.data.reading.cell_spelling import plain_cells
from tsattn.data.reading.column_blocks import where
from tsattn.data.reading.columns import Column, Table
from tsattn.data.reading.date_formats import COMPACT
from tsattn.data.reading.date_texts import parse_texts
from tsattn.data.reading.name_shapes import all_shaped, names_that
from tsattn.data.reading.numbers import as_numbers
from tsattn.data.reading.numeric_dates import COUNTS, parse_numbers
from tsattn.data.reading.time_names import (
    counts_named,
    parts_named,
    says_only_time,
    says_something,
    says_time,
    says_week,
    says_year,
)
from tsattn.errors import DataError

# names of columns that may hold epochs, besides the words for time, which may name any format of date
_EPOCH_TOKENS = {
    *("t", "ts", "tstamp", "created", "updated", "modified", "recorded", "observed", "measured", "logged", "utc", "when"),
    *("createdat", "updatedat", "eventtime", "starttime", "unixtimestamp", "timestampms"),
}
_YEARS = (np.datetime64("1900-01-01", "us"), np.datetime64("2100-01-01", "us"))
_EPOCH_YEARS = (np.datetime64("1980-01-01", "us"), _YEARS[1])
_UNNAMED = re.compile(r"column_\d+")
_IDS = {"id", "ids", "code", "nr", "key", "number", "zip", "plz", "sku"}
_LIKE_DATES = re.compile(
    r"(?:.*\D)?(?:1[89]|2[01])\d\d\W{0,2}(?:\d|[年.]|[^\W\d_]{3,}|[^\W\d_]{1,2}\d).*|\D{0,12}\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?:\D.*)?"
    r"|\D{0,4}\d{0,4} ?年 ?\d{1,2} ?月.*|[^\W\d]{3,9}\.? \d{1,2},? (?:19|20)\d\d\b.*"
    r"|.*\d{1,2}[-./ ]*(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\W*\d{2,4}.*",
    re.I,
)
_FOREIGN = re.compile(r"(?=.*\d)(?=.*[^\W\d_]).{4,30}")
_BETWEEN_NUMBERS = re.compile(r"\d{1,4}[ ./-]+[^\W\d_]{3,}[ ./-]+\d{1,4}")
_FEWEST_TEXTS, _MOST_TEXTS = 12, 200  # rows that show that a first column may be dates; texts that are looked at
_COUNTED = {name for name, *_ in COUNTS.values()}
_MOMENTS = {"date", "time", "moment", "day", "period"}  # parts of a timestamp that serial days may stand for
_MONTHS, _FIRST_YEAR, _LAST_YEAR = 12, 1800, 2200  # of numbers such as 202401


def is_written_time(column: Column) -> bool:
    """Return True if a column holds dates as text, or Arrow timestamps; False for one that is more than half empty."""
    if column.kind == "number" or column.missing.mean() > 0.5:
        return False
    if column.kind == "stamp":
        return True
    labels = column.labels
    if labels is None or not len(labels):
        return False
    step = max(1, len(labels) // 300)
    some = labels.take(arrow.integers(np.arange(0, len(labels), step))) if step > 1 else labels
    parsed = parse_texts(some)
    if parsed.failed.all() or parsed.failed.mean() > 0.2:
        return False
    if says_time(column.name):
        return True
    if np.mean([t.replace(".", "", 1).isdigit() for t in plain_cells(some).to_pylist()]) > 0.5:
        return False  # bare digits may be codes or values
    return not set(parsed.styles) <= COMPACT or (step == 1 and len(labels) > 2 and is_even(parsed.wall, 3))


def number_times(columns: Mapping[str, Column], table: Table) -> list[Column]:
    """Return the columns whose numbers are dates or epochs, in any order of the rows.

    A column whose name is uninformative must be the first and rise or fall throughout, or hold the dates of a regular grid.
    """
    unnamed = all_shaped(table.columns, _UNNAMED.fullmatch)
    first = next(iter(table.columns))
    telling = {first, *names_that(columns, lambda n: says_time(n) or _is_called_an_epoch(n) or counts_named(n))}
    telling |= set(where(table, [n for n in table.columns.numeric if n in columns and n not in telling], _may_be_digits))
    likely = [columns[n] for n in columns if unnamed or n in telling]
    return [c for c in likely if _is_number_time(c, table, c.name == first, unnamed)]


def could_be_dates(table: Table, names: Iterable[str]) -> list[str]:
    """Return the numeric columns that `stamps_of` may read, judged by their names and the range of their values."""
    likely = names_that(names, lambda n: says_time(n) or _is_called_an_epoch(n) or counts_named(n) or _UNNAMED.fullmatch(n))
    kept = {*names_that(likely, says_year), *where(table, likely, _may_be_dates)}
    return [n for n in likely if n in kept]


def _may_be_digits(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool, True for rows of (C, n) whose values lie in the range of digits of dates, or of years and months."""
    low, high = np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1)
    found = np.logical_or.reduce([(low >= 19000101 * 100.0**k) & (high < 21010000 * 100.0**k) for k in range(4)])
    for k in np.flatnonzero((low > 1900) & (high < 2101)):
        hundredths = np.round(values[k].astype(np.float64) * 100) % 100
        found[k] = bool(np.all((hundredths >= 1) & (hundredths <= 12) | np.isnan(values[k])))
    return np.asarray(found)


def _may_be_dates(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool, False for rows of (C, n) whose values are too small for any dates but years."""
    return np.asarray((np.fmin.reduce(values, axis=1) >= 999) | (np.fmax.reduce(values, axis=1) >= 9e7))


def _is_number_time(column: Column, table: Table, first: bool, unnamed: bool) -> bool:
    """Return True when a column's numbers are dates or epochs; first: it is the table's first. unnamed: no column has a name."""
    numbers = as_numbers(column) if column.kind in ("number", "text") else None
    if numbers is None or len(column) < 2:
        return False
    values = numbers.column.values
    says, epoch_name = says_time(column.name), _is_called_an_epoch(column.name)
    seen = values[~np.isnan(values)]
    if len(seen) < 2 or len(seen) < len(values) / 2:
        return False
    found = parse_numbers(values, says_week(column.name), counts_named(column.name))
    if found is None:
        return False
    stamps, style = found
    steps = np.diff(seen)
    monotone = bool(np.all(steps > 0) or np.all(steps < 0)) and (unnamed or not set(words(column.name)) & _IDS)
    if counts_named(column.name) and style in _COUNTED:
        return True
    if style == "2000":
        if epoch_name and not monotone and not says_year(column.name):
            return False  # a column named ts holds epochs or a series, not years
        return _are_years(column, seen, monotone and first and unnamed and len(table.columns) > 1)
    if style == "0001":
        return says and not says_year(column.name)
    if style.startswith("serial"):
        return says and bool(parts_named(column.name) & _MOMENTS) and _has_usual_steps(stamps)
    if style in ("decimal years", "1949.01"):
        if not says_year(column.name) and len(np.unique(stamps.astype("datetime64[M]").astype(np.int64) % 12)) < 3:
            return False  # 1500.0, 1500.5, 1501.0 may be seconds
        sure = style == "1949.01" and is_even(stamps, 24)
        return says or sure or ((unnamed or (first and not says_something(column.name))) and is_even(stamps, 4))
    if style in ("31012000", "01312000"):
        return says
    if says or (first and monotone and (unnamed or style.startswith("epoch") or not says_something(column.name))):
        return True
    if style.startswith("epoch"):
        return _within(stamps, _EPOCH_YEARS) and (epoch_name or is_even(stamps))
    digits = style.startswith("20000131")
    if not _within(stamps, _YEARS) or not (unnamed or digits):
        return False
    if set(words(column.name)) & _IDS:
        return False  # numbers of orders may begin with their date
    in_order = bool(np.all(steps >= 0) or np.all(steps <= 0)) and (first or unnamed)
    return is_even(stamps, 3 if digits and in_order else 10)


def stamps_of(column: Column, date_order: str | None = None) -> np.ndarray | None:
    """Return the timestamps of a column that is named for time or certainly holds dates, to compare with those of the rows.

    Return None for other columns.
    """
    if column.kind == "stamp":
        return column.values
    if column.kind == "text":
        if column.labels is None:
            return None
        parsed = parse_texts(column.labels, date_order)
        month_first = parsed.other is not None and (date_order == "mdy" or np.isnat(parsed.wall).any())
        wall = parsed.other if parsed.other is not None and month_first else parsed.wall
        return None if np.isnat(wall).any() or not len(wall) else np.append(wall, np.datetime64("NaT", "us"))[column.values]
    called = says_time(column.name) or _is_called_an_epoch(column.name) or counts_named(column.name)
    if not called and not _UNNAMED.fullmatch(column.name):
        return None
    week, counts = says_week(column.name), counts_named(column.name)
    if parse_numbers(column.values[:1000], week, counts) is None:
        return None  # cheaper than parsing a whole big column
    found = parse_numbers(column.values, week, counts)
    if found is None or (found[1] == "2000" and not (says_year(column.name) and says_only_time(column.name))):
        return None
    return found[0]


def _are_years(column: Column, seen: np.ndarray, plain_count: bool) -> bool:
    """Return True if numbers of four digits are years: named so, or rising by one in a column named for time or unnamed."""
    if seen.min() < 1000:
        return False
    counts_on = bool(np.median(np.diff(np.unique(seen))) == 1) if len(np.unique(seen)) > 1 else False
    if says_year(column.name):
        return seen.max() <= 2200 or counts_on
    return bool(seen.max() <= 2200 and counts_on and (says_time(column.name) or plain_count))


def _is_called_an_epoch(name: str) -> bool:
    """Return True for names such as ts, event_ts, created_at and createdAt, but not for ids such as ts_id."""
    parts = words(name)
    if set(parts) & {"id", "ids", "by", "count"}:
        return False
    return bool(set(parts) & _EPOCH_TOKENS) or (len(parts) > 1 and parts[-1] == "at")


def _within(stamps: np.ndarray, years: tuple[np.datetime64, np.datetime64]) -> bool:
    """Return True when all dates lie in years that data comes from."""
    return bool(np.fmin.reduce(stamps) >= years[0] and np.fmax.reduce(stamps) < years[1])


def is_even(stamps: np.ndarray, least: int = 10) -> bool:
    """Return True when ten distinct times or more, of whole minutes, nearly all follow each other by one step."""
    times = np.unique(stamps[~np.isnat(stamps)])
    us = times.astype(np.int64)
    if len(us) < least or np.any(us % US["min"]):
        return False
    months = times.astype("datetime64[M]")
    if np.all(months == times) and len(np.unique(np.diff(months.astype(np.int64)))) == 1:
        return True
    steps, counts = np.unique(np.diff(us), return_counts=True)
    return bool(counts.max() >= 0.9 * counts.sum() and not np.any(steps % steps[np.argmax(counts)]))


def _has_usual_steps(stamps: np.ndarray) -> bool:
    """Return True if the most frequent step of distinct times is part of a day, or a day, week, month, quarter or year."""
    times = np.unique(stamps[~np.isnat(stamps)]).astype(np.int64)
    if len(times) < 3:
        return len(times) == 2
    steps, counts = np.unique(np.diff(times), return_counts=True)
    usual = int(steps[np.argmax(counts)])
    return usual < DAY or usual // DAY in (1, 2, 7, 14, 28, 29, 30, 31, 90, 91, 92, 365, 366)


def _are_words_of_years(texts: list[str], short: bool) -> bool:
    """Return True for texts like months: each a word and a year, no two equal, with words that recur in other years.

    short: years may have two digits.
    """
    if not short and any(re.search(r"(?<!\d)\d\d$", t.strip()) for t in texts):
        return False
    found = [re.fullmatch(r"([^\d\s][^\d]*?)[\s./-]*(\d{4}|\d\d)|(\d{4})[\s./-]*([^\d\s][^\d]*)", t.strip()) for t in texts]
    pairs = {(m[1] or m[4], m[2] or m[3]) for m in found if m}
    names = {word for word, _ in pairs}
    return len(pairs) == len(texts) >= 2 * len(names) and 2 < len(names) <= 13 and len({year for _, year in pairs}) > 1


def _may_be_foreign(column: Column) -> bool:
    """Return True for distinct texts with a number and a word of letters that ASCII lacks, or with a word between numbers.

    In a first column of many rows, these may be dates in a language whose months are not known.
    """
    texts = column.texts()[:_MOST_TEXTS]
    if len(column.texts()) < len(column) or len(texts) < _FEWEST_TEXTS:
        return False
    return all(_FOREIGN.fullmatch(t) and (not t.isascii() or _BETWEEN_NUMBERS.fullmatch(t)) for t in texts)


def stop_at_unread_times(table: Table, columns: Mapping[str, Column]) -> None:
    """Raise DataError for a column that its name or values mark as time: rows are never numbered beside one.

    A header that does not fit the rows may name one too.
    """
    if lost := names_that(list(table.lost_names), says_only_time):
        raise DataError(
            f"{table.where.parts[0][0]}: the line above the rows names {lost[0]!r}, but no column of the rows holds timestamps; "
            f"fields in that line: {len(table.lost_names)}, in the rows: {len(table.columns)}",
            "give the header and the rows the same delimiter; or number the rows: --timestamp none",
        )
    telling = {*table.columns.others, *names_that(columns, says_only_time)}
    first = next(iter(table.columns))
    for c in (columns[n] for n in columns if n in telling):
        if c.missing.all() or c.kind == "stamp":
            continue
        if c.kind == "text":
            texts = c.texts()[:200]
            like = float(np.mean([bool(_LIKE_DATES.fullmatch(t)) for t in texts]))
            digits = float(np.mean([any(ch.isdigit() for ch in t) for t in texts]))
            says = says_only_time(c.name) or (says_time(c.name) and digits > 0.5)
            dated = (
                (like >= 0.8 and len(texts) > 2)
                or _are_words_of_years(texts, c.name == first)
                or (c.name == first and _may_be_foreign(c))
            )
            if not says and not dated:
                continue
        elif _is_called_an_epoch(c.name) and np.nanmax(c.values) < 2200:
            continue
        odd = _no_month(c)
        row = _first_unread(c) if odd is None else odd
        raise DataError(
            f"{table.where(row)}, column {c.name!r}: {c.text_at(row)[:40]!r} is not a date in a known format, and "
            "rows are not numbered beside a column of timestamps",
            ("write dates as 2000-01-31" if odd is None else "remove the rows without a month, such as sums of a year")
            + "; or number the rows: --timestamp none",
        )


def _first_unread(column: Column) -> int:
    """Return the first row without a year in a column of numbers that begins with a year; else the first row with a value."""
    seen = np.flatnonzero(~column.missing)
    if column.kind == "number":
        values = column.values.astype(np.float64)[seen]
        years = (values >= 1) & (values <= _LAST_YEAR) & (values == np.round(values))
        if years[0] and not years.all():
            return int(seen[np.argmin(years)])
    return int(seen[0])


def _no_month(column: Column) -> int | None:
    """Return the first row that is no month among numbers YYYYMM, such as 201513 for the sum of a year; None if there is none."""
    if column.kind != "number" or column.missing.any():
        return None
    year, month = np.divmod(column.values.astype(np.float64), 100)
    wrong = (month < 1) | (month > _MONTHS) | (month != np.round(month))
    if not ((year >= _FIRST_YEAR) & (year <= _LAST_YEAR)).all() or not 0 < wrong.sum() < len(wrong) / 2:
        return None
    return int(np.argmax(wrong))
