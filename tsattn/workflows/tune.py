"""Tune: search settings on rolling origins before the test windows, then train with the best ones."""

from __future__ import annotations

import hashlib
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.data.panel import Panel
from tsattn.data.reading.read import read
from tsattn.errors import ConfigError, TsattnError
from tsattn.events import Listener
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines import baseline
from tsattn.workflows import model_selection, train
from tsattn.workflows.plan import Plan, plan
from tsattn.workflows.results import Trained, plain
from tsattn.workflows.search_space import differences, free, settings, usual
from tsattn.workflows.train import Request
from tsattn.workflows.validation_folds import REFERENCE, Fold, folds_of, relative_error
from tsattn.workspace import Workspace, name_for

if TYPE_CHECKING:
    from optuna import Study, Trial

KEPT = 0.2  # share of --max-time for the final training
LEAST_TRIALS = 4  # trials that --max-time allows at least; their length is limited accordingly
HOPELESS = 1.15  # a trial with this many times the best score on the first fold is pruned


@dataclass(frozen=True)
class Tried:
    """Trial of the search. score: error relative to seasonal naive, lower is better; None unless `state` is "done".

    state: "running", "done", "pruned", "stopped" (by Ctrl-C or the time limit) or "failed".
    changed: settings that differ from the defaults of `train`.
    """

    number: int
    state: str
    score: float | None
    changed: dict[str, Any]
    seconds: float

    def to_mapping(self) -> dict[str, Any]:
        return dict(plain(self.__dict__))


@dataclass(frozen=True, eq=False)
class Tuned:
    """The saved model and all trials; the first one has the defaults of `train`.

    The model is trained with the best settings of the search, or zero-shot unchanged where that was better.
    """

    trained: Trained
    tried: tuple[Tried, ...]
    best: Tried
    study: Path
    interrupted: bool

    def to_mapping(self) -> dict[str, Any]:
        tuning = {"study": str(self.study), "best": self.best.number, "trials": [one.to_mapping() for one in self.tried]}
        return {**self.trained.to_mapping(), "tuning": tuning}


class _Stop(Exception):
    """Signal to end the search: the time limit is over, or Ctrl-C was pressed."""


class _Prune(Exception):
    """Signal to prune the trial."""


def run(
    data: Any,
    request: Request,
    name: str | None,
    workspace: Workspace,
    *,
    trials: int,
    max_time: float | None,
    resume: bool,
    listener: Listener,
) -> Tuned:
    """Tune; see tsattn.tune."""
    _optuna()
    if trials < 1:
        raise ConfigError(f"a search needs at least one trial, not {trials}", "use 20")
    if isinstance(data, str) and data == "-":
        raise ConfigError("standard input can be read only once, but the final training reads the data again", "name a file")
    if request.train.get("devices", 1) * request.train.get("nodes", 1) > 1:
        raise ConfigError(
            "a search runs on one device",
            "tune on one device; then train with --devices N and the settings found, in --config",
        )
    began = time.monotonic()
    name = name or name_for(data)
    panel, report = read(data, request.read)
    listener.report(report)
    search = _Search(panel, request, workspace, name, max_time, began, listener)
    with workspace.lock(name):
        stopped = search.run(trials, resume)
    best = search.best()
    if best is None:
        listener.note("no trial finished, so there is nothing to save")
        if stopped == "interrupted":
            raise KeyboardInterrupt
        raise TsattnError("no trial finished", "use fewer steps: --steps 200, or a longer --max-time")
    more = "; press Ctrl-C again to stop that too and save the best weights so far" if stopped == "interrupted" else ""
    listener.note(f"training with the settings of trial {best.number} on all rows before the test windows{more}")
    made = search.settings_of(best)
    if max_time is not None:
        made["train"]["max_time"] = max(KEPT * max_time, max_time - (time.monotonic() - began))
    final = replace(request, model=made["model"], train=made["train"], start=model_selection.CHECKED)
    quiet = replace(listener, report=Listener().report)
    trained = train.run(data, final, name, workspace, resume=False, logger=None, listener=quiet)
    return Tuned(trained, tuple(search.tried()), best, search.path, stopped == "interrupted" or trained.interrupted)


