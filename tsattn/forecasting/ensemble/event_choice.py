"""Choice of the shape of a calendar event that a search of residuals found: a single day, a slope, a plateau, or two in a row.

The evidence of an event is limited, and is the same for many shapes that overlap it, so these are compared by the sum of squares
that they explain. The level follows a long rise, so the fall after it explains about as much alone, and hides the rise once it
is removed. A rise and the fall after it are therefore fitted together, too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tsattn.forecasting.ensemble.calendar_events import Events
from tsattn.forecasting.ensemble.event_residuals import scale_of
from tsattn.forecasting.ensemble.event_windows import SEARCHED, SHAPES, Event, near, neighbours, responses, weights_on
from tsattn.forecasting.ensemble.series_effects import spans_of, without_level_and_season

MOST_SHAPES = 64  # maximum number of shapes around events that are compared
RATHER = 2.0  # times as much that a shape has to explain as the clearest single day, to be preferred
CLEARLY = 1.1  # times as much that a plateau has to explain as the best slope
SIMPLER = 4.0  # squared standard deviations by which another event has to explain more than a date of the year
MOST_PAIRED = 16  # maximum number of these for which a rise before, or an effect after, is tried
PARTNER = 4.0  # squared standard deviations by which a rise and an effect after it have to explain more than either alone


class Choice(NamedTuple):
    """An event, its weights (T,), the size of its effect, and the sum of squares that this explains."""

    event: Event
    weights: np.ndarray
    size: float
    explained: float


class Filter:
    """Removal of level and season from (…, T), where `seen` (T,)."""

    def __init__(self, seen: np.ndarray, season: int) -> None:
        self.seen, self.season = seen, season

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return values (…, T) without level and season."""
        return without_level_and_season(np.where(self.seen, values, 0.0), self.seen, self.season)[0]

    def around(self, left: np.ndarray) -> np.ndarray:
        """Return the trace (T,) on all days of single-day effects that leave `left` (T,) on their own days."""
        there = np.nan_to_num(left)
        own = self(there)
        whole = np.divide(there**2, own, out=np.zeros_like(there), where=np.abs(own) > 0.5 * np.abs(there))
        return self(whole)


