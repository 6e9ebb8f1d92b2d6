"""Histories without the anomalies that were found in them, so that an anomaly does not spoil the forecasts after it."""

from __future__ import annotations

import dataclasses

import numpy as np

from tsattn.data.cleaning.prepare import prepared
from tsattn.data.panel import Panel
from tsattn.data.windows import WindowBatch
from tsattn.forecasting.frame import Forecaster

GUARDED = 0.001  # tail probability below which later forecasts read the forecast in place of a value
FAR = 2048  # rows before an origin in which a run of anomalies matters
PATIENCE = 1.5  # cycles after which a run of anomalies on one side is a new level
PATIENCE_OF_DAYS = 3.5  # the same for steps shorter than a day: in hours, a fault may last over a weekend
STAYING = 0.5  # of the limit: deviation of the values that follow one beyond it in a run
FOLLOWING = 0.01  # of the values that follow such a one on the same side


class Guard:
    """Forecaster that passes `inner` histories with anomalies replaced by their forecasts, except new levels.

    A run of anomalies on one side that lasts for more than PATIENCE cycles is a new level, and is kept as it is.
    Each origin sees the runs as they were before it. limit: (N,) deviation at or below which an origin reads a value as it is,
    by default 0: where deviations persist, as those of weather do, the next values follow from the newest ones unless these
    are far off. After a value beyond the limit, STAYING of the limit is enough for the rest of its run.
    """

    raw_history = True  # the anomalies leave a history before it is cleaned

    def __init__(self, panel: Panel, inner: Forecaster, limit: np.ndarray | None = None) -> None:
        self.inner, self.panel = inner, panel
        self.limit = np.zeros(len(panel.target)) if limit is None else limit
        self.name, self.quantiles, self.context = inner.name, tuple(inner.quantiles), inner.context
        self.pass_steps, self.covariates = getattr(inner, "pass_steps", 1), getattr(inner, "covariates", True)
        self.days, self.joint = getattr(inner, "days", False), getattr(inner, "joint", False)
        cycles = PATIENCE_OF_DAYS if panel.freq.is_subdaily else PATIENCE
        self.patience = max(5, int(cycles * panel.freq.season_length))
        self.span = max(32, int((cycles + 0.5) * panel.freq.season_length))
        self.item = np.repeat(np.arange(len(panel)), np.diff(panel.indptr))
        self.found(np.zeros(len(panel.target)), np.zeros(len(panel.target)))

    def found(self, side: np.ndarray, instead: np.ndarray) -> None:
        """Store the anomalies found: side (N,) -1, 0 or 1, and the values (N,) that stand in for them."""
        begins = np.append(True, (np.diff(side) != 0) | (np.diff(self.item) != 0))[: len(side)]
        run = np.cumsum(begins) - 1
        starts = np.flatnonzero(begins)
        self.side, self.instead = side, instead
        self.first = starts[run] if len(side) else starts  # of each row's run
        ends = np.append(starts[1:], len(side))
        self.last = ends[run] - 1 if len(side) else starts
        self.away = np.abs(self.panel.target - instead)
        self.farthest = self.away.copy()  # of each row's run up to the row
        for number in np.flatnonzero(side[starts] != 0).tolist():
            own = slice(starts[number], ends[number])
            self.farthest[own] = np.maximum.accumulate(self.away[own])

    def replaced(self, rows: np.ndarray, origin: np.ndarray) -> np.ndarray:
        """Return True for rows that are replaced at an origin. The two broadcast together; rows lie before the origin."""
        known = np.minimum(self.last[rows], origin - 1) - self.first[rows] + 1
        limit = self.limit[origin]
        far = (self.farthest[rows] > limit) & (self.away[rows] > STAYING * limit)
        return (self.side[rows] != 0) & (known < self.patience) & far

    def signature(self, item: int, row: int) -> bytes:
        """Return the rows that are replaced in an origin's recent past, and their values, as bytes."""
        rows = np.arange(max(int(self.panel.indptr[item]), int(row) - self.span), int(row))
        if not self.side[rows].any():
            return b""
        hit = self.replaced(rows, np.array(row))
        return rows[hit].tobytes() + self.instead[rows[hit]].astype(np.float32).tobytes()

    def has_run(self, item: int, row: int) -> bool:
        """Return True if a run of two or more replaced values lies before an origin. Cleaning finds single ones itself."""
        rows = np.arange(max(int(self.panel.indptr[item]), row - FAR), row)
        return bool((self.replaced(rows, np.array(row)) & (np.minimum(self.last[rows], row - 1) > self.first[rows])).any())

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32; each window's forecast depends on its own past only."""
        rows = batch.past_rows
        if rows is None:
            rows = batch.origin[:, None] + np.arange(-batch.context, 0)
        origin = batch.origin[:, None]
        inside = (rows >= self.panel.indptr[batch.item][:, None]) & (rows < origin)
        at = np.where(inside, rows, 0)
        hit = inside & self.replaced(at, origin) & ~np.isnan(batch.past_target)
        if hit.any():
            batch = dataclasses.replace(batch, past_target=np.where(hit, self.instead[at], batch.past_target).astype(np.float32))
        batch = dataclasses.replace(batch, cutoff=None)  # nothing is learnt from the other windows of a batch
        return self.inner.predict(batch if getattr(self.inner, "raw_history", False) else prepared(batch))


def sides_of(p: np.ndarray, sign: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Return (N,) -1, 0 or 1: the sign of rows beyond GUARDED, and of those beyond FOLLOWING that follow one on the same side."""
    side = np.where(p < FOLLOWING, sign, 0)
    begins = np.append(True, (np.diff(side) != 0) | (np.diff(item) != 0))[: len(side)]
    strong = np.cumsum(p < GUARDED)
    before = np.append(0, strong)[np.flatnonzero(begins)] if len(side) else strong
    return np.where(strong - before[np.cumsum(begins) - 1] > 0, side, 0) if len(side) else side


def accepted_level(p: np.ndarray, sign: np.ndarray, patience: int) -> int | None:
    """Return the first row of the newest run on one side that has at least `patience` of the rows (n,) of an item, or None."""
    side = sides_of(p, sign, np.zeros(len(p)))
    begins = np.flatnonzero(np.append(True, np.diff(side) != 0))[: len(side)]
    lengths = np.diff(np.append(begins, len(side)))
    accepted = begins[(side[begins] != 0) & (lengths >= patience)]
    return int(accepted[-1]) if len(accepted) else None
