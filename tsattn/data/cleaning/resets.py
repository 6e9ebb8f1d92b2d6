"""Resets of a series that otherwise grows, or otherwise falls: a disk is cleaned, a counter restarts, a tank is filled.

Between two resets there is the same growth, so the values before each are moved until it goes on across the reset. Otherwise
most of a history says that the series stays in its range, and a short time since the last reset says little.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

FEWEST = 48  # observed values
NEWEST = 3  # values since a reset that is the only one: fewer may be an error of measurement
FAR = 10.0  # times the mean step that the largest one has: others need no closer look
CLEAR = 5.0  # times the largest other step against the growth that the smallest reset has
STEADY = 0.8  # fraction of the movement between the means of BLOCKS equal parts before the last reset that is growth
ONLY = 0.9  # the same before a reset that is the only one
ONWARD = 0.85  # fraction of the steps before the only reset that go with the growth, as those of a counter do
CLOSE = 2.5  # otherwise, the standard deviation of those values from a line, in that of a step: prices wander farther
BLOCKS = 24
LARGEST = 0.5  # times a usual reset that a step of the growth may have: others are states, such as on and off
ALIKE = 4.0  # ratio of the growth since the last reset to that of all the history
SPLIT = 2 / 3  # ratio of the level after a drop to the one before, from which down it may be a split of a price
_YEAR_OF_WEEKS = 53.0  # a coarser step has too few resets, and they are those of a year to date


class Reset(NamedTuple):
    """A reset in window `row`: the position of the first value after it, and how far the level moved beyond the usual growth."""

    row: int
    at: int
    size: float


def find_resets(past: np.ndarray, periods: Sequence[int] = (), *, year: float = 0.0, horizon: int = 1) -> list[Reset]:
    """Return the resets of windows (B, L), NaN = missing, in order.

    periods: steps of the cycles that the frequency suggests; year: of a year, 0 = unknown. Resets of a season are left alone,
    and so are all if the next one is due within the `horizon`: there, growth without end is no forecast.
    """
    if 0 < year <= _YEAR_OF_WEEKS or past.shape[1] < FEWEST:
        return []
    found: list[Reset] = []
    for row in _suspect(past):
        at = np.flatnonzero(~np.isnan(past[row]))
        if len(at) >= FEWEST:
            found += [Reset(row, int(at[cut]), size) for cut, size in _resets(past[row, at], at, periods, horizon)]
    return found


def continued(past: np.ndarray, resets: Sequence[Reset]) -> np.ndarray:
    """Move the values before each reset of windows (B, L), so that they grow on across it. The same array without resets."""
    out = past
    for one in resets:
        out = past.copy() if out is past else out
        out[one.row, : one.at] += np.float32(one.size)
    return out


def _suspect(past: np.ndarray) -> list[int]:
    """Return the windows with a step far larger than the mean step. This is a cheap first filter."""
    steps = np.nan_to_num(np.abs(np.diff(past, axis=1)), nan=0.0)
    return np.flatnonzero(steps.max(1) > FAR * steps.mean(1)).tolist()


def _resets(values: np.ndarray, at: np.ndarray, periods: Sequence[int], horizon: int) -> list[tuple[int, float]]:
    """Return (number of the first value after it, size) of the resets among observed values (n,) at positions `at`."""
    values = values.astype(np.float64)
    steps = np.diff(values)
    growing = -np.sign(steps[np.abs(steps).argmax()])
    steps = steps * growing  # growth is positive
    cuts = _clear_drops(steps)
    if not len(cuts) or cuts[-1] < FEWEST or (len(cuts) == 1 and len(steps) - cuts[-1] < NEWEST):
        return []
    rest = np.delete(steps, cuts)
    growth, usual = rest.sum(), float(np.median(-steps[cuts]))
    if not _is_steady(steps, cuts, at, periods) or rest.max() > LARGEST * usual or _scales(values, steps, cuts):
        return []
    edges = np.array([0, *(at[cuts + 1]), at[-1] + 1])
    if not _are_teeth(steps, cuts, growth / len(rest)) or not _come_later(np.diff(edges), periods, horizon):
        return []
    return [(int(cut) + 1, float(growing * (steps[cut] - growth / len(rest)))) for cut in cuts]


def _is_steady(steps: np.ndarray, cuts: np.ndarray, at: np.ndarray, periods: Sequence[int]) -> bool:
    """Return True if the series grew rather than wandered until the last reset, without the resets before.

    What follows a lone spike, its decay, is no such growth.
    """
    grown = steps[: cuts[-1]].copy()
    grown[cuts[:-1]] = 0.0
    parts = np.array([part.mean() for part in np.array_split(np.cumsum(grown), BLOCKS)])
    if not parts[-1] - parts[0] > (STEADY if len(cuts) > 1 else ONLY) * np.abs(np.diff(parts)).sum():
        return False
    return len(cuts) > 1 or bool((grown >= 0).mean() >= ONWARD) or _is_near_a_line(_without_cycle(grown, at, periods))


def _without_cycle(steps: np.ndarray, at: np.ndarray, periods: Sequence[int]) -> np.ndarray:
    """Return steps (n,) to the values at positions `at` less the mean of their phase in the shortest cycle seen four times."""
    cycle = min((period for period in periods if period > 1 and len(steps) >= 4 * period), default=0)
    if not cycle:
        return steps
    phase = at[1 : len(steps) + 1] % cycle
    mean = np.bincount(phase, steps, cycle) / np.maximum(np.bincount(phase, minlength=cycle), 1)
    return np.asarray(steps - mean[phase] + steps.mean())


def _is_near_a_line(steps: np.ndarray) -> bool:
    """Return True if values with these steps (n,) deviate from a line by noise, not by a walk."""
    values, t = np.cumsum(steps), np.arange(len(steps))
    left = values - np.polyval(np.polyfit(t, values, 1), t)
    return bool(left.std() <= CLOSE * steps.std())


def _scales(values: np.ndarray, steps: np.ndarray, cuts: np.ndarray) -> bool:
    """Return True if the steps became smaller with the level after a single drop, as those of a price do after a split."""
    cut = int(cuts[-1])
    before, after = float(values[cut]), float(values[cut + 1])
    if len(cuts) > 1 or values.min() < 0 or after > SPLIT * before:
        return False
    newer = steps[cut + 1 :]
    spreads = [float(np.median(np.abs(side))) for side in (steps[max(0, cut - len(newer)) : cut], newer)]
    return spreads[1] < spreads[0] * np.sqrt(after / before)


def _clear_drops(steps: np.ndarray) -> np.ndarray:
    """Return the places of the steps against the growth that are far larger than all others; none if no gap is wide enough."""
    order = np.argsort(steps)[: max(1, len(steps) // (FEWEST // 2)) + 1]
    size = np.maximum(-steps[order], max(float(np.median(np.abs(steps))), 1e-12))
    gap = size[:-1] / size[1:]
    most = int(gap.argmax())
    return np.sort(order[: most + 1]) if gap[most] >= CLEAR and steps[order[most]] < 0 else order[:0]


def _are_teeth(steps: np.ndarray, cuts: np.ndarray, slope: float) -> bool:
    """Return True if each reset gives back about what grew since the one before, and the newest values grow like the others."""
    total = np.concatenate([[0.0], np.cumsum(steps)])
    grown = total[cuts[1:]] - total[cuts[:-1] + 1]
    back = -steps[cuts[1:]]
    since = len(steps) - 1 - cuts[-1]
    newest = (total[-1] - total[cuts[-1] + 1]) / since if since >= FEWEST // 2 else slope
    return bool(np.all(grown > back / 2) and np.all(grown < 2 * back)) and slope / ALIKE < newest < slope * ALIKE


def _come_later(lengths: np.ndarray, periods: Sequence[int], horizon: int) -> bool:
    """Return True if no reset is due within the horizon, by the steps between resets, and if these are no season.

    lengths (R + 1,): the first and the last are incomplete.
    """
    whole = lengths[1:-1]
    if len(whole) and any(not np.any(whole % period) for period in periods if period > 1):
        return False
    usual = np.median(whole) if len(whole) else lengths[0]
    return bool(lengths[-1] + horizon <= usual)
