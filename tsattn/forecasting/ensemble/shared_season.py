"""Seasonal shape that a young series borrows from the longer series of its panel.

A history of a few days or weeks does not show the pattern of a year, or even of a week. The median seasonal index of the longer
series that end at the same time replaces it: it is removed from the young history and added back to the forecast, like the effect
of a covariate. It is shrunk by the share of the variance of the index that the longer series have in common (one-way analysis of
variance), which is 0 where they share no shape. It fades out as the young history becomes long enough to show the cycle itself.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.quantiles import not_negative
from tsattn.forecasting.resting_phases import resting

WEEKS = 52  # of a yearly cycle: whole weeks, so that days of the week stay in place
FEWEST = 3  # longer series that a shape is borrowed from
SHOWS_WEEK = (3.0, 6.0)  # weeks of history: up to the first the whole shape is borrowed, from the second on nothing
SHOWS_YEAR = (1.0, 1.5)  # the same in years
LONG_WEEKS = 12  # weeks of history that a weekly index needs
UNSHARED = 0.3  # share in common up to which a shape is taken for chance, as short smooth indices agree by chance
SLOPES = 0.25  # variance of the slopes of young series on the weekly pattern that their panel shares
MOST_YEARS = 3  # that a yearly index is the mean of
_OBSERVED = 0.9  # share of observed rows that a longer series needs
_ZEROS = 0.1  # share of zeros from which a series is intermittent, and borrows and lends nothing


class Borrowed(NamedTuple):
    """Shape that the series `item` of a panel borrows: applied shares of the weekly and yearly index, and the lending series."""

    item: int
    week: float
    year: float
    series: int


@dataclass(frozen=True, eq=False)
class Shapes:
    """Seasonal shapes that B windows borrow.

    shift: (B, L+H), in logs where `factor` (B,), otherwise in units of the target; 0 where nothing is borrowed. week, year: (B,)
    shares of the others' weekly and yearly index that are applied, 0 to 1. lenders: (B,) number of longer series.
    """

    shift: np.ndarray
    factor: np.ndarray
    week: np.ndarray
    year: np.ndarray
    lenders: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """Return the windows (n,) that borrow a shape."""
        return np.flatnonzero((self.week > 0) | (self.year > 0))

    def borrowed(self, item: np.ndarray) -> list[Borrowed]:
        """Return a record for each window that borrows a shape; item: (B,) index of the series of each window."""
        week, year, lenders = self.week.tolist(), self.year.tolist(), self.lenders.tolist()
        return [Borrowed(int(item[row]), week[row], year[row], lenders[row]) for row in self.rows.tolist()]

    def removed(self, past: np.ndarray) -> np.ndarray:
        """Return the histories (B, L) without the shapes; those of the other windows unchanged."""
        out, rows = past.copy(), self.rows
        shift = self.shift[rows, : past.shape[1]]
        out[rows] = np.where(self.factor[rows, None], past[rows] * np.exp(-shift), past[rows] - shift)
        return out

    def restored(self, values: np.ndarray, past: np.ndarray) -> np.ndarray:
        """Return quantiles (B, H, Q) with the shapes; not below 0 where the history (B, L) never is."""
        out, rows = values.copy(), self.rows
        shift, own = self.shift[rows, past.shape[1] :, None], values[rows]
        made = np.where(self.factor[rows, None, None], own * np.exp(shift), own + shift)
        out[rows] = not_negative(made, past[rows])
        return out


def shapes_of(batch: WindowBatch) -> Shapes | None:
    """Return the shapes that young windows of a batch borrow from longer ones with the same cutoff; None if none does.

    Steps must be a day or shorter, with a weekly cycle.
    """
    week = _week(batch)
    if week is None or batch.cutoff is None or len(batch) <= FEWEST:
        return None
    count, wide = len(batch), batch.context + batch.horizon
    out = Shapes(np.zeros((count, wide)), np.zeros(count, bool), np.zeros(count), np.zeros(count), np.zeros(count, np.int64))
    young = _young(batch.observed_lengths, week)
    for moment in np.unique(batch.cutoff[young]):
        together = np.flatnonzero(batch.cutoff == moment)
        if len(together) > FEWEST:
            _borrow(out, batch, together[young[together]], together, week)
    return out if len(out.rows) else None


def _week(batch: WindowBatch) -> int | None:
    """Return the steps in a week, None if steps are longer than a day or have no weekly cycle."""
    if not batch.season_lengths or batch.year < 5 * WEEKS:
        return None
    longest = batch.season_lengths[-1]
    return longest if abs(batch.year / longest - WEEKS) < 1 else None


def _young(lengths: np.ndarray, week: int) -> np.ndarray:
    """Return (B,) True where a history of `lengths` steps (B,) does not show a year."""
    return np.asarray((lengths > 0) & (lengths < SHOWS_YEAR[1] * WEEKS * week))


def _fade(length: float, bounds: tuple[float, float]) -> float:
    """Return 1 up to the first bound, 0 from the second on, linear between."""
    return float(np.clip((bounds[1] - length) / (bounds[1] - bounds[0]), 0.0, 1.0))


def _borrow(out: Shapes, batch: WindowBatch, young: np.ndarray, together: np.ndarray, week: int) -> None:
    """Fill in the shapes of the windows `young` from longer ones among `together`, which share a cutoff."""
    lengths = batch.observed_lengths
    pool = together[lengths[together] >= LONG_WEEKS * week]
    known = np.sort(lengths[pool])
    covering = len(pool) - np.searchsorted(known, lengths[young] + WEEKS * week)  # (n,) series with the same dates a year before
    young = young[(lengths[young] < SHOWS_WEEK[1] * week) | (covering >= FEWEST)]
    past = batch.past_target[pool].astype(np.float64)
    rests = resting(replace(batch, future_target=np.zeros((len(batch), week), np.float32))).mean(1) >= _ZEROS
    observed = np.where(rests[:, None], batch.as_observed, batch.past_target)
    for form in (True, False):
        rows = [row for row in young.tolist() if _form(batch.past_target[row], observed[row]) is form]
        able = np.array([_lends(*one, form) for one in zip(past, observed[pool], lengths[pool], strict=True)], bool)
        values = _in_units(past[able], form, week)
        some = np.isfinite(values).any(1)
        if not rows or some.sum() < FEWEST:
            continue
        lenders = _Lenders(values[some], lengths[pool[able]][some], week)
        for row in rows:
            unit = 1.0 if form else float(_scale(batch.past_target[row : row + 1], week)[0])
            if np.isfinite(unit):
                own = batch.past_target[row, batch.context - lengths[row] :].astype(np.float64)
                week_share, year_share, shift, count = lenders.shape(np.log(own) if form else own / unit, batch.horizon)
                out.shift[row, batch.context - lengths[row] :] = shift * unit
                out.factor[row], out.lenders[row] = form, count
                out.week[row], out.year[row] = week_share, year_share


def _form(past: np.ndarray, observed: np.ndarray) -> bool | None:
    """Return True if the shape of a history (L,) multiplies, False if it adds, None if it is constant or intermittent.

    Zeros of series that rest are counted as observed: solar power without the effect of irradiance is not zero at night.
    """
    seen = past[~np.isnan(past)]
    if np.ptp(seen) == 0 or (observed[~np.isnan(observed)] == 0).mean() >= _ZEROS:
        return None
    return bool(seen.min() > 0)


def _lends(past: np.ndarray, observed: np.ndarray, length: int, form: bool) -> bool:
    """Return True if a history (L,) of `length` steps is observed well enough, and can be read in the form of the young one."""
    own = _form(past, observed)
    return (~np.isnan(past)).sum() >= _OBSERVED * length and own is not None and (own or not form)


def _in_units(past: np.ndarray, form: bool, week: int) -> np.ndarray:
    """Return histories (S, L) in logs, or in units of their seasonal scale, NaN where it is unknown."""
    return np.log(past) if form else past / _scale(past, week)[:, None]


def _scale(past: np.ndarray, week: int) -> np.ndarray:
    """Return the mean absolute weekly difference (S,) over the last year of past (S, L); NaN if it is 0 or spans no week."""
    newest = past[:, -WEEKS * week :].astype(np.float64)
    size = np.abs(newest[:, week:] - newest[:, :-week])
    count = np.isfinite(size).sum(1)
    total = np.nansum(size, 1)
    return np.divide(total, count, out=np.full(len(past), np.nan), where=(count >= week) & (total > 0))


class _Lenders:
    """Seasonal indices of S longer series that end together."""

    def __init__(self, values: np.ndarray, lengths: np.ndarray, week: int) -> None:
        """Read values (S, L) with `lengths` (S,) steps each, in logs or relative units."""
        self.lengths, self.week, self.context = lengths, week, values.shape[1]
        weeks = min(WEEKS, values.shape[1] // week)
        newest = values[:, values.shape[1] - weeks * week :].reshape(len(values), weeks, week)
        around = newest - _mean(newest, 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a phase that is never observed, such as a closed Sunday
            index = np.nanmedian(around, 1)
        self.weekly = np.nan_to_num(index - _mean(index, 1))  # (S, W)
        phase = np.arange(-self.context, 0) % week
        self.smooth = _moving_mean(values - self.weekly[:, phase], week // 2)  # (S, L)

    def shape(self, own: np.ndarray, horizon: int) -> tuple[float, float, np.ndarray, int]:
        """Return the weekly and yearly share, the shape (L' + H,) and the number of series, for a history own (L',)."""
        length = len(own)
        steps = np.arange(-length, horizon)
        shift, count = np.zeros(len(steps)), 0
        week_share = _fade(length / self.week, SHOWS_WEEK)
        if week_share > 0:
            weekly = np.median(self.weekly, 0)[steps % self.week]
            week_share *= _in_common(self.weekly) * _slope(own, weekly[:length])
            shift += week_share * weekly
            count = len(self.weekly)
        year_share = _fade(length / (WEEKS * self.week), SHOWS_YEAR)
        yearly = self._yearly(steps) if year_share > 0 else np.zeros((0, len(steps)))
        year_share *= _in_common(yearly) if len(yearly) >= FEWEST else 0.0
        if year_share > 0:
            shift += year_share * np.median(yearly, 0)
            count = max(count, len(yearly)) if week_share > 0 else len(yearly)
        return week_share, year_share, shift, count

    def _yearly(self, steps: np.ndarray) -> np.ndarray:
        """Return the indices (n, N) at `steps` (N,) from the cutoff, of the series that have those dates a year before."""
        year = WEEKS * self.week
        back = year * (1 + np.maximum(steps, 0) // year)
        some = np.flatnonzero(self.lengths >= year - steps[0])
        total, years = np.zeros((len(some), len(steps))), np.zeros((len(some), 1))
        for k in range(MOST_YEARS):
            covers = self.lengths[some] >= k * year + (back - steps).max()
            if covers.any():
                one = self.smooth[some[covers]][:, self.context + steps - back - k * year]
                total[covers] += one - _mean(one, 1)
                years[covers] += 1
        found = np.divide(total, years, out=np.full_like(total, np.nan), where=years > 0)
        return found[np.isfinite(found).all(1)]


def _slope(own: np.ndarray, shape: np.ndarray) -> float:
    """Return how much of a shape (L',) a history own (L',) follows, 0 to 1: a regression beside a trend, drawn towards 1."""
    seen = ~np.isnan(own)
    terms = np.stack([np.ones(len(own)), np.arange(len(own)), shape], 1)[seen]
    if len(terms) <= 2 * terms.shape[1] or np.linalg.matrix_rank(terms) < terms.shape[1]:
        return 1.0
    solved = np.linalg.lstsq(terms, own[seen], rcond=None)[0]
    noise = float(((own[seen] - terms @ solved) ** 2).sum()) / (len(terms) - terms.shape[1])
    variance = noise * float(np.linalg.inv(terms.T @ terms)[2, 2])
    drawn = (solved[2] * SLOPES + variance) / (SLOPES + variance)
    return float(np.clip(drawn, 0.0, 1.0))


def _in_common(index: np.ndarray) -> float:
    """Return the share of the variance of indices (S, N), each with mean 0, that S series have in common; 0 up to UNSHARED."""
    mean = index.mean(0)
    common = mean.var() - (index - mean).var(0, ddof=1).mean() / len(index)
    share = common / max(float(index.var()), 1e-12)
    return float(np.clip((share - UNSHARED) / (1 - UNSHARED), 0.0, 1.0))


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Return means of observed values along an axis, which is kept; NaN where none is observed."""
    seen = ~np.isnan(values)
    count = seen.sum(axis, keepdims=True)
    return np.divide(
        np.where(seen, values, 0.0).sum(axis, keepdims=True), count, out=np.full(count.shape, np.nan), where=count > 0
    )


def _moving_mean(values: np.ndarray, half: int) -> np.ndarray:
    """Return the centred mean of 2 half + 1 observed values of each row (S, L), of fewer at its ends; NaN where none is seen."""
    seen = ~np.isnan(values)
    total, count = (np.cumsum(np.pad(one, ((0, 0), (half + 1, half))), 1) for one in (np.where(seen, values, 0.0), seen * 1.0))
    width = 2 * half + 1
    total, count = (one[:, width:] - one[:, :-width] for one in (total, count))
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0.5)
