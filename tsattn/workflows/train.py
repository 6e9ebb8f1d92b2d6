"""Train a model: read the data, plan the run, hold back the test windows, fit, save, score."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from tsattn.atomic import write_atomic
from tsattn.config import ModelConfig, ReadOptions, from_mapping, to_mapping
from tsattn.data.panel import Panel
from tsattn.data.reading.read import read
from tsattn.data.report import ReadReport
from tsattn.errors import ArtifactError, ConfigError
from tsattn.events import Listener
from tsattn.forecasting.scores import Backtest
from tsattn.model.card import Card
from tsattn.render.format import count, duration, span
from tsattn.training.processes import is_helper
from tsattn.workflows import model_selection, selection_notes
from tsattn.workflows.held_out_scores import Saved, beside_zero_shot, saved_model, score_tail, seconds_of_window
from tsattn.workflows.joint import saved_notes, training_notes
from tsattn.workflows.loaded_model import absolute, beyond_history
from tsattn.workflows.outlook import Outlook
from tsattn.workflows.plan import Plan, known_steps, plan
from tsattn.workflows.results import Trained, plain
from tsattn.workflows.time_budget import TimeBudget
from tsattn.workflows.training_data import extent
from tsattn.workflows.verdict import verdict
from tsattn.workspace import ModelRef, Workspace, name_for

if TYPE_CHECKING:
    from tsattn.nn.network import Network

EXPORT = 60.0  # seconds that the export of a new architecture takes
_REQUEST = "request.json"
_SAVED = "saved.txt"  # in the state of a stopped run: the name of the model that it saved


@dataclass(frozen=True)
class Request:
    """Settings that the user gave; a resumed run takes them over."""

    horizon: int | None
    model: dict[str, Any]
    train: dict[str, Any]
    test_windows: int | None
    read: ReadOptions
    start: str = "auto"  # "scratch", "shipped", "auto" for both, or model_selection.CHECKED

    def to_json(self) -> str:
        return json.dumps(to_mapping(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> Request:
        values = json.loads(text)
        return cls(**{**values, "read": from_mapping(ReadOptions, values["read"], _REQUEST)})

    def over(self, first: Request) -> Request:
        """The settings of the first run, overridden by those given now."""
        return Request(
            horizon=first.horizon if self.horizon is None else self.horizon,
            model={**first.model, **self.model},
            train={**first.train, **self.train},
            test_windows=first.test_windows if self.test_windows is None else self.test_windows,
            read=first.read if self.read == ReadOptions() else self.read,
            start=first.start if self.start == "auto" else self.start,
        )


def run(
    data: Any, request: Request, name: str | None, workspace: Workspace, *, resume: bool, logger: str | None, listener: Listener
) -> Trained:
    """Train, save and score one model; see tsattn.api.train. Holds the workspace's lock on `name` meanwhile."""
    began = time.monotonic()
    name = name or name_for(data)
    ref = workspace.next_version(name)
    state = workspace.training(name)
    if resume and not (state / _REQUEST).is_file():
        raise ConfigError(f"there is no interrupted training of {name!r} to resume", "remove --resume to start a new one")
    if resume:
        request = _continued(request, Request.from_json((state / _REQUEST).read_text("utf-8")), name, state)
    base = model_selection.base_for(request.start, request.model)
    several = request.train.get("devices", 1) * request.train.get("nodes", 1) > 1
    if several and isinstance(data, str) and data == "-":
        raise ConfigError("standard input can be read only once, but every process reads the data", "name a file")
    panel, report = read(data, request.read)
    if is_helper(request.train):
        _help(panel, request, state, resume, base)
    listener.report(report)
    made = plan(panel, horizon=request.horizon, test_windows=request.test_windows, model=request.model, train=request.train)
    notes = notes_of(made, panel, base, request)
    for note in notes:
        listener.note(note)
    with workspace.lock(name):
        ref = workspace.next_version(name)  # another run may have taken the number since
        workspace.make(state)
        with write_atomic(state / _REQUEST) as beside:
            beside.write_text(request.to_json(), "utf-8")
        (state / _SAVED).unlink(missing_ok=True)
        spent = sum(one.seconds for one in model_selection.so_far(state)) if resume else 0.0
        most = made.train.max_time
        budget = TimeBudget(None if most is None else max(0.0, most - spent), spent, began=began)
        return _Training(data, panel, report, made, request, ref, state, base, listener, budget, notes).run(resume, logger)


