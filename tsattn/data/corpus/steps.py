"""Coarser steps at which a series can be read: hours as days, days as weeks, months as quarters."""

from __future__ import annotations

import numpy as np

from tsattn.data.freq import DAY, US, Freq

MOST = 24  # steps of a mean that follows no calendar
POINTS = 40  # values that a coarser series keeps, at least
USUAL = 0.7  # share of coarser rows that are read at a usual step, where there is one
# the usual steps, in microseconds
_USUAL = [n * US["min"] for n in (5, 10, 15, 30)] + [n * US["h"] for n in (1, 2, 3, 6)] + [DAY, US["W"]]
_BY_UNIT: dict[str, tuple[tuple[int, Freq], ...]] = {
    "B": ((5, Freq("W")), (21, Freq("M"))),
    "M": ((3, Freq("M", 3)), (12, Freq("M", 12))),
    "step": tuple((k, Freq("step", k)) for k in (2, 3, 4, 6, 12)),
}


def usual_steps(freq: Freq) -> tuple[tuple[int, Freq], ...]:
    """(k, the frequency of k steps) for the usual frequencies that are coarser: a month is 30 days, a quarter 13 weeks."""
    if freq.unit in _BY_UNIT:
        return tuple((k // freq.n, coarse) for k, coarse in _BY_UNIT[freq.unit] if k % freq.n == 0 and k > freq.n)
    size = freq.fixed_us or 1
    found = [(total // size, _named(total)) for total in _USUAL if total > size and total % size == 0]
    if size == DAY:
        found += [(30, Freq("M"))]
    elif size == US["W"]:
        found += [(13, Freq("M", 3))]
    return tuple(found)


def coarser(freq: Freq, length: int, rng: np.random.Generator) -> tuple[int, Freq]:
    """Draw k and the frequency of k steps; (1, freq) for a series that is too short for any."""
    usual = [(k, coarse) for k, coarse in usual_steps(freq) if length // k >= POINTS]
    draw, pick = rng.random(2)
    if usual and draw < USUAL:
        return usual[int(pick * len(usual))]
    most = min(MOST, length // POINTS)
    if most < 2:
        return 1, freq
    k = 2 + int(pick * (most - 1))
    return k, times(freq, k)


def times(freq: Freq, k: int) -> Freq:
    """The frequency of k steps."""
    size = freq.fixed_us
    return Freq(freq.unit, freq.n * k) if size is None else _named(size * k)


def _named(size: int) -> Freq:
    """The frequency of a step of so many microseconds, in its largest unit."""
    unit = next(unit for unit in ("W", "D", "h", "min", "s", "ms", "us") if size % US[unit] == 0)
    return Freq(unit, size // US[unit])
