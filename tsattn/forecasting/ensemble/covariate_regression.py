"""Known covariates for a forecaster that reads only the target: their effects leave the history and are added to the forecast.

Nothing is trained: effects are regressions on each series' own past (window_effects.py). The forecaster, with all its members,
sees the history as it would have been under usual covariates. How much of the effects to apply is decided on hold-out
origins: an autoregression forecasts them with and without.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from tsattn.data.cleaning.prepare import plausible_past, prepare
from tsattn.data.panel import Panel
from tsattn.data.windows import WindowBatch
from tsattn.forecasting.baselines.ridge import Ridge
from tsattn.forecasting.ensemble.calibration import Shrinkage, pinball
from tsattn.forecasting.ensemble.effect_report import CovariateEffect, groups_of, report_effects
from tsattn.forecasting.ensemble.ensemble import ORIGINS, Ensemble, EnsembleReport, forecasts
from tsattn.forecasting.ensemble.holdout import Pools, pools_of, shifts_of, truth
from tsattn.forecasting.ensemble.window_effects import Estimates, effects_of, estimates_of
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.predict import wants_covariates

_MOST_SEEN = 256  # newest batches that are reported on
LAGS = 64  # of the autoregression that judges the effects: few, for it runs on every forecast
SLACK = 0.01  # log of the loss by which effects may be worse at hold-out origins without losing weight


@dataclass(frozen=True, eq=False)
class BatchEffects:
    """Estimates on the windows of one batch, for a report."""

    estimates: Estimates
    static: np.ndarray
    share: np.ndarray


class CovariateRegression:
    """`forecaster`, which reads the target alone, on histories less the effects of known covariates.

    Where a batch declares no known covariate, its forecast is returned as it is. Effects rest on a window's own past, and on
    that of the other items in its batch no later than itself; those of one group of static covariates share most.
    """

    covariates = "known"  # read where a panel declares some

    def __init__(self, forecaster: Ensemble, shrinkage: Shrinkage | None = None) -> None:
        self.forecaster, self.shrinkage = forecaster, shrinkage or Shrinkage()
        self.name, self.context = forecaster.name, forecaster.context
        self.quantiles = tuple(forecaster.quantiles)
        self.pass_steps = getattr(forecaster, "pass_steps", 1)
        self._seen: deque[BatchEffects] = deque(maxlen=_MOST_SEEN)

    def report(self) -> EnsembleReport:
        """Return the mean weights of the members in everything forecast so far."""
        return self.forecaster.report()

    def effects(self, panel: Panel) -> tuple[CovariateEffect, ...]:
        """Return the effects of the panel's known covariates in the forecasts since the last call."""
        seen = list(self._seen)
        self._seen.clear()
        if not seen:
            return ()
        static = np.concatenate([one.static for one in seen])
        share = np.concatenate([one.share for one in seen])
        return report_effects(Estimates.concat([one.estimates for one in seen]), static, share, panel.schema)

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32."""
        known = batch.known[..., batch.calendar :]
        if known.shape[2] == 0:
            return self.forecaster.predict(_bare(batch))
        # an outlier may be the day of a promotion
        bare = replace(_bare(batch), past_target=plausible_past(batch), plausible=None, cleaning=None)
        past, before, after = bare.past_target, known[:, : batch.context], known[:, batch.context :]
        pools, group, seasons = pools_of(batch), groups_of(batch.static), batch.season_lengths
        found = estimates_of(past, before, np.zeros(len(batch), np.int64), pools, seasons)
        effects = effects_of(found, group, pools)
        share = self._share(bare, known, group, pools)
        effects = effects.scaled(share)
        self._seen.append(BatchEffects(found, batch.static, share))
        history = effects.removed(past, before, seasons)
        values = self.forecaster.predict(replace(bare, past_target=history))
        values = effects.restored(values.astype(np.float64), after, past, before, self.quantiles)
        lowest = np.nanmin(past, 1, initial=np.inf)
        return np.where((lowest >= 0)[:, None, None], np.maximum(values, 0.0), values).astype(np.float32)

    def _share(self, bare: WindowBatch, known: np.ndarray, group: np.ndarray, pools: Pools) -> np.ndarray:
        """Return (B,) share of the effects to apply: 1, but less where they worsen forecasts at hold-out origins."""
        shifts = shifts_of(bare, ORIGINS)
        past, seasons = bare.past_target, bare.season_lengths
        before = known[:, : bare.context]
        early = estimates_of(past, before, shifts.max(0), pools, seasons)
        effects = effects_of(early, group, pools)
        judge, levels = Ridge(LAGS, None, self.quantiles), np.array(self.quantiles)
        without = forecasts(judge, replace(bare, past_target=prepare(past, seasons).past), shifts)[1:]
        history = prepare(effects.removed(past, before, seasons), seasons).past
        with_effects = forecasts(judge, replace(bare, past_target=history), shifts)[1:]
        losses = []
        for k, shift in enumerate(shifts):
            at = bare.context - shift[:, None] + np.arange(bare.horizon)
            then = np.take_along_axis(known, at[..., None], 1)
            made = effects.restored(with_effects[k].astype(np.float64), then, past, before, self.quantiles)
            true = truth(bare, shift).astype(np.float64)
            losses.append([pinball(true, made, levels), pinball(true, without[k].astype(np.float64), levels)])
        loss = np.array(losses)  # (K, 2, B)
        scored = np.isfinite(loss).all(1) & (shifts > 0)
        evidence = scored.sum(0).astype(np.float64)
        total = np.where(scored[:, None], loss, 0.0).sum(0)
        ratio = np.log((total[0] + 1e-12) / (total[1] + 1e-12))
        return self._believed(ratio, evidence, pools)

    def _believed(self, ratio: np.ndarray, evidence: np.ndarray, pools: Pools) -> np.ndarray:
        """Shares (B,) from log ratios of the loss with effects to that without, own and pooled, and evidence in origins."""
        share, shrinkage = np.ones(len(ratio)), self.shrinkage
        for now, pool in pools:
            heard = evidence[pool].sum()
            common = (ratio[pool] * evidence[pool]).sum() / (heard + shrinkage.prior)
            own = evidence[now]
            believed = (ratio[now] * own + shrinkage.pooled * common) / (own + shrinkage.pooled)
            sure = heard / (heard + shrinkage.doubt)
            share[now] = np.exp(-shrinkage.sharpness * sure * np.maximum(believed - SLACK, 0.0))
        return share


def with_covariates(forecaster: Forecaster) -> Forecaster:
    """Return the forecaster; an ensemble that reads only the target gets known covariates by regression."""
    if isinstance(forecaster, Ensemble) and not wants_covariates(forecaster):
        return CovariateRegression(forecaster)
    return forecaster


def _bare(batch: WindowBatch) -> WindowBatch:
    """Return the batch without covariates."""
    return replace(batch, past_cov=batch.past_cov[..., :0], known=batch.known[..., :0], static=batch.static[:, :0], calendar=0)
