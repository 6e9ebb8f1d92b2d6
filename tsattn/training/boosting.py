"""Fit trees to a panel by gradient boosting, and convert them to arrays."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np

from tsattn.data.panel import Panel
from tsattn.data.windows import last_origins
from tsattn.forecasting.predict import windows_of
from tsattn.forecasting.trees.forest import Forest
from tsattn.forecasting.trees.gradient_boosting import MEDIAN, Booster, Settings, boosted
from tsattn.forecasting.trees.regressors import layout_of, series_rows, widths_of
from tsattn.forecasting.trees.tree_correction import Trees
from tsattn.model.runtime import cores

ROWS = 150_000  # of a fit, as many of each series
FEWEST = 2_000  # distinct (origin, step) pairs that a fit needs
ROUNDS = 300
SETTINGS: Settings = {
    **MEDIAN,
    "num_leaves": 15,
    "learning_rate": 0.05,
    "min_data_in_leaf": 100,
}


class _Histories:
    """Reader of whole histories with all covariates."""

    context, covariates = None, True


def fit(panel: Panel, horizon: int, seed: int = 0) -> Trees | None:
    """Fit trees to all series of a panel, to their ends; None without a season, or if the series are too short.

    Series have equally many rows, drawn at random, whatever their length.
    """
    rng = np.random.default_rng(seed)
    most = max(1, ROWS // max(1, len(panel)))
    rows, truths, layout, pairs = [], [], None, 0
    for _, batch in windows_of(_Histories(), panel, last_origins(panel), 1):
        layout = layout or layout_of(panel.lengths, batch.season_lengths, horizon, widths_of(batch))
        if layout is None:
            return None
        for series, past in zip(series_rows(batch, layout), batch.past_target, strict=True):
            if series is not None and series.length >= layout.first + horizon:
                count = (series.length - layout.first - horizon + 1) * horizon
                observed = past[len(past) - series.length :]
                x, truth = series.drawn(observed, series.length, min(count, most), rng)
                rows.append(x)
                truths.append(truth)
                pairs += count
    if pairs < FEWEST or layout is None:
        return None
    settings = {**SETTINGS, "seed": seed, "num_threads": cores()}
    return Trees(layout, forest_of(boosted(np.concatenate(rows), np.concatenate(truths), settings, ROUNDS)))


class _Node(NamedTuple):
    """Node of a tree, as in Forest."""

    feature: int
    threshold: np.float32
    left: int
    right: int
    missing_left: bool
    value: float


def forest_of(booster: Booster) -> Forest:
    """Return the trees of a fit as arrays."""
    trees = [_nodes(tree["tree_structure"]) for tree in json.loads(booster.dumped())["tree_info"]]
    size = max(len(nodes) for nodes, _ in trees)
    kinds = {"feature": np.int32, "threshold": np.float32, "left": np.int32, "right": np.int32, "missing_left": bool}
    arrays = {name: np.zeros((len(trees), size), kind) for name, kind in {**kinds, "value": np.float32}.items()}
    for number, (nodes, _) in enumerate(trees):
        for name, array in arrays.items():
            array[number, : len(nodes)] = [getattr(node, name) for node in nodes]
    return Forest(**arrays, depth=max(depth for _, depth in trees))


def _nodes(root: dict[str, Any]) -> tuple[list[_Node], int]:
    """Return the nodes of a tree of LightGBM's dump, root first, and its depth."""
    nodes: list[_Node] = []

    def add(node: dict[str, Any]) -> tuple[int, int]:
        here = len(nodes)
        nodes.append(_Node(0, np.float32(0), here, here, False, node.get("leaf_value", 0.0)))
        if "leaf_value" in node:
            return here, 0
        limit = _rounded_down(node["threshold"])
        missing = node["default_left"] if node["missing_type"] == "NaN" else bool(limit >= 0)  # LightGBM reads NaN as 0
        (left, deep), (right, deeper) = add(node["left_child"]), add(node["right_child"])
        nodes[here] = _Node(node["split_feature"], limit, left, right, missing, 0.0)
        return here, 1 + max(deep, deeper)

    return nodes, add(root)[1]


def _rounded_down(value: float) -> np.float32:
    """Return the largest float32 up to `value`: it divides float32 values in the same way."""
    near = np.float32(value)
    return near if near <= value else np.nextafter(near, np.float32(-np.inf))
