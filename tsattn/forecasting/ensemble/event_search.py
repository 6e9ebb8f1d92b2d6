"""Greedy search of one series of residuals for calendar events, the clearest first.

Single days and shapes around yearly events compete. The evidence shows that there is an effect, and event_choice.py chooses its
shape. An effect is removed together with what it did to the level and the season. An event without the sign that the weeks
around it show is not reported.
"""

from __future__ import annotations

import numpy as np

from tsattn.forecasting.ensemble.calendar_events import Events
from tsattn.forecasting.ensemble.event_choice import Choice, Filter, chosen
from tsattn.forecasting.ensemble.event_residuals import has_sign, scale_of, scales_of, standard
from tsattn.forecasting.ensemble.event_windows import FAMILIES, SEARCHED, Event, responses
from tsattn.forecasting.ensemble.series_effects import season_of, spans_of

MOST = 32  # events of a window, at most
ODDS = 3.0  # log odds that an event needs, beyond the price of the number of events tried
PRIOR = 4.0  # prior variance of an effect, relative to that of the noise
FEWEST = {False: 6, True: 2}  # observed days of a monthly event, and of a yearly one
LEAST_ROWS = 180  # observed days of a series
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
        tried = len(next(family for family in FAMILIES if shape in family)) * np.isfinite(evidence).sum(1, keepdims=True)
        out.append(evidence - np.log(np.maximum(tried, 1)) - ODDS)
    return out


def _apart(found: np.ndarray, reach: int, events: Events) -> np.ndarray:
    """Return evidence (S, C) of responses (S, T), each relative to days more than `reach` days from its date in a year."""
    out = np.full((len(found), len(events)), -np.inf)
    date = events.at[:, 0] % YEAR
    begins = np.arange(0, YEAR, APART)
    away = np.abs(np.arange(found.shape[1]) % YEAR - begins[:, None] - APART / 2)
    usual = np.minimum(away, YEAR - away) > reach + APART / 2  # (groups, T)
    usual |= ~usual.any(1, keepdims=True)
    group = (date // APART).astype(np.int64)
    some = np.unique(group).tolist()
    for one, scale in zip(some, scales_of(found, list(usual[some])), strict=True):
        own = np.flatnonzero(group == one)
        part = Events(tuple(events.names[k] for k in own.tolist()), events.at[own], events.yearly[own])
        out[:, own] = evidence_of(standard(found, scale), part)
    return out


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
        filter_ = Filter(seen, season_of(rows, (7,)))
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
        *pairs, alone = chosen(left, filter_, over, events, (kind, k))
        for choice in next((pair for pair in pairs if _all_have_sign(y, pair, others)), alone):
            if has_sign(y, choice.weights, choice.size, others):
                found.append((choice.event, evidence))
                others |= choice.weights > 0
            if choice.event[0] == 1:
                z -= filter_.around(np.where(choice.weights > 0, z, 0.0))
                z[at] = np.nan
            else:
                z -= choice.size * filter_(choice.weights)  # single days may still differ from the common shape
    return found


def _all_have_sign(y: np.ndarray, choices: tuple[Choice, ...], others: np.ndarray) -> bool:
    """Return True if each of several effects, found in this order, has its sign in series y (S, T)."""
    for choice in choices:
        if not has_sign(y, choice.weights, choice.size, others):
            return False
        others = others | (choice.weights > 0)
    return True
