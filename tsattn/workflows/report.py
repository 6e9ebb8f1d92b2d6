"""A report on data and their forecast as one HTML page: forecasts, backtest, calibration, weights, repairs, how to repeat it."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsattn.config import ReadOptions
from tsattn.data.panel import Panel
from tsattn.data.reading.future_rows import WithFuture
from tsattn.data.report import ReadReport
from tsattn.errors import DataError
from tsattn.events import Listener
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines import baseline
from tsattn.forecasting.frame import DEFAULT_QUANTILES, Forecast, Forecaster
from tsattn.forecasting.predict import Failure, predict
from tsattn.forecasting.scores import Backtest
from tsattn.workflows.arguments import check_positive
from tsattn.workflows.cleaning_notes import cleaning_notes
from tsattn.workflows.effect_notes import effects_of, unread_known
from tsattn.workflows.find_model import ModelAndData, choose
from tsattn.workflows.forecast import select_series
from tsattn.workflows.loaded_model import behind, check_horizon, horizon_for, with_leads, with_members
from tsattn.workflows.results import plain, scores_mapping
from tsattn.workflows.scoring_progress import Scoring
from tsattn.workflows.verdict import usual_baselines, verdict
from tsattn.workspace import ModelRef, Workspace

if TYPE_CHECKING:
    from tsattn.forecasting.ensemble.effect_report import CovariateEffect
    from tsattn.workflows.explain import Explained

WINDOWS = 3  # of the backtest, for each series
BASELINES = ("naive", "seasonal-naive", "drift")


@dataclass(frozen=True)
class Order:
    """Settings of one report; see tsattn.report."""

    output: str | Path
    model: str | Path | None = None
    horizon: int | None = None
    windows: int = WINDOWS
    members: str | Sequence[str] | None = None
    series: tuple[str, ...] = ()
    explain: bool = False
    title: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Reported:
    """Contents of the page. scores: None where no window could be scored, and `unscored` says why.

    weights: mean weight of each member of the ensemble in the forecast; empty for a network alone. explained: None unless asked
    for. repeat: the command that makes the page again; versions of the libraries that took part.
    """

    forecast: Forecast
    failures: tuple[Failure, ...]
    panel: Panel
    report: ReadReport
    ref: ModelRef
    scores: Backtest | None
    verdict: str
    unscored: str
    weights: Mapping[str, float]
    effects: tuple[CovariateEffect, ...]
    explained: Explained | None
    notes: tuple[str, ...]
    repeat: str
    versions: Mapping[str, str]
    fingerprint: str
    created: str
    title: str = ""
    written: tuple[Path, ...] = field(default=())

    def __repr__(self) -> str:
        written = ", ".join(map(str, self.written))
        return f"<Reported {len(self.forecast):,} series, {self.forecast.horizon} steps: {written or 'not written'}>"

    @property
    def name(self) -> str:
        """The forecaster's name in the scores."""
        return self.scores.models[0] if self.scores is not None else str(self.ref)

    def to_mapping(self) -> dict[str, Any]:
        return {
            "written": [str(path) for path in self.written],
            "model": str(self.ref),
            "path": str(self.ref.path),
            "freq": self.forecast.freq.alias,
            "timezone": self.forecast.tz,
            "series": list(self.forecast.item_ids),
            "horizon": self.forecast.horizon,
            "backtest": None if self.scores is None else scores_mapping(self.scores),
            "verdict": self.verdict or None,
            "weights": plain(dict(self.weights)),
            "effects": [plain(effect.to_mapping()) for effect in self.effects],
            "explained": None if self.explained is None else self.explained.to_mapping(),
            "failures": [failure.to_mapping() for failure in self.failures],
            "data": self.report.to_mapping(),
            "notes": list(self.notes),
            "repeat": self.repeat,
            "versions": dict(self.versions),
            "fingerprint": self.fingerprint,
        }


