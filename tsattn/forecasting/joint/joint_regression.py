"""Forecasts that use other series: the effect of the leads is added to any forecast from a series' own past.

Innovations of other series are unrelated to a series' own past, so their effect is missing in every forecast from that past.
It is applied as far as it lowers the errors of held-back steps; series without a lead keep their forecast.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, WindowBatch, truth
from tsattn.errors import ConfigError
from tsattn.forecasting.ensemble.calibration import Shrinkage, scores_of, weights_of, widened, widths_of
from tsattn.forecasting.ensemble.holdout_losses import HoldoutLosses
from tsattn.forecasting.ensemble.horizon_parts import between, edges_of
from tsattn.forecasting.ensemble.prior_weights import Prior
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.hierarchy.common_grid import common_grid
from tsattn.forecasting.joint.innovations import Innovations, innovations
from tsattn.forecasting.joint.leads import Leads, carried, expected, find_leads, signals_of
from tsattn.forecasting.predict import observed_before, predict_windows
from tsattn.forecasting.quantiles import normal_scores

MOST_SERIES = 256
MOST_STEPS = 2048  # newest steps that are fitted
HELD_BACK = 4  # one part in so many is held back to check the leads
ORIGINS = 64  # cutoffs in the held-back part
JUDGED_STEPS, FEWEST_JUDGED, MOST_JUDGED = 32, 4, 8  # steps, and hold-out origins, at which the options are weighed
SHRINKAGE = Shrinkage(doubt=4.0)  # the leads have already passed one test
PRIOR = np.array([1.0, 0.3, 0.3])  # weights of the three options without evidence
NARROWEST = 0.2
_CACHED = 32


@dataclass(frozen=True)
class Lead:
    """Series that leads another by `lag` steps. weight: standard deviations added by one of its own."""

    series: str
    lag: int
    weight: float


@dataclass(frozen=True)
class JointEffect:
    """Leads of one series. gain: by how much they lowered errors of held-back steps; used: the share of them that is applied."""

    series: str
    leads: tuple[Lead, ...]
    gain: float
    used: float

    def __str__(self) -> str:
        by = dict.fromkeys(lead.series for lead in self.leads)
        lags = {name: sorted({lead.lag for lead in self.leads if lead.series == name}) for name in by}
        parts = [f"{name} by {', '.join(map(str, found))} step{'s' if found != [1] else ''}" for name, found in lags.items()]
        said = f"{self.series} follows {' and '.join(parts)}: errors of held-back steps {100 * self.gain:.0f} % lower"
        return said if self.used > 0.95 else f"{said}; {100 * self.used:.0f} % of it applied"

    def to_mapping(self) -> dict[str, Any]:
        """Return a mapping for JSON."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class _Led:
    """Effect of the leads on one series at a cutoff.

    shift: (H,) what they add, in units of the series. narrower: (H,) factor on errors. alone: (H, Q) the series' autoregression
    with it. weights: (3, H) of the original forecast, the shifted one, and `alone`. width: (2, H) factors below and
    above.
    """

    shift: np.ndarray
    narrower: np.ndarray
    alone: np.ndarray
    weights: np.ndarray = field(default_factory=lambda: np.array([[1.0], [0.0], [0.0]]))
    width: np.ndarray = field(default_factory=lambda: np.ones((2, 1)))

    def options(self, values: np.ndarray, middle: int) -> np.ndarray:
        """Return the three forecasts that are averaged, (3, H, Q), from the forecast (H, Q) of the series' own past."""
        median = values[:, [middle]]
        moved = median + self.shift[:, None] + self.narrower[:, None] * (values - median)
        return np.stack([values, moved, self.alone])


