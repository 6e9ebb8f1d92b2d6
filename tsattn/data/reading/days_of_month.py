"""Timestamps on a few days of every month: ten-day periods (dekads) and half-months."""

from __future__ import annotations

import numpy as np


def days_a_month(stamps: np.ndarray, indptr: np.ndarray) -> str | None:
    """Return the days, such as "1, 11 and 21", when every whole month has the same two or three; None otherwise.

    stamps: (n,) datetime64[us], rising within each item; indptr: (S+1,). Days from the 28th on count as the last of a month.
    """
    day = stamps.astype("datetime64[D]")
    if len(stamps) < 5 or np.any(day != stamps):
        return None
    month = day.astype("datetime64[M]")
    number = np.minimum((day - month.astype("datetime64[D]")).astype(np.int64) + 1, 28)
    wanted = np.unique(number)
    if len(wanted) not in (2, 3) or np.diff(wanted).min() < 7:
        return None
    for low, high in zip(indptr[:-1].tolist(), indptr[1:].tolist(), strict=True):
        months, counts = np.unique(month[low:high], return_counts=True)
        if len(months) > 2 and np.mean(counts[1:-1] == len(wanted)) < 0.9:
            return None
    names = ["the last" if n == 28 else str(n) for n in wanted.tolist()]
    return f"{', '.join(names[:-1])} and {names[-1]}"
