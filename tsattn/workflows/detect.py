"""Detect anomalies: score the rows of the data against forecasts made before them, write files and pictures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.panel import Panel
from tsattn.data.report import ReadReport
from tsattn.errors import ConfigError, DataError
from tsattn.events import Listener, Work
from tsattn.forecasting.anomalies import Scores, expected_by_chance, level_for, runs_of, score_rows
from tsattn.forecasting.anomaly_origins import CALIBRATION, origins_of, step_of
from tsattn.forecasting.frame import Forecaster, clock_column
from tsattn.forecasting.predict import Failure, wants_covariates
from tsattn.workflows.find_model import choose
from tsattn.workflows.forecast import select_series
from tsattn.workflows.loaded_model import with_members
from tsattn.workspace import ModelRef, Workspace

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from tsattn.model.card import Card

MOST_WINDOWS = 8000  # forecast when no --last is given: about a minute on one core


@dataclass(frozen=True)
class Order:
    """Settings of one search for anomalies; see tsattn.detect."""

    model: str | Path | ModelRef | None = None
    level: float = 0.99
    last: int | None = None
    step: int | None = None
    members: str | Sequence[str] | None = None
    series: tuple[str, ...] = ()
    output: str | Path | None = None
    plots: tuple[str | Path, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Detected:
    """The scores of all rows, and which of them are anomalies at `level`.

    low, high: (n,) the interval at `level`. score: (n,) distance from the forecast, 1 at the edge of the interval. anomalous:
    (n,) bool. flat: (n,) length so far of a flat run that is itself an anomaly, else 0. runs: indices of consecutive anomalous
    rows, by series and time. step: steps between origins.
    """

    scores: Scores
    level: float
    step: int
    panel: Panel
    report: ReadReport | None
    ref: ModelRef
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    written: tuple[Path, ...] = ()
    low: np.ndarray = field(init=False)
    high: np.ndarray = field(init=False)
    score: np.ndarray = field(init=False)
    anomalous: np.ndarray = field(init=False)
    flat: np.ndarray = field(init=False)
    runs: tuple[np.ndarray, ...] = field(init=False)

    def __post_init__(self) -> None:
        low, high = self.scores.interval(self.level)
        score = self.scores.score(self.level)
        runs = tuple(runs_of(self.scores, score > 1, 1))
        flat = np.where(self.scores.flat.score(self.level) > 1, self.scores.flat.length, 0)
        found = {"low": low, "high": high, "score": score, "anomalous": score > 1, "flat": flat, "runs": runs}
        for name, value in found.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"<Detected {self.found:,} anomalies in {len(self.scores):,} rows at level {self.level:.10g}>"

    @property
    def found(self) -> int:
        """The number of anomalous rows."""
        return int(self.anomalous.sum())

    @property
    def kinds(self) -> np.ndarray:
        """Return the (n,) kind of anomaly of each row: "flat" for a flat run, else "above" or "below"; "" for no anomaly."""
        side = np.where(self.scores.value < self.scores.expected, "below", "above")
        return np.where(self.anomalous, np.where(self.flat > 0, "flat", side), "")

    @property
    def by_chance(self) -> float:
        """Rows that are expected outside the interval though nothing is wrong."""
        return expected_by_chance(self.level, len(self.scores))

    @property
    def timestamps(self) -> np.ndarray:
        """Return the (n,) grid-clock timestamps of the scored rows."""
        item, row = self.scores.item, self.scores.row
        return self.panel.freq.advance(self.panel.start[item], row - self.panel.indptr[item])

    def to_arrow(self) -> pa.Table:
        """Return all scored rows: item_id, timestamp, value, expected, low, high, score, p_value, flat_rows, anomaly."""
        import pyarrow as pa

        scores, panel = self.scores, self.panel
        numbers = {"value": scores.value, "expected": scores.expected, "low": self.low, "high": self.high, "score": self.score}
        return pa.table(
            {
                "item_id": pa.array(list(panel.item_ids), pa.string()).take(pa.array(scores.item)),
                "timestamp": clock_column(self.timestamps, panel.freq, panel.tz),
                **{name: pa.array(values.astype(np.float32)) for name, values in numbers.items()},
                "p_value": pa.array(scores.p),
                "flat_rows": pa.array(self.flat),
                "anomaly": pa.array(self.anomalous),
            }
        )

    def to_pandas(self) -> pd.DataFrame:
        """The rows of `to_arrow` as a data frame."""
        return self.to_arrow().to_pandas()

    def to_mapping(self) -> dict[str, Any]:
        from tsattn.data.iso_text import finest, iso
        from tsattn.workflows.results import shortest

        scored = self.to_arrow()
        table = scored.filter(self.anomalous)
        columns: dict[str, list[Any]] = {
            name: shortest(table[name].to_numpy()) for name in ("value", "expected", "low", "high", "score")
        }
        columns["p_value"] = [float(f"{p:.4g}") for p in table["p_value"].to_pylist()]
        columns["flat_rows"] = table["flat_rows"].to_pylist()
        columns["kind"] = self.kinds[self.anomalous].tolist()
        clock = self.panel.freq.has_clock
        stamps = table["timestamp"]
        columns["timestamp"] = iso(stamps, finest(scored["timestamp"])) if clock else stamps.to_pylist()
        columns["item_id"] = table["item_id"].to_pylist()
        order = ("item_id", "timestamp", "value", "expected", "low", "high", "score", "p_value", "flat_rows", "kind")
        return {
            "model": str(self.ref),
            "path": str(self.ref.path),
            "freq": self.panel.freq.alias,
            "timezone": self.panel.tz,
            "level": self.level,
            "step": self.step,
            "rows": len(self.scores),
            "expected_by_chance": round(self.by_chance, 6),
            "runs": len(self.runs),
            "anomalies": [{name: columns[name][i] for name in order} for i in range(table.num_rows)],
            "failures": [failure.to_mapping() for failure in self.failures],
            "written": [str(path) for path in self.written],
            "data": None if self.report is None else self.report.to_mapping(),
            "notes": list(self.notes),
        }


def run(data: Any, order: Order, workspace: Workspace, read: ReadOptions, listener: Listener) -> Detected:
    """Detect anomalies; see tsattn.detect."""
    import dataclasses

    from tsattn.data.result_files import write_results
    from tsattn.data.sinks import checked_suffix
    from tsattn.render.anomalies import PLOTS, save_plot

    table = None if order.output is None else checked_suffix(order.output, data=data, per_item=True)
    pictures = [checked_suffix(plot, tuple(PLOTS), data=data) for plot in order.plots]
    _check(order)
    chosen = choose(data, order.model, workspace, read, listener)
    panel = select_series(chosen.panel, order.series)
    found = detect_in(chosen.ref, chosen.card, panel, order, listener, chosen.report)
    written = [] if table is None else write_results(found.to_arrow(), table, data=data)
    written += [save_plot(found, picture) for picture in pictures]
    for note in found.notes:
        listener.note(note)
    return dataclasses.replace(found, notes=(*chosen.notes, *found.notes), written=tuple(written))


def detect_in(
    ref: ModelRef, card: Card, panel: Panel, order: Order, listener: Listener, report: ReadReport | None = None
) -> Detected:
    """Score the rows of a panel with a model. Raises DataError when no row can be scored."""
    from tsattn.model import runtime

    step = step_of(panel) if order.step is None else order.step
    last = order.last if order.last is not None else _affordable(panel, step)
    loaded = runtime.load(ref.path).steady()
    forecaster = _forecaster(card, loaded, panel, order.members)
    began = time.monotonic()

    def progress(done: int, total: int) -> None:
        spent = max(time.monotonic() - began, 1e-9)
        listener.progress(Work("detecting", forecaster.name, done, total, done / spent, spent * (total - done) / max(done, 1)))

    scores, failures = score_rows(forecaster, panel, step=step, last=last, on_progress=progress)
    if not len(scores):
        first = failures[0] if failures else Failure("the data", "has no row to score")
        raise DataError(f"no row can be scored: {first.item_id} {first.reason}", "give it more rows before those to score")
    notes = []
    if last is not None and order.last is None:
        notes.append(f"scored the last {last:,} rows of each series; more of them with --last N, which takes longer")
    if order.members is None and forecaster is not loaded:
        notes.append("known covariates are read by regression, which takes longer; --members network ignores them")
    if card.has_seen_data:
        notes.append("rows that the model was trained on fit it better than new rows do: their scores are low")
    chance = expected_by_chance(order.level, len(scores))
    if chance > 1 and (strict := level_for(len(scores))) > order.level:
        said = f"about {chance:,.0f} of {len(scores):,} rows are outside a {100 * order.level:.10g} % interval by chance"
        notes.append(f"{said}; --level {strict:.10g} expects {expected_by_chance(strict, len(scores)):.2g}")
    return Detected(scores, order.level, step, panel, report, ref, failures, tuple(notes))


def _check(order: Order) -> None:
    """Raise ConfigError for an invalid level, number of rows or step."""
    if not 0.5 <= order.level < 1:
        raise ConfigError(f"the level must lie between 0.5 and 1, not {order.level:g}", "use for example --level 0.99")
    for name, value in (("last", order.last), ("step", order.step)):
        if value is not None and value < 1:
            raise ConfigError(f"--{name} must be at least 1, not {value}")


def _affordable(panel: Panel, step: int) -> int | None:
    """The last rows of each series that MOST_WINDOWS forecasts can score and calibrate, at least one cycle; None for all."""
    if len(origins_of(panel, step, None)) <= MOST_WINDOWS:
        return None
    return max(step, panel.freq.season_length, (MOST_WINDOWS // len(panel) - CALIBRATION) * step)


def _forecaster(card: Card, network: Forecaster, panel: Panel, members: str | Sequence[str] | None) -> Forecaster:
    """The network with the members asked for; by default alone, with regression on the known covariates that it does not read."""
    from tsattn.forecasting.ensemble.covariate_regression import CovariateRegression

    if members is not None:
        return with_members(card, network, members)
    reads_known = wants_covariates(network) or not panel.schema.known_features
    return network if reads_known else CovariateRegression(network, events=False)