def _continued(request: Request, first: Request, name: str, state: Path) -> Request:
    """The settings of a resumed run. A --max-time given now counts from now; otherwise the first run's limit still holds.

    Raises ConfigError when the time limit is over, the model is saved and no more time is given.
    """
    found = model_selection.so_far(state)
    asked = request.over(first)
    if not found:
        return asked
    more = request.train.get("max_time")
    if more is not None:
        return dataclasses.replace(asked, train={**asked.train, "max_time": sum(notes.seconds for notes in found) + more})
    saved = state / _SAVED
    # the final fit may have fitted into the time that was left
    if saved.is_file() and "interrupted" not in {notes.stopped for notes in found}:
        raise ConfigError(
            f"the training of {name!r} used up its --max-time; the model is saved as {saved.read_text('utf-8').strip()}",
            "give it more time: --resume --max-time 5m",
        )
    return asked


def _help(panel: Panel, request: Request, state: Path, resume: bool, base: model_selection.Base | None) -> NoReturn:
    """Take part in a training whose lock, messages and model belong to another process of this run; then exit."""
    made = plan(panel, horizon=request.horizon, test_windows=request.test_windows, model=request.model, train=request.train)
    model_selection.run(model_selection.Run(panel.before(made.test_start), made, state, resume, Listener()), base, request.start)
    raise SystemExit(0)


