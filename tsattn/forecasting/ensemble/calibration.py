"""Ensemble weights and interval widths from the errors at hold-out origins.

A series has a few origins of its own, so both are shrunk towards those of its pool (the items of the panel), and these towards
a prior: equal members, widths as they are.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from tsattn.forecasting.ensemble.holdout import Pools
from tsattn.forecasting.ensemble.horizon_parts import between, edges_of
from tsattn.forecasting.ensemble.prior_weights import Prior

MOST, MOST_MEAN = 50.0, 5.0  # times the best loss that are distinguished: of one origin, and in the end
_FARTHEST = 3.0  # widths: the most that an error counts when errors of series are compared


@dataclass(frozen=True)
class Shrinkage:
    """Strength of the shrinkage of weights and widths. Chosen on windows before the test windows (benchmarks/LOG.md)."""

    sharpness: float = 12.0  # weight = exp(-sharpness · (loss / best loss - 1)), where there is evidence enough
    doubt: float = 8.0  # origins of the pool at which half of that, and of the prior weights, remains
    favour: float = 0.02  # prior weight of a member for 1 of the one that is expected to be best (prior_weights.py)
    hopeless: float = 1.35  # a member this many times worse than the best is dropped
    near: float = 0.8  # share of a part's own losses in its weights, beside those of the whole horizon
    first_weighted: int = 4  # steps of the first part of the horizon with weights of its own
    pooled: float = 8.0  # weight of the pool, in hold-out origins of the series' own
    prior: float = 1.0  # weight of "all alike", in the pool's hold-out origins
    width_own: float = 60.0  # weight of the pool on widths, in origins of the series' own
    width_prior: float = 20.0  # weight of "as they are", in the pool's origins
    caution: float = 0.15  # log of a width's factor that is halved: origins close together share the same noise
    many: float = 60.0  # origins of the pool at which half of the caution's square remains
    surprise: float = (
        0.5  # log of a pool's factor, below 1, at which half of the prior's weight remains, if errors are independent
    )
    surprise_own: float = 0.7  # the same of a series' own factor, below that of its pool
    first_part: int = 8  # steps of the first part of the horizon with widths of its own
    independent: int = 4  # errors of a part and an origin that count as so many: neighbouring steps err together
    narrowest: float = 0.25
    widest: float = 4.0


def pinball(truth: np.ndarray, values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return the mean pinball loss (…) of values (…, H, Q) given truth (…, H); NaN where no truth is known."""
    return mean_known(step_losses(truth, values, levels), truth)


