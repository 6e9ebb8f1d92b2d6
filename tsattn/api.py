"""The verbs as Python, from ingest to load. Each returns a frozen result and prints nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsattn.config import BacktestConfig, ReadOptions
from tsattn.errors import ArtifactError, DataError
from tsattn.events import Listener
from tsattn.workflows.results import Backtested, Drawn, Forecasted, Ingested, Listed, Pretrained, Trained, plain
from tsattn.workspace import Workspace

if TYPE_CHECKING:
    from tsattn.data.panel import Panel
    from tsattn.data.report import ReadReport
    from tsattn.workflows.describe import Assembled, Described
    from tsattn.workflows.explain import Explained
    from tsattn.workflows.loaded_model import Model
    from tsattn.workflows.tune import Tuned

Place = str | Path | None


def ingest(data: Any, *, read: ReadOptions = ReadOptions(), output: Place = None, listener: Listener = Listener()) -> Ingested:
    """Read data into a Panel and say what was found; write it to `output` (.parquet) when given.

    Raises DataError or ConfigError that names the file, the line, the column and the option that settles it.
    """
    from tsattn.data.sinks import checked_suffix
    from tsattn.data.store import save_panel

    path = None if output is None else checked_suffix(output, (".parquet",), data=data)
    panel, report = _read(data, read, listener)
    if path is not None:
        save_panel(panel, path)
    return Ingested(panel, report, path)


def train(
    data: Any,
    *,
    horizon: int | None = None,
    name: str | None = None,
    workspace: Place = None,
    read: ReadOptions = ReadOptions(),
    model: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    test_windows: int | None = None,
    start: str = "auto",
    resume: bool = False,
    logger: str | None = None,
    profile: bool = False,
    listener: Listener = Listener(),
) -> Trained:
    """Train a model on `data`, save it as the next version of `name`, and score it on the held-back test tail.

    `model` and `training` hold fields of ModelConfig and TrainConfig, such as {"context": 512} and {"steps": 500};
    what is left out suits the data's size. `start`: "scratch", "shipped" (fine-tune the model in the package), or "auto":
    train both, judge them and the model in the package on the validation windows, keep the best. `resume` continues the
    interrupted run of this name. `profile`: add up where the time of training goes. Ctrl-C keeps the best so far. Raises
    DataError, ConfigError, and LockedError when another run trains this name.
    """
    from tsattn.workflows.train import Request, run

    if profile:
        from tsattn.training.profiler import Timeline

        listener = dataclasses.replace(listener, timeline=Timeline())
    request = Request(horizon, dict(model or {}), dict(training or {}), test_windows, read, start)
    return run(data, request, name, Workspace.at(workspace), resume=resume, logger=logger, listener=listener)


def tune(
    data: Any,
    *,
    trials: int = 20,
    max_time: float | None = None,
    horizon: int | None = None,
    name: str | None = None,
    workspace: Place = None,
    read: ReadOptions = ReadOptions(),
    model: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    test_windows: int | None = None,
    resume: bool = False,
    listener: Listener = Listener(),
) -> Tuned:
    """Search settings by rolling-origin validation before the test tail, then train, save and score as `train` does.

    `trials`: in all, those of the search that `resume` continues counted. `max_time`: seconds, the final training included.
    Fields given in `model` and `training` are not searched over. Ctrl-C ends the search and keeps its best. Raises
    ConfigError without Optuna, DataError when the series are too short to choose by.
    """
    from tsattn.workflows.train import Request
    from tsattn.workflows.tune import run

    request = Request(horizon, dict(model or {}), dict(training or {}), test_windows, read)
    place = Workspace.at(workspace)
    return run(data, request, name, place, trials=trials, max_time=max_time, resume=resume, listener=listener)


def pretrain(
    *,
    out: str | Path,
    config: Place = None,
    start: Place = None,
    resume: bool = False,
    pause: float | None = None,
    listener: Listener = Listener(),
) -> Pretrained:
    """Pre-train a model of any frequency on synthetic series alone, by the committed recipe or the one in `config`.

    start: a model folder of the recipe's architecture, or "zero-shot", whose weights are gone on from.
    After `pause` seconds the run ends with its state in `out`, which `resume` continues from. Raises ConfigError.
    """
    from tsattn.workflows.pretrain import read_recipe, run

    recipe = read_recipe(None if config is None else Path(config))
    first = None if start is None else Workspace.at(None).find(start).path
    return run(recipe, Path(out), start=first, resume=resume, pause=pause, listener=listener)


def gallery(path: str | Path, *, config: Place = None) -> Drawn:
    """Draw some series of each synthetic generator into a PNG: what pre-training learns from. Raises ConfigError."""
    from tsattn.atomic import write_atomic
    from tsattn.data.sinks import checked_suffix
    from tsattn.synthetic.gallery import gallery as draw
    from tsattn.workflows.pretrain import read_recipe

    target = checked_suffix(path, (".png",))
    recipe = read_recipe(None if config is None else Path(config))
    with write_atomic(target) as beside:
        draw(recipe.synthetic, beside, recipe.train.seed)
    return Drawn(target)


def load(
    model: Place = None, *, workspace: Place = None, engine: str = "auto", members: str | Sequence[str] | None = None
) -> Model:
    """A model by name, `name/version` or path; the newest one when none is named; "zero-shot" is the one in the package.

    `members`: simple methods to join it with, "network" for none or "all"; by default all with the zero-shot model, none
    with one trained on its data. Raises ArtifactError, and ConfigError for an unknown member.
    """
    from tsattn.workflows.find_model import opened

    place = Workspace.at(workspace)
    return opened(place.latest() if model is None else place.find(model), members, engine)


def forecast(
    data: Any = None,
    *,
    model: Place = None,
    horizon: int | None = None,
    quantiles: Sequence[float] | None = None,
    members: str | Sequence[str] | None = None,
    paths: int | None = None,
    seed: int = 0,
    workspace: Place = None,
    read: ReadOptions = ReadOptions(),
    output: Place = None,
    plot: Place = None,
    listener: Listener = Listener(),
) -> Forecasted:
    """Forecast the steps after the end of `data`; without data, of what the model was trained on, read again.

    Without `model`, the newest one of the workspace that was trained on such data, else the one in the package. `members`:
    see `load`. `paths`: also draw so many sample paths of each series, by `seed`; they are then what `output` gets.
    `output` (.csv, .parquet, .json, .jsonl) and `plot` (.png, .svg, .html) are written when given. Items without a
    forecast are in `failures`. Raises ArtifactError when there is no model, DataError when no item can be forecast or a
    known covariate is missing in the future rows.
    """
    from tsattn.data.sinks import checked_suffix, write_table
    from tsattn.forecasting.predict import predict
    from tsattn.forecasting.quantiles import checked_levels
    from tsattn.forecasting.sample_paths import predict_paths
    from tsattn.render.plots import PLOTS, save_plot
    from tsattn.workflows.find_model import choose, opened
    from tsattn.workflows.loaded_model import behind, horizon_for, joined, moved, spikes

    table = None if output is None else checked_suffix(output, data=data)
    picture = None if plot is None else checked_suffix(plot, tuple(PLOTS), data=data)
    levels = None if quantiles is None else checked_levels(quantiles)  # before the data are read, which may take long
    chosen = choose(data, model, Workspace.at(workspace), read, listener)
    forecaster = opened(chosen.ref, members).forecaster
    steps = horizon_for(chosen.card, chosen.panel) if horizon is None else horizon
    made, failures = predict(forecaster, chosen.panel, horizon=steps, quantiles=levels)
    about = (*behind(chosen.panel, steps), *spikes(chosen.panel), *moved(chosen.card, chosen.panel))
    notes = (*chosen.notes, *about, *joined(forecaster))
    for note in notes[len(chosen.notes) :]:
        listener.note(note)
    if not len(made):
        raise DataError(f"no series can be forecast: {failures[0].item_id} {failures[0].reason}")
    drawn = None if paths is None else predict_paths(forecaster, chosen.panel, horizon=steps, paths=paths, seed=seed)
    sampled, lost = drawn or (None, ())
    failures = (*failures, *(failure for failure in lost if failure not in failures))
    written = []
    if table is not None:
        written.append(write_table((made if sampled is None else sampled).to_arrow(), table))
    if picture is not None:
        written.append(save_plot(made, chosen.panel, picture))
    return Forecasted(made, failures, chosen.panel, chosen.report, chosen.ref, tuple(written), notes, sampled)


def backtest(
    data: Any,
    *,
    model: Place | Sequence[str | Path] = None,
    config: BacktestConfig | None = None,
    members: str | Sequence[str] | None = None,
    workspace: Place = None,
    read: ReadOptions = ReadOptions(),
    output: Place = None,
    listener: Listener = Listener(),
) -> Backtested:
    """Score models and baselines on rolling origins at the end of every item.

    `model`: one or several; left out, the newest of the workspace that fits, or none when there is none. Without
    `config.windows` etc. the defaults of BacktestConfig hold; on the data that the model was trained on, the windows
    default to those that were held back. `output` (.parquet, .csv, …) gets all scores in long form.
    """
    from tsattn.workflows.backtest import run

    return run(data, model, config, members, Workspace.at(workspace), read, output, listener)


def explain(
    data: Any = None,
    *,
    model: Place = None,
    item: str | None = None,
    workspace: Place = None,
    read: ReadOptions = ReadOptions(),
    plot: Place = None,
    listener: Listener = Listener(),
) -> Explained:
    """Tell what the forecast of an item (default: the first) rests on: lags, covariates, the past in blocks, its parts.

    Effects are rises of the loss on held-back windows when a part of the input is exchanged (forecasting/importance.py), of
    the named item or of all; attention is rolled out (nn/inspect.py). Data and model are found as by `forecast`. `plot`
    (.png, .svg) is written when given. Raises ConfigError for an unknown item, DataError when no window can be scored.
    """
    from tsattn.workflows.explain import run

    return run(data, model, item, Workspace.at(workspace), read, plot, listener)


def models(*, workspace: Place = None) -> Listed:
    """The models of the workspace, newest first. One that cannot be read is listed with its `error`."""
    from tsattn.model.card import read_card

    place, rows = Workspace.at(workspace), []
    for ref in reversed(place.models()):
        row: dict[str, Any] = {"model": str(ref), "path": str(ref.path)}
        try:
            card = read_card(ref.path)
        except ArtifactError as error:
            rows.append({**row, "error": error.message})
            continue
        source = card.source
        own = next((s for s in card.scores if s.get("model") == card.scored_as), None)
        row |= {"created": card.created, "freq": card.freq, "horizon": card.horizon, "target": list(card.schema.target)}
        row |= {"items": source.get("items"), "rows": source.get("rows"), "source": source.get("source"), "scores": own}
        rows.append(plain(row))
    return Listed(place.root, tuple(rows))


def describe(model: Place = None, *, workspace: Place = None) -> Described:
    """A model's card and its network as a tree (default: the newest model). Raises ArtifactError as `load` does."""
    from tsattn.workflows.describe import describe as run

    return run(model, Workspace.at(workspace))


def assemblies() -> Assembled:
    """The kinds of network that can be trained, each with its number of parameters and a line on it."""
    from tsattn.workflows.describe import assemblies as listed

    return listed()


def rollback(name: str, *, workspace: Place = None) -> Listed:
    """Take the newest version of a model out of use, and list what is there now. Raises ArtifactError without an older one."""
    Workspace.at(workspace).withdraw(name)
    return models(workspace=workspace)


def _read(data: Any, options: ReadOptions, listener: Listener) -> tuple[Panel, ReadReport]:
    from tsattn.data.reading.read import read

    panel, report = read(data, options)
    listener.report(report)
    return panel, report
