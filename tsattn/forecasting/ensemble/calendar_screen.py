"""Search for the calendar events that a daily series follows, in its residuals from level and season.

An event is a day, or the days before or after a yearly event (event_windows.py). Each occurrence of an event counts as one
observation, since the noise of different years is independent. The evidence is a Bayes
factor against no effect (Kass & Raftery, 1995), computed without the largest deviation; it must outweigh the number of events
tried. The mean of a pool is searched first, since a storm that hits all series on one day is one observation; then each series.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tsattn.forecasting.ensemble.calendar_events import Events, events_between
from tsattn.forecasting.ensemble.event_windows import SHAPES, responses, weights_of
from tsattn.forecasting.ensemble.holdout import Pools
from tsattn.forecasting.ensemble.series_effects import season_of, spans_of, without_level_and_season
from tsattn.forecasting.ensemble.window_effects import POSITIVE

MOST = 32  # events of a window, at most
ODDS = 3.0  # log odds that an event needs, beyond the price of the number of events tried
PRIOR = 4.0  # prior variance of an effect, relative to that of the noise
FEWEST = {False: 6, True: 2}  # observed days of a monthly event, and of a yearly one
LEAST_ROWS = 180  # observed days of a series
FARTHEST = 5.0  # limit of a deviation, in standard deviations
MOST_SHAPES = 64  # maximum number of shapes around events that are compared
OWN = 32  # series, at most, that are searched alone
_CELLS = 1 << 22  # values at once


@dataclass(frozen=True, eq=False)
class _Days:
    """Standardised residuals z (B, T) on an axis of days, NaN = not observed, and the events on it."""

    z: np.ndarray
    events: tuple[Events, Events]


class Found(NamedTuple):
    """Events found on an axis of T days.

    names: C names. on: (C, T) relative size of an event's effect on each day, 1 at its peak. place: (B, L+H) position of each
    step on the axis. used: (B, C) bool, True for the events that a window uses.
    """

    names: tuple[str, ...]
    on: np.ndarray
    place: np.ndarray
    used: np.ndarray


def find_events(past: np.ndarray, days: np.ndarray, pools: Pools, seasons: tuple[int, ...]) -> Found:
    """Return the events that windows follow.

    past: (B, L), NaN = missing. days: (B, L+H), NaT = none. A window uses the events that its own past and its pool's show.
    """
    none = Found((), np.zeros((0, 1)), np.zeros(days.shape, np.int64), np.zeros((len(past), 0), bool))
    dated = ~np.isnat(days)
    enough = ((~np.isnan(past)) & dated[:, : past.shape[1]]).sum(1) >= LEAST_ROWS
    if not enough.any():
        return none
    number = np.where(dated, days.astype("datetime64[D]").astype(np.int64), 0)
    first, last = int(number[dated].min()), int(number[dated].max())
    place = np.where(dated, number - first, last - first + 1)  # one more column takes what has no date
    z = np.full((len(past), last - first + 2), np.nan)
    np.put_along_axis(z, place[:, : past.shape[1]], np.where(enough[:, None], residuals_of(past, seasons), np.nan), 1)
    axis = _Days(z[:, :-1], events_between(first, last))
    chosen = _chosen(axis, pools)
    every = sorted({event for one in chosen for event in one})
    if not every:
        return none
    used = np.array([[event in one for event in every] for one in chosen])
    on = np.stack([_weights(axis.events, event, last - first + 1) for event in every])
    on = np.concatenate([on, np.zeros((len(on), 1))], 1)
    names = tuple(_name(axis.events, event) for event in every)
    return Found(names, on, place, used)


def residuals_of(past: np.ndarray, seasons: tuple[int, ...]) -> np.ndarray:
    """Return (B, L) past (B, L), or its logarithms where it is positive, without level and season, in standard deviations."""
    values = past.astype(np.float64)
    seen = np.isfinite(values)
    count = seen.sum(1)
    above = seen & (values > 0)
    positive = (above.sum(1) >= POSITIVE * np.maximum(count, 1)) & ~(values < 0).any(1)
    least = np.where(above, values, np.inf).min(1, initial=np.inf)  # a zero is half the smallest value
    logs = np.log(np.where(above, values, np.where(np.isfinite(least), least, 1.0)[:, None] / 2))
    values = np.where(seen, np.where(positive[:, None], logs, values), 0.0)
    values = np.where(seen, values - values.sum(1, keepdims=True) / np.maximum(count, 1)[:, None], 0.0)
    left = np.zeros_like(values)
    season = np.array([season_of(int(n), seasons) for n in count])
    for one in np.unique(season).tolist():
        rows = season == one
        left[rows] = without_level_and_season(values[rows], seen[rows], one)[0]
    return _standard(np.where(seen, left, np.nan))


def _standard(left: np.ndarray) -> np.ndarray:
    """Divide (…, T) by a robust standard deviation, or by a larger one that fits the 98 % quantile where tails are heavy."""
    size = np.sort(np.abs(left), -1)  # NaN last
    count = (~np.isnan(size)).sum(-1, keepdims=True)
    middle, tail = (np.take_along_axis(size, np.maximum((count - 1) * share // 100, 0), -1) for share in (50, 98))
    scale = np.nan_to_num(np.maximum(middle / 0.6745, tail / 2.3263))
    return np.asarray(np.clip(left / np.where(scale > 0, scale, np.inf), -FARTHEST, FARTHEST))


def evidence_of(z: np.ndarray, events: Events) -> np.ndarray:
    """Return (S, C) log Bayes factors of the events without the largest deviation of each; -inf where too few days were seen."""
    out = np.empty((len(z), len(events)))
    padded = np.concatenate([z, np.full((len(z), 1), np.nan)], 1)
    step = max(1, _CELLS // max(events.at.size, 1))
    fewest = np.where(events.yearly, FEWEST[True], FEWEST[False])
    for at in range(0, len(z), step):
        value = padded[at : at + step, events.at]  # (s, C, n)
        count = (~np.isnan(value)).sum(2)
        value = np.nan_to_num(value)
        total = value.sum(2)
        sign = np.sign(total)
        largest = (sign[..., None] * value).max(2, initial=0.0)
        mean = np.maximum(np.abs(total) - largest, 0.0) / np.maximum(count - 1, 1)
        spread = 1 + count * PRIOR
        factor = 0.5 * (count * mean) ** 2 * PRIOR / spread - 0.5 * np.log(spread)
        out[at : at + step] = np.where(count >= fewest, factor, -np.inf)
    return out


def _over(z: np.ndarray, events: tuple[Events, Events]) -> list[np.ndarray]:
    """Return [(S, C) of each kind] evidence less the price of the number of events of that kind tried."""
    out = []
    for one in events:
        evidence = evidence_of(z, one)
        tried = np.isfinite(evidence).sum(1, keepdims=True)
        out.append(evidence - np.log(np.maximum(tried, 1)) - ODDS)
    half = spans_of(z.shape[1], 7)[0]
    for shape in SHAPES:
        # relative to the responses on all days, because noise is correlated from day to day
        evidence = evidence_of(_standard(responses(z, shape, half)), events[1])
        tried = len(SHAPES) * np.isfinite(evidence).sum(1, keepdims=True)
        out.append(evidence - np.log(np.maximum(tried, 1)) - ODDS)
    return out


Event = tuple[int, int]  # kind and number; kinds: monthly events, yearly events, and one kind for each shape around yearly events


def _name(events: tuple[Events, Events], event: Event) -> str:
    kind, k = event
    return events[kind].names[k] if kind < 2 else SHAPES[kind - 2].of(events[1].names[k])


def _weights(events: tuple[Events, Events], event: Event, days: int) -> np.ndarray:
    """Return the relative size of an event's effect on each day, (days,), at most 1."""
    kind, k = event
    if kind < 2:
        return events[kind].on(np.array([k]), days)[0].astype(np.float64)
    return weights_of(events[1], k, SHAPES[kind - 2], days)


