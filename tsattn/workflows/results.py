"""Results of the functions of tsattn.api: frozen, with `to_mapping()` for JSON."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsattn.data.panel import Panel
from tsattn.data.report import ReadReport
from tsattn.forecasting.frame import Forecast, quantile_name
from tsattn.forecasting.predict import Failure
from tsattn.forecasting.sample_paths import Paths
from tsattn.forecasting.scores import Backtest
from tsattn.workflows.plan import Plan
from tsattn.workspace import ModelRef

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tsattn.forecasting.ensemble.effect_report import CovariateEffect
    from tsattn.forecasting.joint.joint_regression import JointEffect
    from tsattn.model.card import Card, Fitted


@dataclass(frozen=True, eq=False, repr=False)
class Ingested:
    """Data as a panel, the reading report, and the file it was written to."""

    panel: Panel
    report: ReadReport
    written: Path | None = None

    def __repr__(self) -> str:
        return f"<Ingested {self.report.source}: {len(self.panel)} series, {self.report.rows:,} rows, {self.panel.freq}>"

    def to_mapping(self) -> dict[str, Any]:
        return {
            **self.report.to_mapping(),
            "freq": self.panel.freq.alias,
            "timezone": self.panel.tz,
            "columns": plain(self.panel.schema.roles()),
            "written": None if self.written is None else str(self.written),
        }


@dataclass(frozen=True, eq=False, repr=False)
class Trained:
    """A saved model, its training plan, its scores on the held-back test windows, and the verdict on them.

    better: options of `tsattn forecast` for zero-shot, where that is clearly better on these windows.
    """

    ref: ModelRef
    card: Card
    plan: Plan
    report: ReadReport
    scores: Backtest | None
    verdict: str
    beats_naive: bool | None
    better: str = ""
    notes: tuple[str, ...] = ()
    profile: dict[str, Any] | None = None  # see training/profiler.py

    def __repr__(self) -> str:
        said = "; ".join(part for part in (self.card.untrained, self.verdict) if part)
        return f"<Trained {self.ref}: {said}>"

    @property
    def beats_zero_shot(self) -> bool | None:
        """True if training beat zero-shot on the validation windows, False if zero-shot was saved; None if not compared."""
        return not self.card.is_unchanged if self.card.contest else None

    @property
    def interrupted(self) -> bool:
        return self.card.fitted.stopped == "interrupted"

    def to_mapping(self) -> dict[str, Any]:
        from tsattn.config import to_mapping

        return {
            "model": str(self.ref),
            "path": str(self.ref.path),
            "plan": self.plan.to_mapping(),
            "fitted": plain(to_mapping(self.card.fitted)),
            "test": None if self.scores is None else scores_mapping(self.scores),
            "beats_naive": self.beats_naive,
            "beats_zero_shot": self.beats_zero_shot,
            "verdict": self.verdict,
            "data": self.report.to_mapping(),
            "notes": list(self.notes),
            **({} if self.profile is None else {"profile": self.profile}),
        }


@dataclass(frozen=True)
class Drawn:
    """A picture that was written."""

    written: Path

    def to_mapping(self) -> dict[str, Any]:
        return {"written": str(self.written)}


@dataclass(frozen=True)
class Pretrained:
    """Slice of pre-training: its folder, and the model's folder once the schedule has ended."""

    out: Path
    model: Path | None
    fitted: Fitted
    steps: int
    data_share: float | None = None  # of the time of this slice, spent on drawing and making series

    def to_mapping(self) -> dict[str, Any]:
        from tsattn.config import to_mapping

        return {
            "out": str(self.out),
            "model": None if self.model is None else str(self.model),
            "steps": self.steps,
            "fitted": plain(to_mapping(self.fitted)),
            "data_share": None if self.data_share is None else round(self.data_share, 4),
        }


@dataclass(frozen=True, eq=False)
class Levels:
    """The levels of a hierarchy of sums, and how their forecasts were made to add up.

    of: the level of each series. counts: series of each level, the top first. gap: the mean difference of sums and parts before,
    relative to the sums. shrinkage and origins: of the correlations, and hold-out origins that they come from. notes: on the
    sums themselves.
    """

    of: dict[str, str]
    counts: dict[str, int]
    reconcile: str
    gap: float
    shrinkage: float
    origins: int
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        levels = ", ".join(f"{count:,} {name}" for name, count in self.counts.items())
        if self.reconcile == "none":
            return f"levels: {levels}; not reconciled, so the forecasts of sums and parts differ"
        how = "added from the bottom up"
        if self.reconcile == "mint":
            how = f"reconciled by MinT (shrinkage {self.shrinkage:.2f}, {self.origins} hold-out origins)"
        return f"levels: {levels}; {how}; before, sums and parts were {100 * self.gap:.1f} % apart"

    def to_mapping(self) -> dict[str, Any]:
        levels = [{"level": name, "series": count} for name, count in self.counts.items()]
        found: dict[str, Any] = {"levels": levels, "reconcile": self.reconcile}
        if self.reconcile != "none":
            found |= {"gap_before": self.gap, "shrinkage": self.shrinkage, "hold_out_origins": self.origins}
        return found


