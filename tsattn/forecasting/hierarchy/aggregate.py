"""Aggregate a panel of single series to a panel of all levels of a hierarchy, with the same last step for all series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tsattn.data.panel import Panel
from tsattn.forecasting.hierarchy.common_grid import CommonGrid
from tsattn.forecasting.hierarchy.structure import Hierarchy


def aggregated(panel: Panel, grid: CommonGrid, hierarchy: Hierarchy) -> Panel:
    """Return the panel of n series, sums first. `panel` and `grid` hold the leaves, in the order of the hierarchy.

    A series begins with its first value; a sum with the first one of its parts. Covariates of a sum are the means of its parts'
    at each step, static ones their common value, else missing. A series that ended long ago, and is zero from then on, needs no
    future values of known covariates: missing ones are set to the median of its past.
    """
    single = np.diff(panel.indptr)
    last = grid.offset + np.maximum(single, grid.steps - grid.offset)  # (m,) known covariates may go on after the data
    last[grid.closed] = last.max()
    starts = [int(grid.offset[part].min()) for part in hierarchy.parts] + grid.offset.tolist()
    ends = [int(last[part].max()) for part in hierarchy.parts] + last.tolist()
    sizes = np.array(ends) - np.array(starts)
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    values = np.concatenate([grid.sums(hierarchy.parts).astype(np.float32), grid.values])
    target = np.full(indptr[-1], np.nan, np.float32)
    for i, start in enumerate(starts):
        target[indptr[i] : indptr[i] + grid.steps - start] = values[i, start:]
    every = (*hierarchy.parts, *(np.array([i]) for i in range(hierarchy.leaves)))
    bounds = list(zip(starts, ends, strict=True))
    origin = indptr[:-1] + (grid.steps - np.array(starts))
    known = _means(panel, panel.known, grid.offset, every, bounds)
    for row in (hierarchy.sums + np.flatnonzero(grid.closed)).tolist():
        _fill_as_usual(known[indptr[row] : origin[row]], known[origin[row] : indptr[row + 1]])
    return replace(
        panel,
        item_ids=hierarchy.names,
        indptr=indptr,
        start=panel.freq.advance(np.full(len(starts), grid.start), np.array(starts)).astype("datetime64[us]"),
        target=target,
        origin=origin,
        past=_means(panel, panel.past, grid.offset, every, bounds),
        known=known,
        static=_common(panel.static, every),
    )


def _means(
    panel: Panel, covariates: np.ndarray, offset: np.ndarray, every: tuple[np.ndarray, ...], bounds: list[tuple[int, int]]
) -> np.ndarray:
    """Return covariates (rows, C) of the series of `every`: means over their parts at each step of their bounds, else NaN."""
    rows, width = sum(end - start for start, end in bounds), covariates.shape[1]
    if not width:
        return np.zeros((rows, 0), np.float32)
    out = []
    for parts, (start, end) in zip(every, bounds, strict=True):
        total, count = np.zeros((end - start, width)), np.zeros((end - start, width), np.int64)
        for part in parts.tolist():
            own = covariates[panel.indptr[part] : panel.indptr[part + 1]]
            at = int(offset[part]) - start
            total[at : at + len(own)] += np.nan_to_num(own)
            count[at : at + len(own)] += ~np.isnan(own)
        out.append(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))
    return np.concatenate(out).astype(np.float32)


def _fill_as_usual(past: np.ndarray, future: np.ndarray) -> None:
    """Set missing values of future covariates (H, K), in place, to the medians of the past ones (T, K)."""
    for k in range(past.shape[1]):
        seen = np.sort(past[~np.isnan(past[:, k]), k])
        if len(seen):
            future[np.isnan(future[:, k]), k] = seen[(len(seen) - 1) // 2]  # an observed value: there is no half promotion


def _common(static: np.ndarray, every: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return static covariates (n, C) from those of the leaves (m, C): the value that all parts share, else NaN."""
    out = np.full((len(every), static.shape[1]), np.nan, np.float32)
    for row, parts in zip(out, every, strict=True):
        first = static[parts[0]]
        row[:] = np.where((static[parts] == first).all(0), first, np.nan)
    return out
