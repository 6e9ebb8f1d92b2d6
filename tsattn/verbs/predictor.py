"""A model in Python: `tsattn.load(...)` and its `predict`. Also how data and models find each other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.freq import Freq, calendar_names
from tsattn.data.panel import Panel, Schema
from tsattn.errors import ConfigError, DataError
from tsattn.forecast.frame import Forecast, Forecaster
from tsattn.forecast.predict import predict
from tsattn.workspace import ModelRef

if TYPE_CHECKING:
    import pandas as pd

    from tsattn.model.card import Card


@dataclass(frozen=True, eq=False)
class Model:
    """A loaded model: `card` says what it is, `forecaster` forecasts windows, `predict` takes what you have."""

    ref: ModelRef
    card: Card
    forecaster: Forecaster

    @overload
    def predict(
        self, data: Panel | pd.DataFrame | str, horizon: int | None = None, *, quantiles: Sequence[float] | None = None
    ) -> Forecast: ...
    @overload
    def predict(
        self,
        data: Sequence[np.ndarray] | np.ndarray,
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
    ) -> Forecast | np.ndarray:
        """Forecast the steps after the end of each series.

        1-D arrays, [y1, y2, …] (NaN = missing), give float32 (B, H, Q). A Panel, a data frame or a path gives a Forecast.
        `horizon` and `quantiles` default to the model's; `freq` of arrays too. Raises DataError when a series has no
        observed value or a covariate of the model is missing, ConfigError when the frequency is not the model's.
        """
        steps = self.card.horizon if horizon is None else horizon
        if not _is_arrays(data):
            panel = data if isinstance(data, Panel) else self._read(data, freq)
            check_fits(self.card, panel, str(self.ref))
            made, failures = predict(self.forecaster, panel, horizon=steps, quantiles=quantiles)
            if failures and not len(made):
                raise DataError(f"no series can be forecast: {failures[0].item_id} {failures[0].reason}")
            return made
        single = isinstance(data, np.ndarray) and data.ndim == 1
        panel = Panel.from_arrays([data] if single else list(data), freq=freq or self.card.freq)
        check_fits(self.card, panel, str(self.ref))
        made, failures = predict(self.forecaster, panel, horizon=steps, quantiles=quantiles)
        if failures:
            number = panel.item_ids.index(failures[0].item_id)
            raise DataError(f"series {number} of {len(panel)} {failures[0].reason}", "leave it out, or give it a value")
        return made.values

    def _read(self, data: Any, freq: str | None) -> Panel:
        from tsattn.data.read import read

        return read(data, merged(ReadOptions(freq=freq), self.card))[0]


def _is_arrays(data: Any) -> bool:
    if isinstance(data, np.ndarray):
        return True
    if not isinstance(data, (list, tuple)) or not data:
        return False
    return isinstance(data[0], (np.ndarray, list, tuple)) or hasattr(data[0], "__array__")


def merged(options: ReadOptions, card: Card) -> ReadOptions:
    """Reading options that find a model's own columns again: those the user gave, else those of its training.

    An option is the user's when it differs from the default.
    """
    schema, kept = card.schema, dict(card.source.get("read") or {})
    wide = len(schema.target) > 1 and not schema.item
    columns: dict[str, Any] = {
        "timestamp": schema.timestamp or "none",
        "item": schema.item,
        "target": schema.target,
        "past": schema.past,
        "known": schema.known,
        "static": schema.static,
        "freq": card.freq,
    }
    if kept.get("layout") == "year-month" or (not wide and schema.target == ("target",)):
        columns.pop("target")  # named by the reader, not by a column
    values = {}
    for field in dataclasses.fields(ReadOptions):
        given = getattr(options, field.name)
        if given != field.default:
            values[field.name] = given
            continue
        value = kept.get(field.name)
        value = tuple(value) if isinstance(value, list) else value
        values[field.name] = columns.get(field.name) or value or field.default
    if values["resample"]:
        values["freq"] = options.freq  # --freq speaks of the rows as they are, the card's of the rows as they became
    return ReadOptions(**values)


def unfit(card: Card, panel: Panel) -> str:
    """Why a model cannot forecast a panel; "" when it can."""
    if panel.freq != Freq.parse(card.freq):
        return f"it was trained on steps of {card.freq}, and these are {panel.freq}"
    missing = covariates(card.schema) - covariates(panel.schema)
    if missing:
        return f"it reads the covariate{'s' if len(missing) > 1 else ''} {', '.join(sorted(missing))}, which this data lacks"
    declared = card.inputs["known"] - len(calendar_names(panel.freq))
    if (panel.past.shape[1], panel.known.shape[1], panel.static.shape[1]) != (
        card.inputs["past"],
        declared,
        card.inputs["static"],
    ):
        return "it was trained with other covariates"
    return ""


def covariates(schema: Schema) -> set[str]:
    """The covariate features of a schema."""
    return {*schema.past_features, *schema.known_features, *schema.static_features}


def check_fits(card: Card, panel: Panel, name: str) -> None:
    """Raise ConfigError when a model cannot forecast a panel."""
    why = unfit(card, panel)
    if why:
        raise ConfigError(
            f"the model {name} does not fit this data: {why}", "train one on it: tsattn train DATA, or choose another --model"
        )
