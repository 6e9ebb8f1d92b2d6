"""Forecast the steps after the end of the data: choose a model, predict, write files and pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tsattn.config import NO_SUMS, HierarchyConfig, ReadOptions
from tsattn.data.as_of import as_of_name, parse_as_of
from tsattn.data.names import most_similar
from tsattn.data.panel import Panel
from tsattn.data.reading.future_rows import WithFuture
from tsattn.errors import ConfigError, DataError
from tsattn.events import Listener
from tsattn.forecasting.frame import Forecast, Forecaster, quantile_name
from tsattn.forecasting.predict import Failure, predict, show
from tsattn.forecasting.sample_paths import Paths, predict_paths
from tsattn.model.card import ANY_FREQ, read_card
from tsattn.workflows.arguments import check_positive
from tsattn.workflows.cleaning_notes import cleaning_notes
from tsattn.workflows.effect_notes import collinear_notes, effect_notes, effects_of, shared_season_notes, unread_known
from tsattn.workflows.find_model import ModelAndData, choose, found
from tsattn.workflows.loaded_model import (
    behind,
    beyond_history,
    check_horizon,
    ensemble_notes,
    horizon_for,
    reads_leads,
    stale_future,
    with_members,
)
from tsattn.workflows.results import Forecasted
from tsattn.workflows.scoring_progress import Forecasting
from tsattn.workspace import ModelRef, Workspace

if TYPE_CHECKING:
    from tsattn.workflows.sums import Summed

Labelled = TypeVar("Labelled", Forecast, Paths)
NO_VALUE = "has no observed value"  # why a series that reading left out has no forecast


@dataclass(frozen=True)
class Order:
    """Settings of one forecast; see tsattn.forecast."""

    model: str | Path | ModelRef | None = None
    horizon: int | None = None
    quantiles: Sequence[float] | float | None = None
    members: str | Sequence[str] | None = None
    series: tuple[str, ...] = ()
    as_of: str | None = None
    paths: int | None = None
    seed: int = 0
    conformal: bool = False
    output: str | Path | None = None
    plots: tuple[str | Path, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    hierarchy: HierarchyConfig = NO_SUMS
    joint: bool = False


def run(
    data: Any,
    future: Any,
    order: Order,
    workspace: Workspace,
    read: ReadOptions,
    listener: Listener,
    load: Callable[[Path], Forecaster] | None = None,
) -> Forecasted:
    """Forecast; see tsattn.forecast. load: what loads a model folder, such as one that keeps loaded models."""
    from tsattn.data.result_files import renamed, write_results
    from tsattn.data.sinks import checked_suffix
    from tsattn.forecasting.quantiles import checked_levels
    from tsattn.model import runtime
    from tsattn.render.plots import MOST_PANELS, PLOTS, save_plot

    table = None if order.output is None else checked_suffix(order.output, data=(data, future), per_item=True)
    pictures = [checked_suffix(plot, tuple(PLOTS), data=data) for plot in order.plots]
    check_horizon(order.horizon)
    check_positive(paths=order.paths)
    levels = None if order.quantiles is None else checked_levels(order.quantiles)  # checked before the data are read
    moment = None if order.as_of is None else parse_as_of(order.as_of)
    if future is not None:
        data = WithFuture(_again(order.model, workspace) if data is None else data, future)
    with order.hierarchy.naming_its_columns():
        chosen = choose(data, order.model, workspace, order.hierarchy.reading(read), listener, moment)
    if future is not None:
        for note in stale_future(chosen.panel, str(future) if isinstance(future, (str, Path)) else "the future file"):
            listener.note(note)
    if table is not None and data is None:  # the model's own data are read again
        checked_suffix(table, data=chosen.card.source.get("source"))
    if table is not None and order.paths is None:
        named = (quantile_name(level) for level in levels or chosen.card.quantiles)
        keys = ["item_id", *(["level"] if order.hierarchy.asked else []), "cutoff", "timestamp"]
        renamed([*keys, *named], order.columns)
    panel, summed = chosen.panel, None
    if order.hierarchy.asked:
        from tsattn.workflows.sums import with_levels, with_sums

        summed = with_sums(panel, order.hierarchy)
    panel = panel if summed is None else summed.panel
    check_series(order.series, panel, chosen.report.left_out)
    forecaster = with_members(chosen.card, (load or runtime.load)(chosen.ref.path), order.members)
    result, notes = _forecast(chosen, panel, summed, forecaster, order, levels, listener)
    made, sampled = result.forecast, result.paths
    if pictures and len(made) > MOST_PANELS:
        notes = (*notes, f"the picture shows {MOST_PANELS} of {len(made):,} series; choose others with --series NAME,…")
    for note in notes:
        listener.note(note)
    rows = None if table is None else (made if sampled is None else sampled).to_arrow()
    if rows is not None and summed is not None:
        rows = with_levels(rows, summed)
    written = [] if rows is None or table is None else write_results(rows, table, order.columns, (data, future))
    written += [save_plot(made, panel, picture) for picture in pictures]
    return dataclasses.replace(result, written=tuple(written), notes=(*chosen.notes, *notes))


def _forecast(
    chosen: ModelAndData,
    panel: Panel,
    summed: Summed | None,
    forecaster: Forecaster,
    order: Order,
    levels: tuple[float, ...] | None,
    listener: Listener,
) -> tuple[Forecasted, tuple[str, ...]]:
    """Return the forecast of a panel, or of all levels of `summed`, and notes on it.

    Modules of rarely used options are imported on use.
    """
    sampled: Paths | None = None
    at = between = None
    about_joint: tuple[str, ...] = ()
    about_quantiles: tuple[str, ...] = ()
    steps = horizon_for(chosen.card, panel) if order.horizon is None else order.horizon
    together = order.joint or reads_leads(chosen.card, order.members, panel)
    if together:
        from tsattn.forecasting.joint.joint_regression import with_joint
        from tsattn.workflows.joint import joint_notes

        forecaster = joint = with_joint(forecaster, panel, steps)
    if order.conformal:
        from tsattn.forecasting.conformal import conformal

        forecaster = calibrated = conformal(forecaster, levels)
    hear = Forecasting(listener, forecaster.name)
    made, failures = predict(forecaster, panel, horizon=steps, quantiles=levels, whole=summed is None, on_progress=hear)
    effects = effects_of(forecaster, panel, steps, 0 if summed is None else summed.hierarchy.sums)
    borrowed = shared_season_notes(forecaster, panel, order.series or made.item_ids)
    if together:
        between = joint.effects_between()
        about_joint = joint_notes(between)
    if order.conformal:
        about_quantiles = calibrated.notes(steps)
    about_weights = ensemble_notes(forecaster)
    named = {*order.series} & {*chosen.report.left_out}  # the reading reports the others
    failures = (*failures, *(Failure(item, NO_VALUE) for item in chosen.report.left_out if item in named))
    if not len(made):
        raise DataError(f"no series can be forecast: {failures[0].item_id} {failures[0].reason}")
    if summed is not None:
        from tsattn.workflows.sums import added_up

        made, sampled, at = added_up(summed, made, forecaster, order.paths, order.seed, listener)
    if order.paths is not None and sampled is None:
        sampled, lost = predict_paths(forecaster, panel, horizon=steps, paths=order.paths, seed=order.seed)
        failures = (*failures, *(failure for failure in lost if failure not in failures))
    about_paths = _on_paths(sampled)
    if order.series:
        made, sampled, failures = _only(order.series, made, sampled, failures)
    made = dataclasses.replace(made, history=panel)
    unread = unread_known(forecaster, panel) if chosen.card.members else ()
    about_covariates = (*unread, *effect_notes(effects, panel), *collinear_notes(effects, panel))
    about_sums = () if at is None else (str(at), *at.notes)
    if at is None and len(panel) > 2:  # two parts and their sum
        from tsattn.forecasting.hierarchy.own_totals import notes_on_sum

        about_sums = notes_on_sum(panel, made.item_ids)
    about_series = (*about_sums, *about_joint)
    own = order.horizon is None and chosen.card.freq != ANY_FREQ
    far = beyond_history(panel, steps, "; the model sets it, --horizon N overrides it") if own else ()
    about_history = (*_as_of(order, panel), *far, *behind(panel, steps, made.item_ids), *cleaning_notes(made, panel))
    result = Forecasted(made, failures, panel, chosen.report, chosen.ref, (), (), sampled, effects, at, between)
    return result, (*about_series, *about_history, *borrowed, *about_covariates, *about_weights, *about_quantiles, *about_paths)


def _on_paths(sampled: Paths | None) -> tuple[str, ...]:
    """Return a note on how the sample paths of several series are correlated."""
    if sampled is None or len(sampled) < 2:
        return ()
    correlation = round(sampled.correlation, 2) + 0.0  # no -0.00
    return (
        f"sample paths: the shocks of different series have a mean correlation of {correlation:.2f}; path k of one series "
        "belongs to path k of the others",
    )


def _as_of(order: Order, panel: Panel) -> tuple[str, ...]:
    """Return a note that gives the timestamp of the last value up to `--as-of`, so that users see how the time was read."""
    if order.as_of is None:
        return ()
    last = panel.ends().max()
    return (f"as of {as_of_name(order.as_of)}: the last observed value is that of {show(panel, last)}",)


def _again(model: str | Path | ModelRef | None, workspace: Workspace) -> Any:
    """The path of the data that a model was trained on."""
    ref = workspace.latest() if model is None else found(model, workspace)
    source = read_card(ref.path).source.get("source")
    if not source:
        raise ConfigError(f"the model {ref} was not trained on a file, so its data cannot be read again", "name the data")
    return source


def check_series(series: Sequence[str], panel: Panel, left_out: Sequence[str] = ()) -> None:
    """Raise ConfigError for a name that is neither in the panel nor `left_out`, DataError if all names are left out."""
    names = set(panel.item_ids)
    for name in series:
        if name not in names and name not in left_out:
            raise unknown_series(name, panel.item_ids)
    if series and names.isdisjoint(series):
        raise DataError(f"no series can be forecast: {series[0]} {NO_VALUE}")


def positions(series: Sequence[str], panel: Panel, left_out: Sequence[str] = ()) -> list[int]:
    """Return the positions of the named series in the panel, without repetition. Raises the errors of `check_series`."""
    check_series(series, panel, left_out)
    index = {name: i for i, name in enumerate(panel.item_ids)}
    return [index[name] for name in dict.fromkeys(series) if name in index]


def select_series(panel: Panel, series: Sequence[str]) -> Panel:
    """Return the panel of the named series, in this order; all of them for (). Raises ConfigError for an unknown name."""
    return panel.select(np.array(positions(series, panel))) if series else panel


def _only(
    series: Sequence[str], made: Forecast, sampled: Paths | None, failures: tuple[Failure, ...]
) -> tuple[Forecast, Paths | None, tuple[Failure, ...]]:
    """Return the results of the named series. Raises DataError when none of them has a forecast."""
    failures = tuple(failure for failure in failures if failure.item_id in series)
    made = _take(made, series)
    if not len(made):
        raise DataError(f"no series can be forecast: {failures[0].item_id} {failures[0].reason}")
    return made, None if sampled is None else _take(sampled, series), failures


def _take(results: Labelled, series: Sequence[str]) -> Labelled:
    """Return the rows of a Forecast or of Paths for these series, in this order."""
    number = {item: k for k, item in enumerate(results.item_ids)}
    at = np.array([number[name] for name in dict.fromkeys(series) if name in number], np.int64)
    record: dict[str, Any] = {"cleaning": results.cleaning.rows(at)} if isinstance(results, Forecast) else {}
    return dataclasses.replace(
        results,
        **record,
        item_ids=tuple(results.item_ids[i] for i in at),
        cutoffs=results.cutoffs[at],
        timestamps=results.timestamps[at],
        values=results.values[at],
    )


def unknown_series(name: str, names: Sequence[str]) -> ConfigError:
    """Return the error for a series that the data does not have, with the nearest names."""
    near = [repr(one) for one in most_similar(name, names, 3)]
    listed = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    hint = f"did you mean {' or '.join(filter(None, (', '.join(near[:-1]), near[-1])))}? " if near else ""
    return ConfigError(f"the data has no series {name!r}", f"{hint}series: {listed}")
