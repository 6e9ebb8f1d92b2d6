"""Slumps: months or a few years far below the usual level, such as closed borders in 2020 and 2021.

Means of the last years, and seasons estimated from them, would forecast a part of the slump again. Values are compared with
those of the same phase in the years before the slump. It is left out only if it began abruptly, if it is the only one, if it is
deep, and if at least a year at the old level has passed since, so that the newest season is known.

A series may settle below its old level for good. Then the slump is left out once the new level has lasted two years, and the
years before the slump are scaled to it, so that their seasons have the right size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SHORTEST, LONGEST = 0.25, 3.0  # years that a slump lasts
YEARS = 3  # years before a slump, at most, whose medians give the usual values
FEWEST_YEARS = 2  # years before it that must be known
LARGEST_YEAR = 60.0  # steps of a year: months and weeks; shorter steps have noise and weekdays
FEWEST_STEPS = 12  # steps of a year, at least
FELL, USUAL = 0.5, 0.8  # of the usual value: where a slump begins, and where the series was before and is after it
DEEP, DEEP_STEPS = 0.4, 1 / 6  # of the usual value, for so many years in all
MOST = 1.6  # of the usual value after a slump, at most: else it is another series
RARELY = 0.02  # share of the other values that may be FELL: more are the noise of the series
SETTLED = 0.15  # by which medians of half a year may differ from a new level
RECOVERED = 0.93  # of the median of the year after a step, from which on a recovery is over
LIKE_BEFORE = 0.1  # by which values at a new level may differ from their usual values times that level, in the median


class Slump(NamedTuple):
    """A slump of the window `row` at the positions `at` (n,).

    level: of the series after it, relative to before; 1 if the series is back. settled: the first position at that level.
    """

    row: int
    at: np.ndarray
    level: float
    settled: int


def find_slumps(past: np.ndarray, year: float) -> list[Slump]:
    """Return the slumps of windows (B, L), NaN = missing, for each row that has one.

    year: steps of a year, 0 = unknown. Only windows without negative values are searched.
    """
    period = round(year)
    if not FEWEST_STEPS <= year <= LARGEST_YEAR:
        return []
    found = []
    for row in np.flatnonzero(_suspect(past, period)).tolist():
        first = int(np.isfinite(past[row]).argmax())
        slump = _slump(past[row, first:].astype(np.float64), period)
        if slump is not None:
            found.append(Slump(row, first + slump.at, slump.level, first + slump.settled))
    return found


def _suspect(past: np.ndarray, period: int) -> np.ndarray:
    """Return (B,) bool: True where three neighbouring values are far below those of the year before, a cheap first filter."""
    if past.shape[1] < (FEWEST_YEARS + 1) * period + 3:
        return np.zeros(len(past), bool)
    with np.errstate(over="ignore"):
        fell = (past[:, period:] <= np.float32(FELL) * past[:, :-period]) & (past[:, :-period] > 0)  # NaN compares as False
    return np.asarray((fell[:, 2:] & fell[:, 1:-1] & fell[:, :-2]).any(1) & ~(past < 0).any(1))


def _slump(values: np.ndarray, period: int) -> Slump | None:
    """Return the only slump of a series (n,), NaN = missing, as that of row 0; None if there is none, or another one."""
    begin = _first_fall(values, period)
    if begin is None:
        return None
    share = _of_usual(values, begin, period)
    end, level = _back(share, begin, period) or _settled(share, begin, period) or (begin, 1.0)
    if not SHORTEST * period <= end - begin <= LONGEST * period:
        return None
    after = share[end:] / level
    others = np.concatenate([_of_last_years(values[:begin], period), after])
    is_deep = (share[begin:end] <= DEEP * level).sum() >= max(2, DEEP_STEPS * period)
    is_back = USUAL <= np.nanmedian(after[:period]) <= MOST
    known = np.isfinite(others).sum()
    is_alone = known >= period and (others <= FELL).sum() <= RARELY * known
    if not (is_deep and is_back and is_alone):
        return None
    end = min(_recovered(share, end, period), begin + int(LONGEST * period))
    at = np.arange(begin, end)
    return Slump(0, at[~np.isnan(values[at])], level, end)


def _first_fall(values: np.ndarray, period: int) -> int | None:
    """Return the first step from which three values in a row are FELL, after a season at the usual level; None without one."""
    share = _of_last_years(values, period)
    fell = share <= FELL
    for begin in np.flatnonzero(fell[:-2] & fell[1:-1] & fell[2:]).tolist():
        before = share[max(begin - period // 4, 0) : begin]
        if np.isfinite(before).any() and np.nanmedian(before) >= USUAL:
            return int(begin)
    return None


def _of_last_years(values: np.ndarray, period: int) -> np.ndarray:
    """Return values (n,) over the median at their phase in the last YEARS; NaN where fewer than FEWEST_YEARS are known."""
    padded = np.concatenate([np.full(YEARS * period, np.nan), values])
    lags = np.stack([padded[(YEARS - k) * period : (YEARS - k) * period + len(values)] for k in range(1, YEARS + 1)])
    return _over(values, lags)


def _of_usual(values: np.ndarray, begin: int, period: int) -> np.ndarray:
    """Return values (n,) over the median at their phase in the YEARS before the step `begin`."""
    phase = (np.arange(len(values)) - begin) % period
    years = begin - period * np.arange(1, YEARS + 1)[:, None] + np.arange(period)
    before = np.where(years >= 0, values[np.maximum(years, 0)], np.nan)
    return _over(values, before[:, phase])


def _over(values: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Return values (n,) over the medians of the columns of `usual` (Y, n); NaN where these are 0 or hardly known."""
    known = (~np.isnan(usual)).sum(0) >= FEWEST_YEARS
    middle = np.nanmedian(np.where(known, usual, 0.0), 0)
    return np.divide(values, middle, out=np.full(len(values), np.nan), where=known & (middle > 0))


