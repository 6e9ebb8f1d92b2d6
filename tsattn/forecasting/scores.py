"""Backtest: sums over the windows of each model, and the tables made of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.data.freq import Freq
from tsattn.forecasting.frame import clock_column, quantile_name
from tsattn.forecasting.metrics import METRICS, Sums, quantile_coverage, skill
from tsattn.forecasting.quantiles import normal_scores, student_scores

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

REFERENCES = ("naive", "seasonal-naive")  # skill is against the better of these
SKILLS = ("MASE", "WQL")


@dataclass(frozen=True, eq=False)
class Backtest:
    """Sums of M models on the same W windows: overall (M,), by_step (M, H), by_item (M, S), by_cutoff (M, C).

    cutoffs (C,): the distinct last observed timestamps, on the grid clock. windows: how many were scored. too_short and
    no_truth: how many were left out, for lack of an observed value before or after the origin. unscaled: scored windows
    that take no part in MASE, their history never changing. notes: model -> caveats on its scores. naive: model -> windows
    without a forecast of its own, which are scored with the naive one.
    """

    models: tuple[str, ...]
    overall: Sums
    by_step: Sums
    by_item: Sums
    by_cutoff: Sums
    quantiles: tuple[float, ...]
    item_ids: tuple[str, ...]
    cutoffs: np.ndarray
    freq: Freq
    tz: str | None
    horizon: int
    season_length: int
    windows: int
    too_short: int
    no_truth: int
    unscaled: int
    notes: Mapping[str, tuple[str, ...]]
    seconds: Mapping[str, float]
    naive: Mapping[str, int] = field(default_factory=dict)

    def without(self, models: Collection[str]) -> Backtest:
        """Return the backtest without some models."""
        at = [i for i, name in enumerate(self.models) if name not in models]
        sums: dict[str, Any] = {
            name: Sums(*(part[at] for part in getattr(self, name).parts()))
            for name in ("overall", "by_step", "by_item", "by_cutoff")
        }
        notes = {name: said for name, said in self.notes.items() if name not in models}
        return replace(self, models=tuple(self.models[i] for i in at), notes=notes, **sums)

    def score(self, model: str, metric: str) -> float:
        """Return the overall score; NaN where there is nothing to score. Raises KeyError or ValueError for an unknown name."""
        return float(METRICS[metric](self.overall)[self.models.index(model)])

    @property
    def references(self) -> dict[str, str]:
        """Return, for each metric of SKILLS, the better of naive and seasonal naive; absent when neither was run."""
        run = [name for name in REFERENCES if name in self.models]
        best = {}
        for metric in SKILLS:
            scored = [(self.score(name, metric), name) for name in run]
            scored = [pair for pair in scored if np.isfinite(pair[0])]
            if scored:
                best[metric] = min(scored)[1]
        return best

    def skill(self, model: str, metric: str) -> float:
        """1 - score / the score of the better reference; NaN when there is none."""
        reference = self.references.get(metric)
        return float("nan") if reference is None else skill(self.score(model, metric), self.score(reference, metric))

    def standard_error(self, model: str, other: str, metric: str) -> float:
        """Return the standard error of score(model) / score(other) for a metric of SKILLS; NaN with a single series and cutoff.

        The errors of two models on the same windows are paired, and those of one series, or of one cutoff, are correlated: of
        the two groupings, the one with the larger variance counts (linearisation of a ratio; Cochran, 1977, section 6.3). It is
        widened for few groups by the ratio of Student's t to the normal quantile, so that twice it is about an interval of 95 %.
        """
        mine, its = (self.models.index(name) for name in (model, other))
        found = []
        for sums in (self.by_item, self.by_cutoff):
            losses = sums.scaled_error if metric == "MASE" else sums.pinball.mean(-1)  # (M, G)
            some = losses[:, sums.count[mine] > 0]
            total, groups = some[its].sum(), some.shape[1]
            if groups > 1 and total > 0:
                rest = some[mine] - some[mine].sum() / total * some[its]
                few = student_scores((0.975,), groups - 1) / normal_scores((0.975,))
                found.append(few[0] * np.sqrt(groups / (groups - 1) * np.square(rest).sum()) / total)
        return float(max(found)) if found else float("nan")

    def table(self) -> list[dict[str, str | float]]:
        """Return a row for each model: model, each of METRICS, skill_MASE and skill_WQL. NaN where there is nothing to score."""
        rows: list[dict[str, str | float]] = []
        for model in self.models:
            scores = {metric: self.score(model, metric) for metric in METRICS}
            skills = {f"skill_{metric}": self.skill(model, metric) for metric in SKILLS}
            rows.append({"model": model, **scores, **skills})
        return rows

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows of `table` as a data frame: one row for each model."""
        import pyarrow as pa

        return pa.Table.from_pylist(self.table()).to_pandas()

    def to_arrow(self) -> pa.Table:
        """Long form: model, metric, cutoff, item_id, horizon_step (1, 2, …), value.

        A row with none of cutoff, item_id and horizon_step is the overall score; one with one of them is the score of that
        group. `coverage_0.1` and so on are the shares of truths under each quantile; ties count as a fraction. Scores without
        values are left out.
        """
        import pyarrow as pa

        groups = (
            ("", np.zeros(1, np.int64), Sums(*(part[:, None] for part in self.overall.parts()))),
            ("horizon_step", np.arange(1, self.horizon + 1), self.by_step),
            ("item_id", np.arange(len(self.item_ids)), self.by_item),
            ("cutoff", np.arange(len(self.cutoffs)), self.by_cutoff),
        )
        tables = [self._long(kind, keys, sums) for kind, keys, sums in groups]
        return pa.concat_tables(tables)

    def _long(self, kind: str, keys: np.ndarray, sums: Sums) -> pa.Table:
        import pyarrow as pa

        scores = {name: metric(sums) for name, metric in METRICS.items()}  # each (M, G)
        for i, level in enumerate(self.quantiles):
            scores[f"coverage_{quantile_name(level)}"] = quantile_coverage(sums)[..., i]
        value = np.stack(list(scores.values()), -1)  # (M, G, metrics)
        model, group, metric = (index.reshape(-1) for index in np.indices(value.shape))
        kept = np.isfinite(value).reshape(-1)
        model, group, metric = model[kept], group[kept], metric[kept]
        rows = len(model)
        stamps = clock_column(self.cutoffs[group] if kind == "cutoff" else self.cutoffs[:0], self.freq, self.tz)
        return pa.table(
            {
                "model": pa.array(list(self.models)).take(pa.array(model)),
                "metric": pa.array(list(scores)).take(pa.array(metric)),
                "cutoff": stamps if kind == "cutoff" else pa.nulls(rows, stamps.type),
                "item_id": pa.array(list(self.item_ids), pa.string()).take(pa.array(group))
                if kind == "item_id"
                else pa.nulls(rows, pa.string()),
                "horizon_step": pa.array(keys[group]) if kind == "horizon_step" else pa.nulls(rows, pa.int64()),
                "value": pa.array(value.reshape(-1)[kept]),
            }
        )
