"""Anomaly scores: the distance of each row from an earlier forecast, in units of the forecast's interval.

Three steps, none of which reads a row at or after the origin: forecasts roll over the series; anomalies found so far are
replaced by their forecasts before later origins read them (robust filtering; Gelper, Fried and Croux, 2010); intervals are
calibrated on the errors before the origin, with an exponential tail (peaks over threshold; Siffer et al., 2017).
Unlikely values are also compared with earlier values that are usual: those before an accepted level, and those of the last weeks.
The tails of rare values (`rare_values`) and flat runs (`flat_runs`) depend only on past values and earlier forecasts.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tsattn.data.panel import Panel
from tsattn.data.windows import Origins
from tsattn.forecasting.anomaly_guard import FOLLOWING, GUARDED, Guard, accepted_level, sides_of
from tsattn.forecasting.anomaly_origins import CALIBRATION, least_history, origins_of, silent_rows, step_of
from tsattn.forecasting.anomaly_units import least_unit, noise_of
from tsattn.forecasting.flat_runs import FlatRuns, flat_runs
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.persistence import PastDeviations
from tsattn.forecasting.predict import BATCH, Failure, predict_windows
from tsattn.forecasting.quantiles import normal_scores
from tsattn.forecasting.rare_values import LEAST_CONSTANT, RareTail, rare_tails, usual_of
from tsattn.forecasting.tail_probability import Tail, phase_errors, tail_of

WARM = 7  # cycles of history from which a forecast errs no more than later ones
CYCLES = 25  # cycles before a row whose errors at its phase correct its forecast
LARGEST_ERROR = 50.0  # limit of an error in units of the forecast, which may be close to 0
TOGETHER = 3  # passes over all origins at once: each reads the anomalies that the one before found
ONE_BY_ONE = 100  # passes that follow lasting faults: each settles one origin of each fault
PASSES = 8  # passes over all origins, in total
RETURN = 4  # times the length of a run that is accepted as a level: rows after its begin in which values may return
FLOOR_ROWS = 1024  # rows before an origin from which the smallest standard deviation is estimated
WIDEST_PRIOR = 4.0  # limit of the prior width from past noise, as a multiple of the forecast's width

OnProgress = Callable[[int, int], None]  # windows done, windows in all


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of n rows of a panel, by item and time; all float64 (n,) but `item` and `row`, absolute indices of the panel.

    expected: the median forecast, or the earlier values that an unlikely value was compared with. unit_below, unit_above: one
    standard deviation of the forecast on that side. distance: from the median to the value, in these units. p: two-sided tail
    probability of a value this far away, or of a flat run this long. floor: 0 where no earlier value of the item is negative,
    else minus infinity. tail, rare: (n,) tails, of which the longer counts. flat: (n,) the run of equal values that the row
    continues.
    """

    item: np.ndarray
    row: np.ndarray
    value: np.ndarray
    expected: np.ndarray
    unit_below: np.ndarray
    unit_above: np.ndarray
    distance: np.ndarray
    p: np.ndarray
    floor: np.ndarray
    tail: Tail
    rare: RareTail
    flat: FlatRuns

    def __len__(self) -> int:
        return len(self.row)

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Bounds (n,) of the interval at `level`, such as 0.99."""
        low, high = self._bounds(level)
        return np.maximum(low, self.floor), np.maximum(high, self.floor)

    def _bounds(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        reach, (low, high) = self.tail.distance(1 - level), self.rare.interval(1 - level)
        return np.fmin(self.expected - reach * self.unit_below, low), np.fmax(self.expected + reach * self.unit_above, high)

    def score(self, level: float) -> np.ndarray:
        """Return distances (n,) from the median in units of half the interval: above 1, the value is outside the interval.

        Also above 1 for a value inside the interval that continues a flat run, if a run this long is that improbable.
        """
        low, high = self._bounds(level)
        half = np.where(self.distance < 0, self.expected - low, high - self.expected)
        return np.maximum(np.abs(self.value - self.expected) / half, self.flat.score(level))

    def rows(self, chosen: np.ndarray) -> Scores:
        """Return the scores of some rows, by index or mask."""
        tails: dict[str, Any] = {"tail": self.tail.rows(chosen), "rare": self.rare.rows(chosen), "flat": self.flat.rows(chosen)}
        arrays = {f.name: getattr(self, f.name)[chosen] for f in dataclasses.fields(self) if f.name not in tails}
        return Scores(**arrays, **tails)


def score_rows(
    forecaster: Forecaster,
    panel: Panel,
    *,
    step: int | None = None,
    last: int | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[Scores, tuple[Failure, ...]]:
    """Score the last rows of each item, by default all but the first few; `step` steps between origins.

    Rows without a value get no score. Items too short to score a row are Failures. The scores of a row depend on earlier
    rows of its own item only. With another `last` they differ slightly, as the errors that calibrate them begin elsewhere.
    """
    step = step_of(panel) if step is None else step
    origins = origins_of(panel, step, last)
    work = _Work(forecaster, panel, origins, step, on_progress)
    every = np.arange(len(origins))
    redo = every
    for number in range(PASSES):
        work.forecast(redo)
        work.calibrate(work.after(redo))
        redo = work.stale(every, distant=number == 0)
        if number + 1 == TOGETHER and len(redo):
            followed = work.after(redo)
            work.follow(redo)
            work.calibrate(followed)
            redo = work.stale(every)
        if not len(redo):
            break
    if on_progress:
        on_progress(work.done, work.done)
    scores = work.scores()
    scores = scores.rows(scores.row - panel.indptr[:-1][scores.item] >= silent_rows(panel)[scores.item])
    if last is not None:
        scores = scores.rows(scores.row >= panel.origin[scores.item] - last)
    scored = set(scores.item.tolist())
    least = least_history(panel)
    ended = panel.discontinued().tolist()
    failed = [item for item in range(len(panel)) if item not in scored]
    return scores, tuple(Failure(panel.item_ids[item], _reason(panel, item, least), ended[item]) for item in failed)


def _reason(panel: Panel, item: int, least: int) -> str:
    """Return why no row of an item has a score."""
    values, rows = panel.history(item), int(panel.lengths[item])
    if rows <= least:
        return f"has {rows:,} rows, and needs more than {least} to be scored"
    if np.nanmin(values, initial=np.inf) == np.nanmax(values, initial=-np.inf):
        return f"has only one value, and needs at least {LEAST_CONSTANT} rows to be scored"
    return "has no value to score"


class _Work:
    """Rolling forecasts of a panel's rows: arrays (N,) over the panel's rows, NaN where a row has no forecast."""

    def __init__(self, forecaster: Forecaster, panel: Panel, origins: Origins, step: int, on_progress: OnProgress | None) -> None:
        self.panel, self.origins, self.step, self.on_progress = panel, origins, step, on_progress
        self.season = panel.freq.season_length  # a property that takes longer than the sums it is used in
        self.value = panel.target.astype(np.float64)
        self.deviations = PastDeviations(panel, self.value, step)
        self.guard = Guard(panel, forecaster, self._limits())
        self.forecasts = np.full((3, len(self.value)), np.nan)  # median, and the standard deviation below and above it
        self.error, self.distance, self.p = np.full((3, len(self.value)), np.nan)
        self.expected, self.below, self.above = self.forecasts.copy()
        self.tail, self.rare = Tail.normal(len(self.value)), RareTail.none(len(self.value))
        self.flat = flat_runs(self.value, panel.indptr, panel.origin)
        pasts = [self._past(b) for b in range(len(origins))]
        self.floors = np.array([least_unit(past) for past in pasts])
        self.noise = np.array([noise_of(past, self.season) for past in pasts])
        self.usual = [usual_of(past) for past in pasts]
        self.unknown = np.zeros(len(self.value), bool)  # rows after a constant past that is too short for a score
        for usual, row in zip(self.usual, origins.row.tolist(), strict=True):
            self.unknown[row : row + step] = usual is not None and usual.too_short
        self.seen = [b""] * len(origins)
        self.done, self.total = 0, len(origins)

    def _past(self, b: int) -> np.ndarray:
        """Return the newest FLOOR_ROWS values before an origin."""
        first, row = int(self.panel.indptr[self.origins.item[b]]), int(self.origins.row[b])
        return self.value[max(first, row - FLOOR_ROWS) : row]

    def _limits(self) -> np.ndarray:
        """Return (N,) for each origin the deviation up to which it reads values as they are."""
        found = np.zeros(len(self.value))
        for item, row in zip(self.origins.item.tolist(), self.origins.row.tolist(), strict=True):
            found[row] = self.deviations.before(item, row).limit
        return found

    def forecast(self, chosen: np.ndarray) -> None:
        """Forecast from the origins `chosen`, and measure the distance of each value."""
        forecaster, panel = self.guard, self.panel
        levels = forecaster.quantiles
        z = normal_scores(levels)
        middle = int(np.abs(z).argmin())
        for b in chosen.tolist():
            self.seen[b] = self.guard.signature(self.origins.item[b], self.origins.row[b])
        loop = predict_windows(forecaster, panel, self.origins[chosen], self.step, levels, BATCH, whole=False)
        for which, windows, values in loop:
            at = chosen[which]
            row = windows.origin[:, None] + np.arange(self.step)
            fits = (row < panel.origin[windows.item][:, None]) & np.isfinite(values).all(2)
            row, values = row[fits], values[fits].astype(np.float64)
            least = np.broadcast_to(self.floors[at][:, None], fits.shape)[fits]
            # the outermost quantiles give the standard deviation on each side
            below = np.maximum((values[:, middle] - values[:, 0]) / max(z[middle] - z[0], 0.1), least)
            above = np.maximum((values[:, -1] - values[:, middle]) / max(z[-1] - z[middle], 0.1), least)
            away = self.value[row] - values[:, middle]
            self.forecasts[:, row] = values[:, middle], below, above
            self.error[row] = away / np.where(away < 0, below, above)
            self.done += len(at)
            if self.on_progress:  # not complete yet: the next pass may find more to forecast
                self.on_progress(self.done, self.total + 1)

    def after(self, chosen: np.ndarray) -> np.ndarray:
        """Return the origins from the first of `chosen` in each item on: their scores depend on the forecasts of `chosen`."""
        begin = np.full(len(self.panel), len(self.origins))
        np.minimum.at(begin, self.origins.item[chosen], chosen)
        return np.flatnonzero(np.arange(len(self.origins)) >= begin[self.origins.item])

    def calibrate(self, chosen: np.ndarray) -> None:
        """Correct forecasts and tails by the errors before each origin `chosen`, and give each value its tail probability."""
        usual = ~(self.p < GUARDED)  # rows that are not anomalies: their errors calibrate later rows
        for b in chosen.tolist():
            item, row = int(self.origins.item[b]), int(self.origins.row[b])
            first, ahead = int(self.panel.indptr[item]), np.arange(row, min(row + self.step, int(self.panel.origin[item])))
            self.expected[ahead], self.below[ahead], self.above[ahead] = self.forecasts[:, ahead]
            self._correct(first, row, ahead, usual)
            # forecasts from a short history err more: they count only while there are few others
            warm = first + WARM * self.season
            begin = warm if row - warm >= CALIBRATION // 3 * self.step else first
            before = slice(max(begin, row - CALIBRATION * self.step), row)
            # from the first row only: near the end of a series, the other rows may be missing
            width = float(np.clip(self.noise[b] / np.sqrt(self.below[row] * self.above[row]), 1.0, WIDEST_PRIOR))
            tail = self.tail
            found = tail_of(self.distance[before], ~usual[before], width=width)
            tail.threshold[ahead], tail.excess[ahead], tail.shape[ahead] = found
            self._rare(b, row, ahead)
            self.p[ahead] = self._probability(ahead, self.distance[ahead])
            self._accept_other(item, row, ahead)
            usual[ahead] = ~(self.p[ahead] < GUARDED)
        self.guard.found(sides_of(self.p, np.sign(self.distance), self.guard.item), self.expected)

    def _probability(self, rows: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """Return the tail probability (n,) of rows whose values lie at `distance` (n,) from their forecasts."""
        common = self.tail.rows(rows).probability(np.abs(distance))
        tails = np.maximum(common, self.rare.rows(rows).probability(self.value[rows]))
        return np.minimum(tails, self.flat.p[rows])

    def _accept_other(self, item: int, row: int, ahead: np.ndarray) -> None:
        """Compare unlikely rows `ahead` of an origin with other values that are usual, and keep the likelier comparison.

        They are the values before the newest accepted level, and those at the same time of the last weeks where the forecast
        differs from these: the network may read too few rows to see a week.
        """
        unlikely = ahead[self.p[ahead] < FOLLOWING]
        if not len(unlikely):
            return
        before = slice(max(int(self.panel.indptr[item]), row - RETURN * self.guard.patience), row)
        begin = accepted_level(self.p[before], np.sign(self.distance[before]), self.guard.patience)
        if begin is not None:
            expected, unit = self.deviations.continued(item, before.start + begin, unlikely)
            self._accept(unlikely, expected, unit)
        deviations = self.deviations.before(item, row)
        if deviations.cycle > self.season and not deviations.persist:
            expected = self.deviations.continued(item, row, unlikely)[0]
            away = expected - self.expected[unlikely]
            differ = (
                self._probability(unlikely, away / np.where(away < 0, self.below[unlikely], self.above[unlikely])) < FOLLOWING
            )
            self._accept(unlikely[differ], expected[differ])

    def _accept(self, rows: np.ndarray, expected: np.ndarray, unit: float | None = None) -> None:
        """Score rows (n,) by their distance from values `expected` (n,), if that is likelier.

        unit: the standard deviation of these, by default that of the forecast.
        """
        away = self.value[rows] - expected
        below, above = (own[rows] if unit is None else np.full(len(rows), unit) for own in (self.below, self.above))
        distance = away / np.where(away < 0, below, above)
        p = self._probability(rows, distance)
        kept = p > self.p[rows]
        at = rows[kept]
        self.expected[at], self.below[at], self.above[at] = expected[kept], below[kept], above[kept]
        self.distance[at], self.p[at] = distance[kept], p[kept]

    def _rare(self, b: int, row: int, ahead: np.ndarray) -> None:
        """Fit the rare-value tails of the rows `ahead` of an origin, if most values before it are equal."""
        if (usual := self.usual[b]) is None:
            return
        past = np.arange(row - len(usual.away), row)
        before, reach = (usual.reached(self.expected[at], self.below[at], self.above[at]) for at in (past, ahead))
        share, size, count = rare_tails(usual, before, reach)
        rare = self.rare
        rare.share[ahead], rare.size[ahead], rare.count[ahead], rare.usual[ahead] = share, size, count, usual.value

    def _correct(self, first: int, row: int, ahead: np.ndarray, usual: np.ndarray) -> None:
        """Shift and scale the forecasts of the rows `ahead` by the errors at their phase of the cycle, before `row`."""
        season = self.season
        if season > 1:
            at = ahead[:, None] - season * np.arange(1, CYCLES + 1)
            known = (at >= first) & (at < row)
            at = np.where(known, at, 0)
            past = np.where(known & usual[at], np.clip(self.error[at], -LARGEST_ERROR, LARGEST_ERROR), np.nan)
            bias, scale = phase_errors(past, self.error[max(first, row - CYCLES * season) : row])
            unit = np.where(bias < 0, self.below[ahead], self.above[ahead])
            self.expected[ahead] += bias * unit
            self.below[ahead] *= scale
            self.above[ahead] *= scale
        away = self.value[ahead] - self.expected[ahead]
        self.distance[ahead] = away / np.where(away < 0, self.below[ahead], self.above[ahead])

    def stale(self, among: np.ndarray, *, distant: bool = False) -> np.ndarray:
        """Return the origins whose recent past has changed since it was read; `distant`: also those with a run long before."""
        found = []
        for b in among.tolist():
            item, row = int(self.origins.item[b]), int(self.origins.row[b])
            if self.guard.signature(item, row) != self.seen[b] or (distant and self.guard.has_run(item, row)):
                found.append(b)
        self.total += len(found)
        return np.array(found, np.int64)

    def follow(self, stale: np.ndarray) -> None:
        """Forecast stale origins again one after the other in time, until none is stale or for ONE_BY_ONE passes.

        A lasting fault is found step by step: an origin within it needs what the origins before it found. Origins that are
        further apart than the guard's span do not depend on each other, and are forecast together.
        """
        item, row = self.origins.item, self.origins.row
        ahead = np.arange(1, self.guard.span // self.step + 2)
        waiting = np.zeros(len(self.origins), bool)
        waiting[stale] = True
        for _ in range(ONE_BY_ONE):
            left = np.flatnonzero(waiting)
            if not len(left):
                return
            alone = (np.diff(row[left]) > self.guard.span) | (np.diff(item[left]) != 0)
            heads = left[np.append(True, alone)]
            self.forecast(heads)
            self.calibrate(heads)
            waiting[heads] = False
            after = np.unique(heads[:, None] + ahead)
            after = after[after < len(self.origins)]
            waiting[after] = False
            waiting[self.stale(after)] = True

    def scores(self) -> Scores:
        """Return the scores of the rows that have a value and a forecast."""
        row = np.flatnonzero(~np.isnan(self.distance) & ~self.unknown)
        item = np.searchsorted(self.panel.indptr, row, side="right") - 1
        lowest = np.full(len(self.value), np.inf)
        for first, end in zip(self.panel.indptr[:-1].tolist(), self.panel.origin.tolist(), strict=True):
            lowest[first + 1 : end] = np.fmin.accumulate(self.value[first:end])[:-1]
        floor = np.where(lowest < 0, -np.inf, 0.0)
        return Scores(
            item=item,
            row=row,
            value=self.value[row],
            expected=np.maximum(self.expected, floor)[row],
            unit_below=self.below[row],
            unit_above=self.above[row],
            distance=self.distance[row],
            p=self.p[row],
            floor=floor[row],
            tail=self.tail.rows(row),
            rare=self.rare.rows(row),
            flat=self.flat.rows(row),
        )


def expected_by_chance(level: float, rows: int) -> float:
    """Return the number of rows expected outside an interval at `level` by chance."""
    return (1 - level) * rows


def runs_of(scores: Scores, outside: np.ndarray, gap: int) -> list[np.ndarray]:
    """Group anomalous rows (a mask over the scores) of one item, at most `gap` apart, into arrays of indices, by time."""
    at = np.flatnonzero(outside)
    if not len(at):
        return []
    apart = (np.diff(scores.row[at]) > gap) | (np.diff(scores.item[at]) != 0)
    return np.split(at, np.flatnonzero(apart) + 1)


def level_for(rows: int) -> float:
    """Return the level at which one row in `rows` is outside by chance, rounded to nines: 0.999 for 1,000 rows."""
    return 1 - 10.0 ** -max(2, math.ceil(math.log10(max(rows, 1))))
