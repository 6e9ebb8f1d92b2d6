"""A loaded model in Python, as `tsattn.load` returns it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.features import with_features
from tsattn.data.panel import Panel
from tsattn.data.plain_numbers import is_plain, series_of
from tsattn.data.reading.future_rows import WithFuture
from tsattn.errors import DataError
from tsattn.forecasting.frame import Forecast, Forecaster
from tsattn.forecasting.predict import predict
from tsattn.forecasting.sample_paths import Paths, predict_paths
from tsattn.model.card import ANY_FREQ
from tsattn.workflows.cleaning_notes import cleaning_notes
from tsattn.workflows.loaded_model import check_fits, check_horizon, covariates, horizon_for, read_for, with_leads
from tsattn.workspace import ModelRef

if TYPE_CHECKING:
    import pandas as pd

    from tsattn.model.card import Card

Names = str | Sequence[str] | None


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A loaded model: `card` describes it, `forecaster` forecasts windows, `predict` takes arrays, frames and files."""

    ref: ModelRef
    card: Card
    forecaster: Forecaster
    members: str | Sequence[str] | None = None  # those given; None = those on the card

    def __repr__(self) -> str:
        if self.card.freq == ANY_FREQ:
            return f"<Model {self.ref}: any series of any frequency>"
        target = ", ".join(self.card.schema.target)
        return f"<Model {self.ref}: {target}, {self.card.horizon} steps of {self.card.freq}>"

    @overload
    def predict(
        self,
        data: Panel | pd.DataFrame | str,
        horizon: int | None = None,
        *,
        freq: str | None = None,
        quantiles: Sequence[float] | None = None,
        timestamp: str | None = None,
        item: Names = None,
        target: Names = None,
        known: Names = None,
        future: Any = None,
        read: ReadOptions = ReadOptions(),
    ) -> Forecast: ...
    @overload
    def predict(
        self,
        data: Sequence[float] | Sequence[Sequence[float]] | Sequence[np.ndarray] | np.ndarray,
        horizon: int | None = None,
        *,
        freq: str | None = None,
        quantiles: Sequence[float] | None = None,
    ) -> np.ndarray: ...
    def predict(
        self,
        data: Any,
        horizon: int | None = None,
        *,
        freq: str | None = None,
        quantiles: Sequence[float] | None = None,
        timestamp: str | None = None,
        item: Names = None,
        target: Names = None,
        known: Names = None,
        future: Any = None,
        read: ReadOptions = ReadOptions(),
    ) -> Forecast | np.ndarray:
        """Forecast the steps after the end of each series.

        One series of numbers, [1.0, 2.0, 3.0], or several, [y1, y2, …] (NaN = missing), give float32 values (B, H, Q). A
        Panel, a data frame or a path gives a Forecast. `horizon` and `quantiles` default to the model's, and `freq` of plain
        numbers too. `timestamp`, `item`, `target` and `known` name columns; `read` holds all reading options. `future`: a frame
        or file with the future rows of known covariates. A Forecast leaves out series without an observed value, and those that
        ended before the others and have no future rows; its `notes` say what cleaning changed in the histories. Raises
        DataError when no series is left, when plain numbers hold no observed value, or when a covariate of the model is
        missing; ConfigError when the frequency is not the model's.
        """
        check_horizon(horizon)
        arrays = is_plain(data)
        given = {"timestamp": timestamp, "item": item, "target": target, "known": known, "freq": freq}
        panel = self._panel_of(data, future, read, given)
        steps = horizon_for(self.card, panel) if horizon is None else horizon
        made, failures = predict(self._for(panel, steps), panel, horizon=steps, quantiles=quantiles)
        if failures and (arrays or not len(made)):
            raise _failed(panel, failures[0])
        return made.values if arrays else dataclasses.replace(made, history=panel, notes=cleaning_notes(made, panel))

    def predict_paths(
        self,
        data: Any,
        horizon: int | None = None,
        *,
        paths: int = 100,
        seed: int = 0,
        freq: str | None = None,
        timestamp: str | None = None,
        item: Names = None,
        target: Names = None,
        known: Names = None,
        future: Any = None,
        read: ReadOptions = ReadOptions(),
    ) -> Paths | np.ndarray:
        """Sample paths of the steps after the end of each series: possible futures, each with its own course.

        Plain numbers give float32 (B, H, P); a Panel, a data frame or a path gives Paths. The same `seed` gives the same
        paths. An autoregressive model draws each step from those before; of any other model, the paths follow its
        quantiles. The other arguments are those of `predict`. Raises its errors.
        """
        check_horizon(horizon)
        arrays = is_plain(data)
        given = {"timestamp": timestamp, "item": item, "target": target, "known": known, "freq": freq}
        panel = self._panel_of(data, future, read, given)
        steps = horizon_for(self.card, panel) if horizon is None else horizon
        made, failures = predict_paths(self._for(panel, steps), panel, horizon=steps, paths=paths, seed=seed)
        if failures and (arrays or not len(made)):
            raise _failed(panel, failures[0])
        return made.values if arrays else made

    def _for(self, panel: Panel, horizon: int) -> Forecaster:
        """Return the forecaster of a panel, with leads between its series if the model was saved with them."""
        return with_leads(self.card, self.forecaster, self.members, panel, horizon)

    def _panel_of(self, data: Any, future: Any, read: ReadOptions, given: dict[str, Any]) -> Panel:
        """The data as a panel that the model fits. given: fields of ReadOptions that override those of `read`, unless None."""
        given = {name: value for name, value in given.items() if value is not None}
        if is_plain(data):
            own = "step" if self.card.freq == ANY_FREQ else self.card.freq
            panel = Panel.from_arrays(series_of(data), freq=given.get("freq") or own)
        elif isinstance(data, Panel):
            lacking = covariates(self.card.schema) - covariates(data.schema)
            panel = with_features(data, self.card.schema, "the panel") if lacking & set(data.schema.references) else data
        else:
            source = data if future is None else WithFuture(data, future)
            panel = read_for(self.card, source, dataclasses.replace(read, **given))[0]
        check_fits(self.card, panel, str(self.ref))
        return panel


def _failed(panel: Panel, failure: Any) -> DataError:
    number = panel.item_ids.index(failure.item_id)
    return DataError(f"series {number} of {len(panel)} {failure.reason}", "remove the series, or give it a value")
