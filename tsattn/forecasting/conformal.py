"""Conformal quantiles: a forecaster's quantiles moved by its own errors at hold-out origins, with the finite-sample correction.

Split conformal prediction of quantiles (Romano, Patterson and Candès, 2019), one level at a time: of n errors y - q of a quantile
q at level t > 0.5, the ceil((n + 1) t)-th smallest is added to q; below 0.5, the floor((n + 1) t)-th. Errors are measured in
widths of the forecast's own interval, and those of all series at the same cutoff count together, step by step. With
exchangeable errors an interval then covers at least its level on average, however wrong the forecaster's quantiles are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tsattn.data.cleaning.prepare import prepared
from tsattn.data.windows import WindowBatch
from tsattn.errors import ConfigError
from tsattn.forecasting.ensemble.holdout import padded, pools_of, rows_of, shifted, shifts_of, truth
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.tail_quantiles import at_levels

FEWEST, MOST = 20, 60  # hold-out origins of a series


class Conformal:
    """`forecaster` with conformal quantiles at `quantiles`, as a Forecaster."""

    context = None

    def __init__(self, forecaster: Forecaster, quantiles: Sequence[float] | None = None) -> None:
        self.forecaster = forecaster
        self.name = f"{forecaster.name} + conformal"
        self.quantiles = tuple(forecaster.quantiles if quantiles is None else quantiles)
        self.pass_steps = getattr(forecaster, "pass_steps", 1)
        self.covariates = getattr(forecaster, "covariates", True)
        self.days, self.joint = getattr(forecaster, "days", False), getattr(forecaster, "joint", False)
        self._errors: list[int] = []

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the forecaster: `report` of an ensemble, `effects` of known covariates."""
        if name in ("report", "effects"):
            return getattr(self.forecaster, name)
        raise AttributeError(name)

    def notes(self) -> tuple[str, ...]:
        """Lines on the errors that the quantiles rest on, and on levels that need more."""
        if not self._errors:
            return ()
        fewest, most = min(self._errors), max(self._errors)
        span = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"
        lines = [f"conformal quantiles rest on {span} hold-out errors of each step"]
        short = [level for level in self.quantiles if needed(level) > fewest]
        if short:
            worst = max(short, key=needed)
            lines.append(f"the quantile {worst:g} needs {needed(worst):,} errors for its guarantee: the largest one was used")
        return tuple(lines)

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32; uses the window's own past and that of the other series at the same cutoff."""
        batch = prepared(batch)
        shifts = hold_out_shifts(batch, max(map(needed, self.quantiles)))
        made = np.stack([self._forecast(batch, None), *(self._forecast(batch, shift) for shift in shifts)])  # (1 + K, B, H, Q)
        width = np.stack([_width(one, batch) for one in made])
        past = np.stack([truth(batch, shift) for shift in shifts])  # (K, B, H)
        out = made[0].astype(np.float64)
        for now, pool in pools_of(batch):
            error = (past[..., None] - made[1:])[:, pool] / width[1:][:, pool, :, None]  # (K, P, H, Q)
            flat = error.reshape(-1, *error.shape[2:])
            moved, count = corrections(flat, self.quantiles)
            out[now] += moved * width[0][now][..., None]
            self._errors.append(int(count.min()))
        lowest = np.nanmin(batch.past_target, 1, initial=np.inf)
        out = np.where((lowest >= 0)[:, None, None], np.maximum(out, 0.0), out)
        return np.sort(out, -1).astype(np.float32)

    def _forecast(self, batch: WindowBatch, shift: np.ndarray | None) -> np.ndarray:
        """Return (B, H, Q) at `shift` (B,) steps before the windows' ends; NaN where a shift is 0 or no value is observed."""
        past = batch if shift is None else shifted(batch, shift)
        seen = ~np.isnan(past.past_target).all(1)
        rows = np.flatnonzero(seen if shift is None else seen & (shift > 0))
        out = np.full((len(batch), batch.horizon, len(self.quantiles)), np.nan, np.float32)
        if not len(rows):
            return out
        # windows that were moved by different numbers of steps no longer share a cutoff
        together = batch.cutoff is not None and (shift is None or bool((shift[rows] == shift[rows[0]]).all()))
        part = replace(rows_of(past, rows), cutoff=batch.cutoff[rows] if together and batch.cutoff is not None else None)
        part = part if self.forecaster.context is None else padded(part, self.forecaster.context)
        values = np.sort(self.forecaster.predict(part), -1)
        out[rows] = at_levels(values, self.forecaster.quantiles, self.quantiles, part)
        return out


def conformal(forecaster: Forecaster, quantiles: Sequence[float] | None = None) -> Conformal:
    """Return the forecaster with conformal quantiles. Raises ConfigError for a level outside 0 to 1."""
    if quantiles is not None and not all(0 < level < 1 for level in quantiles):
        raise ConfigError(f"quantiles must lie between 0 and 1, not {tuple(quantiles)}")
    return Conformal(forecaster, quantiles)


def needed(level: float) -> int:
    """Errors that the finite-sample correction needs at a level: with fewer, the quantile would have to be infinite."""
    return math.ceil(round(1 / min(level, 1 - level), 9)) - 1


def corrections(errors: np.ndarray, levels: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return corrections (H, Q) of quantiles, and numbers of errors (H,), from errors (N, H, Q), NaN = unknown.

    Where there are too few for a level, the largest (or smallest) one is taken; 0 where there is none.
    """
    ordered = np.sort(errors, axis=0)  # NaN last
    count = (~np.isnan(errors)).sum(0)  # (H, Q)
    level = np.broadcast_to(np.asarray(levels), count.shape)
    upper = np.ceil(np.round((count + 1) * level, 9))
    lower = np.floor(np.round((count + 1) * level, 9))
    middle = np.round((count + 1) * level)
    rank = np.where(level > 0.5, upper, np.where(level < 0.5, lower, middle)).astype(np.int64)
    at = np.clip(rank, 1, np.maximum(count, 1)) - 1
    found = np.take_along_axis(ordered, at[None], 0)[0] if len(ordered) else np.zeros(count.shape)
    return np.where(count > 0, np.nan_to_num(found), 0.0), count.min(-1)


def hold_out_shifts(batch: WindowBatch, errors: int) -> np.ndarray:
    """Return shifts (K, B) of hold-out origins in the last two thirds of the history: enough for `errors` of each step."""
    return shifts_of(batch, min(MOST, max(FEWEST, errors)), share=(2, 3), least=1)


def _width(values: np.ndarray, batch: WindowBatch) -> np.ndarray:
    """Return (B, H) width of the outermost interval of values (B, H, Q), never 0."""
    width = (values[..., -1] - values[..., 0]).astype(np.float64)
    floor = np.nan_to_num(np.nanmax(np.abs(batch.past_target), 1, initial=0)).astype(np.float64) * 1e-6 + 1e-9
    return np.maximum(width, floor[:, None])
