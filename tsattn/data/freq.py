"""Frequencies: the length of a step, the arithmetic of steps, and the cycles that a frequency usually carries.

A regular series is a start and a count of steps. Everything that walks a calendar does it here, so that
business days stay business days and month starts stay month starts wherever a forecast goes.

Timestamps are `datetime64[us]` on the *grid clock*: UTC for zoned data finer than a day, the local wall clock
otherwise. So an hourly grid crosses a daylight-saving change without a doubled or lost step, and a daily grid
stays at its local hour. A grid of open slots (calendars.py) runs on the local wall clock.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace

import numpy as np

from tsattn.data.calendars import OpenSlots
from tsattn.data.horizons import DEFAULT_HORIZONS, two_days
from tsattn.errors import ConfigError

US = {"us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000, "D": 86_400_000_000}
US["W"] = 7 * US["D"]
DAY = US["D"]
YEAR = 365.25  # days
WEEKS_IN_YEAR = 52  # season length of weekly data; a year has 52.18 weeks
LONGEST_CYCLE = 10_000_000  # steps: no series is long enough to hold a day of microseconds often

# alias -> (unit, multiplier of n, month_end); the first alias of each row of _CANONICAL is what is printed
_ALIASES: dict[str, tuple[str, int, bool]] = {
    **{u: (u, 1, False) for u in ("us", "ms", "s", "min", "h", "D", "W", "B", "step")},
    **{"t": ("min", 1, False), "m": ("min", 1, False), "d": ("D", 1, False), "w": ("W", 1, False)},
    **{"b": ("B", 1, False), "hour": ("h", 1, False), "hourly": ("h", 1, False), "daily": ("D", 1, False)},
    **{"day": ("D", 1, False), "week": ("W", 1, False), "weekly": ("W", 1, False), "minute": ("min", 1, False)},
    **{"MS": ("M", 1, False), "ME": ("M", 1, True), "M": ("M", 1, False), "month": ("M", 1, False)},
    **{"monthly": ("M", 1, False), "QS": ("M", 3, False), "QE": ("M", 3, True), "Q": ("M", 3, False)},
    **{"quarterly": ("M", 3, False), "YS": ("M", 12, False), "YE": ("M", 12, True), "Y": ("M", 12, False)},
    **{"A": ("M", 12, False), "yearly": ("M", 12, False), "annual": ("M", 12, False), "H": ("h", 1, False)},
    **{"T": ("min", 1, False), "S": ("s", 1, False), "business": ("B", 1, False), "year": ("M", 12, False)},
}


@dataclass(frozen=True)
class Freq:
    """Step of a regular grid: `n` units. `unit` is a key of `US`, or "B" (weekdays), "M" (months), "step" (no clock).

    `month_end` marks month grids whose timestamps are last days of months. `open`: the slots that there are, None = all.
    """

    unit: str
    n: int = 1
    month_end: bool = False
    open: OpenSlots | None = None

    def __post_init__(self) -> None:
        if self.unit not in US and self.unit not in ("B", "M", "step"):
            raise ConfigError(f"unknown frequency unit {self.unit!r}")
        if self.n < 1:
            raise ConfigError(f"a frequency step must be positive, not {self.n}{self.unit}")
        if self.open is not None and self.plain.fixed_us != self.open.step:
            raise ConfigError(
                f"open slots need a step that divides a day, not {self.n}{self.unit}", "use for example 15min, h or D"
            )

    @classmethod
    def parse(cls, text: str) -> Freq:
        """Read an alias such as `h`, `15min`, `D`, `B`, `W`, `MS`, `QE`, `YS`, `step` (pandas' names, and plain words), or one
        with open slots: `D@Mon-Sat`, `15min@Mon-Fri/09:30-15:45`.

        Raises ConfigError, naming the nearest alias.
        """
        text, at, slots = text.partition("@")
        if at:
            plain = cls.parse(text)
            if plain.fixed_us is None or DAY % plain.fixed_us:
                raise ConfigError(f"open slots need a step that divides a day, not {plain}", "use for example 15min, h or D")
            return replace(plain, open=OpenSlots.parse(slots, plain.fixed_us))
        found = re.fullmatch(r"\s*(\d*)\s*([A-Za-z]+)(-[A-Za-z]{3})?\s*", text)
        alias = found.group(2) if found else ""
        if found and (alias in _ALIASES or alias.lower() in _ALIASES):
            unit, times, end = _ALIASES.get(alias) or _ALIASES[alias.lower()]
            return cls(unit, int(found.group(1) or 1) * times, end)
        near = difflib.get_close_matches(alias, _ALIASES, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(
            f"unknown frequency {text!r}", hint + "use for example 15min, h, D, B (business days), W, MS, QS, YS or step"
        )

    @property
    def alias(self) -> str:
        """The name to print, and to give to `--freq`."""
        if self.open is not None:
            return f"{self.plain.alias}@{self.open.text}"
        if self.unit != "M":
            return self.unit if self.n == 1 else f"{self.n}{self.unit}"
        size, letter = next((s, c) for s, c in ((12, "Y"), (3, "Q"), (1, "M")) if self.n % s == 0)
        count = "" if self.n == size else str(self.n // size)
        return f"{count}{letter}{'E' if self.month_end else 'S'}"

    def __str__(self) -> str:
        return self.alias

    @property
    def plain(self) -> Freq:
        """The same step with every slot open."""
        return self if self.open is None else replace(self, open=None)

    @property
    def has_clock(self) -> bool:
        """False for series without timestamps, which are numbered 0, 1, 2, …"""
        return self.unit != "step"

    @property
    def is_subdaily(self) -> bool:
        """Return True if the step is a fixed duration that is not a whole number of days, and every slot is open.

        Such grids run on UTC when zoned; those of open slots do not.
        """
        return self.open is None and self.unit in US and (self.n * US[self.unit]) % DAY != 0

    @property
    def is_daily(self) -> bool:
        """Return True if the step is a day, a business day, or a day on which it is open."""
        return self.n == 1 and self.unit in ("B", "D")

    @property
    def fixed_us(self) -> int | None:
        """Return the step in microseconds if it is a fixed duration, else None."""
        return self.n * US[self.unit] if self.unit in US and self.open is None else None

    # -- walking -------------------------------------------------------------------------------------------------

    def advance(self, start: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """The timestamps `steps` steps after `start` (arrays that broadcast; datetime64[us], int64)."""
        start, steps = np.broadcast_arrays(np.asarray(start, "datetime64[us]"), np.asarray(steps, np.int64))
        if self.open is not None:
            us = start.astype(np.int64)
            phase = self.open.phase(us)
            return (self.open.time_of(self.open.number_at(us - phase)[0] + steps) + phase).astype("datetime64[us]")
        if self.unit == "step":
            return start + (steps * self.n).astype("timedelta64[us]")
        if self.unit in US:
            return start + (steps * self.n * US[self.unit]).astype("timedelta64[us]")
        day = start.astype("datetime64[D]")
        clock = start - day
        if self.unit == "B":
            # a start on a weekend belongs to the Friday before, so that step 1 is the Monday after
            moved = np.busday_offset(day, steps * self.n, roll="backward")
            return moved.astype("datetime64[us]") + clock
        month = day.astype("datetime64[M]")
        dom = (day - month).astype(np.int64)
        month = month + (steps * self.n).astype("timedelta64[M]")
        last = ((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64) - 1
        dom = last if self.month_end else np.minimum(dom, last)
        return month.astype("datetime64[D]").astype("datetime64[us]") + dom.astype("timedelta64[D]") + clock

    def steps_between(self, start: np.ndarray, stamps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the number of steps from `start` to each of `stamps` (int64, rounded down), and True for stamps on the grid."""
        start, stamps = np.broadcast_arrays(np.asarray(start, "datetime64[us]"), np.asarray(stamps, "datetime64[us]"))
        if self.open is not None:
            first, us = start.astype(np.int64), stamps.astype(np.int64)
            phase = self.open.phase(first)
            number, exact = self.open.number_at(us - phase)
            return number - self.open.number_at(first - phase)[0], exact
        if self.fixed_us is not None or self.unit == "step":
            steps = (stamps - start).astype(np.int64) // (self.fixed_us or self.n)
        elif self.unit == "B":
            # days since Monday, 1969-12-29, a weekend counting as the Friday before
            first, last = (
                np.busday_offset(d.astype("datetime64[D]"), 0, "backward").astype(np.int64) + 3 for d in (start, stamps)
            )
            weekdays = 5 * (last // 7 - first // 7) + last % 7 - first % 7
            steps = weekdays // self.n
        else:
            months = stamps.astype("datetime64[M]") - start.astype("datetime64[M]")
            steps = months.astype(np.int64) // self.n
        reached = self.advance(start, steps)
        if self.fixed_us is None and np.any(reached > stamps):  # an earlier clock time, or an earlier day of the month
            steps = steps - (reached > stamps)
            reached = self.advance(start, steps)
        return steps, reached == stamps

    # -- what usually comes with it ------------------------------------------------------------------------------

    @property
    def season_lengths(self) -> tuple[int, ...]:
        """Return the cycles, in steps, that this frequency usually carries, shortest first; () where none is usual."""
        if self.open is not None:
            return self.open.season_lengths
        if self.unit == "B":
            cycles: tuple[float, ...] = (5 / self.n,)
        elif self.unit == "M":
            cycles = (12 / self.n,)
        elif self.fixed_us is not None:
            spans = (US["h"], DAY, US["W"]) if self.fixed_us < US["min"] * 5 else (DAY, US["W"])
            cycles = tuple(span / self.fixed_us for span in spans) + ((365.25 * DAY / self.fixed_us,) if self.unit == "W" else ())
        else:
            cycles = ()
        # 7-hourly data have no daily cycle of a whole number of steps; a year of weeks is near enough to 52
        whole = {round(c) for c in cycles if 2 <= c <= LONGEST_CYCLE and (self.unit == "W" or c == int(c))}
        return tuple(sorted(whole - {1}))

    @property
    def season_length(self) -> int:
        """The cycle that seasonal naive repeats and that MASE scales by: a day, a week of days, a year of months; else 1."""
        return self.season_lengths[0] if self.season_lengths else 1

    @property
    def year(self) -> float:
        """Steps in a year; 0 where the length of a step is unknown."""
        if self.open is not None:
            return len(self.open.week) * YEAR / 7
        days = {"B": 7 / 5, "M": YEAR / 12}.get(self.unit)
        return YEAR / (days * self.n) if days else YEAR * DAY / self.fixed_us if self.fixed_us else 0.0

    @property
    def grace(self) -> int:
        """Steps that a series may end before the others and only be late: a day of hours, a week of days, a month."""
        within_a_week = self.is_subdaily or self.unit in ("D", "B") or not self.has_clock
        return self.season_length if within_a_week else max(1, self.season_length // 12)

    @property
    def default_horizon(self) -> int:
        """Steps to forecast when no horizon is given: two days of hours, a month of days, a year of months, …"""
        if self.open is not None:
            return self.open.default_horizon
        if self.unit == "M":
            return DEFAULT_HORIZONS[{1: "month", 3: "quarter", 12: "year"}.get(self.n, "several months")]
        if self.unit == "B" or self.fixed_us is None:
            return DEFAULT_HORIZONS["business day" if self.unit == "B" else "step"]
        if self.fixed_us >= DAY:
            return DEFAULT_HORIZONS["week" if self.fixed_us >= US["W"] else "day"]
        return two_days(DAY // self.fixed_us)


def calendar_names(freq: Freq) -> tuple[str, ...]:
    """The calendar features of a frequency: sine and cosine of each cycle that its steps resolve."""
    if not freq.has_clock:
        return ()
    cycles, finer = [], freq.plain.is_subdaily
    if finer:
        cycles.append("day")
    if freq.unit in ("B", "D") or finer:
        cycles.append("week")
    if not finer and freq.n * (1 if freq.unit == "M" else 0) < 12:
        # not below a day: over the few years such series last, the time of the year identifies the row to a network
        cycles.append("year")
    return tuple(f"{wave}_of_{cycle}" for cycle in cycles for wave in ("sin", "cos"))


def calendar_features(local: np.ndarray, freq: Freq) -> np.ndarray:
    """Calendar features of local wall-clock timestamps `local` (…,) -> float32 (…, C), C = len(calendar_names(freq))."""
    day = local.astype("datetime64[D]")
    year = day.astype("datetime64[Y]")
    since_midnight = (local - day).astype(np.int64) / DAY
    phases = {
        "day": since_midnight,
        "week": ((day.astype(np.int64) + 3) % 7 + since_midnight) / 7,  # 1970-01-01 was a Thursday; 0 = Monday
        "year": ((day - year.astype("datetime64[D]")).astype(np.int64) + since_midnight) / 365.25,
    }
    waves = []
    for name in calendar_names(freq):
        wave, cycle = name.split("_of_")
        angle = (2 * np.pi * phases[cycle]).astype(np.float32)
        waves.append(np.sin(angle) if wave == "sin" else np.cos(angle))
    return np.stack(waves, -1) if waves else np.zeros((*local.shape, 0), np.float32)


def months_of(local: np.ndarray, freq: Freq) -> list[str] | None:
    """Format local timestamps (n,) as months such as 2024-01; return None unless all are first, or all last, days of months."""
    if freq.unit != "M":
        return None
    month = local.astype("datetime64[M]")
    days = local if not freq.month_end else local + np.timedelta64(1, "D")
    first = days.astype("datetime64[M]")
    return [str(one) for one in month] if bool((days == first).all()) else None