def _chosen(axis: _Days, pools: Pools) -> list[frozenset[Event]]:
    """Return the events of each window: those of its pool's mean, then those of single series of the pool."""
    out: list[frozenset[Event]] = [frozenset()] * len(axis.z)
    alone: dict[frozenset[Event], _Alone] = {}
    for now, pool in pools:
        common = greedy(_mean(axis.z[pool]), axis.events)
        found = dict(common)
        if len(pool) > 1:
            key = frozenset(found)
            if key not in alone:
                alone[key] = _Alone(axis, key)
            for event, evidence in alone[key].of(pool):
                found.setdefault(event, evidence)
        kept = frozenset(sorted(found, key=lambda event: -found[event])[:MOST])
        for row in now.tolist():
            out[row] = kept
    return out


class _Alone:
    """Events of single series beside `common` ones; each series is searched once."""

    def __init__(self, axis: _Days, common: frozenset[Event]) -> None:
        self.axis, self.left_out = axis, np.zeros(axis.z.shape[1], bool)
        for event in common:
            self.left_out |= _weights(axis.events, event, len(self.left_out)) > 0
        self.first = np.full(len(axis.z), np.nan)  # evidence of the clearest event
        self.found: dict[int, list[tuple[Event, float]]] = {}

    def of(self, pool: np.ndarray) -> list[tuple[Event, float]]:
        """Return events of the series `pool` with their evidence."""
        new = pool[np.isnan(self.first[pool])]
        if len(new):
            over = _over(np.where(self.left_out, np.nan, self.axis.z[new]), self.axis.events)
            self.first[new] = np.max([one.max(1, initial=-np.inf) for one in over], 0)
        loud = pool[self.first[pool] > np.log(len(pool))]
        out: list[tuple[Event, float]] = []
        for row in loud[np.argsort(-self.first[loud], kind="stable")][:OWN].tolist():
            if row not in self.found:
                self.found[row] = greedy(np.where(self.left_out, np.nan, self.axis.z[row]), self.axis.events)
            out += [(event, evidence) for event, evidence in self.found[row] if evidence > np.log(len(pool))]
        return out


