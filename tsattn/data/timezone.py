"""Time zones: UTC <-> local wall clock, for arrays, by names (`Europe/Berlin`) or fixed offsets (`+02:00`)."""

from __future__ import annotations

import datetime as dt
import functools
import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from tsattn.data.freq import Freq
from tsattn.errors import ConfigError

_HOUR = 3_600_000_000
_QUARTER = _HOUR // 4
_DAY = 24 * _HOUR
_MICROSECOND = dt.timedelta(microseconds=1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MANY = 50_000  # instants, from which on the zone's changes are looked up instead of each quarter of an hour
_SPAN = 512  # days: windows that end near each other share one look-up


def zone(name: str) -> dt.tzinfo:
    """The zone of a name or a fixed offset. Raises ConfigError for an unknown one."""
    if name in ("UTC", "Z"):
        return dt.UTC
    found = re.fullmatch(r"([+-])(\d\d):?(\d\d)", name)
    if found:
        sign = -1 if found.group(1) == "-" else 1
        return dt.timezone(sign * dt.timedelta(hours=int(found.group(2)), minutes=int(found.group(3))))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(
            f"unknown time zone {name!r}", "use a name such as Europe/Berlin, or an offset such as +02:00"
        ) from None


def utc_offsets(utc: np.ndarray, name: str) -> np.ndarray:
    """The zone's offset from UTC, as timedelta64[us], at each UTC instant of `utc` (datetime64[us])."""
    where, utc = zone(name), np.asarray(utc, "datetime64[us]")
    if isinstance(where, dt.timezone):
        return np.full(utc.shape, np.timedelta64(where.utcoffset(None) // _MICROSECOND, "us"))
    if utc.size > _MANY:
        us = utc.astype(np.int64)
        at, offsets = offset_changes(name, int(us.min()), int(us.max()))
        return offsets[np.searchsorted(at, us, "right")].astype("timedelta64[us]")
    # offsets change at most every quarter of an hour, and a series has few distinct quarters beside its rows
    quarters, inverse = np.unique(utc.astype(np.int64) // _QUARTER, return_inverse=True)
    out = np.array([_offset(where, q) for q in quarters.tolist()], np.int64)
    return out[inverse].reshape(utc.shape).astype("timedelta64[us]")


def offset_changes(name: str, low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the zone's changes between two UTC instants: (instants (T,), offsets before, between and after them (T+1,)).

    All are in int64 microseconds. A change takes effect at its instant.
    """
    if isinstance(zone(name), dt.timezone):
        return np.zeros(0, np.int64), utc_offsets(np.array([low], "datetime64[us]"), name).astype(np.int64)
    at, offsets = _changes_of_days(name, low // (_SPAN * _DAY) * _SPAN, (high // (_SPAN * _DAY) + 1) * _SPAN)
    first, last = np.searchsorted(at, (low, high), "right")
    return at[first:last], offsets[first : last + 1]


@functools.lru_cache(maxsize=64)
def _changes_of_days(name: str, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """`offset_changes` between two days, counted from 1970."""
    where = zone(name)
    days = [_offset(where, day * _DAY // _QUARTER) for day in range(first, end + 1)]
    at, offsets = [], days[:1]
    for i in np.flatnonzero(np.diff(days)).tolist():
        low, high = ((first + i + k) * _DAY // _QUARTER for k in (0, 1))
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(where, middle) == days[i] else (low, middle)
        at.append(high * _QUARTER)
        offsets.append(days[i + 1])
    return np.array(at, np.int64), np.array(offsets, np.int64)


def _offset(where: dt.tzinfo, quarter: int) -> int:
    """The offset in microseconds at a quarter of an hour, counted from 1970 in UTC."""
    try:
        offset = (_EPOCH + dt.timedelta(microseconds=quarter * _QUARTER)).astimezone(where).utcoffset()
    except OverflowError:  # beyond the year 9999, or before the year 1
        return 0
    return (offset or dt.timedelta()) // _MICROSECOND


def to_local(utc: np.ndarray, name: str) -> np.ndarray:
    """UTC instants -> local wall clock, both datetime64[us]."""
    return utc + utc_offsets(utc, name)


def to_utc(local: np.ndarray, name: str) -> np.ndarray:
    """Local wall clock -> UTC instants. A doubled hour is read as the first, a skipped one as if the clock had not moved."""
    local = np.asarray(local, "datetime64[us]")
    (before, after), (first, second) = _offsets_around(local, name)
    return local - np.where(~first & second, after, before)  # the older one wins wherever it is possible at all


def is_doubled(local: np.ndarray, name: str) -> np.ndarray:
    """Return True for local wall clock times that occur twice, since clocks are set back over them."""
    (before, after), (first, second) = _offsets_around(np.asarray(local, "datetime64[us]"), name)
    return np.asarray((before != after) & first & second)


def _offsets_around(local: np.ndarray, name: str) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return the offsets well before and well after any change near local times, and where each of the two is possible."""
    day = np.timedelta64(1, "D")
    before, after = utc_offsets(local - day, name), utc_offsets(local + day, name)
    return (before, after), (utc_offsets(local - before, name) == before, utc_offsets(local - after, name) == after)


def instants(stamps: np.ndarray, freq: Freq, tz: str | None) -> np.ndarray:
    """Grid-clock timestamps (see freq.py) -> UTC instants; unchanged where there is no zone, or no clock.

    This function alone determines the clock that a grid runs on: zoned grids finer than a day are in UTC already, coarser ones
    stand on the local wall clock, whose midnight that a daylight-saving change skips is an hour later.
    """
    if tz is None or not freq.has_clock or freq.is_subdaily:
        return stamps
    return to_utc(stamps, tz)


def canonical(name: str) -> str:
    """The spelling of a zone that Arrow and pandas both read: `UTC`, `Europe/Berlin` or `+02:00`. Raises ConfigError."""
    where = zone(name)
    if not isinstance(where, dt.timezone):
        return name
    return offset_zone(where.utcoffset(None) // _MICROSECOND)


def offset_text(us: int) -> str:
    """A UTC offset in microseconds as +02:00."""
    minutes = abs(us) // 60_000_000
    return f"{'-' if us < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def offset_zone(us: int) -> str:
    """The name of the zone with a fixed UTC offset in microseconds: UTC, or +02:00."""
    return offset_text(us) if us else "UTC"
