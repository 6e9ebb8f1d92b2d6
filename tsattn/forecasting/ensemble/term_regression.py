"""Linear regression of each series on terms known at every step, such as phases of its seasons and known covariates.

The weights have a ridge penalty (Hoerl & Kennard, 1970), and the seasonal regression forecasts the residuals, so the whole is a
regression with autocorrelated errors. The form, the terms and the penalty are those with the smallest error in the last sixth of
the history, after a fit on the earlier part. If the terms do not clearly reduce that error, the series has no forecast. Intervals
are widened by the ratio of that error to the error of a fit that has seen the last sixth, too.

In a short history, the hold-out origins span a large part, such as three of five weeks of hourly data. There, each origin has its
own fit on all steps before it, and the form is chosen by the errors in the last cycles, each after a fit on all steps before it
(cross-validation on a rolling origin; Tashman, 2000).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.baselines.ridge import Regression, Ridge, forward
from tsattn.forecasting.baselines.seasonal_regression import SeasonalRegression
from tsattn.forecasting.frame import DEFAULT_QUANTILES

DOUBT = 0.2  # least gain rises by this times horizon / held-back steps
FEWEST = 60  # observed steps that a fit needs
CYCLES, LONG_CYCLES = 4, 2  # fewest cycles for the phases of the season, and of the long season
ENOUGH = 0.75  # share of a history before the earliest hold-out origin; with less, each origin has its own fit
FOLDS = 4  # most fits for choosing the form in such a history
WAVES, WAVES_OF_LONG = 12, 4  # most harmonics of the season, and of each cycle in a long one
MOST_CYCLES = 12  # of a long cycle: a week has seven days
MOST_OPTIMISM = 2.0  # limit of the factor on intervals
PENALTIES = (1.0, 10.0, 100.0)  # of effects, in rows
_PENALTY_OF_SEASON = 1.0
_LEVEL = 4  # long cycles that a moving level is averaged over
_ORIGINS = 48  # held-back origins, at most
_LAGS = 64  # of the regression of residuals, where there is no season
LEVEL, SEASON, EFFECT, BY_PHASE = range(4)  # kinds of terms; LEVEL has none
_LARGEST = float(np.finfo(np.float32).max)


class Choice(NamedTuple):
    """Form of a regression. log: of the logarithm. moving: on what lies beside a moving level. most: the last kind of its terms.

    optimism: errors out of sample, relative to those of a fit that has seen them.
    """

    log: bool
    moving: bool
    most: int
    penalty: float
    optimism: float = 1.0


class Rule(NamedTuple):
    """Least reduction of error by the terms of a series, relative to a regression on the kinds of terms up to `over`.

    gain_of_short: in a short history, where the choice sees the hold-out origins. log: whether logarithms are tried.
    """

    over: int
    gain: float
    gain_of_short: float
    log: bool


@dataclass(frozen=True)
class TermRegression(Regression):
    """Member of ensembles. A series that its terms do not help has no forecast (NaN).

    `season_length` None: the shortest usual cycle of the data's frequency.
    """

    season_length: int | None = None
    quantiles: tuple[float, ...] = DEFAULT_QUANTILES

    @abstractmethod
    def terms_of(self, batch: WindowBatch, row: int) -> Series | None:
        """Return a series with its terms; None if it is too short, or has none."""
        ...

    def predict_from(self, batch: WindowBatch, shifts: np.ndarray) -> np.ndarray:
        """Return (1 + K, B, H, Q) float32: forecasts from the end, then from `shifts` (K, B) steps before it.

        The latter K come from one fit on the steps before the earliest of them, where the form is chosen, too. In a short history
        each comes from a fit on the steps before it, and the form is chosen on the whole history.
        """
        rows, length = batch.past_target.shape
        ends = np.concatenate([np.zeros((1, rows), np.int64), shifts])
        early = length - ends.max(0)
        short = ends.max(0) > (1 - ENOUGH) * batch.observed_lengths
        stops = np.where(short, length - ends, early)
        stops[0] = length
        able, choices, middles, rests = [], [], [], []  # of the series that the terms help
        for row in range(rows):
            series = self.terms_of(batch, row)
            choice = None if series is None else self._chosen(series, int(early[row]), batch, bool(short[row]))
            if series is None or choice is None:
                continue
            middle, residuals = series.split(choice, length - ends[:, row], stops[:, row], batch.horizon)
            able.append(row)
            choices.append(choice)
            middles.append(middle)
            rests.append(residuals)
        out = np.full((len(ends), rows, batch.horizon, len(self.quantiles)), np.float32(np.nan))
        if not able:
            return out
        rest = self._residuals(batch.rows(np.array(able)), np.stack(rests, 1), shifts[:, able], short[able])
        center = rest[..., [int(np.abs(np.array(self.quantiles) - 0.5).argmin())]]
        wider = np.array([choice.optimism for choice in choices])[:, None, None]
        values = np.stack(middles, 1)[..., None] + center + (rest - center) * wider
        log = np.array([choice.log for choice in choices])[:, None, None]
        values = np.where(log, np.exp(np.clip(values, -80.0, 80.0)), values)
        out[:, able] = np.clip(values, -_LARGEST, _LARGEST)
        return out

    def _chosen(self, series: Series, early: int, batch: WindowBatch, short: bool) -> Choice | None:
        """Return the form of a series, chosen on the steps before `early`, or on the whole history if that is short."""
        if short:
            return series.chosen(len(series.values), min(batch.horizon, max(series.season, 7)), FOLDS)
        return series.chosen(early - series.first, batch.horizon)

    def _residuals(self, batch: WindowBatch, residuals: np.ndarray, shifts: np.ndarray, short: np.ndarray) -> np.ndarray:
        """Return quantiles (1 + K, B, H, Q) of the residuals (1 + K, B, L), each forecast from its own fit where `short` (B,)."""
        out = np.empty((*residuals.shape[:2], batch.horizon, len(self.quantiles)), np.float32)
        out[0] = self._carried(batch, residuals[0], shifts[:0])[0]
        for rows in (np.flatnonzero(~short), np.flatnonzero(short)):
            part = batch.rows(rows)
            if not len(rows) or not len(shifts):
                continue
            if short[rows[0]]:
                for k in range(1, len(out)):
                    out[k, rows] = self._carried(part, residuals[k, rows], shifts[k - 1 : k, rows])[1]
            else:
                out[1:, rows] = self._carried(part, residuals[1, rows], shifts[:, rows])[1:]
        return out

    def _carried(self, batch: WindowBatch, residuals: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """Return quantiles (1 + K, B, H, Q) of the residuals (B, L)."""
        part = replace(batch, past_target=residuals, plausible=None, cleaning=None)
        out = SeasonalRegression(self.season_length, self.quantiles).predict_from(part, shifts)
        lacks = np.isnan(out).any((2, 3))
        if not lacks.any():
            return out
        return np.where(lacks[..., None, None], Ridge(_LAGS, self.season_length, self.quantiles).predict_from(part, shifts), out)


@dataclass(frozen=True, eq=False)
class Series:
    """Target (n,) from step `first` of its window on, NaN = missing, and terms (n + H, T) of the kinds (T,)."""

    first: int
    values: np.ndarray
    terms: np.ndarray
    kinds: np.ndarray
    season: int
    long: int
    rule: Rule

    def target(self, log: bool) -> np.ndarray:
        """Return the target (n,), or its logarithm."""
        return np.log(self.values) if log else self.values

    def chosen(self, end: int, horizon: int, folds: int = 1) -> Choice | None:
        """Return the form with the smallest errors before step `end`; None if its terms do not gain enough.

        folds: most parts that the held-back steps are split into; each is forecast after a fit on all steps before it.
        """
        tail = max(end // 6, horizon, min(end // 2, folds * horizon))
        starts = np.linspace(end - tail, end, 1 + min(folds, tail // horizon)).astype(np.int64)
        if np.isfinite(self.values[: max(end - tail, 0)]).sum() < FEWEST // 2 or np.isnan(self.values[end - tail : end]).all():
            return None
        errors, origins = self._errors(starts, horizon)
        best = min(errors, key=lambda one: errors[one])
        without = min(error for choice, error in errors.items() if choice.most == self.rule.over)
        gain = (self.rule.gain if folds == 1 else self.rule.gain_of_short) + DOUBT * horizon / tail
        if best.most == self.rule.over or not errors[best] <= (1 - gain) * without:
            return None
        seen = self._error(best, Moments.of(self, end, best.moving), end, end, origins, horizon)
        return best._replace(optimism=float(np.clip(errors[best] / max(seen, 1e-300), 1.0, MOST_OPTIMISM)))

    def _errors(self, starts: np.ndarray, horizon: int) -> tuple[dict[Choice, float], np.ndarray]:
        """Return the mean error of each form, and the origins (O,) at which it was measured.

        Forms are fitted on the steps before each of the `starts` (F + 1,) except the last, and measured up to the next start.
        """
        kinds = sorted(kind for kind in {*self.kinds.tolist(), self.rule.over} if kind >= self.rule.over)
        logs = (False, True) if self.rule.log and np.nanmin(self.values) > 0 else (False,)
        errors: dict[Choice, list[float]] = {}
        origins = []
        for head, end in pairwise(starts.tolist()):
            if np.isnan(self.values[head:end]).all():
                continue
            origins.append(np.unique(np.linspace(head, end - horizon, _ORIGINS // (len(starts) - 1)).astype(np.int64)))
            for moving in (False, True):
                moments = Moments.of(self, head, moving)
                for log, most, penalty in product(logs, kinds, PENALTIES):
                    if most > SEASON or penalty == PENALTIES[0]:
                        choice = Choice(log, moving, most, penalty)
                        error = self._error(choice, moments, head, end, origins[-1], horizon)
                        errors.setdefault(choice, []).append(error)
        return {choice: float(np.mean(each)) for choice, each in errors.items()}, np.concatenate(origins)

    def fitted(self, choice: Choice, end: int) -> np.ndarray:
        """Return the values (n + H,) of a regression fitted on the steps before `end`; all NaN if these are too few."""
        if np.isfinite(self.values[: max(end, 0)]).sum() < FEWEST // 2:
            return np.full(len(self.terms), np.nan)
        weights = Moments.of(self, end, choice.moving).weights(choice, self.kinds)
        fitted = self.terms @ weights
        return np.asarray(fitted + np.nanmean((self.target(choice.log) - fitted[: len(self.values)])[:end]))

    def split(self, choice: Choice, origins: np.ndarray, stops: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the regression's values (K, H) after the `origins` (K,) of its window, and the residuals (K, L) before its end.

        Each origin has the fit on the steps before its stop, stops (K,).
        """
        length = self.first + len(self.values)
        middle = np.full((len(origins), horizon), np.nan)
        residuals = np.full((len(origins), length), np.float32(np.nan))
        for stop in np.unique(stops).tolist():
            fitted = self.fitted(choice, stop - self.first)
            for k in np.flatnonzero(stops == stop).tolist():
                residuals[k, self.first :] = self.target(choice.log) - fitted[: len(self.values)]
                at = int(origins[k]) - self.first
                middle[k] = fitted[at : at + horizon]
        return middle, residuals

    def _error(self, choice: Choice, moments: Moments, head: int, end: int, origins: np.ndarray, horizon: int) -> float:
        """Return the mean absolute error of a fit on the steps before `head` at the origins (O,).

        The residuals are forecast as an AR(1) process around the mean of the last cycle.
        """
        fitted = self.terms[:end] @ moments.weights(choice, self.kinds)
        rest = self.target(choice.log)[:end] - fitted
        rest = np.nan_to_num(forward(rest[None])[0])
        level = np.array([rest[max(at - max(self.season, 7), 0) : at].mean() for at in origins.tolist()])
        before = rest[:head] - rest[:head].mean()
        weight = np.clip((before[1:] * before[:-1]).sum() / max((before**2).sum(), 1e-300), 0.0, 0.999)
        steps = origins[:, None] + np.arange(horizon)
        carried = level[:, None] + (rest[origins - 1] - level)[:, None] * weight ** np.arange(1, horizon + 1)
        made = fitted[steps] + carried
        made = np.exp(np.clip(made, -80.0, 80.0)) if choice.log else made
        return float(np.nanmean(np.abs(self.values[steps] - made)))