@dataclass(frozen=True, eq=False)
class _Training:
    """Planned training run, from its first step to the scored model."""

    data: Any
    panel: Panel
    report: ReadReport
    made: Plan
    request: Request
    ref: ModelRef
    state: Path
    base: model_selection.Base | None
    listener: Listener
    budget: TimeBudget
    notes: tuple[str, ...]

    def run(self, resume: bool, logger: str | None) -> Trained:
        """Choose weights, save them, score them, and describe the result."""
        best, judged = self.choose(resume, logger)
        selection = (
            *selection_notes.notes_of(best, judged, self.panel.schema),
            *saved_notes(self.made.model.across, best.network.config.across, best.leads),
        )
        for note in selection:
            self.listener.note(note)
        if best.fitted.stopped == "interrupted":
            self.listener.note("interrupted: saving the best weights so far; --resume continues the training")
        source = source_of(self.data, self.panel, self.report, self.request.read, self.made)
        saved = functools.cache(lambda: saved_model(self.ref, self.panel, self.made.horizon))
        card, scores, why = self.save(best, card_of(self.ref.name, self.panel, self.made, best, source, judged), saved)
        if scores is None:
            said, beats, better = f"not scored: {why}", None, ""
        else:
            said, beats = verdict(scores.table(), scores.models[0])
            fewest = self.budget.fewest_beside(scores.seconds[scores.models[0]] / scores.windows)
            beside = beside_zero_shot(saved, card, self.panel, self.made, self.listener, self.budget, fewest)
            better = next((one.better for one in beside if one.better), "")
            about = (*((why,) if why else ()), *(one.line for one in beside))
            selection = (*selection, *about)
            for note in about:
                self.listener.note(note)
        _forget(self.state, card.fitted.stopped, self.ref)
        profile = None if self.listener.timeline is None else self.listener.timeline.to_mapping()
        unchanged = () if judged or not card.untrained else (card.untrained,)
        notes = (*self.notes, *unchanged, *selection)
        return Trained(self.ref, card, self.made, self.report, scores, said, beats, better, notes, profile)

    def choose(self, resume: bool, logger: str | None) -> tuple[model_selection.Entry, tuple[model_selection.Judged, ...]]:
        """Train the candidates; returns the one to save and the validation scores of all."""
        from tsattn.training.checkpoint import clear_strays

        versions = self.ref.path.parent
        for folder in (self.state, versions, *(versions.iterdir() if versions.is_dir() else ())):
            clear_strays(folder)
        if resume and not model_selection.so_far(self.state):
            self.listener.note("the interrupted run saved nothing yet: starting from the beginning")
            resume = False
        warn = "stopping after this step and saving the best weights so far; press Ctrl-C again to stop at once"
        panel = self.panel.before(self.made.test_start)
        window = 0.0 if self.budget.seconds is None else seconds_of_window(panel, self.made.horizon)
        most = self.budget.training(window)
        made = dataclasses.replace(self.made, train=dataclasses.replace(self.made.train, max_time=most))
        work = model_selection.Run(
            panel,
            made,
            self.state,
            resume,
            dataclasses.replace(self.listener, progress=Outlook(self.listener)),
            on_interrupt=lambda: self.listener.note(warn),
            logger=logger,
            left=lambda: self.budget.left,
        )
        return model_selection.run(work, self.base, self.request.start)

    def save(self, best: model_selection.Entry, card: Card, saved: Saved) -> tuple[Card, Backtest | None, str]:
        """Save the weights and trees, then score them and export the ONNX graph: a kill from here on loses no training."""
        from tsattn.model import artifact
        from tsattn.model.onnx_graph import traced_before

        network = best.network
        card, known = artifact.save_weights(self.ref.path, network, card, best.trees), traced_before(network)
        try:
            if known:
                card = self.export(network, card)
            scores, why = score_tail(saved, self.panel, self.made, self.listener, self.budget)
            if scores is not None:
                card = dataclasses.replace(card, scores=plain(scores.table()))
            if why and self.made.windows:
                fewer = {"not_scored": why} if scores is None else {"scored": scores.windows}
                card = dataclasses.replace(card, source={**card.source, "test": {**card.source["test"], **fewer}})
            artifact.rewrite_card(self.ref.path, card)
            if not known:
                card = self.export(network, card)
        except KeyboardInterrupt:
            _forget(self.state, card.fitted.stopped, self.ref)
            self.listener.note(f"interrupted: {self.ref} is saved and can forecast; tsattn backtest DATA scores it")
            raise
        return card, scores, why

    def export(self, network: Network, card: Card) -> Card:
        """Add the ONNX graph; without it the model forecasts with torch."""
        from tsattn.model import artifact
        from tsattn.model.onnx_graph import traced_before

        if network.config.across:
            self.listener.note("a joint model has no ONNX graph; it forecasts with PyTorch")
            return card
        known = traced_before(network)
        if self.budget.over or (self.budget.left < EXPORT and not known):
            left = f"{duration(max(0.0, self.budget.left))} of --max-time are left"
            why = left if known else f"it takes about a minute for this architecture, and {left}"
            self.listener.note(f"no ONNX export: {why}; the model forecasts with torch, with the same values")
            return card
        self.listener.note("exporting to ONNX" if known else "exporting to ONNX (once for this architecture, about a minute)")
        try:
            return artifact.add_graph(self.ref.path, network, card)
        except (ArtifactError, OSError) as error:
            self.listener.note(f"the ONNX export failed ({error}): the model forecasts with torch")
            return card


