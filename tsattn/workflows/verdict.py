"""A verdict on a model from a table of scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tsattn.data.panel import Panel
from tsattn.forecasting.baselines import BASELINES
from tsattn.forecasting.scores import SKILLS

CLEAR = 0.01  # a smaller difference does not count
CHANCE = 2.0  # standard errors: a smaller difference may be chance
ZEROS = 0.4  # share of zeros from which on a series counts as intermittent
INTERMITTENT = "historic-quantiles"  # a strong baseline for such series
LONG, ENOUGH = "long-cycle", 3  # a strong baseline for data of several cycles, if they hold this many of a longer one


def usual_baselines(panel: Panel, names: Sequence[str]) -> tuple[str, ...]:
    """The baselines `names`, plus the one that repeats the longer cycle for data of two cycles, and historic quantiles for
    intermittent data.
    """
    seen = panel.target[~np.isnan(panel.target)]
    intermittent = len(seen) > 0 and float(np.mean(seen == 0)) >= ZEROS
    cycles = panel.freq.season_lengths
    long = len(cycles) > 1 and float(np.median(panel.lengths)) >= ENOUGH * cycles[1]
    more = [name for name, wanted in ((LONG, long), (INTERMITTENT, intermittent)) if wanted and name not in names]
    return (*names, *more)


def verdict(rows: Sequence[Mapping[str, Any]], model: str) -> tuple[str, bool | None]:
    """Return a sentence comparing a model with the baselines, and True if it is better on every metric; None without any.

    rows: those of Backtest.table, or of a model's card. Each metric is compared with the best baseline on that metric.
    """
    own = next((row for row in rows if row["model"] == model), {})
    gains, parts, best_names = [], [], []
    for metric in SKILLS:
        scored = [(float(r[metric]), str(r["model"])) for r in rows if r["model"] in BASELINES and _is_number(r.get(metric))]
        if not scored or not _is_number(own.get(metric)):
            continue
        best, name = min(scored)
        gains.append(1 - own[metric] / best if best > 0 else 0.0 if own[metric] == 0 else -math.inf)
        much = f"{abs(gains[-1]) * 100:.1f} %" if best > 0 else f"{own[metric]:.4g}"
        said = f"{much} {'lower' if gains[-1] > 0 else 'higher'} than" if own[metric] != best else "equal to that of"
        parts.append(f"{metric} {said} {name}")
        best_names.append(name)
    if not gains:
        return f"{model}: there is no baseline to compare with", None
    detail = ", ".join(parts)
    if all(gain >= CLEAR for gain in gains):
        return f"{model} beats the best baselines: {detail}", True
    if any(gain > 0 for gain in gains):
        return f"{model} does not clearly beat the best baselines: {detail}", False
    names = " and ".join(dict.fromkeys(best_names))
    end = f"{names} {'is' if len(set(best_names)) == 1 else 'are'} better for this data"
    if all(gain > -CLEAR for gain in gains):
        end = "they are equally good"
    return f"{model} does NOT beat the best baselines: {detail}; {end}", False


class Comparison(NamedTuple):
    """A sentence on a trained model beside zero-shot, and the options of `tsattn forecast` for zero-shot if that is better."""

    line: str
    better: str = ""


def compared(
    rows: Sequence[Mapping[str, Any]],
    model: str,
    other: str,
    flags: str = "--model zero-shot",
    errors: Mapping[str, float] | None = None,
) -> Comparison:
    """Compare a trained model with zero-shot on the same windows, and say which one to use.

    flags: options of `tsattn forecast` for the other one. errors: the standard error of the ratio of the two scores, by metric
    (see Backtest.standard_error); a difference below CHANCE of them is not clear.
    """
    own, its = (next(row for row in rows if row["model"] == name) for name in (model, other))
    changes = {metric: own[metric] / its[metric] - 1 for metric in SKILLS if _is_number(own.get(metric)) and its.get(metric)}
    if not changes:
        return Comparison(f"{model} and {other} cannot be compared on the test windows")
    known = {metric: error for metric, error in (errors or {}).items() if metric in changes and math.isfinite(error)}
    parts = []
    for metric, change in changes.items():
        spread = f" ± {known[metric] * 100:.1f}" if metric in known else ""
        parts.append(f"{metric} {abs(change) * 100:.1f}{spread} % {'lower' if change < 0 else 'higher'}")
    line = f"{model} beside {other} on the same windows: {', '.join(parts)}"
    line += " (± standard error)" if known else ""
    chance = [metric for metric, error in known.items() if abs(changes[metric]) < CHANCE * error]
    if len(chance) == len(changes):
        return Comparison(f"{line}; the difference is within chance")
    if all(change > CLEAR for change in changes.values()) and not chance:
        return Comparison(f"{line}; zero-shot is better for this data: {flags}", flags)
    return Comparison(line)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