@dataclass(frozen=True, eq=False)
class Moments:
    """Normal equations of a regression on all terms: gram (T, T), cross (T, 2) with the target and its logarithm, scale (T,)."""

    gram: np.ndarray
    cross: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, series: Series, end: int, moving: bool) -> Moments:
        """Sum over the observed steps before `end`, with means or moving levels subtracted."""
        values = series.values[:end]
        seen = np.isfinite(values)
        targets = np.stack([values, np.log(np.where(values > 0, values, 1.0))], 1)
        both = np.concatenate([np.where(seen[:, None], targets, 0.0), series.terms[:end]], 1)
        both = both - (_moving_mean(both, seen, _LEVEL * max(series.long, series.season, 7)) if moving else both[seen].mean(0))
        x, y = both[seen, 2:], both[seen, :2]
        scale = np.sqrt((x**2).mean(0))
        scale = np.where(scale > 1e-9, scale, np.inf)
        x = x / scale
        return cls(x.T @ x, x.T @ y, scale)

    def weights(self, choice: Choice, kinds: np.ndarray) -> np.ndarray:
        """Return the ridge weights (T,) of all terms, 0 for kinds that the choice leaves out."""
        out = np.zeros(len(kinds))
        some = np.flatnonzero(kinds <= choice.most)
        penalty = np.where(kinds[some] == SEASON, _PENALTY_OF_SEASON, choice.penalty)
        matrix = self.gram[np.ix_(some, some)] + np.diag(penalty)
        out[some] = np.linalg.solve(matrix, self.cross[some, int(choice.log)]) / self.scale[some]
        return out


