"""Greedy search of one series of residuals for calendar events, the clearest first.

Single days and shapes around yearly events compete. The evidence shows that there is an effect; the shapes that overlap it are
compared by what they explain, because the evidence is limited and is the same for many of them. An effect is removed
together with what it did to the level and the season. An event without the sign that the weeks around it show is not reported.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tsattn.forecasting.ensemble.calendar_events import Events
from tsattn.forecasting.ensemble.event_residuals import has_sign, scale_of, standard
from tsattn.forecasting.ensemble.event_windows import PLATEAUS, SEARCHED, SHAPES, SLOPES, near, responses, weights_of
from tsattn.forecasting.ensemble.series_effects import season_of, spans_of, without_level_and_season

MOST = 32  # events of a window, at most
ODDS = 3.0  # log odds that an event needs, beyond the price of the number of events tried
PRIOR = 4.0  # prior variance of an effect, relative to that of the noise
FEWEST = {False: 6, True: 2}  # observed days of a monthly event, and of a yearly one
LEAST_ROWS = 180  # observed days of a series
MOST_SHAPES = 64  # maximum number of shapes around events that are compared
RATHER = 2.0  # times as much that a shape has to explain as the clearest single day, to be preferred
CLEARLY = 1.1  # times as much that a plateau has to explain as the best slope
SIMPLER = 4.0  # squared standard deviations by which another event has to explain more than a date of the year
YEAR, APART = 365.25, 14  # days; events this close share a scale of the responses
_CELLS = 1 << 22  # values at once


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


def over_price(z: np.ndarray, events: tuple[Events, Events], *, apart: bool = False) -> list[np.ndarray]:
    """Return [(S, C) of each kind] evidence less the price of the number of events of that kind tried.

    apart: leave the days around an event out of the scale of its own responses; this takes longer.
    """
    out = []
    for one in events:
        evidence = evidence_of(z, one)
        tried = np.isfinite(evidence).sum(1, keepdims=True)
        out.append(evidence - np.log(np.maximum(tried, 1)) - ODDS)
    half = spans_of(z.shape[1], 7)[0]
    for shape in SEARCHED:
        # relative to the responses on all days, because noise is correlated from day to day
        found = responses(z, shape, half)
        evidence = (
            _apart(found, shape.days + half, events[1]) if apart else evidence_of(standard(found, scale_of(found)), events[1])
        )
        tried = len(PLATEAUS if shape.flat else SLOPES) * np.isfinite(evidence).sum(1, keepdims=True)
        out.append(evidence - np.log(np.maximum(tried, 1)) - ODDS)
    return out


def _apart(found: np.ndarray, reach: int, events: Events) -> np.ndarray:
    """Return evidence (S, C) of responses (S, T), each relative to days more than `reach` days from its date in a year."""
    out = np.full((len(found), len(events)), -np.inf)
    date = events.at[:, 0] % YEAR
    day = np.arange(found.shape[1]) % YEAR
    for begin in np.arange(0, YEAR, APART).tolist():
        some = np.flatnonzero((date >= begin) & (date < begin + APART))
        away = np.abs(day - begin - APART / 2)
        usual = np.minimum(away, YEAR - away) > reach + APART / 2
        if len(some):
            part = Events(tuple(events.names[k] for k in some.tolist()), events.at[some], events.yearly[some])
            out[:, some] = evidence_of(standard(found, scale_of(found, usual if usual.any() else None)), part)
    return out


Event = tuple[int, int]  # kind and number; kinds: monthly events, yearly events, and one kind for each shape around yearly events


def name_of(events: tuple[Events, Events], event: Event) -> str:
    kind, k = event
    return events[kind].names[k] if kind < 2 else SHAPES[kind - 2].of(events[1].names[k])


def weights_on(events: tuple[Events, Events], event: Event, days: int) -> np.ndarray:
    """Return the relative size of an event's effect on each day, (days,), at most 1."""
    kind, k = event
    if kind < 2:
        return events[kind].on(np.array([k]), days)[0].astype(np.float64)
    return weights_of(events[1], k, SHAPES[kind - 2], days)


def greedy(z: np.ndarray, y: np.ndarray, events: tuple[Events, Events]) -> list[tuple[Event, float]]:
    """Return the events of residuals z (T,), clearest first, with their evidence; each is removed before the next search.

    y: (S, T) the same series, with their levels, or those of which z is the mean.
    """
    found: list[tuple[Event, float]] = []
    z, others = z.copy(), np.zeros(len(z), bool)
    for _ in range(MOST):
        seen = ~np.isnan(z)
        rows = int(seen.sum())
        if rows < LEAST_ROWS:
            break
        filter_ = _Filter(seen, season_of(rows, (7,)))
        left = filter_(np.where(seen, z, 0.0))
        now = np.where(seen, left, np.nan)[None]
        over = over_price(standard(now, scale_of(now)), events, apart=True)
        best = [float(one.max(initial=-np.inf)) for one in over]
        kind = int(np.argmax(best))
        k = int(over[kind][0].argmax()) if best[kind] > 0 else -1
        if k < 0 or any(event == (kind, k) for event, _ in found):
            break
        evidence = best[kind]
        at = events[min(kind, 1)].at[k]
        at = at[at >= 0]
        if kind == 0:
            # other events may fall on some days of a monthly one; those of a yearly one are few, and all its own
            found.append(((kind, k), evidence))
            z[at] -= np.nanmedian(z[at])
            continue
        choice = _chosen(left, filter_, over, events, (kind, k))
        if has_sign(y, choice.weights, choice.size, others):
            found.append((choice.event, evidence))
            others |= choice.weights > 0
        if choice.event[0] == 1:
            z -= filter_.around(np.where(choice.weights > 0, z, 0.0))
            z[at] = np.nan
        else:
            z -= choice.size * filter_(choice.weights)  # single days may still differ from the common shape
    return found


