"""Conformal quantiles: a forecaster's quantiles moved by its own errors at hold-out origins, with the finite-sample correction.

Split conformal prediction of quantiles (Romano, Patterson and Candès, 2019), one level at a time: of n errors y - q of a quantile
q at level t > 0.5, the ceil((n + 1) t)-th smallest is added to q; below 0.5, the floor((n + 1) t)-th. Errors are measured in
widths of the forecast's own interval, and those of all series at the same cutoff count together, step by step. With
exchangeable errors an interval then covers at least its level on average, however wrong the forecaster's quantiles are.

Forecasts that overlap in time err together, and so do series such as stocks: errors are counted as independent only where they
do not overlap, series count as fewer the more their errors agree, and the ranks are those of that number. A step with fewer
than FEWEST_ERRORS of them keeps the forecaster's quantiles. A level that needs more than there are has no guarantee: its
quantile moves by the largest error, outwards only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tsattn.data.cleaning.prepare import Cleaning, prepared
from tsattn.data.windows import WindowBatch
from tsattn.errors import ConfigError
from tsattn.forecasting.ensemble.calibration import errors_alike
from tsattn.forecasting.ensemble.holdout import padded, pools_of, shifted, shifts_of, truth
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.tail_quantiles import at_levels

FEWEST, MOST = 20, 60  # hold-out origins of a series
FEWEST_ERRORS = 9  # independent errors that a step needs: with fewer it keeps the forecaster's quantiles


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
        self.cleaned: Cleaning | None = None  # see Forecaster
        self._counts: list[np.ndarray] = []  # independent errors (H,) of each step, of each pool of windows

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the forecaster: `report` of an ensemble, `effects` of known covariates, `borrowed` shapes."""
        if name in ("report", "effects", "borrowed"):
            return getattr(self.forecaster, name)
        raise AttributeError(name)

    def notes(self, horizon: int | None = None) -> tuple[str, ...]:
        """Lines on the errors that the quantiles rest on, on steps without enough, and on levels that need more.

        horizon: number of steps that are reported, by default all of the windows, which may be longer than the forecast.
        """
        if not self._counts:
            return ()
        longest = max(map(len, self._counts))
        asked = longest if horizon is None else min(horizon, longest)
        each = np.stack([np.pad(one, (0, longest - len(one)), "edge")[:asked] for one in self._counts])  # (windows, H)
        enough = each >= FEWEST_ERRORS
        if not enough.any():
            have = f"at most {each.max()} independent hold-out errors of a step" if each.any() else "no hold-out errors"
            why = f"{have}, and {FEWEST_ERRORS} are needed"
            return (f"conformal: the history is too short ({why}); the quantiles are the same as without --conformal",)
        used, fewest = each[enough], int(each[enough].min())
        span = f"{fewest:,}" if fewest == used.max() else f"{fewest:,} to {used.max():,}"
        whole = enough.all()
        corrected = "each step" if whole else _spans(np.any(enough, axis=0))
        lines = [f"conformal quantiles rest on {span} independent hold-out errors of {corrected}"]
        if not whole:
            some = " of some windows" if (enough.any(0) & ~enough.all(0)).any() else ""
            few = f"have only {each[~enough].min()} to {each[~enough].max()} such errors, and {FEWEST_ERRORS} are needed"
            lines.append(f"{_spans(~np.all(enough, axis=0))}{some} {few}: their quantiles are the same as without --conformal")
        short = [level for level in self.quantiles if needed(level) > fewest]
        if short:
            worst = max(short, key=needed)
            need = f"the quantile {worst:g} needs {needed(worst):,} errors for its guarantee"
            lines.append(f"{need}: with fewer, the largest one is used, and the quantile never moves inwards")
        return tuple(lines)

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32; uses the window's own past and that of the other series at the same cutoff."""
        batch = prepared(batch)
        shifts = hold_out_shifts(batch, max(map(needed, self.quantiles)))
        now, self.cleaned = self._forecast(batch, None), getattr(self.forecaster, "cleaned", None)
        made = np.stack([now, *(self._forecast(batch, shift) for shift in shifts)])  # (1 + K, B, H, Q)
        width = np.stack([_width(one, batch) for one in made])
        past = np.stack([truth(batch, shift) for shift in shifts])  # (K, B, H)
        error = (past[..., None] - made[1:]) / width[1:][..., None]  # (K, B, H, Q)
        apart, middle = independent(error, shifts), int(np.abs(np.array(self.quantiles) - 0.5).argmin())  # (B, H)
        lowest = np.nanmin(batch.past_target, 1, initial=np.inf)
        least = np.where(lowest >= 0, 0.0, -np.inf)[:, None, None]
        out = made[0].astype(np.float32)
        for now, pool in pools_of(batch):
            count = (apart[pool].sum(0) / errors_alike(error[:, pool][..., middle])).astype(np.int64)
            self._counts.append(count)
            moved = corrections(error[:, pool].reshape(-1, *error.shape[2:]), self.quantiles, count)
            corrected = self._corrected(made[0][now], moved * width[0][now][..., None], count)
            out[now] = np.where((count >= FEWEST_ERRORS)[:, None], np.maximum(corrected, least[now]), out[now])
        return out

    def _corrected(self, values: np.ndarray, moved: np.ndarray, count: np.ndarray) -> np.ndarray:
        """Return values (B, H, Q) plus corrections `moved`, in order; those that lack errors, of count (H,), go outwards only."""
        levels = np.array(self.quantiles)
        short = np.array([needed(level) for level in self.quantiles]) > count[:, None]  # (H, Q)
        above, below = short & (levels > 0.5), short & (levels < 0.5)
        out = values + np.where(above, np.maximum(moved, 0), np.where(below, np.minimum(moved, 0), moved))
        out = np.where(above, np.maximum.accumulate(out, -1), out)
        out = np.where(below, np.minimum.accumulate(out[..., ::-1], -1)[..., ::-1], out)
        return np.sort(out, -1)

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
        part = replace(past.rows(rows), cutoff=batch.cutoff[rows] if together and batch.cutoff is not None else None)
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


