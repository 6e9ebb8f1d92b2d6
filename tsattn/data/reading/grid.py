"""Rows in order -> a regular grid: one frequency, a start for each item, and missing values where rows are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from tsattn.data.calendars import DAY
from tsattn.data.freq import US, Freq
from tsattn.data.reading import freq_inference
from tsattn.data.reading.clock_drift import STEPS_OF_CLOCKS, without_drift
from tsattn.data.reading.days_of_month import days_a_month
from tsattn.data.reading.rows import Rows, floored, one_below_the_other, shown
from tsattn.data.report import Notes
from tsattn.errors import DataError

_BLOCK = 2_000_000


@dataclass(frozen=True, eq=False)
class Grid:
    """S items on one grid: start (S,) datetime64[us]; indptr (S+1,); values: float32 (N,) each or (V, N), NaN = missing."""

    freq: Freq
    ids: list[str]
    start: np.ndarray
    indptr: np.ndarray
    values: list[np.ndarray] | np.ndarray


_LATE, _MOSTLY = 0.05, 0.9  # of rows that come late: largest relative error of the step, and least share of its steps with a row


def find_freq(rows: Rows, notes: Notes, targets: int) -> tuple[Freq, Rows]:
    """Find the frequency of ordered rows without repeated times; first or last working days of months are returned as months.

    Rows between the steps that have no value in the first `targets` columns, such as the events of a logger, are left out.

    Raises DataError that names the line and item where it breaks, or two items of different frequencies.
    """
    indptr = rows.indptr
    try:
        freq = freq_inference.infer(rows.stamps, indptr)
    except freq_inference.Uneven as uneven:
        months = freq_inference.near_months(rows.stamps, indptr)
        if months is not None:
            notes.repair(f"days moved to the {'end' if months.month_end else 'start'} of their month", len(rows), rows.place(0))
            return months, replace(rows, stamps=freq_inference.snapped(rows.stamps, months))
        if (found := _without_events(rows, targets, notes)) is not None:
            return found
        raise _explained(rows, uneven) from None
    if freq is None:
        raise DataError(f"{rows.place(0)}: no item has two timestamps, so the frequency cannot be found", "specify it: --freq D")
    freq, rows = without_drift(rows, freq, notes)
    if freq.fixed_us is not None and (freq.fixed_us < US["ms"] or (freq.unit == "us" and freq.fixed_us > US["s"])):
        raise DataError(
            f"{rows.place(0)}: {len(rows):,} rows in steps of {freq.alias}, from {shown(rows.stamps[0])}: such a step is "
            "rarely meant",
            f"if it is correct: --freq {freq.alias}; else aggregate the rows: --resample 1s; or number them: --timestamp none",
        )
    _stop_at_different_items(rows, indptr, freq)
    return freq, rows


def _without_events(rows: Rows, targets: int, notes: Notes) -> tuple[Freq, Rows] | None:
    """Return the frequency of the rows with values, and all rows except blank ones between its steps; None if it is unclear."""
    blank = rows.blank(targets)
    if not blank.any() or blank.all():
        return None
    measured = rows.take(~blank)
    try:
        freq = freq_inference.infer(measured.stamps, measured.indptr)
    except freq_inference.Uneven:
        return None
    if freq is None or freq.fixed_us is None:
        return None
    bounds = measured.indptr
    starts = measured.stamps[np.minimum(bounds[:-1], len(measured) - 1)]
    off = (rows.stamps - starts[rows.group]).astype(np.int64) % freq.fixed_us != 0
    if (off & ~blank).any() or (np.diff(bounds) == 0).any():
        return None
    notes.repair("blank rows between the steps left out", int(off.sum()), rows.place(int(np.argmax(off))))
    return freq, rows.take(~off)


def _explained(rows: Rows, uneven: freq_inference.Uneven) -> DataError:
    pair = freq_inference.differing(rows.stamps, rows.indptr)
    if pair is not None:
        return _different(rows, pair)
    row = uneven.row
    item = f"item {rows.ids[rows.group[row]]!r}, " if len(rows.ids) > 1 else ""
    usual = uneven.usual.alias
    gap = f"from {shown(rows.stamps[row - 1])} to {shown(rows.stamps[row])}"
    if (days := days_a_month(rows.stamps, rows.indptr)) is not None:
        return DataError(
            f"{rows.place(row)}: {item}the timestamps are on days {days} of each month, which is not a regular frequency",
            "number the rows: --timestamp none",
        )
    nice = _nice(rows)
    if uneven.kind == "irregular":
        return DataError(
            f"{rows.place(row)}: {item}irregular timestamps ({gap}, for example)",
            f"aggregate them to a fixed frequency: --resample {nice} --agg mean (or sum, for amounts and counts)",
        )
    finest = f"; or put them on a finer grid with gaps: --freq {uneven.finest.alias}" if uneven.finest else ""
    return DataError(
        f"{rows.place(row)}: {item}mixed frequencies: steps of {usual}, but {gap} is not a multiple of it",
        f"aggregate them to one frequency: --resample {nice}{finest}",
    )


def _nice(rows: Rows) -> str:
    """Return a common frequency near the usual step, or a coarser one where more than a third of the steps would be empty.

    Rows that come slightly late, such as those of a logger, keep their own step if at least nine in ten of its steps have a row.
    """
    deltas = np.diff(rows.stamps.astype(np.int64))
    middle = float(np.median(deltas[deltas > 0])) if np.any(deltas > 0) else 86_400e6
    own = min(STEPS_OF_CLOCKS, key=lambda us: abs(np.log(us / middle)))
    if abs(np.log(own / middle)) < _LATE and _filled(rows, Freq("s", own // US["s"])) >= _MOSTLY:
        return next(f"{own // US[unit]}{unit}" for unit in ("h", "min", "s") if own % US[unit] == 0)
    ladder = ("1s", "10s", "1min", "5min", "15min", "30min", "1h", "6h", "1D", "1W", "MS", "QS", "YS")
    spans = np.array([1, 10, 60, 300, 900, 1800, 3600, 21600, 86400, 604800, 2.63e6, 7.89e6, 3.156e7]) * 1e6
    near = int(np.argmin(np.abs(np.log(spans / middle))))
    for alias in ladder[near:]:
        if _filled(rows, Freq.parse(alias)) >= 2 / 3:
            return alias
    return ladder[near]


def _filled(rows: Rows, freq: Freq) -> float:
    """Return the share of steps, from the first to the last row, that have a row."""
    filled = np.unique(floored(rows.stamps, freq))
    return len(filled) / (int(freq.steps_between(filled[0], filled[-1])[0]) + 1)


def _different(rows: Rows, pair: tuple[int, Freq, int, Freq]) -> DataError:
    one, first, two, second = pair
    return DataError(
        f"{rows.place(int(rows.indptr[two]))}: item {rows.ids[two]!r} has steps of {second.alias}, "
        f"item {rows.ids[one]!r} of {first.alias}",
        "read them separately, or bring them to one frequency with --resample",
    )


def _stop_at_different_items(rows: Rows, indptr: np.ndarray, freq: Freq) -> None:
    """Raise DataError when an item of five rows or more is regular at a coarser frequency than the others."""
    if len(rows.ids) < 2:
        return
    sizes = np.diff(indptr)
    spans = np.zeros(len(sizes), np.int64)
    many = np.flatnonzero(sizes >= 5)
    spans[many] = freq.steps_between(rows.stamps[indptr[many]], rows.stamps[indptr[many + 1] - 1])[0]
    for item in many[spans[many] >= 2 * (sizes[many] - 1)][:50].tolist():
        one = rows.stamps[indptr[item] : indptr[item + 1]]
        steps = np.diff(freq.steps_between(one[0], one)[0])
        if steps.min() < 2 or np.mean(steps == np.bincount(steps).argmax() if steps.max() < 100_000 else steps == steps[0]) < 0.8:
            continue
        try:
            own = freq_inference.infer(one, np.array([0, len(one)]))
        except freq_inference.Uneven:
            continue
        if own is not None and own != freq:
            usual = next((i for i in many.tolist() if spans[i] < 2 * (sizes[i] - 1)), None)
            if usual is not None:
                raise _different(rows, (usual, freq, item, own))


def on_grid(
    rows: Rows, freq: Freq, notes: Notes, targets: int, forced: bool = False, fill: Mapping[int, float] = MappingProxyType({})
) -> Grid:
    """Place ordered rows without repeated times on the grid of `freq`, gaps as NaN. `forced`: the user named the frequency.

    Rows without a value in the first `targets` columns, such as hourly weather after 15-minute loads, may have a coarser step.
    fill: the values that stand in gaps instead, by the number of the column.

    Raises DataError for a stamp off the grid, and for gaps so wide that some timestamp must be wrong.
    """
    if forced and freq.unit == "M":
        rows = _months(rows, freq, notes)
    indptr = rows.indptr
    start = rows.stamps[indptr[:-1]]
    if freq.unit == "B" and len(rows):
        _no_weekend(rows)
    steps = _positions(rows, indptr, start, freq)
    if steps is None:
        return Grid(freq, rows.ids, start, indptr, _float32(rows.values))
    if not forced:
        freq_inference.check_runs(steps, indptr, rows.blank(targets), freq, lambda row: (rows.called(row), rows.place(row)))
    lengths = steps[indptr[1:] - 1] + 1
    total = int(lengths.sum())
    if total > 20 * len(rows) + 10_000:
        raise _too_fine(rows, steps, indptr, total, freq)
    bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    index = bounds[:-1][rows.group] + steps
    _stop_at_shared_steps(rows, index, freq)
    gaps = total - len(rows)
    missing = _missing_before(steps, indptr, rows.blank(targets)) if gaps else np.zeros(0, np.int64)
    if missing.any():
        what = f"filled with {next(iter(fill.values())):g}" if fill else "left empty as missing values"
        place = rows.place(int(np.argmax(missing > 0)))
        notes.repair(f"missing rows: {what}", int(missing.sum()), f"before {place}{_longest_gap(rows, missing, freq)}")
    if gaps > len(rows) and not fill and not forced and _stops_daily(rows, steps, freq):
        notes.warn(
            f"only {len(rows):,} of {total:,} steps of {freq.alias} have a row, because the rows stop at the same time each "
            "day; if business hours end then, set them, such as --calendar XNYS (New York Stock Exchange) or Mon-Fri/09:00-16:30"
        )
    elif gaps > 2 * len(rows) and not fill:
        row, jump = _widest(steps, indptr)
        if 2 * jump > gaps:  # one gap makes most of it: rather a wrong timestamp than a wrong step
            advice = f"most are missing between {rows.place(row - 1)} and {rows.place(row)}; check these timestamps"
        else:
            advice = "a coarser step may serve better (--resample)"
        notes.warn(f"only {len(rows):,} of {total:,} steps of {freq.alias} have a row: {advice}")
    return Grid(freq, rows.ids, start, bounds, _spread(rows.values, index, total, fill))


def _stops_daily(rows: Rows, steps: np.ndarray, freq: Freq) -> bool:
    """Return True if all gaps begin at one time of day and end at another, as those of the nights do."""
    gaps = np.flatnonzero(_inner(rows.indptr, len(steps)) & (np.diff(steps, prepend=0) > 1))
    if not freq.is_subdaily or not len(gaps):
        return False
    last, first = (rows.stamps[gaps + k].astype(np.int64) % DAY for k in (-1, 0))
    return bool((last == last[0]).all() and (first == first[0]).all())


def _widest(steps: np.ndarray, indptr: np.ndarray) -> tuple[int, int]:
    """Return the row after the widest gap within a series, and the number of steps from the row before it."""
    jumps = np.where(_inner(indptr, len(steps)), np.diff(steps, prepend=0), 0)
    row = int(np.argmax(jumps))
    return row, int(jumps[row])


def _missing_before(steps: np.ndarray, indptr: np.ndarray, blank: np.ndarray) -> np.ndarray:
    """Return (n,) the number of rows that are missing between each row and the one before it in its series.

    Of future rows, which are blank after the last target, none is missing if they keep to a coarser step, such as hourly
    weather after loads of quarter hours.
    """
    inner = _inner(indptr, len(steps))
    jumps = np.where(inner, np.diff(steps, prepend=0), 1)
    after = np.flatnonzero(~blank)
    item = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    last = np.full(len(indptr) - 1, -1)
    np.maximum.at(last, item[after], after)
    ahead = inner & (np.arange(len(steps)) > last[item] + 1)
    least = np.full(len(last), np.iinfo(np.int64).max)
    np.minimum.at(least, item[ahead], jumps[ahead])
    coarse = np.where(ahead & (jumps % least[item] == 0), least[item], 1)
    return np.asarray(jumps // coarse - 1)


def _longest_gap(rows: Rows, missing: np.ndarray, freq: Freq) -> str:
    """Describe the longest gap for the report: its steps, and its first missing timestamp; "" if every gap is one step."""
    row = int(np.argmax(missing))
    if missing[row] <= 1:
        return ""
    first = freq.advance(rows.stamps[row - 1 : row], np.array([1]))[0]
    name = f" in {rows.called(row)}" if len(rows.indptr) > 2 else ""
    return f"; longest: {missing[row]:,} rows from {shown(first)}{name}"


def _too_fine(rows: Rows, steps: np.ndarray, indptr: np.ndarray, total: int, freq: Freq) -> DataError:
    """Return the error for a grid whose steps are nearly all empty: a timestamp is wrong, or the step is far too small."""
    row, jump = _widest(steps, indptr)
    empty = f"would leave {total - len(rows):,} of {total:,} steps of {freq.alias} empty"
    if jump > total / 2:
        return DataError(
            f"{rows.place(row)}: the step from {shown(rows.stamps[row - 1])} to {shown(rows.stamps[row])} {empty}",
            "correct that timestamp; or choose a coarser step with --resample",
        )
    nice = _nice(rows)
    return DataError(
        f"{rows.where.parts[0][0]}: {len(rows):,} rows on a grid of {freq.alias} {empty}",
        f"aggregate them: --resample {nice}; name the step: --freq {nice}; or number the rows: --timestamp none",
    )


def _stop_at_shared_steps(rows: Rows, index: np.ndarray, freq: Freq) -> None:
    """Raise DataError where two rows fall in one step, since a value would be lost silently."""
    for k in range(0, len(index) - 1, _BLOCK):
        shared = np.flatnonzero(np.diff(index[k : k + _BLOCK + 1]) < 1)
        if len(shared):
            row = k + int(shared[0])
            raise DataError(
                f"{rows.place(row)} and {rows.where.line(rows.table_row(row + 1))}: both rows are in one step of {freq.alias}",
                f"bring them to one row a step: --resample {freq.alias}",
            )


def _float32(arrays: Sequence[np.ndarray] | np.ndarray) -> list[np.ndarray] | np.ndarray:
    with np.errstate(over="ignore"):
        if isinstance(arrays, np.ndarray):
            return arrays.astype(np.float32, copy=False)
        return [one.astype(np.float32, copy=False) for one in arrays]


def _spread(
    arrays: Sequence[np.ndarray] | np.ndarray, index: np.ndarray, total: int, fill: Mapping[int, float]
) -> list[np.ndarray]:
    """Return each array (n,) as (total,) float32 with its values at `index`, and NaN, or its fill, elsewhere."""
    out: list[np.ndarray] = []
    size = max(1, _BLOCK // max(total, 1))
    for first in range(0, len(arrays), size):
        some = _float32(arrays[first : first + size])
        full = np.full((len(some), total), np.nan, np.float32)
        for k in range(len(some)) if fill else ():
            full[k] = fill.get(first + k, np.nan)
        full[:, index] = one_below_the_other(some).reshape(len(some), -1)
        out += list(full)
    return out


def _inner(indptr: np.ndarray, size: int) -> np.ndarray:
    inner = np.ones(size, bool)
    inner[indptr[:-1]] = False
    return inner


def _positions(rows: Rows, indptr: np.ndarray, start: np.ndarray, freq: Freq) -> np.ndarray | None:
    """Return (n,) steps from each item's start; None when every item's rows follow each other without a gap."""
    size = freq.fixed_us if freq.fixed_us is not None else freq.n if freq.unit == "step" else None
    lengths = np.diff(indptr)
    if size is not None:
        us = np.ascontiguousarray(rows.stamps).view(np.int64)
        spans = us[indptr[1:] - 1] - us[indptr[:-1]]
        if np.array_equal(spans, (lengths - 1) * size) and _even(us, indptr, size):
            return None
    steps = np.empty(len(rows), np.int64)
    for k in range(0, len(rows), _BLOCK):
        part = slice(k, k + _BLOCK)
        steps[part], fits = freq.steps_between(start[rows.group[part]], rows.stamps[part])
        if not fits.all():
            row = k + int(np.flatnonzero(~fits)[0])
            item = f"item {rows.ids[rows.group[row]]!r}, " if len(rows.ids) > 1 else ""
            raise DataError(
                f"{rows.place(row)}: {item}{shown(rows.stamps[row])} is not on the grid of {freq.alias} that starts at "
                f"{shown(start[rows.group[row]])}",
                f"bring the rows to it: --resample {freq.alias}",
            )
    return steps


def _even(us: np.ndarray, indptr: np.ndarray, size: int) -> bool:
    """Return True if every step within an item is `size`."""
    ends = indptr[1:-1]
    for low in range(0, max(len(us) - 1, 0), _BLOCK):
        odd = np.flatnonzero(np.diff(us[low : low + _BLOCK + 1]) != size) + low + 1
        if len(odd) and not np.isin(odd, ends).all():
            return False
    return True


def _no_weekend(rows: Rows) -> None:
    odd = np.flatnonzero((rows.stamps.astype("datetime64[D]").astype(np.int64) + 3) % 7 > 4)
    if len(odd):
        row = int(odd[0])
        raise DataError(
            f"{rows.place(row)}: {shown(rows.stamps[row])} is a weekend day, off the grid of business days",
            "use --freq D, or --resample B",
        )


def _months(rows: Rows, freq: Freq, notes: Notes) -> Rows:
    """Move stamps on any day of the month, at most one per month, to the grid that the user named."""
    moved = freq_inference.snapped(rows.stamps, freq)
    indptr = rows.indptr
    fits = freq.steps_between(np.repeat(rows.stamps[indptr[:-1]], np.diff(indptr)), rows.stamps)[1]
    if fits.all() and not freq.month_end:
        return rows
    changed = moved != rows.stamps
    clash = _inner(indptr, len(rows)) & (np.concatenate([[False], moved[1:] == moved[:-1]]))
    if clash.any() or not changed.any():
        return rows
    notes.repair(
        f"days moved to the {'end' if freq.month_end else 'start'} of their month",
        int(changed.sum()),
        rows.place(int(np.argmax(changed))),
    )
    return replace(rows, stamps=moved)