def recent_target(batch: WindowBatch, row: int, most: int) -> tuple[int, np.ndarray]:
    """Return the first of the newest `most` steps of a window's history, and the target (n,) float64 from it on."""
    first = max(batch.context - int(batch.observed_lengths[row]), batch.context - most)
    return first, batch.past_target[row, first:].astype(np.float64)


def cycles_of(batch: WindowBatch, length: int, season_length: int | None) -> tuple[int, int]:
    """Return the season of a history of `length` steps, 1 for none, and its long season of a few cycles, 0 for none."""
    season = season_length or (batch.season_lengths or (1,))[0]
    season = season if length >= CYCLES * season else 1
    long = next((one for one in batch.season_lengths if one > season and one % season == 0), 0)
    return season, long if season > 1 and length >= LONG_CYCLES * long and long <= MOST_CYCLES * season else 0


def season_terms(steps: np.ndarray, season: int, long: int) -> np.ndarray:
    """Return the terms (n, T) of a season, and of the cycles of a long season (0 = none), such as the days of a week."""
    columns = [waves(steps, season, WAVES)]
    if long:
        cycle = np.eye(long // season)[steps // season % (long // season)]
        columns += [cycle, products(cycle, waves(steps, season, WAVES_OF_LONG))]
    return np.concatenate(columns, 1)


def _moving_mean(values: np.ndarray, seen: np.ndarray, width: int) -> np.ndarray:
    """Return (n, ·) means of the `seen` (n,) rows of values (n, ·) at most width / 2 steps away."""
    total = np.pad(np.cumsum(np.where(seen[:, None], values, 0.0), 0), ((1, 0), (0, 0)))
    count = np.pad(np.cumsum(seen), (1, 0))
    at = np.arange(len(values))
    low, high = np.maximum(at - width // 2, 0), np.minimum(at + width - width // 2, len(values))
    return np.asarray((total[high] - total[low]) / np.maximum(count[high] - count[low], 1)[:, None])


def waves(steps: np.ndarray, season: int, most: int) -> np.ndarray:
    """Return (n, ·) sines and cosines of at most `most` harmonics of the season."""
    number = np.arange(1, min(most, season // 2) + 1)
    angle = 2 * np.pi * steps[:, None] * number / season
    sines = np.sin(angle)[:, : (season - 1) // 2]  # the highest one of an even season is zero
    return np.concatenate([np.cos(angle), sines], 1)


def products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return (n, p q) products of the columns of a (n, p) and b (n, q)."""
    return np.asarray((a[:, :, None] * b[:, None, :]).reshape(len(a), -1))
