"""Time zones: UTC <-> local wall clock, for arrays, by names (`Europe/Berlin`) or fixed offsets (`+02:00`)."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from tsattn.data.freq import Freq
from tsattn.errors import ConfigError

_HOUR = 3_600_000_000
_QUARTER = _HOUR // 4
_MICROSECOND = dt.timedelta(microseconds=1)


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
    # offsets change at most every quarter of an hour, and a series has few distinct quarters beside its rows
    quarters, inverse = np.unique(utc.astype(np.int64) // _QUARTER, return_inverse=True)
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    out = np.empty(len(quarters), np.int64)
    for i, q in enumerate(quarters.tolist()):
        offset = (epoch + dt.timedelta(microseconds=q * _QUARTER)).astimezone(where).utcoffset()
        out[i] = (offset or dt.timedelta()) // _MICROSECOND
    return out[inverse].reshape(utc.shape).astype("timedelta64[us]")


def to_local(utc: np.ndarray, name: str) -> np.ndarray:
    """UTC instants -> local wall clock, both datetime64[us]."""
    return utc + utc_offsets(utc, name)


def to_utc(local: np.ndarray, name: str) -> np.ndarray:
    """Local wall clock -> UTC instants. A doubled hour is read as the first, a skipped one as if the clock had not moved."""
    local = np.asarray(local, "datetime64[us]")
    day = np.timedelta64(1, "D")
    # the offsets well before and well after any change nearby; the older one wins wherever it is possible at all
    before, after = utc_offsets(local - day, name), utc_offsets(local + day, name)
    moved = (utc_offsets(local - before, name) != before) & (utc_offsets(local - after, name) == after)
    return local - np.where(moved, after, before)


def instants(stamps: np.ndarray, freq: Freq, tz: str | None) -> np.ndarray:
    """Grid-clock timestamps (see freq.py) -> UTC instants; unchanged where there is no zone, or no clock.

    The one place that knows which clock a grid runs on: zoned grids finer than a day are in UTC already, coarser ones
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
