"""Items that ended long before the newest row, which `ended_items = "skip"` leaves out of a job's results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.batch.bad_items import NAMED
from tsattn.batch.inputs import TimeAxis
from tsattn.data.panel import Panel, discontinued
from tsattn.data.timezone import to_local
from tsattn.render.format import count, stamps

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class EndedItems:
    """Number of items that are left out, and at most NAMED of them with their last timestamps, formatted for people."""

    count: int = 0
    named: tuple[tuple[str, str], ...] = ()

    def __add__(self, other: EndedItems) -> EndedItems:
        return EndedItems(self.count + other.count, (*self.named, *other.named)[:NAMED])

    def to_mapping(self) -> list[dict[str, str]]:
        return [{"item_id": item, "end": end} for item, end in self.named]

    def note(self) -> str:
        """Return a line for the log; "" for no item."""
        if not self.count:
            return ""
        return f"{count(self.count, 'series', 'series')} ended long ago and left out, such as {' at '.join(self.named[0])}"


def without_ended(panel: Panel, newest: np.datetime64 | None = None) -> tuple[EndedItems, Panel]:
    """Return the items that ended long before `newest`, by default the newest row of the panel, and a panel of the others."""
    last = panel.last_seen()
    over = panel.discontinued() if newest is None else discontinued(last, newest, panel.freq)
    if not over.any():
        return EndedItems(), panel
    which = np.flatnonzero(over)[:NAMED]
    ends = stamps(last[which], panel.freq, panel.tz)
    named = tuple((panel.item_ids[i], end) for i, end in zip(which.tolist(), ends, strict=True))
    return EndedItems(int(over.sum()), named), panel.select(np.flatnonzero(~over))


def ended_rows(table: pa.Table, newest: np.datetime64, clock: TimeAxis) -> np.ndarray:
    """Return (n,) bool: True for the rows of forecasts whose cutoff, the end of their item, lies long before `newest`."""
    return discontinued(_on_grid(table, clock), newest, clock.freq)


def ended_in(tables: Iterable[pa.Table], newest: np.datetime64, clock: TimeAxis) -> tuple[EndedItems, int]:
    """Return the items in tables of forecasts that ended long before `newest`, without flagged fallbacks; and all their rows.

    The rows of an item stand together.
    """
    found, rows, before = EndedItems(), 0, None
    for table in tables:
        over = np.flatnonzero(ended_rows(table, newest, clock))
        rows += len(over)
        items: list[Any] = table["item_id"].take(over).to_pylist()
        fallback = table["fallback"].take(over).to_pylist()
        ends = stamps(_on_grid(table, clock)[over], clock.freq, clock.tz)
        for item, bad, end in zip(items, fallback, ends, strict=True):
            if item != before and not bad:
                found += EndedItems(1, ((item, end),))
            before = item
    return found, rows


def _on_grid(table: pa.Table, clock: TimeAxis) -> np.ndarray:
    """Return the cutoffs (n,) on the grid clock, datetime64[us]."""
    import pyarrow as pa

    values = table["cutoff"].cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]")
    return to_local(values, clock.tz) if clock.tz is not None and not clock.freq.is_subdaily else values
