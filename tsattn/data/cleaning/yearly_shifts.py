"""Recent level shifts of weekly and monthly series with a yearly season, such as new customers half a year ago.

A season hides a shift from a comparison of values until a year has passed. So values are compared with those a year earlier, as
logarithms of their ratios. The mean ratio since a shift must lie far outside all means over as many steps before it: a level that
wanders and returns has been there before. The values of two years earlier must show the shift too: a year after a slump, ratios
rise because those of a year earlier are low. Earlier values are scaled by the shift, so that the growth over the years goes on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tsattn.data.cleaning.slumps import FEWEST_STEPS, LARGEST_YEAR

FEWEST = 5  # steps since a shift; also a tenth of a year
BEFORE = 1.5  # years of ratios before a shift, at least
OUTSIDE = 1.0  # times the range of earlier means that lies between them and the mean since the shift
LEAST = 0.12  # logarithm of a shift, at least
ABRUPT = 0.5  # of a shift, at least, that lies between the means of a few steps before it and after it
STAYED = 0.9  # share of the ratios since a shift, and all of the NEWEST, that are nearer the new level than the old one
NEWEST = 3
CONFIRMED = 0.5  # of a shift, at least, that ratios to the values of two years earlier show
AS_LONG = 3  # times the steps since a shift that there are ratios before it: fewer do not show how far their means wander
KNOWN = 0.8  # share of the ratios that must be known


class YearlyShift(NamedTuple):
    """A shift of the window `row`, whose first value at the new level is at position `at`; size: its logarithm."""

    row: int
    at: int
    size: float


def find_yearly_shifts(past: np.ndarray, year: float) -> list[YearlyShift]:
    """Return the recent shifts of windows (B, L), NaN = missing. Only windows of positive values are searched.

    year: steps of a year, 0 = unknown.
    """
    period = round(year)
    if not FEWEST_STEPS <= year <= LARGEST_YEAR or past.shape[1] < (2 + BEFORE) * period:
        return []
    rows = np.flatnonzero(~(past <= 0).any(1))
    with np.errstate(invalid="ignore"):
        logs = np.log(past[rows].astype(np.float64))
    ratios = logs[:, period:] - logs[:, :-period]
    least, found = max(FEWEST, period // 10), []
    for k in _suspect(ratios, least).tolist():
        ratio = ratios[k]
        first = int(np.isfinite(ratio).argmax())
        shift = _shift(ratio[first:], least, period)
        if shift is not None:
            found.append(YearlyShift(int(rows[k]), period + first + shift[0], shift[1]))
    return found


def _suspect(ratios: np.ndarray, least: int) -> np.ndarray:
    """Return the rows of ratios (B, n) whose newest ones differ from most others, a cheap first filter."""
    some = np.isfinite(ratios[:, -least:]).any(1)
    newest = np.nanmean(np.where(some[:, None], ratios[:, -least:], 0.0), 1)
    usual = np.nanmedian(np.where(some[:, None], ratios, 0.0), 1)
    return np.flatnonzero(some & (np.abs(newest - usual) > LEAST))


def _shift(ratio: np.ndarray, least: int, period: int) -> tuple[int, float] | None:
    """Return the position of a shift in the ratios (n,) to the values a year earlier, and its size; None without one."""
    n, known = len(ratio), np.isfinite(ratio)
    if n < least + BEFORE * period or known.mean() < KNOWN or known[-least:].mean() < KNOWN:
        return None
    total, count = (np.concatenate([[0.0], np.cumsum(one)]) for one in (np.where(known, ratio, 0.0), known))

    def mean(start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        return np.asarray((total[stop] - total[start]) / np.maximum(count[stop] - count[start], 1))

    cuts = np.arange(n - period, n - least + 1)
    since, before = mean(cuts, np.full_like(cuts, n)), mean(np.maximum(cuts - period, 0), cuts)
    cut = int(cuts[(np.abs(since - before) * np.sqrt(n - cuts)).argmax()])
    size, steps = float((since - before)[cut - cuts[0]]), n - cut
    if cut < max(BEFORE * period, AS_LONG * steps) or abs(size) < LEAST:
        return None
    edge = mean(np.array([cut, cut - least]), np.array([cut + least, cut]))
    if (edge[0] - edge[1]) * np.sign(size) < ABRUPT * abs(size):
        return None
    there = (ratio[cut:] - float(before[cut - cuts[0]])) * np.sign(size) >= abs(size) / 2
    stayed = there[known[cut:]]
    if stayed.mean() < STAYED or not stayed[-NEWEST:].all():
        return None  # it is over
    new = float(since[cut - cuts[0]])
    of_two_years = new + float(mean(np.array([cut - period]), np.array([n - period]))[0])
    if (of_two_years - 2 * np.nanmedian(ratio[:cut])) * np.sign(size) < CONFIRMED * abs(size):
        return None  # the year before changed, as in a slump
    starts = np.arange(cut - steps + 1)
    earlier = mean(starts, starts + steps)
    low, high = earlier.min(), earlier.max()
    outside = max(new - high, low - new)
    return (cut, size) if outside > OUTSIDE * (high - low) else None