def chosen(
    left: np.ndarray, filter_: Filter, over: list[np.ndarray], events: tuple[Events, Events], event: Event
) -> list[tuple[Choice, ...]]:
    """Return a rise and the fall after it, if both explain most of residuals left (T,), then the best shape or `event` itself.

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
    shape = flat or slope
    if event[0] > 1 and shape is not None:
        both = _pair(left, filter_, shape, candidates, events)
        return [(shape,)] if both is None else [both.choices, (shape,)]
    single = weights_on(events, event, len(left))
    at = (single > 0) & filter_.seen
    size = float(left[at].mean())
    alone = Choice(event, single, size, at.sum() * size**2)
    # not a slope, which one extreme day would bend
    return [(alone,) if flat is None or flat.explained <= RATHER * alone.explained else (flat,)]


class _Pair(NamedTuple):
    """A rise before an event and the fall after it, or the reverse, with the sum of squares that they explain together."""

    choices: tuple[Choice, Choice]
    explained: float


def _pair(
    left: np.ndarray, filter_: Filter, alone: Choice, candidates: list[Event], events: tuple[Events, Events]
) -> _Pair | None:
    """Return the pair that explains most of residuals left (T,), one event among the first candidates or `alone`, their best.

    None if it hardly explains more than the best alone.
    """
    days, pairs = len(left), set()
    for kind, k in [alone.event, *candidates[:MOST_PAIRED]]:
        after = SHAPES[kind - 2].after
        for j, shape in enumerate(SEARCHED):
            if shape.after != after:
                others = [(2 + j, one) for one in neighbours(events[1], k, after, days)]
                pairs |= {(one, (kind, k)) if after else ((kind, k), one) for one in others}
    best = _best_pair(left, filter_, sorted(pairs), events)
    if best is None:
        return None
    fall = best.choices[1].event
    windows = [(one, fall) for one in _windows_before(best, candidates, events, days)]
    best = _best_pair(left, filter_, [*sorted(pairs), *windows], events) or best
    first, fall = best.choices[0], best.choices[1].event
    if SHAPES[fall[0] - 2].flat:
        falls = [one for one in _like(events, fall) if not (first.weights * weights_on(events, one, days)).any()]
        flat = SHAPES[first.event[0] - 2].flat
        rises = [first.event] if flat else [(2 + j, first.event[1]) for j, one in enumerate(SEARCHED) if not one.after]
        best = _best_pair(left, filter_, [(one, two) for one in rises for two in falls], events) or best
    variance = float(scale_of(np.where(filter_.seen, left, np.nan)[None])[0, 0]) ** 2
    return best if best.explained - alone.explained > PARTNER * variance else None


def _windows_before(pair: _Pair, candidates: list[Event], events: tuple[Events, Events], days: int) -> list[Event]:
    """Return plateaus like the first candidate that lies before the second of a pair, where its first does."""
    rise, fall = (one.weights > 0 for one in pair.choices)
    for kind, k in candidates:
        shape = SHAPES[kind - 2]
        if not shape.flat:
            continue
        on = weights_on(events, (kind, k), days) > 0
        if (on & rise).any() and not (on & fall).any():
            return _like(events, (kind, k))
    return []


def _best_pair(
    left: np.ndarray, filter_: Filter, pairs: list[tuple[Event, Event]], events: tuple[Events, Events]
) -> _Pair | None:
    """Return the best of P pairs of events whose effects have opposite signs, preferably one on dates of the year."""
    if not pairs:
        return None
    every = sorted({event for pair in pairs for event in pair})
    place = {event: k for k, event in enumerate(every)}
    i, j = (np.array([place[pair[k]] for pair in pairs]) for k in (0, 1))
    weights = np.stack([weights_on(events, event, len(left)) for event in every])
    shapes = filter_(filter_(weights))  # the residuals were filtered twice
    gram, moment = shapes @ shapes.T, shapes @ left
    a, b, c, p, q = gram[i, i], gram[j, j], gram[i, j], moment[i], moment[j]
    determinant = a * b - c**2
    able = determinant > 1e-6 * a * b
    determinant = np.where(able, determinant, 1.0)
    first, second = (b * p - c * q) / determinant, (a * q - c * p) / determinant  # normal equations of each pair
    able &= first * second < 0
    if not able.any():
        return None
    explained = np.where(able, first * p + second * q, -np.inf)
    dated = SIMPLER * _dated(every, events)
    at = int((explained + dated[i] + dated[j]).argmax())
    sizes = ((i[at], first[at]), (j[at], second[at]))
    one, two = (Choice(every[k], weights[k], float(size), float(explained[at])) for k, size in sizes)
    return _Pair((one, two), float(explained[at]))


def _plateau(left: np.ndarray, filter_: Filter, candidates: list[Event], events: tuple[Events, Events]) -> Choice | None:
    """Return the best plateau: of the candidates, then of those of other lengths that begin near it; None without candidates."""
    if not candidates:
        return None
    return _most(left, filter_, _like(events, _most(left, filter_, candidates, events).event), events)


def _like(events: tuple[Events, Events], plateau: Event) -> list[Event]:
    """Return the plateaus about as long as one, which begin near it."""
    shape, begin = SHAPES[plateau[0] - 2], events[1].at[:, 0]
    close = np.flatnonzero(np.abs(begin - begin[plateau[1]]) <= shape.days // 3 + 1)
    return [(2 + j, k) for j in near(shape) for k in close.tolist()]


def _clear(left: np.ndarray, filter_: Filter, over: list[np.ndarray], events: tuple[Events, Events]) -> list[Event]:
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


def _most(left: np.ndarray, filter_: Filter, candidates: list[Event], events: tuple[Events, Events]) -> Choice:
    """Return the candidate that explains most of the residuals left (T,), preferably one on a date of the year."""
    weights = np.stack([weights_on(events, event, len(left)) for event in candidates])
    shapes = filter_(filter_(weights))  # the residuals were filtered twice
    square = np.maximum((shapes**2).sum(1), 1e-12)
    size = (shapes @ left) / square
    explained = size**2 * square
    at = int((explained + SIMPLER * _dated(candidates, events)).argmax())
    return Choice(candidates[at], weights[at], float(size[at]), float(explained[at]))


def _dated(candidates: list[Event], events: tuple[Events, Events]) -> np.ndarray:
    """Return (n,) bool: True for candidates on a date of the year, such as 24 December."""
    return np.array([events[1].names[k][0].isdigit() and events[1].names[k].count(" ") == 1 for _, k in candidates])
