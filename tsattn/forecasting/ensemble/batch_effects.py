"""Effects in a batch of windows that use different covariates: declared ones, and calendar events.

Windows that use the same covariates are estimated together, each with its pool, so no estimate uses values of later windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tsattn.forecasting.ensemble.calendar_screen import find_events
from tsattn.forecasting.ensemble.holdout import Pools
from tsattn.forecasting.ensemble.window_effects import Effects, effects_of
from tsattn.forecasting.ensemble.window_estimates import Bounds, Estimates, estimates_of


@dataclass(frozen=True, eq=False)
class Covariates:
    """K declared covariates and C calendar events of B windows.

    known: (B, L+H, K), NaN = unknown. events: C names. on: (C, T) relative size of an event's effect on each day, 1 at its peak.
    place: (B, L+H), the day of each step among the T. used: (B, K+C) bool, True for those that a window uses.
    """

    known: np.ndarray
    events: tuple[str, ...]
    on: np.ndarray
    place: np.ndarray
    used: np.ndarray

    @classmethod
    def of(cls, known: np.ndarray) -> Covariates:
        """Return declared covariates (B, L+H, K) alone, all of them used."""
        place = np.zeros(known.shape[:2], np.int64)
        return cls(known, (), np.zeros((0, 1), np.float32), place, np.ones((len(known), known.shape[2]), bool))

    @property
    def declared(self) -> int:
        """Number of declared covariates, K."""
        return self.known.shape[2]

    def with_events(self, past: np.ndarray, days: np.ndarray, pools: Pools, seasons: tuple[int, ...]) -> Covariates:
        """Add the calendar events that the history (B, L) follows on its days (B, L+H)."""
        found = find_events(past, days, pools, seasons)
        if not found.names:
            return self
        used = np.concatenate([self.used, found.used], 1)
        return replace(self, events=found.names, on=found.on.astype(np.float32), place=found.place, used=used)

    def at(self, steps: np.ndarray) -> np.ndarray:
        """Return (B, H, K+C) covariates at `steps` (B, H) of the windows."""
        known = np.take_along_axis(self.known, steps[..., None], 1)
        return np.concatenate([known, np.moveaxis(self.on[:, np.take_along_axis(self.place, steps, 1)], 0, 2)], 2)

    def before(self, length: int, rows: np.ndarray | None = None, columns: np.ndarray | None = None) -> Columns:
        """Return the first `length` steps of the columns, default all, of the windows `rows`, default all."""
        rows = np.arange(len(self.used)) if rows is None else rows
        return Columns(self, length, rows, np.arange(self.used.shape[1]) if columns is None else columns)


@dataclass(frozen=True, eq=False)
class Columns:
    """Table of columns (k,) of covariates at the first `length` steps of the windows `rows` (n,)."""

    source: Covariates
    length: int
    rows: np.ndarray
    columns: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """n, L, k."""
        return len(self.rows), self.length, len(self.columns)

    def __getitem__(self, rows: np.ndarray, /) -> np.ndarray:
        """Return (·, L, k) the covariates of some of the windows."""
        own, declared = self.rows[rows], self.source.declared
        known = self.source.known[own, : self.length][..., self.columns[self.columns < declared]]
        events = self.source.on[self.columns[self.columns >= declared] - declared]
        return np.concatenate([known, np.moveaxis(events[:, self.source.place[own, : self.length]], 0, 2)], 2)


@dataclass(frozen=True, eq=False)
class BatchEffects:
    """Estimates on windows that use the same covariates, for a report.

    columns: (k,) the covariates among the K declared ones and `events`. ahead: (H, C) bool, True where an event falls. item: (n,)
    the series of each window.
    """

    estimates: Estimates
    columns: np.ndarray
    events: tuple[str, ...]
    static: np.ndarray
    share: np.ndarray
    ahead: np.ndarray
    item: np.ndarray


def estimated(
    past: np.ndarray, covariates: Covariates, back: np.ndarray, groups: np.ndarray, pools: Pools, seasons: tuple[int, ...]
) -> tuple[Effects, list[tuple[np.ndarray, np.ndarray, Estimates]]]:
    """Return the effects on past (B, L) up to `back` (B,) steps before its end, and the estimates behind them.

    The estimates are one entry per set of covariates: its windows, the columns (k,), and the estimates on the windows.
    """
    every, rows = covariates.used.shape[1], len(past)
    bounds = Bounds(*(np.zeros((rows, every)) for _ in range(3)))
    beta, variance, closing = np.zeros((rows, 2 * every)), np.zeros((rows, 2 * every)), np.full((rows, every), np.nan)
    effects = Effects(
        beta, variance, np.zeros(rows, bool), closing, np.zeros(rows, np.int64), np.zeros(rows), np.ones(rows), bounds
    )
    parts = []
    for used, alike in _alike(covariates.used, pools):
        columns = np.flatnonzero(used)
        if not len(columns):
            continue
        some = np.unique(np.concatenate([one for both in alike for one in both]))
        moved = Pools(tuple((np.searchsorted(some, now), np.searchsorted(some, pool)) for now, pool in alike))
        declared = int((columns < covariates.declared).sum())
        table = covariates.before(past.shape[1], some, columns)
        found = estimates_of(past[some], table, back[some], moved, seasons, declared)
        made = effects_of(found, groups[some], moved)
        now = np.concatenate([now for now, _ in alike])
        at, both = np.searchsorted(some, now), np.concatenate([columns, columns + every])
        effects.beta[np.ix_(now, both)], effects.variance[np.ix_(now, both)] = made.beta[at], made.variance[at]
        effects.factor[now], effects.closing[np.ix_(now, columns)] = made.factor[at], made.closing[at]
        effects.width[now], effects.below[now], effects.scale[now] = made.width[at], made.below[at], made.scale[at]
        for wide, own in zip(bounds, found.bounds, strict=True):
            wide[np.ix_(now, columns)] = own[at]
        parts.append((now, columns, found.rows(at)))
    return effects, parts


def _alike(used: np.ndarray, pools: Pools) -> list[tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]]:
    """Group the pools by what their windows use (B, K); the windows of a pool use the same."""
    out: dict[bytes, tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]] = {}
    for now, pool in pools:
        out.setdefault(used[now[0]].tobytes(), (used[now[0]], []))[1].append((now, pool))
    return list(out.values())


def joined(parts: Sequence[BatchEffects], declared: int) -> tuple[Estimates, np.ndarray, tuple[str, ...], np.ndarray]:
    """Return the estimates of several parts as one, the shares (B, K+C), the names of the events, and where these fall (H, C)."""
    events = tuple(dict.fromkeys(name for part in parts for k, name in enumerate(part.events) if declared + k in part.columns))
    place = {name: declared + k for k, name in enumerate(events)}
    every = declared + len(events)
    horizon = max(len(part.ahead) for part in parts)
    ahead, estimates, shares = np.zeros((horizon, len(events)), bool), [], []
    for part in parts:
        names = part.events
        at = np.array([k if k < declared else place[names[k - declared]] for k in part.columns.tolist()], np.int64)
        estimates.append(part.estimates.among(at, every))
        share = np.ones((len(part.share), every))
        share[:, at] = part.share[:, part.columns]
        shares.append(share)
        for k, column in zip(part.columns.tolist(), at.tolist(), strict=True):
            if k >= declared:
                ahead[: len(part.ahead), column - declared] |= part.ahead[:, k - declared]
    return Estimates.concat(estimates), np.concatenate(shares), events, ahead
