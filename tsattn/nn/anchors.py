"""Seasonal anchors: simple continuations of the history, which the head mixes and corrects."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CYCLES = (1, 4, 14)  # numbers of past cycles to average
PERIODS = 2
COUNT = 1 + 3 * PERIODS * len(CYCLES)


def anchors(z: Tensor, first: Tensor, periods: Tensor, origin: Tensor, horizon: int) -> Tensor:
    """Return the anchors of each origin and step, (B, O, H, A), in the units of z.

    z (B, L): filled values. first (B,): position of the first observed value. periods (B, 2): season lengths in steps. origin
    (B, O): positions in 1 … L.

    The anchors are the last value and, for each period and k in CYCLES, the mean of the last k cycles: unshifted, shifted to
    the level of the newest eighth of a cycle, and shifted to the level of the newest whole cycle. Only values before the origin
    are used. An anchor whose cycles lie before the first observed value equals the last value.
    """
    last = z.gather(1, origin - 1)  # (B, O)
    mean = _cycle_means(z, first, periods, origin, horizon, last)  # (B, O, H, 2, k)
    shift = _level_shifts(z, first, periods, origin)  # (B, O, 2 spans, 2, k)
    moved = mean[:, :, :, None] + shift[:, :, None]  # (B, O, H, 2 spans, 2, k)
    return torch.cat([last[..., None, None].expand(-1, -1, horizon, -1), mean.flatten(3), moved.flatten(3)], -1)


def _means(values: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """Return the means over the newest k valid cycles (last axis), for each k of CYCLES, and a mask of those that exist.

    values (…, n): newest first, 0 where not valid. valid (…, 1): number of valid values; they are the newest.
    """
    most = torch.tensor(CYCLES, device=values.device)
    count = torch.minimum(valid, most)  # (…, k)
    total = torch.stack([values[..., :k].sum(-1) for k in CYCLES], -1)
    return total / count.clamp_min(1), count > 0


def _cycle_means(z: Tensor, first: Tensor, periods: Tensor, origin: Tensor, horizon: int, last: Tensor) -> Tensor:
    """Return the mean of the values at each step's phase in the last k cycles: (B, O, H, 2, k)."""
    ahead = torch.arange(horizon, device=z.device)[:, None]  # (H, 1)
    period = periods[:, None]  # (B, 1, 2)
    back = period * (ahead // period + 1) - ahead  # (B, H, 2): distance from the origin to the newest value at the step's phase
    cycle = torch.arange(max(CYCLES), device=z.device)
    offset = back[..., None] + period[..., None] * cycle  # (B, H, 2, most)
    newest = origin[:, :, None, None] - back[:, None]  # (B, O, H, 2)
    room = newest - first[:, None, None, None]  # steps from the first observed value
    valid = torch.where(room >= 0, torch.div(room, period[:, None], rounding_mode="floor") + 1, torch.zeros_like(room))
    # indices into z with a zero in front, which stands for positions before the first observed value
    index = origin[:, :, None, None, None] + 1 - offset[:, None]  # (B, O, H, 2, most)
    index = torch.where(index > first[:, None, None, None, None], index, torch.zeros_like(index[:1, :1, :1, :1, :1]))
    values = nn.functional.pad(z, (1, 0)).gather(1, index.flatten(1)).view(index.shape)
    mean, found = _means(values, valid[..., None])
    return torch.where(found, mean, last[:, :, None, None, None])


def _level_shifts(z: Tensor, first: Tensor, periods: Tensor, origin: Tensor) -> Tensor:
    """Return the mean of the newest values minus that of the same phases in the k cycles before: (B, O, spans, 2, k).

    The spans are an eighth of the period and the whole period.
    """
    total = torch.nn.functional.pad(z.cumsum(1), (1, 0))  # total[i] = Σ z[:i]
    span = torch.stack([(periods // 8).clamp_min(1), periods], 1)[:, None, ..., None]  # (B, 1, spans, 2, 1)
    cycle = torch.arange(max(CYCLES) + 1, device=z.device)
    end = origin[:, :, None, None, None] - periods[:, None, None, :, None] * cycle  # (B, O, 1, 2, most + 1)
    begin = end - span  # (B, O, spans, 2, most + 1)
    edges = torch.stack([end.expand_as(begin), begin])
    upper, lower = total[None].expand(2, -1, -1).gather(2, edges.clamp_min(0).flatten(2)).view(edges.shape)
    mean = (upper - lower) / span
    valid = (begin >= first[:, None, None, None, None])[..., 1:]
    before, found = _means(mean[..., 1:] * valid, valid.sum(-1, keepdim=True))
    return (mean[..., :1] - before) * found
