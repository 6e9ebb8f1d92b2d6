"""Outages: short runs of values near zero, such as two days without power, after which a series is back at its old level.

They distort levels, seasons and calendar effects, and the next one cannot be forecast. A value is compared with the values at
the same phase of neighbouring cycles, so nights and closed weekends are no outages. Runs that may be meant are kept: those that
come again each year or at even distances, that are many, that are long, and those after which the level is another one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tsattn.data.cleaning.additive_outliers import EVEN

DEEP = 0.2  # of the usual value, at most, to which the values of an outage fall
LOW = 0.4  # of the usual value: other values are this low so rarely that the run is no part of the series' noise
RARELY = 0.02  # share of the other values, at most, that are LOW
FEWEST = 2  # values of an outage; a lone value is an additive outlier or a closed day
MOST_RUNS = 3  # outages of a window: more are no accidents
MOST = 0.05  # of the values of a window, at most, in outages
OFTEN = 0.15  # of the values, LOW relative to the cycle before: demand that is rare
CYCLES = 3  # neighbouring cycles on either side that give the usual value
ENOUGH = 2 * CYCLES  # cycles that a history must hold, and the one of the outage
RETURN = 3  # values on either side that show the old level
USUAL = 0.6  # of the usual value, at least, just before an outage and just after it: a cold spell comes and goes slowly
SAME = 2.0  # factor within which the levels before and after an outage are the same
EDGE = 0.8  # of the usual value, at most, and lower than all but RARELY others: where an outage began, or a yearly dip
SMALLEST_YEAR = 200.0  # steps of a year: longer steps than a day have no short runs
MOVABLE, DATED = 0.1, 0.01  # of a year by which a yearly event may move: a clear one, such as Easter, and a weak one
AHEAD = 0.25  # of a year: an older run without an anniversary in the window may come again in the forecast


def find_outages(past: np.ndarray, periods: Sequence[int] = (), year: float = 0.0) -> list[tuple[int, np.ndarray]]:
    """Return (row, positions) of the outages of windows (B, L), NaN = missing, for each row that has some.

    periods: steps of the cycles that the frequency suggests. year: steps of a year, 0 = unknown; nothing is found below
    SMALLEST_YEAR. Only windows without negative values are searched.
    """
    found = []
    if year >= SMALLEST_YEAR and periods:
        for row in np.flatnonzero(_suspect(past, min(periods))).tolist():
            first = int(np.isfinite(past[row]).argmax())
            at = _outages(past[row, first:].astype(np.float64), sorted(periods), year)
            if len(at):
                found.append((row, first + at))
    return found


def _suspect(past: np.ndarray, period: int) -> np.ndarray:
    """Return (B,) bool: True where FEWEST neighbouring values are far below those of the cycle before, which is rare.

    This is a cheap first filter.
    """
    if past.shape[1] < (ENOUGH + 1) * period:
        return np.zeros(len(past), bool)
    now, before = past[:, period:], past[:, :-period]
    open_before = before > 0
    with np.errstate(over="ignore"):
        deep = open_before & (now <= np.float32(1.5 * DEEP) * before)  # NaN compares as False
    rows = np.flatnonzero((deep[:, 1:] & deep[:, :-1]).any(1) & ~(past < 0).any(1))
    out = np.zeros(len(past), bool)
    often = (open_before[rows] & (now[rows] <= np.float32(LOW) * before[rows])).sum(1)
    out[rows] = often <= OFTEN * (~np.isnan(past[rows])).sum(1)
    return out


def _outages(values: np.ndarray, periods: Sequence[int], year: float) -> np.ndarray:
    """Return the positions of the outages of one series (n,), NaN = missing, whose first value is observed."""
    fits = [period for period in periods if len(values) >= (ENOUGH + 1) * period]
    if not fits:
        return np.zeros(0, np.int64)
    period = fits[-1]
    most = period if period == periods[-1] else 2 * period
    share = _of_usual(values, period)
    runs = [run for run in _runs(share, DEEP) if run[1] - run[0] >= FEWEST]
    others = share[~np.isnan(share) & ~_within(runs, len(share))]
    if not runs or not len(others) or (others <= LOW).sum() > RARELY * len(others):
        return np.zeros(0, np.int64)
    edge = min(EDGE, float(np.quantile(others, RARELY)))
    runs = [run for run in runs if not _yearly(share, run, year, edge)]
    if len(runs) > MOST_RUNS or _even(runs):
        return np.zeros(0, np.int64)
    runs = [_widened(share, run, edge) for run in runs]
    runs = [run for run in runs if run[1] - run[0] <= most and _returns(values, share, run, period)]
    at = np.flatnonzero(_within(runs, len(share)) & ~np.isnan(values))
    return at if len(at) <= MOST * (~np.isnan(values)).sum() else at[:0]


def _within(runs: Sequence[tuple[int, int]], length: int) -> np.ndarray:
    """Return (length,) bool: True in the runs."""
    out = np.zeros(length, bool)
    for begin, end in runs:
        out[begin:end] = True
    return out


def _of_usual(values: np.ndarray, period: int) -> np.ndarray:
    """Return values (n,) over the median at their phase in the CYCLES before and after; NaN where that is 0 or unknown.

    LOW values are left out of the medians, as an outage may last longer than a cycle.
    """
    share, usable = np.full(len(values), np.nan), values
    for _ in range(2):
        padded = np.pad(usable, CYCLES * period, constant_values=np.nan)
        sides = [CYCLES * period + sign * k * period for k in range(1, CYCLES + 1) for sign in (-1, 1)]
        usual = _medians(np.stack([padded[at : at + len(values)] for at in sides]))
        share = np.divide(values, usual, out=np.full(len(values), np.nan), where=usual > 0)
        usable = np.where(share <= LOW, np.nan, values)
    return share


def _medians(values: np.ndarray) -> np.ndarray:
    """Return (n,) medians of the columns of values (m, n), NaN = missing; NaN where fewer than two are known."""
    ordered, count = np.sort(values, 0), (~np.isnan(values)).sum(0)
    at = np.arange(values.shape[1])
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    middle = (ordered[low, at] + ordered[np.minimum(high, len(values) - 1), at]) / 2
    return np.where(count >= 2, middle, np.nan)


def _runs(share: np.ndarray, bound: float) -> list[tuple[int, int]]:
    """Return (begin, end) of the runs of known shares (n,) up to a bound; unknown ones between them are part of a run."""
    known = np.flatnonzero(~np.isnan(share))
    edges = np.diff((share[known] <= bound).astype(np.int8), prepend=0, append=0)
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [(int(known[a]), int(known[b - 1]) + 1) for a, b in zip(begins, ends, strict=True)]


def _even(runs: Sequence[tuple[int, int]]) -> bool:
    """True for at least three runs at even distances: a rhythm."""
    gaps = np.diff([begin for begin, _ in runs])
    return len(gaps) >= 2 and float(gaps.std()) < EVEN * float(gaps.mean())


def _widened(share: np.ndarray, run: tuple[int, int], edge: float) -> tuple[int, int]:
    """Add the value on either side of a run in which the outage began or ended: one below the edge."""
    begin, end = run
    begin -= begin > 0 and bool(share[begin - 1] < edge)
    return begin, end + (end < len(share) and bool(share[end] < edge))


def _returns(values: np.ndarray, share: np.ndarray, run: tuple[int, int], period: int) -> bool:
    """True where a run begins and ends abruptly, and the values after it are at the level of the CYCLES before it."""
    begin, end = run
    before, after = (side[~np.isnan(side)] for side in (share[:begin], share[end:]))
    if min(len(before), len(after)) < RETURN or before[-1] < USUAL or np.median(after[:RETURN]) < USUAL:
        return False
    place = np.arange(end, min(end + period, len(values)))
    lag = -(-(end + period - begin) // period) * period
    there = place[:, None] - lag - period * np.arange(CYCLES)
    old = np.where(there >= 0, values[np.maximum(there, 0)], np.nan)
    usual = _medians(old.T)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = values[place] / usual
    moved = moved[np.isfinite(moved)]
    return len(moved) >= RETURN and 1 / SAME <= float(np.median(moved)) <= SAME


def _yearly(share: np.ndarray, run: tuple[int, int], year: float, edge: float) -> bool:
    """True where values are low around the same date of another year too, or where that cannot be seen but may lie ahead."""
    begin, end = run
    lasting, seen = max(FEWEST, (end - begin) // 4), False
    for away in (sign * round(k * year) for k in range(1, int(len(share) // year) + 1) for sign in (-1, 1)):
        for reach, bound in ((round(MOVABLE * year), LOW), (round(DATED * year), edge)):
            low, high = begin + away - reach, end + away + reach
            if any(b - a >= lasting for a, b in _runs(share[max(low, 0) : max(high, 0)], bound)):
                return True
            seen |= low >= 0 and high <= len(share)
    return not seen and len(share) - end > (1 - AHEAD) * year
