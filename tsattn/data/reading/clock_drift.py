"""Rows of a logger whose clock drifts by the same small amount at each step: 300.001 s instead of 5 min."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tsattn.data.freq import US, Freq
from tsattn.data.reading.freq_inference import of_step
from tsattn.data.reading.rows import Rows
from tsattn.data.report import Notes

# steps of clocks in microseconds that divide a minute, an hour or a day
STEPS_OF_CLOCKS = [
    n * US[unit]
    for unit, counts in (
        ("s", (1, 2, 3, 5, 10, 15, 20, 30)),
        ("min", (1, 2, 3, 5, 10, 15, 20, 30)),
        ("h", (1, 2, 3, 4, 6, 8, 12)),
    )
    for n in counts
]
_DRIFT = 1e-3  # largest relative error of a step
_WITHIN = 0.25  # of a step, by which all rows of an item may drift


def without_drift(rows: Rows, freq: Freq, notes: Notes) -> tuple[Freq, Rows]:
    """Return the step of a clock and the rows on it, if they stay near it; else both as they are."""
    own = freq.fixed_us or 0
    step = min(STEPS_OF_CLOCKS, key=lambda us: abs(us - own))
    if not 0 < abs(own - step) <= _DRIFT * step:
        return freq, rows
    stamps = rows.stamps.astype(np.int64)
    moved = (stamps + step // 2) // step * step
    if np.abs(stamps - moved).max() > _WITHIN * step:
        return freq, rows
    notes.repair(f"rows of a clock that drifts moved to steps of {of_step(step).alias}", len(rows), rows.place(0))
    return of_step(step), replace(rows, stamps=moved.astype("datetime64[us]"))
