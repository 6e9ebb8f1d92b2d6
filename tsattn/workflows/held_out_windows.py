"""Windows that a model has not learnt from: what it is honest to measure it on."""

from __future__ import annotations

import numpy as np

from tsattn.data.panel import Panel
from tsattn.data.windows import Origins
from tsattn.errors import DataError
from tsattn.model.card import ANY_FREQ
from tsattn.workflows.find_model import Choice

SHARE = 0.2  # of the rows, at the end, where nothing was held back


def held_back(chosen: Choice, panel: Panel) -> tuple[np.ndarray, list[str]]:
    """(S,) where the held-back rows of each item begin, counted from its end (negative or 0), and what to say about it."""
    from tsattn.workflows.train import fingerprint

    test, lengths = chosen.card.source.get("test") or {}, panel.lengths
    if chosen.card.source.get("fingerprint") == fingerprint(panel) and test.get("windows"):
        horizon = int(test["horizon"])
        return -horizon * np.minimum(int(test["windows"]), np.maximum(lengths - 1, 0) // horizon), []
    rows = -np.maximum((SHARE * lengths).astype(np.int64), np.minimum(lengths // 2, chosen.card.model.horizon))
    if chosen.card.freq == ANY_FREQ:
        return rows, []
    warning = f"these rows were not held back from {chosen.ref}: it may have learnt from some of them"
    return rows, [warning]


def sampled(panel: Panel, first: np.ndarray, most: int) -> Origins:
    """At most `most` origins between `first` (S,) and the ends, at random, so that they fall on all phases of a season."""
    counts = panel.origin - first
    item = np.repeat(np.arange(len(panel)), counts)
    if not len(item):
        raise DataError("there are no held-back rows to measure on", "give more rows, or another --series")
    row = np.concatenate([np.arange(a, b) for a, b in zip(first, panel.origin, strict=True)])
    kept = row - panel.indptr[:-1][item] > 0
    item, row = item[kept], row[kept]
    if len(row) > most:
        some = np.sort(np.random.default_rng(0).choice(len(row), most, replace=False))
        item, row = item[some], row[some]
    return Origins(item, row)


def groups(panel: Panel, origins: Origins, horizon: int) -> np.ndarray:
    """(W,) a number for the windows of one item whose steps overlap, more or less: so many steps are one observation."""
    within = (origins.row - panel.indptr[:-1][origins.item]) // horizon
    return origins.item * (int(within.max()) + 1) + within
