"""Leads between series and their lags in steps: significant correlations of innovations, picked one after the other.

Orthogonal matching pursuit (Pati et al., 1993) with a stop: the next pair must be larger than the largest one that chance gives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.forecasting.joint.innovations import Innovations

MOST_LAG = 48
MOST_PAIRS = 8  # leading values of one series
SCREENED = 48  # pairs with the largest correlations, among which the pursuit chooses
FACTORS = 3  # common movements of all series that may lead, where there are FEWEST_FOR_FACTORS
FEWEST_FOR_FACTORS = 6
MARGIN = 1.2  # normal scores above the largest that chance is expected to give


@dataclass(frozen=True, eq=False)
class Leads:
    """Leads of one series: source (P,) rows of `signals_of`, lag (P,) steps, weight (P,) in units of innovations."""

    source: np.ndarray
    lag: np.ndarray
    weight: np.ndarray

    def __len__(self) -> int:
        return len(self.source)


def signals_of(made: Innovations) -> np.ndarray:
    """Return (S + F, N) signals: the innovations, then their first principal components, scaled to unit variance."""
    values = made.values
    count = int(made.able.sum())
    if count < FEWEST_FOR_FACTORS:
        return values
    vectors = np.linalg.eigh(values @ values.T)[1][:, -FACTORS:].T
    common = vectors @ values
    size = np.sqrt((common**2).mean(1, keepdims=True))
    return np.concatenate([values, common / np.where(size > 0, size, 1.0)])


def most_lag(steps: int) -> int:
    """Return the longest lag considered for this number of steps."""
    return max(1, min(MOST_LAG, steps // 10))


def find_leads(made: Innovations, signals: np.ndarray, stop: int) -> list[Leads]:
    """Find the leads of each series, from the steps before `stop`. A series does not lead itself."""
    series, lags = len(made.values), most_lag(stop)
    target, signal = made.values[:, :stop], signals[:, :stop]
    count = np.maximum(made.known[:, :stop].sum(1), 1)
    score = np.zeros((lags, series, len(signals)))
    for lag in range(1, lags + 1):
        score[lag - 1] = target[:, lag:] @ signal[:, :-lag].T
    score /= np.sqrt(count)[None, :, None]
    score[:, np.arange(series), np.arange(series)] = 0.0
    limit = np.sqrt(2 * np.log(lags * max(len(signals) - 1, 1) * 2.0)) + MARGIN
    none = np.zeros(0, np.int64)
    out = []
    for i in range(series):
        strong = np.abs(score[:, i])
        if not made.able[i] or strong.max() < limit:
            out.append(Leads(none, none, np.zeros(0)))
            continue
        flat = np.argsort(strong.ravel())[::-1][:SCREENED]
        flat = flat[strong.ravel()[flat] > 0]  # few pairs in all: those with itself would be among them
        lags_of_pairs, source = np.unravel_index(flat, strong.shape)
        out.append(_pursued(target[i], signal, source, lags_of_pairs + 1, limit, count[i]))
    return out


def _pursued(y: np.ndarray, signals: np.ndarray, source: np.ndarray, lag: np.ndarray, limit: float, count: int) -> Leads:
    """Pick pairs of source and lag for one series y (N,) until the rest could be due to chance."""
    first = int(lag.max())
    x = np.stack(
        [signals[s, first - k : len(y) - k] for s, k in zip(source.tolist(), lag.tolist(), strict=True)]
    )  # (C, N - first)
    y = y[first:]
    picked: list[int] = []
    rest, weight = y, np.zeros(0)
    norm = np.sqrt((x**2).sum(1))
    while len(picked) < MOST_PAIRS:
        noise = np.sqrt((rest**2).sum() / max(count - len(picked), 1))
        score = np.abs(x @ rest) / (np.where(norm > 0, norm, np.inf) * noise + 1e-12)
        score[picked] = 0.0
        best = int(score.argmax())
        if score[best] < limit:
            break
        picked.append(best)
        chosen = x[picked]
        gram = chosen @ chosen.T
        gram[np.diag_indices_from(gram)] *= 1 + 1e-6
        weight = np.linalg.solve(gram, chosen @ y)
        rest = y - weight @ chosen
    shrunk = weight * max(0.0, 1 - len(picked) * (rest**2).sum() / max(count, 1) / max((y**2).sum() - (rest**2).sum(), 1e-12))
    return Leads(source[picked].astype(np.int64), lag[picked].astype(np.int64), shrunk)


def expected(leads: Leads, signals: np.ndarray, cutoffs: np.ndarray, horizon: int) -> np.ndarray:
    """Return (C, H) innovations expected from the leads, 1 … H steps after each cutoff.

    Uses signals before a cutoff only.
    """
    out = np.zeros((len(cutoffs), horizon))
    for source, lag, weight in zip(leads.source.tolist(), leads.lag.tolist(), leads.weight.tolist(), strict=True):
        reach = min(lag, horizon)
        at = cutoffs[:, None] + np.arange(reach) - lag  # (C, reach)
        out[:, :reach] += weight * np.where(at >= 0, signals[source, np.maximum(at, 0)], 0.0)
    return out


def carried(innovation: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Return the effect (C, H) of innovations (C, H) on their series, whose response is (H,)."""
    horizon = innovation.shape[1]
    lag = np.arange(horizon)[None, :] - np.arange(horizon)[:, None]  # from the step of the innovation to a later one
    return innovation @ np.where(lag >= 0, response[np.maximum(lag, 0)], 0.0)