class _Choice(NamedTuple):
    """An event, its weights (T,), the size of its effect, and the sum of squares that this explains."""

    event: Event
    weights: np.ndarray
    size: float
    explained: float


class _Filter:
    """Removal of level and season from (…, T), where `seen` (T,)."""

    def __init__(self, seen: np.ndarray, season: int) -> None:
        self.seen, self.season = seen, season

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return values (…, T) without level and season."""
        return without_level_and_season(np.where(self.seen, values, 0.0), self.seen, self.season)[0]

    def around(self, left: np.ndarray) -> np.ndarray:
        """Return (T,) what the effects of single days, of which `left` (T,) is left on these days, leave on all days."""
        there = np.nan_to_num(left)
        own = self(there)
        whole = np.divide(there**2, own, out=np.zeros_like(there), where=np.abs(own) > 0.5 * np.abs(there))
        return self(whole)


def _chosen(left: np.ndarray, filter_: _Filter, over: list[np.ndarray], events: tuple[Events, Events], event: Event) -> _Choice:
    """Return the clearest `event` of residuals left (T,), or the shape that explains most of them.

    A plateau is preferred to a single day if it explains far more. Plateaus of other lengths, and those that begin some days
    earlier or later, are compared too.
    """
    candidates = _clear(left, filter_, over, events)
    flat = _plateau(left, filter_, [one for one in candidates if SHAPES[one[0] - 2].flat], events)
    slopes = [one for one in candidates if not SHAPES[one[0] - 2].flat]
    slope = _most(left, filter_, slopes, events) if slopes else None
    # a bent slope resembles a plateau of some length
    if slope is not None and (flat is None or flat.explained <= CLEARLY * slope.explained):
        flat = None
    if event[0] > 1 and (flat or slope) is not None:
        return flat or slope  # type: ignore[return-value]
    single = weights_on(events, event, len(left))
    at = (single > 0) & filter_.seen
    size = float(left[at].mean())
    alone = _Choice(event, single, size, at.sum() * size**2)
    # not a slope, which one extreme day would bend
    return alone if flat is None or flat.explained <= RATHER * alone.explained else flat


def _plateau(left: np.ndarray, filter_: _Filter, candidates: list[Event], events: tuple[Events, Events]) -> _Choice | None:
    """Return the best plateau: of the candidates, then of those of other lengths that begin near it; None without candidates."""
    if not candidates:
        return None
    best = _most(left, filter_, candidates, events)
    shape, begin = SHAPES[best.event[0] - 2], events[1].at[:, 0]
    close = np.flatnonzero(np.abs(begin - begin[best.event[1]]) <= shape.days // 3 + 1)
    return _most(left, filter_, [(2 + j, k) for j in near(shape) for k in close.tolist()], events)


def _clear(left: np.ndarray, filter_: _Filter, over: list[np.ndarray], events: tuple[Events, Events]) -> list[Event]:
    """Return the shapes around events with evidence, those that explain most first, by the sums of their responses."""
    half = spans_of(len(left), 7)[0]
    z = np.where(filter_.seen, left, np.nan)[None]
    every = []
    for j, shape in enumerate(SEARCHED):
        clear = np.flatnonzero(over[2 + j][0] > 0)
        if len(clear):
            response = np.append(np.nan_to_num(responses(z, shape, half)[0]), 0.0)
            at = events[1].at[clear]
            total = response[at].sum(1) ** 2 / np.maximum((at >= 0).sum(1), 1) / (shape.weights() ** 2).sum()
            every += [(float(value), (2 + j, k)) for value, k in zip(total.tolist(), clear.tolist(), strict=True)]
    return [event for _, event in sorted(every, reverse=True)[:MOST_SHAPES]]


def _most(left: np.ndarray, filter_: _Filter, candidates: list[Event], events: tuple[Events, Events]) -> _Choice:
    """Return the candidate that explains most of the residuals left (T,), rather one on a date of the year."""
    weights = np.stack([weights_on(events, event, len(left)) for event in candidates])
    shapes = filter_(filter_(weights))  # the residuals were filtered twice
    square = np.maximum((shapes**2).sum(1), 1e-12)
    size = (shapes @ left) / square
    explained = size**2 * square
    dated = np.array([events[1].names[k][0].isdigit() and events[1].names[k].count(" ") == 1 for _, k in candidates])
    at = int((explained + SIMPLER * dated).argmax())
    return _Choice(candidates[at], weights[at], float(size[at]), float(explained[at]))
