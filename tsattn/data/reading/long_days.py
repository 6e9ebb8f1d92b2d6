"""Tables with a row per day and a column per hour, one of which is filled only on the day on which clocks are set back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tsattn.data.names import listed
from tsattn.data.reading.columns import Table
from tsattn.data.reading.row_times import Clock
from tsattn.data.timezone import to_utc
from tsattn.errors import DataError

_HALF = re.compile(r"(?P<base>.*\d)\s*\(?(?P<half>[AaBb])\)?")
_COUNTED = re.compile(
    r"(?P<word>(?:he?|hr|hours?|hour ?ending|stunde|std|hora|heure|ora|tp|sp|hh|settlement ?period)[ _.-]?)(?P<n>\d{1,3})", re.I
)
_MINUTES = {25: 60, 50: 30, 100: 15}  # columns numbered through the longest day -> minutes of each
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class LongDay:
    """Columns of the 25 hours or 50 half-hours of a day. minutes: of each column from midnight, on the wall clock, or elapsed
    where `elapsed`; second: the column of the hour that comes a second time, "" where `elapsed`."""

    minutes: dict[str, int]
    second: str = ""

    @property
    def elapsed(self) -> bool:
        """True for columns numbered 1 to 25, 50 or 100, which count the hours or parts of an hour since midnight."""
        return not self.second


def long_day(names: list[str], times: Callable[[list[str]], dict[str, int]]) -> LongDay | None:
    """Find the columns of 25 hours: 24 of which one is written as A and B (3A, 3B), or numbered to 25, 50 or 100; else None.

    times: the function that finds the columns of an ordinary day.
    """
    halves = {n: m for n in names if (m := _HALF.fullmatch(n.strip()))}
    if [m["half"].upper() for m in halves.values()] == ["A", "B"] and len({m["base"].strip() for m in halves.values()}) == 1:
        first, second = halves
        base = halves[first]["base"].strip()
        found = times([base if n == first else n for n in names if n != second])
        if base not in found:
            return None
        minutes = {first if n == base else n: m for n, m in found.items()}
        return LongDay({**minutes, second: found[base]}, second)
    counted = [(n, m["word"], int(m["n"])) for n in names if (m := _COUNTED.fullmatch(n.strip()))]
    step = _MINUTES.get(len(counted), 0)
    if step and len({word for _, word, _ in counted}) == 1 and [k for *_, k in counted] == list(range(1, len(counted) + 1)):
        return LongDay({n: (k - 1) * step for n, _, k in counted})
    return None


def stamps_of_long_days(
    table: Table, clock: Clock, day: LongDay, values: np.ndarray, zone: str | None
) -> tuple[Clock, np.ndarray]:
    """Return the clock of the cells, row-major, and (cells,) bool, True for those to keep: the hours that their days have.

    clock: midnight of each row. values: (rows, columns). Raises DataError without a zone, and for a value in an hour that its day
    does not have.
    """
    names = list(day.minutes)
    minutes = np.array(list(day.minutes.values())).astype("timedelta64[m]")
    midnight, seen, ordinary = clock.stamps[:, None], ~np.isnan(values), minutes < _DAY
    if zone is None and day.elapsed and not seen[:, ~ordinary].any() and seen[:, ordinary][:, -1].all():
        stamps = midnight + minutes  # no row is a day of 25 or 23 hours
        return replace(clock, stamps=stamps.ravel()), np.broadcast_to(ordinary, seen.shape).ravel()
    if zone is None:
        alike = [n for n in names if not day.elapsed and day.minutes[n] == day.minutes[day.second]] or names[-1:]
        raise DataError(
            f"{table.where.parts[0][0]}: {listed(alike)}: the extra hour of the day on which clocks are set back",
            "set the time zone, for example: --timezone Europe/Berlin",
        )
    if day.elapsed:
        stamps = to_utc(midnight, zone) + minutes
        real = stamps < to_utc(midnight + _DAY, zone)
        if (seen & ~real).any():
            row = int(np.argmax((seen & ~real).any(1)))
            raise DataError(
                f"{table.where(row)}: the day has more values than hours in the zone {zone}", "name another zone with --timezone"
            )
        kept = real
    else:
        stamps = to_utc(midnight + minutes, zone)
        stamps[:, names.index(day.second)] += np.timedelta64(1, "h")
        kept = seen  # blank cells are hours that the day does not have
    made = replace(clock, stamps=stamps.ravel(), instants=True, zone=zone)
    return made, kept.ravel()
