"""Open slots: a weekly timetable of steps, with closed exceptions and rows outside it, walked like a plain grid.

A shop from Monday to Saturday, a session from 09:30 to 16:00, a market from Sunday evening to Friday: the *timetable*
holds the slots of a week that are open. `closed` takes single slots out of it (holidays, early closes); `extra` are instants
outside of it that the data has nevertheless. All are on the local wall clock, in int64 microseconds.

Two numberings: slots of the timetable, counted through all weeks (seasons follow these), and open slots, without the closed
and with the extra ones (rows and steps are these).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from tsattn.data.horizons import DEFAULT_HORIZONS, two_days
from tsattn.errors import ConfigError

DAY = 86_400_000_000
WEEK = 7 * DAY
_MONDAY = 4 * DAY  # 1970-01-05
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?"
_HINT = "write the first and the last slot, for example Mon-Sat, or Mon-Fri/09:30-15:45,Sat/10:00-13:45"


@dataclass(frozen=True)
class OpenSlots:
    """A timetable of `step` microseconds: `week`, the open slots of a week as offsets from Monday 00:00, rising.

    closed: numbers of timetable slots that are closed, rising. extra: instants outside the timetable, rising. Two are equal
    when their timetables are: the exceptions depend on the data's range. A step of a day keeps the clock time of the start.
    """

    step: int
    week: tuple[int, ...]
    closed: tuple[int, ...] = field(default=(), compare=False, repr=False)
    extra: tuple[int, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.week or DAY % self.step or list(self.week) != sorted(set(self.week)) or not 0 <= self.week[-1] < WEEK:
            raise ConfigError("a timetable needs open slots of a step that divides a day", _HINT)

    # -- as text -------------------------------------------------------------------------------------------------

    @classmethod
    def parse(cls, text: str, step: int) -> OpenSlots:
        """Read `Mon-Sat`, `Mon-Fri/09:30-15:45`, `Mon-Fri/09:30-11:15+13:00-14:45,Sat/09:30-11:15`. Raises ConfigError."""
        week: set[int] = set()
        for group in text.split(","):
            found = re.fullmatch(rf"\s*([A-Za-z]{{3}})(?:-([A-Za-z]{{3}}))?(?:/((?:{_CLOCK}(?:-{_CLOCK})?\+?)+))?\s*", group)
            names = [name.title() for name in found.groups()[:2] if name] if found else []
            if not found or not names or any(name not in DAYS for name in names) or (step < DAY and not found.group(3)):
                raise ConfigError(f"{text!r} is not a weekly timetable", _HINT)
            first, last = DAYS.index(names[0]), DAYS.index(names[-1])
            times = _times(found.group(3), step) if step < DAY else [0]
            for day in range(first, last + 1 if last >= first else last + 8):
                week.update(day % 7 * DAY + time for time in times)
        return cls(step, tuple(sorted(week)))

    @property
    def text(self) -> str:
        """The timetable as `parse` reads it: days, then the first and the last slot of each run."""
        by_day: dict[int, tuple[int, ...]] = {}
        for day in range(7):
            times = tuple(slot - day * DAY for slot in self.week if day * DAY <= slot < (day + 1) * DAY)
            if times:
                by_day[day] = times
        groups: list[str] = []
        days = sorted(by_day)
        while days:
            run = [days.pop(0)]
            while days and days[0] == run[-1] + 1 and by_day[days[0]] == by_day[run[0]]:
                run.append(days.pop(0))
            name = DAYS[run[0]] + (f"-{DAYS[run[-1]]}" if len(run) > 1 else "")
            groups.append(name if self.step == DAY else f"{name}/{_runs(by_day[run[0]], self.step)}")
        return ",".join(groups)

    # -- walking -------------------------------------------------------------------------------------------------

    def phase(self, start: np.ndarray) -> np.ndarray:
        """The time of day that a grid of days keeps, 0 for finer ones."""
        return start % DAY if self.step == DAY else np.zeros_like(start)

    def slot_at(self, us: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (the last timetable slot at or before each instant, True where the slot is exactly at the instant)."""
        week, offset = np.divmod(us - _MONDAY, WEEK)
        at = np.searchsorted(self._week, offset, "right") - 1
        return week * len(self.week) + at, (at >= 0) & (self._week[np.maximum(at, 0)] == offset)

    def slot_time(self, slot: np.ndarray) -> np.ndarray:
        """The instant of each timetable slot."""
        week, at = np.divmod(slot, len(self.week))
        return _MONDAY + week * WEEK + self._week[at]

    def number_at(self, us: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (the number of the last open slot at or before each instant, True where the slot is exactly at the instant)."""
        slot, exact = self.slot_at(us)
        extra = np.searchsorted(self._extra, us, "right")
        number = slot - np.searchsorted(self._closed, slot, "right") + extra
        is_extra = (extra > 0) & (self._padded_extra[extra] == us)
        return number, (exact & ~self.is_closed(slot)) | is_extra

    def time_of(self, number: np.ndarray) -> np.ndarray:
        """The instant of each open slot, by its number."""
        at = np.searchsorted(self._extra_numbers, number, "left")
        is_extra = np.append(self._extra_numbers, np.iinfo(np.int64).min)[at] == number
        return np.where(is_extra, np.append(self._extra, 0)[at], self.slot_time(self._plain_slot(number)))

    def slot_of(self, number: np.ndarray) -> np.ndarray:
        """The timetable slot of each open slot; of an extra one, the slot before it."""
        return self.slot_at(self.time_of(number))[0]

    def number_of(self, slot: np.ndarray) -> np.ndarray:
        """The number of the open slot at each timetable slot; of a closed one, that of the open slot before it."""
        return slot - np.searchsorted(self._closed, slot, "right") + np.searchsorted(self._extra_slots, slot, "left")

    def is_closed(self, slot: np.ndarray) -> np.ndarray:
        """Return True for each timetable slot that is one of `closed`."""
        at = np.searchsorted(self._closed, slot, "left")
        return np.append(self._closed, np.iinfo(np.int64).min)[at] == slot

    def _plain_slot(self, number: np.ndarray) -> np.ndarray:
        plain = number - np.searchsorted(self._extra_numbers, number, "right")
        return plain + np.searchsorted(self._closed - np.arange(len(self._closed)), plain, "right")

    @functools.cached_property
    def _week(self) -> np.ndarray:
        return np.array(self.week, np.int64)

    @functools.cached_property
    def _closed(self) -> np.ndarray:
        return np.array(self.closed, np.int64)

    @functools.cached_property
    def _extra(self) -> np.ndarray:
        return np.array(self.extra, np.int64)

    @functools.cached_property
    def _padded_extra(self) -> np.ndarray:
        return np.concatenate([[np.iinfo(np.int64).min], self._extra])

    @functools.cached_property
    def _extra_slots(self) -> np.ndarray:
        return self.slot_at(self._extra)[0]

    @functools.cached_property
    def _extra_numbers(self) -> np.ndarray:
        return self.number_at(self._extra)[0]

    # -- what comes with it --------------------------------------------------------------------------------------

    @functools.cached_property
    def day(self) -> int:
        """Number of slots after which the time of day always returns; 0 where there is none, or where the step is a day."""
        time = self._week % DAY
        counts = np.bincount(self._week // DAY)
        if self.step == DAY:
            return 0
        return next((int(n) for n in sorted(set(counts[counts > 0].tolist())) if n > 1 and (np.roll(time, -n) == time).all()), 0)

    @property
    def season_lengths(self) -> tuple[int, ...]:
        """The cycles in open slots: a day, where all days are alike, and a week."""
        return tuple(sorted({n for n in (self.day, len(self.week)) if n > 1}))

    @property
    def default_horizon(self) -> int:
        """Four weeks of days; of finer steps two days, within 24 to 48."""
        if self.step == DAY:
            return DEFAULT_HORIZONS["open weeks"] * len(self.week)
        a_day = self.day or int(np.bincount(self._week // DAY).max())
        return two_days(a_day)


def _times(text: str, step: int) -> list[int]:
    """`09:30-11:15+13:00-14:45` -> the slots of a day, in microseconds from midnight."""
    out: list[int] = []
    for run in text.strip("+").split("+"):
        ends = [sum(int(part) * size for part, size in zip(t.split(":"), (3600, 60, 1), strict=False)) for t in run.split("-")]
        first, last = ends[0] * 1_000_000, ends[-1] * 1_000_000
        if last < first or last >= DAY:
            raise ConfigError(f"{run!r} does not lie within a day", _HINT)
        out += range(first, last + 1, step)
    return out


def _runs(times: tuple[int, ...], step: int) -> str:
    """Format slots of a day as runs: `09:30-11:15+13:00-14:45`."""
    at = np.array(times, np.int64)
    ends = np.flatnonzero(np.diff(at) != step)
    firsts, lasts = at[np.concatenate([[0], ends + 1])], at[np.append(ends, len(at) - 1)]
    return "+".join(
        _clock(a) if a == b else f"{_clock(a)}-{_clock(b)}" for a, b in zip(firsts.tolist(), lasts.tolist(), strict=True)
    )


def _clock(us: int) -> str:
    seconds = us // 1_000_000
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    return text + (f":{seconds % 60:02d}" if seconds % 60 else "")


def as_ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Rising numbers as [first, end) pairs, for a file."""
    at = np.fromiter(numbers, np.int64)
    if not len(at):
        return []
    cut = np.flatnonzero(np.diff(at) != 1)
    return np.stack([at[np.concatenate([[0], cut + 1])], at[np.append(cut, len(at) - 1)] + 1], 1).tolist()


def of_ranges(ranges: list[list[int]]) -> tuple[int, ...]:
    """The numbers of [first, end) pairs."""
    return tuple(n for first, end in ranges for n in range(first, end))
