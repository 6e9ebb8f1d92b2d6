"""Items of a job that its model did not forecast: the first ones with their reasons, and when all of them ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tsattn.batch.inputs import TimeAxis
from tsattn.data.panel import Panel, discontinued
from tsattn.forecasting.predict import Failure
from tsattn.render.format import stamps

NAMED = 1000  # items that are named with their reasons; the others are counted


@dataclass(frozen=True, eq=False)
class BadItems:
    """At most NAMED `named` items; of all, those of `named` first: their last observed timestamps and their flagged rows.

    ends: (n,) datetime64[us], NaT without a value. rows: (n,) int64, 0 for an item without a forecast.
    """

    named: tuple[Failure, ...] = ()
    ends: np.ndarray = field(default_factory=lambda: np.zeros(0, "datetime64[us]"))
    rows: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.ends)

    @classmethod
    def of(cls, found: Sequence[Failure], panel: Panel | None = None, rows: Sequence[int] | None = None) -> BadItems:
        """Return these items of a panel, with their flagged rows, if any; without a panel, items that have no value."""
        last = {} if panel is None else dict(zip(panel.item_ids, panel.last_seen(), strict=True))
        ends = np.array([last.get(bad.item_id, np.datetime64("NaT")) for bad in found], "datetime64[us]")
        return cls(tuple(found[:NAMED]), ends, np.zeros(len(found), np.int64) if rows is None else np.array(rows, np.int64))

    def __add__(self, other: BadItems) -> BadItems:
        here, room = len(self.named), NAMED - len(self.named)
        there = min(room, len(other.named))
        ends, rows = (
            np.concatenate([mine[:here], others[:there], mine[here:], others[there:]])
            for mine, others in ((self.ends, other.ends), (self.rows, other.rows))
        )
        return BadItems((*self.named, *other.named[:there]), ends, rows)

    def over(self, newest: np.datetime64 | None, clock: TimeAxis | None) -> np.ndarray:
        """Return (n,) bool: True for the items that ended long before `newest`."""
        if newest is None or clock is None:
            return np.zeros(len(self), bool)
        return discontinued(self.ends, newest, clock.freq)

    def judged(self, newest: np.datetime64 | None, clock: TimeAxis | None) -> tuple[tuple[Failure, ...], int]:
        """Return the named items, with the end of those that ended long before `newest`, and the number of all that did."""
        if newest is None or clock is None:
            return self.named, 0
        over = self.over(newest, clock)
        when = stamps(self.ends[over], clock.freq, clock.tz)
        at = dict(zip(np.flatnonzero(over).tolist(), when, strict=True))
        named = tuple(
            replace(bad, reason=f"ended at {at[i]}, long before the newest row; {bad.reason}", ended=True) if i in at else bad
            for i, bad in enumerate(self.named)
        )
        return named, int(over.sum())
