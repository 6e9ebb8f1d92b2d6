"""Which model to keep: one trained from scratch, the one in the package trained on, or that one as it is.

All see the same rows, and are judged on the same windows at the end of them, which none has learnt from. The winner then
learns from these too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.config import ModelConfig, TrainConfig
from tsattn.data.panel import Panel, Schema
from tsattn.errors import ConfigError
from tsattn.events import Listener
from tsattn.forecasting.ensemble.ensemble import DEFAULT, combine
from tsattn.forecasting.frame import DEFAULT_QUANTILES, Forecaster
from tsattn.forecasting.metrics import METRICS, Sums, measure, seasonal_errors
from tsattn.forecasting.predict import predict_windows
from tsattn.model.card import Card, Fitted, read_card
from tsattn.workflows.plan import Plan
from tsattn.workspace import shipped

if TYPE_CHECKING:
    from tsattn.data.windows import Origins
    from tsattn.nn.network import Network
    from tsattn.training.checkpoint import RunState
    from tsattn.training.run_options import Progress

SCRATCH, TUNED, AS_IS = "from scratch", "fine-tuned", "zero-shot"
STARTS = ("auto", "scratch", "shipped")  # what a user may ask for
TUNING = 0.8  # share of the steps that go into fine-tuning where both are trained: it wins nearly always
TUNING_COVARIATES = 0.4  # the same where there are covariates, of which the model in the package knows nothing
MOST = 128  # windows that are judged on
FREE = ("context", "horizon", "dropout", "drop_path")  # settings that leave the network in the package what it is
CLEARLY = 0.98  # simple methods are joined where the loss falls below so much of it: they cost time in every forecast


@dataclass(frozen=True, eq=False)
class Entry:
    """A network that may be kept: how it was made, and the simple methods it is joined with."""

    name: str
    network: Network
    train: TrainConfig
    fitted: Fitted
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judged:
    """The scores of an entry on the validation windows: errors in units of each window's own seasonal error.

    So every series counts alike. WQL, which is summed in the data's units, would let a few large series in a few windows decide.
    """

    name: str
    members: tuple[str, ...]
    MASE: float
    loss: float  # quantile loss, twice the pinball loss on the mean over levels, scaled as MASE is

    def to_mapping(self) -> dict[str, Any]:
        return {"model": self.name, "members": list(self.members), "MASE": self.MASE, "scaled_quantile_loss": self.loss}

    def __str__(self) -> str:
        return f"{self.name}{' + members' if self.members else ''} {self.MASE:.3f} / {self.loss:.3f}"


@dataclass(frozen=True)
class Base:
    """The model in the package."""

    card: Card
    folder: Path

    def config(self, plan: Plan) -> ModelConfig:
        """Its network with a context that suits the data: no longer than the longest series."""
        own, asked = self.card.model, plan.model
        context = min(own.context, -(-asked.context // own.patch) * own.patch)
        return replace(own, context=context, dropout=asked.dropout, drop_path=asked.drop_path)

    def network(self, config: ModelConfig) -> Network:
        """Its network with another context."""
        from tsattn.model.artifact import load_network
        from tsattn.nn.network import Network
        from tsattn.nn.warm_start import warm_start

        found, _ = load_network(self.folder)
        network = Network(config, found.spec)
        warm_start(found, network)
        return network.eval()


def base_for(start: str, given: dict[str, Any]) -> Base | None:
    """The model in the package, where training may begin with it: its network is what the user asks for, who wants it.

    given: fields of ModelConfig. Raises ConfigError for an unknown `start`, or for "shipped" where it cannot be.
    """
    if start not in STARTS:
        raise ConfigError(f"unknown start {start!r}", f"use one of: {', '.join(STARTS)}")
    ref = shipped()
    if start == "scratch" or (ref is None and start == "auto"):
        return None
    if ref is None:
        raise ConfigError("there is no model in the package to fine-tune", "leave --fine-tune out")
    base = Base(read_card(ref.path), ref.path)
    other = sorted(key for key, value in given.items() if key not in FREE and getattr(base.card.model, key) != value)
    if not other:
        return base
    if start == "shipped":
        said = ", ".join(f"{key} {given[key]!r} (it has {getattr(base.card.model, key)!r})" for key in other)
        raise ConfigError(f"the model in the package is another network: {said}", "leave --fine-tune out, or these settings")
    return None


@dataclass(frozen=True, eq=False)
class Run:
    """One training: what all its parts share."""

    panel: Panel  # that ends where the test tail begins
    plan: Plan
    state: Path
    resume: bool
    listener: Listener
    on_interrupt: Callable[[], None] | None = None
    logger: str | None = None

    @property
    def horizon(self) -> int:
        """Steps of a validation window."""
        return min(self.plan.horizon, self.plan.model.horizon)

    def train(self, start: str, base: Base | None, share: float, done: int, steps: int) -> Entry:
        """Choose weights with this share of the steps and the time; `done` of `steps` were made before."""
        from tsattn.training.checkpoint import read_state
        from tsattn.training.fit import choose_weights
        from tsattn.training.run_options import RunOptions

        train, time = self.plan.train, self.plan.train.max_time
        train = replace(train, steps=max(1, round(share * train.steps)), max_time=None if time is None else share * time)
        config = self.plan.model if base is None else base.config(self.plan)
        state = self.state / start
        network, fitted = choose_weights(
            *(self.panel, config, train),
            RunOptions(
                state=state,
                resume=self.resume and read_state(state) is not None,
                on_progress=self.tell(f"training {NAMES[start]}", done, steps),
                on_interrupt=self.on_interrupt,
                logger=self.logger,
                start=None if base is None else base.network(config),
                horizon=self.horizon,
                timeline=self.listener.timeline,
            ),
        )
        return Entry(NAMES[start], network, train, fitted)

    def finish(self, start: str, entry: Entry, done: int, steps: int) -> Entry:
        """Let the entry learn from the newest rows too."""
        from tsattn.training.fit import finish
        from tsattn.training.run_options import RunOptions

        network, fitted = finish(
            *(self.panel, entry.network, entry.fitted, entry.train),
            RunOptions(
                state=self.state / start,
                resume=self.resume,
                on_progress=self.tell("finishing on all rows", done - entry.fitted.steps, steps),
                on_interrupt=self.on_interrupt,
                horizon=self.horizon,
                timeline=self.listener.timeline,
            ),
        )
        return replace(entry, network=network, fitted=fitted)

    def tell(self, phase: str, done: int, steps: int) -> Callable[[Progress], None]:
        return lambda now: self.listener.progress(replace(now, phase=phase, step=done + now.step, steps=steps))


NAMES = {"scratch": SCRATCH, "shipped": TUNED}


def run(work: Run, base: Base | None, start: str) -> tuple[Entry, tuple[Judged, ...]]:
    """Train what may win, judge, finish the winner. Returns it, and the scores it won by, best first: () without a contest.

    Without a base, or with one that the user wants, there is but one entry. Nothing is trained where no rows can be held
    back to judge by: then the model in the package is kept as it is.
    """
    from tsattn.training.validation import hold_back

    plan = work.plan
    _, tail = hold_back(work.panel, work.horizon)
    kinds = ("scratch",) if base is None else ("shipped",) if start == "shipped" else ("shipped", "scratch")
    if len(kinds) == 2 and tail is None and base is not None:
        work.listener.note("the series are too short to judge a training by: the model in the package is kept as it is")
        return _as_is(base, plan), ()
    tuning = tuning_share(work.panel)
    shares = {"shipped": tuning, "scratch": 1 - tuning} if len(kinds) == 2 else dict.fromkeys(kinds, 1.0)
    counts = {kind: max(1, round(shares[kind] * plan.train.steps)) for kind in kinds}
    most = sum(counts.values()) + round(plan.train.finish * max(counts.values()))
    entries: dict[str, Entry] = {}
    for kind in kinds:
        done = sum(entry.fitted.steps for entry in entries.values())
        entries[kind] = work.train(kind, base if kind == "shipped" else None, shares[kind], done, most)
        if entries[kind].fitted.stopped == "interrupted":
            break
    judged: list[tuple[Judged, Entry]] = []
    if base is not None and start == "auto" and tail is not None:
        work.listener.note("judging what was trained on the validation windows")
        judged = judge([*entries.values(), _as_is(base, plan)], work.panel, tail, plan.horizon)
    best = judged[0][1] if judged else next(iter(entries.values()))
    scores = tuple(score for score, _ in judged)
    if any(entry.fitted.stopped == "interrupted" for entry in entries.values()):
        return replace(best, fitted=replace(best.fitted, stopped="interrupted")), scores
    for kind, entry in entries.items():
        if entry.name == best.name:
            done = sum(one.fitted.steps for one in entries.values())
            best = work.finish(kind, best, done, done + round(plan.train.finish * entry.fitted.best_step))
    return best, scores


def tuning_share(panel: Panel) -> float:
    """Of the steps, where a network is both fine-tuned and trained from scratch."""
    return TUNING_COVARIATES if panel.schema.known_features or panel.schema.past_features else TUNING


def announced(base: Base | None, start: str, panel: Panel) -> tuple[str, ...]:
    """What will be trained, where there is a choice."""
    if base is None:
        return ()
    if start == "shipped":
        return ("starting from the model in the package (--fine-tune)",)
    share = f"{tuning_share(panel):.0%}".replace("%", " %")
    return (f"{share} of the steps go on from the model in the package, the others begin from scratch; the best is kept",)


def told(best: Entry, scores: Sequence[Judged]) -> tuple[str, ...]:
    """Which entry was kept, and why."""
    if not scores:
        return ()
    joined = " + members" if best.members else ""
    first = min(scores, key=lambda score: score.loss)
    why = "the lowest loss on the validation windows"
    if (first.name, first.members) != (best.name, best.members):
        why = f"{first.name} + members is not better by {100 * (1 - CLEARLY):g} %, which would pay for their time"
    said = ", ".join(map(str, sorted(scores, key=lambda score: score.loss)))
    return (f"kept: {best.name}{joined}, for {why} (MASE / scaled quantile loss: {said})",)


def so_far(state: Path) -> list[RunState]:
    """What the parts of an interrupted run had noted, in the order in which they are trained."""
    from tsattn.training.checkpoint import read_state

    found = [read_state(state / kind / part) for kind in ("shipped", "scratch") for part in ("", "finish")]
    return [one[0] for one in found if one is not None]


def forget(state: Path) -> None:
    """Remove what a run would be resumed from."""
    from tsattn.training.checkpoint import clear_state

    for kind in NAMES:
        for folder in (state / kind / "finish", state / kind):
            clear_state(folder)
            with contextlib.suppress(OSError):  # not there, or holds a log that is the user's
                folder.rmdir()


def _as_is(base: Base, plan: Plan) -> Entry:
    config = base.config(plan)
    fitted = replace(base.card.fitted, steps=0, best_step=0, validation=None, seconds=0.0, stopped="finished")
    return Entry(AS_IS, base.network(config), plan.train, fitted, DEFAULT)


def judge(entries: Sequence[Entry], panel: Panel, origins: Origins, horizon: int) -> list[tuple[Judged, Entry]]:
    """Score every entry on windows of the panel from `origins`, at most MOST; the best one, and the model in the package,
    joined with members too. Best first.
    """
    if len(origins) > MOST:
        origins = origins[np.linspace(0, len(origins) - 1, MOST).astype(np.int64)]
    scale = seasonal_errors(panel, origins, panel.freq.season_length)

    def scored(entry: Entry, members: tuple[str, ...]) -> tuple[Judged, Entry]:
        forecaster = combine(forecaster_of(entry, panel, horizon), members)
        return Judged(entry.name, members, *_score(forecaster, panel, origins, horizon, scale)), replace(entry, members=members)

    out = sorted((scored(entry, ()) for entry in entries), key=lambda pair: pair[0].loss)
    ready = [entry for entry in entries if entry.members]
    out += [scored(entry, DEFAULT) for entry in {one.name: one for one in (out[0][1], *ready)}.values()]
    # what costs more in every forecast has to be clearly better
    return sorted(out, key=lambda pair: pair[0].loss * (1 if pair[0].members else CLEARLY))


def forecaster_of(entry: Entry, panel: Panel, horizon: int) -> Forecaster:
    """The entry's network alone, before it is saved."""
    from tsattn.model import runtime

    network = entry.network
    about = (entry.name, panel.freq.alias, horizon, network.spec.quantiles, network.spec.widths, Schema())
    return runtime.of_network(network, Card(*about, network.config, entry.train, entry.fitted))


def _score(forecaster: Forecaster, panel: Panel, origins: Origins, horizon: int, scale: np.ndarray) -> tuple[float, float]:
    """(MASE, scaled quantile loss); infinite where no window has a scale."""
    total = Sums.zeros((1,), len(DEFAULT_QUANTILES))
    for which, found, values in predict_windows(forecaster, panel, origins, horizon, DEFAULT_QUANTILES):
        unit = np.where(scale[which] > 0, scale[which], np.nan)[:, None]
        values = np.where(np.isnan(unit)[..., None], 0.0, values / unit[..., None])
        sums = measure(found.future_target / unit, values, DEFAULT_QUANTILES, np.ones(len(which)))
        total.add(np.zeros(len(which), np.int64), sums.total(1))
    if not total.count[0]:
        return float("inf"), float("inf")
    return float(METRICS["MASE"](total)[0]), float(total.pinball[0].mean() / total.count[0])
