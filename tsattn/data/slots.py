"""Season grids: the places of a window's rows when the length of a season in rows varies.

Seasons follow the wall clock. A panel finer than a day with a zone has a row for each step of UTC, so after a change of
the clock its days are one row off. A window that meets such a change is laid on the *wall-clock grid*: in spring a slot
stays empty (the hour does not exist), in autumn a slot has two rows (the hour comes twice), and a day is the same number of
slots throughout. Forecasters see slots; `WindowBatch.by_step` gives each real step ahead the value of its slot.
Windows without a change are not touched.

The rows of a panel of open slots (calendars.py) leave out closed days, so after a holiday its weeks are a day off. Its windows
are laid on the timetable: a holiday's slots are there, and empty; rows outside the timetable have no slot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.data.calendars import OpenSlots
from tsattn.data.panel import Panel
from tsattn.data.timezone import offset_changes


@dataclass(frozen=True, eq=False)
class Places:
    """The rows of B windows by slot, L slots before the origin and H after it; rows are absolute, -1 = none.

    rows, again: (B, L+H) the first and the second row of each slot, -1 where it has none; again is None where none has two.
    nearest: (B, L+H) the row whose known covariates serve a slot, its own where it has one.
    local: (B, L+H) datetime64[us], the wall clock of each slot. step_slots: (B, H) the slot of each step ahead, 0 … H-1.
    """

    rows: np.ndarray
    again: np.ndarray | None
    nearest: np.ndarray
    local: np.ndarray
    step_slots: np.ndarray


def needed(
    panel: Panel, item: np.ndarray, origin: np.ndarray, context: int | None, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of slots (B,) before each origin that hold the whole history, and after it that hold `horizon` steps.

    `context`: the number of slots before the origin that will be used, None = all.
    """
    history = origin - panel.indptr[:-1][item]
    table = _Timetable.of(panel, item, origin)
    if table is not None:
        return table.history, np.maximum(table.step_slots(horizon).max(1) + 1, horizon)
    clock = _WallClock.of(panel, item, origin, context, horizon)
    if clock is None:
        return history, np.full(len(item), horizon)
    first, last = clock.slot(clock.start)[:, 0], clock.step_slots(horizon).max(1)
    moved = clock.moved
    return np.where(moved, np.maximum(-first, 0), history), np.where(moved, np.maximum(last + 1, horizon), horizon)


def places(panel: Panel, item: np.ndarray, origin: np.ndarray, context: int, horizon: int) -> Places | None:
    """Return the places of the windows' rows on the grid; None where each slot is one row, in order."""
    grid = _Timetable.of(panel, item, origin) or _WallClock.of(panel, item, origin, context, horizon)
    return None if grid is None else grid.places(context, horizon)


@dataclass(frozen=True, eq=False)
class _Timetable:
    """B windows of a panel of open slots with exceptions.

    first: (B, 1) the item's first row; start: (B, 1) its number; phase: (B, 1); origin: (B, 1) the timetable slot after that of
    the last row before the origin; row: (B, 1) the origin's row.
    """

    open: OpenSlots
    first: np.ndarray
    start: np.ndarray
    phase: np.ndarray
    origin: np.ndarray
    row: np.ndarray

    @classmethod
    def of(cls, panel: Panel, item: np.ndarray, origin: np.ndarray) -> _Timetable | None:
        """Return the grid of the windows; None where the panel has no timetable, or one without exceptions."""
        slots = panel.freq.open
        if slots is None or not (slots.closed or slots.extra):
            return None
        first, start = panel.indptr[:-1][item][:, None], panel.start[item].astype(np.int64)[:, None]
        phase, row = slots.phase(start), origin[:, None]
        number = slots.number_at(start - phase)[0]
        return cls(slots, first, number, phase, slots.slot_of(number + row - first - 1) + 1, row)

    @property
    def history(self) -> np.ndarray:
        """Return (B,) the number of slots from the item's start to the origin."""
        return (self.origin - self.open.slot_of(self.start))[:, 0]

    def step_slots(self, horizon: int) -> np.ndarray:
        """Return (B, H) the slot of each step ahead; a step outside the timetable takes the slot before it, never a past one."""
        numbers = self.start + self.row - self.first + np.arange(horizon)
        return np.maximum(self.open.slot_of(numbers) - self.origin, 0)

    def places(self, context: int, horizon: int) -> Places:
        """Rows by slot."""
        slot = self.origin + np.arange(-context, horizon)
        nearest = self.first + self.open.number_of(slot) - self.start
        return Places(
            rows=np.where(self.open.is_closed(slot), -1, nearest),
            again=None,
            nearest=nearest,
            local=(self.open.slot_time(slot) + self.phase).astype("datetime64[us]"),
            step_slots=np.minimum(self.step_slots(horizon), horizon - 1),
        )


