"""Which column, or columns, are the timestamp."""

from __future__ import annotations

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data import arrow
from tsattn.data.freq import US
from tsattn.data.names import did_you_mean, listed, quoted, words
from tsattn.data.reading.columns import Column, Table
from tsattn.data.reading.date_formats import parse_texts
from tsattn.data.reading.numbers import as_numbers
from tsattn.data.reading.numeric_dates import parse_numbers
from tsattn.data.reading.row_times import Clock
from tsattn.data.reading.timestamps import TIME_OF_DAY, clock_of
from tsattn.data.report import Notes
from tsattn.data.timezone import zone
from tsattn.errors import ConfigError, DataError

_TOKENS = {
    *("date", "time", "timestamp", "datetime", "ds", "day", "month", "year", "yr", "quarter", "week", "period"),
    *("epoch", "unix", "unixtime", "dt", "yearmonth", "yyyymm", "yyyymmdd", "fecha", "datum", "jahr", "zeit", "dates"),
}
# names of columns that may hold epochs, beside the names above, which any form of date fits
_EPOCH_TOKENS = {
    *("t", "ts", "tstamp", "created", "updated", "modified", "recorded", "observed", "measured", "logged", "utc", "when"),
    *("createdat", "updatedat", "eventtime", "starttime", "unixtimestamp", "timestampms"),
}
_EPOCH_YEARS = (np.datetime64("1980-01-01", "us"), np.datetime64("2100-01-01", "us"))
_COUNTERS = {"ds", "t", "step", "time", "time_idx", "time_index", "timestep", "time_step", "period", "timestamp", "tick"}


def find_clock(table: Table, options: ReadOptions, notes: Notes, exclude: set[str], prefer: str | None = None) -> Clock | None:
    """The rows' timestamps, or None when no column holds any. `exclude`: columns that have another role by option.
    `prefer`: the column to take where several could be, as a model's data had it.

    Raises DataError for two plausible columns, for a text that is no date and for a day/month order that stays open;
    ConfigError for a --timestamp that is no column or no time.
    """
    if options.timezone is not None:
        zone(options.timezone)
    if options.timestamp == "none":
        return None
    if options.timestamp is not None:
        if options.timestamp not in table.columns:
            raise ConfigError(f"--timestamp {options.timestamp}: no such column", did_you_mean(options.timestamp, table.columns))
        return clock_of(table, table.columns[options.timestamp], options, notes)
    columns = [c for n, c in table.columns.items() if n not in exclude]
    strong = [c for c in columns if _is_written_time(c)]
    if len(strong) > 1:
        strong = _narrowed(strong)
    if prefer in [c.name for c in strong]:
        strong = [c for c in strong if c.name == prefer]
    if len(strong) > 1:
        names = listed([c.name for c in strong])
        raise DataError(
            f"{table.where.parts[0][0]}: {len(strong)} columns could be the timestamp: {names}",
            f"name one: --timestamp {quoted(strong[0].name)}",
        )
    if strong:
        return clock_of(table, strong[0], options, notes)
    parts = _from_parts(table, columns, notes)
    if parts is not None:
        return parts
    numeric = [c for c in columns if c.kind in ("number", "text") and _is_number_time(c, first=c is columns[0])]
    named = [c for c in numeric if set(words(c.name)) & _TOKENS] or [c for c in numeric if _is_called_an_epoch(c.name)] or numeric
    if prefer in [c.name for c in named]:
        named = [c for c in named if c.name == prefer]
    if len(named) > 1:
        raise DataError(
            f"{table.where.parts[0][0]}: {len(named)} columns could be the timestamp: {listed([c.name for c in named])}",
            f"name one: --timestamp {quoted(named[0].name)}",
        )
    if named:
        return clock_of(table, named[0], options, notes)
    _stop_at_unread_dates(table, columns)
    return _counted(table, columns, notes)


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
    if not set(words(column.name)) & _TOKENS and all(t.isdigit() for t in some.to_pylist()):
        return False  # bare digits may be codes
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


def _is_called_an_epoch(name: str) -> bool:
    """Return True for names such as ts, event_ts, created_at and createdAt, but not for ids such as ts_id."""
    parts = words(name)
    if set(parts) & {"id", "ids", "by", "count"}:
        return False
    return bool(set(parts) & _EPOCH_TOKENS) or (len(parts) > 1 and parts[-1] == "at")


def _is_number_time(column: Column, first: bool) -> bool:
    """Return True when a column's numbers are dates or epochs, in whatever order the rows are.

    A column whose name says nothing must come first and either rise or fall throughout, or hold the epochs of a regular grid.
    """
    numbers = as_numbers(column)
    if numbers is None or len(column) < 2:
        return False
    values = numbers.column.values
    named = bool(set(words(column.name)) & _TOKENS)
    epoch_name = not named and _is_called_an_epoch(column.name)
    if not named and not epoch_name and not first:
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
    if named or (first and monotone):
        return True
    if not found[1].startswith("epoch") or not _plausible(found[0]):
        return False
    return epoch_name or _is_even(found[0])


def _plausible(stamps: np.ndarray) -> bool:
    """Return True when all epochs lie in years that data comes from."""
    low, high = _EPOCH_YEARS
    return bool(np.fmin.reduce(stamps) >= low and np.fmax.reduce(stamps) < high)


def _is_even(stamps: np.ndarray) -> bool:
    """Return True when ten distinct times or more, of whole minutes, nearly all follow each other by one step."""
    times = np.unique(stamps[~np.isnat(stamps)]).astype(np.int64)
    if len(times) < 10 or np.any(times % US["min"]):
        return False
    steps, counts = np.unique(np.diff(times), return_counts=True)
    return bool(counts.max() >= 0.9 * counts.sum() and not np.any(steps % steps[np.argmax(counts)]))


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
            if all(TIME_OF_DAY.fullmatch(t) for t in c.texts()[:50]):
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
