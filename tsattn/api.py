"""The commands as functions: frozen results, nothing printed. `**reading`: fields of ReadOptions, which `read` may hold too."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from tsattn.config import ACROSS, BacktestConfig, HierarchyConfig, ReadOptions
from tsattn.events import Listener
from tsattn.workflows.arguments import ReadFields, configured, given, limited, names, places
from tsattn.workflows.results import Backtested, Drawn, Forecasted, Ingested, Listed, Pretrained, Trained
from tsattn.workspace import Workspace

if TYPE_CHECKING:
    from tsattn.workflows.describe import Assembled, Described
    from tsattn.workflows.detect import Detected
    from tsattn.workflows.explain import Explained
    from tsattn.workflows.model import Model
    from tsattn.workflows.report import Reported
    from tsattn.workflows.tune import Tuned

Place = str | Path | None


def ingest(
    data: Any,
    *,
    read: ReadOptions | Mapping[str, Any] = ReadOptions(),
    output: Place = None,
    listener: Listener = Listener(),
    **reading: Unpack[ReadFields],
) -> Ingested:
    """Read data into a Panel with a report on columns, frequency and repairs; write the panel to `output` (.parquet).

    Raises DataError or ConfigError that names the file, the line, the column and the option to set.
    """
    from tsattn.workflows.ingest import run

    data, options = given(data, read, reading, ingest)
    return run(data, options, output, listener)


def train(
    data: Any,
    *,
    max_time: float | None = None,
    horizon: int | None = None,
    name: str | None = None,
    workspace: Place = None,
    read: ReadOptions | Mapping[str, Any] = ReadOptions(),
    model: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    test_windows: int | None = None,
    start: str = "auto",
    joint: bool = False,
    resume: bool = False,
    logger: str | None = None,
    profile: bool = False,
    listener: Listener = Listener(),
    **reading: Unpack[ReadFields],
) -> Trained:
    """Train a model on `data`, save it as the next version of `name`, and score it on the held-back test windows.

    `model` and `training` hold fields of ModelConfig and TrainConfig, such as {"context": 512} and {"steps": 500}; the other
    fields are chosen by the size of the data. `max_time`: seconds for the whole run, scoring and saving included; by default no
    limit. `start`: "scratch", "shipped" (fine-tune the model in the package), or "auto":
    train both, compare them and the unchanged zero-shot model on validation windows, save the best. `joint`: the network reads
    the series together, by attention across up to 32 of them, and the saved model forecasts them together. `resume` continues an
    interrupted run of this name. `profile` measures the time of each part of a training step. Ctrl-C saves the best weights
    so far. Raises DataError, ConfigError, and LockedError when another run trains this name.
    """
    from tsattn.workflows.train import Request, run

    if profile:
        from tsattn.training.profiler import Timeline

        listener = dataclasses.replace(listener, timeline=Timeline())
    data, options = given(data, read, reading, train)
    architecture = {**({"across": ACROSS} if joint else {}), **(model or {})}
    request = Request(horizon, architecture, limited(training, max_time), test_windows, options, start)
    return run(data, request, name, Workspace.at(workspace), resume=resume, logger=logger, listener=listener)


def tune(
    data: Any,
    *,
    trials: int = 20,
    max_time: float | None = None,
    horizon: int | None = None,
    name: str | None = None,
    workspace: Place = None,
    read: ReadOptions | Mapping[str, Any] = ReadOptions(),
    model: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    test_windows: int | None = None,
    resume: bool = False,
    listener: Listener = Listener(),
    **reading: Unpack[ReadFields],
) -> Tuned:
    """Search for the best settings on rolling origins before the test windows, then train, save and score as `train` does.

    `trials`: total, including resumed ones. `max_time`: seconds, including the final training. Fields given in `model` and
    `training` are not searched. Ctrl-C ends the search and trains with the best settings. Raises ConfigError without Optuna.
    """
    from tsattn.workflows.train import Request
    from tsattn.workflows.tune import run

    data, options = given(data, read, reading, tune)
    request = Request(horizon, dict(model or {}), dict(training or {}), test_windows, options)
    return run(data, request, name, Workspace.at(workspace), trials=trials, max_time=max_time, resume=resume, listener=listener)


def pretrain(
    *,
    out: str | Path,
    config: Place = None,
    start: Place = None,
    corpus: Sequence[str | Path] = (),
    resume: bool = False,
    pause: float | None = None,
    listener: Listener = Listener(),
) -> Pretrained:
    """Pre-train a model of any frequency by the committed recipe or the one in `config`.

    start: a model folder of the recipe's architecture, or "zero-shot", whose weights the run starts from. corpus: Parquet
    files of real series (source, item_id, freq, values) to mix with the synthetic ones.
    After `pause` seconds the run ends with its state in `out`, which `resume` continues from. Raises ConfigError.
    """
    from tsattn.workflows.pretrain import read_recipe, run

    recipe = read_recipe(None if config is None else Path(config))
    first = None if start is None else Workspace.at(None).find(start).path
    return run(recipe, Path(out), start=first, corpus=[*map(Path, corpus)], resume=resume, pause=pause, listener=listener)


def gallery(path: str | Path, *, config: Place = None, corpus: Sequence[str | Path] = ()) -> Drawn:
    """Draw some series of each synthetic generator, and of each source of a corpus, into a PNG. Raises ConfigError."""
    from tsattn.workflows.pretrain import draw_gallery, read_recipe

    return draw_gallery(read_recipe(None if config is None else Path(config)), [Path(one) for one in corpus], Path(path))


def load(
    model: Place = None, *, workspace: Place = None, engine: str = "auto", members: str | Sequence[str] | None = None
) -> Model:
    """Load a model by name, `name/version` or path; by default the newest. "zero-shot" is the model in the package.

    `engine`: "auto", "onnx" or "torch". `members`: statistical methods that form an ensemble with the network: "all", some
    names, or "network" for the network alone; by default those it was saved with. Raises ArtifactError, and ConfigError for
    an unknown member.
    """
    from tsattn.model import runtime
    from tsattn.workflows.loaded_model import with_members
    from tsattn.workflows.model import Model

    place = Workspace.at(workspace)
    ref = place.latest() if model is None else place.find(model)
    forecaster = runtime.load(ref.path, engine)
    return Model(ref, forecaster.card, with_members(forecaster.card, forecaster, members), members)


def forecast(
    data: Any = None,
    *,
    model: Place = None,
    horizon: int | None = None,
    quantiles: Sequence[float] | float | None = None,
    members: str | Sequence[str] | None = None,
    future: Any = None,
    series: str | Sequence[str] = (),
    as_of: str | dt.date | None = None,
    paths: int | None = None,
    seed: int = 0,
    conformal: bool = False,
    columns: Mapping[str, str] | None = None,
    hierarchy: str | Sequence[str] = (),
    sums: str | Sequence[str] = (),
    reconcile: str = HierarchyConfig.reconcile,
    joint: bool = False,
    workspace: Place = None,
    read: ReadOptions | Mapping[str, Any] = ReadOptions(),
    output: Place = None,
    plot: Place | Sequence[str | Path] = None,
    listener: Listener = Listener(),
    **reading: Unpack[ReadFields],
) -> Forecasted:
    """Forecast the steps after the end of each series of `data`; the result's `forecast` holds the quantiles.

    data: a path, a data frame, an Arrow table or plain numbers, [y1, y2, …]; None reads the training data of the model again.
    model: a name of the workspace or a folder; by default the newest one that was trained on such data, else zero-shot.
    horizon: steps, by default the model's, or the frequency's for zero-shot. members: see `load`. future: a file or frame
    with future rows of known covariates. series: names of the series to return, draw and write; by default all.
    as_of: ignore values after this time; a bare date or month includes all of it. paths: also draw this many sample paths of
    each series, by `seed`; `output` then gets the paths. conformal: move the quantiles by the errors at hold-out origins.
    hierarchy: item columns from top to bottom, such as ["region", "shop"], or sums: formulas such as "total=a+b"; all levels
    are forecast, and reconcile ("mint", "bottom-up" or "none") makes them add up. joint: series inform each other's forecasts;
    the result's `joint` says which leads which.
    output (.csv, .parquet, .feather, .json, .jsonl) and plot (.png, .svg, .html; one or several) are files to write. `{item_id}`
    in the name of `output` makes a file for each series. columns: new names of its columns, such as {"0.5": "median"}.

    Series that cannot be forecast are in `failures`. Raises ArtifactError when there is no model, DataError when no
    series can be forecast or a known covariate is missing in the future rows, ConfigError for a wrong argument.
    """
    from tsattn.workflows.forecast import Order, run

    config = HierarchyConfig(names(hierarchy), names(sums), reconcile)
    moment = None if as_of is None else str(as_of)
    what = (model, horizon, quantiles, members, names(series), moment, paths, seed, conformal)
    order = Order(*what, output, places(plot), dict(columns or {}), config, joint)
    data, options = given(data, read, reading, forecast)
    return run(data, future, order, Workspace.at(workspace), options, listener)


def backtest(
    data: Any,
    *,
    model: Place | Sequence[str | Path] = None,
    horizon: int | None = None,
    windows: int | None = None,
    step: int | None = None,
    baselines: Sequence[str] | None = None,
    refit: bool | None = None,
    metrics: Sequence[str] | None = None,
    quantiles: Sequence[float] | float | None = None,
    cutoffs: str | dt.date | Sequence[str | dt.date] | None = None,
    config: BacktestConfig | None = None,
    members: str | Sequence[str] | None = None,
    series: str | Sequence[str] = (),
    leaderboard: bool = False,
    conformal: bool = False,
    hierarchy: str | Sequence[str] = (),
    sums: str | Sequence[str] = (),
    reconcile: str = HierarchyConfig.reconcile,
    joint: bool = False,
    workspace: Place = None,
    read: ReadOptions | Mapping[str, Any] = ReadOptions(),
    output: Place = None,
    scores: Place = None,
    plot: Place = None,
    listener: Listener = Listener(),
    **reading: Unpack[ReadFields],
) -> Backtested:
    """Score models and baselines on rolling origins at the end of every series.

    model: one or several; by default the newest of the workspace that fits the data, else zero-shot. horizon, windows,
    step, baselines, refit, metrics, quantiles and cutoffs override the fields of `config`; see BacktestConfig for their
    defaults. On the data that a model was trained on, the windows default to its held-back test windows. hierarchy, sums and
    reconcile: see `forecast`; models are scored before and after reconciliation, and `levels` holds the scores by level.
    joint: also score each model with the effect of leading series. series: names of the series to score, by default all.

    output (.parquet, .csv, …) gets every forecast beside the truth: model, item_id, cutoff, timestamp, target, quantiles.
    scores gets all scores in long form, by model, metric, series, horizon step and cutoff. plot (.png, .svg) is a picture of
    the forecasts over the observations. leaderboard: also score the network and each member of an ensemble alone.
    conformal: also score each model with conformal quantiles. cutoffs: texts, dates, datetimes or pandas timestamps.
    """
    from tsattn.workflows.backtest import Extras, run

    fields: dict[str, Any] = {"horizon": horizon, "windows": windows, "step": step, "baselines": baselines, "refit": refit}
    fields |= {"metrics": metrics, "quantiles": quantiles, "cutoffs": cutoffs}
    sums_of = HierarchyConfig(names(hierarchy), names(sums), reconcile)
    extras = Extras(leaderboard, conformal, output, scores, plot, sums_of, joint, names(series))
    data, options = given(data, read, reading, backtest)
    return run(data, model, configured(config, fields), members, Workspace.at(workspace), options, extras, listener)


def detect(
    data: Any,
    *,
    model: Place = None,
    level: float = 0.99,
    last: int | None = None,
    step: int | None = None,
    members: str | Sequence[str] | None = None,
    series: str | Sequence[str] = (),
    workspace: Place = None,
    read: ReadOptions | Mapping[str, Any] = ReadOptions(),
    output: Place = None,
    plot: Place | Sequence[str | Path] = None,
    listener: Listener = Listener(),
    **reading: Unpack[ReadFields],
) -> Detected:
    """Score every row against the forecast of an origin before it; rows outside the interval at `level` are anomalies.

    last: score the last rows of each series only, by default all but the first cycles. step: steps between origins, by
    default a quarter of the usual cycle. members: see `load`; by default the network alone, with the effects of
    known covariates that it does not read by regression. output (.csv, .parquet, .feather, .json, .jsonl) gets all scores,
    plot (.png, .svg, .html; one or several) a picture.

    Series too short to score are in `failures`. Raises DataError when no row can be scored, ConfigError for a wrong argument.
    """
    from tsattn.workflows.detect import Order, run

    order = Order(model, level, last, step, members, names(series), output, places(plot))
    data, options = given(data, read, reading, detect)
    return run(data, order, Workspace.at(workspace), options, listener)


def explain(
    data: Any = None,
    *,
    model: Place = None,
    series: str | Sequence[str] = (),
    workspace: Place = None,
    read: ReadOptions | Mapping[str, Any] = ReadOptions(),
    plot: Place = None,
    listener: Listener = Listener(),
    **reading: Unpack[ReadFields],
) -> Explained:
    """Measure which lags, covariates and parts of the past a forecast depends on, and show them with the forecast of `series`.

    An effect is the rise of the loss on held-back windows when a part of the input is permuted (forecasting/importance.py),
    over the named series, or by default over all series, and then the first is shown; attention comes from rollout
    (nn/inspect.py). Data and model are found as by `forecast`. `plot` (.png, .svg) is a file to write. Raises ConfigError for
    an unknown series or more than one, DataError when no window can be scored.
    """
    from tsattn.workflows.explain import run

    data, options = given(data, read, reading, explain)
    return run(data, model, names(series), Workspace.at(workspace), options, plot, listener)


def report(
    data: Any,
    *,
    output: str | Path,
    model: Place = None,
    horizon: int | None = None,
    windows: int = 3,
    future: Any = None,
    members: str | Sequence[str] | None = None,
    series: str | Sequence[str] = (),
    explain: bool = False,
    title: str = "",
    workspace: Place = None,
    read: ReadOptions | Mapping[str, Any] = ReadOptions(),
    listener: Listener = Listener(),
    **reading: Unpack[ReadFields],
) -> Reported:
    """Forecast `data`, backtest it, and write both with everything around them as one HTML page to `output` (.html).

    windows: of the backtest, for each series. explain: also measure lags and parts of the past, which is slow. title: the
    heading. The other arguments are those of `forecast`. The page needs no network. Raises the errors of `forecast`.
    """
    from tsattn.workflows.report import Order, run

    order = Order(output, model, horizon, windows, members, names(series), explain, title)
    data, options = given(data, read, reading, report)
    return run(data, future, order, Workspace.at(workspace), options, listener)


def models(*, workspace: Place = None) -> Listed:
    """List the models of the workspace, newest first. A model that cannot be read has an `error`."""
    from tsattn.workflows.manage_models import listed

    return listed(Workspace.at(workspace))


def describe(model: Place = None, *, workspace: Place = None) -> Described:
    """A model's card and its network as a tree; by default of the newest model. Raises the errors of `load`."""
    from tsattn.workflows.describe import describe as run

    return run(model, Workspace.at(workspace))


def assemblies() -> Assembled:
    """List the kinds of network that can be trained, each with its number of parameters and a description."""
    from tsattn.workflows.describe import assemblies as listed

    return listed()


def rollback(name: str, *, workspace: Place = None) -> Listed:
    """Withdraw the newest version of a model, and list the models. Raises ArtifactError without an older version."""
    Workspace.at(workspace).withdraw(name)
    return models(workspace=workspace)


def delete_model(name: str, *, workspace: Place = None) -> Listed:
    """Delete a model, or one version of it (`NAME/VERSION`), and list the others. Raises ArtifactError if there is none."""
    from tsattn.workflows.manage_models import delete

    delete(Workspace.at(workspace), name)
    return models(workspace=workspace)


def rename_model(old: str, new: str, *, workspace: Place = None) -> Listed:
    """Rename a model with all its versions, and list the models. Raises ArtifactError, or ConfigError for a name in use."""
    from tsattn.workflows.manage_models import rename

    rename(Workspace.at(workspace), old, new)
    return models(workspace=workspace)