def card_of(
    name: str,
    panel: Panel,
    made: Plan,
    kept: model_selection.Entry,
    source: dict[str, Any],
    judged: Sequence[model_selection.Judged] = (),
) -> Card:
    """Return the card of a trained network, before it is saved and scored."""
    network = kept.network
    return Card(
        name=name,
        freq=panel.freq.alias,
        tz=panel.tz,
        horizon=made.horizon,
        quantiles=tuple(network.spec.quantiles),
        inputs=network.spec.widths,
        schema=kept.schema(panel.schema),
        model=network.config,
        train=kept.train,
        fitted=kept.fitted,
        members=kept.members,
        zero_shot=kept.zero_shot,
        leads=kept.leads,
        trees=kept.tree_share,
        tree_width=kept.tree_width,
        start=kept.name.removesuffix(model_selection.JOINTLY),
        contest=[plain(score.to_mapping()) for score in judged],
        source=source,
    )


def _forget(state: Path, stopped: str, ref: ModelRef) -> None:
    """Remove the state of a finished and saved run; keep that of a stopped run, which --resume can continue."""
    if stopped in ("time", "interrupted"):
        with write_atomic(state / _SAVED) as beside:
            beside.write_text(f"{ref}\n", "utf-8")
        return
    for name in (_REQUEST, _SAVED):
        (state / name).unlink(missing_ok=True)
    model_selection.forget(state)


def notes_of(made: Plan, panel: Panel, base: model_selection.Base | None, request: Request) -> tuple[str, ...]:
    """Describe the choices of the plan, with the option that overrides each."""
    config = made.model
    far, usual = known_steps(panel), panel.freq.default_horizon
    why = "default"
    if made.horizon == far:
        why = "as far as the known covariates reach"
    elif made.horizon < usual:
        why = f"the default of {usual} is too long for {int(np.median(panel.lengths)):,} rows"
    chosen = "" if request.horizon is not None else f" ({why}; set it with --horizon N)"
    if panel.known.shape[1] and far is None:
        chosen += "; a forecast will need rows with the known covariates after the last target, and this data has none"
    tail = f"{count(made.windows, 'window')} of {span(made.horizon, panel.freq)}"
    tail = f"test: the last {tail} of each series are held back" if made.windows else ""
    shares = model_selection.shares_of(model_selection.kinds_of(base, request.start), panel)
    most = model_selection.most_steps(made, shares)
    return (
        f"horizon: {span(made.horizon, panel.freq)}{chosen}",
        *beyond_history(panel, made.horizon),
        tail or "test: nothing is held back (the series are too short, or --test-windows 0)",
        f"network: {parts_of(config)}; reads the last {span(config.context, panel.freq)}; at most {count(most, 'training step')}",
        *training_notes(panel, request.model.get("across", 0), config.across),
        *selection_notes.announced(base, request.start, panel, config.across),
    )


def parts_of(config: ModelConfig) -> str:
    """Names of the network's parts, such as `LSTM + self-attention`."""
    attention = {"full": "self-attention", "window": f"self-attention to {config.window} tokens", "linear": "linear attention"}
    parts = ["" if config.front_end == "none" else config.front_end.upper()]
    parts.append("" if config.encoder == "none" or not config.layers else attention[config.encoder])
    parts.append("attention across series" if config.across else "")
    parts.append("" if config.decoder == "direct" else f"{config.decoder} decoder")
    return " + ".join(part for part in parts if part) or "patches without recurrence or attention"


def source_of(data: Any, panel: Panel, report: ReadReport, options: ReadOptions, made: Plan) -> dict[str, Any]:
    """Facts about the data for the card: path, reading options, size and fingerprint. It holds no rows."""
    return {
        "source": absolute(data),
        "read": plain(to_mapping(options)),
        "items": report.items,
        "rows": report.rows,
        "first": report.first,
        "last": report.last,
        "fingerprint": fingerprint(panel),
        "test": {"windows": made.windows, "horizon": made.horizon},
        **extent(panel, made.test_start),
    }


def fingerprint(panel: Panel) -> str:
    """SHA-256 of a panel's values and grid, equal for equal data."""
    digest = hashlib.sha256("\0".join((panel.freq.alias, *panel.item_ids)).encode())
    for array in (panel.indptr, panel.start.astype(np.int64), panel.target, panel.past, panel.known, panel.static):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
