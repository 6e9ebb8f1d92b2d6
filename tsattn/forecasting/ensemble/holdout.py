"""Hold-out origins: a window cut earlier in its own past, so that the next values are known and errors can be measured.

Everything here is made of one batch's past alone, so no value after an origin can leak, by construction.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np

from tsattn.data.windows import WindowBatch

ORIGINS = 4  # hold-out origins of each series
MOST_ORIGINS = 8  # of a series that shares its errors with no other series, or with one
POOL_ORIGINS = 16  # of all series that share their errors: with so many, more gain nothing
FURTHER = 4  # origins beyond ORIGINS lie in the last 1 / FURTHER of the history: members need a long past at each


def shifts_of(
    batch: WindowBatch, origins: int, share: tuple[int, int] | None = None, least: int = 0, most: np.ndarray | None = None
) -> np.ndarray:
    """Return (K, B) steps from each hold-out origin to the window's own: 1, 2, … K times the horizon.

    share: (a, b), so that the origins lie in the last a / b of the history; by default three horizons remain before the
    earliest. A history too short for that is cut at even distances of at least `least` steps; 0 where there is no room. Steps
    before the first observed value do not count as history. most (B,): origins of each history in whose last quarter more
    than `origins` have room; K is the largest number that any series has, or `origins`.
    """
    part, whole = share or (origins, origins + 3)
    room = part * batch.observed_lengths // whole
    step = np.clip(room // origins, least, batch.horizon)
    fitting = batch.observed_lengths // FURTHER // batch.horizon
    count = np.maximum(origins, 0 if most is None else np.minimum(most, fitting))
    number = np.arange(1, count.max(initial=origins) + 1)[:, None]
    shifts = np.where((number <= count) & (number * step <= room), number * step, 0)
    return shifts[: max(origins, int((shifts > 0).any(1).sum()))]


def shifted(batch: WindowBatch, shift: np.ndarray) -> WindowBatch:
    """Return the batch as it was `shift` (B,) steps earlier: past and known covariates moved along, padded on the left with NaN.

    Known covariates stay with their rows; the future target is unknown, even where the batch's own past holds it.
    """
    return replace(
        batch,
        past_target=_moved(batch.past_target, shift),
        past_cov=_moved(batch.past_cov, shift),
        known=_moved(batch.known, shift),
        future_target=np.full_like(batch.future_target, np.nan),
        origin=batch.origin - shift,
        cutoff=None,
        plausible=None if batch.plausible is None else _moved(batch.plausible, shift),
        cleaning=None if batch.cleaning is None else batch.cleaning.earlier(shift),
        days=None if batch.days is None else _moved(batch.days, shift),
        observed=None if batch.observed is None else _moved(batch.observed, shift),
        # windows of a group that move alike still end together
        group=None if batch.group is None else batch.group * (int(shift.max(initial=0)) + 1) + shift,
    )


def truth(batch: WindowBatch, shift: np.ndarray) -> np.ndarray:
    """Observations (B, H) after the origins `shift` (B,) steps back; NaN beyond the end of the batch's past."""
    at = batch.context - shift[:, None] + np.arange(batch.horizon)
    inside = at < batch.context
    values = np.take_along_axis(batch.past_target, np.where(inside, at, 0), 1)
    return np.where(inside, values, np.float32(np.nan))


def recent(batch: WindowBatch, context: int) -> WindowBatch:
    """Return the batch with at most its last `context` past steps."""
    cut = max(0, batch.context - context)
    return replace(
        batch,
        past_target=batch.past_target[:, cut:],
        past_cov=batch.past_cov[:, cut:],
        known=batch.known[:, cut:],
        plausible=None if batch.plausible is None else batch.plausible[:, cut:],
        cleaning=None if batch.cleaning is None else batch.cleaning.recent(context),
        days=None if batch.days is None else batch.days[:, cut:],
        observed=None if batch.observed is None else batch.observed[:, cut:],
    )


def target_only(batch: WindowBatch) -> WindowBatch:
    """Return the batch without covariates and dates."""
    empty, static = batch.known[..., :0], batch.static[:, :0]
    return replace(batch, past_cov=batch.past_cov[..., :0], known=empty, static=static, calendar=0, days=None)


def padded(batch: WindowBatch, context: int) -> WindowBatch:
    """Return the batch with exactly `context` past steps: cut, or padded on the left with NaN."""
    batch = recent(batch, context)
    lack = context - batch.context

    def pad(values: np.ndarray) -> np.ndarray:
        return np.pad(values, ((0, 0), (lack, 0), *((0, 0),) * (values.ndim - 2)), constant_values=missing(values))

    optional = (batch.days, batch.plausible, batch.observed)
    days, plausible, observed = (None if values is None else pad(values) for values in optional)
    target, covariates, known = (pad(values) for values in (batch.past_target, batch.past_cov, batch.known))
    made = replace(batch, past_target=target, past_cov=covariates, known=known)
    return replace(made, plausible=plausible, days=days, observed=observed)


# (windows that share a cutoff, windows whose errors they may use), by cutoff
Pools: TypeAlias = tuple[tuple[np.ndarray, np.ndarray], ...]


def pools_of(batch: WindowBatch) -> Pools:
    """Group the windows of a batch by cutoff. A window may use the errors of each item's latest window up to its own cutoff.

    A window of a batch without cutoffs uses its own errors alone. Linear in windows times distinct cutoffs.
    """
    if batch.cutoff is None:
        return tuple((np.array([i]), np.array([i])) for i in range(len(batch)))
    latest: dict[int, int] = {}
    groups = []
    for moment in np.unique(batch.cutoff):
        now = np.flatnonzero(batch.cutoff == moment)
        latest.update(zip(batch.item[now].tolist(), now.tolist(), strict=True))
        groups.append((now, np.array(sorted(latest.values()))))
    return tuple(groups)


def most_origins(rows: int, pools: Pools) -> np.ndarray:
    """Return how many hold-out origins long histories may have: (B,), more where few series share their errors."""
    most = np.full(rows, ORIGINS)
    for now, pool in pools:
        most[now] = np.clip(POOL_ORIGINS // len(pool), ORIGINS, MOST_ORIGINS)
    return most


def _moved(values: np.ndarray, shift: np.ndarray) -> np.ndarray:
    at = np.arange(values.shape[1]) - shift[:, None]  # (B, L)
    index = np.where(at >= 0, at, 0)
    mask = at >= 0
    for _ in range(values.ndim - 2):
        index, mask = index[..., None], mask[..., None]
    if values.size == 0:
        return values
    return np.where(mask, np.take_along_axis(values, index, 1), missing(values))


def missing(values: np.ndarray) -> np.generic:
    """Return the missing value of an array of dates or of numbers."""
    return np.datetime64("NaT") if values.dtype.kind == "M" else np.float32(np.nan)
