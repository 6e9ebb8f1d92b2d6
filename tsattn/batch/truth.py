"""Forecasts that were stored, joined by timestamp with the truth that has come since, and scored."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tsattn.batch.jobs import Job, JobFile
from tsattn.batch.values import Output, expanded
from tsattn.data.panel import Panel
from tsattn.data.timezone import to_local
from tsattn.data.windows import last_origins
from tsattn.forecast.frame import quantile_name
from tsattn.forecast.metrics import coverage, mase, measure, seasonal_errors

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
    rows = _stored(job, file)
    if not rows:
        return None
    rows = sorted((row for row in rows if not row.get("fallback")), key=lambda row: row["timestamp"])[-NEWEST:]
    levels = sorted({float(name) for row in rows[:1] for name in row if _is_level(name)})
    if len(levels) < 2:
        return None
    items = {item: i for i, item in enumerate(panel.item_ids)}
    rows = [row for row in rows if row["item_id"] in items and all(row.get(quantile_name(q)) is not None for q in levels)]
    if not rows:
        return None
    item = np.array([items[row["item_id"]] for row in rows])
    stamps, cutoffs = (
        np.array([_on_clock(row[key], panel) for row in rows], "datetime64[us]") for key in ("timestamp", "cutoff")
    )
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


def _stored(job: Job, file: JobFile) -> list[dict[str, Any]]:
    """The rows of the first output that keeps earlier forecasts."""
    keeping = [output for output in job.outputs if output.kind in ("database", "dataset")]
    if not keeping:
        return []
    first: Output = keeping[0]
    place = file.local(expanded(first.place))
    if first.kind == "dataset":
        from tsattn.batch.files import read_dataset

        return read_dataset(place, job.name)
    from tsattn.batch.database import stored

    return stored(place, expanded(first.table), job.name, job.retries)


def _is_level(name: str) -> bool:
    try:
        return 0 < float(name) < 1
    except ValueError:
        return False


def _on_clock(value: Any, panel: Panel) -> np.datetime64:
    """A stored timestamp on the panel's clock: instants are in UTC, wherever they were kept."""
    if isinstance(value, int):
        return np.datetime64(value, "us")
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    stamp = np.datetime64(value, "us")
    if panel.tz is not None and not panel.freq.is_subdaily:
        return to_local(np.array([stamp]), panel.tz)[0]
    return stamp


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(float(value)) else None
