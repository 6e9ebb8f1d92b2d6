"""Model of a job: the newest version of its name, retrained when it is too old, and promoted only when better."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tsattn import api
from tsattn.atomic import write_atomic
from tsattn.batch.jobs import Job
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, rolling_origins
from tsattn.errors import ArtifactError, LockedError, TsattnError
from tsattn.events import WARNING, Listener
from tsattn.forecasting.forecast_memory import ForecastMemory
from tsattn.forecasting.scores import Backtest
from tsattn.model.card import WEIGHTS, read_card
from tsattn.render.format import count, duration
from tsattn.render.progress import Lines
from tsattn.workflows.find_model import choose
from tsattn.workflows.held_out_scores import saved_model, score_in_time
from tsattn.workflows.time_budget import TimeBudget
from tsattn.workspace import ModelRef, Workspace

Note = Callable[[str], None]
COMPARING = 0.2  # share of max_time for comparing the new model with the current one
LINE_EVERY = 60.0  # seconds between lines on the progress of a training
RETRY = 23 * 3600.0  # seconds after which a failed retraining is repeated: less than a day, so that a daily job repeats it daily


def fresh_model(job: Job, name: str, data: Any, workspace: Workspace, note: Note) -> ModelRef:
    """The model to forecast with. A failed retraining, or one without a better model, leaves the present one in use, and says so.

    A comparison that the new model did not win counts as a retraining: the next one is due after `job.retrain` again. A failed
    one is repeated after RETRY, or `job.retrain` if that is shorter, and at once if the job's settings of the model have changed.
    Raises TsattnError when there is no model, and none can be trained.
    """
    versions = workspace.versions(name)
    current = versions[-1] if versions else None
    age = math.inf if current is None else _age(current)
    attempt = _attempt(job, name, workspace)
    failed, since = attempt.failed_with is not None, _seconds_since(attempt.time)
    if current is not None and (age < (job.retrain or 0) or since < _wait(job, attempt)):
        if failed and age >= (job.retrain or 0):
            rest = duration(_wait(job, attempt) - since)
            note(f"{current} stays in use: retraining failed {duration(since)} ago and is due again in {rest}")
        return current
    limit = job.training.get("max_time")
    why = "there is no model yet" if current is None else f"{current} is {duration(age)} old" if age < math.inf else ""
    last = "last retraining failed" if failed else "last compared with a new model"
    why += f", {last} {duration(since)} ago" if current is not None and since < age < math.inf else ""
    began = dt.datetime.now(dt.UTC)
    note(f"training {name}{': ' if why else ''}{why}{'' if limit is None else f'; time limit {duration(limit)}'}")
    try:
        return _trained(job, name, data, workspace, current, note)
    except TsattnError as error:
        if current is None:
            raise
        if isinstance(error, LockedError):
            note(f"{WARNING}another run is training it; {current} stays in use")
        else:
            _remember(job, name, workspace, Attempt(began.isoformat(), _settings(job)))
            note(f"{WARNING}retraining failed: {error.message}; {current} stays in use")
        return current


def _trained(job: Job, name: str, data: Any, workspace: Workspace, current: ModelRef | None, note: Note) -> ModelRef:
    # the candidate is made beside the workspace's models, so that it is not used as the newest one before it is promoted
    place = Workspace(workspace.root / "candidates" / job.name)
    budget, listener = TimeBudget(job.training.get("max_time")), _listener(note)
    share = 1.0 if current is None else 1.0 - COMPARING
    limit = {} if budget.seconds is None else {"max_time": share * budget.seconds}
    with workspace.lock(name):
        shutil.rmtree(place.root / "models", ignore_errors=True)
        trained = api.train(
            data,
            name=name,
            horizon=job.horizon,
            workspace=place.root,
            read=job.levels.reading(job.read),
            model=job.network,
            training={**job.training, **limit},
            joint=job.joint,
            listener=listener,
        )
        try:
            if trained.interrupted:
                raise KeyboardInterrupt
            if current is not None and not _is_better(job, data, trained, current, workspace, budget, listener):
                _remember(job, name, workspace, Attempt(dt.datetime.now(dt.UTC).isoformat()))
                return current
            ref = workspace.next_version(name)
            workspace.make(ref.path.parent)
            trained.ref.path.rename(ref.path)
        finally:
            shutil.rmtree(place.root / "models", ignore_errors=True)
        _remember(
            job, name, workspace, Attempt(dt.datetime.now(dt.UTC).isoformat())
        )  # not before: a promotion that fails is repeated
        note(f"{ref} is in use now")
        for old in workspace.versions(name)[: -job.keep]:
            gone = old.path.with_name(f"{old.path.name}.removed")
            old.path.rename(gone)  # in one step, so that no half a model is ever seen
            shutil.rmtree(gone, ignore_errors=True)
        return ref


def _listener(note: Note) -> Listener:
    """Return a listener that logs the phases of a training, and its progress once a minute."""

    def say(text: str) -> None:
        warns = text.startswith(WARNING)
        note(f"{WARNING if warns else ''}training: {text.removeprefix(WARNING)}")

    return Listener(note=say, progress=Lines(say, LINE_EVERY))


def _is_better(
    job: Job, data: Any, trained: Any, current: ModelRef, workspace: Workspace, budget: TimeBudget, listener: Listener
) -> bool:
    """Return True if a candidate's weighted quantile loss is below the current model's, on windows held back from both."""
    if _same_weights(trained.ref, current):
        listener.note(f"training did not beat zero-shot, and {current} is the same zero-shot model: it stays in use")
        return False
    listener.note(f"comparing the new model with {current} on held-back windows")

    def scored(ref: ModelRef) -> _Scored:
        panel = choose(data, ref, workspace, job.levels.reading(job.read), Listener()).panel
        plan = trained.plan
        return _Scored(saved_model(ref, panel, plan.horizon), panel, plan.horizon, max(1, plan.windows), listener)

    mine = scored(trained.ref)
    new, origins = mine.score(_rest(budget, 0.5))
    try:
        its = scored(current)
        old, there = its.score(_rest(budget), _moved(origins, mine.panel, its.panel))
    except TsattnError as error:
        listener.note(f"{current} cannot be scored ({error.message}): the new one takes its place")
        return True
    if new.windows != old.windows:  # time was short; these forecasts of the new model are kept
        new, _ = mine.score(TimeBudget(), _moved(there, its.panel, mine.panel))
    losses = [float(found.table()[0]["WQL"]) for found in (new, old)]
    mine_shown, its_shown = _distinct(*losses)
    verdict = f"WQL {mine_shown}, {current} {its_shown}, on {count(old.windows, 'window')}"
    better = math.isfinite(losses[0]) and not losses[0] >= losses[1]  # a loss of the current model may be NaN
    kept = f"the new model is {'not better' if losses[0] == losses[1] else 'worse'} ({verdict}): {current} stays in use"
    listener.note(f"the new model is better ({verdict})" if better else kept)
    return better


def _rest(budget: TimeBudget, share: float = 1.0) -> TimeBudget:
    """Return a budget of a share of the time that is left."""
    return TimeBudget(None if budget.seconds is None else max(0.0, share * budget.left))


@dataclass(frozen=True, eq=False)
class _Scored:
    """Model that is scored on the last `windows` of each item of a panel, or as many of them as time allows."""

    model: ForecastMemory
    panel: Panel
    horizon: int
    windows: int
    listener: Listener

    def score(self, budget: TimeBudget, origins: Origins | None = None) -> tuple[Backtest, Origins]:
        """Return scores and the origins of the scored windows. Raises DataError if no window can be scored."""
        asked = rolling_origins(self.panel, self.horizon, self.windows) if origins is None else origins
        found, _ = score_in_time(
            lambda: [self.model], self.panel, self.horizon, self.windows, self.listener, budget, origins=asked
        )
        return found, asked[np.flatnonzero(self.model.holds(asked))]


def _moved(origins: Origins, panel: Panel, other: Panel) -> Origins:
    """Return the origins in another panel of the same data, whose items may have more rows or another order."""
    place = {name: i for i, name in enumerate(other.item_ids)}
    item = np.array([place.get(panel.item_ids[i], -1) for i in origins.item.tolist()], np.int64)
    there = np.flatnonzero(item >= 0)
    item, was = item[there], origins.item[there]
    at = panel.freq.advance(panel.start[was], origins.row[there] - panel.indptr[was])
    steps, exact = other.freq.steps_between(other.start[item], at)
    inside = exact & (steps > 0) & (steps < other.lengths[item])
    return Origins(item[inside], (other.indptr[item] + steps)[inside])


def _same_weights(new: ModelRef, current: ModelRef) -> bool:
    """Return True if both models are zero-shot unchanged, with the weights of the same release of the package."""
    cards = []
    with contextlib.suppress(ArtifactError):
        cards = [read_card(ref.path) for ref in (new, current)]
    if len(cards) < 2 or not all(card.is_unchanged for card in cards):
        return False
    one, other = ((card.files.get(WEIGHTS), card.members, card.leads, card.horizon) for card in cards)
    return one == other


def _distinct(*values: float) -> list[str]:
    """Format losses with four decimals, or with as many as tell them apart."""
    for digits in range(4, 10):
        found = [f"{value:.{digits}f}" for value in values]
        if len(set(found)) == len(found):
            return found
    return [f"{value:.4f}" for value in values]


def _attempt_path(job: Job, workspace: Workspace) -> Path:
    return workspace.root / "candidates" / job.name / "retrained.json"


@dataclass(frozen=True)
class Attempt:
    """Training of a job's model. time: ISO 8601, "" for none. failed_with: the settings of the model if it failed, else None."""

    time: str = ""
    failed_with: str | None = None


