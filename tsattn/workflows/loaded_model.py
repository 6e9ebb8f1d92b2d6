"""Fit of data and a model: read data as the model's own, check it, choose the horizon, note oddities."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.config import ReadOptions, from_mapping
from tsattn.data.freq import Freq, calendar_names
from tsattn.data.names import listed, quoted
from tsattn.data.panel import Panel, Schema
from tsattn.data.reading.future_rows import WithFuture
from tsattn.data.reading.read import is_ingested, read
from tsattn.data.report import ReadReport
from tsattn.errors import ArtifactError, ConfigError, DataError
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.predict import show
from tsattn.model.card import ANY_FREQ
from tsattn.render.format import count, span, stamps
from tsattn.workflows.plan import known_steps
from tsattn.workspace import shipped

if TYPE_CHECKING:
    from tsattn.model.card import Card


def check_horizon(horizon: int | None) -> None:
    """Raise ConfigError for a horizon that is not a positive whole number."""
    if horizon is not None and (not isinstance(horizon, (int, np.integer)) or isinstance(horizon, bool) or horizon < 1):
        raise ConfigError(
            f"the horizon must be a whole number of steps, at least 1, not {horizon!r}", "for example: --horizon 24"
        )


def horizon_for(card: Card, panel: Panel) -> int:
    """Default horizon: the one that the model was trained for; for zero-shot the frequency's, as far as known covariates go."""
    if card.freq != ANY_FREQ:
        return card.horizon
    return min(panel.freq.default_horizon, known_steps(panel) or panel.freq.default_horizon)


def with_members(card: Card, forecaster: Forecaster, members: str | Sequence[str] | None) -> Forecaster:
    """An ensemble of a network and members: "network" for the network alone, "all", or names of MEMBERS.

    None: the members on its card; if the card has a zero-shot share, their average with the zero-shot ensemble; if it has
    trees, corrected by them. Raises ConfigError for an unknown name.
    """
    from tsattn.forecasting.trees.tree_correction import TreeCorrection

    made = _without_trees(card, forecaster, members)
    trees = getattr(forecaster, "trees", None)
    return made if members is not None or trees is None else TreeCorrection(made, trees(), card.trees, card.tree_width)


def _without_trees(card: Card, forecaster: Forecaster, members: str | Sequence[str] | None) -> Forecaster:
    """Return the ensemble of `with_members`, not corrected by trees."""
    from tsattn.forecasting.ensemble.covariate_regression import with_covariates
    from tsattn.forecasting.ensemble.ensemble import combine, member_names

    chosen = member_names(card.members if members is None else members)
    made = with_covariates(combine(forecaster, chosen)) if chosen else forecaster
    return averaged(made, card.zero_shot) if members is None and card.zero_shot else made


def unaided(card: Card, forecaster: Forecaster, members: str | Sequence[str] | None) -> Forecaster | None:
    """Return the forecaster for steps at which known covariates are missing; its panels do not have these.

    It is the model of `with_members` without its trees, which were fitted with the covariates. A network that was trained with
    covariates may forecast badly without them, so the zero-shot model replaces it; None if the package has no such model.
    """
    if not any(card.inputs.values()):
        return _without_trees(card, forecaster, members)
    if shipped() is None:
        return None
    stand_in, its_card = _zero_shot(forecaster)
    return with_members(its_card, stand_in, members)


def reads_leads(card: Card, members: str | Sequence[str] | None, panel: Panel) -> bool:
    """Return True if forecasts of a panel use leading series without `--joint`, because the model was saved with them.

    They do not if `members` are named, for a single series, or for more series than `--joint` reads.
    """
    from tsattn.forecasting.joint.joint_regression import MOST_SERIES

    return card.leads and members is None and 1 < len(panel) <= MOST_SERIES


def with_leads(card: Card, forecaster: Forecaster, members: str | Sequence[str] | None, panel: Panel, horizon: int) -> Forecaster:
    """Return the forecaster of a model, with leads between the series of a panel if it was saved with them; see `reads_leads`."""
    from tsattn.forecasting.joint.joint_regression import with_joint

    return with_joint(forecaster, panel, horizon) if reads_leads(card, members, panel) else forecaster


def averaged(trained: Forecaster, share: float) -> Forecaster:
    """Return the average of a trained model and the zero-shot ensemble, in which the latter has this share.

    Raises ArtifactError if the package has no zero-shot model.
    """
    from tsattn.forecasting.ensemble.weighted_average import WeightedAverage

    zero_shot, card = _zero_shot(trained)
    return WeightedAverage(trained, with_members(card, zero_shot, None), share)