@dataclass(frozen=True, eq=False, repr=False)
class Forecasted:
    """The forecast of every item that has one, sample paths if requested, failed items and written files.

    effects: of known covariates, where they were read by regression. levels: of a hierarchy of sums, and joint: what leads
    which series, where they were asked for.
    """

    forecast: Forecast
    failures: tuple[Failure, ...]
    panel: Panel
    report: ReadReport
    ref: ModelRef
    written: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    paths: Paths | None = None
    effects: tuple[CovariateEffect, ...] = ()
    levels: Levels | None = None
    joint: tuple[JointEffect, ...] | None = None

    def __repr__(self) -> str:
        failed = f", {len(self.failures)} without a forecast" if self.failures else ""
        return f"<Forecasted by {self.ref}: {self.forecast!r}{failed}>"

    def plot(self, path: str | Path | None = None, title: str = "") -> Figure:
        """A matplotlib figure of the forecast with its history; see Forecast.plot."""
        return self.forecast.plot(path, title)

    def _repr_html_(self) -> str:
        return self.forecast._repr_html_()

    def to_mapping(self) -> dict[str, Any]:
        from tsattn.data.iso_text import time_texts

        made = self.forecast
        texts = time_texts(made.to_arrow())
        items = []
        for b, item in enumerate(made.item_ids):
            rows = slice(b * made.horizon, (b + 1) * made.horizon)
            values = {quantile_name(q): shortest(made.values[b, :, i]) for i, q in enumerate(made.quantiles)}
            one = {"item_id": item, "cutoff": texts[0][rows.start], "timestamps": texts[1][rows], "quantiles": values}
            items.append(one if self.levels is None else {**one, "level": self.levels.of[item]})
        return {
            "model": str(self.ref),
            "path": str(self.ref.path),
            "freq": made.freq.alias,
            "timezone": made.tz,
            "horizon": made.horizon,
            "quantiles": list(made.quantiles),
            "paths": 0 if self.paths is None else self.paths.count,
            "forecasts": items,
            "failures": [failure.to_mapping() for failure in self.failures],
            "written": [str(path) for path in self.written],
            "data": self.report.to_mapping(),
            "effects": [plain(effect.to_mapping()) for effect in self.effects],
            **({} if self.joint is None else {"joint": [plain(effect.to_mapping()) for effect in self.joint]}),
            **({} if self.levels is None else {"hierarchy": plain(self.levels.to_mapping())}),
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class LevelScores:
    """MASE and WQL of a model on one level of a hierarchy of sums, before and after reconciliation."""

    model: str
    level: str
    series: int
    before: dict[str, float]
    after: dict[str, float]

    def gain(self, metric: str) -> float:
        """1 - after / before."""
        return 1 - self.after[metric] / self.before[metric] if self.before[metric] > 0 else float("nan")

    def to_mapping(self) -> dict[str, Any]:
        return {"model": self.model, "level": self.level, "series": self.series, "before": self.before, "after": self.after}


@dataclass(frozen=True, eq=False, repr=False)
class Backtested:
    """Scores of models and baselines on the same windows, with a verdict on each model.

    levels: the scores by level of a hierarchy of sums, where one was asked for.
    """

    scores: Backtest
    report: ReadReport
    verdicts: tuple[str, ...]
    written: Path | None = None
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    metrics: tuple[str, ...] = ()  # columns to show; () for the usual ones
    levels: tuple[LevelScores, ...] = ()

    def __repr__(self) -> str:
        return f"<Backtested: {self.scores.windows} windows; {'; '.join(self.verdicts) or 'baselines only'}>"

    def _repr_html_(self) -> str:
        """The table of scores, for notebooks."""
        lines = "".join(f"<p>{html.escape(verdict)}</p>" for verdict in self.verdicts)
        return f"{lines}{self.scores.to_pandas().to_html(index=False)}"

    def to_mapping(self) -> dict[str, Any]:
        return {
            **scores_mapping(self.scores),
            "verdicts": list(self.verdicts),
            **({"levels": [plain(one.to_mapping()) for one in self.levels]} if self.levels else {}),
            "written": None if self.written is None else str(self.written),
            "files": [str(path) for path in self.files],
            "data": self.report.to_mapping(),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, repr=False)
class Listed:
    """The models of a workspace, newest first, one mapping each."""

    workspace: Path
    models: tuple[dict[str, Any], ...]

    def __repr__(self) -> str:
        names = ", ".join(row["model"] for row in self.models[:10]) or "no models"
        return f"<Listed {self.workspace}: {names}{', …' if len(self.models) > 10 else ''}>"

    def _repr_html_(self) -> str:
        """A table of the models, for notebooks."""
        shown = ("model", "created", "freq", "horizon", "target", "items", "rows")
        head = "".join(f"<th>{name}</th>" for name in shown)
        cells = ("".join(f"<td>{html.escape(str(row.get(name, '')))}</td>" for name in shown) for row in self.models)
        return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"

    def to_mapping(self) -> dict[str, Any]:
        return {"workspace": str(self.workspace), "models": list(self.models)}


def scores_mapping(scores: Backtest) -> dict[str, Any]:
    """Overall scores of a backtest, and the windows they were measured on."""
    return {
        "horizon": scores.horizon,
        "freq": scores.freq.alias,
        "season_length": scores.season_length,
        "items": len(scores.item_ids),
        "windows": scores.windows,
        "left_out": {"too_short": scores.too_short, "no_truth": scores.no_truth, "unscaled_in_mase": scores.unscaled},
        "scores": plain(scores.table()),
        "model_notes": {model: list(notes) for model, notes in scores.notes.items()},
        "seconds": {model: round(seconds, 3) for model, seconds in scores.seconds.items()},
    }


def plain(value: Any) -> Any:
    """Replace tuples by lists and non-finite numbers by None, as JSON needs."""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def shortest(values: Any) -> list[float]:
    """Values as the shortest decimal numbers that represent them."""
    return [float(str(v)) for v in values]
