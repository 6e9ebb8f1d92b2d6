"""Refit a saved model before each cutoff of a backtest: its network and its trees, on the rows before that cutoff only.

The settings that `tsattn train` chose stay as saved: the architecture and the schedule, the ensemble members, and the shares of
zero-shot and of the trees.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tsattn.config import HierarchyConfig
from tsattn.data.panel import Panel
from tsattn.errors import ConfigError
from tsattn.events import Listener
from tsattn.forecasting.frame import Forecaster
from tsattn.model.card import ANY_FREQ, UNCHANGED, Card, Fitted
from tsattn.workflows.candidates import TUNED
from tsattn.workflows.find_model import ModelAndData
from tsattn.workflows.loaded_model import with_leads, with_members
from tsattn.workspace import shipped

if TYPE_CHECKING:
    from tsattn.forecasting.trees.tree_correction import Trees
    from tsattn.nn.network import Network
    from tsattn.training.run_options import Progress, RunOptions

PHASE = "refitting"  # as progress shows it


def check_refit(chosen: Sequence[ModelAndData], members: str | Sequence[str] | None, hierarchy: HierarchyConfig) -> None:
    """Raise ConfigError if the first model cannot be refitted or has nothing to refit. members: as given by the user."""
    from tsattn.forecasting.trees.gradient_boosting import unavailable

    if not chosen or chosen[0].card.freq == ANY_FREQ:
        raise ConfigError("--refit needs a model trained on your data", "train one: tsattn train DATA")
    if hierarchy.asked:
        raise ConfigError("--refit and sums of series exclude each other", "remove --refit")
    first, trees = chosen[0], reads_trees(chosen[0].card, members)
    if first.card.start == UNCHANGED and not trees:
        raise ConfigError(f"--refit has nothing to refit: the network of {first.ref} is the zero-shot model", "remove --refit")
    if first.card.start == TUNED and shipped() is None:
        raise ConfigError(f"--refit: {first.ref} was fine-tuned from the zero-shot model, which is missing", "remove --refit")
    why = unavailable() if trees else ""
    if why:
        raise ConfigError(f"--refit cannot fit the trees of {first.ref}: {why}", "or remove --refit")


def reads_trees(card: Card, members: str | Sequence[str] | None) -> bool:
    """Return True if the model was saved with trees that correct its forecasts, and no `members` are named."""
    return bool(card.trees) and members is None


class Refit:
    """Function from the panel as of a cutoff to the refitted model."""

    def __init__(
        self,
        choice: ModelAndData,
        name: str,
        panel: Panel,
        horizon: int,
        listener: Listener,
        members: str | Sequence[str] | None = None,
        leads: bool = True,
    ) -> None:
        """Refit the model `choice`, which is scored as `name`.

        panel: all rows, for the leading series, which are also read up to each cutoff only. members: as given by the user.
        leads: False to leave out leading series, which `--joint` scores separately.
        """
        self.folder, card = choice.ref.path, choice.card
        self.card = card if leads else dataclasses.replace(card, leads=False)
        self.name, self.panel, self.horizon, self.listener = f"{name} (refitted)", panel, horizon, listener
        self.members, self.trains, self.boosts = members, card.start != UNCHANGED, reads_trees(card, members)
        self.cutoffs = self.without_trees = 0

    @property
    def note(self) -> str:
        """Note on the parts that are refitted."""
        parts = ["the network"] * self.trains + ["the trees"] * self.boosts
        return f"{self.name}: {' and '.join(parts)} refitted on the rows before each cutoff; the rest is unchanged"

    @property
    def late_notes(self) -> tuple[str, ...]:
        """Note on the cutoffs at which no trees could be fitted, if any."""
        if not self.without_trees:
            return ()
        return (f"{self.name}: no trees at {self.without_trees} of {self.cutoffs} cutoffs: too few earlier rows",)

    def __call__(self, before: Panel) -> Forecaster:
        """Refit the model to a panel that ends at a cutoff. Raises KeyboardInterrupt after Ctrl-C."""
        from tsattn.model import runtime

        self.cutoffs += 1
        forecaster = runtime.of_network(self._network(before), self.card, self._trees(before) if self.boosts else None)
        made = with_leads(self.card, with_members(self.card, forecaster, self.members), self.members, self.panel, self.horizon)
        made.name = self.name  # type: ignore[misc]
        return made

    def _trees(self, before: Panel) -> Trees | None:
        from tsattn.training import boosting

        trees = boosting.fit(before, self.card.horizon, self.card.train.seed)
        self.without_trees += trees is None
        return trees

    def _network(self, before: Panel) -> Network:
        """Train a network from the weights that the saved one started from; return the saved one if it is zero-shot unchanged."""
        from tsattn.model.artifact import load_network
        from tsattn.training.run_options import RunOptions

        if not self.trains:
            return load_network(self.folder)[0]
        ref, horizon = shipped() if self.card.start == TUNED else None, min(self.card.horizon, self.card.model.most_at_once)
        start = None if ref is None else load_network(ref.path)[0]
        with tempfile.TemporaryDirectory(prefix="tsattn-refit-") as folder:
            return self._trained(before, RunOptions(Path(folder), on_progress=self._report, start=start, horizon=horizon))

    def _trained(self, before: Panel, options: RunOptions) -> Network:
        """Train as `tsattn train` does: a joint network on single series first, then only its attention across series."""
        from tsattn.training.fit import choose_weights, fit

        card = self.card
        train = dataclasses.replace(card.train, devices=1, nodes=1)  # further processes would each repeat the whole backtest
        if card.model.across:
            single, alone = dataclasses.replace(card.model, across=0), dataclasses.replace(train, only="")
            start, fitted = choose_weights(before, single, alone, options)
            _check_finished(fitted)
            options = dataclasses.replace(options, state=Path(options.state) / "joint", start=start)
        network, fitted = fit(before, card.model, train, options)
        _check_finished(fitted)
        return network

    def _report(self, now: Progress) -> None:
        self.listener.progress(dataclasses.replace(now, phase=PHASE))


def _check_finished(fitted: Fitted) -> None:
    """Raise KeyboardInterrupt after Ctrl-C."""
    if fitted.stopped == "interrupted":
        raise KeyboardInterrupt
