"""Known covariates and calendar events for a forecaster that reads only the target.

Effects are removed from the history and added to the forecast. Nothing is trained: effects are regressions on each series' own
past (window_estimates.py). The forecaster, with all its members, reads the history as it would have been with usual covariates
and without events. An autoregression forecasts at hold-out origins with and without the effects, which decides how much of them
to apply. Calendar events are searched after the effects of declared covariates (calendar_screen.py).
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np

from tsattn.data.cleaning.prepare import GROSS_ERROR, NOTHING, SENTINEL, Cleaning, plausible_past, prepare, prepared
from tsattn.data.panel import Panel
from tsattn.data.windows import WindowBatch
from tsattn.forecasting.baselines.ridge import Ridge
from tsattn.forecasting.ensemble.batch_effects import BatchEffects, Covariates, estimated, joined
from tsattn.forecasting.ensemble.calibration import Shrinkage, pinball
from tsattn.forecasting.ensemble.effect_groups import EffectGroups, groups_of
from tsattn.forecasting.ensemble.effect_noise import wide_as_noise
from tsattn.forecasting.ensemble.effect_report import CovariateEffect, report_effects
from tsattn.forecasting.ensemble.ensemble import Ensemble, EnsembleReport, forecasts
from tsattn.forecasting.ensemble.holdout import ORIGINS, Pools, pools_of, shifts_of, target_only, truth
from tsattn.forecasting.ensemble.phase_regression import PhaseRegression
from tsattn.forecasting.ensemble.shared_season import Borrowed, shapes_of
from tsattn.forecasting.ensemble.window_effects import Effects
from tsattn.forecasting.ensemble.window_estimates import Estimates
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.predict import wants_covariates
from tsattn.forecasting.quantiles import not_negative
from tsattn.forecasting.resting_phases import resting, zero_at_rest

_MOST_SEEN = 256  # newest batches that are reported on
LAGS = 64  # of the autoregression that judges the effects: few, for it runs on every forecast
SLACK = 0.01  # log of the loss by which effects may be worse at hold-out origins without losing weight


class CovariateRegression:
    """`forecaster`, which reads the target alone, on histories less the effects of known covariates and calendar events.

    Without known covariates and events, the forecast of a batch is returned unchanged. Effects are estimated on a window's own
    past and on that of other items in its batch, up to the window's cutoff; items of a group share most (effect_groups.py).
    """

    covariates: bool | str = "known"  # read where a panel declares some

    def __init__(
        self, forecaster: Forecaster, shrinkage: Shrinkage | None = None, *, known: bool = True, events: bool = True
    ) -> None:
        """Wrap `forecaster`. known, events: False to ignore known covariates, or calendar events."""
        self.forecaster, self.shrinkage, self.days = forecaster, shrinkage or Shrinkage(), events
        if not known:
            self.covariates = False
        self.name, self.context = forecaster.name, forecaster.context
        self.quantiles = tuple(forecaster.quantiles)
        self._middle = int(np.abs(np.array(self.quantiles) - 0.5).argmin())
        self.pass_steps, self.joint = getattr(forecaster, "pass_steps", 1), getattr(forecaster, "joint", False)
        self._seen: deque[BatchEffects] = deque(maxlen=_MOST_SEEN)
        self._borrowed: deque[list[Borrowed]] = deque(maxlen=_MOST_SEEN)
        self.cleaned: Cleaning | None = None  # see Forecaster

    def report(self) -> EnsembleReport:
        """Return the mean weights of the members in everything forecast so far; 1 for a forecaster without members."""
        inner = self.forecaster
        return inner.report() if isinstance(inner, Ensemble) else EnsembleReport({self.name: 1.0}, 0, 0, 1.0)

    def effects(self, panel: Panel, horizon: int | None = None, first: int = 0) -> tuple[CovariateEffect, ...]:
        """Return the effects of the panel's known covariates, and of events, in the forecasts since the last call.

        horizon: the steps ahead that events are counted on; None = all that were forecast. first: report on the series from this
        one on.
        """
        seen = list(self._seen)
        self._seen.clear()
        if not seen:
            return ()
        names = panel.schema.known_features
        estimates, share, events, ahead = joined(seen, len(names))
        static = np.concatenate([one.static for one in seen])
        item = np.concatenate([one.item for one in seen])
        if first:
            some = np.flatnonzero(item >= first)
            estimates, share, static, item = estimates.rows(some), share[some], static[some], item[some]
        once = len(np.unique(item)) == len(item) and item.max(initial=0) < len(
            panel
        )  # a backtest contains a series at several cutoffs
        items = [panel.item_ids[i] for i in item.tolist()] if once else []
        return report_effects(estimates, EffectGroups(panel, item, static), share, events, ahead[:horizon].sum(0), items)

    def borrowed(self) -> tuple[Borrowed, ...]:
        """Return the seasonal shapes that young series borrowed in the forecasts since the last call, by series."""
        found = {one.item: one for some in self._borrowed for one in some}
        self._borrowed.clear()
        return tuple(found[item] for item in sorted(found))

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32."""
        self.cleaned = None
        declared = Covariates.of(batch.known[..., batch.calendar :])
        if declared.declared == 0 and batch.days is None:
            return self._forecast(target_only(batch))
        batch = prepared(batch)
        # an outlier may be the day of a promotion
        bare = replace(target_only(batch), past_target=plausible_past(batch), plausible=None, cleaning=None)
        past, pools, groups = bare.past_target, pools_of(batch), groups_of(batch.static, batch.parts)
        covariates, effects, parts = self._estimated(past, declared, batch.days, groups, pools, batch.season_lengths)
        if not covariates.used.any():
            return self._forecast(target_only(batch))
        share = self._share(bare, covariates, groups, pools)
        steps = np.broadcast_to(batch.context + np.arange(batch.horizon), (len(batch), batch.horizon))
        before, after = covariates.before(batch.context), covariates.at(steps)
        for now, columns, found in parts:
            ahead = after[now][..., declared.declared :].any(0)
            own = (batch.static[now], share[now], ahead, batch.item[now])
            self._seen.append(BatchEffects(found, columns, covariates.events, *own))
        effects = effects.scaled(share)
        rest = effects.removed(past, before, batch.season_lengths)
        history = prepared(replace(bare, past_target=rest, observed=past))
        self.cleaned = _as_observed(history.cleaning, past, batch.cleaning)
        if isinstance(self.forecaster, Ensemble):  # its regression reads them, for what is left of the effects
            history = replace(history, known=declared.known)
        values = self._forecast(history)
        made = effects.restored(values.astype(np.float64), after, past, before, self.quantiles)
        adds = ~effects.factor[:, None] & ~effects.closed(after)
        values = self._noisy(made, values, adds, bare, rest)
        return zero_at_rest(not_negative(values, past), bare).astype(np.float32)

    def _noisy(self, made: np.ndarray, values: np.ndarray, adds: np.ndarray, bare: WindowBatch, rest: np.ndarray) -> np.ndarray:
        """Return the quantiles `made` (B, H, Q). For series that rest, they are at least as wide as the noise at awake steps.

        values: without effects, as the history `rest` (B, L). adds: (B, H), the steps on which effects are amounts.
        """
        amounts = made[..., self._middle] - values[..., self._middle]
        for row in np.flatnonzero(resting(bare).any(1) & adds.any(1)).tolist():
            own = (bare.past_target[row], rest[row], bare.season_lengths, self.quantiles)
            made[row, adds[row]] = wide_as_noise(made[row, adds[row]], amounts[row, adds[row]], *own)
        return made

    def _forecast(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) of the target alone; young series borrow the seasonal shape of longer ones (shared_season.py)."""
        batch = prepared(batch)
        shapes = shapes_of(batch)
        if shapes is None:
            return self.forecaster.predict(batch)
        self._borrowed.append(shapes.borrowed(batch.item))
        values = self.forecaster.predict(replace(batch, past_target=shapes.removed(batch.past_target), plausible=None))
        return shapes.restored(values, batch.past_target)

    def _estimated(
        self,
        past: np.ndarray,
        declared: Covariates,
        days: np.ndarray | None,
        groups: np.ndarray,
        pools: Pools,
        seasons: tuple[int, ...],
    ) -> tuple[Covariates, Effects, list[tuple[np.ndarray, np.ndarray, Estimates]]]:
        """Return the covariates with the calendar events found beside them, and the effects of all."""
        now = np.zeros(len(past), np.int64)
        effects, parts = estimated(past, declared, now, groups, pools, seasons)
        if days is None:
            return declared, effects, parts
        rest = effects.removed(past, declared.before(past.shape[1]), seasons) if declared.declared else past
        covariates = declared.with_events(rest, days, pools, seasons)
        if covariates is declared:
            return declared, effects, parts
        return covariates, *estimated(past, covariates, now, groups, pools, seasons)

    def _share(self, bare: WindowBatch, covariates: Covariates, groups: np.ndarray, pools: Pools) -> np.ndarray:
        """Return (B, K+C) shares of the effects to apply: 1, but less where they worsen forecasts at hold-out origins.

        Declared covariates are compared with none, then events in addition with the declared ones alone.
        """
        shifts = shifts_of(bare, ORIGINS)
        effects, _ = estimated(bare.past_target, covariates, shifts.max(0), groups, pools, bare.season_lengths)
        is_declared = np.arange(covariates.used.shape[1]) < covariates.declared
        share = np.ones(covariates.used.shape)
        loss = self._losses(bare, None, covariates, shifts)
        for columns, applied in ((is_declared, is_declared), (~is_declared, np.ones_like(is_declared))):
            if columns.any():
                before, loss = loss, self._losses(bare, effects.scaled(share * applied), covariates, shifts)
                share[:, columns] = self._weight(loss, before, shifts, pools)[:, None]
        return share

    def _losses(self, bare: WindowBatch, effects: Effects | None, covariates: Covariates, shifts: np.ndarray) -> np.ndarray:
        """Return (K, B) losses at hold-out origins of an autoregression, with the effects removed and added back."""
        past, seasons = bare.past_target, bare.season_lengths
        before = covariates.before(bare.context)
        history = past if effects is None else effects.removed(past, before, seasons)
        judge, levels = Ridge(LAGS, None, self.quantiles), np.array(self.quantiles)
        cleaned = prepare(history, seasons, level_shifts=False, year=bare.year).past
        made = forecasts(judge, replace(bare, past_target=cleaned), shifts)[1:].astype(np.float64)
        losses = []
        for k, shift in enumerate(shifts):
            values = made[k]
            if effects is not None:
                at = bare.context - shift[:, None] + np.arange(bare.horizon)
                values = effects.restored(values, covariates.at(at), past, before, self.quantiles, shift)
            losses.append(pinball(truth(bare, shift).astype(np.float64), values, levels))
        return np.array(losses)

    def _weight(self, with_: np.ndarray, without: np.ndarray, shifts: np.ndarray, pools: Pools) -> np.ndarray:
        """Return (B,) shares of effects from losses (K, B) with and without them."""
        loss = np.stack([with_, without], 1)
        scored = np.isfinite(loss).all(1) & (shifts > 0)
        total = np.where(scored[:, None], loss, 0.0).sum(0)
        ratio = np.log((total[0] + 1e-12) / (total[1] + 1e-12))
        return self._believed(ratio, scored.sum(0).astype(np.float64), pools)

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


def _as_observed(found: Cleaning | None, past: np.ndarray, before: Cleaning | None) -> Cleaning:
    """Return what was found in histories without effects, with the values of `past` (B, L), and what `past` lacks already."""
    found, before = (NOTHING if record is None else record for record in (found, before))
    return before.of(SENTINEL, GROSS_ERROR).united(replace(found, value=past[found.row, past.shape[1] - found.ago]))


def with_covariates(forecaster: Forecaster, *, known: bool = True) -> Forecaster:
    """Return the forecaster; an ensemble that reads only the target gets known covariates and calendar events by regression.

    known: False for calendar events alone.
    """
    if isinstance(forecaster, Ensemble) and not wants_covariates(forecaster):
        made = forecaster.with_regression(PhaseRegression(None, forecaster.quantiles)) if known else forecaster
        return CovariateRegression(made, known=known)
    return forecaster
