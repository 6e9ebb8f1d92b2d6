"""Tables with a row per day and a column per time of day, or a row per month and a column per day: one series."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data import arrow
from tsattn.data.names import listed
from tsattn.data.reading.affixes import bare
from tsattn.data.reading.columns import Column, Columns, Table
from tsattn.data.reading.footers import is_total
from tsattn.data.reading.long_days import LongDay, long_day, stamps_of_long_days
from tsattn.data.reading.marks import decide
from tsattn.data.reading.month_names import weekday_numbers
from tsattn.data.reading.name_shapes import names_shaped
from tsattn.data.reading.number_columns import is_sound
from tsattn.data.reading.number_notes import note_numbers, note_repairs
from tsattn.data.reading.numbers import as_numbers
from tsattn.data.reading.row_times import Clock
from tsattn.data.reading.short_days import short_day
from tsattn.data.reading.time_names import plain
from tsattn.data.reading.timestamp_column import find_clock
from tsattn.data.report import Notes
from tsattn.errors import DataError

_DAY = 1440  # minutes
_MOST_MEASURES = 500  # most rows of a table with one measure per row
_CLOCK = re.compile(
    r"[A-Za-z_ ]{0,6}(\d{1,2})(?:[:.h](\d\d))(?:[:.]00)?\s*([AaPp][Mm])?"
    r"(?:\s*(?:-|–|to)\s*\d{1,2}[:.h]\d\d(?:[:.]00)?)?"
    r"(?: [(\[]?(?:[kM]?Wh?|m3|m³|l|gal)[)\]]?)?"
)
_HOUR = re.compile(r"(\d{1,2}) ?(?:h|hr|hrs|uhr|시|時|时|([AaPp][Mm]))\.?", re.I)
_SPAN = re.compile(r"(\d{1,2}) ?[-–] ?(\d{1,2})()")  # 00-01
_COUNTED = re.compile(
    r"(?:[kM]?Wh?[ _.-])?"  # the unit before it: KWH_HE01
    r"(?P<word>h|he|hr|hour|hours|hour ?ending|stunde|hora|heure|sp|period|settlement ?period|hh|qh|pte|ptu|interval|int|slot|q|"
    r"tp|val|value|[kM]?Wh|)"
    r"[ _.-]?(?P<n>\d{1,2})",
    re.I,
)
_HOURS = {"h", "he", "hr", "hour", "hours", "hour ending", "hourending", "stunde", "hora", "heure"}
_DAYS = re.compile(r"([^\W\d]*)[ _.-]?(\d{1,2})", re.I)


def unfold_days(table: Table, options: ReadOptions, notes: Notes) -> tuple[Table, Clock] | None:
    """Return the table with one row per time and its clock, where the columns are the times of a day or the days of a month.

    Raises DataError where columns numbered 1 to 24, 48 or 96 may also be series.
    """
    names = [n for n in table.columns if n not in options.item]
    minutes, doubt = _times(names)
    long = None if minutes else long_day(names, lambda some: _times(some)[0])
    minutes = long.minutes if long is not None else minutes
    weekly = {} if minutes else _weekdays(names)
    minutes = minutes or weekly
    monthly = not minutes
    if monthly:
        minutes = _days(names)
    beside = [n for n in table.columns if n not in minutes]
    others = [n for n in beside if not (monthly and _marks_a_day(n, minutes))]
    if not minutes or not others or any(table.columns[n].kind == "stamp" for n in minutes):
        return None
    inner = Notes()
    clock = find_clock(table.only(others), options, inner, set(options.item))
    if clock is None or clock.counted or not len(clock.stamps) or not _fits(clock.stamps, monthly):
        return None
    if weekly and not _begins_weeks(clock.stamps, next(iter(weekly))):
        return None
    if doubt and options.layout != "times":
        first, last = next(iter(minutes)), list(minutes)[-1]
        raise DataError(
            f"{table.where.parts[0][0]}: columns {first!r} to {last!r} may be the {len(minutes)} steps of a day, "
            f"or {len(minutes)} series",
            "specify it: --layout times for steps of a day, --layout wide for series",
        )
    values = matrix(table, list(minutes), notes)
    if values is None:
        return None
    rest = {n: table.columns[n] for n in others if n not in clock.columns}
    if totals := [n for n, c in rest.items() if c.kind == "number" and is_total(n)]:
        notes.repair("columns of totals left out", len(totals), repr(totals[0]))
        rest = {n: c for n, c in rest.items() if n not in totals}
    result = long_table(table, values, rest, "value" if "value" not in rest else "values")
    if long is None and not (weekly or monthly) and _ends_early(table, clock, minutes, values, options.timezone):
        long = LongDay(minutes)
    if long is not None:
        made, kept = stamps_of_long_days(table, clock, long, values, options.timezone)
    else:
        made, kept = _stamps_of_cells(clock, minutes, monthly)
    if not kept.all():
        result, made = result.take(np.flatnonzero(kept)), made.take(np.flatnonzero(kept))
    notes.found += inner.found
    what = "days: a row per month, a column per day" if monthly else "times: a row per day, a column per time of day"
    what = "weekdays: a row per week, a column per day" if weekly else what
    unit = "month" if monthly else "week" if weekly else "day"
    notes.find("layout", what, "--layout wide")
    late = [n for n, m in minutes.items() if m >= _DAY]
    if len(late) > 1 and long is None and not (monthly or weekly):
        notes.warn(
            f"columns {late[0]!r} to {late[-1]!r} are read as times of the next day, because the first column is later in the day"
        )
    notes.weigh(
        "layout",
        what.split(":")[0],
        f"{len(minutes)} columns, {listed([*minutes][:2])} …, step evenly through the {unit}",
    )
    return result, made


def _ends_early(table: Table, clock: Clock, minutes: dict[str, int], values: np.ndarray, zone: str | None) -> bool:
    """Return True if numbered columns count elapsed time: the last columns of a 23-hour day are blank.

    Raises DataError if they do and no time zone is known.
    """
    if _CLOCK.fullmatch(next(iter(minutes)).strip()):
        return False
    seen = ~np.isnan(values)
    times = np.broadcast_to(np.array(list(minutes.values())).astype("timedelta64[m]").astype("timedelta64[us]"), values.shape)
    at = short_day(np.broadcast_to(clock.stamps[:, None], values.shape)[seen], times[seen])
    if at is not None and zone is None:
        row = int(np.flatnonzero(seen.ravel())[at]) // values.shape[1]
        raise DataError(
            f"{table.where(row)}: {clock.stamps[row].astype('datetime64[D]')} has 23 hours, as clocks were set forward, and "
            "its last columns are blank, so the columns count elapsed time, not the time of day",
            "set the time zone, for example: --timezone Europe/Berlin",
        )
    return at is not None


def _stamps_of_cells(clock: Clock, minutes: dict[str, int], monthly: bool) -> tuple[Clock, np.ndarray]:
    """Return the clock of the cells, row-major, and (cells,) bool, False for days that their month does not have."""
    stamps = (clock.stamps[:, None] + np.array(list(minutes.values())).astype("timedelta64[m]")).ravel()
    months = np.repeat(clock.stamps.astype("datetime64[M]"), len(minutes))
    kept = stamps.astype("datetime64[M]") == months if monthly else np.ones(len(stamps), bool)
    return replace(clock, stamps=stamps), kept


def _fits(stamps: np.ndarray, monthly: bool) -> bool:
    """Return True if every stamp is the start of a day, or of a month."""
    unit = "datetime64[M]" if monthly else "datetime64[D]"
    return bool(np.array_equal(stamps, stamps.astype(unit).astype("datetime64[us]")))


def _times(names: list[str]) -> tuple[dict[str, int], bool]:
    """Find columns that step evenly through one day: name -> minutes; and True if they may be series as well."""
    clock: dict[str, int] = {}
    for name in names_shaped(names, lambda n: any(p.fullmatch(n.strip()) for p in (_CLOCK, _HOUR, _SPAN))):
        found = _CLOCK.fullmatch(name.strip()) or _HOUR.fullmatch(name.strip()) or _span(name.strip())
        if found:
            half = (found[found.re.groups] or "").lower()
            hour = int(found[1]) % 12 + (12 if half == "pm" else 0) if half else int(found[1])
            clock[name] = hour * 60 + (int(found[2]) if found.re is _CLOCK and found[2] else 0)
    ahead = _without_wrap(list(clock.values()))
    if _is_day(ahead):
        return dict(zip(clock, ahead, strict=True)), False
    words: dict[str, dict[str, int]] = {}
    for name in names_shaped(names, lambda n: _COUNTED.fullmatch(n.strip())):
        if found := _COUNTED.fullmatch(name.strip()):
            words.setdefault(found["word"].lower(), {})[name] = int(found["n"])
    for word, numbers in words.items():
        values, count = list(numbers.values()), len(numbers)
        if count in (24, 48, 96) and values == list(range(values[0], values[0] + count)) and values[0] in (0, 1):
            step = _DAY // count
            return {n: (k - values[0]) * step for n, k in numbers.items()}, word == "" and values[0] == 1
    return {}, False


def hours_named(names: list[str]) -> list[str]:
    """Return the columns that are named as the steps of a day, such as HE 1 to HE 24; [] if they may be other steps or series."""
    found, doubt = _times(names)
    words = {m["word"].lower() for n in found if (m := _COUNTED.fullmatch(n.strip()))}
    return list(found) if not doubt and words <= _HOURS else []


def _span(name: str) -> re.Match[str] | None:
    """Return the match of a span of one hour, such as 00-01; None for other names, such as 5-10."""
    found = _SPAN.fullmatch(name)
    return found if found is not None and int(found[2]) - int(found[1]) in (1, -23) else None


def _without_wrap(minutes: list[int]) -> list[int]:
    """Return times of day in minutes from the first midnight: those after the first fall are of the next day.

    The last of 00:30 … 23:30, 00:00 is the end of the day, and 06:00 … 05:00 is a gas day.
    """
    wrap = next((k for k in range(1, len(minutes)) if minutes[k] < minutes[k - 1]), len(minutes))
    return [m + _DAY * (k >= wrap) for k, m in enumerate(minutes)]


def _is_day(minutes: list[int]) -> bool:
    """Return True if times step evenly through a whole day."""
    if len(minutes) < 4:
        return False
    steps = np.diff(minutes)
    return bool(np.all(steps == steps[0]) and steps[0] > 0 and len(minutes) * steps[0] == _DAY)


def _weekdays(names: list[str]) -> dict[str, int]:
    """Find the columns of seven consecutive days of a week, in minutes from the first."""
    called = names_shaped(names, lambda n: plain(n).strip(" .") in weekday_numbers())
    found = {n: weekday_numbers()[plain(n).strip(" .")] for n in called}
    days = list(found.values())
    if len(days) != 7 or any((b - a) % 7 != 1 for a, b in pairwise(days)):
        return {}
    return {n: k * _DAY for k, n in enumerate(found)}


def _begins_weeks(stamps: np.ndarray, first: str) -> bool:
    """Return True if the stamps are distinct days, all on the weekday that the first column is named after."""
    days = stamps.astype("datetime64[D]").astype(np.int64)
    return bool(np.all((days + 3) % 7 == weekday_numbers()[plain(first).strip(" .")]) and len(np.unique(days)) == len(days))


def _days(names: list[str]) -> dict[str, int]:
    """Find the columns of the days 1 to 31 of a month, in minutes from its start; they may have one word before the number."""
    words: dict[str, dict[str, int]] = {}
    for name in names_shaped(names, lambda n: _DAYS.fullmatch(n.strip())):
        if found := _DAYS.fullmatch(name.strip()):
            words.setdefault(found[1].lower(), {})[name] = int(found[2])
    days = next((found for found in words.values() if list(found.values()) == list(range(1, 32))), {})
    return {n: (k - 1) * _DAY for n, k in days.items()}


def _marks_a_day(name: str, days: dict[str, int]) -> bool:
    """Return True for a name such as Flow01Status, beside the day Flow01."""
    return any(name.startswith(day) and not name[len(day) : len(day) + 1].isdigit() for day in days if not day.isdigit())


def matrix(table: Table, names: list[str], notes: Notes) -> np.ndarray | None:
    """Return (rows, len(names)) numbers, None if some column is not numeric. The marks are decided for all columns together."""
    texts: list[str] = []
    for name in names:
        column = table.columns[name]
        if column.kind == "text":
            texts += column.texts()[: 20_000 // len(names) + 10]
        elif column.kind == "number":
            some = column.values[:200]
            texts += [f"{v:.0f}" for v in some[np.isfinite(some)] if v == np.round(v)]
    verdict = decide([bare(t) for t in texts], table.marks)
    if not verdict.open and verdict.why and not table.marks.named:
        table = replace(table, marks=replace(table.marks, decimal=verdict.decimal, named=True))
    columns, inner = [], Notes()
    first = next((name for name in names if table.columns[name].kind == "text"), None)
    for name in names:
        column = table.columns[name]
        numbers = as_numbers(column, table.marks, tolerance=0.2)
        if numbers is None or not is_sound(table, column, numbers, wanted=False, asked=True):
            return None
        note = note_numbers if name == first else note_repairs  # the marks are decided once, for all columns
        note(column, numbers, inner)
        columns.append(numbers.column.values)
    notes.extend(inner)
    return np.stack(columns, 1)


def differ_in_units(table: Table, names: list[str]) -> bool:
    """Return True if some column mixes two units, or numbers with and without %, as in a table with one measure per row."""
    texts = [table.columns[n] for n in names if table.columns[n].kind == "text"]
    found = (as_numbers(column, table.marks, tolerance=0.2) for column in texts)
    return table.rows <= _MOST_MEASURES and any(numbers is not None and numbers.clash is not None for numbers in found)


def rowwise(table: Table, names: list[str], notes: Notes) -> np.ndarray | None:
    """Return the numbers (rows, len(names)) of a table, reading each row on its own; None if a row cannot be read as numbers."""
    read, inner = [], Notes()
    for row in range(table.rows):
        texts = [table.columns[n].text_at(row) for n in names]
        labels = list(dict.fromkeys(texts))
        codes = np.array([labels.index(t) for t in texts], np.int32)
        column = Column("", "text", codes, arrow.strings(labels))
        numbers = as_numbers(column, table.marks, tolerance=0.2)
        if numbers is None or numbers.bad is not None or numbers.clash is not None or numbers.open is not None:
            return None
        note_repairs(column, numbers, inner, table.where(row))
        read.append(numbers.column.values)
    notes.extend(inner)
    return np.stack(read)


def long_table(table: Table, values: np.ndarray, others: dict[str, Column], name: str) -> Table:
    """Build the long table, row-major: a source row becomes as many rows as it has values."""
    rows = np.repeat(np.arange(table.rows), values.shape[1])
    columns = {n: c.take(rows) for n, c in others.items()}
    columns[name] = Column(name, "number", np.ascontiguousarray(values).ravel())
    return replace(table, columns=Columns(columns), rows=len(rows), where=table.where.of(rows))
