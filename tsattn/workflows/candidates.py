"""Candidates of a training run, and their scores on the validation windows."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.config import TrainConfig
from tsattn.data.panel import Panel, Schema
from tsattn.forecasting.ensemble.covariate_regression import with_covariates
from tsattn.forecasting.ensemble.ensemble import DEFAULT, combine
from tsattn.forecasting.ensemble.weighted_average import WeightedAverage
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.hidden_covariates import HiddenCovariates
from tsattn.forecasting.joint.joint_regression import with_joint
from tsattn.forecasting.trees.tree_correction import TreeCorrection, Trees, corrected
from tsattn.model.card import UNCHANGED, Card, Fitted
from tsattn.workflows.time_budget import FEWEST
from tsattn.workflows.validation_windows import ValidationWindows

if TYPE_CHECKING:
    from tsattn.data.windows import Origins
    from tsattn.nn.network import Network

SCRATCH, TUNED, AS_IS = "from scratch", "fine-tuned", UNCHANGED
JOINTLY = ", joint"  # after the name of a network whose attention across series was trained on top
MOST = 128  # validation windows that candidates are scored on
CLEARLY = 0.99  # an ensemble is slower, so it must lower the loss to this share of the network's
FLATTERED = 0.015  # share added to the loss of trained weights, which were chosen on the validation windows that score them
JOINT = 1.01  # factor on the loss of networks that read several series, which are slower and may gain by chance
SHARES = (0.25, 0.5, 0.75)  # shares of the zero-shot ensemble to try
LEAST = 0.1  # share of its steps that a fine-tuned network must have taken to be part of the default candidate
USUAL = SHARES[-1]  # zero-shot share of the default candidate; others must be better by a standard error
TREE_SHARES = (0.25, 0.5, 0.75, 1.0)  # shares of the trees to try
JUDGING = 0.4  # share of the time that is left for scoring the candidates; the rest is for the final fit and the test scores
LED = 5  # forecasts per window with leads: its own, and those at hold-out origins that no other window uses
PROBE = 4  # windows for timing the scoring


Setup = tuple[str, tuple[str, ...], float, bool, float]  # name, members, zero-shot share, leads, share of the trees


@dataclass(frozen=True, eq=False)
class Entry:
    """A candidate network: how it was trained, and the ensemble members it forecasts with."""

    name: str
    network: Network
    train: TrainConfig
    fitted: Fitted
    members: tuple[str, ...] = ()
    zero_shot: float = 0.0  # share of the zero-shot ensemble in the forecast
    leads: bool = False  # True if leading series are used, as with --joint
    trees: Trees | None = None  # that correct the forecast
    tree_share: float = 0.0
    tree_width: float = 1.0  # factor on the widths of a forecast that the trees correct

    @property
    def target_only(self) -> bool:
        """Return True if the network itself reads only the target."""
        return not any(self.network.spec.widths.values())

    @property
    def joint(self) -> bool:
        """Return True if the network reads several series together."""
        return bool(self.network.config.across)

    def reads(self, schema: Schema) -> tuple[str, ...]:
        """Return the kinds of covariates of the data that forecasts depend on, of "known", "past" and "static"."""
        return kinds_of_covariates(self.schema(schema))

    def schema(self, schema: Schema) -> Schema:
        """The part of the data's schema that forecasts depend on.

        A network of the target alone reads no covariates; an ensemble around it reads known and static ones, by regression, and
        trees read them too.
        """
        if not self.target_only:
            return schema
        if self.trees is not None or ((self.members or self.zero_shot) and schema.known_features):
            return replace(schema, past=(), past_features=())
        return Schema(schema.timestamp, schema.item, schema.target)


def kinds_of_covariates(schema: Schema) -> tuple[str, ...]:
    """Return the kinds of covariates that a schema declares, of "known", "past" and "static"."""
    kinds = {"known": schema.known_features, "past": schema.past_features, "static": schema.static_features}
    return tuple(kind for kind, features in kinds.items() if features)


@dataclass(frozen=True)
class Judged:
    """Scores of a candidate on the validation windows, in units of each window's seasonal error.

    Every series has the same weight. WQL is summed in the data's units, so a few large series would decide.
    """

    name: str
    members: tuple[str, ...]
    MASE: float
    loss: float  # quantile loss, twice the pinball loss on the mean over levels, scaled as MASE is
    covariates: bool = False  # True if the network, the ensemble or the trees read covariates
    zero_shot: float = 0.0  # share of the zero-shot ensemble in the average
    joint: bool = False  # True if the network reads several series together
    leads: bool = False  # True if leading series are used
    trees: float = 0.0  # share of the trees
    doubt: float = 0.0  # standard error of its loss minus that of the default candidate
    hidden: bool = False  # True if covariates were hidden from it: not a candidate, only compared with the best one

    @property
    def title(self) -> str:
        """The candidate, such as `zero-shot + members + covariates`."""
        average = f" + {100 * self.zero_shot:.0f} % zero-shot" if self.zero_shot else ""
        parts = {"members": self.members, "covariates": self.covariates, "leads": self.leads}
        parts[f"{100 * self.trees:.0f} % trees"] = self.trees
        used = "".join(f" + {part}" for part, used in parts.items() if used)
        return self.name + average + used + (" without covariates" if self.hidden else "")

    @property
    def setup(self) -> Setup:
        """Name, members, zero-shot share, leads and share of the trees of the candidate, as saved."""
        return self.name, self.members, self.zero_shot, self.leads, self.trees

    @property
    def rank(self) -> float:
        """Loss plus a standard error; higher for candidates that read several series.

        Trained weights raise it by FLATTERED times their share of the forecast, and members raise it too.
        """
        loss = self.loss * (JOINT if self.joint or self.leads else 1)
        if self.name == AS_IS:
            return loss + self.doubt
        return loss * (1 + FLATTERED * (1 - self.zero_shot)) / (CLEARLY if self.members else 1) + self.doubt

    def to_mapping(self) -> dict[str, Any]:
        about: dict[str, Any] = {"candidate": self.title, "model": self.name}
        about |= {"members": list(self.members), "covariates": self.covariates, "zero_shot": self.zero_shot, "leads": self.leads}
        about["trees"] = self.trees
        return {**about, "MASE": self.MASE, "scaled_quantile_loss": self.loss, "standard_error": self.doubt}

    def __str__(self) -> str:
        return f"{self.title} {self.MASE:.3f} / {self.loss:.3f}"


def judge(
    entries: Sequence[Entry],
    panel: Panel,
    origins: Origins,
    horizon: int,
    left: Callable[[], float] = lambda: math.inf,
    leads: bool = False,
    trees: Callable[[Panel], Trees | None] = lambda panel: None,
) -> list[tuple[Judged, Entry]]:
    """Score every candidate on the windows at `origins`, at most MOST and as many as `left` seconds allow, best first.

    If time is left, the best one and zero-shot are also scored as ensembles, and averages of the fine-tuned network and the
    zero-shot ensemble are scored too. Ensembles read known covariates, as they do in a forecast. If the best one reads
    covariates, the last of the list is the best forecast without them. leads: also score the default candidate and the best one
    with leading series. trees: fits trees to the rows of a panel before these windows; None if it cannot. The default candidate
    and the best one are also scored with them.
    """
    origins = origins.spread(MOST)
    now = left()
    end = now * (1 - JUDGING) if math.isfinite(now) else -math.inf  # seconds that are for later
    if math.isfinite(now):
        origins = origins.spread(_affordable(entries, panel, origins, horizon, now - end, leads))
    contest = _Contest(
        ValidationWindows(panel, origins, horizon), {entry.name: entry for entry in entries}, bool(panel.schema.known_features)
    )
    for entry in entries:
        contest.add(replace(entry, members=()))
    found = contest.ranked()
    if left() <= end:
        return found
    # where known covariates are declared, every network of the target alone gets an ensemble that reads them
    chosen = [entry for entry in entries if entry.members or (contest.known and entry.target_only)]
    ready = {entry.name: entry for entry in (*reversed(chosen), found[0][1])}  # the unchanged one first
    for entry in ready.values():
        contest.add(replace(entry, members=DEFAULT))
        if left() <= end:
            break
    for entry in entries:
        if entry.name in (TUNED, TUNED + JOINTLY):
            contest.add_averages(entry)
    if leads and left() > end:
        contest.add_leads()
    if left() > end and (fitted := trees(panel)) is not None:
        contest.add_trees(fitted)
    found = contest.ranked()
    best = found[0][1]
    if best.reads(panel.schema) and left() > end:
        bare = panel.without_covariates()
        fitted = None if best.trees is None else trees(bare)
        if (fitted is None) == (best.trees is None):
            found.append(contest.without_covariates(best, bare, fitted))
    return found


class _Contest:
    """Candidates on the same validation windows. known: True if the panel has known covariates."""

    def __init__(self, windows: ValidationWindows, entries: dict[str, Entry], known: bool) -> None:
        self.windows, self.entries, self.known = windows, entries, known
        self.scored: list[_Scored] = []

    def add(self, entry: Entry) -> None:
        """Score a candidate with its members, its share of zero-shot and the leads, if any."""
        self._keep(entry, self.windows.forecast(self._forecaster(entry)))

    def add_averages(self, entry: Entry) -> None:
        """Score averages of a network alone and the zero-shot ensemble, if both have been scored."""
        alone, zero_shot = self._find(entry.name), self._find(AS_IS, DEFAULT)
        if alone is not None and zero_shot is not None:
            for share in SHARES:
                values = (1 - share) * alone.values + share * zero_shot.values
                self._keep(replace(entry, members=(), zero_shot=share), values)

    def add_leads(self) -> None:
        """Score the default candidate, and the best candidate so far that reads each series alone, with leads."""
        best, usual = [entry for _, entry in self.ranked() if not entry.joint][:1], self._usual()
        for entry in dict.fromkeys([*best, *(() if usual is None else (usual.entry,))]):
            self.add(replace(entry, leads=True))

    def add_trees(self, trees: Trees) -> None:
        """Score the default candidate, and the best one so far, with the trees at each of TREE_SHARES."""
        median = self.windows.forecast(trees)[..., 0]
        best = next((self._find(*one.setup) for one, _ in self.ranked() if not one.leads), None)
        for one in dict.fromkeys(found for found in (best, self._usual()) if found is not None):
            for share in TREE_SHARES:
                self._keep(*self._corrected(replace(one.entry, trees=trees, tree_share=share), one.values, median))

    def _corrected(self, entry: Entry, values: np.ndarray, median: np.ndarray) -> tuple[Entry, np.ndarray]:
        """Return a candidate with its width, and its forecasts, from those without trees. Widths shrink as the errors do."""
        moved = corrected(values, median, entry.tree_share, 1.0)
        before, after = self.windows.score(values)[0], self.windows.score(moved)[0]
        width = min(1.0, after / before) if before > 0 else 1.0
        return replace(entry, tree_width=width), corrected(values, median, entry.tree_share, width)

    def without_covariates(self, best: Entry, bare: Panel, trees: Trees | None) -> tuple[Judged, Entry]:
        """Return the forecast with the lowest loss among those without covariates: `best` with them hidden, and zero-shot.

        A network that was trained with covariates may do worse without them than one trained without: zero-shot stands in for
        the latter. bare: the panel without covariates. trees: fitted to it, if `best` has trees, for both.
        """
        median = None
        if trees is not None:
            median = ValidationWindows(bare, self.windows.origins, self.windows.horizon).forecast(trees)[..., 0]
        found = []
        for entry, values in self._hidden(replace(best, trees=None, tree_share=0.0)):
            if median is not None:
                entry, values = self._corrected(replace(entry, trees=trees, tree_share=best.tree_share), values, median)
            found.append((replace(self._judged(entry, values), covariates=False, hidden=True, doubt=math.nan), entry))
        return min(found, key=lambda pair: pair[0].loss)

    def _hidden(self, entry: Entry) -> list[tuple[Entry, np.ndarray]]:
        """Return a candidate without trees, and zero-shot to replace it, with their forecasts when covariates are hidden."""

        def forecast(one: Entry) -> np.ndarray:
            return self.windows.forecast(self._forecaster(one, hidden=True))

        zero_shot = replace(self.entries[AS_IS], members=DEFAULT, leads=entry.leads)
        scored = None if self.known else self._find(AS_IS, DEFAULT, leads=entry.leads)  # zero-shot reads known covariates only
        its = forecast(zero_shot) if scored is None else scored.values
        if entry.name == AS_IS:
            return [(zero_shot, its)]
        if entry.leads or not entry.zero_shot:
            return [(entry, forecast(entry)), (zero_shot, its)]
        average = (1 - entry.zero_shot) * forecast(replace(entry, zero_shot=0.0)) + entry.zero_shot * its
        return [(entry, average), (zero_shot, its)]

    def ranked(self) -> list[tuple[Judged, Entry]]:
        """Return all candidates scored so far, best first.

        The network of zero-shot without its members only stands for zero-shot until that was scored; then it comes last.
        """
        done = self._find(AS_IS, DEFAULT) is not None
        found = [(self._doubted(one), one.entry) for one in self.scored]
        return sorted(found, key=lambda pair: (done and pair[0].setup == (AS_IS, (), 0.0, False, 0.0), pair[0].rank))

    def _doubted(self, one: _Scored) -> Judged:
        """Return scores with the standard error of the difference from the default candidate."""
        usual = self._usual(one.entry.leads)
        return one.judged if usual is None else replace(one.judged, doubt=self.windows.standard_error(one.values, usual.values))

    def _usual(self, leads: bool = False) -> _Scored | None:
        """Return the default candidate among the candidates with leads, or without: an average of fine-tuned and zero-shot.

        It has the least risk, because errors of two models cancel in part. If time was too short to score it, or to
        fine-tune, zero-shot is the default.
        """
        setups = [(TUNED, (), USUAL, leads), (AS_IS, DEFAULT, 0.0, leads), (AS_IS, (), 0.0, leads)]
        tuned = self.entries.get(TUNED)
        if tuned is not None and tuned.fitted.stopped == "time" and tuned.fitted.steps < LEAST * tuned.train.steps:
            setups = setups[1:]
        return next((found for setup in setups if (found := self._find(*setup)) is not None), None)

    def _keep(self, entry: Entry, values: np.ndarray) -> None:
        self.scored.append(_Scored(self._judged(entry, values), entry, values))

    def _judged(self, entry: Entry, values: np.ndarray) -> Judged:
        return Judged(
            entry.name,
            entry.members,
            *self.windows.score(values),
            bool(entry.reads(self.windows.panel.schema)),
            entry.zero_shot,
            joint=entry.joint,
            leads=entry.leads,
            trees=entry.tree_share,
        )

    def _find(
        self, name: str, members: tuple[str, ...] = (), zero_shot: float = 0.0, leads: bool = False, trees: float = 0.0
    ) -> _Scored | None:
        """Return the candidate with this setup; None if it was not scored."""
        wanted: Setup = name, members, zero_shot, leads, trees
        return next((one for one in self.scored if one.judged.setup == wanted), None)

    def _forecaster(self, entry: Entry, hidden: bool = False) -> Forecaster:
        """Return the forecaster of a candidate as it will be loaded. hidden: True to hide covariates from all but its trees."""
        panel, horizon = self.windows.panel, self.windows.horizon
        network: Forecaster = forecaster_of(entry, panel, horizon)
        if hidden and not entry.target_only:
            network = HiddenCovariates(network)
        # an ensemble finds calendar events too, as it will in a forecast
        regress = not hidden and self.known and bool(entry.members) and entry.target_only
        made = with_covariates(combine(network, entry.members), known=regress)
        if entry.zero_shot:
            made = WeightedAverage(made, self._forecaster(self.entries[AS_IS], hidden), entry.zero_shot)
        if entry.trees is not None:
            made = TreeCorrection(made, entry.trees, entry.tree_share, entry.tree_width)
        return with_joint(made, panel, horizon) if entry.leads else made


@dataclass(frozen=True, eq=False)
class _Scored:
    """A candidate, its scores, and its forecasts (N, H, Q) of the validation windows."""

    judged: Judged
    entry: Entry
    values: np.ndarray


def _affordable(entries: Sequence[Entry], panel: Panel, origins: Origins, horizon: int, seconds: float, leads: bool) -> int:
    """Return how many windows can be scored in `seconds`, estimated from the time of an ensemble for PROBE of them."""
    few = origins.spread(PROBE)
    began = time.monotonic()
    ValidationWindows(panel, few, horizon).forecast(with_covariates(combine(forecaster_of(entries[-1], panel, horizon), DEFAULT)))
    one = (time.monotonic() - began) / len(few)
    ensembles = len(entries) + bool(panel.schema.known_features) + (2 * LED if leads else 0)
    return max(FEWEST, int((seconds - one * len(few)) / max(one * ensembles, 1e-9)))


def forecaster_of(entry: Entry, panel: Panel, horizon: int) -> Forecaster:
    """Return a forecaster of the candidate's network alone, before it is saved."""
    from tsattn.model import runtime

    network = entry.network
    about = (entry.name, panel.freq.alias, horizon, network.spec.quantiles, network.spec.widths, Schema())
    return runtime.of_network(network, Card(*about, network.config, entry.train, entry.fitted))
