"""Which column is the timestamp, what its texts mean, and on which clock the grid runs."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data import arrow
from tsattn.data.columns import Column, Table
from tsattn.data.dayorder import resolve_day_order
from tsattn.data.freq import DAY
from tsattn.data.numbers import as_numbers
from tsattn.data.report import Notes
from tsattn.data.stamps import NAIVE, NAT, parse_numbers, parse_texts
from tsattn.data.timezone import to_local, to_utc, zone
from tsattn.data.zones import guess_zone, offset_name
from tsattn.errors import ConfigError, DataError

_TOKENS = {
    *("date", "time", "timestamp", "datetime", "ds", "day", "month", "year", "yr", "quarter", "week", "period"),
    *("epoch", "unix", "unixtime", "dt", "yearmonth", "yyyymm", "yyyymmdd", "fecha", "datum", "jahr", "zeit", "dates"),
}
_COUNTERS = {"ds", "t", "step", "time", "time_idx", "time_index", "timestep", "time_step", "period", "timestamp", "tick"}
_PART = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(\s*[AaPp][Mm])?")


@dataclass(frozen=True, eq=False)
class Clock:
    """When each row was. stamps: (n,) datetime64[us]; UTC instants where `instants`, else the wall clock as written.

    zone: the zone to print in, None for naive stamps. columns: where they came from; () when there are none.
    counted: the stamps are mere numbers 0, 1, 2, … of rows.
    """

    stamps: np.ndarray
    zone: str | None = None
    instants: bool = False
    columns: tuple[str, ...] = ()
    counted: bool = False

    def take(self, rows: np.ndarray) -> Clock:
        return Clock(self.stamps[rows], self.zone, self.instants, self.columns, self.counted)


def words(name: str) -> list[str]:
    """A column name's words, in lower case: "Date/Time (UTC)" -> date, time, utc."""
    return [w for w in re.split(r"[^a-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()) if w]


def find_clock(table: Table, options: ReadOptions, notes: Notes, exclude: set[str]) -> Clock | None:
    """The rows' timestamps, or None when no column holds any. `exclude`: columns that have another role by option.

    Raises DataError for two plausible columns, for a text that is no date and for a day/month order that stays open;
    ConfigError for a --timestamp that is no column or no time.
    """
    if options.timezone is not None:
        zone(options.timezone)
    if options.timestamp == "none":
        return None
    if options.timestamp is not None:
        if options.timestamp not in table.columns:
            raise ConfigError(f"--timestamp {options.timestamp}: no such column", f"columns: {listed(table.columns)}")
        return _read(table, table.columns[options.timestamp], options, notes, forced=True)
    columns = [c for n, c in table.columns.items() if n not in exclude]
    strong = [c for c in columns if _is_written_time(c)]
    if len(strong) > 1:
        strong = _narrowed(strong)
    if len(strong) > 1:
        names = listed([c.name for c in strong])
        raise DataError(
            f"{table.where.parts[0][0]}: {len(strong)} columns could be the timestamp: {names}",
            f"name one: --timestamp {quoted(strong[0].name)}",
        )
    if strong:
        return _read(table, strong[0], options, notes)
    parts = _from_parts(table, columns, notes)
    if parts is not None:
        return parts
    numeric = [c for c in columns if c.kind in ("number", "text") and _is_number_time(c, first=c is columns[0])]
    named = [c for c in numeric if set(words(c.name)) & _TOKENS] or numeric
    if len(named) > 1:
        raise DataError(
            f"{table.where.parts[0][0]}: {len(named)} columns could be the timestamp: {listed([c.name for c in named])}",
            f"name one: --timestamp {quoted(named[0].name)}",
        )
    if named:
        return _read(table, named[0], options, notes)
    _stop_at_unread_dates(table, columns)
    return _counted(table, columns, notes)


def listed(names: object) -> str:
    """The first few names, quoted."""
    all_names = [repr(str(n)) for n in names]  # type: ignore[attr-defined]
    return ", ".join(all_names[:12]) + (f" and {len(all_names) - 12} more" if len(all_names) > 12 else "")


def quoted(name: str) -> str:
    """A name as one would type it in a shell."""
    return name if re.fullmatch(r"[\w.:+-]+", name) else f'"{name}"'


def _is_written_time(column: Column) -> bool:
    """Whether a column holds dates in text, or Arrow timestamps; half-empty ones are not the rows' time."""
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
    if parsed.styles in (("2000",), ("20000131",), ("2000-01",)) and not set(words(column.name)) & _TOKENS:
        return len(labels) == len(column) and len(labels) > 2  # bare digits may be codes
    return not parsed.failed.all() and parsed.failed.mean() <= 0.2


def _narrowed(columns: list[Column]) -> list[Column]:
    """Without columns that never change or that repeat another."""
    moving = [c for c in columns if len(c) < 2 or np.any(c.values[1:] != c.values[:-1])] or columns[:1]
    kept: list[Column] = []
    for c in moving:
        if not any(k.kind == c.kind and k.tz == c.tz and _same(k, c) for k in kept):
            kept.append(c)
    return kept


def _same(a: Column, b: Column) -> bool:
    if a.kind == "text" and a.labels is not None and not a.labels.equals(b.labels):
        return False
    return bool(np.array_equal(a.values, b.values))


def _is_number_time(column: Column, first: bool) -> bool:
    numbers = as_numbers(column)
    if numbers is None or len(column) < 2:
        return False
    values = numbers.column.values
    named = bool(set(words(column.name)) & _TOKENS)
    if not named and not first:
        return False
    seen = values[~np.isnan(values)]
    if len(seen) < 2 or len(seen) < len(values) / 2:
        return False
    found = parse_numbers(values.astype(np.float64))
    if found is None:
        return False
    steps = np.diff(seen)
    monotone = bool(np.all(steps > 0) or np.all(steps < 0))
    if found[1] == "2000":
        plausible = seen.min() >= 1000 and seen.max() <= 2200
        return plausible and (named or (monotone and bool(np.median(np.abs(steps)) == 1)))
    return named or monotone


def _from_parts(table: Table, columns: list[Column], notes: Notes) -> Clock | None:
    """Year and month (quarter, day, hour) in columns of their own."""
    named = {"_".join(words(c.name)): c for c in columns if c.kind == "number"}
    year = named.get("year") or named.get("yr")
    month = named.get("month") or named.get("mon") or named.get("mo")
    quarter = named.get("quarter") or named.get("qtr")
    if year is None or (month is None and quarter is None):
        return None
    used = [year, month or quarter]
    if month is not None and "day" in named:
        used += [named["day"], *([named["hour"]] if "hour" in named else [])]
    filled = [c.values.astype(np.float64) for c in used if c is not None]
    if any(np.isnan(f).any() or np.any(f != np.round(f)) or np.abs(f).max(initial=0) > 9999 for f in filled):
        return None
    parts = [f.astype(np.int64) for f in filled] + [np.ones(table.rows, np.int64), np.zeros(table.rows, np.int64)][
        len(filled) - 2 :
    ]
    years, months, day, hour = parts
    if month is None:
        months = months * 3 - 2
    bounds = ((years, 1, 9999), (months, 1, 12), (day, 1, 31), (hour, 0, 24))
    if any(len(p) == 0 or p.min() < low or p.max() > high for p, low, high in bounds):
        return None
    stamps = ((years - 1970) * 12 + months - 1).astype("datetime64[M]").astype("datetime64[D]").astype("datetime64[us]")
    stamps = stamps + ((day - 1) * 24 + hour).astype("timedelta64[h]")
    names = tuple(c.name for c in used if c is not None)
    notes.find("timestamp", "columns " + " and ".join(map(repr, names)), "--timestamp")
    return Clock(stamps, columns=names)


def _stop_at_unread_dates(table: Table, columns: list[Column]) -> None:
    """A column called "date" whose texts are no dates is an error, not a table without dates."""
    for c in columns:
        name = set(words(c.name))
        if c.kind == "text" and name & {"date", "datetime", "timestamp", "ds", "time"} and not c.missing.all():
            if all(_PART.fullmatch(t) for t in c.texts()[:50]):
                continue
            row = int(np.flatnonzero(~c.missing)[0])
            raise DataError(
                f"{table.where(row)}: column {c.name!r} is called a time, but {c.text_at(row)[:40]!r} is no date we know",
                "write dates as 2000-01-31; or number the rows: --timestamp none",
            )


def _counted(table: Table, columns: list[Column], notes: Notes) -> Clock | None:
    """A column that merely counts steps, such as `ds` = 1, 2, 3."""
    for c in columns:
        if c.kind == "number" and "_".join(words(c.name)) in _COUNTERS and len(c) and not np.isnan(c.values).any():
            values = c.values.astype(np.float64)
            if np.all(values == np.round(values)) and np.abs(values).max() < 2**40:
                notes.find("timestamp", f"column {c.name!r}, which counts steps", "--timestamp")
                return Clock(values.astype(np.int64).astype("datetime64[us]"), columns=(c.name,), counted=True)
    return None


def _read(table: Table, column: Column, options: ReadOptions, notes: Notes, forced: bool = False) -> Clock:
    """One column's values as a Clock."""
    if column.kind == "stamp":
        _no_missing(table, column, column.values)
        notes.find("timestamp", f"column {column.name!r}", "--timestamp")
        if column.tz:
            return Clock(column.values, options.timezone or column.tz, True, (column.name,))
        return Clock(column.values, options.timezone, False, (column.name,))
    numbers = as_numbers(column) if column.kind == "number" or _all_digits(column) else None
    if numbers is not None:
        found = parse_numbers(numbers.column.values.astype(np.float64))
        if found is not None:
            stamps, form = found
            _no_missing(table, column, stamps)
            notes.find("timestamp", f"column {column.name!r}, written as {form}", "--timestamp")
            epoch = form.startswith("epoch")
            return Clock(stamps, options.timezone or ("UTC" if epoch else None), epoch, (column.name,))
        if column.kind == "number":
            values = column.values.astype(np.float64)
            if np.isfinite(values).all() and np.all(values == np.round(values)) and np.abs(values).max(initial=0) < 2**40:
                notes.find("timestamp", f"column {column.name!r}, which counts steps", "--timestamp")
                return Clock(values.astype(np.int64).astype("datetime64[us]"), columns=(column.name,), counted=True)
            raise ConfigError(f"--timestamp {column.name}: its numbers are neither dates nor epochs nor counts")
    return _from_texts(table, column, options, notes)


def _all_digits(column: Column) -> bool:
    labels = column.labels.slice(0, 50).to_pylist() if column.labels is not None else []
    return bool(labels) and all(t.isdigit() and len(t) > 8 for t in labels)


def _from_texts(table: Table, column: Column, options: ReadOptions, notes: Notes) -> Clock:
    parsed = parse_texts(column.labels, options.date_order)
    codes = column.values
    if parsed.failed.any():
        bad = np.append(parsed.failed, False)[codes]
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise DataError(
                f"{table.where(row)}, column {column.name!r}: {column.text_at(row)[:60]!r} is no date that is understood",
                "mend or remove that row, or name another column with --timestamp",
            )
    wall, order = resolve_day_order(parsed, column, table.where, options.date_order)
    if order:
        notes.find("date order", order, "--date-order")
    padded = np.append(wall, NAT)
    _no_missing(table, column, padded[codes])
    date = _time_of_day(table, column, padded, notes)
    used = f" with {date[1]!r}" if date else ""
    notes.find("timestamp", f"column {column.name!r}{used}, written as {' or '.join(parsed.styles)}", "--timestamp")
    if date:
        return Clock(padded[codes] + date[0], options.timezone, False, (column.name, date[1]))
    return _zoned(table, column, padded, np.append(parsed.offset, NAIVE), options, notes)


def _time_of_day(table: Table, column: Column, padded: np.ndarray, notes: Notes) -> tuple[np.ndarray, str] | None:
    """A second column that holds the time of day of a column of mere dates: ((n,) timedelta64[us], its name)."""
    if np.any((padded[:-1][~np.isnat(padded[:-1])].astype(np.int64)) % DAY):
        return None
    for other in table.columns.values():
        if other is column or other.kind != "text" or not set(words(other.name)) & {"time", "hour", "clock"}:
            continue
        texts = other.texts()
        if texts and all(_PART.fullmatch(t) for t in texts) and not other.missing.any():
            parsed = parse_texts(arrow.strings("2000-01-01 " + t for t in texts))
            if not parsed.failed.any():
                return (parsed.wall - np.datetime64("2000-01-01", "us"))[other.values], other.name
    return None


def _zoned(table: Table, column: Column, wall: np.ndarray, offset: np.ndarray, options: ReadOptions, notes: Notes) -> Clock:
    """Texts with offsets become instants in one zone; texts without stay as they are. wall, offset: by code."""
    codes = column.values
    used = np.unique(offset[:-1][~np.isnat(wall[:-1])])
    if len(used) <= 1 and (not len(used) or used[0] == NAIVE):
        return Clock(wall[codes], options.timezone, False, (column.name,))
    if used[0] == NAIVE:
        without = int(np.flatnonzero(offset[codes] == NAIVE)[0])
        with_one = int(np.flatnonzero(offset[codes] != NAIVE)[0])
        raise DataError(
            f"{table.where(without)}: {column.text_at(without)!r} has no UTC offset, while {table.where.line(with_one)} has one",
            "give every timestamp an offset, or none and --timezone",
        )
    instants = np.where(offset == NAIVE, NAT, wall - np.where(offset == NAIVE, 0, offset).astype("timedelta64[us]"))
    if options.timezone:
        name: str = options.timezone
    elif len(used) == 1:
        name = offset_name(int(used[0]))
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


def wall_stamps(clock: Clock) -> np.ndarray:
    """Local wall-clock stamps."""
    return to_local(clock.stamps, clock.zone) if clock.instants and clock.zone else clock.stamps


def same_time_of_day(stamps: np.ndarray) -> bool:
    """Whether every stamp has one and the same clock time, as days, weeks and months do."""
    us = stamps.view(np.int64) if stamps.flags.c_contiguous else stamps.astype(np.int64)
    if len(us) == 0:
        return True
    first = us[0] % DAY
    return all(bool(np.all(us[k : k + 1_000_000] % DAY == first)) for k in range(0, len(us), 1_000_000))


def utc_stamps(clock: Clock, group: np.ndarray) -> np.ndarray:
    """UTC instants; of a naive clock read in `clock.zone`, the second of two equal local hours in autumn is the later one.

    group: (n,) which item each row belongs to.
    """
    if clock.instants or clock.zone is None:
        return clock.stamps
    utc = to_utc(clock.stamps, clock.zone)
    # an hour later has the same wall time only within the doubled hour (shifts other than an hour do not occur today)
    later = utc + np.timedelta64(1, "h")
    doubled = np.flatnonzero(to_local(later, clock.zone) == clock.stamps)
    if not len(doubled):
        return utc
    falling = np.median(np.diff(clock.stamps).astype(np.int64)) < 0 if len(utc) > 1 else False
    order = doubled[::-1] if falling else doubled
    seen: set[tuple[int, int]] = set()
    for row in order.tolist():
        key = (int(group[row]), int(utc[row].astype(np.int64)))
        if key in seen:
            utc[row] = later[row]
        seen.add(key)
    return utc
