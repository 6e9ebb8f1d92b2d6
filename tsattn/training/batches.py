"""Training batches: sampled windows, augmented, with prefixes and origins, as NumPy arrays.

All random numbers of step k are drawn from (seed, rank, k), so an interrupted run resumes to the same result.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from tsattn.config import ModelConfig, TrainConfig
from tsattn.data.cleaning.additive_outliers import NEWEST
from tsattn.data.cleaning.prepare import prepare
from tsattn.data.cleaning.seasonality import find_seasons
from tsattn.data.freq import calendar_names
from tsattn.data.groups import MOST, largest, with_companions
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, gather
from tsattn.model.short_series import lengths
from tsattn.nn.inputs import TIMED
from tsattn.training.augment import Together, disturb, flip_and_mix, warp

LIVELY = 0.1  # least standard deviation of a prefix, as a share of the whole window's
UNDATED = 0.1  # share of windows without calendar features, like arrays in memory
WHOLE = 0.2  # share of windows scaled by their whole past, as when forecasting
PARTS = 8  # most parts that a batch is split into by length
_WARP, _DISTURB = 1, 2  # separate random streams, so that one augmentation does not change another's numbers


@dataclass(frozen=True, eq=False)
class TrainingBatch:
    """Arrays of one optimiser step. For shapes see `nn.inputs.Inputs` and `nn.objective.window_loss`.

    target (B, L): cleaned past, which the network reads. past (B, L): past as observed, which forecasts are scored on. group
    (B,): number of the group whose windows read each other; without attention across series, each window is one of its own.
    """

    target: np.ndarray
    past_cov: np.ndarray
    known: np.ndarray
    static: np.ndarray
    seasons: np.ndarray
    group: np.ndarray
    past: np.ndarray
    future: np.ndarray
    prefix: np.ndarray
    origin: np.ndarray


def sample(
    panel: Panel, model: ModelConfig, train: TrainConfig, step: int, rank: int = 0, horizon: int | None = None
) -> TrainingBatch:
    """Sample the batch of a step: B = train.batch windows with O = train.origins origins each.

    horizon: number of steps to forecast; default: one pass. With attention across series, the batch holds whole groups,
    with about train.batch windows in all.
    """
    rng = np.random.default_rng([train.seed, rank, step])
    origins = sample_ends(panel, rng, train.batch, model.patch)
    together = None
    if model.across:
        origins, together = sample_groups(panel, origins)
    window = gather(panel, origins, model.context, model.steps_at_once(horizon or model.horizon))
    calendar = len(calendar_names(panel.freq))
    window.known[rng.random(len(origins)) < UNDATED, :, :calendar] = np.nan
    target = np.concatenate([window.past_target, window.future_target], 1)  # (B, L + H)
    usual, declared = np.array([window.season_lengths] * len(target)), panel.known.shape[1] + panel.past.shape[1]
    if train.warp and not declared:  # covariates would have to be warped too
        target, speed = warp(target, train.warp, np.random.default_rng([train.seed, rank, step, _WARP]), together)
        usual = np.rint(usual / speed).astype(np.int64)
        window.known[:] = np.nan  # the calendar no longer matches
    # no flips with covariates: their effect on the target has a sign
    target = flip_and_mix(target, model.context, rng, 0.0 if declared else train.flip, train.mixup, together)
    if train.jitter or train.rescale or train.hide:
        target = disturb(target, model.context, train, np.random.default_rng([train.seed, rank, step, _DISTURB]))
    past, future = target[:, : model.context], target[:, model.context :]
    group = np.arange(len(target)) if together is None else together.group
    prefix, chosen = choose_origins(past, model.patch, train.origins, rng, group)
    read = cleaned(past, chosen, () if train.warp and not declared else window.season_lengths)
    visible = np.where(np.arange(model.context) < prefix[:, None], read, np.nan)
    seasons = find_seasons(visible, usual)
    return TrainingBatch(read, window.past_cov, window.known, window.static, seasons, group, past, future, prefix, chosen)


def cleaned(past: np.ndarray, origins: np.ndarray, periods: tuple[int, ...]) -> np.ndarray:
    """Clean windows (B, L) as forecasts from each of their origins (B, O) would.

    The newest values before an origin are kept, as in a forecast. Level shifts are not corrected, as one may lie after an
    origin.
    """
    found = prepare(past, periods, level_shifts=False).past
    if found is past:
        return past
    newest = np.clip(origins[..., None] - np.arange(1, NEWEST + 1), 0, past.shape[1] - 1).reshape(len(past), -1)
    out = found.copy()
    np.put_along_axis(out, newest, np.take_along_axis(past, newest, 1), 1)
    return out


def in_parts(batch: TrainingBatch, model: ModelConfig) -> list[TrainingBatch]:
    """Split the batch into parts, each cut to the number of tokens of its longest window.

    Empty tokens before short windows would cost as much as others and train nothing.
    """
    steps, least, at = lengths(batch.target, model), len(batch.target) // PARTS, 0
    steps = largest(steps, batch.group) if model.across else steps
    order, parts = np.argsort(steps, kind="stable"), []
    for end in range(1, len(order) + 1):
        whole = end == len(order) or steps[order[end]] > steps[order[end - 1]]
        if end == len(order) or (whole and min(end - at, len(order) - end) >= least):
            parts.append(_cut(batch, np.sort(order[at:end]), model.context - int(steps[order[end - 1]])))
            at = end
    return parts


def _cut(batch: TrainingBatch, rows: np.ndarray, lead: int) -> TrainingBatch:
    """Select rows and remove their first `lead` steps."""
    part = {field.name: getattr(batch, field.name)[rows] for field in fields(batch)}
    part |= {name: part[name][:, lead:] for name in ("past", *TIMED)}
    part |= {"prefix": part["prefix"] - lead, "origin": np.maximum(part["origin"] - lead, 0)}
    return TrainingBatch(**part)


def sample_ends(panel: Panel, rng: np.random.Generator, count: int, patch: int) -> Origins:
    """Sample random window ends: an item with probability proportional to the root of its length, then a row.

    At least a patch lies before the row and a step after it, if the item is long enough.
    """
    room = np.maximum(panel.lengths - 2, 0)
    weight = np.sqrt(room) if room.any() else np.ones(len(panel))
    item = rng.choice(len(panel), count, p=weight / weight.sum())
    least = np.minimum(patch, room[item])
    return Origins(item, panel.indptr[item] + least + (rng.random(count) * (room[item] - least + 2)).astype(np.int64))


def sample_groups(panel: Panel, origins: Origins) -> tuple[Origins, Together]:
    """Replace the window ends with whole groups, at the first few of their cutoffs, with about as many windows in all.

    There are at least two groups.
    """
    cutoffs = max(2, round(len(origins) / min(len(panel), MOST)))
    item, row = np.array(list(dict.fromkeys(zip(origins.item.tolist(), origins.row.tolist(), strict=True)))[:cutoffs]).T
    found, group = with_companions(panel, Origins(item, row))
    return found, Together(np.unique(group, return_inverse=True)[1], found.item)


def choose_origins(
    past: np.ndarray, patch: int, count: int, rng: np.random.Generator, group: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Sample the prefix of each window, (B,), which sets its scale, and `count` later origins, (B, O), in steps.

    0 stands for no origin, where a window has fewer than `count`. Windows of a group (B,), numbered from 0, have the same prefix
    and origins, so that no scale comes from values after another window's origin.
    """
    group = np.arange(len(past)) if group is None else group
    rows, length = int(group.max(initial=-1)) + 1, past.shape[1]
    tokens = length // patch
    spread = spread_so_far(past)[:, patch - 1 :: patch]  # (B, T)
    # an almost constant prefix gives too small a scale: after a dry month every shower would be extreme
    started = (spread > 0) & (spread >= LIVELY * spread[:, -1:])
    first = np.where(started.any(1), started.argmax(1), tokens - 1)  # (B,) first token that may end a prefix
    first = latest_of(first, spread[:, -1] > 0, group)  # (G,)
    prefix = first + 1 + (rng.random(rows) * (tokens - first)).astype(np.int64)
    prefix = np.where(rng.random(rows) < WHOLE, tokens, prefix)
    token = np.arange(1, tokens + 1)
    order = np.where(token >= prefix[:, None], rng.random((rows, tokens)), 2.0)
    chosen = np.argsort(order, 1)[:, :count] + 1
    chosen = np.where(np.take_along_axis(order, chosen - 1, 1) < 2.0, chosen, 0)
    return prefix[group] * patch, chosen[group] * patch


def latest_of(first: np.ndarray, lively: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return the largest `first` of each group, (B,) -> (G,), of its `lively` (B,) windows if it has any."""
    latest = np.full(int(group.max(initial=-1)) + 1, -1)
    np.maximum.at(latest, group, np.where(lively, first, -1))
    every = np.full_like(latest, -1)
    np.maximum.at(every, group, first)
    return np.where(latest < 0, every, latest)


def spread_so_far(past: np.ndarray) -> np.ndarray:
    """Return the standard deviation of the observed values up to each step, inclusive: (B, L) -> (B, L), 0 before the first."""
    seen = np.isfinite(past)
    value = np.where(seen, past, 0).astype(np.float64)
    count = np.maximum(seen.cumsum(1), 1)
    value -= np.where(seen, value.sum(1, keepdims=True) / count[:, -1:], 0)  # centred first: sums of squares cancel less
    mean = value.cumsum(1) / count
    return np.sqrt(np.maximum((value**2).cumsum(1) / count - mean**2, 0))
