"""Score stored forecasts against the observations that have arrived since, matched by timestamp."""

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
from tsattn.forecasting.frame import is_quantile_name, quantile_name
from tsattn.forecasting.metrics import coverage, mase, measure, seasonal_errors

BLOCKS = 6  # parts of the horizon whose coverage is checked; errors of neighbouring steps are alike


@dataclass(frozen=True)
class StepBlock:
    """Coverage of the steps from `first` to `last`, the mean over dates.

    windows: how many of its forecasts do not overlap, and count as independent.
    """

    first: int
    last: int
    coverage: float
    dates: int
    windows: int


@dataclass(frozen=True)
class ItemCoverage:
    """Coverage of the intervals of one item that have a width: those of a solar plant at night have none."""

    item_id: str
    coverage: float
    dates: int


@dataclass(frozen=True)
class Accuracy:
    """Scores of stored forecasts. None where there is nothing to score.

    The errors of one date are one observation, because the series move together on a day: `dates` and
    `dates_of_step` count them, and a step's coverage is the mean over its dates.
    """

    count: int  # scored values
    dates: int
    mase: float | None
    coverage: float | None
    coverage_of_step: list[float | None]
    dates_of_step: list[int]
    blocks: tuple[StepBlock, ...] = ()
    worst: ItemCoverage | None = None  # of several items with at least `least` dates, that with the lowest coverage


def score(job: Job, file: JobFile, panel: Panel, horizon: int, least: int = 1) -> Accuracy | None:
    """Score a job's stored forecasts of `horizon` steps against the panel. least: dates that the coverage of an item needs.

    Returns None when no output can be read back, or no observations exist yet.
    """
    rows = [row for row in stored_rows(job, file, panel, newest(panel), horizon) if not row.get("fallback")]
    levels = sorted({float(name) for row in rows[:1] for name in row if is_quantile_name(name)})
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
    shares, dates = _by_date(steps[known], stamps[known], sums.inside[known, 0])
    total, held = sums.total((0, 1)), sums.inside[known, 0]
    wide = known & (values[:, 0, -1] > values[:, 0, 0])
    return Accuracy(
        count=int(known.sum()),
        dates=len(np.unique(stamps[known])),
        mase=_finite(mase(total)),
        coverage=_finite(coverage(total)),
        coverage_of_step=shares,
        dates_of_step=dates,
        blocks=_blocks(steps[known], stamps[known], cutoffs[known], held),
        worst=_worst(panel.item_ids, item[wide], stamps[wide], sums.inside[wide, 0], least),
    )


def _by_date(steps: np.ndarray, stamps: np.ndarray, inside: np.ndarray) -> tuple[list[float | None], list[int]]:
    """Return by step the share of values inside the interval, as the mean over dates, and the number of dates."""
    pairs, which = np.unique(np.stack([steps, stamps.astype(np.int64)]), axis=1, return_inverse=True)
    which = which.ravel()
    share = np.bincount(which, inside) / np.bincount(which)
    dates = np.bincount(pairs[0])
    held = np.bincount(pairs[0], share, minlength=len(dates))
    return [float(h / n) if n else None for h, n in zip(held, dates, strict=True)], dates.tolist()


def _blocks(steps: np.ndarray, stamps: np.ndarray, cutoffs: np.ndarray, inside: np.ndarray) -> tuple[StepBlock, ...]:
    """Return the coverage of each of at most BLOCKS parts of the horizon that has scored values."""
    width = -(-int(steps.max() + 1) // BLOCKS)
    found = []
    for number in np.unique(steps // width):
        here = steps // width == number
        shares, dates = _by_date(np.zeros(int(here.sum()), np.int64), stamps[here], inside[here])
        first, last = int(steps[here].min()) + 1, int(steps[here].max()) + 1
        apart = max(1, dates[0] // (last - first + 1))  # forecasts of a block from near cutoffs are of the same dates
        found.append(StepBlock(first, last, shares[0] or 0.0, dates[0], min(apart, len(np.unique(cutoffs[here])))))
    return tuple(found)


def _worst(names: tuple[str, ...], item: np.ndarray, stamps: np.ndarray, inside: np.ndarray, least: int) -> ItemCoverage | None:
    """Return the item with the lowest coverage of those with `least` dates; None for fewer than two items."""
    found = []
    for i in np.unique(item):
        here = item == i
        shares, dates = _by_date(np.zeros(int(here.sum()), np.int64), stamps[here], inside[here])
        found.append(ItemCoverage(names[i], shares[0] or 0.0, dates[0]))
    known = [one for one in found if one.dates >= least]
    return min(known, key=lambda one: one.coverage) if len(found) > 1 and known else None


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(float(value)) else None
