"""Calendar events that daily data may follow: days of the month or quarter, yearly dates, movable holidays.

An event is a name and the days on which it falls. A few years may not distinguish two events, such as the last and the fourth
Friday of November. Events are therefore listed from the most to the least common, and the first one is preferred.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FROM_EASTER = {
    **{"Carnival Monday": -48, "Shrove Tuesday": -47, "Maundy Thursday": -3, "Good Friday": -2, "Easter Saturday": -1},
    **{"Easter Sunday": 0, "Easter Monday": 1, "Ascension Day": 39, "Whit Sunday": 49, "Whit Monday": 50, "Corpus Christi": 60},
}
FROM_THANKSGIVING = {"Thanksgiving": 0, "Black Friday": 1, "Cyber Monday": 4}  # the fourth Thursday of November
EDGE = 3  # days of a month, and working days at its beginning, that are counted from its end or beginning


@dataclass(frozen=True, eq=False)
class Events:
    """C events on an axis of days. at: (C, n) ascending indices on the axis, padded with -1. yearly: (C,) once a year at most."""

    names: tuple[str, ...]
    at: np.ndarray
    yearly: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    def on(self, which: np.ndarray, days: int) -> np.ndarray:
        """Return (n, days) bool: True on the days of the axis on which the events `which` (n,) fall."""
        out = np.zeros((len(which), days + 1), bool)
        np.put_along_axis(out, self.at[which], True, 1)  # -1 is the column too many
        return out[:, :-1]


@functools.lru_cache(maxsize=32)
def events_between(first: int, last: int) -> tuple[Events, Events]:
    """Return the events of each month or quarter, and those of each year, on the days first … last (days since 1970-01-01)."""
    days = np.arange(first, last + 1).astype("datetime64[D]")
    return _events(days, _monthly(days), False), _events(days, _yearly(days), True)


Family = tuple[np.ndarray, Callable[[int], str]]  # a label for each day, -1 = none, and the name of a label


def _events(days: np.ndarray, families: list[Family], yearly: bool) -> Events:
    names: list[str] = []
    places: list[np.ndarray] = []
    for labels, name in families:
        order = np.argsort(labels, kind="stable")
        for place in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
            if labels[place[0]] >= 0:
                names.append(name(int(labels[place[0]])))
                places.append(place)
    at = np.full((len(places), max((len(place) for place in places), default=0)), -1)
    for row, place in zip(at, places, strict=True):
        row[: len(place)] = place
    return Events(tuple(names), at, np.full(len(places), yearly))


def _monthly(days: np.ndarray) -> list[Family]:
    """Families of events of each month, then of each quarter."""
    month, day, left = _in_month(days)
    worked, to_work = _working_days(days, month, month + 1)
    quarter = month - month.astype(np.int64) % 3
    of_quarter = (quarter, quarter + 3)
    begins, ends = of_quarter[0].astype("datetime64[D]"), of_quarter[1].astype("datetime64[D]") - 1
    first_work, last_work = (one == 0 for one in _working_days(days, *of_quarter))
    edges = {"1st day": days == begins, "last day": days == ends}
    edges |= {"1st working day": first_work, "last working day": last_work}
    return [
        (day, lambda k: f"{ordinal(k + 1)} of the month"),
        (np.where(left < EDGE, left, -1), lambda k: f"{_from_end(k)} day of the month"),
        (np.where(worked < EDGE, worked, -1), lambda k: f"{ordinal(k + 1)} working day of the month"),
        (np.where(to_work < EDGE, to_work, -1), lambda k: f"{_from_end(k)} working day of the month"),
        *((np.where(on, 0, -1), _always(f"{name} of the quarter")) for name, on in edges.items()),
    ]


def _yearly(days: np.ndarray) -> list[Family]:
    """Families of events of each year: fixed dates, movable holidays, and the nth or last weekday of a month."""
    month, day, left = _in_month(days)
    number = month.astype(np.int64) % 12
    weekday = (days.astype(np.int64) + 3) % 7
    feasts = {**FROM_EASTER, **FROM_THANKSGIVING}
    names = tuple(feasts)
    feast = np.full(len(days), -1)
    year = days.astype("datetime64[Y]").astype(np.int64) + 1970
    for offsets, of_year in ((FROM_EASTER, easter), (FROM_THANKSGIVING, thanksgiving)):
        since = (days - of_year(year)).astype(np.int64)
        for name, offset in offsets.items():
            feast = np.where(since == offset, names.index(name), feast)
    of_month = number * 7 + weekday
    nth = [(np.where(day // 7 == n, of_month, -1), _named(ordinal(n + 1))) for n in range(4)]
    return [
        (number * 31 + day, lambda k: f"{k % 31 + 1} {MONTHS[k // 31]}"),
        (feast, lambda k: names[k]),
        *nth[:3],
        (np.where(left < 7, of_month, -1), _named("last")),
        nth[3],
    ]


def easter(year: np.ndarray) -> np.ndarray:
    """Return Easter Sunday of Gregorian years, datetime64[D] (Meeus, 1991, chapter 8)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    march = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + 2
    return march.astype("datetime64[D]") + (h + k - 7 * m + 21)


def thanksgiving(year: np.ndarray) -> np.ndarray:
    """Return the fourth Thursday of November of years, datetime64[D]."""
    november = ((year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + 10).astype("datetime64[D]")
    return november + (3 - (november.astype(np.int64) + 3) % 7) % 7 + 21


def mothers_day(year: np.ndarray) -> np.ndarray:
    """Return the second Sunday of May of years, datetime64[D]."""
    may = ((year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + 4).astype("datetime64[D]")
    return may + (6 - (may.astype(np.int64) + 3) % 7) % 7 + 7


def ordinal(n: int) -> str:
    """Return 1st, 2nd, 3rd, 4th, … 11th, … 21st."""
    return f"{n}{'th' if 10 < n % 100 < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def _from_end(k: int) -> str:
    return "last" if k == 0 else f"{ordinal(k + 1)} last"


def _always(name: str) -> Callable[[int], str]:
    return lambda k: name


def _named(place: str) -> Callable[[int], str]:
    return lambda k: f"{place} {WEEKDAYS[k % 7]} of {MONTHS[k // 7]}"


def _in_month(days: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (the month of each day, its days before the day, and those after it)."""
    month = days.astype("datetime64[M]")
    day = (days - month.astype("datetime64[D]")).astype(np.int64)
    return month, day, ((month + 1).astype("datetime64[D]") - days).astype(np.int64) - 1


def _working_days(days: np.ndarray, begin: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many days from Monday to Friday lie between `begin` and each day, and between it and `end`.

    A large number for Saturdays and Sundays. begin, end: (n,) months.
    """
    before = np.busday_count(begin.astype("datetime64[D]"), days)
    after = np.busday_count(days + 1, end.astype("datetime64[D]"))
    works = np.is_busday(days)
    return np.where(works, before, 1 << 16), np.where(works, after, 1 << 16)