def _zero_shot(beside: Forecaster) -> tuple[Forecaster, Card]:
    """Return the network in the package and its card; steady if the network `beside` it is. Raises ArtifactError without one."""
    from tsattn.model import runtime

    ref = shipped()
    if ref is None:
        raise ArtifactError("this model needs the zero-shot model, which is missing from the package", "use --members network")
    loaded = runtime.load(ref.path)
    steady = isinstance(beside, runtime.NetworkForecaster) and beside.is_steady
    return loaded.steady() if steady else loaded, loaded.card


def ensemble_notes(forecaster: Forecaster) -> tuple[str, ...]:
    """A line on the weights of an ensemble, and one on a member that lacks a library; nothing for a network alone."""
    report = getattr(forecaster, "report", None)
    if report is None:
        return ()
    found = report()
    return (f"ensemble {found}", *((f"forecast without {found.lacking}",) if found.lacking else ()))


def beyond_history(panel: Panel, horizon: int, hint: str = "") -> tuple[str, ...]:
    """Return a note if a horizon is longer than the longest history. hint: what to type, after the note."""
    longest = int(panel.lengths.max(initial=0))
    if horizon <= longest:
        return ()
    return (f"the horizon, {span(horizon, panel.freq)}, is longer than the longest history ({count(longest, 'row')}){hint}",)


def behind(panel: Panel, horizon: int, forecast: Collection[str] | None = None) -> tuple[str, ...]:
    """A line on the series that ended so long before the newest row that their forecasts lie before it too.

    forecast: the series that have a forecast, by default all.
    If most columns of a wide table end together, the rows after that are its future, and the newest row is their last one.
    """
    if not (panel.dated and panel.freq.has_clock and len(panel)):
        return ()
    last = panel.ends()
    newest_row = last.max()
    if not panel.schema.item and len(panel.schema.target) > 1:
        ends, counts = np.unique(last, return_counts=True)
        newest_row = ends[counts.argmax()] if 2 * counts.max() > len(last) else newest_row
    over = np.flatnonzero(panel.freq.advance(last, np.array(horizon)) <= newest_row)
    if forecast is not None:
        there = set(forecast)
        over = np.array([k for k in over.tolist() if panel.item_ids[k] in there], np.int64)
    if not len(over):
        return ()
    oldest = over[int(last[over].argmin())]
    end, newest = stamps(np.array([last[oldest], newest_row]), panel.freq, panel.tz)
    said = f"{panel.item_ids[oldest]} ends at {end}, and the newest row is of {newest}"
    if len(over) == 1:
        return (f"{said}: its forecast begins where it ends, and lies before that",)
    return (f"{len(over):,} series ended long ago ({said}): their forecasts begin where they end, and lie before that",)


def stale_future(panel: Panel, future: str) -> tuple[str, ...]:
    """Return a warning if no series has a value of a declared known covariate after its end. future: name of the future file."""
    schema = panel.schema
    declared = np.array([schema.column_of(name) in schema.known for name in schema.known_features], bool)
    item = np.repeat(np.arange(len(panel)), np.diff(panel.indptr))
    ahead = np.arange(len(panel.target)) >= panel.origin[item]
    if not declared.any() or not len(panel) or np.isfinite(panel.known[ahead][:, declared]).any():
        return ()
    end = show(panel, panel.ends().max())
    return (f"warning: {future} is stale: it has no values of {listed(schema.known)} after the end of the data, {end}",)


def read_for(card: Card, data: Any, options: ReadOptions) -> tuple[Panel, ReadReport]:
    """Read data as the model's training data was read: the same columns, the options of the training, overridden by `options`.

    The model's frequency is used when the rows alone show none. A target column that is missing gives a warning. Raises
    ConfigError for `--known none` if the model was trained with known covariates.
    """
    if options.known == ("none",) and card.freq != ANY_FREQ and card.schema.known:
        raise ConfigError(
            f"the model {card.name} was trained with the known covariates {listed(card.schema.known)} and needs them",
            "forecast without them: --model zero-shot --known none",
        )
    panel, report = _read_on_its_grid(card, data, options)
    lost = [] if options.target else lost_targets(card, panel)
    if lost and len(lost) < len(card.schema.target):
        warning = (
            f"no column {listed(lost)}, which {card.name} was also trained on: it is not forecast "
            "(if it was renamed, name all target columns with --target)"
        )
        report = dataclasses.replace(report, warnings=(*report.warnings, warning))
    return panel, report


def lost_targets(card: Card, panel: Panel) -> list[str]:
    """Target columns of a model that a panel lacks."""
    return [name for name in card.schema.target if name not in panel.schema.target]


SPARSE = 1.5  # more steps a row than this: a finer grid than the data's own, not a few missing rows