def run(data: Any, future: Any, order: Order, workspace: Workspace, read: ReadOptions, listener: Listener) -> Reported:
    """Make the report; see tsattn.report."""
    from tsattn.data.sinks import checked_suffix
    from tsattn.model import runtime
    from tsattn.render.report import save_report

    page = checked_suffix(order.output, (".html",), data=(data, future))
    check_horizon(order.horizon)
    check_positive(windows=order.windows)
    source = data if future is None else WithFuture(data, future)
    chosen = choose(source, order.model, workspace, read, listener)
    panel = select_series(chosen.panel, order.series)
    forecaster = with_members(chosen.card, runtime.load(chosen.ref.path), order.members)
    steps = horizon_for(chosen.card, panel) if order.horizon is None else order.horizon
    forecaster = with_leads(chosen.card, forecaster, order.members, panel, steps)
    listener.note(f"forecasting {len(panel):,} series")
    made, failures = predict(forecaster, panel, horizon=steps, quantiles=DEFAULT_QUANTILES)
    if not len(made):
        raise DataError(f"no series can be forecast: {failures[0].item_id} {failures[0].reason}")
    weights = getattr(forecaster, "report", None)
    found = _found(chosen, panel, forecaster, made, steps, order, listener)
    about = (
        *behind(panel, steps, made.item_ids),
        *cleaning_notes(made, panel),
        *(unread_known(forecaster, panel) if chosen.card.members else ()),
    )
    explained = _explained(data, chosen, order, workspace, read, listener) if order.explain else None
    result = Reported(
        forecast=dataclasses.replace(made, history=panel),
        failures=failures,
        panel=panel,
        report=chosen.report,
        ref=chosen.ref,
        weights={} if weights is None else weights().weights,
        explained=explained,
        notes=(*chosen.notes, *about),
        repeat=_command(data, future, order, read),
        title=order.title,
        **found,
        **_origin(panel),
    )
    for note in about:
        listener.note(note)
    return dataclasses.replace(result, written=(save_report(result, page),))


def _found(
    chosen: ModelAndData, panel: Panel, forecaster: Forecaster, made: Forecast, steps: int, order: Order, listener: Listener
) -> dict[str, Any]:
    """The effects in the forecast, then the backtest and its verdict."""
    effects = effects_of(forecaster, panel, steps)
    others = [baseline(name) for name in usual_baselines(panel, BASELINES)]
    try:
        scores = backtest(
            [forecaster, *others], panel, horizon=steps, windows=order.windows, on_progress=Scoring(listener, 1 + len(others))
        )
    except DataError as error:  # series too short for a window are forecast all the same
        return {"effects": effects, "scores": None, "verdict": "", "unscored": error.message}
    said = verdict(scores.table(), forecaster.name)[0]
    return {"effects": effects, "scores": scores, "verdict": said, "unscored": ""}


def _explained(
    data: Any, chosen: ModelAndData, order: Order, workspace: Workspace, read: ReadOptions, listener: Listener
) -> Explained | None:
    """Return the explanation of the first series; note and return None where the series are too short."""
    from tsattn.workflows.explain import run as explain

    try:
        return explain(data, chosen.ref, order.series[:1], workspace, read, None, Listener())
    except DataError as error:
        listener.note(f"not explained: {error.message}")
        return None


def _origin(panel: Panel) -> dict[str, Any]:
    """Return the time and versions of a report, and the fingerprint of its data."""
    import datetime as dt
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from tsattn import __version__
    from tsattn.workflows.train import fingerprint

    versions = {"tsattn": __version__, "Python": platform.python_version()}
    for name in ("numpy", "onnxruntime", "torch"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    created = dt.datetime.now().astimezone().replace(microsecond=0).isoformat(" ")
    return {"versions": versions, "fingerprint": fingerprint(panel), "created": created}


def _command(data: Any, future: Any, order: Order, read: ReadOptions) -> str:
    """The command line of a report; data in memory are called DATA."""
    paths = data if isinstance(data, (list, tuple)) else [data]
    words = ["tsattn", "report", *(str(p) if isinstance(p, (str, Path)) else "DATA" for p in paths)]
    flags: dict[str, Any] = {"model": order.model, "horizon": order.horizon, "members": order.members, "series": order.series}
    flags["windows"] = order.windows if order.windows != WINDOWS else None
    flags |= {"explain": order.explain or None, "title": order.title or None}
    flags["future"] = future if isinstance(future, (str, Path)) else None if future is None else "FUTURE"
    flags |= {f.name: value for f in dataclasses.fields(read) if (value := getattr(read, f.name)) != f.default}
    for name, value in flags.items():
        if value is None or value == ():
            continue
        words.append(f"--{name.replace('_', '-')}")
        if value is not True:
            words.append(",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))
    return shlex.join([*words, "-o", str(order.output)])
