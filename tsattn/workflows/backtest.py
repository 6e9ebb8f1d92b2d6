"""Backtest: score models and baselines on the same rolling origins."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.config import NO_SUMS, BacktestConfig, HierarchyConfig, ReadOptions
from tsattn.data.as_of import parse_moment
from tsattn.data.cleaning.prepare import Cleaning
from tsattn.data.names import listed
from tsattn.data.panel import Panel
from tsattn.data.reading.read import read
from tsattn.data.windows import Origins, rolling_origins
from tsattn.errors import ConfigError
from tsattn.events import Listener
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines import baseline
from tsattn.forecasting.conformal import conformal
from tsattn.forecasting.ensemble.ensemble import Ensemble, Mover
from tsattn.forecasting.frame import DEFAULT_QUANTILES, Forecaster
from tsattn.forecasting.hierarchy.replay import Replay
from tsattn.forecasting.metrics import METRICS
from tsattn.forecasting.scores import SKILLS, Backtest
from tsattn.workflows.arguments import check_positive
from tsattn.workflows.backtest_forecasts import BacktestForecasts, origins_at
from tsattn.workflows.cleaning_notes import findings, notes_on_windows
from tsattn.workflows.find_model import ModelAndData, choose
from tsattn.workflows.forecast import positions
from tsattn.workflows.joint import joint_effects, joint_notes, joint_verdicts, with_and_without
from tsattn.workflows.loaded_model import check_horizon, ensemble_notes, horizon_for, with_leads, with_members
from tsattn.workflows.refit import Refit, check_refit
from tsattn.workflows.results import Backtested
from tsattn.workflows.scoring_progress import Scoring
from tsattn.workflows.sums import Summed, level_scores, replayed, with_levels, with_sums
from tsattn.workflows.training_data import REFITTED, trained_to, window_warning
from tsattn.workflows.verdict import usual_baselines, verdict
from tsattn.workspace import Workspace, shipped

if TYPE_CHECKING:
    import pyarrow as pa

WINDOWS = 5  # default number of windows of each series


@dataclass(frozen=True)
class Extras:
    """More forecasters to score, and files to write; see tsattn.backtest."""

    leaderboard: bool = False
    conformal: bool = False
    output: str | Path | None = None
    scores: str | Path | None = None
    plot: str | Path | None = None
    hierarchy: HierarchyConfig = NO_SUMS
    joint: bool = False
    series: tuple[str, ...] = ()


def run(
    data: Any,
    model: str | Path | Sequence[str | Path] | None,
    config: BacktestConfig | None,
    members: str | Sequence[str] | None,
    workspace: Workspace,
    options: ReadOptions,
    extras: Extras,
    listener: Listener,
) -> Backtested:
    """Backtest; see tsattn.backtest."""
    path, scores_path, picture = _checked_files(extras, data)
    wanted = [model] if isinstance(model, (str, Path)) else list(model or ())
    given = _checked(config or BacktestConfig())
    others = [baseline(name) for name in given.baselines]  # an unknown name is an error before anything is read
    options = extras.hierarchy.reading(options)
    with extras.hierarchy.naming_its_columns():
        chosen = _chosen(data, wanted, workspace, options, listener)
    if chosen:
        panel, report = chosen[0].panel, chosen[0].report
    else:
        panel, report = read(data, options)
        listener.report(report)
        listener.note("no model in the workspace: scoring the baselines only")
    own, foreign = _by_training_data(chosen, panel)
    settings, notes = _settings(given, chosen, own, panel)
    notes = (*notes, *_later_training(settings, chosen, foreign, panel))
    if given.baselines == BacktestConfig().baselines:
        others = [baseline(name) for name in usual_baselines(panel, given.baselines)]
    if settings.refit:
        check_refit(chosen, members, extras.hierarchy)
    summed = with_sums(panel, extras.hierarchy)
    panel = panel if summed is None else summed.panel
    items = positions(extras.series, panel, report.left_out) if extras.series else None
    forecasters = _forecasters(chosen, members)
    horizon, levels = settings.horizon or panel.freq.default_horizon, settings.quantiles or DEFAULT_QUANTILES
    parts = leaderboard(forecasters, others) if extras.leaderboard else []
    if not extras.joint:  # which scores every model with and without leads
        models = zip(chosen, forecasters, strict=True)
        forecasters = [with_leads(choice.card, forecaster, members, panel, horizon) for choice, forecaster in models]
    if extras.conformal:
        forecasters += [conformal(forecaster, settings.quantiles or None) for forecaster in forecasters]
    scored, after, more = _across(forecasters, panel, summed, extras, horizon, levels)
    refitted = chosen[:1] if settings.refit else []
    refit = next((Refit(one, scored[0].name, panel, horizon, listener, members, not extras.joint) for one in refitted), None)
    notes = (*notes, *more, *(unscored(forecasters, panel) if extras.leaderboard else ()), *((refit.note,) if refit else ()))
    for note in notes:
        listener.note(note)
    cleaned: list[tuple[Origins, Cleaning]] = []
    kept = BacktestForecasts(panel, levels) if path is not None or picture is not None else None
    scores = backtest(
        [*scored, *others, *parts],
        panel,
        horizon=horizon,
        windows=settings.windows or WINDOWS,
        step=settings.step,
        quantiles=levels,
        refit=refit,
        on_progress=Scoring(listener, len(scored) + len(others) + len(parts) + settings.refit),
        on_windows=None if kept is None else kept.add,
        on_cleaning=lambda origins, record: cleaned.append((origins, record)),
        origins=origins_at(panel, settings.cutoffs, horizon, items) if settings.cutoffs else None,
        items=items,
    )
    scores, idle = _without_idle(scores, parts)
    histories = (*_on_histories(cleaned, scored, panel), *(refit.late_notes if refit else ()))
    rows = None if kept is None or path is None else with_levels(kept.table(scores.models), summed)
    written = _write(scores, kept, rows, path, scores_path, picture)
    verdicts = _verdicts(scores, others, parts)
    weights = tuple(note for forecaster in forecasters for note in ensemble_notes(forecaster)) if extras.leaderboard else ()
    for note in (*histories, *idle, *weights):
        listener.note(note)
    notes = (*(n for c in chosen for n in c.notes), *notes, *histories, *idle, *weights)
    by_level = () if summed is None else level_scores(summed, scores, after)
    return Backtested(scores, report, verdicts, path or scores_path, notes, written, settings.metrics, by_level)


def _on_histories(cleaned: list[tuple[Origins, Cleaning]], scored: Sequence[Forecaster], panel: Panel) -> tuple[str, ...]:
    """Return notes on what cleaning did to the histories of windows, those of replayed forecasts of sums too."""
    bases = dict.fromkeys(one.base for one in scored if isinstance(one, Replay))
    cleaned = [*cleaned, *(part for base in bases for part in base.cleaned)]
    if not cleaned:
        return ()
    origins = Origins(*(np.concatenate([getattr(part, name) for part, _ in cleaned]) for name in ("item", "row")))
    ends = np.cumsum([len(part) for part, _ in cleaned]).tolist()
    rows = [np.arange(end - len(part), end) for end, (part, _) in zip(ends, cleaned, strict=True)]
    record = Cleaning.concat([found for _, found in cleaned], rows)
    return notes_on_windows(findings(record, origins, panel, named=len(panel) > 1))


def _without_idle(scores: Backtest, parts: Sequence[Forecaster]) -> tuple[Backtest, tuple[str, ...]]:
    """Return the scores without those `parts` that have no forecast in any window, and a note; they would rank as naive."""
    idle = [part.name for part in parts if scores.naive.get(part.name) == scores.windows]
    if not idle:
        return scores, ()
    why = "the history may be too short, or of another kind than they forecast"
    return scores.without(idle), (f"left out, without a forecast in any window ({why}): {listed(idle)}",)


def _verdicts(scores: Backtest, others: Sequence[Forecaster], parts: Sequence[Forecaster]) -> tuple[str, ...]:
    """Return a sentence on each model, without `parts`, against the baselines `others`; and the gain of joint forecasts."""
    alone = {part.name for part in parts}
    names = [name for name in scores.models if name not in {other.name for other in others} | alone]
    rows = [row for row in scores.table() if row["model"] not in alone]
    return (*(verdict(rows, name)[0] for name in names), *joint_verdicts(scores))


def _across(
    forecasters: list[Forecaster],
    panel: Panel,
    summed: Summed | None,
    extras: Extras,
    horizon: int,
    levels: Sequence[float],
) -> tuple[list[Forecaster], dict[str, str], tuple[str, ...]]:
    """The forecasters to score, with joint and reconciled ones; the names of the latter by those before; and notes."""
    notes: tuple[str, ...] = () if summed is None else summed.notes
    if extras.joint and forecasters:
        forecasters = with_and_without(forecasters, panel, horizon)
    for found in [effects for one in forecasters if (effects := joint_effects(one)) is not None][:1]:
        notes = (*notes, *joint_notes(found))
    if summed is None:
        return forecasters, {}, notes
    scored, after = replayed(summed, forecasters, horizon, levels)
    return scored, after, notes


def _checked_files(extras: Extras, data: Any) -> tuple[Path | None, Path | None, Path | None]:
    """Return the paths of forecasts, scores and the picture. Raises ConfigError for a file that cannot be written."""
    from tsattn.data.sinks import checked_suffix
    from tsattn.render.backtest_plot import PICTURES

    wanted: tuple[tuple[str | Path | None, tuple[str, ...]], ...]
    wanted = ((extras.output, ()), (extras.scores, ()), (extras.plot, PICTURES))
    path, scores, picture = (None if file is None else checked_suffix(file, kinds, data=data) for file, kinds in wanted)
    return path, scores, picture


def _write(
    scores: Backtest,
    kept: BacktestForecasts | None,
    rows: pa.Table | None,
    path: Path | None,
    scores_path: Path | None,
    picture: Path | None,
) -> tuple[Path, ...]:
    """Write the forecasts (rows), the scores and the picture of the first model, if asked for; return their paths."""
    from tsattn.data.sinks import write_table
    from tsattn.render.backtest_plot import save_backtest_plot

    written = []
    if path is not None and rows is not None:
        written.append(write_table(rows, path))
    if scores_path is not None:
        written.append(write_table(scores.to_arrow(), scores_path))
    if picture is not None and kept is not None:
        written.append(save_backtest_plot(kept.forecast(scores.models[0]), kept.panel, picture, scores.models[0]))
    return tuple(written)


def _checked(config: BacktestConfig) -> BacktestConfig:
    """The settings, if they can be used. Raises ConfigError for unknown metrics, quantiles, times or a bad number."""
    from tsattn.forecasting.quantiles import checked_levels

    check_horizon(config.horizon)
    check_positive(windows=config.windows, step=config.step)
    known = (*METRICS, *(f"skill_{name}" for name in SKILLS))
    for name in config.metrics:
        if name not in known:
            near = difflib.get_close_matches(name.lower(), [k.lower() for k in known], 1)
            match = next((k for k in known if near and k.lower() == near[0]), None)
            raise ConfigError(
                f"unknown metric {name!r}", f"{f'did you mean {match}? ' if match else ''}metrics: {', '.join(known)}"
            )
    for text in config.cutoffs:
        parse_moment(text, "--cutoffs")
    if config.cutoffs and (config.windows or config.step):
        raise ConfigError("--cutoffs and --windows or --step exclude each other", "remove --windows and --step")
    return dataclasses.replace(config, quantiles=checked_levels(config.quantiles) if config.quantiles else ())


def _chosen(data: Any, wanted: list[Any], workspace: Workspace, options: ReadOptions, listener: Listener) -> list[ModelAndData]:
    if wanted:
        first = choose(data, wanted[0], workspace, options, listener)
        return [first, *(_same_panel(first, workspace, name) for name in wanted[1:])]
    if not workspace.models() and shipped() is None:
        return []
    return [choose(data, None, workspace, options, listener)]


def _same_panel(first: ModelAndData, workspace: Workspace, name: str | Path) -> ModelAndData:
    from tsattn.model.card import read_card
    from tsattn.workflows.loaded_model import check_fits

    ref = workspace.find(name)
    card = read_card(ref.path)
    check_fits(card, first.panel, str(ref))
    return ModelAndData(ref, card, first.panel, first.report)


def _forecasters(chosen: list[ModelAndData], members: str | Sequence[str] | None) -> list[Forecaster]:
    from tsattn.model import runtime

    loaded = [runtime.load(choice.ref.path) for choice in chosen]
    if len({forecaster.name for forecaster in loaded}) < len(loaded):  # two versions of one model need two names
        for choice, forecaster in zip(chosen, loaded, strict=True):
            forecaster.name = str(choice.ref)
    return [with_members(choice.card, forecaster, members) for choice, forecaster in zip(chosen, loaded, strict=True)]


def leaderboard(forecasters: Sequence[Forecaster], others: Sequence[Forecaster]) -> list[Forecaster]:
    """Return the network and members of each ensemble as separate forecasters, without those that are scored anyway."""
    made: dict[str, Forecaster] = {}
    for forecaster in forecasters:
        found = getattr(forecaster, "forecaster", forecaster)
        if isinstance(found, Ensemble):
            # see `unscored`
            parts = [found.network, *(one for one in found.members if not isinstance(one, Mover))]
            made |= {part.name: part for part in parts}
    taken = {one.name for one in (*forecasters, *others)}
    return [part for name, part in made.items() if name not in taken]


def unscored(forecasters: Sequence[Forecaster], panel: Panel) -> tuple[str, ...]:
    """Return a note on the members that take part in forecasts of a panel, but have no forecast to score."""
    ensembles = [found for one in forecasters if isinstance(found := getattr(one, "forecaster", one), Ensemble)]
    longest, has_season = int(panel.lengths.max(initial=0)), bool(panel.freq.season_lengths)
    movers = [one for found in ensembles for one in found.members if isinstance(one, Mover)]
    names = list(dict.fromkeys(one.name for one in movers if one.takes_part(longest, has_season)))
    if not names:
        return ()
    what = "moves the network's forecast and has no forecast of its own"
    if len(names) > 1:
        what = "move the network's forecast and have no forecasts of their own"
    return (f"not scored: {' and '.join(names)}, which {what}",)


def _by_training_data(chosen: list[ModelAndData], panel: Panel) -> tuple[list[ModelAndData], list[ModelAndData]]:
    """Return the models that were trained on exactly these data, and the others."""
    from tsattn.workflows.train import fingerprint

    own: list[ModelAndData] = []
    foreign: list[ModelAndData] = []
    mark = fingerprint(panel) if chosen else ""
    for one in chosen:
        (own if one.card.source.get("fingerprint") == mark else foreign).append(one)
    return own, foreign


def _settings(
    settings: BacktestConfig, chosen: list[ModelAndData], own: list[ModelAndData], panel: Panel
) -> tuple[BacktestConfig, tuple[str, ...]]:
    """Fill in the horizon and the windows, and warn when the windows overlap the training rows of a model in `own`."""
    if settings.horizon is None:
        settings = dataclasses.replace(
            settings, horizon=horizon_for(chosen[0].card, panel) if chosen else panel.freq.default_horizon
        )
    horizon = settings.horizon or 1
    # an explicit step keeps the local time of day of the cutoffs when the clock changes; held-back windows have none to keep
    stepped = settings if settings.step is not None else dataclasses.replace(settings, step=horizon)
    if not own:
        return stepped, ()
    test = own[0].card.source["test"]
    held = int(test["windows"]) * int(test["horizon"])
    plain = settings.windows is None and settings.step is None and not settings.refit and not settings.cutoffs
    if plain and held >= horizon:
        settings = dataclasses.replace(settings, windows=held // horizon)
        return settings, ("windows: the test windows that were held back when the model was trained",)
    origins = _origins(stepped, panel, horizon)
    reach = int((panel.origin[origins.item] - origins.row).max(initial=0))
    fitted = next((one for one in own if one.card.has_seen_data), None)
    if reach > held and fitted is not None:
        refitted = settings.refit and fitted is chosen[0]
        advice = REFITTED if refitted else "use --refit or fewer windows"
        return stepped, (
            f"warning: {fitted.ref} was trained on rows of these windows ({reach:,} steps back, but only {held:,} were held "
            f"back): its scores are too good; {advice}",
        )
    return stepped, ()


def _later_training(
    settings: BacktestConfig, chosen: list[ModelAndData], foreign: list[ModelAndData], panel: Panel
) -> tuple[str, ...]:
    """Warn of models of other data that were trained on rows after a cutoff; of models of the same data, `_settings` does."""
    dated = [one for one in foreign if trained_to(one.card) is not None]
    if not dated:
        return ()
    origins = _origins(settings, panel, settings.horizon or panel.freq.default_horizon)
    first = chosen[0] if settings.refit else None
    return tuple(line for one in dated for line in window_warning(one.card, str(one.ref), origins, panel, refitted=one is first))


def _origins(settings: BacktestConfig, panel: Panel, horizon: int) -> Origins:
    """Return the windows that the settings ask for."""
    if settings.cutoffs:
        return origins_at(panel, settings.cutoffs, horizon)
    return rolling_origins(panel, horizon, settings.windows or WINDOWS, settings.step)
