"""Which model for which data: a model and its own data read again, or named data and the newest model that fits it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsattn.config import ReadOptions
from tsattn.data.panel import Panel
from tsattn.data.read import read
from tsattn.data.report import ReadReport
from tsattn.errors import ArtifactError, ConfigError, DataError
from tsattn.listener import Listener
from tsattn.model.card import read_card
from tsattn.verbs.predictor import check_fits, covariates, merged, unfit
from tsattn.workspace import ModelRef, Workspace

if TYPE_CHECKING:
    from tsattn.model.card import Card


@dataclass(frozen=True, eq=False)
class Choice:
    """A model, and a panel that it can forecast."""

    ref: ModelRef
    card: Card
    panel: Panel
    report: ReadReport
    notes: tuple[str, ...] = ()


def choose(data: Any, model: str | Path | None, workspace: Workspace, options: ReadOptions, listener: Listener) -> Choice:
    """Find the model, read the data as it was read for training, and make sure that the two fit.

    Raises ArtifactError when there is no model, ConfigError when none fits, DataError when the data cannot be read.
    """
    if data is None:
        ref = workspace.latest() if model is None else workspace.find(model)
        card = read_card(ref.path)
        choice = _again(ref, card, _source(ref, card), options)
    elif model is not None:
        ref = workspace.find(model)
        choice = _named(ref, read_card(ref.path), data, options)
    else:
        choice = _newest_that_fits(workspace, data, options)
    listener.report(choice.report)
    for note in choice.notes:
        listener.note(note)
    return choice


def _source(ref: ModelRef, card: Card) -> Any:
    source = card.source.get("source")
    if not source:
        raise ConfigError(
            f"the model {ref} was trained on data without a path, which cannot be read again", "name it: tsattn forecast data.csv"
        )
    return source


def _again(ref: ModelRef, card: Card, data: Any, options: ReadOptions) -> Choice:
    panel, report = read(data, merged(options, card), schema=card.schema)
    check_fits(card, panel, str(ref))
    return Choice(ref, card, panel, report, (f"model {ref}, trained {card.created[:10]}",))


def _named(ref: ModelRef, card: Card, data: Any, options: ReadOptions) -> Choice:
    """The user's model on the user's data: with the columns of its training if they are there, else with what is found."""
    try:
        return _again(ref, card, data, options)
    except (DataError, ConfigError):
        if covariates(card.schema) or _is_stream(data):
            raise
    panel, report = read(data, options)
    check_fits(card, panel, str(ref))
    names = ", ".join(panel.schema.target)
    return Choice(ref, card, panel, report, (f"model {ref} does not know these columns; it forecasts {names} all the same",))


def _newest_that_fits(workspace: Workspace, data: Any, options: ReadOptions) -> Choice:
    workspace.latest()  # says how to make one when there is none
    if _is_stream(data):  # can be read only once: the newest model has to do
        ref = workspace.latest()
        return _again(ref, read_card(ref.path), data, options)
    panel, report = read(data, options)
    why: list[str] = []
    fallback: Choice | None = None
    for ref in reversed(workspace.models()):
        try:
            card = read_card(ref.path)
        except ArtifactError as error:
            why.append(f"{ref}: {error.message}")
            continue
        if _same_columns(card, panel) and not unfit(card, panel):
            return Choice(ref, card, panel, report, (f"model {ref}, trained {card.created[:10]}",))
        try:
            return _again(ref, card, data, options)
        except (DataError, ConfigError) as error:
            why.append(f"{ref}: {unfit(card, panel) or error.message}")
        if fallback is None and not unfit(card, panel):
            fallback = Choice(
                ref, card, panel, report, (f"no model knows these columns; {ref} has the same frequency, so it is used",)
            )
    if fallback is not None:
        return fallback
    raise ConfigError(
        "no model of the workspace fits this data:\n  " + "\n  ".join(why[:5]), "train one on it: tsattn train DATA"
    )


def _same_columns(card: Card, panel: Panel) -> bool:
    ours, theirs = card.schema, panel.schema
    return (ours.timestamp, ours.item, ours.target) == (theirs.timestamp, theirs.item, theirs.target)


def _is_stream(data: Any) -> bool:
    return isinstance(data, str) and data == "-"
