"""Forecast: labelled quantiles, and Forecaster: anything that makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tsattn.data.freq import Freq
from tsattn.data.windows import WindowBatch
from tsattn.errors import TsattnError

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class Forecaster(Protocol):
    """The network, every baseline, every ensemble. `context`: how many past steps it wants, None = the whole history."""

    @property
    def name(self) -> str: ...
    @property
    def quantiles(self) -> tuple[float, ...]: ...
    @property
    def context(self) -> int | None: ...
    def predict(self, batch: WindowBatch) -> np.ndarray:
        """(B, H, Q) float32, non-decreasing along Q."""
        ...


@dataclass(frozen=True, eq=False)
class Forecast:
    """B forecasts of H steps: values (B, H, Q) float32 at `quantiles` (Q,), non-decreasing along Q.

    cutoffs (B,): the last observed timestamp; timestamps (B, H). Both on the grid clock of `freq`, printed in `tz`.
    Raises TsattnError when shapes disagree or values are not finite or cross.
    """

    item_ids: tuple[str, ...]
    cutoffs: np.ndarray
    timestamps: np.ndarray
    quantiles: tuple[float, ...]
    values: np.ndarray
    freq: Freq
    tz: str | None = None

    def __post_init__(self) -> None:
        shape = (len(self.item_ids), self.timestamps.shape[1], len(self.quantiles))
        if self.values.shape != shape or self.timestamps.shape != shape[:2] or self.cutoffs.shape != shape[:1]:
            raise TsattnError(f"a Forecast of {shape} (B, H, Q) got values of shape {self.values.shape}")
        if not np.isfinite(self.values).all():
            bad = [self.item_ids[i] for i in np.flatnonzero(~np.isfinite(self.values).all((1, 2)))[:3]]
            raise TsattnError(f"the forecast of {', '.join(bad)} is not finite")
        if np.any(np.diff(self.values, axis=-1) < 0):
            raise TsattnError("forecast quantiles cross")

    def __len__(self) -> int:
        return len(self.item_ids)

    def quantile(self, q: float) -> np.ndarray:
        """(B, H) values of one of `quantiles`."""
        return self.values[..., self.quantiles.index(q)]

    @property
    def median(self) -> np.ndarray:
        """(B, H)"""
        return self.quantile(0.5)
