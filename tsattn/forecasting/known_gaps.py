"""Forecasts of series that lack known covariates at some steps of the horizon, for example because a weather file ends early.

Steps at which a covariate is missing are forecast without it: with the covariates of the series that are known over the whole
horizon, if any. The other steps keep the forecast with all covariates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tsattn.data.panel import Panel
from tsattn.data.windows import Origins
from tsattn.forecasting.frame import Forecast, Forecaster
from tsattn.forecasting.predict import Failure, missing_known, predict, wants_covariates

Unaided = Callable[[Panel], Forecaster]  # forecaster for a panel with only some of the known covariates


@dataclass(frozen=True, eq=False)
class Completed:
    """`forecast` of the items that have one. unaided: the steps (H,) bool forecast without some covariates, by item."""

    forecast: Forecast
    failures: tuple[Failure, ...]
    unaided: dict[str, np.ndarray]


def predict_with_gaps(
    forecaster: Forecaster,
    unaided: Unaided,
    panel: Panel,
    *,
    horizon: int,
    quantiles: Sequence[float],
    origins: Origins,
    whole: bool = True,
) -> Completed:
    """Forecast `horizon` steps from one origin of each item, as `predict` does, also where known covariates are missing.

    If the forecast with all covariates is not finite, the one without the missing covariates replaces it.
    """
    options: dict[str, Any] = {"horizon": horizon, "quantiles": quantiles, "whole": whole}
    if not wants_covariates(forecaster, panel):
        return Completed(*predict(forecaster, panel, origins=origins, **options), {})
    missing = missing_known(panel, origins, horizon)  # (B, H, K)
    lacking = np.asarray(missing.any(2))  # (B, H)
    made, failures = predict(forecaster, panel, origins=origins[np.flatnonzero((~lacking).any(1))], incomplete=True, **options)
    parts, lost = [], {failure.item_id: failure for failure in failures}
    for rows, known in _alike(missing):
        reduced = panel.with_known(known)
        found, failed = predict(unaided(reduced), reduced, origins=origins[rows], **options)
        parts.append(found)
        lost |= {failure.item_id: failure for failure in failed}
    steps = {panel.item_ids[item]: mask for item, mask in zip(origins.item.tolist(), lacking, strict=True) if mask.any()}
    done, without = _merged(made, parts, steps)
    names = {name: b for b, name in enumerate(done.item_ids)}
    asked = [panel.item_ids[item] for item in origins.item.tolist()]
    there = [name for name in asked if name in names]
    return Completed(
        done.rows([names[name] for name in there]),
        tuple(lost[name] for name in asked if name in lost and name not in names),
        {name: without[name] for name in there if name in without},
    )


def _alike(missing: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the windows (b,) with gaps in missing (B, H, K), by the covariates (K,) bool that are known over the horizon."""
    short = np.flatnonzero(missing.any((1, 2)))
    known = ~missing[short].any(1)  # (b, K)
    for one in np.unique(known, axis=0):
        yield short[(known == one).all(1)], one


def _merged(made: Forecast, parts: Sequence[Forecast], lacking: dict[str, np.ndarray]) -> tuple[Forecast, dict[str, np.ndarray]]:
    """Return all forecasts as one, with the values of `parts` at the steps where their items lack covariates, and these steps.

    made: with all covariates, without value at the lacking steps (H,) of an item.
    """
    place = {name: b for b, name in enumerate(made.item_ids)}
    values, steps, alone = made.values.copy(), {}, []
    for part in parts:
        for b, name in enumerate(part.item_ids):
            if name in place:
                values[place[name]] = np.where(lacking[name][:, None], part.values[b], values[place[name]])
            steps[name] = lacking[name] if name in place else np.ones(part.horizon, bool)
        alone.append(part.rows([b for b, name in enumerate(part.item_ids) if name not in place]))
    whole = [b for b, name in enumerate(made.item_ids) if name not in lacking or name in steps]
    return Forecast.concat([replace(made, values=values).rows(whole), *alone]), steps
