"""Panel: many regular series in flat arrays. The only form of the data between reading and windows.

A series is a start, a frequency and consecutive rows: an irregular panel cannot be written down. Missing values are NaN.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from tsattn.config import Columns
from tsattn.data.freq import Freq
from tsattn.data.name_parts import NameParts
from tsattn.data.timezone import instants, to_local
from tsattn.errors import ConfigError, DataError


@dataclass(frozen=True)
class Schema(Columns):
    """Roles of the source's columns. Kept in the model folder, so that the same columns are found again.

    `past`, `known` and `static` name the source columns; the `*_features` name the numeric features made of them (a text
    column gives one 0/1 feature for each of its values, `column=value`). references: the reference levels of past and known text
    columns, `column=value`, which have no feature.
    """

    target: tuple[str, ...] = ("target",)
    past_features: tuple[str, ...] = ()
    known_features: tuple[str, ...] = ()
    static_features: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    def column_of(self, feature: str) -> str:
        """Return the source column of a covariate's feature; the feature itself if it has none, such as a holiday."""
        return next((name for name in self.covariates if feature == name or feature.startswith(f"{name}=")), feature)


@dataclass(frozen=True, eq=False)
class Panel:
    """S series in N rows; series s has rows `indptr[s]:indptr[s+1]`, one a step of `freq` from `start[s]`.

    start: (S,) datetime64[us] on the grid clock (see freq.py). target: (N,) float32, NaN = missing. past: (N, P),
    known: (N, K), static: (S, C) float32. origin: (S,) absolute index of the first unobserved row: rows from there on
    carry known covariates only, and their target is NaN. `origin` is the single wall between past and future.
    dated: False where the timestamps were invented, so that their calendar features are NaN.
    tz: the zone to print timestamps in, None for naive ones. Raises DataError when the parts do not fit.
    """

    freq: Freq
    item_ids: tuple[str, ...]
    indptr: np.ndarray
    start: np.ndarray
    target: np.ndarray
    origin: np.ndarray
    past: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    known: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    static: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    tz: str | None = None
    schema: Schema = Schema()
    dated: bool = True

    def __post_init__(self) -> None:
        series, rows = len(self.item_ids), len(self.target)
        for name, width, length in (("past", 0, rows), ("known", 0, rows), ("static", 0, series)):
            if getattr(self, name).shape == (0, 0):
                object.__setattr__(self, name, np.zeros((length, width), np.float32))
        wanted = {
            "indptr": ((series + 1,), "int64"),
            "start": ((series,), "datetime64[us]"),
            "target": ((rows,), "float32"),
            "origin": ((series,), "int64"),
            "past": ((rows, len(self.schema.past_features)), "float32"),
            "known": ((rows, len(self.schema.known_features)), "float32"),
            "static": ((series, len(self.schema.static_features)), "float32"),
        }
        for name, (shape, dtype) in wanted.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype != dtype:
                raise DataError(f"Panel.{name} must be {dtype} of shape {shape}, not {array.dtype} of shape {array.shape}")
        if self.indptr[0] != 0 or self.indptr[-1] != rows or np.any(np.diff(self.indptr) < 0):
            raise DataError("Panel.indptr must rise from 0 to the number of rows")
        if np.any(self.origin < self.indptr[:-1]) or np.any(self.origin > self.indptr[1:]):
            raise DataError("Panel.origin must lie within each item's rows")
        if len(set(self.item_ids)) != series:
            raise DataError("Panel.item_ids must be unique")

    def __len__(self) -> int:
        return len(self.item_ids)

    @property
    def lengths(self) -> np.ndarray:
        """Observed steps of each item, from its start to its origin: (S,) int64."""
        return self.origin - self.indptr[:-1]

    @cached_property
    def name_parts(self) -> NameParts:
        """Parts of the names of the series."""
        return NameParts.of(self.item_ids)

    def timestamps(self, item: int) -> np.ndarray:
        """Grid-clock timestamps of one item's rows, datetime64[us]."""
        return self.freq.advance(self.start[item], np.arange(self.indptr[item + 1] - self.indptr[item]))

    def local(self, stamps: np.ndarray) -> np.ndarray:
        """Grid-clock timestamps -> the local wall clock that calendar features and people read."""
        return to_local(stamps, self.tz) if self.tz is not None and self.freq.is_subdaily else stamps

    def instants(self, stamps: np.ndarray) -> np.ndarray:
        """Grid-clock timestamps -> UTC instants where the panel has a zone, else unchanged."""
        return instants(stamps, self.freq, self.tz)

    def known_ahead(self) -> np.ndarray:
        """Return (S,) int64: the number of steps after its origin for which each item has all known covariates, without a gap."""

        item = np.repeat(np.arange(len(self)), np.diff(self.indptr))
        at = np.arange(len(self.target))
        lacking = np.flatnonzero((at >= self.origin[item]) & np.isnan(self.known).any(1))
        ends = np.append(lacking, len(at))[np.searchsorted(lacking, self.origin)]
        return np.minimum(ends, self.indptr[1:]) - self.origin

    def known_reach(self) -> np.ndarray:
        """Return (S,) int64: steps from the origin of each series to its last one with all known covariates, gaps included."""
        item = np.repeat(np.arange(len(self)), np.diff(self.indptr))
        steps = np.arange(len(self.target)) - self.origin[item] + 1
        reach = np.zeros(len(self), np.int64)
        some = np.flatnonzero((steps > 0) & ~np.isnan(self.known).any(1))
        reach[item[some]] = steps[some]  # the last one of each item stays
        return reach

    def ends(self) -> np.ndarray:
        """Return (S,) the time of the last observed row of each item, on the grid clock."""
        return self.freq.advance(self.start, self.lengths - 1)

    def ended(self) -> np.ndarray:
        """Return (S,) bool: True for items whose last observed row lies before the last one of the panel."""
        last = self.ends()
        return np.asarray(last < last.max(initial=last.min())) if len(last) else np.zeros(0, bool)

    def last_seen(self) -> np.ndarray:
        """Return `ends()`, with NaT for items without observed rows and where the timestamps are invented or there are none."""
        dated = self.dated and self.freq.has_clock
        return np.where(dated & (self.lengths > 0), self.ends(), np.datetime64("NaT", "us"))

    def discontinued(self) -> np.ndarray:
        """Return (S,) bool: True for items that ended long before the last observed row of the panel; see `discontinued`."""
        last = self.last_seen()
        known = last[~np.isnat(last)]
        return discontinued(last, known.max(), self.freq) if len(known) else np.zeros(len(self), bool)

    def history(self, item: int) -> np.ndarray:
        """Return the observed target of one item, from its start to its origin, as a view."""
        return self.target[self.indptr[item] : self.origin[item]]

    def before(self, rows: np.ndarray) -> Panel:
        """The same panel as it was known when each item's first unobserved row was `rows` (S,), an absolute index.

        Target and past covariates from there on are wiped, known covariates stay: what a model is fitted on.
        """
        origin = np.clip(np.asarray(rows, np.int64), self.indptr[:-1], self.origin)
        item = np.repeat(np.arange(len(self)), np.diff(self.indptr))
        hidden = np.arange(len(self.target)) >= origin[item]
        target, past = self.target.copy(), self.past.copy()
        target[hidden], past[hidden] = np.nan, np.nan
        return replace(self, target=target, past=past, origin=origin)

    def extended_to(self, sizes: np.ndarray) -> Panel:
        """Return the panel with empty rows appended to each item, up to `sizes` (S,) rows."""
        before = np.diff(self.indptr)
        indptr = np.concatenate([[0], np.cumsum(np.maximum(before, sizes))]).astype(np.int64)
        item = np.repeat(np.arange(len(self)), before)
        at = np.arange(len(item)) - self.indptr[:-1][item] + indptr[:-1][item]

        def spread(values: np.ndarray) -> np.ndarray:
            out = np.full((int(indptr[-1]), *values.shape[1:]), np.nan, np.float32)
            out[at] = values
            return out

        target, past, known = map(spread, (self.target, self.past, self.known))
        return replace(self, indptr=indptr, origin=indptr[:-1] + self.lengths, target=target, past=past, known=known)

    def without_covariates(self) -> Panel:
        """The same panel without known, past and static covariates."""
        schema = Schema(self.schema.timestamp, self.schema.item, self.schema.target)
        return replace(self, past=self.past[:, :0], known=self.known[:, :0], static=self.static[:, :0], schema=schema)

    def with_known(self, kept: np.ndarray) -> Panel:
        """Return the panel with some of its known features, kept (K,) bool."""
        features = tuple(name for name, keep in zip(self.schema.known_features, kept, strict=True) if keep)
        columns = {self.schema.column_of(name) for name in features}
        known = tuple(name for name in self.schema.known if name in columns)
        return replace(self, known=self.known[:, kept], schema=replace(self.schema, known=known, known_features=features))

    def select(self, items: np.ndarray) -> Panel:
        """The panel of only these items (indices), in this order."""
        items = np.asarray(items, np.int64)
        sizes = np.diff(self.indptr)[items]
        indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        rows = np.repeat(self.indptr[:-1][items] - indptr[:-1], sizes) + np.arange(indptr[-1])
        return replace(
            self,
            item_ids=tuple(self.item_ids[i] for i in items),
            indptr=indptr,
            start=self.start[items],
            target=self.target[rows],
            past=self.past[rows],
            known=self.known[rows],
            static=self.static[items],
            origin=indptr[:-1] + self.lengths[items],
        )

    @classmethod
    def from_arrays(
        cls, series: list[np.ndarray], *, freq: str | Freq = "step", item_ids: list[str] | None = None, start: Any = None
    ) -> Panel:
        """A panel of 1-D arrays (NaN = missing), all starting at `start`.

        Default: an invented one (`dated` is False), in January of 2000; 0 for `step`. Raises DataError for what is no such array.
        """
        freq = Freq.parse(freq) if isinstance(freq, str) else freq
        try:
            with np.errstate(over="ignore"):  # too large for float32 becomes infinite, and is refused below
                rows = [np.asarray(s, np.float32) for s in series]
        except (TypeError, ValueError) as error:
            raise DataError(f"a series is not an array of numbers: {error}", "make it one: np.asarray(values, float)") from None
        if any(r.ndim != 1 or len(r) == 0 for r in rows) or not rows:
            raise DataError("each series must be a 1-D array of at least one value", "pass [y1, y2, …]")
        if any(np.isinf(r).any() for r in rows):
            raise DataError("a series holds an infinite value", "replace it by a number, or by NaN for missing")
        indptr = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
        usual = "2000-01-03" if freq.unit != "M" else "2000-01-31" if freq.month_end else "2000-01-01"
        try:
            first = np.datetime64(usual if start is None else start, "us") if freq.has_clock else np.datetime64(0, "us")
        except ValueError:
            raise ConfigError(f"start is not a timestamp: {start!r}", "write it as 2024-01-31 or 2024-01-31T12:00") from None
        return cls(
            freq=freq,
            item_ids=tuple(item_ids or [f"series_{i}" for i in range(len(rows))]),
            indptr=indptr,
            start=np.full(len(rows), first, "datetime64[us]"),
            target=np.concatenate(rows),
            origin=indptr[1:].copy(),
            dated=start is not None,
        )


def discontinued(ends: np.ndarray, newest: np.datetime64, freq: Freq) -> np.ndarray:
    """Return (n,) bool: True where a series that ended at `ends` (n,) did so more than `freq.grace` steps before `newest`."""
    known = ~np.isnat(ends)
    out = np.zeros(len(ends), bool)
    out[known] = freq.steps_between(ends[known], np.broadcast_to(newest, known.sum()))[0] > freq.grace
    return out
