"""Timestamps of the rows, and the clock that the grid runs on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tsattn.data.freq import DAY
from tsattn.data.reading.row_location import Where
from tsattn.data.timezone import to_local, to_utc
from tsattn.errors import DataError


@dataclass(frozen=True, eq=False)
class Clock:
    """Timestamps of the rows. stamps: (n,) datetime64[us]; UTC instants where `instants`, else the wall clock as written.

    zone: the zone to print in, None for naive stamps. columns: where they came from; () when there are none.
    counted: the stamps are mere numbers 0, 1, 2, … of rows. also: other columns of dates, which are never a target.
    """

    stamps: np.ndarray
    zone: str | None = None
    instants: bool = False
    columns: tuple[str, ...] = ()
    counted: bool = False
    also: tuple[str, ...] = ()

    def take(self, rows: np.ndarray) -> Clock:
        return replace(self, stamps=self.stamps[rows])


def wall_stamps(clock: Clock) -> np.ndarray:
    """Local wall-clock stamps."""
    return to_local(clock.stamps, clock.zone) if clock.instants and clock.zone else clock.stamps


def same_time_of_day(stamps: np.ndarray) -> bool:
    """Return True if all stamps have the same clock time, as days, weeks and months do."""
    us = stamps.view(np.int64) if stamps.flags.c_contiguous else stamps.astype(np.int64)
    if len(us) == 0:
        return True
    first = us[0] % DAY
    return all(bool(np.all(us[k : k + 1_000_000] % DAY == first)) for k in range(0, len(us), 1_000_000))


def utc_stamps(clock: Clock, group: np.ndarray, where: Where | None = None) -> np.ndarray:
    """UTC instants; of a naive clock read in `clock.zone`, the second of two equal local hours in autumn is the later one.

    group: (n,) which item each row belongs to. Second means later in the source, or earlier where the item's rows are newest
    first. Raises DataError where the rows of such an item are in no order, since the two hours cannot then be distinguished.
    """
    if clock.instants or clock.zone is None:
        return clock.stamps
    utc = to_utc(clock.stamps, clock.zone)
    # an hour later has the same wall time only within the doubled hour (shifts other than an hour do not occur today)
    later = utc + np.timedelta64(1, "h")
    in_doubled_hour = to_local(later, clock.zone) == clock.stamps
    doubled = np.flatnonzero(in_doubled_hour)
    if not len(doubled):
        return utc
    falls, rises = _steps_by_item(clock.stamps, group, in_doubled_hour)
    falling = (falls > rises)[group[doubled]]
    seen: dict[tuple[int, int], int] = {}
    for row in (*doubled[~falling].tolist(), *doubled[falling][::-1].tolist()):
        item = int(group[row])
        key = (item, int(utc[row].astype(np.int64)))
        if key in seen:
            if min(falls[item], rises[item]) > 0.3 * (falls[item] + rises[item]):
                first, second = sorted((seen[key], row))
                raise _unordered(where, first, second, clock.stamps[row], clock.zone)
            utc[row] = later[row]
        seen.setdefault(key, row)
    return utc


def _steps_by_item(stamps: np.ndarray, group: np.ndarray, doubled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many steps of each item go back and forward in time, in the order of the source: two (S,) arrays.

    Steps within a doubled hour are left out: there the clock goes back in a file that is in order.
    """
    order = np.argsort(group, kind="stable")
    item, stamps, doubled = group[order], stamps[order], doubled[order]
    counted = (item[1:] == item[:-1]) & ~(doubled[1:] & doubled[:-1])
    falls, rises = counted & (stamps[1:] < stamps[:-1]), counted & (stamps[1:] > stamps[:-1])
    size = int(item[-1]) + 1
    return np.bincount(item[1:][falls], minlength=size), np.bincount(item[1:][rises], minlength=size)


def _unordered(where: Where | None, one: int, two: int, stamp: np.datetime64, zone: str) -> DataError:
    rows = f"{where(one)} and {where.line(two)}: " if where else ""
    text = str(stamp).replace("T", " ").removesuffix(".000000")
    return DataError(
        f"{rows}both rows are of {text}, an hour that occurs twice in {zone}, and the file is in no order of time that says "
        "which row came first",
        "sort the rows by time, or write UTC offsets (2000-10-29 02:00:00+01:00)",
    )
