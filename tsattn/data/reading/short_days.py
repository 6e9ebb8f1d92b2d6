"""Days of 23 hours in columns that number the hours or the periods of a day, counted from midnight."""

from __future__ import annotations

import numpy as np

from tsattn.data.timezone import to_utc

_HOUR, _DAY = np.timedelta64(1, "h"), np.timedelta64(1, "D")
_FEWEST = 2  # days with all hours that must lie beside the short ones
_ZONES = ("Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Sydney", "Pacific/Auckland")


def short_day(days: np.ndarray, hours: np.ndarray) -> int | None:
    """Return the last row of a day on which clocks were set forward and whose numbers end one hour early; None without one.

    days: (n,) midnights. hours: (n,) times since midnight. All other days, but for the first and the last, must have all hours:
    then the numbers count the elapsed hours, and after the change the clock is one hour ahead of them.
    """
    if np.isnat(days).any() or np.any(days != days.astype("datetime64[D]")) or not len(hours):
        return None
    steps = np.diff(np.unique(hours))
    if not len(steps) or steps.min() > _HOUR or _HOUR % steps.min() or hours.min() != np.timedelta64(0) or hours.max() >= _DAY:
        return None
    step = steps.min()
    cells = np.unique(days + hours // step)  # one microsecond for each step
    found, first, counts = np.unique(cells.astype("datetime64[D]"), return_index=True, return_counts=True)
    last = (cells[first + counts - 1] - found).astype(np.int64)
    full, less = int(_DAY // step), int(_HOUR // step)
    inner = slice(1, len(found) - 1)
    short = (counts == full - less) & (last == full - less - 1)
    if not short[inner].any() or np.any(~short[inner] & (counts[inner] != full)) or np.sum(counts == full) < _FEWEST:
        return None
    changed = found[inner][short[inner]]
    if not all(map(_is_set_forward, changed)):
        return None
    return int(np.flatnonzero(days == changed[0])[np.argmax(hours[days == changed[0]])])


def _is_set_forward(day: np.datetime64) -> bool:
    """Return True if a date has 23 hours in one of the zones."""
    ends = np.array([day, day + _DAY]).astype("datetime64[us]")
    return any(to_utc(ends, zone)[1] - to_utc(ends, zone)[0] == 23 * _HOUR for zone in _ZONES)
