"""Effects on the days around a yearly event, such as sales before Christmas, as one effect instead of many.

The effect is largest at the event and changes linearly over a number of days, or it is the same on a number of days from the
event on (a plateau). It can be detected in one series of a few years, where the effects of single days are lost in the noise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tsattn.forecasting.ensemble.calendar_events import Events

STEPS = 10  # number of sizes that a changing effect takes
GAP = 3  # days between the day on which a rise ends and the one on which the effect after it begins, at most
LONGEST = 66  # days of a plateau, at most


class Shape(NamedTuple):
    """Effect that fades over `days` before an event, or after it, from 1 at the event itself; or one that is 1 throughout."""

    days: int
    after: bool
    flat: bool = False

    def weights(self) -> np.ndarray:
        """Return (days,) weights, by distance from the event."""
        return np.ones(self.days) if self.flat else np.ceil(STEPS * (1 - np.arange(self.days) / self.days)) / STEPS

    def of(self, name: str) -> str:
        """Return the name of the effect around an event."""
        how = "lasting" if self.flat else "fading over" if self.after else "building up over"
        return f"{name}, {how} {self.days} days"


SLOPES = (*(Shape(days, False) for days in (7, 10, 14, 21)), *(Shape(days, True) for days in (7, 14)))
PLATEAUS = tuple(Shape(days, True, flat=True) for days in (3, 5, 7, 10, 14, 21))
SEASONS = tuple(Shape(days, True, flat=True) for days in (30, 45))  # such as school holidays
FAMILIES = (SLOPES, PLATEAUS, SEASONS)
SEARCHED = tuple(shape for family in FAMILIES for shape in family)
SHAPES = (*SEARCHED, *(one for days in range(2, LONGEST + 1) if (one := Shape(days, True, flat=True)) not in SEARCHED))


def near(shape: Shape) -> list[int]:
    """Return the indices among SHAPES of plateaus about as long as a plateau of the search."""
    low, high = shape.days * 2 // 3, shape.days * 3 // 2 + 1
    return [j for j, one in enumerate(SHAPES) if one.flat and low <= one.days <= high]


def neighbours(events: Events, which: int, after: bool, days: int) -> list[int]:
    """Return the events that fall 1 to GAP days after the event `which` each year, or before it if it is the one `after`."""
    close = np.zeros(days + 1, bool)
    steps = np.arange(1, GAP + 1) * (-1 if after else 1)
    own = events.at[which][events.at[which] >= 0]
    place = (own[:, None] + steps).reshape(-1)
    close[place[(place >= 0) & (place < days)]] = True
    hit = close[events.at]
    beyond = events.at >= days - GAP if after else events.at < GAP  # their partner may lie outside the axis
    return np.flatnonzero((hit | (events.at < 0) | beyond).all(1) & hit.any(1)).tolist()


def weights_of(events: Events, which: int, shape: Shape, days: int) -> np.ndarray:
    """Return (days,) weights of a shape around the event `which`, 0 elsewhere. Events after the end of the axis count too."""
    out, weights = np.zeros(days), shape.weights()
    steps = np.arange(shape.days) if shape.after else -np.arange(shape.days)
    for at in events.at[which][events.at[which] >= 0].tolist():
        place = at + steps
        inside = (place >= 0) & (place < days)
        some = place[inside]
        out[some] = np.maximum(out[some], weights[inside])
    return out


def responses(z: np.ndarray, shape: Shape, half: int) -> np.ndarray:
    """Return (S, T) responses of residuals z (S, T), NaN = missing, to a shape placed at each day.

    NaN where few days are observed. half: neighbours on either side in the moving level that was removed from z; it is removed
    from the shape too.
    """
    weights = shape.weights()
    pad = shape.days + half
    kernel = np.zeros(2 * pad + 1)
    place = pad + (1 if shape.after else -1) * np.arange(shape.days)
    kernel[place] = weights
    kernel -= np.convolve(kernel, np.full(2 * half + 1, 1 / (2 * half + 1)), "same")
    seen = ~np.isnan(z)
    found = _correlated(np.where(seen, z, 0.0), kernel)
    within = np.zeros_like(kernel)
    within[place] = 1.0
    share = _correlated(seen.astype(np.float64), within) / shape.days
    return np.asarray(np.where(share > 0.75, found, np.nan))


def _correlated(z: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return (S, T) sums of kernel[j] · z[:, t + j - middle], with zeros beyond the ends."""
    size, middle = z.shape[1], len(kernel) // 2
    length = _smooth_length(size + len(kernel))
    product = np.fft.rfft(z, length, axis=1) * np.fft.rfft(kernel[::-1], length)
    return np.asarray(np.fft.irfft(product, length, axis=1)[:, middle : middle + size])


def _smooth_length(least: int) -> int:
    """Return the smallest product of 2, 3 and 5 that is at least this: Fourier transforms of other lengths take longer."""
    powers = (3**i * 5**j for i in range(12) for j in range(8))
    return min(odd << max(-(-least // odd) - 1, 0).bit_length() for odd in powers)


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
