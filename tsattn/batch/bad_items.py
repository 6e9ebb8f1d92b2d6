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
    """At most NAMED `named` items, and the last observed timestamps `ends` (n,) of all, those of `named` first, NaT for none."""

    named: tuple[Failure, ...] = ()
    ends: np.ndarray = field(default_factory=lambda: np.zeros(0, "datetime64[us]"))

    def __len__(self) -> int:
        return len(self.ends)

    @classmethod
    def of(cls, found: Sequence[Failure], panel: Panel | None = None) -> BadItems:
        """Return these items of a panel; without one, items that have no value."""
        last = {} if panel is None else dict(zip(panel.item_ids, panel.last_seen(), strict=True))
        ends = np.array([last.get(bad.item_id, np.datetime64("NaT")) for bad in found], "datetime64[us]")
        return cls(tuple(found[:NAMED]), ends)

    def __add__(self, other: BadItems) -> BadItems:
        here, room = len(self.named), NAMED - len(self.named)
        there = min(room, len(other.named))
        ends = (self.ends[:here], other.ends[:there], self.ends[here:], other.ends[there:])
        return BadItems((*self.named, *other.named[:there]), np.concatenate(ends))

    def judged(self, newest: np.datetime64 | None, clock: TimeAxis | None) -> tuple[tuple[Failure, ...], int]:
        """Return the named items, with the end of those that ended long before `newest`, and the number of all that did."""
        if newest is None or clock is None:
            return self.named, 0
        over = discontinued(self.ends, newest, clock.freq)
        when = stamps(self.ends[over], clock.freq, clock.tz)
        at = dict(zip(np.flatnonzero(over).tolist(), when, strict=True))
        named = tuple(
            replace(bad, reason=f"ended at {at[i]}, long before the newest row; {bad.reason}", ended=True) if i in at else bad
            for i, bad in enumerate(self.named)
        )
        return named, int(over.sum())
