"""Choose the model to save: trained from scratch, fine-tuned from the model in the package, or that model unchanged.

All candidates see the same rows and are scored on the same validation windows at their end, which none was trained on. The
best is then trained on those rows too.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsattn.config import FEWEST_TOKENS, ModelConfig, TrainConfig
from tsattn.data.panel import Panel
from tsattn.errors import ConfigError
from tsattn.events import Listener
from tsattn.forecasting.ensemble.ensemble import DEFAULT
from tsattn.model.card import Card, read_card
from tsattn.workflows.candidates import AS_IS, CLEARLY, JUDGING, SCRATCH, SEPARATE, TUNED, Entry, Judged, judge
from tsattn.workflows.plan import Plan
from tsattn.workspace import shipped

if TYPE_CHECKING:
    from tsattn.nn.network import Network
    from tsattn.training.checkpoint import RunState
    from tsattn.training.run_options import Progress

NAMES = {"scratch": SCRATCH, "shipped": TUNED}
PHASES = {"scratch": "from scratch", "shipped": "fine-tuning"}  # as progress shows them
FINAL = "final fit"
STARTS = ("auto", "scratch", "shipped")  # values that a user may give
TUNING = 0.8  # share of the steps that go into fine-tuning when both are trained: fine-tuning nearly always wins
TUNING_COVARIATES = 0.4  # the same with covariates, which the model in the package does not read
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

    given: fields of ModelConfig. Raises ConfigError for an unknown `start`, and for "shipped" when it is not possible.
    """
    if start not in STARTS:
        raise ConfigError(f"unknown start {start!r}", f"use one of: {', '.join(STARTS)}")
    ref = shipped()
    if start == "scratch" or (ref is None and start == "auto"):
        return None
    if ref is None:
        raise ConfigError("there is no model in the package to fine-tune", "remove --fine-tune")
    base = Base(read_card(ref.path), ref.path)
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

    def train(self, start: str, base: Base | None, share: float, done: int, most: int) -> Entry:
        """Choose weights with this share of the steps and the time; `done` of at most `most` steps are over."""
        from tsattn.training.checkpoint import read_state
        from tsattn.training.fit import choose_weights
        from tsattn.training.run_options import RunOptions

        train, most_time = self.plan.train, self.plan.train.max_time
        if most_time is not None:
            most_time *= share
            if done and not self.resume:  # what came before may have taken longer
                most_time = max(1e-3, min(most_time, (1 - JUDGING) * self.left()))
        train = replace(train, steps=max(1, round(share * train.steps)), max_time=most_time)
        config = self.plan.model if base is None else base.config(self.plan)
        state = self.state / start
        network, fitted = choose_weights(
            *(self.panel, config, train),
            RunOptions(
                state=state,
                resume=self.resume and read_state(state) is not None,
                on_progress=self.progress_handler(PHASES[start], done, most, train.steps),
                on_interrupt=self.on_interrupt,
                logger=self.logger,
                start=None if base is None else base.network(config),
                horizon=self.horizon,
                timeline=self.listener.timeline,
            ),
        )
        return Entry(NAMES[start], network, train, fitted)

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
                on_progress=self.progress_handler(FINAL, done - entry.fitted.steps, most, most - done),
                on_interrupt=self.on_interrupt,
                horizon=self.horizon,
                timeline=self.listener.timeline,
            ),
        )
        return replace(entry, network=network, fitted=fitted)

    def progress_handler(self, phase: str, done: int, most: int, steps: int) -> Callable[[Progress], None]:
        """Pass on the progress of a phase of at most `steps` steps, as steps, share and time left of the whole run."""
        first, weight = (1 - steps / most if phase == FINAL else done / most), steps / most

        def report(now: Progress) -> None:
            length = max(now.seconds + now.remaining, 1e-9)
            share = min(1.0, first + weight * now.seconds / length)
            left = now.remaining + length * max(0.0, 1 - first - weight) / weight
            self.listener.progress(replace(now, phase=phase, step=done + now.step, steps=most, share=share, remaining=left))

        return report


def run(work: Run, base: Base | None, start: str) -> tuple[Entry, tuple[Judged, ...]]:
    """Train the candidates, score them, and give the best its final fit. Returns it and all scores, best first.

    Each network with attention across series is also scored without it, since some series are better forecast alone. Without a
    base, or with --fine-tune, there is one candidate and no scores. When no rows can be held back for validation,
    nothing is trained and the model in the package is returned unchanged.
    """
    from tsattn.training.validation import hold_back

    plan = work.plan
    _, tail = hold_back(work.panel, work.horizon)
    kinds = kinds_of(base, start)
    if len(kinds) == 2 and tail is None and base is not None:
        work.listener.note("the series are too short for validation windows: saving the zero-shot model unchanged")
        return _as_is(base, plan), ()
    shares = shares_of(kinds, work.panel)
    most = most_steps(plan.train, shares, final=tail is not None)
    entries: dict[str, Entry] = {}
    for kind in kinds:
        done = sum(entry.fitted.steps for entry in entries.values())
        if entries and work.left() <= 0:
            break
        entries[kind] = work.train(kind, base if kind == "shipped" else None, shares[kind], done, most)
        if entries[kind].fitted.stopped == "interrupted":
            break
    judged: list[tuple[Judged, Entry]] = []
    if base is not None and start == "auto" and tail is not None:
        work.listener.note("scoring the candidates on the validation windows")
        separate = [alone(entry) for entry in entries.values() if entry.joint]
        judged = judge([*entries.values(), *separate, _as_is(base, plan)], work.panel, tail, plan.horizon, work.left)
    best = judged[0][1] if judged else next(iter(entries.values()))
    scores = tuple(score for score, _ in judged)
    if any(entry.fitted.stopped == "interrupted" for entry in entries.values()):
        return replace(best, fitted=replace(best.fitted, stopped="interrupted")), scores
    for kind, entry in entries.items():
        if best.name in (entry.name, entry.name + SEPARATE) and (work.left() > 0 or len(kinds) == 1):
            done = sum(one.fitted.steps for one in entries.values())
            best = work.finish(kind, best, done, done + round(plan.train.finish * entry.fitted.best_step))
    return best, scores


