"""Folds that a search is scored on: rolling origins before the test windows, and one error for them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from tsattn.data.panel import Panel
from tsattn.errors import DataError
from tsattn.workflows.plan import Plan

FOLDS = 2
SHARE = 0.3  # of the rows before the test windows, at most, for all folds
MOST_WINDOWS = 5  # of an item in a fold
REFERENCE = "seasonal-naive"


@dataclass(frozen=True, eq=False)
class Fold:
    """Train on rows before `cut` (S,), score on the `windows` horizons of each item from there to `end` (S,)."""

    cut: np.ndarray
    windows: int
    end: np.ndarray


def folds_of(panel: Panel, made: Plan) -> list[Fold]:
    """FOLDS folds of whole horizons before the test windows, oldest first; one for short series.

    Raises DataError when the series are too short for one.
    """
    left = made.test_start - panel.indptr[:-1]
    typical, horizon = float(np.quantile(left, 0.25)), made.horizon
    if typical < 4 * horizon:
        raise DataError(
            f"the series have {int(typical)} rows before the test windows: too few to compare settings",
            "give longer series, a shorter --horizon, or fewer --test-windows",
        )
    count = FOLDS if SHARE * typical >= FOLDS * horizon else 1
    windows = int(np.clip(SHARE * typical / (count * horizon), 1, MOST_WINDOWS))
    cuts = [made.test_start - back * windows * horizon for back in range(count, -1, -1)]
    cuts = [np.maximum(cut, panel.indptr[:-1]) for cut in cuts]
    return [Fold(cut, windows, end) for cut, end in pairwise(cuts)]


def relative_error(rows: Sequence[dict[str, Any]]) -> float:
    """Geometric mean of MASE and WQL relative to the second row's; a metric that is not finite is left out.

    0.8 = a fifth less error than seasonal naive. NaN without any metric.
    """
    shares = []
    for metric in ("MASE", "WQL"):
        own, other = float(rows[0][metric]), float(rows[1][metric])
        if math.isfinite(own) and math.isfinite(other) and other > 0:
            shares.append(own / other)
    return math.exp(sum(math.log(max(share, 1e-9)) for share in shares) / len(shares)) if shares else float("nan")
