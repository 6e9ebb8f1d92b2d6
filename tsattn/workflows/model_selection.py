"""Choose the model to save: trained from scratch, fine-tuned from the model in the package, or that model unchanged.

All candidates see the same rows and are scored on the same validation windows at their end, which none was trained on. The
best is then trained on those rows too.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsattn.config import FEWEST_TOKENS, ModelConfig, TrainConfig
from tsattn.data.panel import Panel
from tsattn.errors import ConfigError
from tsattn.events import Listener
from tsattn.forecasting.ensemble.ensemble import DEFAULT
from tsattn.model.card import Card, Fitted, read_card
from tsattn.workflows.candidates import (
    AS_IS,
    JOINTLY,
    JUDGING,
    SCRATCH,
    TUNED,
    Entry,
    Judged,
    judge,
)
from tsattn.workflows.plan import Plan
from tsattn.workspace import shipped

if TYPE_CHECKING:
    from tsattn.forecasting.trees.tree_correction import Trees
    from tsattn.nn.network import Network
    from tsattn.training.checkpoint import RunState
    from tsattn.training.run_options import Progress

NAMES = {"scratch": SCRATCH, "shipped": TUNED}
PHASES = {"scratch": "from scratch", "shipped": "fine-tuning"}  # as progress shows them
FINAL = "final fit"
ACROSS, ACROSS_WEIGHTS = "attention across series", "across,head.led"  # the phase that trains only it, and its weights
STARTS = ("auto", "scratch", "shipped")  # values that a user may give
CHECKED = "checked"  # start of `tune`: a network from scratch, saved only if it is better than zero-shot unchanged
JUDGED = ("auto", CHECKED)  # starts whose candidates are scored on validation windows
TUNING = 0.8  # share of the steps that go into fine-tuning when both are trained: fine-tuning nearly always wins
TUNING_COVARIATES = 0.4  # the same with covariates, which the model in the package does not read
LEAST = 0.25  # share of its steps that a network from scratch must have time for: with fewer, it has never been the best
BOOSTING = 30.0  # seconds that must be left to fit trees
FREE = ("context", "horizon", "dropout", "drop_path", "across")  # settings that fit the weights in the package


@dataclass(frozen=True)
class Base:
    """The model in the package."""

    card: Card
    folder: Path

    def config(self, plan: Plan) -> ModelConfig:
        """Return the architecture with a context that covers the longest series, and attention across series if planned.

        The context has at least FEWEST_TOKENS tokens, so that the package's graph template serves short series too.
        """
        own, asked = self.card.model, plan.model
        context = min(own.context, max(FEWEST_TOKENS, -(-asked.context // own.patch)) * own.patch)
        return replace(own, context=context, dropout=asked.dropout, drop_path=asked.drop_path, across=asked.across)

    def network(self, config: ModelConfig) -> Network:
        """The network, with its weights, for another context."""
        from tsattn.model.artifact import load_network
        from tsattn.nn.network import Network
        from tsattn.nn.warm_start import warm_start

        found, _ = load_network(self.folder)
        network = Network(config, found.spec)
        warm_start(found, network)
        return network.eval()


def base_for(start: str, given: dict[str, Any]) -> Base | None:
    """Return the model in the package if it can be fine-tuned: its architecture agrees with the settings in `given`.

    given: fields of ModelConfig. With CHECKED, the model is only compared, so any architecture will do. Raises ConfigError for an
    unknown `start`, and for "shipped" when it is not possible.
    """
    if start not in (*STARTS, CHECKED):
        raise ConfigError(f"unknown start {start!r}", f"use one of: {', '.join(STARTS)}")
    ref = shipped()
    if start == "scratch" or (ref is None and start in JUDGED):
        return None
    if ref is None:
        raise ConfigError("there is no model in the package to fine-tune", "remove --fine-tune")
    base = Base(read_card(ref.path), ref.path)
    if start == CHECKED:
        return base
    model = base.card.model  # a key that it does not have is an error of `plan`, which names the nearest
    other = sorted(key for key, value in given.items() if key not in FREE and getattr(model, key, value) != value)
    if not other:
        return base
    if start == "shipped":
        said = ", ".join(f"{key} is {getattr(model, key)!r}, not {given[key]!r}" for key in other)
        raise ConfigError(
            f"--fine-tune needs the architecture of the model in the package: {said}", "remove --fine-tune or these settings"
        )
    return None


@dataclass(frozen=True)
class Place:
    """Place of a phase in a training run, in steps: `done` and `planned` in the phases before it, `most` in the whole run.

    `done` is less than `planned` if an earlier phase stopped early or ran out of time.
    """

    done: int
    planned: int
    most: int


@dataclass(frozen=True, eq=False)
class Run:
    """Settings that all phases of a training run share."""

    panel: Panel  # that ends where the test tail begins
    plan: Plan
    state: Path
    resume: bool
    listener: Listener
    on_interrupt: Callable[[], None] | None = None
    logger: str | None = None
    left: Callable[[], float] = lambda: math.inf  # seconds until the time limit

    @property
    def horizon(self) -> int:
        """Steps of a validation window."""
        return min(self.plan.horizon, self.plan.model.most_at_once)

    def train(self, start: str, base: Base | None, share: float, at: Place) -> Entry:
        """Choose weights with this share of the steps and the time."""
        config = replace(self.plan.model if base is None else base.config(self.plan), across=0)
        train, first = self.schedule(share, at.done), None if base is None else base.network(config)
        return Entry(NAMES[start], *self.choose(start, first, config, train, PHASES[start], at))

    def boosted(self, panel: Panel) -> Trees | None:
        """Fit trees to a panel; None without a season, if the series are too short, or for lack of time."""
        from tsattn.training import boosting

        return boosting.fit(panel, self.plan.horizon, self.plan.train.seed) if self.left() >= BOOSTING else None

    def join(self, start: str, entry: Entry, share: float, at: Place) -> Entry:
        """Add attention across series to a trained candidate and train only that; forecasts without other series stay."""
        config = replace(entry.network.config, across=self.plan.model.across)
        train = replace(self.schedule(share, at.done), only=ACROSS_WEIGHTS)
        return Entry(entry.name + JOINTLY, *self.choose(joint(start), entry.network, config, train, ACROSS, at))

    def schedule(self, share: float, done: int) -> TrainConfig:
        """Return the settings of a phase with this share of the steps and the time; `done` steps are over."""
        train, most_time = self.plan.train, self.plan.train.max_time
        if most_time is not None:
            most_time *= share / rounds(self.plan)
            if done and not self.resume:  # what came before may have taken longer
                most_time = max(1e-3, min(most_time, (1 - JUDGING) * self.left()))
        return replace(train, steps=max(1, round(share * train.steps)), max_time=most_time)

    def choose(
        self, name: str, start: Network | None, config: ModelConfig, train: TrainConfig, phase: str, at: Place
    ) -> tuple[Network, TrainConfig, Fitted]:
        """Train a network from the weights of `start`, or from random ones, without the rows held back for validation.

        Returns the network, the settings and the result of the training.
        """
        from tsattn.training.checkpoint import read_state
        from tsattn.training.fit import choose_weights
        from tsattn.training.run_options import RunOptions

        state, after = self.state / name, self.state / joint(name)
        later = () if config.across else (after / "finish", after)  # attention across series is trained last
        network, fitted = choose_weights(
            *(self.panel, config, train),
            RunOptions(
                state=state,
                resume=self.resume and read_state(state) is not None,
                on_progress=self.progress_handler(phase, at, train.steps),
                on_interrupt=self.on_interrupt,
                logger=self.logger,
                start=start,
                horizon=self.horizon,
                timeline=self.listener.timeline,
                later=later,
            ),
        )
        return network, train, fitted

    def finish(self, start: str, entry: Entry, done: int, most: int) -> Entry:
        """Train the candidate on the newest rows too, which were held back until now."""
        from tsattn.training.fit import finish
        from tsattn.training.run_options import RunOptions

        train = entry.train
        if train.max_time is not None:
            train = replace(train, max_time=min(train.max_time, entry.fitted.seconds + max(0.0, self.left()) / 2))
        network, fitted = finish(
            *(self.panel, entry.network, entry.fitted, train),
            RunOptions(
                state=self.state / start,
                resume=self.resume,
                on_progress=self.progress_handler(FINAL, Place(done - entry.fitted.steps, done, most), most - done),
                on_interrupt=self.on_interrupt,
                horizon=self.horizon,
                timeline=self.listener.timeline,
            ),
        )
        return replace(entry, network=network, fitted=fitted)

    def progress_handler(self, phase: str, at: Place, steps: int) -> Callable[[Progress], None]:
        """Pass on the progress of a phase of at most `steps` steps, as steps, share and time left of the whole run."""
        first, weight = at.planned / at.most, steps / at.most

        def report(now: Progress) -> None:
            length = max(now.seconds + now.remaining, 1e-9)
            share = min(1.0, first + weight * now.seconds / length)
            left = now.remaining + length * max(0.0, 1 - first - weight) / weight
            self.listener.progress(replace(now, phase=phase, step=at.done + now.step, steps=at.most, share=share, remaining=left))

        return report


def run(work: Run, base: Base | None, start: str) -> tuple[Entry, tuple[Judged, ...]]:
    """Train the candidates, score them, and give the best its final fit. Returns it and all scores, best first.

    For a joint model, each network is trained on single series first. Then attention across series is added, and only that is
    trained; both networks are scored. Without a base, or with --fine-tune, there are no scores. When no rows can be held back for
    validation, nothing is trained and the model in the package is returned unchanged.
    """
    from tsattn.training.validation import hold_back

    plan = work.plan
    fitting, tail = hold_back(work.panel, work.horizon)
    kinds = kinds_of(base, start)
    if start in JUDGED and tail is None and base is not None:
        work.listener.note("the series are too short for validation windows: saving the zero-shot model unchanged")
        return _as_is(base, plan, start), ()
    shares = shares_of(kinds, work.panel)
    most = most_steps(plan, shares, final=tail is not None)
    entries = _trained(work, base, shares, most)
    judged: list[tuple[Judged, Entry]] = []
    fitted: list[Panel] = []  # panels that trees were fitted to
    if base is not None and start in JUDGED and tail is not None:
        work.listener.note("scoring the candidates on the validation windows")
        judged = judge(
            [*entries.values(), _as_is(base, plan, start)],
            work.panel,
            tail,
            plan.horizon,
            work.left,
            leads=plan.model.across > 0,
            trees=_fitter(work, fitting, fitted) if start == "auto" else lambda panel: None,
        )
        for note in _untried(kinds, entries, [score for score, _ in judged], fitted) if start == "auto" else ():
            work.listener.note(note)
    best = judged[0][1] if judged else [*entries.values()][-1]
    if best.name == AS_IS:  # whose members may not have been scored, for lack of time
        best = replace(best, members=DEFAULT)
    scores = tuple(score for score, _ in judged)
    if best.trees is not None:  # on the newest rows too, if time is left
        best = replace(best, trees=work.boosted(work.panel) or best.trees)
    if any(entry.fitted.stopped == "interrupted" for entry in entries.values()):
        return replace(best, fitted=replace(best.fitted, stopped="interrupted")), scores
    for name, entry in entries.items():
        if best.name == entry.name and (work.left() > 0 or len(kinds) == 1):
            done = sum(one.fitted.steps for one in entries.values())
            best = work.finish(name, best, done, done + round(plan.train.finish * entry.fitted.best_step))
    return _both_phases(best, entries.values()), scores


def _fitter(work: Run, fitting: Panel, fitted: list[Panel]) -> Callable[[Panel], Trees | None]:
    """Return a function that fits trees to the rows of a panel before the validation windows, that is up to the end of `fitting`.

    It appends each panel to `fitted`, unless there is too little time left.
    """
    from tsattn.forecasting.trees.gradient_boosting import unavailable

    why = unavailable()
    if why:
        work.listener.note(f"gradient-boosted trees were not tried: {why}")

    def fit(panel: Panel) -> Trees | None:
        if work.left() >= BOOSTING:
            fitted.append(panel)
        return None if why else work.boosted(panel.before(fitting.origin))

    return fit


def _untried(
    kinds: Sequence[str], entries: dict[str, Entry], scores: Sequence[Judged], fitted: Sequence[Panel]
) -> tuple[str, ...]:
    """Return a note on the announced candidates skipped for lack of time; nothing if the user stopped the training."""
    if any(entry.fitted.stopped == "interrupted" for entry in entries.values()):
        return ()
    names = {"scratch": "a network from scratch", "shipped": "a fine-tuned network"}
    missing = [names[kind] for kind in kinds if kind not in entries]
    missing += [] if any(score.zero_shot for score in scores) else ["averages"]
    missing += [] if fitted else ["trees"]
    return (f"not tried, for lack of time: {', '.join(missing)}",) if missing else ()


def _both_phases(best: Entry, entries: Iterable[Entry]) -> Entry:
    """Return a joint candidate with the steps and seconds of its training on single series added; any other unchanged."""
    for entry in entries:
        if best.name == entry.name + JOINTLY:
            steps, seconds = best.fitted.steps + entry.fitted.steps, round(best.fitted.seconds + entry.fitted.seconds, 1)
            return replace(best, fitted=replace(best.fitted, steps=steps, seconds=seconds))
    return best


def _trained(work: Run, base: Base | None, shares: dict[str, float], most: int) -> dict[str, Entry]:
    """Train the candidates as far as time allows; return them in training order, by the name of their state folder."""
    entries: dict[str, Entry] = {}

    def over() -> bool:
        done = [entry.fitted.stopped for entry in entries.values()]
        return bool(done) and (done[-1] == "interrupted" or work.left() <= 0)

    for kind, share in shares.items():
        for name in (kind, joint(kind))[: rounds(work.plan)]:
            if over():
                return entries
            done = sum(entry.fitted.steps for entry in entries.values())
            if name == "scratch" and entries and _is_too_slow(work.schedule(share, done), entries["shipped"].fitted):
                return entries
            at = Place(done, sum(entry.train.steps for entry in entries.values()), most)
            if name == kind:
                entries[name] = work.train(kind, base if kind == "shipped" else None, share, at)
            else:
                entries[name] = work.join(kind, entries[kind], share, at)
    return entries


def _is_too_slow(train: TrainConfig, before: Fitted) -> bool:
    """Return True if the time limit is too short for LEAST of the steps, at the pace of the phase `before`."""
    return train.max_time is not None and train.max_time * before.steps < LEAST * train.steps * before.seconds


def joint(kind: str) -> str:
    """Return the name of the state folder of the phase that trains attention across series."""
    return f"{kind}-joint"


def rounds(plan: Plan) -> int:
    """Return the number of training phases of a network: a joint one is trained on single series, then on groups."""
    return 2 if plan.model.across else 1


def kinds_of(base: Base | None, start: str) -> tuple[str, ...]:
    """Return the kinds of networks to train, in order: "shipped" (fine-tuned), "scratch", or both."""
    return ("scratch",) if base is None or start == CHECKED else ("shipped",) if start == "shipped" else ("shipped", "scratch")


def shares_of(kinds: Sequence[str], panel: Panel) -> dict[str, float]:
    """Share of the steps of each network that is trained."""
    if len(kinds) < 2:
        return dict.fromkeys(kinds, 1.0)
    tuning = TUNING_COVARIATES if panel.schema.known_features or panel.schema.past_features else TUNING
    return {"shipped": tuning, "scratch": 1 - tuning}


def most_steps(plan: Plan, shares: dict[str, float], *, final: bool = True) -> int:
    """Optimiser steps of a whole run at most: all networks, and the final fit of the longest."""
    counts = [max(1, round(share * plan.train.steps)) for share in shares.values()]
    return rounds(plan) * sum(counts) + (round(plan.train.finish * max(counts)) if final else 0)


def so_far(state: Path) -> list[RunState]:
    """Training notes of each phase of an interrupted run, in training order."""
    from tsattn.training.checkpoint import read_state

    names = [name for kind in ("shipped", "scratch") for name in (kind, joint(kind))]
    found = [read_state(state / name / part) for name in names for part in ("", "finish")]
    return [one[0] for one in found if one is not None]


def forget(state: Path) -> None:
    """Remove the state that --resume would continue from."""
    from tsattn.training.checkpoint import clear_state

    for name in (name for kind in NAMES for name in (kind, joint(kind))):
        for folder in (state / name / "finish", state / name):
            clear_state(folder)
            with contextlib.suppress(OSError):  # missing, or holds a log of the user
                folder.rmdir()


def _as_is(base: Base, plan: Plan, start: str) -> Entry:
    config = replace(base.card.model if start == CHECKED else base.config(plan), across=0)  # a search sets its own network
    fitted = replace(base.card.fitted, steps=0, best_step=0, validation=None, seconds=0.0, stopped="finished")
    return Entry(AS_IS, base.network(config), plan.train, fitted, DEFAULT)
