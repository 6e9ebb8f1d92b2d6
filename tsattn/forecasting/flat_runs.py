"""Flat runs: values that repeat for longer than ever before in a series, such as those of a stuck sensor.

A run of equal values is compared with the earlier runs of the same series. Runs of the most frequent value, such as zeros at
night, are compared only with each other, and so are the runs of all other values.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

LEAST = 5  # rows of the shortest run that is reported
FEWEST = 20  # earlier runs that a run is compared with
STEEP = 2.0  # exponent of the Pareto distribution of run lengths
FREQUENT = 0.2  # least share of the rows for a most frequent value, whose runs are compared separately
CLEARLY = 1.2  # factor by which a new most frequent value must exceed the previous one


@dataclass(frozen=True, eq=False)
class FlatRuns:
    """Flat runs at the rows of a panel. p: (N,) probability of a run as long as the one that the row continues.

    length: (N,) length of that run up to the row. longest: (N,) length of the longest earlier run. Only earlier rows are used.
    """

    p: np.ndarray
    length: np.ndarray
    longest: np.ndarray

    def rows(self, chosen: np.ndarray) -> FlatRuns:
        """Return the runs at some rows."""
        return FlatRuns(self.p[chosen], self.length[chosen], self.longest[chosen])

    def score(self, level: float) -> np.ndarray:
        """Return scores (n,): above 1 where the probability of a run this long is below 1 - level."""
        return np.log(self.p) / math.log(1 - level)


@dataclass
class _Earlier:
    """Earlier runs of a kind: their number, their total length in rows, and the longest."""

    count: int = 0
    rows: int = 0
    longest: int = 0

    def add(self, length: int) -> None:
        self.count, self.rows, self.longest = self.count + 1, self.rows + length, max(self.longest, length)

    def log_p(self, lengths: np.ndarray) -> np.ndarray:
        """Return log probabilities of runs of `lengths`: about one in count + 1 for a new record, and less for longer runs.

        Beyond the longest earlier run, lengths follow a geometric distribution, or a Pareto distribution where that is wider,
        since the rows of a dry spell are not independent.
        """
        if self.count < FEWEST:
            return np.zeros(len(lengths))
        # the mean is the scale of a geometric distribution, and the longest of n runs is about log n scales long
        scale = max(self.rows / self.count, self.longest / math.log(self.count + 1))
        over = lengths - self.longest
        beyond = np.maximum(-over / scale, -STEEP * np.log(lengths / self.longest))
        return np.where((over > 0) & (lengths >= LEAST), beyond - math.log(self.count + 1), 0.0)


def flat_runs(values: np.ndarray, indptr: np.ndarray, ends: np.ndarray) -> FlatRuns:
    """Return the flat runs of values (N,) of items, whose rows are indptr[i] to ends[i]; missing values are skipped."""
    found = FlatRuns(np.ones(len(values)), np.zeros(len(values), np.int64), np.zeros(len(values), np.int64))
    for first, end in zip(indptr[:-1].tolist(), ends.tolist(), strict=True):
        at = first + np.flatnonzero(~np.isnan(values[first:end]))
        if len(at):
            _item(values, at, found)
    return found


def _item(values: np.ndarray, at: np.ndarray, found: FlatRuns) -> None:
    """Write the runs of one item, whose observed rows are `at`."""
    own = values[at]
    starts = np.flatnonzero(np.append(True, np.diff(own) != 0))
    lengths = np.diff(np.append(starts, len(own)))
    runs: list[tuple[float, int]] = []
    rows: Counter[float] = Counter()
    frequent, alike, others = math.nan, _Earlier(), _Earlier()
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        value = float(own[start])
        kind = alike if value == frequent else others
        lasted = np.arange(1, length + 1)
        here = at[start : start + length]
        found.length[here], found.longest[here] = lasted, kind.longest
        if length >= LEAST:
            found.p[here] = np.exp(kind.log_p(lasted))
        kind.add(length)
        runs.append((value, length))
        rows[value] += length
        # with a margin, so that two equally frequent values do not alternate
        if value != frequent and rows[value] >= FREQUENT * (start + length) and rows[value] > CLEARLY * rows[frequent]:
            frequent, alike, others = value, _Earlier(), _Earlier()
            for one, count in runs:
                (alike if one == frequent else others).add(count)
