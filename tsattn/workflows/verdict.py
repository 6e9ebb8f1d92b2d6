"""What a table of scores means for whoever has to choose a method."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tsattn.data.panel import Panel
from tsattn.forecasting.baselines import BASELINES
from tsattn.forecasting.scores import SKILLS

CLEAR = 0.01  # less is no gain worth telling
ZEROS = 0.4  # share of zeros from which on a series counts as intermittent
INTERMITTENT = "historic-quantiles"  # what such series are hard to beat with
LONG, ENOUGH = "long-cycle", 3  # what data with a day and a week are hard to beat with, where they hold so many weeks


def usual_baselines(panel: Panel, names: Sequence[str]) -> tuple[str, ...]:
    """The baselines `names`, for data of two cycles the one that repeats the longer, and for intermittent data the one whose
    median is zero where most values are.
    """
    seen = panel.target[~np.isnan(panel.target)]
    intermittent = len(seen) > 0 and float(np.mean(seen == 0)) >= ZEROS
    cycles = panel.freq.season_lengths
    long = len(cycles) > 1 and float(np.median(panel.lengths)) >= ENOUGH * cycles[-1]
    more = [name for name, wanted in ((LONG, long), (INTERMITTENT, intermittent)) if wanted and name not in names]
    return (*names, *more)


def verdict(rows: Sequence[Mapping[str, Any]], model: str) -> tuple[str, bool | None]:
    """One plain sentence on whether a model is worth using, and whether it beats every simple method on every metric.

    rows: those of Backtest.table, or of a model's card. On each metric the best baseline of the table is what counts.
    """
    own = next((row for row in rows if row["model"] == model), {})
    gains, parts = [], []
    for metric in SKILLS:
        scored = [(float(r[metric]), str(r["model"])) for r in rows if r["model"] in BASELINES and _is_number(r.get(metric))]
        if not scored or not _is_number(own.get(metric)):
            continue
        best, name = min(scored)
        gains.append(1 - own[metric] / best if best > 0 else 0.0 if own[metric] == 0 else -math.inf)
        much = f"{abs(gains[-1]) * 100:.1f} %" if best > 0 else f"{own[metric]:.4g}"
        parts.append(f"{metric} {much} {'lower' if gains[-1] > 0 else 'higher'} than {name}")
    if not gains:
        return f"{model}: there is no simple method to compare with", None
    detail = ", ".join(parts)
    if all(gain >= CLEAR for gain in gains):
        return f"{model} beats the best simple methods: {detail}", True
    if any(gain > 0 for gain in gains):
        return f"{model} does not clearly beat the best simple methods: {detail}", False
    return f"{model} does NOT beat the best simple methods: {detail}; they serve this data as well", False


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
