"""Instance normalisation and missing values, inside the graph: the network sees shapes, not units."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Scale:
    """Each window's own units, from the observed values of its first `prefix` steps. All (B, 1).

    mean, std: of the values. step: mean |y_t − y_{t−1}|, season: the smaller of mean |y_t − y_{t−p}| and the same at lag 16
    (p the first period), both in units of std: what a naive forecast errs by. count: how many values were observed.
    """

    mean: Tensor
    std: Tensor
    step: Tensor
    season: Tensor
    count: Tensor


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Mean of x where mask, along the last axis, kept: (B, N) -> (B, 1). Zero where nothing is."""
    count = mask.sum(-1, keepdim=True)
    return torch.where(mask, x, torch.zeros_like(x)).sum(-1, keepdim=True) / count.clamp_min(1)


def measure(target: Tensor, observed: Tensor, period: Tensor) -> Scale:
    """target (B, L) without NaN, observed (B, L) bool (False beyond the prefix), period (B,) int64 -> Scale."""
    mean = masked_mean(target, observed)
    centred = torch.where(observed, target - mean, torch.zeros_like(target))
    std = masked_mean(centred.square(), observed).sqrt()
    # a flat series has no spread of its own: 1e-4 of its level stands in (float32 resolves 1e-7 of it)
    std = torch.maximum(std, 1e-4 * mean.abs()).clamp_min(1e-20)
    z = centred / std

    def difference(lag: Tensor) -> Tensor:
        index = torch.arange(z.shape[1], device=z.device)[None, :] - lag[:, None]
        inside = index >= 0
        index = index.clamp_min(0)
        both = inside & observed & observed.gather(1, index)
        found = masked_mean((z - z.gather(1, index)).abs(), both)
        return torch.where(both.any(-1, keepdim=True), found, torch.ones_like(found))

    ones = torch.ones_like(period)
    season = torch.minimum(difference(period), difference(16 * ones))
    return Scale(mean, std, difference(ones).clamp_min(1e-3), season.clamp_min(1e-3), observed.sum(-1, keepdim=True))


def forward_fill(x: Tensor, observed: Tensor) -> Tensor:
    """Each missing value takes the newest observed one before it; before the first observed one it stays as it is.

    x, observed: (B, L). By doubling: log2(L) steps of `where`, which every runtime exports.
    """
    shift = 1
    while shift < x.shape[1]:
        back = torch.cat([torch.zeros_like(x[:, :shift]), x[:, :-shift]], 1)
        known = torch.cat([torch.zeros_like(observed[:, :shift]), observed[:, :-shift]], 1)
        x = torch.where(observed | ~known, x, back)
        observed = observed | known
        shift *= 2
    return x
