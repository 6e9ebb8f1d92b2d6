"""The training verb: read, plan, hold back the test tail, fit, save, score."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from tsattn.atomic import write_atomic
from tsattn.config import BacktestConfig, ModelConfig, ReadOptions, from_mapping, to_mapping
from tsattn.data.panel import Panel, Schema
from tsattn.data.reading.read import read
from tsattn.data.report import ReadReport
from tsattn.errors import ConfigError, TsattnError
from tsattn.events import Listener
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines import baseline
from tsattn.forecasting.scores import Backtest
from tsattn.model.card import CARD, Card
from tsattn.training.processes import is_helper
from tsattn.workflows import model_selection
from tsattn.workflows.loaded_model import absolute, with_members
from tsattn.workflows.plan import Plan, plan, reach
from tsattn.workflows.results import Trained, plain
from tsattn.workflows.verdict import usual_baselines, verdict
from tsattn.workspace import ModelRef, Workspace, name_for

if TYPE_CHECKING:
    pass

_REQUEST = "request.json"
_SAVED = "saved.txt"  # beside the state of a run that was stopped: the model it was saved as


@dataclass(frozen=True)
class Request:
    """What the user asked for; a resumed run asks for the same."""

    horizon: int | None
    model: dict[str, Any]
    train: dict[str, Any]
    test_windows: int | None
    read: ReadOptions
    start: str = "auto"  # "scratch", "shipped", or "auto": both, to keep the better one

    def to_json(self) -> str:
        return json.dumps(to_mapping(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> Request:
        values = json.loads(text)
        return cls(**{**values, "read": from_mapping(ReadOptions, values["read"], _REQUEST)})

    def over(self, first: Request) -> Request:
        """What was asked first, with what is asked now on top."""
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
    """Train, save and score one model. The workspace's lock on `name` is held for as long as it takes."""
    name = name or name_for(data)
    ref = workspace.next_version(name)
    state = workspace.training(name)
    if resume and not (state / _REQUEST).is_file():
        raise ConfigError(f"there is no interrupted training of {name!r} to resume", "leave --resume out to train anew")
    if resume:
        request = _continued(request, Request.from_json((state / _REQUEST).read_text("utf-8")), name, state)
    base = model_selection.base_for(request.start, request.model)
    several = request.train.get("devices", 1) * request.train.get("nodes", 1) > 1
    if several and isinstance(data, str) and data == "-":
        raise ConfigError("standard input can be read only once, and every process reads the data", "name a file")
    panel, report = read(data, request.read)
    if is_helper(request.train):
        _help(panel, request, state, resume, base)
    listener.report(report)
    made = plan(panel, horizon=request.horizon, test_windows=request.test_windows, model=request.model, train=request.train)
    for note in notes_of(made, panel, base, request):
        listener.note(note)
    with workspace.lock(name):
        ref = workspace.next_version(name)  # another run may have taken the number since
        workspace.make(state)
        with write_atomic(state / _REQUEST) as beside:
            beside.write_text(request.to_json(), "utf-8")
        (state / _SAVED).unlink(missing_ok=True)
        return _fit(data, panel, report, made, request, ref, state, resume, logger, listener, base)


def _continued(request: Request, first: Request, name: str, state: Path) -> Request:
    """What to ask of a run that goes on. A time that is given now counts from now; else the first run's goes on counting.

    Raises ConfigError when the run's time is over, its model saved, and no more time is given.
    """
    found = model_selection.so_far(state)
    asked = request.over(first)
    if not found:
        return asked
    more = request.train.get("max_time")
    if more is not None:
        return dataclasses.replace(asked, train={**asked.train, "max_time": sum(notes.seconds for notes in found) + more})
    saved = state / _SAVED
    # the steps on all rows that follow may have been few enough for the time that was left
    if saved.is_file() and "interrupted" not in {notes.stopped for notes in found}:
        raise ConfigError(
            f"the training of {name!r} ended when its time was over; its model is saved as {saved.read_text('utf-8').strip()}",
            "say how much longer to train: --resume --max-time 5m",
        )
    return asked


