"""A model in Python: `tsattn.load(...)` and its `predict`. Also how data and models find each other."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from tsattn.config import ReadOptions, from_mapping
from tsattn.data.cleaning.level_shifts import moves
from tsattn.data.cleaning.point_outliers import late_spikes, without_spikes
from tsattn.data.freq import Freq, calendar_names
from tsattn.data.names import listed
from tsattn.data.panel import Panel, Schema
from tsattn.data.reading.read import read
from tsattn.data.report import ReadReport
from tsattn.errors import ConfigError, DataError
from tsattn.forecasting.frame import Forecast, Forecaster
from tsattn.forecasting.predict import predict
from tsattn.forecasting.sample_paths import Paths, predict_paths
from tsattn.model.card import ANY_FREQ
from tsattn.render.format import stamps
from tsattn.workspace import ModelRef

if TYPE_CHECKING:
    import pandas as pd

    from tsattn.model.card import Card

RECENT = 2048  # steps of a history whose spikes are told of: the usual context


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A loaded model: `card` says what it is, `forecaster` forecasts windows, `predict` takes what you have."""

    ref: ModelRef
    card: Card
    forecaster: Forecaster

    def __repr__(self) -> str:
        target = ", ".join(self.card.schema.target)
        return f"<Model {self.ref}: {target}, {self.card.horizon} steps of {self.card.freq}>"

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
        if not _is_arrays(data):
            panel = data if isinstance(data, Panel) else read_for(self.card, data, ReadOptions(freq=freq))[0]
            check_fits(self.card, panel, str(self.ref))
            steps = horizon_for(self.card, panel) if horizon is None else horizon
            made, failures = predict(self.forecaster, panel, horizon=steps, quantiles=quantiles)
            if failures and not len(made):
                raise DataError(f"no series can be forecast: {failures[0].item_id} {failures[0].reason}")
            return made
        single = isinstance(data, np.ndarray) and data.ndim == 1
        own = "step" if self.card.freq == ANY_FREQ else self.card.freq
        panel = Panel.from_arrays([data] if single else list(data), freq=freq or own)
        check_fits(self.card, panel, str(self.ref))
        steps = horizon_for(self.card, panel) if horizon is None else horizon
        made, failures = predict(self.forecaster, panel, horizon=steps, quantiles=quantiles)
        if failures:
            number = panel.item_ids.index(failures[0].item_id)
            raise DataError(f"series {number} of {len(panel)} {failures[0].reason}", "leave it out, or give it a value")
        return made.values

    def predict_paths(
        self, data: Any, horizon: int | None = None, *, paths: int = 100, seed: int = 0, freq: str | None = None
    ) -> Paths | np.ndarray:
        """Sample paths of the steps after the end of each series: futures that could happen, each with its own course.

        As of `predict`: 1-D arrays give float32 (B, H, P), a Panel, a data frame or a path gives Paths. The same `seed`
        gives the same paths. An autoregressive model draws each step from those before; of any other the paths go
        through its quantiles. Raises what `predict` raises.
        """
        arrays = _is_arrays(data)
        if arrays:
            single = isinstance(data, np.ndarray) and data.ndim == 1
            own = "step" if self.card.freq == ANY_FREQ else self.card.freq
            panel = Panel.from_arrays([data] if single else list(data), freq=freq or own)
        else:
            panel = data if isinstance(data, Panel) else read_for(self.card, data, ReadOptions(freq=freq))[0]
        check_fits(self.card, panel, str(self.ref))
        steps = horizon_for(self.card, panel) if horizon is None else horizon
        made, failures = predict_paths(self.forecaster, panel, horizon=steps, paths=paths, seed=seed)
        if failures and (arrays or not len(made)):
            number = panel.item_ids.index(failures[0].item_id)
            raise DataError(f"series {number} of {len(panel)} {failures[0].reason}", "leave it out, or give it a value")
        return made.values if arrays else made


def _is_arrays(data: Any) -> bool:
    if isinstance(data, np.ndarray):
        return True
    if not isinstance(data, (list, tuple)) or not data:
        return False
    return isinstance(data[0], (np.ndarray, list, tuple)) or hasattr(data[0], "__array__")


def horizon_for(card: Card, panel: Panel) -> int:
    """How far to forecast when nobody says: what the model was trained for, or what is usual for the frequency."""
    return panel.freq.default_horizon if card.freq == ANY_FREQ else card.horizon


