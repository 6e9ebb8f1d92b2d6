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
_HOUR_25 = re.compile(r"(?P<word>(?:he?|hr|hours?|hour ?ending|stunde|std|hora|heure|ora)[ _.-]?)(?P<n>\d{1,2})", re.I)
_HOUR = 60  # minutes
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class LongDay:
    """Columns of the 25 hours of a day. minutes: of each column from midnight, on the wall clock, or elapsed where `elapsed`;
    second: the column of the hour that comes a second time, "" where `elapsed`."""

    minutes: dict[str, int]
    second: str = ""

    @property
    def elapsed(self) -> bool:
        """True for columns numbered 1 to 25, which count the hours since midnight."""
        return not self.second


def long_day(names: list[str], times: Callable[[list[str]], dict[str, int]]) -> LongDay | None:
    """Find the columns of 25 hours: 24 of which one is written as A and B (3A, 3B), or numbered 1 to 25; None if there are none.

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
    counted = [(n, m["word"], int(m["n"])) for n in names if (m := _HOUR_25.fullmatch(n.strip()))]
    if len(counted) == 25 and len({word for _, word, _ in counted}) == 1 and [k for *_, k in counted] == list(range(1, 26)):
        return LongDay({n: (k - 1) * _HOUR for n, _, k in counted})
    return None


def stamps_of_long_days(
    table: Table, clock: Clock, day: LongDay, values: np.ndarray, zone: str | None
) -> tuple[Clock, np.ndarray]:
    """Return the clock of the cells, row-major, and (cells,) bool, True for those to keep: the hours that their days have.

    clock: midnight of each row. values: (rows, 25). Raises DataError without a zone, and for a value in an hour that its day
    does not have.
    """
    names = list(day.minutes)
    if zone is None:
        alike = [n for n in names if not day.elapsed and day.minutes[n] == day.minutes[day.second]] or names[-1:]
        raise DataError(
            f"{table.where.parts[0][0]}: {listed(alike)}: the extra hour of the day on which clocks are set back",
            "set the time zone, for example: --timezone Europe/Berlin",
        )
    minutes = np.array(list(day.minutes.values())).astype("timedelta64[m]")
    midnight, seen = clock.stamps[:, None], ~np.isnan(values)
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
