"""The backtest verb: models and baselines on the same rolling origins, and what their scores mean."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tsattn.config import BacktestConfig, ReadOptions
from tsattn.data.panel import Panel
from tsattn.data.reading.read import read
from tsattn.errors import ConfigError
from tsattn.events import Listener
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines import baseline
from tsattn.forecasting.frame import Forecaster
from tsattn.model.card import ANY_FREQ
from tsattn.workflows.find_model import Choice, choose
from tsattn.workflows.loaded_model import horizon_for, with_members
from tsattn.workflows.results import Backtested
from tsattn.workflows.verdict import usual_baselines, verdict
from tsattn.workspace import Workspace, shipped

WINDOWS = 5  # origins of each item, when nobody says


def run(
    data: Any,
    model: str | Path | Sequence[str | Path] | None,
    config: BacktestConfig | None,
    members: str | Sequence[str] | None,
    workspace: Workspace,
    options: ReadOptions,
    output: str | Path | None,
    listener: Listener,
) -> Backtested:
    """Backtest; see tsattn.api.backtest."""
    from tsattn.data.sinks import checked_suffix, write_table

    path = None if output is None else checked_suffix(output, data=data)
    wanted = [model] if isinstance(model, (str, Path)) else list(model or ())
    given = config or BacktestConfig()
    others = [baseline(name) for name in given.baselines]  # an unknown name is told before anything is read
    chosen = _chosen(data, wanted, workspace, options, listener)
    if chosen:
        panel, report = chosen[0].panel, chosen[0].report
    else:
        panel, report = read(data, options)
        listener.report(report)
        listener.note("there is no model in the workspace: only the baselines are scored")
    settings, notes = _settings(config, chosen, panel)
    for note in notes:
        listener.note(note)
    if given.baselines == BacktestConfig().baselines:
        others = [baseline(name) for name in usual_baselines(panel, given.baselines)]
    forecasters = _forecasters(chosen, members)
    if settings.refit and (not chosen or chosen[0].card.freq == ANY_FREQ):
        raise ConfigError("--refit needs a model whose settings it trains with", "train one first: tsattn train DATA")
    scores = backtest(
        [*forecasters, *others],
        panel,
        horizon=settings.horizon or panel.freq.default_horizon,
        windows=settings.windows or WINDOWS,
        step=settings.step,
        refit=_refit(chosen[0], listener) if settings.refit else None,
    )
    if path is not None:
        write_table(scores.to_arrow(), path)
    names = [name for name in scores.models if name not in {other.name for other in others}]
    verdicts = tuple(verdict(scores.table(), name)[0] for name in names)
    return Backtested(scores, report, verdicts, path, (*(n for c in chosen for n in c.notes), *notes))


def _chosen(data: Any, wanted: list[Any], workspace: Workspace, options: ReadOptions, listener: Listener) -> list[Choice]:
    if wanted:
        first = choose(data, wanted[0], workspace, options, listener)
        # the others score the very same panel
        return [first, *(_same_panel(first, workspace, name) for name in wanted[1:])]
    if not workspace.models() and shipped() is None:
        return []
    return [choose(data, None, workspace, options, listener)]


def _same_panel(first: Choice, workspace: Workspace, name: str | Path) -> Choice:
    from tsattn.model.card import read_card
    from tsattn.workflows.loaded_model import check_fits

    ref = workspace.find(name)
    card = read_card(ref.path)
    check_fits(card, first.panel, str(ref))
    return Choice(ref, card, first.panel, first.report)


def _forecasters(chosen: list[Choice], members: str | Sequence[str] | None) -> list[Forecaster]:
    from tsattn.model import runtime

    loaded = [runtime.load(choice.ref.path) for choice in chosen]
    if len({forecaster.name for forecaster in loaded}) < len(loaded):  # two versions of one model must be told apart
        for choice, forecaster in zip(chosen, loaded, strict=True):
            forecaster.name = str(choice.ref)
    return [with_members(choice.card, forecaster, members) for choice, forecaster in zip(chosen, loaded, strict=True)]


def _settings(config: BacktestConfig | None, chosen: list[Choice], panel: Panel) -> tuple[BacktestConfig, tuple[str, ...]]:
    """Fill in the horizon and the windows, and warn when the windows reach into what a model was trained on."""
    from tsattn.workflows.train import fingerprint

    settings = config or BacktestConfig()
    if settings.horizon is None:
        settings = dataclasses.replace(
            settings, horizon=horizon_for(chosen[0].card, panel) if chosen else panel.freq.default_horizon
        )
    horizon = settings.horizon or 1
    own = [c for c in chosen if c.card.source.get("fingerprint") == fingerprint(panel)]
    if not own:
        return settings, ()
    test = own[0].card.source["test"]
    held = int(test["windows"]) * int(test["horizon"])
    if settings.windows is None and settings.step is None and not settings.refit and held >= horizon:
        settings = dataclasses.replace(settings, windows=held // horizon)
        return settings, ("the windows are those that were held back when the model was trained",)
    reach = horizon + (settings.step or horizon) * ((settings.windows or WINDOWS) - 1)
    if reach > held:
        return settings, (
            f"{own[0].ref} was trained on rows that these windows forecast ({reach:,} steps back, {held:,} were held back): "
            "its scores flatter it; use --refit, or fewer windows",
        )
    return settings, ()


def _refit(choice: Choice, listener: Listener) -> Callable[[Panel], Forecaster]:
    """Train the model's network anew, with its own settings, on the panel as it was known at a cutoff."""

    from tsattn.model import runtime
    from tsattn.training.fit import fit
    from tsattn.training.run_options import RunOptions

    # helpers would each repeat the whole backtest
    settings = dataclasses.replace(choice.card.train, devices=1, nodes=1)

    def train(panel: Panel) -> Forecaster:
        with tempfile.TemporaryDirectory(prefix="tsattn-refit-") as folder:
            network, fitted = fit(
                panel, choice.card.model, settings, RunOptions(state=Path(folder), on_progress=listener.progress)
            )
            if fitted.stopped == "interrupted":
                raise KeyboardInterrupt
        forecaster = runtime.of_network(network, choice.card)
        forecaster.name = f"{choice.card.name} (refitted)"
        return forecaster

    return train
