"""Time zones: UTC <-> local wall clock, for arrays, by names (`Europe/Berlin`) or fixed offsets (`+02:00`)."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from tsattn.errors import ConfigError

_HOUR = 3_600_000_000
_QUARTER = _HOUR // 4


def zone(name: str) -> dt.tzinfo:
    """The zone of a name or a fixed offset. Raises ConfigError for an unknown one."""
    if name in ("UTC", "Z"):
        return dt.timezone.utc
    found = re.fullmatch(r"([+-])(\d\d):?(\d\d)", name)
    if found:
        sign = -1 if found.group(1) == "-" else 1
        return dt.timezone(sign * dt.timedelta(hours=int(found.group(2)), minutes=int(found.group(3))))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"unknown time zone {name!r}", "use a name such as Europe/Berlin, or an offset such as +02:00") from None


def utc_offsets(utc: np.ndarray, name: str) -> np.ndarray:
    """The zone's offset from UTC, as timedelta64[us], at each UTC instant of `utc` (datetime64[us])."""
    where = zone(name)
    # offsets change at most every quarter of an hour, and a series has few distinct quarters beside its rows
    quarters, inverse = np.unique(utc.astype("datetime64[us]").astype(np.int64) // _QUARTER, return_inverse=True)
    if isinstance(where, dt.timezone):
        step = where.utcoffset(None) // dt.timedelta(microseconds=1)
        return np.full(utc.shape, step).astype("timedelta64[us]")
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
    out = np.empty(len(quarters), np.int64)
    for i, q in enumerate(quarters.tolist()):
        offset = (epoch + dt.timedelta(microseconds=q * _QUARTER)).astimezone(where).utcoffset()
        out[i] = (offset or dt.timedelta()) // dt.timedelta(microseconds=1)
    return out[inverse].reshape(utc.shape).astype("timedelta64[us]")


def to_local(utc: np.ndarray, name: str) -> np.ndarray:
    """UTC instants -> local wall clock, both datetime64[us]."""
    return utc + utc_offsets(utc, name)


def to_utc(local: np.ndarray, name: str) -> np.ndarray:
    """Local wall clock -> UTC instants. A doubled hour is read as the first, a skipped one as if the clock had not moved."""
    guess = local - utc_offsets(local, name)
    return local - utc_offsets(guess, name)
