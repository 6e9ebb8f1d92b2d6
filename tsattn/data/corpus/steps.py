"""Coarser steps of a series: hourly values as daily, daily as weekly, monthly as quarterly."""

from __future__ import annotations

import numpy as np

from tsattn.data.freq import DAY, US, Freq

MOST = 24  # largest k of an uncommon step
POINTS = 40  # least number of values of a coarser series
USUAL = 0.7  # share of coarser rows with a common step, if there is one
LONG = 2.0  # weight of a day, a week and a month among the common steps; of a shorter step 1. Corpora have few such series
# common steps, in microseconds
_USUAL = [n * US["min"] for n in (5, 10, 15, 30)] + [n * US["h"] for n in (1, 2, 3, 6)] + [DAY, US["W"]]
_BY_UNIT: dict[str, tuple[tuple[int, Freq], ...]] = {
    "B": ((5, Freq("W")), (21, Freq("M"))),
    "M": ((3, Freq("M", 3)), (12, Freq("M", 12))),
    "step": tuple((k, Freq("step", k)) for k in (2, 3, 4, 6, 12)),
}


def usual_steps(freq: Freq) -> tuple[tuple[int, Freq], ...]:
    """Return (k, frequency of k steps) for each common frequency that is coarser.

    A month counts as 30 days, a quarter as 13 weeks.
    """
    if freq.unit in _BY_UNIT:
        return tuple((k // freq.n, coarse) for k, coarse in _BY_UNIT[freq.unit] if k % freq.n == 0 and k > freq.n)
    size = freq.fixed_us or 1
    found = [(total // size, _named(total)) for total in _USUAL if total > size and total % size == 0]
    if size <= DAY and DAY % size == 0:
        found += [(30 * DAY // size, Freq("M"))]
    elif size == US["W"]:
        found += [(13, Freq("M", 3))]
    return tuple(found)


def coarser(freq: Freq, length: int, rng: np.random.Generator) -> tuple[int, Freq]:
    """Draw k, and return it with the frequency of k steps; (1, freq) if the series is too short."""
    usual = [(k, coarse) for k, coarse in usual_steps(freq) if length // k >= POINTS]
    draw, pick = rng.random(2)
    if usual and draw < USUAL:
        weight = np.cumsum([LONG if (coarse.fixed_us or DAY) >= DAY else 1.0 for _, coarse in usual])
        return usual[int(np.searchsorted(weight, pick * weight[-1], "right"))]
    most = min(MOST, length // POINTS)
    if most < 2:
        return 1, freq
    k = 2 + int(pick * (most - 1))
    return k, times(freq, k)


def times(freq: Freq, k: int) -> Freq:
    """Return the frequency of k steps."""
    size = freq.fixed_us
    return Freq(freq.unit, freq.n * k) if size is None else _named(size * k)


def _named(size: int) -> Freq:
    """Return the frequency of a step of `size` microseconds, in its largest unit."""
    unit = next(unit for unit in ("W", "D", "h", "min", "s", "ms", "us") if size % US[unit] == 0)
    return Freq(unit, size // US[unit])
