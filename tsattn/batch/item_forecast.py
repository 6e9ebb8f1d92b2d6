"""Forecast of every item of a job: by the model, or a flagged fallback with its reason; otherwise a failure with its reason.

The fallback of an item that lacks known covariates is the model's forecast without them, at the steps where they are missing; the
fallback of any other item is seasonal naive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tsattn.data.panel import Panel
from tsattn.data.windows import last_origins
from tsattn.forecasting.baselines.simple import BestCycle
from tsattn.forecasting.frame import Forecast, Forecaster
from tsattn.forecasting.known_gaps import Unaided, predict_with_gaps
from tsattn.forecasting.predict import Failure, lacking_known, predict, wants_covariates

if TYPE_CHECKING:
    import pyarrow as pa

# a forecast is absurd if it lies outside the observed values by more than this multiple of their range or magnitude
ABSURD = 100.0


@dataclass(frozen=True, eq=False)
class Outcome:
    """`forecast` of the items that have one, in the panel's order; `fallbacks`: those not forecast by the model at every step.

    unaided: for fallbacks that lack known covariates, the steps (H,) bool forecast without them; other fallbacks are flagged at
    every step.
    """

    forecast: Forecast
    fallbacks: tuple[Failure, ...]
    failures: tuple[Failure, ...]
    unaided: dict[str, np.ndarray]

    def fallback_rows(self) -> list[int]:
        """Return the number of flagged rows of each of the fallbacks."""
        return [
            int(self.unaided[bad.item_id].sum()) if bad.item_id in self.unaided else self.forecast.horizon
            for bad in self.fallbacks
        ]

    def table(self) -> pa.Table:
        """Return a table with one row per step: the columns of Forecast.to_arrow, then fallback and reason."""
        import pyarrow as pa

        made, every = self.forecast.to_arrow(), np.ones(self.forecast.horizon, bool)
        reasons = {bad.item_id: bad.reason for bad in self.fallbacks}
        why = [
            reasons.get(item) if flagged else None
            for item in self.forecast.item_ids
            for flagged in self.unaided.get(item, every).tolist()
        ]
        made = made.append_column("fallback", pa.array([reason is not None for reason in why], pa.bool_()))
        return made.append_column("reason", pa.array(why, pa.string()))


def forecast_items(
    forecaster: Forecaster,
    panel: Panel,
    horizon: int,
    levels: Sequence[float] | None,
    min_history: int,
    bad_items: str,
    *,
    unaided: Unaided,
    whole: bool = True,
) -> Outcome:
    """Forecast the end of every item. bad_items: "fallback" forecasts bad ones with a simpler method. whole: see `predict`.

    An item is bad if it has fewer than `min_history` observed values, lacks its known covariates in the future rows, or has
    a forecast that is absurd or not finite. unaided: forecasts the steps at which known covariates are missing.
    """
    levels = tuple(forecaster.quantiles if levels is None else levels)
    bad, lacking = _unfit(panel, min_history), _lacking(forecaster, panel, horizon)
    naive = BestCycle(None, levels)
    if bad_items != "fallback":
        bad, lacking = lacking | bad, {}
    good = np.array([i for i in range(len(panel)) if i not in bad], np.int64)
    every, index = last_origins(panel), {item: i for i, item in enumerate(panel.item_ids)}
    parts: list[Forecast] = []
    steps: dict[str, np.ndarray] = {}
    if len(good):
        done = predict_with_gaps(forecaster, unaided, panel, horizon=horizon, quantiles=levels, origins=every[good], whole=whole)
        bad |= {index[failure.item_id]: failure.reason for failure in done.failures}
        bad |= {index[done.forecast.item_ids[b]]: why for b, why in _absurd(done.forecast, panel, index).items()}
        kept = [b for b, item in enumerate(done.forecast.item_ids) if index[item] not in bad]
        parts.append(done.forecast.rows(kept))
        steps = {item: mask for item, mask in done.unaided.items() if index[item] not in bad}
    reasons = {panel.item_ids[i]: bad[i] for i in sorted(bad)}
    fallbacks = {index[item]: Failure(item, f"{lacking[index[item]]}; these rows are forecast without them") for item in steps}
    if bad and bad_items == "fallback":
        made, _ = predict(naive, panel, horizon=horizon, origins=every[np.array(sorted(bad), np.int64)])
        fallbacks |= {index[item]: Failure(item, reasons.pop(item)) for item in made.item_ids}
        parts.append(made)
    flagged = tuple(fallbacks[i] for i in sorted(fallbacks))
    failures = tuple(Failure(item, reason) for item, reason in reasons.items())
    return Outcome(_in_order(parts, index) or _none(panel, horizon, levels), flagged, failures, steps)


def _in_order(parts: Sequence[Forecast], place: dict[str, int]) -> Forecast | None:
    """Return the parts as one forecast, its items in the order of `place`; None without an item."""
    if not any(map(len, parts)):
        return None
    joined = Forecast.concat([part for part in parts if len(part)])
    return joined.rows(sorted(range(len(joined)), key=lambda b: place[joined.item_ids[b]]))


def _unfit(panel: Panel, min_history: int) -> dict[int, str]:
    """Return the items that need not be tried, with the reasons."""
    observed = np.concatenate([[0], np.cumsum(~np.isnan(panel.target))])
    seen = observed[panel.origin] - observed[panel.indptr[:-1]]
    bad = {}
    for i in np.flatnonzero(seen < min_history).tolist():
        bad[i] = (
            f"has {seen[i]} observed value{'s' if seen[i] != 1 else ''}, fewer than {min_history}" if seen[i] else "has no value"
        )
    huge = np.abs(np.nan_to_num(panel.target, posinf=np.inf, neginf=np.inf)) == np.inf
    for i in np.unique(np.searchsorted(panel.indptr, np.flatnonzero(huge), "right") - 1).tolist():
        bad[i] = "holds an infinite value"
    return bad


def _lacking(forecaster: Forecaster, panel: Panel, horizon: int) -> dict[int, str]:
    """Return the items that lack known covariates within the horizon, with the columns and the times."""
    if not wants_covariates(forecaster, panel) or not panel.schema.known_features:
        return {}
    found = {i: lacking_known(panel, i, horizon) for i in range(len(panel))}
    return {i: f"lacks known covariates in its future rows: {where}" for i, where in found.items() if where}


def _absurd(made: Forecast, panel: Panel, index: dict[str, int]) -> dict[int, str]:
    """Reasons, by series, for forecasts that lie implausibly far outside the observed values."""
    found = {}
    for b, item in enumerate(made.item_ids):
        history = panel.history(index[item]).astype(np.float64)
        low, high = np.nanmin(history), np.nanmax(history)
        room = ABSURD * max(high - low, abs(low), abs(high), 1e-30 if high or low else 1.0)
        values = made.values[b]
        if values.min() < low - room or values.max() > high + room:
            found[b] = f"the model's forecast is absurd: {values.min():.4g} to {values.max():.4g} after {low:.4g} to {high:.4g}"
    return found


def _none(panel: Panel, horizon: int, levels: tuple[float, ...]) -> Forecast:
    """A forecast of no item."""
    no, steps = np.zeros(0, "datetime64[us]"), np.zeros((0, horizon), "datetime64[us]")
    return Forecast((), no, steps, levels, np.zeros((0, horizon, len(levels)), np.float32), panel.freq, panel.tz)
