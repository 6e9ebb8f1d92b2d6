"""Every item of a job: the model's forecast, or a flagged seasonal-naive one with the reason; or a failure with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tsattn.data.panel import Panel
from tsattn.data.windows import last_origins
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.frame import Forecast, Forecaster
from tsattn.forecasting.predict import Failure, lacking_known, predict, wants_covariates

if TYPE_CHECKING:
    import pyarrow as pa

# a forecast is absurd if it lies outside the observed values by more than this multiple of their range or magnitude
ABSURD = 100.0


@dataclass(frozen=True, eq=False)
class Outcome:
    """`forecast` of the items that have one, in the panel's order; `fallbacks` of them are not the model's."""

    forecast: Forecast
    fallbacks: tuple[Failure, ...]
    failures: tuple[Failure, ...]

    def table(self) -> pa.Table:
        """Return a table with one row per step: the columns of Forecast.to_arrow, then fallback and reason."""
        import pyarrow as pa

        made = self.forecast.to_arrow()
        reasons = {bad.item_id: bad.reason for bad in self.fallbacks}
        why = [reasons.get(item) for item in self.forecast.item_ids for _ in range(self.forecast.horizon)]
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
    whole: bool = True,
) -> Outcome:
    """Forecast the end of every item. bad_items: "fallback" forecasts bad ones with seasonal naive. whole: see `predict`.

    An item is bad if it has fewer than `min_history` observed values, lacks its known covariates in the future rows, or has
    a forecast that is absurd or not finite.
    """
    levels = tuple(forecaster.quantiles if levels is None else levels)
    bad = _unfit(forecaster, panel, horizon, min_history)
    good = np.array([i for i in range(len(panel)) if i not in bad], np.int64)
    every = last_origins(panel)
    parts: list[Forecast] = []
    if len(good):
        made, lost = predict(forecaster, panel, horizon=horizon, quantiles=levels, origins=every[good], whole=whole)
        index = {item: i for i, item in enumerate(panel.item_ids)}
        bad |= {index[failure.item_id]: failure.reason for failure in lost}
        bad |= {index[made.item_ids[b]]: why for b, why in _absurd(made, panel, index).items()}
        parts.append(_only(made, [b for b, item in enumerate(made.item_ids) if index[item] not in bad]))
    reasons = {panel.item_ids[i]: bad[i] for i in sorted(bad)}
    fallbacks: list[Failure] = []
    if bad and bad_items == "fallback":
        naive = SeasonalNaive(None, levels)
        made, _ = predict(naive, panel, horizon=horizon, origins=every[np.array(sorted(bad), np.int64)])
        fallbacks = [Failure(item, reasons.pop(item)) for item in made.item_ids]
        parts.append(made)
    failures = tuple(Failure(item, reason) for item, reason in reasons.items())
    parts = [part for part in parts if len(part)]
    if not parts:
        return Outcome(_none(panel, horizon, levels), tuple(fallbacks), failures)
    place = {item: i for i, item in enumerate(panel.item_ids)}
    joined = Forecast.concat(parts)
    return Outcome(_only(joined, sorted(range(len(joined)), key=lambda b: place[joined.item_ids[b]])), tuple(fallbacks), failures)


def _unfit(forecaster: Forecaster, panel: Panel, horizon: int, min_history: int) -> dict[int, str]:
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
    if wants_covariates(forecaster, panel) and panel.schema.known_features:
        for i in range(len(panel)):
            if lacking := lacking_known(panel, i, horizon):
                bad.setdefault(i, f"lacks known covariates in its future rows: {lacking}")
    return bad


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


def _only(made: Forecast, which: list[int]) -> Forecast:
    return Forecast(
        item_ids=tuple(made.item_ids[b] for b in which),
        cutoffs=made.cutoffs[which],
        timestamps=made.timestamps[which],
        quantiles=made.quantiles,
        values=made.values[which],
        freq=made.freq,
        tz=made.tz,
        cleaning=made.cleaning.rows(which),
    )


def _none(panel: Panel, horizon: int, levels: tuple[float, ...]) -> Forecast:
    """A forecast of no item."""
    no, steps = np.zeros(0, "datetime64[us]"), np.zeros((0, horizon), "datetime64[us]")
    return Forecast((), no, steps, levels, np.zeros((0, horizon, len(levels)), np.float32), panel.freq, panel.tz)
