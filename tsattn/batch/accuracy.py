"""Forecasts that were stored, joined by timestamp with the truth that has come since, and scored."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tsattn.batch.inputs import newest
from tsattn.batch.jobs import Job, JobFile
from tsattn.batch.stored_forecasts import stored_rows
from tsattn.data.panel import Panel
from tsattn.data.windows import last_origins
from tsattn.forecasting.frame import quantile_name
from tsattn.forecasting.metrics import coverage, mase, measure, seasonal_errors

NEWEST = 200_000  # rows that are scored at most


@dataclass(frozen=True)
class Accuracy:
    """Scores of stored forecasts. None where there is nothing to score."""

    count: int
    mase: float | None
    coverage: float | None
    coverage_of_step: list[float | None]
    count_of_step: list[int]


def score(job: Job, file: JobFile, panel: Panel) -> Accuracy | None:
    """Score what a job stored against the panel; None when no output can be read back, or no truth has come yet."""
    rows = [row for row in stored_rows(job, file, panel, newest(panel), NEWEST) if not row.get("fallback")]
    levels = sorted({float(name) for row in rows[:1] for name in row if _is_level(name)})
    if len(levels) < 2:
        return None
    items = {item: i for i, item in enumerate(panel.item_ids)}
    rows = [row for row in rows if row["item_id"] in items and all(row.get(quantile_name(q)) is not None for q in levels)]
    if not rows:
        return None
    item = np.array([items[row["item_id"]] for row in rows])
    stamps, cutoffs = (np.array([row[key] for row in rows], "datetime64[us]") for key in ("timestamp", "cutoff"))
    at, exact = panel.freq.steps_between(panel.start[item], stamps)
    since, _ = panel.freq.steps_between(panel.start[item], cutoffs)
    inside = exact & (at >= 0) & (at < panel.lengths[item])
    truth = np.where(inside, panel.target[panel.indptr[item] + np.where(inside, at, 0)], np.nan)
    values = np.array([[row[quantile_name(q)] for q in levels] for row in rows], np.float32)[:, None]
    error = seasonal_errors(panel, last_origins(panel), panel.freq.season_length)[item]
    sums = measure(truth[:, None].astype(np.float32), values, levels, error)
    steps = np.maximum(at - since, 1) - 1
    known = sums.count[:, 0] > 0
    if not known.any():
        return None
    counts = np.bincount(steps[known], minlength=int(steps[known].max()) + 1)
    held = np.bincount(steps[known], sums.inside[known, 0], minlength=len(counts))
    total = sums.total((0, 1))
    return Accuracy(
        count=int(known.sum()),
        mase=_finite(mase(total)),
        coverage=_finite(coverage(total)),
        coverage_of_step=[float(h / c) if c else None for h, c in zip(held, counts, strict=True)],
        count_of_step=[int(c) for c in counts],
    )


def _is_level(name: str) -> bool:
    try:
        return 0 < float(name) < 1
    except ValueError:
        return False


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(float(value)) else None