class _Search:
    """A study of one panel: proposes settings, scores them, and stores trials in SQLite."""

    def __init__(
        self,
        panel: Panel,
        request: Request,
        workspace: Workspace,
        name: str,
        max_time: float | None,
        began: float,
        listener: Listener,
    ) -> None:
        self.panel, self.request, self.listener, self.began = panel, request, listener, began
        self.fixed = {"model": request.model, "train": {k: v for k, v in request.train.items() if k != "max_time"}}
        self.usual = self._plan(self.fixed)
        self.folds = folds_of(panel, self.usual)
        self.knobs = free(self.fixed)
        self.deadline = None if max_time is None else began + (1 - KEPT) * max_time
        self.fit_time = None if max_time is None else (1 - KEPT) * max_time / LEAST_TRIALS / len(self.folds)
        self.path = workspace.tuning(name)
        workspace.make(self.path.parent)
        self.study: Study | None = None

    def run(self, trials: int, resume: bool) -> str:
        """Run trials until `trials` have ended, including earlier runs. Returns "finished", "time" or "interrupted"."""
        from optuna.trial import TrialState

        self.study = study = self._open(resume)
        # the defaults of `train` come first, and again when that trial was cut short
        if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED, TrialState.WAITING)):
            study.enqueue_trial({knob.field: usual(knob, self.usual) for knob in self.knobs})
        for one in self.tried():
            self.listener.trial(one)
        try:
            while len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))) < trials:
                if self.deadline is not None and time.monotonic() >= self.deadline:
                    return "time"
                if len(study.get_trials(deepcopy=False, states=(TrialState.FAIL,))) > max(5, trials):
                    break  # every trial fails; the first error was shown
                self._try()
        except (_Stop, KeyboardInterrupt) as stop:
            return str(stop) or "interrupted"
        return "finished"

    def best(self) -> Tried | None:
        """The finished trial with the lowest score."""
        done = [(one.score, one.number, one) for one in self.tried() if one.score is not None]
        return min(done)[2] if done else None

    def tried(self) -> list[Tried]:
        """Return all trials so far."""
        assert self.study is not None
        return [self._summary(trial) for trial in self.study.get_trials(deepcopy=False) if trial.params]

    def settings_of(self, one: Tried) -> dict[str, dict[str, Any]]:
        """Fields of [model] and [train] of a trial."""
        assert self.study is not None
        return settings(self.study.get_trials(deepcopy=False)[one.number].params, self.fixed)

    def _open(self, resume: bool) -> Study:
        """Open the study of this data and these settings; other data or settings have a study of their own."""
        optuna = _optuna()
        digest = hashlib.sha256(train.fingerprint(self.panel).encode())
        for said in (
            str(self.usual.horizon),
            str(self.usual.windows),
            str(sorted(map(str, self.fixed.items()))),
            *(k.says(self.usual) for k in self.knobs),
        ):
            digest.update(said.encode() + b"\0")
        name, storage = digest.hexdigest()[:16], f"sqlite:///{self.path}"
        there = name in optuna.get_all_study_names(storage)
        if resume and not there:
            raise ConfigError("there is no search on this data with these settings to resume", "remove --resume to start one")
        if there and not resume:
            optuna.delete_study(study_name=name, storage=storage)
        study: Study = optuna.create_study(study_name=name, storage=storage, load_if_exists=True)
        before = study.get_trials(deepcopy=False)
        seed = int(self.request.train.get("seed", 0)) + len(before)
        study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=6)
        study.pruner = optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=5)
        for trial in before:
            if trial.state == optuna.trial.TrialState.RUNNING:  # of a run that was killed
                study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        return study

    def _try(self) -> None:
        from optuna.trial import TrialState

        assert self.study is not None
        trial = self.study.ask()
        made = settings({knob.field: knob.suggest(trial, self.usual) for knob in self.knobs}, self.fixed)
        began = time.monotonic()
        score: float | None = None
        state = TrialState.FAIL
        try:
            self.listener.trial(Tried(trial.number, "running", None, differences(made, self.usual), 0.0))
            score = self._score(trial, self._plan(made))
            state = TrialState.COMPLETE if math.isfinite(score) else TrialState.FAIL
        except _Prune:
            state = TrialState.PRUNED
        except (_Stop, KeyboardInterrupt):
            trial.set_user_attr("stopped", True)
            raise
        except TsattnError as error:  # for example diverged training; another trial may succeed
            if isinstance(error, ConfigError) and self.best() is None:
                raise  # the settings of the user allow no network
            self.listener.note(f"trial {trial.number}: {error.message}")
        finally:
            trial.set_user_attr("seconds", round(time.monotonic() - began, 1))
            self.study.tell(trial, score if state == TrialState.COMPLETE else None, state=state)
            self.listener.trial(self._summary(self.study.get_trials(deepcopy=False)[trial.number]))

    def _score(self, trial: Trial, made: Plan) -> float:
        """Mean over folds of the error relative to seasonal naive."""
        scores: list[float] = []
        for number, fold in enumerate(self.folds):
            scores.append(self._score_fold(fold, made, self._watch(trial, number)))
            trial.set_user_attr("folds", scores)
            best = self.best()
            if number == 0 and len(self.folds) > 1 and best is not None and scores[0] > HOPELESS * self._first(best):
                raise _Prune
        return float(np.mean(scores))

    def _first(self, one: Tried) -> float:
        assert self.study is not None
        return float(self.study.get_trials(deepcopy=False)[one.number].user_attrs["folds"][0])

    def _score_fold(self, fold: Fold, made: Plan, watch: Callable[[Any], None]) -> float:
        from tsattn.model import runtime
        from tsattn.training.fit import fit
        from tsattn.training.run_options import RunOptions

        schedule = replace(made.train, max_time=self.fit_time, devices=1, nodes=1)
        with tempfile.TemporaryDirectory(prefix="tsattn-tune-") as folder:
            network, fitted = fit(
                self.panel.before(fold.cut), made.model, schedule, RunOptions(state=Path(folder), on_progress=watch)
            )
        if fitted.stopped == "interrupted":
            raise _Stop("interrupted")
        tried = model_selection.Entry(model_selection.SCRATCH, network, made.train, fitted)
        forecaster = runtime.of_network(network, train.card_of("trial", self.panel, made, tried, {}))
        scores = backtest(
            [forecaster, baseline(REFERENCE)], self.panel.before(fold.end), horizon=made.horizon, windows=fold.windows
        )
        return relative_error(scores.table())

    def _watch(self, trial: Trial, fold: int) -> Callable[[Any], None]:
        """Return a progress handler that stops the search at its time limit and prunes trials worse than the median."""
        reported: set[int] = set()

        def watch(now: Any) -> None:
            self.listener.progress(now)
            if self.deadline is not None and time.monotonic() >= self.deadline:
                raise _Stop("time")
            moment = int(20 * now.step / now.steps)
            if fold == 0 and now.validation is not None and moment not in reported:
                reported.add(moment)
                trial.report(now.validation, moment)
                if trial.should_prune():
                    raise _Prune

        return watch

    def _plan(self, made: dict[str, dict[str, Any]]) -> Plan:
        request = self.request
        return plan(
            self.panel, horizon=request.horizon, test_windows=request.test_windows, model=made["model"], train=made["train"]
        )

    def _summary(self, trial: Any) -> Tried:
        state = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}.get(trial.state.name, "running")
        if trial.user_attrs.get("stopped"):
            state = "stopped"
        changed = differences(settings(trial.params, self.fixed), self.usual)
        return Tried(trial.number, state, trial.value if state == "done" else None, changed, trial.user_attrs.get("seconds", 0.0))


def _optuna() -> Any:
    """Import Optuna without its log. Raises ConfigError that says how to install it."""
    try:
        import optuna
    except ImportError:
        raise ConfigError("`tsattn tune` needs Optuna, which is not installed", "pip install 'tsattn[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna
