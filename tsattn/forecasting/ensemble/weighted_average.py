"""Weighted average of a trained network and the zero-shot ensemble, quantile by quantile.

A fine-tuned network was trained on the series, so its errors at hold-out origins are too small to set its weight. The weight
is chosen on the validation windows of the training run instead (workflows/candidates.py), and is the same for all series.
"""

from __future__ import annotations

import functools
import math
from dataclasses import replace

import numpy as np

from tsattn.data.cleaning.prepare import NOTHING, Cleaning
from tsattn.data.windows import WindowBatch
from tsattn.forecasting.ensemble.ensemble import EnsembleReport
from tsattn.forecasting.ensemble.holdout import padded, target_only
from tsattn.forecasting.ensemble.shared_season import Borrowed
from tsattn.forecasting.frame import Forecaster


class WeightedAverage:
    """`1 - share` times the quantiles of `trained` plus `share` times those of `zero_shot`, at equal quantile levels."""

    def __init__(self, trained: Forecaster, zero_shot: Forecaster, share: float) -> None:
        self.parts, self.share = (trained, zero_shot), share
        self.name = f"{trained.name} + zero-shot"
        self.quantiles = trained.quantiles
        contexts = [part.context for part in self.parts]
        self.context = None if None in contexts else max(context or 0 for context in contexts)
        self.pass_steps = math.lcm(*(getattr(part, "pass_steps", 1) for part in self.parts))
        wanted = [getattr(part, "covariates", True) for part in self.parts]
        self.covariates = True if True in wanted else "known" if "known" in wanted else False
        self.days = any(getattr(part, "days", False) for part in self.parts)
        self.joint = any(getattr(part, "joint", False) for part in self.parts)
        self.cleaned: Cleaning | None = None  # see Forecaster

    def report(self) -> EnsembleReport:
        """Return the weights of the trained network and of the parts of the zero-shot ensemble, over all windows so far."""
        trained, zero_shot = self.parts
        found: EnsembleReport = zero_shot.report()  # type: ignore[attr-defined]
        weights = {name: self.share * weight for name, weight in found.weights.items()}
        return replace(found, weights={trained.name: 1 - self.share, **weights})

    def borrowed(self) -> tuple[Borrowed, ...]:
        """Return the seasonal shapes that young series borrowed in either part, by series."""
        found = {one.item: one for part in self.parts for one in getattr(part, "borrowed", tuple)()}
        return tuple(found[item] for item in sorted(found))

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32; where one part has no finite forecast, that of the other."""
        trained, zero_shot = (forecast_of(part, batch) for part in self.parts)
        own = [record for part in self.parts if (record := getattr(part, "cleaned", None)) is not None]
        if own:
            self.cleaned = functools.reduce(Cleaning.united, own, NOTHING if batch.cleaning is None else batch.cleaning)
        made = (1 - self.share) * trained + self.share * zero_shot
        whole = [np.isfinite(x).all((1, 2), keepdims=True) for x in (trained, zero_shot)]
        return np.where(whole[0] & whole[1], made, np.where(whole[0], trained, zero_shot)).astype(np.float32)


def forecast_of(part: Forecaster, batch: WindowBatch) -> np.ndarray:
    """Return the forecast of one part, which gets the past and the covariates that it reads."""
    if not getattr(part, "covariates", True):
        batch = target_only(batch)
    if part.context is not None:
        batch = padded(batch, part.context)
    return part.predict(batch)