def _help(panel: Panel, request: Request, state: Path, resume: bool, base: model_selection.Base | None) -> NoReturn:
    """Take part in the training that another process of this run holds the lock of, tells about and saves; then end."""
    made = plan(panel, horizon=request.horizon, test_windows=request.test_windows, model=request.model, train=request.train)
    model_selection.run(model_selection.Run(panel.before(made.test_start), made, state, resume, Listener()), base, request.start)
    raise SystemExit(0)


def _fit(
    data: Any,
    panel: Panel,
    report: ReadReport,
    made: Plan,
    request: Request,
    ref: ModelRef,
    state: Path,
    resume: bool,
    logger: str | None,
    listener: Listener,
    base: model_selection.Base | None,
) -> Trained:
    from tsattn.model import artifact
    from tsattn.training.checkpoint import clear_strays

    for folder in (state, ref.path.parent):
        clear_strays(folder)
    if resume and not model_selection.so_far(state):
        listener.note("the interrupted run had saved nothing yet: it starts from the beginning")
        resume = False
    work = model_selection.Run(
        panel.before(made.test_start),
        made,
        state,
        resume,
        listener,
        on_interrupt=lambda: listener.note("stopping after this step, keeping the best weights so far; Ctrl-C again: at once"),
        logger=logger,
    )
    best, scores_before = model_selection.run(work, base, request.start)
    network, fitted = best.network, best.fitted
    for note in model_selection.told(best, scores_before):
        listener.note(note)
    if fitted.stopped == "interrupted":
        listener.note("interrupted: the best weights so far are kept; --resume continues")
    card = card_of(ref.name, panel, made, best, source_of(data, panel, report, request.read, made), scores_before)
    from tsattn.model.onnx_graph import traced_before

    known = "" if traced_before(network) else " (up to a minute, once for networks of this shape)"
    listener.note(f"saving the model and checking that ONNX Runtime gives the same forecasts{known}")
    try:
        card = artifact.save(ref.path, network, card)
    except KeyboardInterrupt:
        listener.note("interrupted before the model was saved: its weights are kept; --resume saves it")
        raise
    try:
        scores = score_tail(ref, panel, made, listener)
    except KeyboardInterrupt:
        listener.note(f"interrupted before the model was scored: {ref} is saved and can forecast; tsattn backtest scores it")
        raise
    if scores is None:
        said, beats = "not scored: the data is too short to hold back a test tail", None
    else:
        said, beats = verdict(scores.table(), scores.models[0])
        card = dataclasses.replace(card, scores=plain(scores.table()))
        with write_atomic(ref.path / CARD) as beside:  # the model was whole before; now it knows its scores
            beside.write_text(card.to_json(), "utf-8")
    _forget(state, fitted.stopped, ref)
    notes = (*notes_of(made, panel, base, request), *model_selection.told(best, scores_before))
    profile = None if listener.timeline is None else listener.timeline.to_mapping()
    return Trained(ref, card, made, report, scores, said, beats, notes, profile)


def _target_only(schema: Schema) -> Schema:
    """What the model in the package reads."""
    none: tuple[str, ...] = ()
    covariates = dataclasses.replace(schema, past=none, known=none, static=none)
    return dataclasses.replace(covariates, past_features=none, known_features=none, static_features=none)


def card_of(
    name: str,
    panel: Panel,
    made: Plan,
    kept: model_selection.Entry,
    source: dict[str, Any],
    judged: Sequence[model_selection.Judged] = (),
) -> Card:
    """The card of a network that was trained on a panel by a plan, before it is saved and scored."""
    network = kept.network
    return Card(
        name=name,
        freq=panel.freq.alias,
        tz=panel.tz,
        horizon=made.horizon,
        quantiles=tuple(network.spec.quantiles),
        inputs=network.spec.widths,
        schema=_target_only(panel.schema) if kept.name == model_selection.AS_IS else panel.schema,
        model=network.config,
        train=kept.train,
        fitted=kept.fitted,
        members=kept.members,
        start=kept.name,
        contest=[plain(score.to_mapping()) for score in judged],
        source=source,
    )


