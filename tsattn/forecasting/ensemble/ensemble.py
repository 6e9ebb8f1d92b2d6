"""An ensemble of a network and simple methods, weighted for each series by their errors at hold-out origins of its own past.

Quantiles are averaged level by level (Vincentization; Lichtendahl et al., 2013), with weights that fall with a member's
loss; then their widths are calibrated at the same origins (calibration.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from tsattn.data.cleaning.prepare import prepared
from tsattn.data.windows import WindowBatch
from tsattn.errors import ConfigError
from tsattn.forecasting.baselines import MEMBERS, member, unknown
from tsattn.forecasting.baselines.garch import Garch
from tsattn.forecasting.baselines.variance_function import log_levels, slopes
from tsattn.forecasting.counts import are_small_counts, whole_where
from tsattn.forecasting.ensemble.calibration import (
    Shrinkage,
    catch_up_factors,
    scores_of,
    weights_of,
    widened,
    widths_of,
)
from tsattn.forecasting.ensemble.coarser_step import COARSER, CoarserStep
from tsattn.forecasting.ensemble.holdout import (
    ORIGINS,
    most_origins,
    padded,
    pools_of,
    recent,
    shifted,
    shifts_of,
    target_only,
    truth,
)
from tsattn.forecasting.ensemble.holdout_losses import HoldoutLosses
from tsattn.forecasting.ensemble.horizon_parts import between, edges_of
from tsattn.forecasting.ensemble.phase_regression import PhaseRegression
from tsattn.forecasting.ensemble.prior_weights import prior_of
from tsattn.forecasting.ensemble.seasonal_profile import PROFILE, SeasonalProfile
from tsattn.forecasting.ensemble.series_trees import TREES, SeriesTrees
from tsattn.forecasting.frame import Forecaster, HoldoutForecaster
from tsattn.forecasting.predict import BATCH, wants_covariates
from tsattn.forecasting.quantiles import not_negative
from tsattn.forecasting.resting_phases import resting, zero_at_rest

DEFAULT = (*MEMBERS, PROFILE, COARSER, TREES)
_LONGEST = 1 << 15  # past steps that members read


@runtime_checkable
class Mover(Protocol):
    """Member that forecasts a level or a median, to which the network's forecast is moved."""

    @property
    def name(self) -> str: ...
    def takes_part(self, longest: int, has_season: bool) -> bool:
        """Return True if the member may forecast series of a panel whose longest series has `longest` steps."""
        ...

    def corrected(self, network: np.ndarray, found: np.ndarray, season_lengths: Sequence[int]) -> np.ndarray:
        """Return the network's forecast (..., H, Q), moved to the member's level or median `found` (..., H, Q)."""
        ...


@dataclass(frozen=True)
class EnsembleReport:
    """Mean weight of each member over `windows`, of which `alone` had the network only.

    width: the mean factor that calibration put on the 80 % interval. lacking: why a member has no forecasts, if a library is
    missing.
    """

    weights: Mapping[str, float]
    windows: int
    alone: int
    width: float
    lacking: str = ""

    def __str__(self) -> str:
        parts = sorted(self.weights.items(), key=lambda pair: -pair[1])
        said = ", ".join(f"{name} {weight:.2g}" for name, weight in parts if weight >= 0.005)
        return f"weights: {said or 'none'}"


