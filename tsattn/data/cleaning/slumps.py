"""Slumps: months or a few years far below the usual level, such as closed borders in 2020 and 2021.

Means of the last years, and seasons estimated from them, would forecast a part of the slump again. Values are compared with
those of the same phase in the years before the slump. It is left out only if it began abruptly, if it is the only one, if it is
deep, and if the series has been back for a year, or for a quarter if three years before it show what is usual. Waves less than a
year apart are one slump, with what lies between.

A series may settle below its old level for good. Then the slump is left out once the new level has lasted half a year. Where the
level after a slump differs from that before it, the years before are scaled, so that their seasons have the right size.
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
SETTLED = 0.15  # by which medians of half a year may differ from a new level of two years
SETTLING = 0.08  # by which medians of a quarter may differ from one of half a year
RECOVERED = 0.93  # of the median of the year after a step, from which on a recovery is over
MOVED = 1.15  # ratio of the level after a slump to that before it, or its inverse, from which on earlier values are scaled
LATEST = 2  # years after a slump in which earlier values are scaled; later, the newest years show the level
LIKE_BEFORE = 0.1  # by which values at a new level may differ from their usual values times that level, in the median


class Slump(NamedTuple):
    """A slump of the window `row` at the positions `at` (n,).

    level: of the series after it, relative to before; 1 if that is about the same. settled: the first position at that level.
    back: True if the old level came back or was exceeded, False if the series settled below it.
    """

    row: int
    at: np.ndarray
    level: float
    settled: int
    back: bool = True


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
            found.append(slump._replace(row=row, at=first + slump.at, settled=first + slump.settled))
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
    share, sure = _of_usual(values, begin, period), begin >= YEARS * period
    end, level = _back(share, begin, period) or _settled(share, begin, period) or (begin, 1.0)
    since = max(period // 4, 3) if sure else period
    if not SHORTEST * period <= end - begin <= LONGEST * period or len(values) - end < since:
        return None
    after = share[end:] / level
    others = np.concatenate([_of_last_years(values[:begin], period), after])
    is_deep = (share[begin:end] <= DEEP * level).sum() >= max(2, DEEP_STEPS * period)
    is_back = USUAL <= np.nanmedian(after[:period]) <= MOST
    is_alone = (others <= FELL).sum() <= RARELY * np.isfinite(others).sum()
    if not (is_deep and is_back and is_alone):
        return None
    end = min(_recovered(share, end, period, since), begin + int(LONGEST * period))
    back = level == 1
    if back and sure and len(values) - end <= LATEST * period:
        level = _level_after(values, begin, end, period)
    at = np.arange(begin, end)
    return Slump(0, at[~np.isnan(values[at])], level, end, back)


def _level_after(values: np.ndarray, begin: int, end: int, period: int) -> float:
    """Return the level of the newest year of values (n,) after a slump, relative to the year before it.

    It is 1 if that is about the same, or if the season has another shape.
    """
    newest = np.arange(max(end, len(values) - period), len(values))
    share = _over(values[newest], values[begin - period + (newest - begin) % period][None], fewest=1)
    level = float(np.nanmedian(share))
    is_new = abs(np.log(level)) > np.log(MOVED) and np.nanmedian(np.abs(share / level - 1)) <= LIKE_BEFORE
    return level if is_new else 1.0


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


def _over(values: np.ndarray, usual: np.ndarray, fewest: int = FEWEST_YEARS) -> np.ndarray:
    """Return values (n,) over the medians of the columns of `usual` (Y, n); NaN where these are 0 or hardly known."""
    known = (~np.isnan(usual)).sum(0) >= fewest
    middle = np.nanmedian(np.where(known, usual, 0.0), 0)
    return np.divide(values, middle, out=np.full(len(values), np.nan), where=known & (middle > 0))


def _back(share: np.ndarray, begin: int, period: int) -> tuple[int, float] | None:
    """Return the first step after the last wave of a slump from which a series is at its usual level, and the level 1."""
    fell, last = share <= FELL, begin + int(LONGEST * period)
    waves = np.flatnonzero(fell[:-1] & fell[1:])
    end = _usual_again(share, begin, period)
    while end is not None and end <= last:
        further = waves[(waves > end) & (waves < min(end + period, last))]
        if not len(further):
            return end, 1.0
        end = _usual_again(share, int(further[0]), period)
    return None


def _usual_again(share: np.ndarray, fall: int, period: int) -> int | None:
    """Return the first step after a fall from which a series is at its usual level for half a year, or for the newest quarter."""
    half, quarter = max(period // 2, 3), max(period // 4, 3)
    for end in range(fall + 2, len(share) - quarter + 1):
        if share[end] >= USUAL and np.nanmedian(share[end : end + half]) >= USUAL:
            return end
    return None


def _recovered(share: np.ndarray, end: int, period: int, since: int) -> int:
    """Return the first step from `end` on that is near the year after it: the last steps of a recovery still rise.

    since: steps after it, at least.
    """
    while end < len(share) - since:
        following = share[end : end + period]
        if np.isfinite(following).any() and np.sort(following[:3])[1] >= RECOVERED * np.nanmedian(following):  # NaN last
            break
        end += 1
    return end


def _settled(share: np.ndarray, begin: int, period: int) -> tuple[int, float] | None:
    """Return the first step after `begin` from which a series stays at a lower level, and that level; None if it has none.

    The season there has the old shape. A level of less than two years must be steadier.
    """
    for steps, window, spread in ((2 * period, period // 2, SETTLED), (period // 2, period // 4, SETTLING)):
        newest, window = share[-steps:], max(window, 3)
        level = float(np.nanmedian(newest)) if begin < len(share) - steps and np.isfinite(newest).any() else 0.0
        if not 0 < level < USUAL or np.nanmedian(np.abs(newest / level - 1)) > LIKE_BEFORE:
            continue
        medians = _medians(np.lib.stride_tricks.sliding_window_view(share[begin:], window))
        away = np.flatnonzero(~(np.abs(medians / level - 1) <= spread))
        end = begin + (int(away[-1]) + 1 if len(away) else 0)
        if end <= len(share) - steps:
            return end, level
    return None


def _medians(windows: np.ndarray) -> np.ndarray:
    """Return the medians (n,) of the known values of windows (n, m); NaN where none is known."""
    out, known = np.full(len(windows), np.nan), np.isfinite(windows).any(1)
    out[known] = np.nanmedian(windows[known], 1)
    return out
