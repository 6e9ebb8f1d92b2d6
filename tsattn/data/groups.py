"""Groups of windows with the same cutoff, which a joint model reads together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from tsattn.data.panel import Panel
from tsattn.data.windows import Origins

MOST = 32  # maximum number of series in a group
LATE = 64  # maximum number of steps between the end of a series and the cutoff


def with_companions(panel: Panel, origins: Origins) -> tuple[Origins, np.ndarray]:
    """Add the windows of the other series of each group at the cutoff of each origin: (B,) -> (B + C,), given origins first.

    Also returns the group of each window, (B + C,) int64. A group holds windows of up to MOST series at one cutoff. A series is
    not added if it has no observed value before the cutoff, is on another time grid, or ended more than LATE steps earlier.
    """
    cutoff, part = cutoffs_of(panel, origins), origins.item // MOST
    stamps, at = np.unique(cutoff, return_inverse=True)
    parts = -(-len(panel) // MOST)
    group = at * parts + part
    items, rows, groups = [origins.item], [origins.row], [group]
    observed = np.concatenate([[0], np.cumsum(~np.isnan(panel.target))])
    asked = np.zeros((len(stamps), len(panel)), bool)
    asked[at, origins.item] = True
    read = np.zeros((len(stamps), parts), bool)
    read[at, part] = True
    every = np.arange(len(panel))
    for number, stamp in enumerate(stamps):
        steps, exact = panel.freq.steps_between(panel.start, stamp)
        row = panel.indptr[:-1] + steps + 1
        fits = exact & (steps >= 0) & (row - panel.origin <= LATE) & read[number, every // MOST] & ~asked[number]
        end = np.minimum(row, panel.origin)
        fits &= observed[np.maximum(end, panel.indptr[:-1])] > observed[panel.indptr[:-1]]
        added = np.flatnonzero(fits)
        items.append(added)
        rows.append(row[added])
        groups.append(number * parts + added // MOST)
    return Origins(np.concatenate(items), np.concatenate(rows)), np.concatenate(groups)


def cutoffs_of(panel: Panel, origins: Origins) -> np.ndarray:
    """Return the grid-clock timestamps of the rows before the origins, (B,)."""
    return panel.freq.advance(panel.start[origins.item], origins.row - panel.indptr[:-1][origins.item] - 1)


def whole_groups(group: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Yield the positions of windows, at most `most` at a time. Groups follow each other in the order of their first windows.

    A group is never split, even if it has more than `most` windows.
    """
    if not len(group):
        return
    _, first, number = np.unique(group, return_index=True, return_inverse=True)
    order = np.argsort(first[number], kind="stable")
    ends = [0, *(np.flatnonzero(np.diff(first[number][order])) + 1).tolist(), len(order)]
    at = 0
    for begin, end in pairwise(ends):
        if end - at > most and begin > at:
            yield order[at:begin]
            at = begin
    yield order[at:]


def largest(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return the largest value of each window's group: (B,) -> (B,)."""
    _, number = np.unique(group, return_inverse=True)
    most = np.full(number.max(initial=-1) + 1, np.iinfo(np.int64).min)
    np.maximum.at(most, number, values)
    return most[number]