class Ensemble:
    """`network` and `members` as one Forecaster. The network runs 1 + `origins` times a window, members about as often.

    origins: of each series; None for ORIGINS, and more for long histories in a panel of few series. `regression` is a further
    member where the batch has declared known covariates. The weights and widths of a window depend on its own past, and on
    that of the other items in its batch no later than it.
    """

    context = None

    def __init__(
        self,
        network: Forecaster,
        members: Sequence[Forecaster],
        *,
        origins: int | None = None,
        shrinkage: Shrinkage | None = None,
        regression: PhaseRegression | None = None,
    ) -> None:
        if origins is not None and origins < 1:
            raise ConfigError(f"at least one hold-out origin is needed, not {origins}")
        self.network, self.members, self.origins = network, tuple(members), origins
        self.shrinkage, self.regression = shrinkage or Shrinkage(), regression
        self.name = f"{network.name} + members"
        self.quantiles = network.quantiles
        self.pass_steps = getattr(network, "pass_steps", 1)
        self.covariates, self.joint = wants_covariates(network), getattr(network, "joint", False)
        # members whose widths come from every change of the history: errors at a few origins say less about them
        self._calibrated = [1 + i for i, one in enumerate(self.members) if isinstance(one, Garch)]
        self._total = np.zeros(2 + len(self.members))
        self._windows, self._alone, self._width = 0, 0, 0.0

    def with_regression(self, regression: PhaseRegression) -> Ensemble:
        """Return the same ensemble with a regression on known covariates."""
        return Ensemble(self.network, self.members, origins=self.origins, shrinkage=self.shrinkage, regression=regression)

    def report(self) -> EnsembleReport:
        """Return the mean weights of all windows forecast so far."""
        count = max(self._windows, 1)
        names = (self.network.name, *(member.name for member in self.members))
        mean = (self._total / count).tolist()
        weights = dict(zip(names, mean, strict=False))
        if self.regression is not None and mean[-1] > 0:
            weights[self.regression.name] = mean[-1]
        lacking = next((said for one in self.members if (said := getattr(one, "lacking", ""))), "")
        return EnsembleReport(weights, self._windows, self._alone, self._width / count, lacking)

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32."""
        batch = prepared(batch)
        some = np.flatnonzero(~np.isnan(batch.past_target).all(0))
        batch = recent(batch, min(_LONGEST, batch.context - int(some[0]) if len(some) else 1))
        levels = np.array(self.quantiles)
        pools = pools_of(batch)
        most = most_origins(len(batch), pools) if self.origins is None else None
        shifts = shifts_of(batch, self.origins or ORIGINS, most=most)
        members, made = self._made(batch, shifts)
        # (K, B, H); values that are always zero say nothing about a member
        past = np.stack([np.where(resting(batch, shift), np.float32(np.nan), truth(batch, shift)) for shift in shifts])
        floor = np.nan_to_num(np.nanmax(np.abs(batch.past_target), 1, initial=0)).astype(np.float64) * 1e-6 + 1e-30
        scored = np.isfinite(made[1:, 0]).all((2, 3))  # origins without a forecast of the network do not lower its weight
        shown = whole_where(are_small_counts(batch.past_target), made[1:])  # rounded as in the output
        edges = edges_of(batch.horizon, self.shrinkage.first_weighted)
        losses = HoldoutLosses.of(past.astype(np.float64), shown, levels, scored, floor, edges)
        prior, mix = prior_of(members, batch, self.shrinkage.favour), between(edges)

        def average(at: int, origins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            """Return the average (B, H, Q) of the forecasts made[at], and its weights (M, B, H) from some of the origins."""
            able = np.isfinite(made[at]).all((2, 3))
            weights = weights_of(*losses.ratios(origins, self.shrinkage.near), able, pools, self.shrinkage, prior) @ mix
            return _average(made[at], weights), weights

        every = np.arange(len(shifts))
        values, weights = average(0, every >= 0)
        others = [average(1 + k, every != k)[0] for k in range(len(shifts))]  # each with weights from the other origins
        before = np.stack(others)  # (K, B, H, Q)
        scores = scores_of(past.astype(np.float64), before, self.quantiles, floor[:, None])
        factors = widths_of(scores, losses.share.sum(0), pools, self.shrinkage)
        factors = factors * _catch_up(batch, shifts, np.stack([values, *before]), losses.share, floor)[:, None]
        factors = factors ** (1 - weights[self._calibrated].sum(0))
        values = widened(values, self.quantiles, factors)
        values = zero_at_rest(not_negative(values, batch.past_target), batch)
        self._total[: len(weights)] += weights.mean(2).sum(1)
        self._windows += len(batch)
        self._alone += int((weights[0] == 1).all(1).sum())
        self._width += float(factors.mean((0, 2)).sum())
        return np.asarray(values, np.float32)

    def _made(self, batch: WindowBatch, shifts: np.ndarray) -> tuple[tuple[Forecaster, ...], np.ndarray]:
        """Return the members, and forecasts (1 + K, M, B, H, Q) of the network and of them, from the end and `shifts` (K, B)."""
        plain = batch if self.covariates else target_only(batch)
        own = forecasts(self.network, plain, shifts)
        others = [forecasts(one, plain, shifts) for one in self.members]
        others = [
            one.corrected(own, x, batch.season_lengths) if isinstance(one, Mover) else x
            for one, x in zip(self.members, others, strict=True)
        ]
        if self.regression is None or batch.known.shape[2] == batch.calendar:
            return self.members, np.stack([own, *others], 1)
        others.append(self.regression.predict_from(batch, shifts))
        return (*self.members, self.regression), np.stack([own, *others], 1)


def member_names(members: str | Sequence[str]) -> tuple[str, ...]:
    """Return the members named; "all" (every one) and "network" (none) may be a string or the only entry of a list.

    Raises ConfigError for "all" or "network" beside other names, and for an unknown name, with the nearest known one.
    """
    chosen = (members,) if isinstance(members, str) else tuple(members)
    groups: dict[str, tuple[str, ...]] = {"all": DEFAULT, "network": ()}
    if len(set(chosen)) == 1 and chosen[0] in groups:
        return groups[chosen[0]]
    for name in chosen:
        if name in groups:
            other = next(one for one in chosen if one != name)
            raise ConfigError(
                f"the member {name!r} cannot be combined with {other!r}",
                "'all' is every method, and 'network' is the network alone: give only one of the two, or only names of methods",
            )
        if name not in DEFAULT:
            raise unknown("member", name, (*groups, *DEFAULT))
    return chosen


def combine(
    network: Forecaster,
    members: Sequence[str] = DEFAULT,
    *,
    season_length: int | None = None,
    origins: int | None = None,
    shrinkage: Shrinkage | None = None,
) -> Forecaster:
    """Return an ensemble of the network and the members of these names, or the network itself when there are none.

    Raises ConfigError for an unknown name, with the nearest known one.
    """
    chosen = member_names(members)
    if not chosen:
        return network
    made = [_member(name, network, season_length) for name in chosen]
    return Ensemble(network, made, origins=origins, shrinkage=shrinkage)


def _member(name: str, network: Forecaster, season_length: int | None) -> Forecaster:
    if name == COARSER:
        return CoarserStep(network)
    if name == PROFILE:
        return SeasonalProfile(season_length, network.quantiles)
    if name == TREES:
        return SeriesTrees(season_length, network.quantiles)
    return member(name, season_length, network.quantiles)


def forecasts(forecaster: Forecaster, batch: WindowBatch, shifts: np.ndarray) -> np.ndarray:
    """Return (1 + K, B, H, Q) float32: from the windows' ends, then from `shifts` (K, B) before them.

    NaN where a shift is 0, or nothing is seen.
    """
    if isinstance(forecaster, HoldoutForecaster):
        return forecaster.predict_from(batch, shifts)
    out = np.full((1 + len(shifts), len(batch), batch.horizon, len(forecaster.quantiles)), np.nan, np.float32)
    rows = [np.arange(len(batch)), *(np.flatnonzero(shift > 0) for shift in shifts)]
    which = np.concatenate([np.stack([np.full(len(r), k), r], 1) for k, r in enumerate(rows)])  # (N, 2)
    moves = np.concatenate([np.zeros((1, len(batch)), np.int64), shifts])
    for at in range(0, len(which), BATCH):
        k, row = which[at : at + BATCH].T
        part = shifted(batch.rows(row), moves[k, row])
        part = part if forecaster.context is None else padded(part, forecaster.context)
        blind = np.isnan(part.past_target).all(1)
        out[k, row] = np.where(blind[:, None, None], np.float32(np.nan), forecaster.predict(part))
    return out


def _catch_up(batch: WindowBatch, shifts: np.ndarray, values: np.ndarray, share: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Return (B,) factors on the widths of values[0]. values (1 + K, B, H, Q): forecasts from the end and `shifts` (K, B)."""
    history, season = batch.past_target.astype(np.float64), (batch.season_lengths or (1,))[0]
    slope, factors = slopes(history, season), np.ones(len(batch))
    rows = np.flatnonzero(slope > 0)
    if len(rows):
        ends = batch.context - 1 - np.pad(shifts, ((1, 0), (0, 0)))[:, rows]
        levels = np.take_along_axis(log_levels(history[rows], season), ends.T, 1).T
        widths = np.maximum((values[..., -1] - values[..., 0])[:, rows].mean(2), floor[rows])
        factors[rows] = catch_up_factors(widths, levels, slope[rows], share[:, rows])
    return factors


def _average(made: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (B, H, Q) float64, the weighted sum of (M, B, H, Q) with weights (M, B, H); values of weight 0 may be anything."""
    total = np.zeros(made.shape[1:])
    for values, weight in zip(made, weights, strict=True):
        total += np.where(weight[..., None] > 0, values, 0.0) * weight[..., None]
    return total