def _read_on_its_grid(card: Card, data: Any, options: ReadOptions) -> tuple[Panel, ReadReport]:
    if card.freq == ANY_FREQ:
        return read(data, options)
    if is_ingested(data):  # its grid and columns are settled: options of the training do not apply
        return read(data, options, schema=card.schema)
    kept = from_mapping(ReadOptions, dict(card.source.get("read") or {}), "the model's card")
    merged = options.over(kept)
    if merged.calendar is None and "@" not in card.freq:  # trained on every slot
        merged = dataclasses.replace(merged, calendar="none")
    given = merged.freq is not None or merged.resample is not None or (isinstance(data, str) and data == "-")
    try:
        panel, report = read(data, merged, schema=card.schema)
        if given or panel.freq.alias == card.freq:
            return panel, report
    except (DataError, ConfigError):
        if given:
            raise
        forced, report = read(data, dataclasses.replace(merged, freq=card.freq), schema=card.schema)
        if report.missing > (SPARSE - 1) / SPARSE * report.rows and report.rows > 2:
            raise  # uneven days are not hours
        return forced, report
    try:  # a few rows of business days look like days
        forced, other = read(data, dataclasses.replace(merged, freq=card.freq), schema=card.schema)
    except (DataError, ConfigError):
        return panel, report
    return (panel, report) if other.rows > SPARSE * report.rows else (forced, other)


def absolute(data: Any) -> str | list[str] | None:
    """Absolute path, or paths, of data that can be read again, without its future file; None for stdin and data in memory."""
    if isinstance(data, WithFuture):
        data = data.data
    if isinstance(data, (str, Path)) and str(data) != "-":
        return os.path.abspath(data)
    if isinstance(data, (list, tuple)) and data and all(isinstance(part, (str, Path)) for part in data):
        return [os.path.abspath(part) for part in data]
    return None


def unfit(card: Card, panel: Panel) -> str:
    """The reason why a model cannot forecast a panel; "" when it can."""
    if card.freq == ANY_FREQ:
        return ""
    if panel.freq != Freq.parse(card.freq):
        return f"it was trained on steps of {card.freq}, and this data has steps of {panel.freq}"
    missing = covariates(card.schema) - covariates(panel.schema)
    if missing:
        return f"it needs the covariate{'s' if len(missing) > 1 else ''} {', '.join(sorted(missing))}, which this data lacks"
    if not any(card.inputs.values()):
        return ""  # it reads the target alone
    declared = card.inputs["known"] - len(calendar_names(panel.freq))
    if (panel.past.shape[1], panel.known.shape[1], panel.static.shape[1]) != (
        card.inputs["past"],
        declared,
        card.inputs["static"],
    ):
        return "it was trained with other covariates (tsattn describe MODEL lists them)"
    return ""


def _coarser(one: Freq, other: Freq) -> bool:
    """True if a step of the first is longer than one of the second, both on a clock."""
    if not (one.has_clock and other.has_clock):
        return False
    start = np.array("2024-01-01", "datetime64[us]")
    return bool(one.advance(start, np.array(100)) > other.advance(start, np.array(100)))


def covariates(schema: Schema) -> set[str]:
    """The covariate features of a schema."""
    return {*schema.past_features, *schema.known_features, *schema.static_features}


def unread(schema: Schema, members: Sequence[str] = ()) -> tuple[str, ...]:
    """A note on the declared covariates that a model of the target alone does not read; nothing without any.

    members: those on its card; with any, known covariates are read by regression, and static ones group the series for it.
    """
    if not members:
        names, why = [*schema.covariates], "reads the target only; tsattn train uses covariates"
    elif schema.known:
        names, why = [*schema.past], "reads known and static covariates; tsattn train uses past ones too"
    else:
        names, why = [*schema.past, *schema.static], "reads the target and --known columns; tsattn train uses all covariates"
    return (f"not used: {', '.join(names)} (zero-shot {why})",) if names else ()


def two_targets(schema: Schema, options: ReadOptions) -> tuple[str, ...]:
    """Return a note if two numeric columns were both inferred as targets, since one may be a covariate of the other."""
    if options.target or options.covariates or schema.item or len(schema.target) != 2:
        return ()
    first, second = map(quoted, schema.target)
    known = f"--target {first} --past {second}, or --known {second} if its future is known"
    return (f"{listed(schema.target)} are both forecast; if one is a covariate of the other: {known}",)


def check_fits(card: Card, panel: Panel, name: str) -> None:
    """Raise ConfigError when a model cannot forecast a panel."""
    why = unfit(card, panel)
    if not why:
        return
    hint = "train a model on it: tsattn train DATA; or choose another: --model NAME"
    if _coarser(Freq.parse(card.freq), panel.freq):
        hint += f"; or resample the data: --resample {card.freq} --agg mean (or sum)"
    raise ConfigError(f"the model {name} does not fit this data: {why}", hint)
