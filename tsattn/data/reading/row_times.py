"""When each row was, and on which clock the grid runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.data.freq import DAY
from tsattn.data.timezone import to_local, to_utc


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