def _settings(job: Job) -> str:
    """Return the settings of a job that a failed training may depend on, as text."""
    return repr((job.horizon, job.joint, sorted(job.network.items()), sorted(job.training.items())))


def _wait(job: Job, attempt: Attempt) -> float:
    """Return the seconds between an attempt and the next one."""
    if attempt.failed_with is None:
        return job.retrain or 0.0
    return min(RETRY, job.retrain or 0.0) if attempt.failed_with == _settings(job) else 0.0


def _remember(job: Job, name: str, workspace: Workspace, attempt: Attempt) -> None:
    """Store the last attempt to train a model, whether or not the new model is used."""
    path = _attempt_path(job, workspace)
    workspace.make(path.parent)
    with write_atomic(path) as beside:
        beside.write_text(json.dumps({"model": name, **asdict(attempt)}), "utf-8")


def _attempt(job: Job, name: str, workspace: Workspace) -> Attempt:
    """Return the job's last attempt to train a model."""
    try:
        found = json.loads(_attempt_path(job, workspace).read_text("utf-8"))
        return Attempt(str(found["time"]), found.get("failed_with")) if found["model"] == name else Attempt()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Attempt()


def _age(ref: ModelRef) -> float:
    """Seconds since a model was made; infinite for one whose card cannot be read."""
    try:
        return _seconds_since(read_card(ref.path).created)
    except ArtifactError:
        return math.inf


def _seconds_since(moment: str) -> float:
    """Return the seconds since a moment in ISO 8601, by default in UTC; infinite for a text that is none."""
    try:
        then = dt.datetime.fromisoformat(moment)
    except ValueError:
        return math.inf
    then = then if then.tzinfo else then.replace(tzinfo=dt.UTC)
    return (dt.datetime.now(dt.UTC) - then).total_seconds()