def _forget(state: Path, stopped: str, ref: ModelRef) -> None:
    """Remove what a finished run, now saved, would be resumed from; one that was stopped can still go on."""
    if stopped in ("time", "interrupted"):
        with write_atomic(state / _SAVED) as beside:
            beside.write_text(f"{ref}\n", "utf-8")
        return
    for name in (_REQUEST, _SAVED):
        (state / name).unlink(missing_ok=True)
    model_selection.forget(state)


def score_tail(ref: ModelRef, panel: Panel, made: Plan, listener: Listener) -> Backtest | None:
    """The saved model beside naive and seasonal naive on the held-back windows; None when none is held back."""
    from tsattn.model import runtime

    if made.windows < 1 or not np.any(made.test_start < panel.origin):
        return None
    listener.note("scoring it on the windows that were held back")
    others = [baseline(name) for name in usual_baselines(panel, BacktestConfig().baselines)]
    try:
        loaded = runtime.load(ref.path)
        model = with_members(loaded.card, loaded, None)
        return backtest([model, *others], panel, horizon=made.horizon, windows=made.windows)
    except TsattnError as error:
        listener.note(f"not scored: {error.message}")
        return None


def notes_of(made: Plan, panel: Panel, base: model_selection.Base | None, request: Request) -> tuple[str, ...]:
    """What was decided for the user, and how to decide otherwise."""
    config, train = made.model, made.train
    far = reach(panel)
    why = "as far as the known future rows go" if made.horizon == far else "from the frequency and the length"
    chosen = "" if request.horizon is not None else f" ({why}; --horizon N to change it)"
    if panel.known.shape[1] and far is None:
        chosen += "; no rows after the end of the series hold the known covariates, which a forecast will need"
    tail = f"the last {made.windows} × {made.horizon} steps of each series are held back for the test" if made.windows else ""
    return (
        f"horizon: {made.horizon} steps of {panel.freq}{chosen}",
        tail or "no test tail is held back: the series are too short, or --test-windows 0",
        f"network: {parts_of(config)}, context {config.context}, at most {train.steps} steps",
        *model_selection.announced(base, request.start, panel),
    )


def parts_of(config: ModelConfig) -> str:
    """What a network is made of, in words."""
    attention = {"full": "self-attention", "window": f"self-attention to {config.window} tokens", "linear": "linear attention"}
    decoder = {"cross-attention": "cross-attention decoder", "autoregressive": "one patch after another"}
    parts = ["" if config.front_end == "none" else config.front_end]
    parts.append("" if config.encoder == "none" or not config.layers else attention[config.encoder])
    parts.append(decoder.get(config.decoder, ""))
    return " + ".join(part for part in parts if part) or "no recurrence or attention"


def source_of(data: Any, panel: Panel, report: ReadReport, options: ReadOptions, made: Plan) -> dict[str, Any]:
    """What the card says about the data: where it is, how it was read, how much there was. No rows of it."""
    from tsattn.workflows.results import plain

    return {
        "source": absolute(data),
        "read": plain(to_mapping(options)),
        "items": report.items,
        "rows": report.rows,
        "first": report.first,
        "last": report.last,
        "fingerprint": fingerprint(panel),
        "test": {"windows": made.windows, "horizon": made.horizon},
    }


def fingerprint(panel: Panel) -> str:
    """SHA-256 of a panel's values and grid: the same data gives the same text."""
    digest = hashlib.sha256("\0".join((panel.freq.alias, *panel.item_ids)).encode())
    for array in (panel.indptr, panel.start.astype(np.int64), panel.target, panel.past, panel.known, panel.static):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
