"""Frequency of timestamps, inferred from the steps between them, or an error with the row that breaks it."""

from __future__ import annotations

import numpy as np

from tsattn.data.freq import DAY, US, Freq
from tsattn.errors import DataError

_BLOCK = 2_000_000
_ITEMS_ASKED = 200  # number of items examined one by one to explain a failure


class Uneven(Exception):
    """Stamps that fit no frequency: `row` is the first that breaks the usual step; `kind` is "mixed" or "irregular"."""

    def __init__(self, kind: str, row: int, usual: Freq, finest: Freq | None) -> None:
        super().__init__(kind, row)
        self.kind, self.row, self.usual, self.finest = kind, row, usual, finest


def of_step(us: int) -> Freq:
    """Return the frequency of a fixed step in microseconds, in its largest whole unit."""
    unit = next(u for u in ("W", "D", "h", "min", "s", "ms", "us") if us % US[u] == 0)
    return Freq(unit, us // US[unit])


def infer(stamps: np.ndarray, indptr: np.ndarray) -> Freq | None:
    """Infer the common frequency of all items, None when no item has two rows.

    stamps: (n,) datetime64[us], rising within each item; indptr: (S+1,). Raises Uneven.
    """
    us = np.ascontiguousarray(stamps).view(np.int64)
    steps, counts = distinct_steps(us, indptr)
    if not len(steps):
        return None
    if not np.any(steps % DAY):
        month = _month_grid(stamps, indptr, steps)
        if month is not None:
            return month
        if steps[np.argmax(counts)] == DAY and _no_weekends(us) and steps.max() > DAY:
            return Freq("B")
    usual = int(steps[np.argmax(counts)])
    if not np.any(steps % usual):
        return of_step(usual)
    inner = _inner(indptr)
    deltas = np.diff(us, prepend=us[:1])
    row = int(np.flatnonzero(inner & (deltas % usual != 0))[0])
    kind = "irregular" if counts.max() < 0.5 * counts.sum() and len(steps) > 4 else "mixed"
    finest = int(np.gcd.reduce(steps))
    raise Uneven(kind, row, of_step(usual), of_step(finest) if finest * 400 >= usual and finest >= US["s"] else None)


def distinct_steps(us: np.ndarray, indptr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct steps within items, in rising order, and the count of each."""
    ends = indptr[1:-1]
    found: dict[int, int] = {}
    for low in range(0, max(len(us) - 1, 0), _BLOCK):
        deltas = np.diff(us[low : low + _BLOCK + 1])
        across = ends[(ends > low) & (ends <= low + len(deltas))] - low - 1
        if len(across):
            deltas = np.delete(deltas, across)
        if len(deltas) and np.all(deltas == deltas[0]):
            found[int(deltas[0])] = found.get(int(deltas[0]), 0) + len(deltas)
            continue
        for step, count in zip(*(a.tolist() for a in np.unique(deltas, return_counts=True)), strict=True):
            found[step] = found.get(step, 0) + count
    steps = np.array(sorted(found), np.int64)
    return steps, np.array([found[s] for s in steps.tolist()], np.int64)


def _inner(indptr: np.ndarray) -> np.ndarray:
    """Return (n,) bool: the rows that are not the first of their item. Items may have no rows."""
    inner = np.ones(indptr[-1], bool)
    inner[indptr[:-1][np.diff(indptr) > 0]] = False
    return inner


def _no_weekends(us: np.ndarray) -> bool:
    """Return True if every day is a Monday to Friday."""
    return all(bool(np.all((us[k : k + _BLOCK] // DAY + 3) % 7 < 5)) for k in range(0, len(us), _BLOCK))


def _month_grid(stamps: np.ndarray, indptr: np.ndarray, steps: np.ndarray) -> Freq | None:
    """Return months, quarters or years if every item keeps to one day of the month, or to the last days of months."""
    if steps.min() < 28 * DAY:
        return None
    months = stamps.astype("datetime64[M]").astype(np.int64)
    inner = _inner(indptr)
    jumps = np.diff(months, prepend=months[:1])[inner]
    if not len(jumps) or jumps.min() < 1:
        return None
    day = stamps.astype("datetime64[D]")
    ends = (day + 1).astype("datetime64[M]").astype(np.int64) > months
    freq = Freq("M", int(np.gcd.reduce(jumps)), bool(ends.all()))
    start = np.repeat(stamps[indptr[:-1]], np.diff(indptr))
    return freq if bool(freq.steps_between(start, stamps)[1].all()) else None


def near_months(stamps: np.ndarray, indptr: np.ndarray) -> Freq | None:
    """Return the month grid of stamps that are first or last working days of months, or None."""
    months = stamps.astype("datetime64[M]")
    inner = _inner(indptr)
    jumps = np.diff(months.astype(np.int64), prepend=months[:1].astype(np.int64))[inner]
    if len(jumps) < 3 or jumps.min() < 1:
        return None
    after = (stamps.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)
    before = ((months + 1).astype("datetime64[D]") - stamps.astype("datetime64[D]")).astype(np.int64) - 1
    if after.max() > 4 and before.max() > 4:
        return None
    return Freq("M", int(np.gcd.reduce(jumps)), bool(before.max() <= 4))


def snapped(stamps: np.ndarray, freq: Freq) -> np.ndarray:
    """Move the stamps to the first (or last) day of their month."""
    month = stamps.astype("datetime64[M]")
    if freq.month_end:
        return ((month + 1).astype("datetime64[D]") - 1).astype("datetime64[us]")
    return month.astype("datetime64[us]")


def differing(stamps: np.ndarray, indptr: np.ndarray) -> tuple[int, Freq, int, Freq] | None:
    """Find two regular items of different frequencies: (item, its frequency, item, its frequency); None if there are none."""
    seen: tuple[int, Freq] | None = None
    sizes = np.diff(indptr)
    for item in np.flatnonzero(sizes >= 5)[:_ITEMS_ASKED].tolist():
        try:
            freq = infer(stamps[indptr[item] : indptr[item + 1]], np.array([0, sizes[item]]))
        except Uneven:
            return None
        if freq is None:
            continue
        if seen is not None and freq != seen[1] and {freq.unit, seen[1].unit} != {"B", "D"}:
            return (*seen, item, freq)
        seen = seen or (item, freq)
    return None


def check_runs(steps: np.ndarray, indptr: np.ndarray, blank: np.ndarray, freq: Freq, say: object) -> None:
    """Raise DataError when an item keeps to a coarser step for long: mixed frequencies, not missing rows.

    steps: (n,) grid positions of the rows. blank: (n,) True for rows that may keep to any step. `say(row)` gives (what to call
    the item, its place) for the message.
    """
    jumps = np.diff(steps, prepend=steps[:1])
    jumps[indptr[:-1]] = 1
    jumps[blank] = 1
    if len(jumps) < 9 or jumps.max(initial=1) < 2:
        return
    wide = np.flatnonzero(jumps >= 2)
    item = np.searchsorted(indptr, wide, side="right")
    # a run continues while the next row has the same jump in the same item
    follows = (np.diff(wide) == 1) & (jumps[wide][1:] == jumps[wide][:-1]) & (np.diff(item) == 0)
    breaks = np.flatnonzero(np.concatenate([[True], ~follows, [True]]))
    lengths = np.diff(breaks)
    rows = np.diff(indptr)[item[breaks[:-1]] - 1]
    long = np.flatnonzero((lengths >= 8) & (lengths >= 0.05 * rows))
    if len(long):
        row = int(wide[breaks[long[0]]])
        name, place = say(row)  # type: ignore[operator]
        other = freq.fixed_us * int(jumps[row]) if freq.fixed_us else None
        coarse = of_step(other).alias if other else f"every {int(jumps[row])} steps"
        raise DataError(
            f"{place}: {name} goes by {coarse} from here for {int(lengths[long[0]]) + 1} rows, and by {freq.alias} elsewhere",
            f"bring it to one frequency: --resample {coarse if other else freq.alias}; or leave gaps: --freq {freq.alias}",
        )