def step_losses(truth: np.ndarray, values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return the pinball loss (…, H), mean over the levels, of values (…, H, Q) given truth (…, H)."""
    lack = truth[..., None] - values
    return np.asarray(np.maximum(levels * lack, (levels - 1) * lack).mean(-1))


def mean_known(loss: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the mean (…) of losses (…, H) over the steps with a known truth (…, H); NaN where there is none."""
    known = np.broadcast_to(~np.isnan(truth), loss.shape)
    count = known.sum(-1)
    return np.divide(np.where(known, loss, 0.0).sum(-1), count, out=np.full(count.shape, np.nan), where=count > 0)


def relative(loss: np.ndarray, share: np.ndarray, floor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return log(loss / best loss) (M, B), bounded, and evidence (B,) in origins, from losses (K, M, B) at K origins.

    Half of it is the ratio of the mean losses, in which one origin may outweigh all others, such as one before which the level
    moved; half the mean over the origins of each one's own log ratio, in which all count alike.

    share (K, B): how much of an origin's horizon was scored. floor (B,): losses below it are rounding. NaN where a member
    gave no forecast at any origin that the others were scored at.
    """
    evidence = share.sum(0)
    part = (share / np.where(evidence > 0, evidence, 1.0))[:, None]  # (K, 1, B)
    bad = (np.isnan(loss) & (part > 0)).any(0)
    each = np.where((part > 0) & ~bad, np.maximum(np.nan_to_num(loss), floor), np.inf)
    in_all, by_origin = _over((np.where(part > 0, each, 0.0) * part).sum(0)), (_over(each) * part).sum(0)
    least = np.where(bad, np.inf, by_origin).min(0)
    ratio = (in_all + by_origin - np.where(np.isfinite(least), least, 0.0)) / 2
    return np.where(bad, np.nan, np.minimum(ratio, np.log(MOST_MEAN))), evidence


def _over(loss: np.ndarray) -> np.ndarray:
    """Log ratios of losses (…, M, B) to the best of the M, bounded."""
    best = loss.min(-2, keepdims=True)
    return np.log(np.clip(loss / np.where(np.isfinite(best) & (best > 0), best, 1.0), 1.0, MOST))


def weights_of(
    ratio: np.ndarray, evidence: np.ndarray, able: np.ndarray, pools: Pools, shrinkage: Shrinkage, prior: Prior
) -> np.ndarray:
    """Weights (M, B, P), adding up to 1, from log loss ratios (M, B, P) of P parts of the horizon and evidence (B,) in origins.

    able (M, B): members with a forecast now. prior: target of the shrinkage. Where there is no evidence at all, the first
    member that has a forecast stands alone.
    """
    said = ~np.isnan(ratio)
    known = np.where(said, ratio, 0.0)
    weights = np.zeros_like(known)
    for now, pool in pools:
        heard = evidence[pool][:, None] * said[:, pool]
        common = (known[:, pool] * heard).sum(1) / (heard.sum(1) + shrinkage.prior)  # (M, P)
        own = np.where(said[:, now], evidence[now][:, None], 0.0)
        believed = (known[:, now] * own + shrinkage.pooled * common[:, None]) / (own + shrinkage.pooled)
        any_heard = heard.sum(1) > 0
        usable = able[:, now][..., None] & any_heard[:, None]
        believed = np.where(usable, believed, np.inf)
        lag = np.exp(believed - np.where(usable.any(0), believed.min(0), 0.0)) - 1
        # a few origins of one series are weak evidence: then the prior counts for more
        sure = evidence[pool].sum() / (evidence[pool].sum() + shrinkage.doubt)
        expected = prior.weights[:, now] ** (1 - sure + prior.lasting[now] * sure)
        weight = expected[..., None] * np.exp(-shrinkage.sharpness * sure * np.where(usable, lag, 0.0))
        weight = np.where(lag <= shrinkage.hopeless - 1, weight, 0.0) * usable
        alone = np.flatnonzero(~usable.any((0, 2)))
        weight[able[:, now[alone]].argmax(0), alone] = 1.0
        weights[:, now] = weight / weight.sum(0)
    return weights


def scores_of(truth: np.ndarray, values: np.ndarray, levels: tuple[float, ...], floor: np.ndarray) -> np.ndarray:
    """Signed errors (…, H) of the median in units of the distance to the 0.9 quantile (above it) or the 0.1 (below it)."""
    low, middle, high = (values[..., int(np.abs(np.array(levels) - q).argmin())] for q in (0.1, 0.5, 0.9))
    error = truth - middle
    width = np.where(error >= 0, high - middle, middle - low)
    error = np.where(np.abs(error) <= floor, 0.0, error)
    return error / np.maximum(width, floor)


def widths_of(scores: np.ndarray, evidence: np.ndarray, pools: Pools, shrinkage: Shrinkage) -> np.ndarray:
    """Factors (2, B, H) on the distances below and above the median, from scores (K, B, H), NaN = unknown.

    Split conformal prediction (Vovk et al., 2005; Romano et al., 2019): the factor is the quantile of the scores at
    level 0.9 · (1 + 1/n), drawn towards 1 the more, the nearer it is; neighbouring steps of an origin err together, so only
    one in a few counts towards n, and series that err together count as fewer. Each part of the horizon has factors of its
    own, interpolated between the parts' middles.
    """
    _, rows, horizon = scores.shape
    edges = edges_of(horizon, shrinkage.first_part)
    parts = [scores[:, :, low:high] for low, high in itertools.pairwise(edges)]
    logs = np.zeros((2, rows, len(parts)))
    for now, pool in pools:
        alike = errors_alike(scores[:, pool])
        n = evidence[pool].sum() / alike
        if not n > 0:
            continue
        caution = shrinkage.caution**2 * shrinkage.many / (shrinkage.many + n)
        rarer = math.sqrt(alike)  # errors that agree all lie on one side by chance more often
        for number, part in enumerate(parts):
            together = max(1.0, part.shape[2] / shrinkage.independent)
            common = np.log(_conformal_factors(part[:, pool].reshape(-1, 1), shrinkage, together))  # (2, 1)
            common = np.nan_to_num(common) * n / (n + shrinkage.width_prior * _doubt(common, shrinkage.surprise * rarer))
            own = np.log(_conformal_factors(part[:, now].transpose(0, 2, 1).reshape(-1, len(now)), shrinkage, together))
            prior = shrinkage.width_own * _doubt(own - common, shrinkage.surprise_own * rarer)
            share = np.where(np.isnan(own), 0.0, evidence[now] / (evidence[now] + prior))
            believed = share * np.nan_to_num(own) + (1 - share) * common
            logs[:, now, number] = believed * believed**2 / (believed**2 + caution)
    return np.exp(logs @ between(edges))


def errors_alike(scores: np.ndarray) -> float:
    """Return how many series of a pool count as one: 1 if their errors are independent, all of them if they are the same.

    scores (K, P, H): signed errors of P series at K origins. This is the design effect 1 + (P - 1) · ρ (Kish, 1965), with the
    intraclass correlation ρ of the mean errors of an origin, from an analysis of variance. A week in which all stocks rise is
    one observation, not one for each stock.
    """
    known = ~np.isnan(scores)
    steps = known.sum(2)
    bounded = np.where(known, np.clip(scores, -_FARTHEST, _FARTHEST), 0.0)
    error, seen = bounded.sum(2) / np.maximum(steps, 1), steps > 0  # (K, P)
    count = seen.sum(1)
    total, groups = count.sum(), (count > 0).sum()
    if groups < 2 or total == groups:
        return 1.0
    mean = error.sum(1) / np.maximum(count, 1)
    within = (np.where(seen, error - mean[:, None], 0.0) ** 2).sum() / (total - groups)
    across = (count * (mean - (mean * count).sum() / total) ** 2).sum() / (groups - 1)
    size = (total - (count**2).sum() / total) / (groups - 1)  # series of an origin, corrected for unequal numbers
    correlation = (across - within) / max(across + (size - 1) * within, 1e-30)
    return float(1 + (size - 1) * np.clip(correlation, 0.0, 1.0))


def catch_up_factors(widths: np.ndarray, levels: np.ndarray, slope: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return (B,) factors on the widths of a forecast whose noise grows with the level.

    widths, levels (1 + K, B): mean width and log level of the forecast, then of those at K origins. slope (B,): power of the
    level that the noise is proportional to, and the share of the lag that is corrected, up to the growth of the noise. share
    (K, B): scored share of an origin's horizon.
    """
    grown = slope * np.nan_to_num(levels[0] - levels[1:])
    lag = slope * (grown - np.log(widths[0] / widths[1:]))
    lag = np.clip(lag, np.minimum(grown, 0.0), np.maximum(grown, 0.0))
    return np.exp((lag * share).sum(0) / np.maximum(share.sum(0), 1e-9))


def _doubt(away: np.ndarray, surprise: float) -> np.ndarray:
    """Share of a prior's weight that remains against a log factor so far `away` from it.

    An interval is narrowed by much only where nearly every error was small; a heavy-tailed prior gives way to that (as a
    Student t does). One bad origin is enough to widen, so there the prior keeps its weight.
    """
    return 1 / (1 + (np.minimum(np.nan_to_num(away), 0.0) / surprise) ** 2)


def _conformal_factors(scores: np.ndarray, shrinkage: Shrinkage, together: float) -> np.ndarray:
    """Return (2, S) bounded conformal factors below and above, of the columns of scores (N, S); NaN if there are no scores.

    `together` scores count as one.
    """
    return np.stack([_conformal_factor(signed, shrinkage, together) for signed in (-scores, scores)])


def _conformal_factor(scores: np.ndarray, shrinkage: Shrinkage, together: float) -> np.ndarray:
    signed = np.sort(scores, axis=0)  # NaN last
    count = (~np.isnan(signed)).sum(0)
    level = np.minimum(0.9 * (1 + together / np.maximum(count, 1)), 1.0)
    at = np.clip(np.ceil(level * count).astype(int) - 1, 0, None)
    found = signed[at, np.arange(signed.shape[1])]
    return np.where(count > 0, np.clip(found, shrinkage.narrowest, shrinkage.widest), np.nan)


def widened(values: np.ndarray, levels: tuple[float, ...], factors: np.ndarray) -> np.ndarray:
    """Quantiles (B, H, Q) with their distances from the median multiplied by factors (2, B, H), below and above it.

    Errors grow with the horizon, so an interval does not narrow from one step to the next by more than it did before.
    """
    middle = values[..., [int(np.abs(np.array(levels) - 0.5).argmin())]]
    away = values - middle
    low, high = (-away[..., 0], away[..., -1]) if len(levels) > 1 else (away[..., 0], away[..., 0])
    below, above = _lasting(factors[0], low), _lasting(factors[1], high)
    return middle + np.where(away < 0, below[..., None], above[..., None]) * away


def _lasting(factors: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Factors (B, H) raised where a width (B, H) times its factor would fall by a larger share than the width does."""
    out = factors.copy()
    kept = np.divide(width[:, :-1], width[:, 1:], out=np.zeros_like(width[:, 1:]), where=width[:, 1:] > 0)
    for step in range(1, out.shape[1]):
        out[:, step] = np.maximum(out[:, step], out[:, step - 1] * np.minimum(1.0, kept[:, step - 1]))
    return out