def independent(errors: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Return numbers (B, H) of errors (K, B, H, Q) whose forecasts do not overlap: forecasts of h steps from origins h apart.

    shifts: (K, B) steps from the origins to the windows' ends, 0 = no origin. Overlapping forecasts err together, so that many
    of them say no more than a few.
    """
    known = (~np.isnan(errors).any(-1)).sum(0)  # (B, H)
    distance = np.where(shifts > 0, shifts, np.iinfo(np.int64).max).min(0)  # origins lie at multiples of the smallest shift
    share = np.minimum(1.0, distance[:, None] / np.arange(1, errors.shape[2] + 1))
    return np.where(known > 0, 1 + np.floor(np.round((known - 1) * share, 9)), 0).astype(np.int64)


def corrections(errors: np.ndarray, levels: Sequence[float], count: np.ndarray | None = None) -> np.ndarray:
    """Return corrections (H, Q) of quantiles from errors (N, H, Q), NaN = unknown.

    count: (H,) how many of the errors are independent, by default all of them. With m independent ones among n, the rank of m
    errors is stretched to n. Where there are too few for a level, the largest (or smallest) one is taken; 0 where there is none.
    """
    ordered = np.sort(errors, axis=0)  # NaN last
    known = (~np.isnan(errors)).sum(0)  # (H, Q)
    have = np.maximum(known.min(-1) if count is None else count, 1)[:, None]
    level = np.asarray(levels)
    share = np.ceil(np.round((have + 1) * np.maximum(level, 1 - level), 9)) / have
    outer = np.ceil(np.round(known * np.minimum(share, 1.0), 9))
    middle = np.round((known + 1) * level)
    rank = np.where(level > 0.5, outer, np.where(level < 0.5, known + 1 - outer, middle)).astype(np.int64)
    at = np.clip(rank, 1, np.maximum(known, 1)) - 1
    found = np.take_along_axis(ordered, at[None], 0)[0] if len(ordered) else np.zeros(known.shape)
    return np.where(known > 0, np.nan_to_num(found), 0.0)


def hold_out_shifts(batch: WindowBatch, errors: int) -> np.ndarray:
    """Return shifts (K, B) of hold-out origins in the last two thirds of the history: enough for `errors` of each step."""
    return shifts_of(batch, min(MOST, max(FEWEST, errors)), share=(2, 3), least=1)


def _width(values: np.ndarray, batch: WindowBatch) -> np.ndarray:
    """Return (B, H) width of the outermost interval of values (B, H, Q), never 0."""
    width = (values[..., -1] - values[..., 0]).astype(np.float64)
    floor = np.nan_to_num(np.nanmax(np.abs(batch.past_target), 1, initial=0)).astype(np.float64) * 1e-6 + 1e-9
    return np.maximum(width, floor[:, None])


def _spans(chosen: np.ndarray) -> str:
    """Return the steps that are True in `chosen` (H,), as text: `step 3`, or `steps 3, 7 to 12`."""
    steps = np.flatnonzero(chosen) + 1
    runs = np.split(steps, np.flatnonzero(np.diff(steps) > 1) + 1)
    said = ", ".join(f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
    return f"step{'' if len(steps) == 1 else 's'} {said}"