def kinds_of(base: Base | None, start: str) -> tuple[str, ...]:
    """Return the kinds of networks to train, in order: "shipped" (fine-tuned), "scratch", or both."""
    return ("scratch",) if base is None else ("shipped",) if start == "shipped" else ("shipped", "scratch")


def shares_of(kinds: Sequence[str], panel: Panel) -> dict[str, float]:
    """Share of the steps of each network that is trained."""
    if len(kinds) < 2:
        return dict.fromkeys(kinds, 1.0)
    tuning = TUNING_COVARIATES if panel.schema.known_features or panel.schema.past_features else TUNING
    return {"shipped": tuning, "scratch": 1 - tuning}


def most_steps(train: TrainConfig, shares: dict[str, float], *, final: bool = True) -> int:
    """Optimiser steps of a whole run at most: all networks, and the final fit of the longest."""
    counts = [max(1, round(share * train.steps)) for share in shares.values()]
    return sum(counts) + (round(train.finish * max(counts)) if final else 0)


def announced(base: Base | None, start: str, panel: Panel, across: int = 0) -> tuple[str, ...]:
    """Describe the candidates that will be trained. across: as in ModelConfig."""
    if base is None:
        return ()
    if start == "shipped":
        return ("fine-tuning the model in the package",)
    separate = "each also without attention across series, " if across else ""
    share = 100 * shares_of(kinds_of(base, start), panel)["shipped"]
    return (
        f"candidates: the zero-shot model fine-tuned ({share:.0f} % of the steps), a network from scratch "
        f"({100 - share:.0f} %), {separate}the zero-shot model unchanged, and averages of fine-tuned and zero-shot; "
        "the one with the lowest validation loss is saved",
    )


def notes_of(best: Entry, scores: Sequence[Judged]) -> tuple[str, ...]:
    """Name the candidate that was saved, with its validation scores beside the others', and what the covariates add to it."""
    if not scores:
        return ()
    kept, first = scores[0], min(scores, key=lambda score: score.loss)
    why = "it has the lowest loss on the validation windows"
    if first != kept and first.members and not kept.members:
        why = f"the ensemble {first.title} is less than {100 * (1 - CLEARLY):g} % better and slower"
    elif first != kept:
        why = f"the loss of {first.title} is not clearly lower"
    said = ", ".join(map(str, sorted(scores, key=lambda score: score.loss)))
    line = f"best candidate: {kept.title}; {why} (MASE / scaled quantile loss: {said})"
    same = [one for one in scores if (one.name, one.members, one.zero_shot) == (kept.name, kept.members, kept.zero_shot)]
    without = [score.loss for score in same if not score.covariates]
    if not kept.covariates or not without:
        return (line,)
    change = kept.loss / without[0] - 1 if without[0] > 0 else 0.0
    added = f"known covariates: the loss is {kept.loss:.3f} with them and {without[0]:.3f} without ({100 * change:+.0f} %)"
    return line, added


def so_far(state: Path) -> list[RunState]:
    """Training notes of each phase of an interrupted run, in training order."""
    from tsattn.training.checkpoint import read_state

    found = [read_state(state / kind / part) for kind in ("shipped", "scratch") for part in ("", "finish")]
    return [one[0] for one in found if one is not None]


def forget(state: Path) -> None:
    """Remove the state that --resume would continue from."""
    from tsattn.training.checkpoint import clear_state

    for kind in NAMES:
        for folder in (state / kind / "finish", state / kind):
            clear_state(folder)
            with contextlib.suppress(OSError):  # missing, or holds a log of the user
                folder.rmdir()


def alone(entry: Entry) -> Entry:
    """Return the candidate with its attention across series removed. The other weights were also trained on single windows."""
    from tsattn.nn.network import Network
    from tsattn.nn.warm_start import warm_start

    network = Network(replace(entry.network.config, across=0), entry.network.spec)
    warm_start(entry.network, network)
    return replace(entry, name=entry.name + SEPARATE, network=network.eval())


def _as_is(base: Base, plan: Plan) -> Entry:
    config = replace(base.config(plan), across=0)
    fitted = replace(base.card.fitted, steps=0, best_step=0, validation=None, seconds=0.0, stopped="finished")
    return Entry(AS_IS, base.network(config), plan.train, fitted, DEFAULT)