def with_members(card: Card, forecaster: Forecaster, members: str | Sequence[str] | None) -> Forecaster:
    """A network joined with simple methods: "network" (alone), "all", or names of MEMBERS.

    None: those of its card. Raises ConfigError for an unknown name.
    """
    from tsattn.forecasting.ensemble.covariate_regression import with_covariates
    from tsattn.forecasting.ensemble.ensemble import join, named

    if members is None:
        members = card.members
    chosen = named(members)
    return with_covariates(join(forecaster, chosen)) if chosen else forecaster


def joined(forecaster: Forecaster) -> tuple[str, ...]:
    """What a join of members says of its weights; nothing of a network alone."""
    told = getattr(forecaster, "told", None)
    return () if told is None else (str(told()),)


def spikes(panel: Panel) -> tuple[str, ...]:
    """Lines on lone far values near the ends of histories: those that forecasts take as missing, and the newest, which they
    believe; nothing where there is none.
    """
    gone, late = [], []
    for item in range(len(panel)):
        history = panel.history(item)[-RECENT:]
        first = int(panel.origin[item] - panel.indptr[item]) - len(history)
        periods = panel.freq.season_lengths
        left_out = np.flatnonzero(np.isnan(without_spikes(history[None], periods)[0]) & ~np.isnan(history))
        gone += [(item, first + int(at), float(history[at])) for at in left_out]
        late += [(item, first + int(at), float(history[at])) for at in late_spikes(history, periods)]
    said = []
    for found, one, many in (
        (gone, "taken as missing, for it is", "taken as missing, for they are"),
        (late, "the newest value is believed, though it is", "newest values are believed, though they are"),
    ):
        if not found:
            continue
        item, row, value = found[0]
        named = f"{panel.item_ids[item]}, " if len(panel) > 1 else ""
        first_one = f"{value:.6g} ({named}{stamps(panel.timestamps(item)[[row]], panel.freq, panel.tz)[0]})"
        if len(found) == 1:
            said.append(f"{one} far from the values around it: {first_one}")
        else:
            said.append(f"{many} far from the values around them: {len(found):,} values, the first {first_one}")
    return (*said[:-1], f"{said[-1]}; forecast without it if it is a mistake") if late else tuple(said)


def moved(card: Card, panel: Panel) -> tuple[str, ...]:
    """A line on the series whose level moved a short while ago, which a network that reads the target alone is shown as if it
    had always been there; nothing where there is none.
    """
    if any(card.inputs.values()):
        return ()
    found = []
    for item in range(len(panel)):
        history = panel.history(item)[-RECENT:]
        first = int(panel.origin[item] - panel.indptr[item]) - len(history)
        past = without_spikes(history[None], panel.freq.season_lengths)
        found += [(item, first + at) for _, at in moves(past)]
    if not found:
        return ()
    item, row = found[0]
    when = stamps(panel.timestamps(item)[[row]], panel.freq, panel.tz)[0]
    if len(found) == 1:
        named = f" of {panel.item_ids[item]}" if len(panel) > 1 else ""
        return (f"the level{named} moved at {when} to where it never was: what lies before is taken as if it had been there",)
    named = f"{panel.item_ids[item]}, {when}"
    return (f"{len(found):,} series moved to where they never were, the first {named}: taken as if they had always been there",)


def behind(panel: Panel, horizon: int) -> tuple[str, ...]:
    """A line on the series that ended so long before the newest row that their forecasts lie before it too."""
    if not (panel.dated and panel.freq.has_clock and len(panel)):
        return ()
    last = panel.freq.advance(panel.start, panel.lengths - 1)
    over = np.flatnonzero(panel.freq.advance(last, np.array(horizon)) <= last.max())
    if not len(over):
        return ()
    oldest = over[int(last[over].argmin())]
    end, newest = stamps(last[[oldest, int(last.argmax())]], panel.freq, panel.tz)
    said = f"{panel.item_ids[oldest]} ends at {end}, and the newest row is of {newest}"
    if len(over) == 1:
        return (f"{said}: its forecast begins where it ends, and lies before that",)
    return (f"{len(over):,} series ended long ago ({said}): their forecasts begin where they end, and lie before that",)