class JointRegression:
    """`forecaster` on a panel of several series, with the effect of the leads between them and the attributes of `forecaster`.

    A series that others lead gets a weighted average of its forecast, of the same moved by what the leads add, and of its
    autoregression moved likewise; the weights fall with the losses at hold-out origins, as those of ensemble members do.
    """

    def __init__(self, forecaster: Forecaster, panel: Panel, horizon: int) -> None:
        if len(panel) > MOST_SERIES:
            raise ConfigError(
                f"--joint reads {MOST_SERIES} series at most, and the data has {len(panel):,}",
                "choose the series that may inform each other: --target A,B; or leave out --joint",
            )
        self.forecaster, self.panel, self.horizon = forecaster, panel, horizon
        self.name, self.quantiles = f"{forecaster.name}, joint", tuple(forecaster.quantiles)
        self.context = forecaster.context
        self.grid = common_grid(panel)
        self.values = np.where(self.grid.observed(), self.grid.values, np.nan).astype(np.float64)  # (S, T)
        self._middle = int(np.abs(np.array(self.quantiles) - 0.5).argmin())
        self._fits: dict[int, dict[int, _Led]] = {}
        self._effects: dict[int, tuple[JointEffect, ...]] = {}
        self._held_out: dict[int, dict[int, tuple[np.ndarray, np.ndarray]]] = {}

    def __getattr__(self, name: str) -> Any:
        if name in ("forecaster", "sample"):  # the forecaster's own sample paths would ignore the leads
            raise AttributeError(name)
        return getattr(self.forecaster, name)

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32."""
        out = np.array(self.forecaster.predict(batch), np.float32)
        steps = min(self.horizon, batch.horizon if batch.step_slots is None else batch.step_slots.shape[1])
        cut = self.grid.offset[batch.item] + batch.origin - self.panel.indptr[:-1][batch.item]
        for cutoff in np.unique(cut).tolist():
            led = self._fit(cutoff)
            for row in np.flatnonzero((cut == cutoff) & np.isin(batch.item, list(led))):
                slots = np.arange(steps) if batch.step_slots is None else batch.step_slots[row, :steps]
                out[row, slots] = self._averaged(out[row, slots], led[int(batch.item[row])], steps, batch.past_target[row])
        return out

    def effects_between(self) -> tuple[JointEffect, ...]:
        """Return the leads between the series at the end of the panel."""
        self._fit(self.grid.steps)
        return self._effects[self.grid.steps]

    def _averaged(self, values: np.ndarray, led: _Led, steps: int, past: np.ndarray) -> np.ndarray:
        whole = np.zeros((self.horizon, values.shape[1]))
        whole[:steps] = values
        made = (led.weights[..., None] * led.options(whole, self._middle)).sum(0)[None]
        made = widened(made, self.quantiles, led.width[:, None])[0, :steps]
        return np.asarray(np.maximum(made, 0.0) if np.nanmin(past, initial=np.inf) >= 0 else made, np.float32)

    def _fit(self, cutoff: int) -> dict[int, _Led]:
        if cutoff not in self._fits:
            while len(self._fits) >= _CACHED:
                self._fits.pop(next(iter(self._fits)))
            self._fits[cutoff], self._effects[cutoff] = self._fitted(cutoff)
        return self._fits[cutoff]

    def _fitted(self, cutoff: int) -> tuple[dict[int, _Led], tuple[JointEffect, ...]]:
        """Return the series that others lead, and a report of them. Uses the steps before the cutoff only."""
        first, horizon = max(0, cutoff - MOST_STEPS), self.horizon
        steps = cutoff - first
        back = min(MOST_JUDGED, max(FEWEST_JUDGED, -(-JUDGED_STEPS // horizon)))
        stop = steps - max(steps // HELD_BACK, min(back * horizon, steps // 2))
        history, seasons = self.values[:, first:cutoff], self.panel.freq.season_lengths
        early = innovations(history, seasons, stop)
        early_signals = signals_of(early)
        early_leads = find_leads(early, early_signals, stop)
        gains = {}
        for i in range(len(history)):
            if len(early_leads[i]):
                check = held_back(early, early_signals, early_leads[i], i, stop, horizon)
                if check.gain > 0:
                    gains[i] = check
        if not gains:
            return {}, ()
        made = innovations(history, seasons)
        signals, leads = signals_of(made), find_leads(made, signals_of(made), steps)
        items = np.array([i for i in sorted(gains) if len(leads[i])], np.int64)
        if not len(items):  # series that led before the held-back steps no longer lead
            return {}, ()
        led = {i: self._led(made, signals, leads[i], i, np.array([steps]), gains[i])[0] for i in items.tolist()}
        ago = [k * horizon for k in range(1, back + 1) if steps - k * horizon >= stop]
        at = np.array([steps - k for k in ago], np.int64)
        past = {i: self._led(early, early_signals, early_leads[i], i, at, gains[i]) for i in items.tolist()}
        weights, width = self._weighed(items, past, [cutoff - k for k in ago])
        led = {i: replace(led[i], weights=weights[:, n], width=width[:, n]) for n, i in enumerate(items.tolist())}
        used = {i: 1 - float(one.weights[0].mean()) for i, one in led.items()}
        effects = [JointEffect(self.panel.item_ids[i], self._named(leads[i]), gains[i].gain, used[i]) for i in led]
        return led, tuple(effect for effect in effects if effect.used > 0.05)

    def _led(
        self, made: Innovations, signals: np.ndarray, leads: Leads, item: int, cutoffs: np.ndarray, check: Check
    ) -> list[_Led]:
        """Return the effect of the leads at each of the cutoffs, which count from the start of `made`."""
        response = made.responses(self.horizon)[item]
        shift = made.scale[item] * carried(expected(leads, signals, cutoffs, self.horizon), response)  # (C, H)
        alone = made.continued(item, cutoffs, self.horizon) + shift
        spread = made.scale[item] * check.deviation[:, None] * normal_scores(self.quantiles)
        return [_Led(move, check.narrower, own[:, None] + spread) for move, own in zip(shift, alone, strict=True)]

    def _weighed(self, items: np.ndarray, past: dict[int, list[_Led]], cutoffs: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return weights (3, n, H) of the options, and factors (2, n, H) on the widths of their average."""
        count, levels = len(items), np.array(self.quantiles)
        made = np.full((len(cutoffs), 3, count, self.horizon, len(levels)), np.nan)
        true = np.full((len(cutoffs), count, self.horizon), np.nan)
        for k, cutoff in enumerate(cutoffs):
            values, true[k] = self._base(items, cutoff)
            for n, i in enumerate(items.tolist()):
                made[k, :, n] = past[i][k].options(values[n], self._middle)
        scored = np.isfinite(made).all((1, 3, 4))  # (K, n)
        share = np.where(scored, (~np.isnan(true)).mean(2), 0.0)
        every = np.arange(count)
        pools, floor = ((every, every),), np.full(count, 1e-30)
        prior = Prior(np.repeat(PRIOR[:, None], count, 1), np.zeros(count))
        edges = edges_of(self.horizon, SHRINKAGE.first_weighted)
        losses = HoldoutLosses.of(true, made, levels, scored, floor, edges)
        ratios = losses.ratios(np.ones(len(cutoffs), bool), SHRINKAGE.near)
        weights = weights_of(*ratios, np.ones((3, count), bool), pools, SHRINKAGE, prior) @ between(edges)
        average = np.einsum("mnh,kmnhq->knhq", weights, np.nan_to_num(made))
        scores = np.where(scored[..., None], scores_of(true, average, self.quantiles, floor[:, None]), np.nan)
        return weights, widths_of(scores, share.sum(0), pools, SHRINKAGE)

    def _base(self, items: np.ndarray, cutoff: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the forecast (n, H, Q) of series from a cutoff, and the truth (n, H); NaN where either is unknown.

        Forecasts are cached, because cutoffs of a backtest are hold-out origins of each other.
        """
        while cutoff not in self._held_out and len(self._held_out) >= _CACHED:
            self._held_out.pop(next(iter(self._held_out)))
        made = self._held_out.setdefault(cutoff, {})
        new = np.array([i for i in items.tolist() if i not in made], np.int64)
        made.update(zip(new.tolist(), zip(*self._from(new, cutoff), strict=True), strict=True))
        values, true = zip(*(made[i] for i in items.tolist()), strict=True)
        return np.stack(values), np.stack(true)

    def _from(self, items: np.ndarray, cutoff: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the forecast (n, H, Q) of series from a cutoff, and the truth (n, H); see `_base`."""
        first = self.panel.indptr[:-1][items]
        row = first + cutoff - self.grid.offset[items]
        values = np.full((len(items), self.horizon, len(self.quantiles)), np.nan)
        true = np.full((len(items), self.horizon), np.nan)
        some = np.flatnonzero(row > first)
        some = some[observed_before(self.panel, Origins(items[some], row[some]))]
        origins = Origins(items[some], row[some])
        if len(some):
            loop = predict_windows(self.forecaster, self.panel, origins, self.horizon, self.quantiles, whole=False)
            for which, _, found in loop:
                values[some[which]] = found
            true[some] = truth(self.panel, origins, self.horizon)
        return values, true

    def _named(self, leads: Leads) -> tuple[Lead, ...]:
        names = self.panel.item_ids
        found = []
        for source, lag, weight in zip(leads.source.tolist(), leads.lag.tolist(), leads.weight.tolist(), strict=True):
            name = names[source] if source < len(names) else f"common movement {source - len(names) + 1}"
            found.append(Lead(name, lag, round(weight, 4)))
        return tuple(found)


@dataclass(frozen=True, eq=False)
class Check:
    """Check on held-back steps. gain: share by which leads lower absolute errors. narrower: (H,) factor on the width with leads.

    deviation: (H,) root mean square of the errors that are left, in innovations.
    """

    gain: float
    narrower: np.ndarray
    deviation: np.ndarray


def held_back(made: Innovations, signals: np.ndarray, leads: Leads, item: int, stop: int, horizon: int) -> Check:
    """Check leads that were found before `stop` on the steps after it.

    The errors are those of the autoregression. The gain is 0 unless it is larger than half its standard error.
    """
    steps, response = made.values.shape[1], made.responses(horizon)[item]
    reach = min(horizon, max(1, (steps - stop) // 2))
    cutoffs = np.unique(np.linspace(stop, steps - reach, ORIGINS).astype(int))
    future = made.values[item, cutoffs[:, None] + np.arange(reach)]
    error = carried(future, response[:reach])
    rest = error - carried(expected(leads, signals, cutoffs, reach), response[:reach])
    gain = np.abs(error).mean(1) - np.abs(rest).mean(1)
    independent = max(1.0, min(len(gain), (steps - stop) / reach))
    size = np.abs(error).mean()
    sure = gain.mean() > 0.5 * gain.std() / np.sqrt(independent)
    ratio = np.sqrt((rest**2).mean(0) / np.maximum((error**2).mean(0), 1e-12))
    narrower = (1.0 + np.clip(ratio, NARROWEST, 1.0)) / 2
    deviation = np.sqrt((rest**2).mean(0))
    further = np.sqrt(np.cumsum(response**2)[reach:] / np.cumsum(response**2)[reach - 1])
    return Check(
        gain=float(gain.mean() / size) if sure and size > 0 else 0.0,
        narrower=np.concatenate([narrower, np.full(horizon - reach, narrower[-1])]),
        deviation=np.concatenate([deviation, deviation[-1] * further]),
    )


class Remembered:
    """Forecaster that caches its forecasts of each batch of windows."""

    def __init__(self, forecaster: Forecaster) -> None:
        self.forecaster = forecaster
        self.name, self.quantiles, self.context = forecaster.name, tuple(forecaster.quantiles), forecaster.context
        self._made: dict[tuple[bytes, bytes, int], np.ndarray] = {}

    def __getattr__(self, name: str) -> Any:
        if name == "forecaster":
            raise AttributeError(name)
        return getattr(self.forecaster, name)

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32, computed once for each set of windows."""
        key = batch.item.tobytes(), batch.origin.tobytes(), batch.horizon
        if key not in self._made:
            self._made[key] = self.forecaster.predict(batch)
        return self._made[key]


def with_joint(forecaster: Forecaster, panel: Panel, horizon: int) -> JointRegression:
    """Return the forecaster with the leads between the series of the panel. Raises ConfigError for too many series."""
    return JointRegression(forecaster, panel, horizon)
