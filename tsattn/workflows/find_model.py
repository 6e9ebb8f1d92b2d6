"""Match models and data: a model and its own data read again, or named data and the newest model that fits it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsattn.config import ReadOptions
from tsattn.data.as_of import known_at, on_grid
from tsattn.data.names import listed, quoted
from tsattn.data.panel import Panel
from tsattn.data.reading.read import with_extent
from tsattn.data.report import ReadReport
from tsattn.errors import ArtifactError, ConfigError, DataError, TsattnError
from tsattn.events import WARNING, Listener
from tsattn.model.card import ANY_FREQ, read_card
from tsattn.workflows.loaded_model import absolute, check_fits, lost_targets, read_for, two_targets, unread
from tsattn.workflows.training_data import as_of_warning, unknown_series_warning
from tsattn.workflows.verdict import verdict
from tsattn.workspace import SHIPPED, ModelRef, Workspace, shipped

if TYPE_CHECKING:
    from tsattn.model.card import Card


@dataclass(frozen=True, eq=False)
class ModelAndData:
    """A model, and a panel that it can forecast."""

    ref: ModelRef
    card: Card
    panel: Panel
    report: ReadReport
    notes: tuple[str, ...] = ()


def choose(
    data: Any,
    model: str | Path | ModelRef | None,
    workspace: Workspace,
    options: ReadOptions,
    listener: Listener,
    as_of: dt.datetime | None = None,
) -> ModelAndData:
    """Find the model, read the data as it was read for training, and check that the two fit.

    A ModelRef is used as it is, so that a model is looked up only once. as_of: values after
    this moment are left out of the panel and of the report's span. Raises ArtifactError when there is no model, ConfigError
    when none fits, DataError when the data cannot be read.
    """
    if data is None:
        ref = workspace.latest() if model is None else found(model, workspace)
        card = read_card(ref.path)
        choice = _again(ref, card, _source(ref, card), options)
    elif model is not None:
        ref = found(model, workspace)
        choice = _again(ref, read_card(ref.path), data, options)
    else:
        choice = _newest_that_fits(workspace, data, options)
    if as_of is not None:
        moment = on_grid(as_of, choice.panel)
        panel, late = known_at(choice.panel, moment), as_of_warning(choice.card, str(choice.ref), moment, choice.panel)
        choice = replace(choice, panel=panel, report=with_extent(choice.report, panel), notes=(*choice.notes, *late))
    listener.report(choice.report)
    for note in choice.notes:
        listener.note(note)
    return choice


def found(model: str | Path | ModelRef, workspace: Workspace) -> ModelRef:
    """Find the model of a name or path; return a ModelRef as it is."""
    return model if isinstance(model, ModelRef) else workspace.find(model)


def _source(ref: ModelRef, card: Card) -> Any:
    source = card.source.get("source")
    if not source:
        raise ConfigError(
            f"the model {ref} was trained on data without a path, which cannot be read again", "name it: tsattn forecast data.csv"
        )
    return source


def _again(ref: ModelRef, card: Card, data: Any, options: ReadOptions) -> ModelAndData:
    panel, report = read_for(card, data, options)
    check_fits(card, panel, str(ref))
    own = absolute(data)  # the file that the model was trained on?
    if own is not None and own == card.source.get("source") and not options.target:
        _check_targets(ref, card, panel, report)
    if card.freq == ANY_FREQ:
        note = f"model: {ref}, pre-trained on {_training_series(card)} series"
        notes = (*two_targets(panel.schema, options), *unread(panel.schema, card.members))
        return ModelAndData(ref, card, panel, report, (note, *notes))
    note = f"model: {ref}, {'a joint model ' if card.model.across or card.leads else ''}trained {card.created[:10]}"
    if not set(panel.schema.target) & set(card.schema.target):
        ours, theirs = (", ".join(s.target) for s in (card.schema, panel.schema))
        note += f"; it was trained on {ours} and now forecasts {theirs}"
    if not card.scores:
        note += "; not scored: check it with tsattn backtest DATA"
    beaten = _beaten(card)
    unused = () if any(card.inputs.values()) else unread(panel.schema, card.members)
    return ModelAndData(ref, card, panel, report, (note, *([beaten] if beaten else []), *unused))


def _beaten(card: Card) -> str:
    """Return a warning for a model that was no better than the simple methods at training; "" for others."""
    if not card.scores:
        return ""
    said, beats = verdict(card.scores, card.scored_as)
    return f"at training, {said}" if beats is False and " does NOT " in said else ""


def _check_targets(ref: ModelRef, card: Card, panel: Panel, report: ReadReport) -> None:
    """Raise DataError when the data that a model was trained on has lost a column that the model forecasts."""
    lost = lost_targets(card, panel)
    if lost:
        still = ",".join(map(quoted, panel.schema.target))
        raise DataError(
            f"{report.source}: no column {listed(lost)} any more, which the model {ref} forecasts",
            f"put it back; or name what is to be forecast now: --target {still}; or train again",
        )


def _newest_that_fits(workspace: Workspace, data: Any, options: ReadOptions) -> ModelAndData:
    """The newest model of the same columns and frequency; else the one in the package, which takes any series.

    A model that needs a column that the data lacks does not fit; a warning says so if its targets and frequency are those of
    the data.
    """
    ready = shipped()
    if ready and not workspace.models():
        return _zero_shot(ready, data, options, "no model was trained in this workspace yet")
    models = workspace.models() or [workspace.latest()]  # whose error explains how to make one
    fallback: ModelAndData | None = None
    refused: list[tuple[ModelRef, TsattnError]] = []
    for ref in reversed(models):
        try:
            choice = _again(ref, read_card(ref.path), data, options)
        except (ArtifactError, ConfigError, DataError) as error:
            refused.append((ref, error))
            continue
        if choice.panel.schema.target == choice.card.schema.target:
            foreign = unknown_series_warning(choice.card, str(ref), choice.panel.item_ids)
            return replace(choice, notes=(*choice.notes, *foreign, *_passed_over(refused, choice.panel)))
        fallback = fallback or choice
    if ready:
        choice = _zero_shot(ready, data, options, "no model of this workspace was trained on such data")
        return replace(choice, notes=(*choice.notes, *_passed_over(refused, choice.panel)))
    if fallback is not None:
        return fallback
    unreadable = [error for _, error in refused if isinstance(error, DataError)]
    if len(unreadable) == len(refused):
        raise unreadable[0]  # no model can read the data
    why = "\n  ".join(f"{ref}: {error.message}" for ref, error in refused[:5])
    raise ConfigError(f"no model of the workspace fits this data:\n  {why}", "train one on it: tsattn train DATA")


def _passed_over(refused: list[tuple[ModelRef, TsattnError]], panel: Panel) -> tuple[str, ...]:
    """Return a warning about the newest model of the targets and frequency of the data that cannot read it; () without one."""
    for ref, error in refused:
        if isinstance(error, DataError) and _alike(read_card(ref.path), panel):
            return (f"{WARNING}{ref} is not used: {error.message} ({error.hint})",)
    return ()


def _alike(card: Card, panel: Panel) -> bool:
    """Return True if the data has the targets and frequency that the model was trained on."""
    return (card.schema.target, card.freq) == (panel.schema.target, panel.freq.alias)


def _zero_shot(ref: ModelRef, data: Any, options: ReadOptions, why: str) -> ModelAndData:
    choice = _again(ref, read_card(ref.path), data, options)
    where = "in the package" if ref.path == SHIPPED else f"in {ref.path}"
    return replace(choice, notes=(f"model: {ref}, {where}; {why}", *choice.notes[1:]))


def _training_series(card: Card) -> str:
    """The kinds of series that a pre-trained model was trained on, in all of its runs."""
    source = card.source
    while "corpus" not in source and "before" in source:
        source = source["before"]
    return "real and synthetic" if "corpus" in source else "synthetic"
