"""Search for the calendar of months and quarters that a series follows: working days, weekdays, leap years and Easter.

Months differ in their numbers of working days and of each weekday, and Easter moves between March and April, or the first and
the second quarter. Output and sales of a month follow these counts (trading-day and Easter effects; Bell & Hillmer, 1983). Each
count is a regressor, beside level, season and autoregressive errors (series_effects.py). They are chosen one by one, by the
increase of the likelihood.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tsattn.forecasting.ensemble.calendar_events import WEEKDAYS, easter
from tsattn.forecasting.ensemble.event_residuals import mean_of_pool, residuals_of
from tsattn.forecasting.ensemble.series_effects import Estimate, estimate_all

YEARS, YEARS_OF_EASTER = 5, 7  # observed years of months that a series needs; twice as many of quarters
BAR = 3.7  # standard errors that an effect must exceed in a long series
RARER = 0.88  # factor on the test statistic of counts that few series follow
FEWEST = 3.5  # steps over which a count must spread: an exceptional year is never enough
MOST = 4  # effects that one search finds, at most
LEAST = 0.05  # fraction of its sum of squares that a count must keep beside those found
EASTERS = {"days from Good Friday to Easter Monday": (-2, 2), "week before Easter": (-7, 0), "two weeks before Easter": (-14, 0)}
NAMES = (
    "one more working day",
    *(f"one more {weekday}" for weekday in WEEKDAYS),
    "one more Friday or Saturday",
    "29 February",
    *EASTERS,
)
OF_EASTER = np.array([name in EASTERS for name in NAMES])
USUAL = OF_EASTER | (np.arange(len(NAMES)) == NAMES.index("one more working day"))


def counts_in(first: np.ndarray, months: int) -> np.ndarray:
    """Return (C, n) counts of NAMES in periods of `months` months that begin in the months `first` (n,), datetime64[M].

    Working days and weekdays are counted beyond their usual share of a period's days; Easter's days are shares of its window.
    """
    begin, end = first.astype("datetime64[D]"), (first + months).astype("datetime64[D]")
    days = (end - begin).astype(np.int64)
    weekday = np.stack([_count(begin, end, k) for k in range(7)]) - days / 7
    year = (first + months - 1).astype("datetime64[Y]")  # of the last month: a quarter may begin in December
    leap_day = year.astype("datetime64[D]") + 59  # 1 March in other years
    leap = (begin <= leap_day) & (leap_day < end) & (leap_day.astype("datetime64[M]").astype(np.int64) % 12 == 1)
    shares = [_share(easter(year.astype(np.int64) + 1970), begin, end, *window) for window in EASTERS.values()]
    return np.stack([weekday[:5].sum(0), *weekday, weekday[4:6].sum(0), leap.astype(np.float64), *shares])


def _count(begin: np.ndarray, end: np.ndarray, weekday: int) -> np.ndarray:
    mask = [day == weekday for day in range(7)]
    return np.asarray(np.busday_count(begin, end, weekmask=mask))


def _share(feast: np.ndarray, begin: np.ndarray, end: np.ndarray, first: int, after: int) -> np.ndarray:
    inside = np.minimum(end, feast + after) - np.maximum(begin, feast + first)
    return np.maximum(inside.astype(np.int64), 0) / (after - first)


class Months:
    """Months, or quarters with `step` 3, as steps of `find_events`."""

    unit, bar, most, names = "M", BAR, 2 * MOST, NAMES

    def __init__(self, step: int) -> None:
        self.step = step
        self._needed = 12 if step == 1 else 2 * 12 // step  # steps that count as a year: quarters tell less

    def residuals_of(self, past: np.ndarray) -> np.ndarray:
        """Return past (B, L), or its logarithms where it is positive, without the season, in robust scales, limited."""
        return residuals_of(past, (12 // self.step,)).z

    def sizes_on(self, first: int, size: int, which: Sequence[int]) -> np.ndarray:
        """Return (C, size) counts of NAMES, those of `which`, in the steps that begin in the months from `first` on."""
        return counts_in((first + np.arange(size)).astype("datetime64[M]"), self.step)[list(which)]

    def found_in(self, values: np.ndarray, first: int, before: Sequence[int], bar: float) -> list[int]:
        """Return the counts, as indices of NAMES, that the mean of series (S, T) follows, clearest first, `before` included."""
        mean, found = mean_of_pool(values), list(before)
        if (~np.isnan(mean)).sum() < YEARS * self._needed:
            return found
        fit = self._fits(mean[None], first)[0]
        # Student's t with as many degrees of freedom (Cornish & Fisher)
        least = bar * (1 + (bar**2 + 1) / (4 * max(fit.rows, 1.0)))
        while len(found) < MOST:
            size = _scores(fit, found)
            best = int(size.argmax())
            if not size[best] > least:
                break
            found.append(best)
        return found

    def loudest(self, values: np.ndarray, first: int, found: Sequence[int], most: int) -> np.ndarray:
        """Return the series, at most `most` of (S, T), in which an effect beside those `found` is clearest."""
        size = [_scores(fit, list(found)).max() for fit in self._fits(values, first)]
        return np.argsort(-np.array(size), kind="stable")[:most]

    def _fits(self, values: np.ndarray, first: int) -> list[Estimate]:
        """Return the regressions of series (S, T) on all counts that differ in enough steps."""
        every, season = range(len(NAMES)), 12 // self.step
        counts = self.sizes_on(first, values.shape[1] * self.step, every)[:, :: self.step]
        seen = ~np.isnan(values).all(0)
        able = _spread(counts, seen, season) >= FEWEST
        able &= ~OF_EASTER | (seen.sum() >= YEARS_OF_EASTER * self._needed)
        counts = np.where(able[:, None], counts, 0.0).T
        return estimate_all(values, np.broadcast_to(counts, (len(values), *counts.shape)), (season,))


def _spread(counts: np.ndarray, seen: np.ndarray, season: int) -> np.ndarray:
    """Return (C,) over how many steps the squares of counts (C, T) spread, less the mean of each phase (Kish, 1965)."""
    total = np.zeros(counts.shape)
    for phase in range(season):
        some = np.flatnonzero(seen[phase::season]) * season + phase
        total[:, some] = counts[:, some] - counts[:, some].mean(1, keepdims=True) if len(some) else 0.0
    square = total**2
    return np.asarray(square.sum(1) ** 2 / np.maximum((square**2).sum(1), 1e-12))


def _scores(fit: Estimate, found: list[int]) -> np.ndarray:
    """Return (C,) sizes in standard errors of the effects of counts beside those `found`, 0 for these."""
    own, cross = fit.gram[np.ix_(found, found)], fit.gram[found]
    inverse = np.linalg.pinv(own, hermitian=True)
    left = fit.moment - cross.T @ inverse @ fit.moment[found]
    size = np.diag(fit.gram) - (cross * (inverse @ cross)).sum(0)
    open_ = size > np.maximum(LEAST * np.diag(fit.gram), 1e-12)
    open_[found] = False
    errors = np.abs(left) / np.sqrt(np.where(open_, size, 1.0) * max(fit.noise, 1e-300))
    return np.where(open_, errors * np.where(USUAL, 1.0, RARER), 0.0)