@dataclass(frozen=True, eq=False)
class _WallClock:
    """B windows of which some (`moved`) meet a change of the clock. Instants and offsets in int64 microseconds.

    start, cutoff: (B, 1) the first row of the item and the last before the origin. at, offset: (T,), (T+1,) the zone's
    changes. own: (B, 1) the offset at the cutoff.
    """

    panel: Panel
    origin: np.ndarray
    first: np.ndarray
    start: np.ndarray
    cutoff: np.ndarray
    at: np.ndarray
    offset: np.ndarray
    own: np.ndarray
    moved: np.ndarray
    step: int

    @classmethod
    def of(cls, panel: Panel, item: np.ndarray, origin: np.ndarray, context: int | None, horizon: int) -> _WallClock | None:
        """Return the grid of the windows; None when no window meets a change that is a whole number of steps."""
        step = panel.freq.fixed_us
        if panel.tz is None or step is None or not panel.freq.is_subdaily or not len(item):
            return None
        first = panel.indptr[:-1][item]
        start = panel.start[item].astype(np.int64)
        cutoff = start + (origin - first - 1) * step
        low = start if context is None else np.maximum(start, cutoff - context * step)
        high = cutoff + horizon * step
        at, offset = offset_changes(panel.tz, int(low.min()), int(high.max()))
        if not len(at):
            return None
        odd = np.concatenate([[0], np.cumsum(np.diff(offset) % step != 0)])
        a, b = np.searchsorted(at, low, "right"), np.searchsorted(at, high, "right")
        moved = (b > a) & (odd[b] == odd[a])
        if not moved.any():
            return None
        own = offset[np.searchsorted(at, cutoff, "right")]
        columns = (origin[:, None], first[:, None], start[:, None], cutoff[:, None])
        return cls(panel, *columns, at=at, offset=offset, own=own[:, None], moved=moved, step=step)

    def slot(self, instants: np.ndarray) -> np.ndarray:
        """Return the slot of each instant (B, n), counted from the origin's: -1 for the cutoff itself."""
        offset = self.offset[np.searchsorted(self.at, instants, "right")]
        return (instants + offset - self.cutoff - self.own) // self.step - 1

    def step_slots(self, horizon: int) -> np.ndarray:
        """Return (B, H) the slot of each step ahead.

        After a cutoff within a doubled hour, the steps that repeat earlier clock times take the first slot ahead, as they
        have no slot of their own.
        """
        steps = np.arange(horizon)
        found = self.slot(self.cutoff + (steps + 1) * self.step)
        return np.where(self.moved[:, None], np.maximum(found, 0), steps)

    def places(self, context: int, horizon: int) -> Places:
        """Rows by slot; windows that meet no change keep theirs."""
        offset = np.arange(-context, horizon)
        plain = self.origin + offset
        local = self.cutoff + self.own + (offset + 1) * self.step
        # a wall-clock time of the doubled hour lies in two spans between changes, one of the skipped hour in none
        later = np.searchsorted(self.at + self.offset[1:], local, "right")
        earlier = np.searchsorted(self.at + self.offset[:-1], local, "right")
        rows, again = (self.first + (local - self.offset[span] - self.start) // self.step for span in (earlier, later))
        moved = self.moved[:, None]
        if not self.moved.all():
            still = self.panel.local((self.start + (plain - self.first) * self.step).astype("datetime64[us]"))
            local = np.where(moved, local, still.astype(np.int64))
        return Places(
            rows=np.where(moved, np.where(earlier <= later, rows, -1), plain),
            again=np.where(moved & (earlier < later), again, -1),
            nearest=np.where(moved, again, plain),
            local=local.astype("datetime64[us]"),
            step_slots=np.minimum(self.step_slots(horizon), horizon - 1),
        )
