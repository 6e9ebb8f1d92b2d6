"""A timestamp that is written in several columns: year and month, date and hour, time and zone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.reading.column_parts import (
    LEFT_OUT,
    common_zone,
    counts_periods,
    hours_of,
    months_numbered,
    months_of_periods,
    offsets_of,
    part_of,
    says_slot,
    with_names_of_months,
    with_year_before,
    years_of,
)
from tsattn.data.reading.columns import Column, Table
from tsattn.data.reading.date_columns import is_even
from tsattn.data.reading.date_parts import dates, days_of_year, weeks
from tsattn.data.reading.hours_of_days import stop_at_hours_of_months, with_days_of_hours
from tsattn.data.reading.name_shapes import all_shaped, names_that
from tsattn.data.reading.row_times import Clock, same_time_of_day
from tsattn.data.reading.short_days import short_day
from tsattn.data.reading.spans_of_day import alike_first, starts_of_spans, with_half_days, without_ends
from tsattn.data.reading.time_names import parts_named, says_end, says_span, says_start, says_year, time_words
from tsattn.data.reading.zone_names import guess_zone
from tsattn.data.report import Notes
from tsattn.data.timezone import offset_zone, to_utc, utc_offsets, zone
from tsattn.errors import ConfigError, DataError

_UNNAMED = re.compile(r"column_\d+")
_FIRST_COLUMNS = 8  # columns without names in which a date is looked for
_FEWEST_TIMES, _MOST_TIMES = 8, 1440  # times of a day in a column that no name marks as time
_LETTERS = {"m": "month", "d": "day"}
_WITHIN_A_DAY = {"time", "hour", "moment", "period"}


def distinct(stamps: np.ndarray) -> int:
    return len(np.unique(stamps))


def year_and_parts(table: Table, columns: Mapping[str, Column], notes: Notes, asked: bool = False) -> Clock | None:
    """The clock of a year's column and one or more beside it; rows of whole years among months get NaT. None if there are none.

    Columns are known by their names, or by their values where no column has a name or `asked` names them.
    """
    named = _named_parts(columns)
    if "year" not in named and (asked or all(_UNNAMED.fullmatch(n) for n in list(table.columns)[:2])):
        named = _parts_further_right(list(islice(columns.values(), _FIRST_COLUMNS)))
    if "year" in named:
        named = {**named, **_letters(columns)}
    if "month" not in named and "year" in named and "minute" in named and part_of(named["minute"], "month") is not None:
        named = {**named, "month": named["minute"]}  # Mn
    if "month" not in named:
        named = with_names_of_months(named, columns)
    if "year" not in named and {"month", "day"} <= set(named):
        named = with_year_before(named, list(columns.values()))
    if "year" not in named or (years := years_of(named["year"])) is None or _begins_years(named["year"], columns, years):
        return None
    best = _finest(_candidates(named, years))
    if best is None:
        return None
    stamps, used = best
    clock = Clock(stamps, columns=tuple(c.name for c in used))
    if (lost := np.isnat(stamps)).any():
        first = int(np.argmax(lost))
        name = next(c for c in used if c is not named["year"])
        notes.repair(f"rows of whole years left out ({name.text_at(first)})", int(lost.sum()), table.where(first))
    return clock


def _begins_years(year: Column, columns: Mapping[str, Column], years: np.ndarray) -> bool:
    """Return True if a column holds one year, the start of a span whose end is in another column, as in official statistics."""
    if not says_start(year.name) or np.ptp(years):
        return False
    ends = (years_of(columns[n]) for n in columns if says_end(n) and says_year(n))
    return any(end is not None and end.min() > years.max() + 1 for end in ends)


def _named_parts(columns: Mapping[str, Column]) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for name in names_that(columns, parts_named):
        column = columns[name]
        for part in parts_named(name):
            exact = len(time_words(column.name)) == 1
            if part not in found or (exact and len(time_words(found[part].name)) > 1):
                found[part] = column
    return found


def _letters(columns: Mapping[str, Column]) -> dict[str, Column]:
    """Return the columns m and d as month and day, if there are both."""
    found = {_LETTERS[n.strip().lower()]: c for n, c in columns.items() if n.strip().lower() in _LETTERS}
    return found if len(found) == len(_LETTERS) and all(part_of(c, part) is not None for part, c in found.items()) else {}


def _parts_further_right(columns: list[Column]) -> dict[str, Column]:
    """Return the parts that begin with the first column; or year, month and day beside each other that give even days."""
    found = _parts_by_place(columns[:4])
    for k in range(1, len(columns) - 2):
        if found:
            break
        found = _parts_by_place(columns[k : k + 4])
        years = part_of(found["year"], "year") if "day" in found else None
        best = _finest(_candidates(found, years)) if years is not None else None
        found = found if best is not None and is_even(best[0], 3) else {}
    return found


def _parts_by_place(columns: list[Column]) -> dict[str, Column]:
    """Columns without names that begin with year, month, day and hour, as far as each makes the times more."""
    found: dict[str, Column] = {}
    if len(columns) < 2 or part_of(columns[0], "year") is None:
        return found
    found["year"] = columns[0]
    years = part_of(columns[0], "year")
    if years is not None and years.max() <= 2200 and _are_days_with_hours(years, columns[1:3]):
        return {**found, "day_of_year": columns[1]}
    if years is None or years.max() > 2200 or part_of(columns[1], "month") is None:
        return {}
    found["month"] = columns[1]
    for part, column in zip(("day", "hour"), columns[2:], strict=False):
        before = _finest(_candidates(found, years))
        after = _finest(_candidates({**found, part: column}, years))
        if before is None or after is None or distinct(after[0]) <= distinct(before[0]):
            break
        found[part] = column
    return found


def _are_days_with_hours(years: np.ndarray, columns: list[Column]) -> bool:
    """Return True if two columns beside years hold days of the year, some above 12, and hours, in even steps."""
    days = part_of(columns[0], "day_of_year")
    hours = hours_of(columns[1]) if len(columns) > 1 else None
    if days is None or hours is None or days.max() <= 12 or len(np.unique(hours)) != 24:
        return False
    stamps = days_of_year(years, days)
    return not np.isnat(stamps).any() and is_even(stamps + hours, 48)


def _candidates(named: dict[str, Column], years: np.ndarray) -> list[tuple[np.ndarray, list[Column]]]:
    """Return all ways to make dates of the columns, as (stamps, columns used)."""
    year, one = named["year"], np.ones_like(years)
    found: list[tuple[np.ndarray, list[Column]]] = []

    def add(part: str, stamps: np.ndarray, lost: np.ndarray | None = None) -> None:
        kept = ~np.isnat(stamps) if lost is None else ~np.isnat(stamps) | lost
        if kept.all() and (lost is None or not lost.all()):
            found.append((stamps, [year, named[part]]))

    if "period" in named and (months := months_of_periods(named["period"])) is not None:
        add("period", dates(years, months, one), months == LEFT_OUT)
    elif "period" in named and "month" not in named and named["period"] is not year:
        add("period", dates(years, months_numbered(named["period"]), one))
    if "month" in named and named["month"] is not year and (months := part_of(named["month"], "month")) is not None:
        add("month", dates(years, months, one), months == LEFT_OUT)
        if "day" in named and (days := part_of(named["day"], "day")) is not None:
            stamps = dates(years, months, days)
            if not np.isnat(stamps).any():
                found.append((stamps, [year, named["month"], named["day"]]))
    for part, months_each in (("quarter", 3), ("half", 6)):
        if part in named and named[part] is not year and (numbers := part_of(named[part], part)) is not None:
            add(part, dates(years, (numbers - 1) * months_each + 1, one))
    if "week" in named and named["week"] is not year and (numbers := part_of(named["week"], "week")) is not None:
        add("week", weeks(years, numbers, one))
    doy = named.get("day_of_year") or named.get("day")
    monthly = "month" in named and part_of(named["month"], "month") is not None
    if doy is not None and doy is not year and not monthly and (numbers := part_of(doy, "day_of_year")) is not None:
        stamps = days_of_year(years, numbers)
        if not np.isnat(stamps).any():
            found.append((stamps, [year, doy]))
    return found


def _finest(found: list[tuple[np.ndarray, list[Column]]]) -> tuple[np.ndarray, list[Column]] | None:
    """Return the parts that give the most distinct dates; if all give one date, such as hours of one day, the most parts."""
    alone = all(distinct(stamps) == 1 for stamps, _ in found)
    return max(found, key=lambda pair: len(pair[1]) if alone else distinct(pair[0])) if found else None


def with_time_of_day(table: Table, clock: Clock, columns: Mapping[str, Column], options: ReadOptions, notes: Notes) -> Clock:
    """The clock with the hour, minute, time of day and zone of other columns, where these make its times more or even."""
    if clock.counted or (clock.instants and (clock.zone != "UTC" or options.timezone is not None)):
        return clock
    beside = _next_unnamed(clock, columns)
    timed = set(names_that(columns, lambda n: parts_named(n) or _says_zone(n) or says_slot(n)))
    starts = starts_of_spans(columns) | _full_days(columns)
    timed |= starts | ({beside.name} if beside is not None else set())
    others = [columns[n] for n in columns if n in timed and n not in clock.columns]
    telling = alike_first([c for c in others if c is beside or c.name in starts or _is_within_a_day(c.name)], clock.columns)
    if telling and len(dated := clock.stamps[~np.isnat(clock.stamps)]) and same_time_of_day(dated):
        for column in telling:
            named = column is not beside
            if (hours := hours_of(column)) is not None and not _adds_nothing(dated, hours):
                clock = with_days_of_hours(clock, columns)
                hours, half = with_half_days(hours, columns)
                joined = _with_minutes(_with_hours(table, clock, column, hours, options), others)
                joined = _with_intervals(joined, others)
                joined = replace(joined, columns=(*joined.columns, half)) if half else joined
                sure = named or len(np.unique(hours)) in (24, 25) or column.kind == "text"
                if sure and _improves(clock.stamps, joined.stamps, column.name):
                    stop_at_hours_of_months(table, clock, columns)
                    clock = without_ends(joined, column, columns) if column.name in starts else joined
                    break
    return _with_zone(clock, others, options, notes)


def _full_days(columns: Mapping[str, Column]) -> set[str]:
    """Return the columns of any name whose texts are times in even steps through a whole day, such as 00:00 to 23:30.

    They may also be minutes, 0 to 1260 for example.
    """
    found = set()
    for name, column in columns.items():
        if column.kind != "text" or column.labels is None or not _FEWEST_TIMES <= len(column.labels) <= _MOST_TIMES:
            continue
        timed = all(":" in text for text in column.texts()) or max(map(len, column.texts())) in (3, 4)
        hours = hours_of(column) if timed else None
        steps = np.diff(np.unique(hours)) if hours is not None else np.zeros(0)
        if len(steps) and np.all(steps == steps[0]) and (len(steps) + 1) * steps[0] == np.timedelta64(1, "D"):
            found.add(name)
    return found


def _adds_nothing(stamps: np.ndarray, hours: np.ndarray) -> bool:
    """Return True if hours are the same in all rows and stamps have a time of day: they are, for example, lengths of periods."""
    return bool(np.all(hours == hours[0]) and np.any(stamps != stamps.astype("datetime64[D]")))


def _is_within_a_day(name: str) -> bool:
    """Return True if a name says time of day, hour, or period, slot or minute of a day."""
    return bool(parts_named(name) & _WITHIN_A_DAY and not says_span(name)) or says_slot(name)


def _with_hours(table: Table, clock: Clock, column: Column, hours: np.ndarray, options: ReadOptions) -> Clock:
    """Return the clock with the time of day of a column added.

    Periods count the elapsed time since midnight, so a day on which clocks change has 46 or 50 half-hours.
    """
    columns = (*clock.columns, column.name)
    short = short_day(clock.stamps, hours)
    if not counts_periods(column) and short is None:
        return replace(clock, stamps=clock.stamps + hours, columns=columns)
    if options.timezone is not None:
        stamps = to_utc(clock.stamps, options.timezone) + hours
        return replace(clock, stamps=stamps, columns=columns, instants=True, zone=options.timezone)
    if (late := hours >= np.timedelta64(1, "D")).any():
        row = int(np.argmax(late))
        raise DataError(
            f"{table.where(row)}: period {column.text_at(row)} in column {column.name!r} belongs to a 25-hour day, "
            "on which clocks were set back",
            "set the time zone, for example: --timezone Europe/London",
        )
    if short is not None:
        raise DataError(
            f"{table.where(short)}: {column.text_at(short)} is the last number in column {column.name!r} on "
            f"{clock.stamps[short].astype('datetime64[D]')}, a day of 23 hours, on which clocks were set forward",
            "set the time zone, for example: --timezone Europe/London",
        )
    return replace(clock, stamps=clock.stamps + hours, columns=columns)


def _next_unnamed(clock: Clock, columns: Mapping[str, Column]) -> Column | None:
    """The column after those of the clock, in a table without names: it may be the hour."""
    names = list(columns)
    if not clock.columns or not all_shaped(names, _UNNAMED.fullmatch):
        return None
    last = max((k for k, name in enumerate(names) if name in clock.columns), default=len(names))
    return columns[names[last + 1]] if last + 1 < len(names) else None


def _with_intervals(clock: Clock, others: list[Column]) -> Clock:
    """Return the clock with a column of intervals of an hour (1 to 2, 4, 6 or 12) added, if that gives more distinct times."""
    for column in others:
        if column.name in clock.columns or column.kind != "number" or "interval" not in time_words(column.name):
            continue
        numbers = part_of(column, "minute")
        count = 0 if numbers is None else int(numbers.max())
        if numbers is None or numbers.min() != 1 or count not in (2, 4, 6, 12):
            continue
        minutes = ((numbers - 1) * (60 // count)).astype("timedelta64[m]")
        joined = replace(clock, stamps=clock.stamps + minutes, columns=(*clock.columns, column.name))
        if distinct(joined.stamps) > distinct(clock.stamps):
            return joined
    return clock


def _with_minutes(clock: Clock, others: list[Column]) -> Clock:
    for part, size in (("minute", 60), ("second", 1)):
        named = [c for c in others if c.name not in clock.columns and _may_name(c.name, part)]
        column = named[0] if named else None
        numbers = part_of(column, part) if column is not None else None
        if column is None or numbers is None or np.any(clock.stamps.astype(np.int64) % (size * 60_000_000) != 0):
            return clock
        clock = replace(
            clock, stamps=clock.stamps + (numbers * size).astype("timedelta64[s]"), columns=(*clock.columns, column.name)
        )
    return clock


def _may_name(name: str, part: str) -> bool:
    """Return True if a name means a part of a time of day; mm beside a month and an hour means minutes."""
    return part in parts_named(name) or (part == "minute" and name.lower() == "mm")


def _improves(before: np.ndarray, after: np.ndarray, name: str) -> bool:
    """Return True if a column gives more distinct times, or keeps the steps even.

    A column named only "period" must give more distinct times, because it may be a period of days.
    """
    more = distinct(after) - distinct(before)
    if more or len(after) < 3 or not parts_named(name) & (_WITHIN_A_DAY - {"period"}):
        return more > 0
    steps = np.diff(np.unique(after)).astype(np.int64)
    return bool(len(steps) and np.all(steps % steps.min() == 0))


def _with_zone(clock: Clock, others: list[Column], options: ReadOptions, notes: Notes, asked: bool = False) -> Clock:
    """The clock as instants, where a column names the zone or the UTC offset of each row."""
    for column in others:
        if not asked and (not _says_zone(column.name) or clock.zone):
            continue
        offsets = offsets_of(column)
        if offsets is not None:
            instants = clock.stamps - offsets.astype("timedelta64[us]")
            name = options.timezone or _zone_of(column, instants, offsets)
            notes.find("time zone", f"{name}, from column {column.name!r}", "--timezone")
            return replace(clock, stamps=instants, instants=True, zone=name, columns=(*clock.columns, column.name))
        if column.kind == "text" and len(column.texts()) == 1 and not column.missing.any():
            try:
                zone(column.texts()[0])
            except ConfigError:
                continue
            notes.find("time zone", f"{column.texts()[0]}, from column {column.name!r}", "--timezone")
            return replace(clock, zone=column.texts()[0], columns=(*clock.columns, column.name))
    return clock


def _says_zone(name: str) -> bool:
    return "".join(time_words(name)) in ("zone", "timezone", "tz", "utcoffset", "offset", "zeitzone", "dst")


def _zone_of(column: Column, instants: np.ndarray, offsets: np.ndarray) -> str:
    common = common_zone(column)
    if common and np.array_equal(utc_offsets(instants, common).astype(np.int64), offsets):
        return common
    used = np.unique(offsets)
    return offset_zone(int(used[0])) if len(used) == 1 else guess_zone(instants, offsets) or "UTC"


def asked_parts(table: Table, names: list[str], options: ReadOptions, notes: Notes) -> Clock | None:
    """Return the clock of the columns that --timestamp names if the first is a year, else None."""
    columns = {n: table.columns[n] for n in names}
    clock = year_and_parts(table, columns, notes, asked=True)
    return None if clock is None else with_asked(table, clock, list(columns.values()), options, notes)


def with_asked(table: Table, clock: Clock, columns: list[Column], options: ReadOptions, notes: Notes) -> Clock:
    """The clock with each of these columns as hour, minute, second, time of day or zone. Raises ConfigError for another."""
    minutes = 0
    for column in [c for c in columns if c.name not in clock.columns]:
        if not minutes and (hours := hours_of(column)) is not None:
            clock, minutes = _with_hours(table, clock, column, hours, options), 60
        elif minutes and (numbers := part_of(column, "minute")) is not None:
            stamps, minutes = clock.stamps + (numbers * minutes).astype("timedelta64[s]"), 1
            clock = replace(clock, stamps=stamps, columns=(*clock.columns, column.name))
        else:
            joined = _with_zone(clock, [column], options, notes, asked=True)
            if joined is clock:
                raise ConfigError(
                    f"--timestamp: column {column.name!r} is not an hour, a minute, a time of day or a zone",
                    f"leave it out: --timestamp {','.join(clock.columns)}",
                )
            clock = joined
    return clock


def without_undated(table: Table, clock: Clock | None) -> tuple[Table, Clock | None]:
    """The table and clock without the rows that have no time: totals of years among months, which the report names."""
    if clock is None or not np.isnat(clock.stamps).any():
        return table, clock
    rows = np.flatnonzero(~np.isnat(clock.stamps))
    return table.take(rows), clock.take(rows)