def _back(share: np.ndarray, begin: int, period: int) -> tuple[int, float] | None:
    """Return the first step after the last wave of a slump from which a series is at its usual level, and the level 1."""
    fell = share <= FELL
    waves = np.flatnonzero(fell[:-1] & fell[1:])
    wave: int | None = begin
    while wave is not None:
        end = _usual_again(share, wave, period)
        if end is None:
            return None
        wave = min((int(k) for k in waves if end < k < min(end + period, begin + LONGEST * period)), default=None)
    return end, 1.0


def _usual_again(share: np.ndarray, fall: int, period: int) -> int | None:
    """Return the first step after a fall from which a series is at its usual level for half a year, or for the newest quarter."""
    half, quarter = max(period // 2, 3), max(period // 4, 3)
    for end in range(fall + 2, len(share) - quarter + 1):
        if share[end] >= USUAL and np.nanmedian(share[end : end + half]) >= USUAL:
            return end
    return None


def _recovered(share: np.ndarray, end: int, period: int) -> int:
    """Return the first step from `end` on that is near the year after it: the last steps of a recovery still rise."""
    while end < len(share) - max(period // 4, 3):
        following = share[end : end + period]
        if np.isfinite(following).any() and np.sort(following[:3])[1] >= RECOVERED * np.nanmedian(following):  # NaN last
            break
        end += 1
    return end


def _settled(share: np.ndarray, begin: int, period: int) -> tuple[int, float] | None:
    """Return the first step after `begin` from which a series stays at a lower level, and that level; None if it has none.

    The level lasts two years or more, and the season there has the old shape.
    """
    half, newest = max(period // 2, 3), share[-2 * period :]
    level = float(np.nanmedian(newest)) if begin < len(share) - 2 * period and np.isfinite(newest).any() else 0.0
    if not 0 < level < USUAL or np.nanmedian(np.abs(newest / level - 1)) > LIKE_BEFORE:
        return None
    medians = np.nanmedian(np.lib.stride_tricks.sliding_window_view(share[begin:], half), 1)
    away = np.flatnonzero(~(np.abs(medians / level - 1) <= SETTLED))
    end = begin + (int(away[-1]) + 1 if len(away) else 0)
    return (end, level) if end <= len(share) - 2 * period else None
