"""Anomalies that earlier runs of a job reported, so that a run can tell the new ones from them.

Runs are compared in the order of their cutoffs, not of their clocks: an anomaly is new if no run with an earlier cutoff reported
it. A repeated or late run therefore finds the same new anomalies as a run on time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

KEPT = 100_000  # anomalies of a job that stay in the records besides those of its newest run


class Key(NamedTuple):
    """Identity of an anomaly. at: microseconds since 1970 in UTC, or the number of the step. kind: as in Detected.kinds."""

    item_id: str
    at: int
    kind: str


class Cutoffs(NamedTuple):
    """The first and the last cutoff of the runs that reported an anomaly, as numbers like Key.at."""

    first: int
    last: int


@dataclass(frozen=True)
class Reported:
    """Records of the anomalies that a run at `cutoff` found. earlier: their cutoffs in other runs, by key."""

    cutoff: int
    earlier: Mapping[Key, Cutoffs]

    def is_new(self, key: Key) -> bool:
        """Return True if no run with an earlier cutoff reported the anomaly."""
        return key not in self.earlier or self.earlier[key].first >= self.cutoff

    def is_unseen(self, key: Key) -> bool:
        """Return True if no run at all reported the anomaly, such as an earlier one of the same cutoff."""
        return key not in self.earlier

    def after(self, keys: Iterable[Key]) -> dict[Key, Cutoffs]:
        """Return the records to store once this run has reported `keys`."""
        here = Cutoffs(self.cutoff, self.cutoff)
        both = ((key, self.earlier.get(key, here)) for key in keys)
        return {key: Cutoffs(min(was.first, self.cutoff), max(was.last, self.cutoff)) for key, was in both}
