"""Last period of a panel: detection of an unfinished one, and the panel without it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np

from tsattn.data.freq import Freq
from tsattn.data.panel import Panel
from tsattn.data.periods import days_of, weeks_of
from tsattn.data.reading.rows import Rows, floored, shown
from tsattn.data.report import Notes

_COMPARED = 60  # periods before the last
_ITEMS = 4096  # series that are compared at once
_FEWEST = 12  # values needed before the last one to compare it
_DROP = 0.7  # share of the lowest earlier value; a last value below it is taken for an unfinished sum


def unfinished_bin(rows: Rows, freq: Freq) -> str:
    """Explain why the last aggregated period looks unfinished: its rows stop earlier than those of others. "" if it does not."""
    newest = rows.stamps.max()
    bins = floored(rows.stamps, freq)
    recent = np.unique(bins)[-_COMPARED - 1 :]
    if len(recent) < 4:
        return ""
    inside = bins >= recent[0]
    last = np.full(len(recent), np.iinfo(np.int64).min)
    np.maximum.at(last, np.searchsorted(recent, bins[inside]), rows.stamps[inside].astype(np.int64))
    ends = recent + np.timedelta64(1, "D") if freq.month_end else freq.advance(recent, np.ones(len(recent), np.int64))
    left = ends.astype(np.int64) - last
    if left[-1] <= left[:-1].max() + 1_000_000:
        return ""
    return f"its rows stop at {shown(newest)}, those of other periods later"


def warn_of_late_start(rows: Rows, freq: Freq, notes: Notes) -> None:
    """Warn where the rows of the first aggregated period begin later than those of the next ones."""
    bins = floored(rows.stamps, freq)
    first = np.unique(bins)[: _COMPARED + 1]
    if len(first) < 4:
        return
    inside = bins <= first[-1]
    earliest = np.full(len(first), np.iinfo(np.int64).max)
    np.minimum.at(earliest, np.searchsorted(first, bins[inside]), rows.stamps[inside].astype(np.int64))
    starts = first.astype("datetime64[M]").astype("datetime64[us]") if freq.month_end and freq.n == 1 else first
    late = earliest - starts.astype(np.int64)
    if late[0] > late[1:].max() + 1_000_000:
        notes.warn(
            f"the first period, {shown(first[0])}, may be incomplete: its rows begin at {shown(rows.stamps.min())}, "
            "those of other periods earlier"
        )


def unfinished_now(panel: Panel, now: dt.datetime) -> str:
    """Explain why the last period looks unfinished on this day: it is not over yet; or "". Steps of a day or longer."""
    freq = panel.freq
    if not (len(panel) and panel.dated) or freq.is_subdaily:
        return ""
    weeks = weeks_of(freq)
    if not (weeks or freq.is_daily or freq.unit == "M"):
        return ""
    newest = freq.advance(panel.start, panel.lengths - 1).max()
    first, after = days_of(newest, freq, panel.schema.timestamp)
    if not first <= np.datetime64(now.date(), "D") < after:
        return ""
    if not weeks:
        return f"{newest.astype('datetime64[M]' if freq.unit == 'M' else 'datetime64[D]')} is not over yet"
    if weeks > 1:
        return f"the {7 * weeks} days that begin on {first} are not over yet"
    return f"the week that begins on {first} is not over yet"


def unfinished_value(panel: Panel) -> str:
    """Explain why the last period looks unfinished by its values: far below all before, in half of the series or more; or ""."""
    freq = panel.freq
    if not len(panel) or freq.is_subdaily or not freq.has_clock or freq.plain.is_subdaily:
        return ""
    ends = np.flatnonzero(_ends(panel) & (panel.lengths > max(_FEWEST, 2 * freq.season_length)))
    if not len(ends):
        return ""
    low = int(sum(_fall(panel, ends[k : k + _ITEMS]).sum() for k in range(0, len(ends), _ITEMS)))
    if low < len(ends) / 2:
        return ""
    share = 100 - round(100 * _DROP)
    return f"{'its value is' if low == 1 else f'the values of {low} series are'} at least {share} % below all before"


def _fall(panel: Panel, items: np.ndarray) -> np.ndarray:
    """Return (S,) bool, True for the items whose last value is far below the lowest of those before it, all above zero."""
    back = np.arange(-_COMPARED - 1, 0)
    at = panel.origin[items][:, None] + back  # (S, periods)
    values = np.where(at >= panel.indptr[items][:, None], panel.target[np.maximum(at, 0)], np.float32(np.nan))
    before, last = values[:, :-1], values[:, -1]
    lowest = np.where(np.isnan(before), np.float32(np.inf), before).min(1)
    enough = (~np.isnan(before)).sum(1) >= _FEWEST
    return np.asarray(enough & (lowest > 0) & (last < np.float32(_DROP) * lowest))


def _ends(panel: Panel) -> np.ndarray:
    """Return (S,) bool, True for the items that end at the newest timestamp of all."""
    last = panel.freq.advance(panel.start, np.maximum(panel.lengths - 1, 0))
    return (panel.lengths > 0) & (last == last[panel.lengths > 0].max()) if (panel.lengths > 0).any() else panel.lengths > 0


def checked(panel: Panel, why: str, drop: bool, notes: Notes, now: dt.datetime | None = None) -> Panel:
    """Return the panel with a warning where its last period looks unfinished, or without that period if `drop`."""
    if not (panel.lengths > 0).any():
        return panel
    ends = _ends(panel)
    newest = panel.freq.advance(panel.start[ends][:1], panel.lengths[ends][:1] - 1)[0]
    name = shown(panel.local(np.array([newest]))[0]) if panel.freq.has_clock else str(newest.astype(np.int64))
    if drop:
        notes.repair("last period left out", int(ends.sum()), name)
        return _without_last(panel, ends)
    why = why or unfinished_now(panel, now or dt.datetime.now()) or unfinished_value(panel)
    if why:
        notes.warn(f"the last period, {name}, may be unfinished: {why}. Leave it out with --drop-last")
    return panel


def _without_last(panel: Panel, ends: np.ndarray) -> Panel:
    """End the items of `ends` at their previous observed value; leave out items that have none."""
    origin = panel.origin.copy()
    for item in np.flatnonzero(ends).tolist():
        seen = np.flatnonzero(~np.isnan(panel.history(item)[:-1]))
        origin[item] = panel.indptr[item] + (seen[-1] + 1 if len(seen) else 0)
    made = panel.before(origin)
    kept = np.flatnonzero(made.lengths > 0)
    made = made if len(kept) == len(made) else made.select(kept)
    return made if made.known.shape[1] else _trimmed(made)


def _trimmed(panel: Panel) -> Panel:
    """Return the panel without the rows after the origins."""
    rows = np.concatenate([np.arange(a, b) for a, b in zip(panel.indptr[:-1], panel.origin, strict=True)] or [np.zeros(0, int)])
    indptr = np.concatenate([[0], np.cumsum(panel.lengths)]).astype(np.int64)
    arrays: dict[str, Any] = {name: getattr(panel, name)[rows] for name in ("target", "past", "known")}
    return replace(panel, indptr=indptr, origin=indptr[1:].copy(), **arrays)