def read_for(card: Card, data: Any, options: ReadOptions) -> tuple[Panel, ReadReport]:
    """Read data the way a model's own was read: the same columns where they are there, the options of its training, and
    on top those that the user gives now. Its frequency decides where the rows alone say none, or another one that it does
    not spread them thin. A target of the model that is not there is warned of.
    """
    panel, report = _read_on_its_grid(card, data, options)
    lost = [] if options.target else lost_targets(card, panel)
    if lost and len(lost) < len(card.schema.target):
        warning = (
            f"no column {listed(lost)} here, which {card.name} was trained on too: not forecast "
            "(if it is only renamed, say --target with all the names)"
        )
        report = dataclasses.replace(report, warnings=(*report.warnings, warning))
    return panel, report


def lost_targets(card: Card, panel: Panel) -> list[str]:
    """Target columns that a model was trained on and a panel does not have."""
    return [name for name in card.schema.target if name not in panel.schema.target]


SPARSE = 1.5  # times as many steps as rows: a finer grid than the data's own, not a few rows that are missing


def _read_on_its_grid(card: Card, data: Any, options: ReadOptions) -> tuple[Panel, ReadReport]:
    if card.freq == ANY_FREQ:
        return read(data, options)
    kept = from_mapping(ReadOptions, dict(card.source.get("read") or {}), "the model's card")
    given = {f.name: getattr(options, f.name) for f in dataclasses.fields(ReadOptions) if getattr(options, f.name) != f.default}
    merged = dataclasses.replace(kept, **given)
    told = merged.freq is not None or merged.resample is not None or (isinstance(data, str) and data == "-")
    try:
        panel, report = read(data, merged, schema=card.schema)
        if told or panel.freq.alias == card.freq:
            return panel, report
    except (DataError, ConfigError):
        if told:
            raise
        forced, report = read(data, dataclasses.replace(merged, freq=card.freq), schema=card.schema)
        if report.missing > (SPARSE - 1) / SPARSE * report.rows and report.rows > 2:
            raise  # days that are uneven are no hours
        return forced, report
    try:  # a few rows of business days look like days
        forced, other = read(data, dataclasses.replace(merged, freq=card.freq), schema=card.schema)
    except (DataError, ConfigError):
        return panel, report
    return (panel, report) if other.rows > SPARSE * report.rows else (forced, other)


def absolute(data: Any) -> str | list[str] | None:
    """Where data can be read again from anywhere: absolute paths, or None for stdin and what is in memory only."""
    if isinstance(data, (str, Path)) and str(data) != "-":
        return os.path.abspath(data)
    if isinstance(data, (list, tuple)) and data and all(isinstance(part, (str, Path)) for part in data):
        return [os.path.abspath(part) for part in data]
    return None


def unfit(card: Card, panel: Panel) -> str:
    """Why a model cannot forecast a panel; "" when it can."""
    if card.freq == ANY_FREQ:
        return ""
    if panel.freq != Freq.parse(card.freq):
        return f"it was trained on steps of {card.freq}, and these are {panel.freq}"
    missing = covariates(card.schema) - covariates(panel.schema)
    if missing:
        return f"it reads the covariate{'s' if len(missing) > 1 else ''} {', '.join(sorted(missing))}, which this data lacks"
    if not any(card.inputs.values()):
        return ""  # it reads the target alone
    declared = card.inputs["known"] - len(calendar_names(panel.freq))
    if (panel.past.shape[1], panel.known.shape[1], panel.static.shape[1]) != (
        card.inputs["past"],
        declared,
        card.inputs["static"],
    ):
        return "it was trained with other covariates"
    return ""


def _coarser(one: Freq, other: Freq) -> bool:
    """Whether a step of the first is longer than one of the second, both on a clock."""
    if not (one.has_clock and other.has_clock):
        return False
    start = np.array("2024-01-01", "datetime64[us]")
    return bool(one.advance(start, np.array(100)) > other.advance(start, np.array(100)))


def covariates(schema: Schema) -> set[str]:
    """The covariate features of a schema."""
    return {*schema.past_features, *schema.known_features, *schema.static_features}


def check_fits(card: Card, panel: Panel, name: str) -> None:
    """Raise ConfigError when a model cannot forecast a panel."""
    why = unfit(card, panel)
    if not why:
        return
    hint = "train one on it: tsattn train DATA, or choose another --model"
    if _coarser(Freq.parse(card.freq), panel.freq):
        hint += f"; or bring the data to its steps: --resample {card.freq} --agg mean (or sum)"
    raise ConfigError(f"the model {name} does not fit this data: {why}", hint)
