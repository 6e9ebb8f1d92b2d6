"""One column -> Clock: the times that its texts and numbers mean, and their zone."""

from __future__ import annotations

import re

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.freq import DAY
from tsattn.data.names import quoted
from tsattn.data.reading.columns import Column, Table
from tsattn.data.reading.date_parts import NAIVE, NAT
from tsattn.data.reading.date_texts import Parsed, parse_texts
from tsattn.data.reading.day_order import resolve_day_order
from tsattn.data.reading.numbers import as_numbers
from tsattn.data.reading.numeric_dates import SERIAL_DAYS, are_natural_days, in_date_system, parse_numbers
from tsattn.data.reading.other_calendars import evenly_persian, from_other_calendar
from tsattn.data.reading.row_times import Clock
from tsattn.data.reading.thai_dates import is_thai
from tsattn.data.reading.time_names import counts_named, says_week
from tsattn.data.reading.zone_names import guess_zone
from tsattn.data.report import Notes
from tsattn.data.timezone import offset_zone
from tsattn.errors import ConfigError, DataError

_FISCAL_QUARTER = "2000/01 Q1"  # the style of a date
_FISCAL_YEAR = re.compile(r"\d{4}[/-]\d{2}\b")
_FEW_MONTHS = 6  # distinct midnights that show that all are first days of months
_CALENDARS = ((2460, 2620, "Thai Buddhist", -543), (1320, 1460, "Persian", 621))  # first and last year, name, shift


def clock_of(table: Table, column: Column, options: ReadOptions, notes: Notes) -> Clock:
    """Return the values of one column as a Clock; UTC times that are midnights of an unnamed zone become first days of months."""
    clock = _clock_of(table, column, options, notes)
    if not clock.instants or clock.zone != "UTC" or options.timezone is not None:
        return clock
    if (months := _local_months(clock.stamps)) is None:
        return clock
    notes.find("time zone", "unknown; every time is local midnight on the first day of a month", "--timezone")
    return Clock(months, None, False, clock.columns)


