"""Instance normalisation and forward filling, as part of the graph."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass
class Scale:
    """Scale of each window, from the observed values of its first `prefix` steps. All (B, 1).

    mean, std: of the values. step: mean |y_t − y_{t−1}|. season: the smaller of mean |y_t − y_{t−p}|, p the first period, and
    mean |y_t − y_{t−16}|. step and season are in units of std. count: number of observed values.
    """

    mean: Tensor
    std: Tensor
    step: Tensor
    season: Tensor
    count: Tensor


def norm(width: int) -> nn.Module:
    """Return layer normalisation of the last axis without offsets (Ba et al. 2016). On CPU it takes one pass, RMSNorm four."""
    return nn.LayerNorm(width, bias=False)


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of x where mask, along the last axis: (…, N) -> (…, 1). Zero where the mask is empty."""
    count = mask.sum(-1, keepdim=True)
    return (x * mask).sum(-1, keepdim=True) / count.clamp_min(1)


def measure(target: Tensor, observed: Tensor, period: Tensor) -> Scale:
    """Return the Scale of target (B, L), without NaN. observed (B, L): bool, False beyond the prefix. period (B,): int64."""
    mean = masked_mean(target, observed)
    centred = torch.where(observed, target - mean, torch.zeros_like(target))
    std = masked_mean(centred.square(), observed).sqrt()
    return _in_units(target, observed, period, mean, std)


MAD = 1.4826  # standard deviation of a normal distribution, in units of its median absolute deviation


def measure_robust(target: Tensor, observed: Tensor, period: Tensor) -> Scale:
    """Return the Scale with the median as mean and 1.4826 · MAD as std (Rousseeuw & Croux 1993, eq. 1).

    Up to half of the values may be outliers. Where the MAD is 0, as over half of the values are equal, the standard deviation
    about the median replaces it.
    """
    median = masked_median(target, observed)
    away = (target - median).abs()
    spread = MAD * masked_median(away, observed)
    deviation = masked_mean(torch.where(observed, away, torch.zeros_like(away)).square(), observed).sqrt()
    return _in_units(target, observed, period, median, torch.where(spread > 0, spread, deviation))


def masked_median(x: Tensor, mask: Tensor) -> Tensor:
    """Return the median of x where mask, along the last axis: (B, N) -> (B, 1). Zero where the mask is empty."""
    count = mask.sum(-1, keepdim=True)
    largest = torch.full_like(x, torch.finfo(x.dtype).max)
    ordered = torch.where(mask, x, largest).sort(-1).values
    low, high = ((count - 1).clamp_min(0) // 2), count // 2
    middle = (ordered.gather(-1, low) + ordered.gather(-1, high.clamp_max(x.shape[-1] - 1))) / 2
    return torch.where(count > 0, middle, torch.zeros_like(middle))


def _in_units(target: Tensor, observed: Tensor, period: Tensor, mean: Tensor, std: Tensor) -> Scale:
    """Return the Scale of a given mean and std (B, 1), with the naive errors in units of std."""
    centred = torch.where(observed, target - mean, torch.zeros_like(target))
    # std of a constant series: 1e-4 of its level (float32 resolves 1e-7 of it)
    std = torch.maximum(std, 1e-4 * mean.abs()).clamp_min(1e-20)
    z = centred / std

    lag = torch.stack([torch.ones_like(period), torch.full_like(period, 16), period], 1)  # (B, 3)
    index = torch.arange(z.shape[1], device=z.device) - lag[..., None]  # (B, 3, L)
    inside, index = index >= 0, index.clamp_min(0).flatten(1)
    earlier = z.gather(1, index).view(inside.shape)
    both = inside & observed[:, None] & observed.gather(1, index).view(inside.shape)
    found = masked_mean((z[:, None] - earlier).abs(), both)
    difference = torch.where(both.any(-1, keepdim=True), found, torch.ones_like(found)).clamp_min(1e-3)  # (B, 3, 1)
    step, season = difference[:, 0], difference[:, 1:].amin(1)
    return Scale(mean, std, step, season, observed.sum(-1, keepdim=True))


def forward_fill(x: Tensor, observed: Tensor, most: int) -> Tensor:
    """Replace each missing value by the newest observed one before it. Values before the first observed one stay unchanged.

    x, observed: (B, L), L ≤ most. Computes a running maximum of positions by doubling, in log2(most) steps, with operators that
    every ONNX runtime supports.
    """
    length = x.shape[1]
    position = torch.arange(length, device=x.device)
    newest = torch.where(observed, position, torch.full_like(position, -1))
    shift = 1
    while shift < most:
        newest = torch.maximum(newest, nn.functional.pad(newest, (shift, 0), value=-1)[:, :length])
        shift *= 2
    return torch.where(newest < 0, x, x.gather(1, newest.clamp_min(0)))