def _mean(z: np.ndarray) -> np.ndarray:
    """Return (T,) mean of series z (S, T); NaN on days with fewer than a quarter of the series of the fullest day."""
    seen = ~np.isnan(z)
    count = seen.sum(0)
    total = np.where(seen, z, 0.0).sum(0)
    return np.where(count >= max(count.max(initial=0) / 4, 1), total / np.maximum(count, 1), np.nan)


def greedy(z: np.ndarray, events: tuple[Events, Events]) -> list[tuple[Event, float]]:
    """Return the events of residuals z (T,), clearest first, with their evidence; each is removed before the next search."""
    found: list[tuple[Event, float]] = []
    z = z.copy()
    while len(found) < MOST:
        seen = ~np.isnan(z)
        rows = int(seen.sum())
        if rows < LEAST_ROWS:
            break
        left, _ = without_level_and_season(np.where(seen, z, 0.0)[None], seen, season_of(rows, (7,)))
        now = _standard(np.where(seen, left, np.nan))
        over = _over(now, events)
        best = [float(one.max(initial=-np.inf)) for one in over]
        kind = int(np.argmax(best))
        k = int(over[kind][0].argmax()) if best[kind] > 0 else -1
        if k < 0 or any(event == (kind, k) for event, _ in found):
            break
        if kind >= 2:
            (kind, k), weights, size = _best_shape(left[0], seen, over, events)
            found.append(((kind, k), best[kind]))
            z -= size * weights  # single days may still differ from the common shape
            continue
        found.append(((kind, k), best[kind]))
        at = events[kind].at[k]
        at = at[at >= 0]
        # other events may fall on some days of a monthly one; those of a yearly one are few, and all its own
        z[at] = np.nan if kind else z[at] - np.nanmedian(z[at])
    return found


def _best_shape(
    left: np.ndarray, seen: np.ndarray, over: list[np.ndarray], events: tuple[Events, Events]
) -> tuple[Event, np.ndarray, float]:
    """Return the shape around an event that explains most of the residuals left (T,), its weights (T,) and its size.

    The evidence cannot distinguish between shapes around an event, since large deviations are clipped.
    """
    every = [(float(one[0][k]), (2 + j, int(k))) for j, one in enumerate(over[2:]) for k in np.flatnonzero(one[0] > 0)]
    clear = [event for _, event in sorted(every, reverse=True)[:MOST_SHAPES]]
    weights = np.stack([_weights(events, event, len(left)) for event in clear])
    shapes, _ = without_level_and_season(np.where(seen, weights, 0.0), seen, season_of(int(seen.sum()), (7,)))
    square = np.maximum((shapes**2).sum(1), 1e-12)
    size = (shapes @ left) / square
    at = int((size**2 * square).argmax())
    return clear[at], weights[at], float(size[at])
