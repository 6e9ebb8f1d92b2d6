"""Held-back windows, which a model was not trained on and can be measured on."""

from __future__ import annotations

import numpy as np

from tsattn.data.panel import Panel
from tsattn.data.windows import Origins
from tsattn.errors import DataError
from tsattn.model.card import ANY_FREQ
from tsattn.workflows.find_model import ModelAndData

SHARE = 0.2  # share of the rows to use when the model held none back


def held_back(chosen: ModelAndData, panel: Panel) -> tuple[np.ndarray, list[str]]:
    """Return the (S,) first held-back row of each item, counted from its end (negative or 0), and notes."""
    from tsattn.workflows.train import fingerprint

    test, lengths = chosen.card.source.get("test") or {}, panel.lengths
    if chosen.card.source.get("fingerprint") == fingerprint(panel) and test.get("windows"):
        horizon = int(test["horizon"])
        return -horizon * np.minimum(int(test["windows"]), np.maximum(lengths - 1, 0) // horizon), []
    rows = -np.maximum((SHARE * lengths).astype(np.int64), np.minimum(lengths // 2, chosen.card.model.horizon))
    if chosen.card.freq == ANY_FREQ:
        return rows, []
    warning = (
        f"{chosen.ref} held back no rows of this data: it may have been trained on these windows, so effects may be too small"
    )
    return rows, [warning]


def sampled(panel: Panel, first: np.ndarray, most: int) -> Origins:
    """At most `most` random origins between `first` (S,) and the ends, so that they cover all phases of a season."""
    counts = panel.origin - first
    item = np.repeat(np.arange(len(panel)), counts)
    if not len(item):
        raise DataError("there are no held-back rows to measure on", "give more rows, or choose another --series")
    row = np.concatenate([np.arange(a, b) for a, b in zip(first, panel.origin, strict=True)])
    kept = row - panel.indptr[:-1][item] > 0
    item, row = item[kept], row[kept]
    if len(row) > most:
        some = np.sort(np.random.default_rng(0).choice(len(row), most, replace=False))
        item, row = item[some], row[some]
    return Origins(item, row)


def groups(panel: Panel, origins: Origins, horizon: int) -> np.ndarray:
    """Return the (W,) group number of each window: overlapping windows of an item form one group, counted as one observation."""
    within = (origins.row - panel.indptr[:-1][origins.item]) // horizon
    return origins.item * (int(within.max()) + 1) + within