def _local_months(stamps: np.ndarray) -> np.ndarray | None:
    """Return the first days of months of UTC times (n,), if all are local midnights of such days, but not of UTC; else None.

    In a zone with daylight saving time, midnights have two times of day, an hour apart.
    """
    us = stamps[~np.isnat(stamps)].astype(np.int64)
    times = np.unique(us % DAY)
    apart = int(times[-1] - times[0]) if len(times) == 2 else 0
    if not 1 <= len(times) <= 2 or 0 in times or apart not in (0, DAY // 24, DAY - DAY // 24) or len(np.unique(us)) < _FEW_MONTHS:
        return None
    days = ((stamps.astype(np.int64) + DAY // 2) // DAY * DAY).astype("datetime64[us]")
    days = np.where(np.isnat(stamps), NAT, days)
    months = days.astype("datetime64[M]").astype("datetime64[us]")
    return months if np.array_equal(months[~np.isnat(stamps)], days[~np.isnat(stamps)]) else None


def _clock_of(table: Table, column: Column, options: ReadOptions, notes: Notes) -> Clock:
    if column.kind == "stamp":
        _no_missing(table, column, column.values)
        notes.weigh(
            "timestamp format", "ISO 8601" if not column.tz else "timestamps with a zone", f"all {len(column):,} cells match"
        )
        if column.tz:
            notes.find("timestamp", f"column {column.name!r}", "--timestamp")
            return Clock(column.values, options.timezone or column.tz, True, (column.name,))
        return _naive(column, column.values, "", options, notes)
    numbers = as_numbers(column) if column.kind == "number" or _all_digits(column) else None
    if numbers is not None:
        found = parse_numbers(numbers.column.values, says_week(column.name), counts_named(column.name))
        if found is not None:
            stamps, form = found
            if form in SERIAL_DAYS.values():
                stamps, form = _of_date_system(column, stamps, form, options.date_system, notes)
            _no_missing(table, column, stamps)
            notes.weigh("timestamp format", form, f"all {len(column):,} numbers match")
            notes.find("timestamp", f"column {column.name!r}, written as {form}", "--timestamp")
            epoch = form.startswith("epoch")
            if epoch:
                _warn_of_future(column, stamps, notes)
            return Clock(stamps, options.timezone or ("UTC" if epoch else None), epoch, (column.name,))
        if column.kind == "number":
            values = column.values.astype(np.float64)
            if np.isfinite(values).all() and np.all(values == np.round(values)) and np.abs(values).max(initial=0) < 2**40:
                notes.find("timestamp", f"column {column.name!r}, which counts steps", "--timestamp")
                return Clock(values.astype(np.int64).astype("datetime64[us]"), columns=(column.name,), counted=True)
            raise ConfigError(
                f"--timestamp {quoted(column.name)}: its numbers are not dates, epochs or counts of steps",
                "number the rows instead: --timestamp none",
            )
    return _from_texts(table, column, options, notes)


def _warn_of_fiscal_quarters(column: Column, parsed: Parsed, notes: Notes) -> None:
    """Warn of quarters of a year that is written as two, 2015/16 Q1: its first month is not written."""
    text = next((t for t in column.texts() if _FISCAL_YEAR.match(t)), "") if _FISCAL_QUARTER in parsed.styles else ""
    if text:
        notes.warn(
            f"column {column.name!r}: {text!r} is a quarter of a fiscal year, whose first month is not written: Q1 is dated from "
            f"January {text[:4]}; if the year begins in April, write the first month of each quarter, such as {text[:4]}-04"
        )


def _all_digits(column: Column) -> bool:
    labels = column.labels.slice(0, 50).to_pylist() if column.labels is not None else []
    return bool(labels) and all(t.isdigit() and len(t) > 8 for t in labels)


def _from_texts(table: Table, column: Column, options: ReadOptions, notes: Notes) -> Clock:
    parsed = parse_texts(column.labels, options.date_order)
    codes = column.values
    find = from_other_calendar(column.labels, options.date_order) if parsed.failed.any() else None
    if not parsed.failed.any() and not np.isnat(parsed.wall).any():
        find = evenly_persian(column.labels, parsed.wall, options.date_order)
    if find is not None:
        parsed, calendar = find
        notes.warn(f"column {column.name!r}: dates are in the {calendar} calendar and are converted")
    if parsed.failed.any():
        bad = np.append(parsed.failed, False)[codes]
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise DataError(
                f"{table.where(row)}, column {column.name!r}: {column.text_at(row)[:60]!r} is not a date in a known format",
                "correct or remove that row; or number the rows: --timestamp none"
                + ("" if column.text_at(row).isascii() else "; if letters look wrong, name the encoding: --encoding cp1250"),
            )
    _warn_of_fiscal_quarters(column, parsed, notes)
    if is_thai(column.labels):
        notes.find("calendar", "Thai months; years of the Buddhist era are converted")
    wall, order = resolve_day_order(parsed, column, table.where, options.date_order)
    if order:
        notes.find("date order", order, "--date-order")
    padded = np.append(wall, NAT)
    padded[:-1][~np.isin(np.arange(len(wall)), codes)] = NAT  # texts of rows that were left out
    _no_missing(table, column, padded[codes])
    if (coarse := _coarser(column, wall)) is not None:
        rows = np.append(coarse, False)[codes]
        notes.repair("annual and quarterly rows beside finer ones left out", int(rows.sum()), table.where(int(np.argmax(rows))))
        padded[:-1][coarse] = NAT
    _weigh(column, parsed, order, notes)
    form = f", such as {column.text_at(int(np.argmax(codes >= 0)))}"
    if np.all(parsed.offset[~np.isnat(padded[:-1])] == NAIVE):
        return _naive(column, padded[codes], form, options, notes)
    notes.find("timestamp", f"column {column.name!r}{form}", "--timestamp")
    return _zoned(table, column, padded, np.append(parsed.offset, NAIVE), options, notes)


def _coarser(column: Column, wall: np.ndarray) -> np.ndarray | None:
    """Return (u,) bool: True for years and quarters if the column also has finer periods that start with them; otherwise None.

    Statistical offices list all frequencies of a series in one column: 2023, 2023 Q4, 2023 DEC.
    """
    texts = [t.strip().lower() for t in column.texts()]
    if len(texts) > 20_000:
        return None
    year = np.array([re.fullmatch(r"(?:1[5-9]|20)\d\d(?:jj00)?", t) is not None for t in texts], bool)
    quarter = np.array([re.search(r"(?<![a-z])q ?[1-4](?!\d)|[1-4]q(?![a-z])|\dkw0[1-4]$", t) is not None for t in texts], bool)
    finest = ~(year | quarter) if (~(year | quarter)).any() else quarter
    coarse = (year | quarter) & ~finest
    if not coarse.any() or finest.sum() <= coarse.sum():
        return None
    return coarse if np.isin(wall[coarse], wall[finest]).mean() >= 0.5 else None


def _weigh(column: Column, parsed: Parsed, order: str | None, notes: Notes) -> None:
    """Note the formats of a column of texts, how many cells match, and how many match in the other order of day and month."""
    over = ""
    if order in ("dmy", "mdy") and parsed.other is not None:
        other, name = (parsed.other, "mdy") if order == "dmy" else (parsed.wall, "dmy")
        matched = int((~np.append(np.isnat(other), True)[column.values]).sum())
        over = f"{name}: {matched:,} cells match"
    forms = ", ".join(parsed.styles[:3]) + (" and others" if len(parsed.styles) > 3 else "")
    taken = f"{forms} ({order})" if order else forms
    notes.weigh("timestamp format", taken, f"all {int((column.values >= 0).sum()):,} cells match", over)


def _naive(column: Column, stamps: np.ndarray, form: str, options: ReadOptions, notes: Notes) -> Clock:
    """Stamps without offsets; mere dates take the time of day from another column, where there is one."""
    notes.find("timestamp", f"column {column.name!r}{form}", "--timestamp")
    _warn_of_calendars(column, stamps, notes)
    return Clock(stamps, options.timezone, False, (column.name,))


def _warn_of_future(column: Column, stamps: np.ndarray, notes: Notes) -> None:
    """Warn where all epochs lie more than a year ahead of today: they may count from another day than 1970-01-01."""
    first = stamps.min()
    if first > np.datetime64("now", "us") + np.timedelta64(366, "D"):
        notes.warn(
            f"column {column.name!r} was read as time since 1970-01-01, so its dates are in the future (from {str(first)[:10]}); "
            "if it counts from another day (SAS: 1960-01-01), convert it"
        )


def _of_date_system(column: Column, stamps: np.ndarray, form: str, asked: str | None, notes: Notes) -> tuple[np.ndarray, str]:
    """Return the dates of serial days in the date system that is asked for, and its name.

    Without an option, warn where neither system is the only one with months or weekdays, unless the dates of the other one lie
    in the future.
    """
    system = asked or next(year for year, name in SERIAL_DAYS.items() if name == form)
    notes.find("date system", system, "--date-system")
    stamps = in_date_system(stamps, form, system)
    if asked is None and system == "1900":
        other = in_date_system(stamps, form, "1904")
        if not are_natural_days(stamps) and other.max() < np.datetime64("now", "us"):
            notes.warn(
                f"column {column.name!r}: its serial days are read as days since 1900, from {str(stamps.min())[:10]}; if a Mac "
                f"workbook counted them from 1904, they begin on {str(other.min())[:10]}: set --date-system 1904 (or 1900)"
            )
    return stamps, SERIAL_DAYS[system]


def _warn_of_calendars(column: Column, stamps: np.ndarray, notes: Notes) -> None:
    """Warn where days lie in years that other calendars count today."""
    if not len(stamps) or len(np.unique(stamps[:50].astype("datetime64[M]"))) == len(stamps[:50]):
        return  # years or months, as those of climate models
    low, high = (int(v.astype("datetime64[Y]").astype(np.int64)) + 1970 for v in (np.fmin.reduce(stamps), np.fmax.reduce(stamps)))
    for first, last, name, shift in _CALENDARS:
        if first <= low and high <= last:
            notes.warn(
                f"column {column.name!r}: the years {low} to {high} are read as written; if they are in the {name} calendar "
                f"({low + shift} to {high + shift}), convert them, or weekdays and months are wrong"
            )


def _zoned(table: Table, column: Column, wall: np.ndarray, offset: np.ndarray, options: ReadOptions, notes: Notes) -> Clock:
    """Texts with offsets become instants in one zone; texts without stay as they are. wall, offset: by code."""
    codes = column.values
    used = np.unique(offset[:-1][~np.isnat(wall[:-1])])
    if used[0] == NAIVE:
        without = int(np.flatnonzero(offset[codes] == NAIVE)[0])
        with_one = int(np.flatnonzero(offset[codes] != NAIVE)[0])
        files = [table.where.file_of(row) for row in (without, with_one)]
        other = table.where.line(with_one) if files[0] == files[1] else table.where(with_one)
        hint = "give every timestamp an offset, or none and --timezone"
        if files[0] != files[1]:
            hint = "set the time zone of the timestamps without offset, for example: --timezone Europe/Berlin"
        raise DataError(f"{table.where(without)}: {column.text_at(without)!r} has no UTC offset, while {other} has one", hint)
    instants = np.where(offset == NAIVE, NAT, wall - np.where(offset == NAIVE, 0, offset).astype("timedelta64[us]"))
    if options.timezone:
        name: str = options.timezone
    elif len(used) == 1:
        name = offset_zone(int(used[0]))
        notes.find("time zone", name, "--timezone")
    else:
        guess = guess_zone(instants[:-1], offset[:-1])
        clock_times = np.unique(wall[:-1][~np.isnat(wall[:-1])].astype(np.int64) % DAY)
        if guess is None and len(clock_times) == 1:
            notes.find("time zone", f"unknown ({len(used)} offsets); days as written", "--timezone")
            return Clock(wall[codes], None, False, (column.name,))
        name = guess or "UTC"
        why = "which fits every offset" if guess else f"since there are {len(used)} different offsets"
        notes.find("time zone", f"{name}, {why}", "--timezone")
    return Clock(instants[codes], name, True, (column.name,))


def _no_missing(table: Table, column: Column, stamps: np.ndarray) -> None:
    missing = np.isnat(stamps)
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        more = f" (and {int(missing.sum()) - 1} more)" if missing.sum() > 1 else ""
        raise DataError(f"{table.where(row)}: no timestamp in column {column.name!r}{more}", "fill it in, or remove the row")
