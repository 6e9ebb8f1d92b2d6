"""Disturbances of series: mixtures, shifts, spikes, saturation, rounding, gaps, short histories."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from tsattn.synthetic.clocks import ANY, clock
from tsattn.synthetic.config import SyntheticConfig
from tsattn.synthetic.draws import Draw, Series

LEAST = 32  # least number of observed values before the last AFTER steps
AFTER = 64  # steps to be forecast; at most half of the series
LARGEST = 1e11


def disturbed(draw: Draw, config: SyntheticConfig, made: Series) -> Series:
    """Apply all disturbances, in the order in which they occur in real data. Returns values with NaN where missing or cut."""
    x = torch.nan_to_num(made.values, 0.0, LARGEST, -LARGEST)
    x = _some(draw, config.mixup, x, _mixed)
    x = _some(draw, config.reverse, x, lambda _, part: part.flip(1))
    x = _some(draw, config.flip, x, lambda _, part: -part)
    x = _some(draw, config.level_shift, x, _shifted)
    x = _some(draw, config.outliers, x, _spiked)
    x = _some(draw, config.clipping, x, _clipped)
    x = _placed(draw, config.offset, x)
    x = _some(draw, config.rounding, x, _rounded).clamp(-LARGEST, LARGEST)
    start = _start(draw, config.short, *x.shape)
    x.masked_fill_(torch.arange(x.shape[1], device=x.device) < start, torch.nan)
    x = _some(draw, config.missing, _alive(draw, x), _gapped)
    return Series(x, season_input(draw, config, made.seasons))


def _some(draw: Draw, share: float, x: Tensor, change: Callable[[Draw, Tensor], Tensor]) -> Tensor:
    """Change a random share of the rows of x, in place."""
    rows = draw.chance(share, x.shape[0]).nonzero()[:, 0]
    if len(rows):
        x[rows] = change(draw, x[rows])
    return x


def context(length: int) -> int:
    """Return the number of steps before the last ones, which are to be forecast, in a series of `length` steps."""
    return length - min(AFTER, length // 2)


def season_input(draw: Draw, config: SyntheticConfig, seasons: Tensor) -> Tensor:
    """Return season lengths (B, 2) as an input: mostly the true ones, sometimes none or those of another frequency."""
    count = seasons.shape[0]
    other = clock(draw, count, 2, ANY).seasons
    chance = draw.uniform(0, 1, count, 1)
    silent = torch.ones_like(seasons)
    seasonal = torch.where(
        chance < config.season_input, seasons, torch.where(chance < (1 + config.season_input) / 2, silent, other)
    )
    return torch.where(seasons[:, :1] > 1, seasonal, torch.where(chance < config.season_input_without, other, silent))


def _spread(x: Tensor) -> Tensor:
    return x.std(1, keepdim=True).clamp_min(1e-9)


def _mixed(draw: Draw, x: Tensor) -> Tensor:
    """Mix pairs of series with equal scale (TSMixup: Ansari et al. 2024). The season lengths are those of the heavier one."""
    weight = draw.uniform(0.55, 0.95, x.shape[0], 1)
    scaled = (x - x.mean(1, keepdim=True)) / _spread(x)
    return weight * scaled + (1 - weight) * scaled.roll(1, 0)


def _shifted(draw: Draw, x: Tensor) -> Tensor:
    """Add a level shift of a few standard deviations, permanent or temporary."""
    count, length = x.shape
    time = torch.arange(length, device=x.device)
    begin = draw.uniform(0, 1, count, 1) * length
    end = torch.where(draw.chance(0.5, count, 1), begin + draw.uniform(0.02, 0.3, count, 1) * length, length)
    return x + ((time >= begin) & (time < end)) * draw.normal(count, 1) * 2 * _spread(x)


def _spiked(draw: Draw, x: Tensor) -> Tensor:
    """Add spikes of 1 to 18 standard deviations, mostly to one side."""
    count, length = x.shape
    hit = torch.rand(count, length, generator=draw.generator, device=x.device) < draw.log_uniform(5e-4, 2e-2, count, 1)
    size = draw.log_uniform(2, 12, count, 1) * (0.5 + draw.uniform(0, 1, count, length))
    one_sided = torch.where(draw.chance(0.5, count, 1), 1.0, -1.0)
    sign = torch.where(draw.chance(0.4, count, 1), torch.where(draw.chance(0.5, count, length), 1.0, -1.0), one_sided)
    return x + hit * size * sign * _spread(x)


def _clipped(draw: Draw, x: Tensor) -> Tensor:
    """Saturate above or below, at 0.2 to 2 standard deviations from the mean."""
    count = x.shape[0]
    middle, spread = x.mean(1, keepdim=True), _spread(x)
    edge = draw.uniform(0.2, 2, count, 1) * spread
    above = torch.minimum(x, middle + edge)
    return torch.where(draw.chance(0.5, count, 1), above, torch.maximum(x, middle - edge))


def _placed(draw: Draw, share: float, x: Tensor) -> Tensor:
    """Rescale by 1e-3 to 1e6, and shift a share of the rows by up to 1,000 standard deviations.

    Rows of whole numbers mostly stay whole; rows without negative values mostly keep their zero.
    """
    count = x.shape[0]
    spread = _spread(x)
    whole = (x == x.round()).all(1, keepdim=True) & draw.chance(0.8, count, 1)
    natural = (x.amin(1, keepdim=True) >= 0) & draw.chance(0.85, count, 1)
    common = draw.log_uniform(0.1, 1000, count, 1)
    scale = torch.where(draw.chance(0.15, count, 1), draw.log_uniform(1e-3, 1e6, count, 1), common) / spread
    sign = torch.where(draw.chance(0.85, count, 1), 1.0, -1.0)
    far = torch.where(draw.chance(0.1, count, 1), draw.log_uniform(10, 1000, count, 1), draw.log_uniform(0.2, 10, count, 1))
    shift = sign * far * spread - x.mean(1, keepdim=True)
    shift = torch.where(draw.chance(share, count, 1) & ~natural & ~whole, shift, 0.0)
    return (x + shift) * torch.where(whole, 1.0, scale)


def _rounded(draw: Draw, x: Tensor) -> Tensor:
    """Round to steps of 0.02 to 1 standard deviations."""
    step = draw.log_uniform(0.02, 1, x.shape[0], 1) * _spread(x)
    return (x / step).round() * step


def _start(draw: Draw, share: float, count: int, length: int) -> Tensor:
    """Draw the first step of each series, (B, 1) int64. At least 32 values precede the last ones; their number is log-uniform."""
    before = context(length)
    kept = draw.log_uniform(min(LEAST, before), before, count, 1).round().long()
    return torch.where(draw.chance(share, count, 1), before - kept, 0)


def _alive(draw: Draw, x: Tensor) -> Tensor:
    """Add a little noise to rows of x (B, N) that are constant before the last steps, so that each row has a scale. NaN = cut."""
    seen = x[:, : context(x.shape[1])]
    low = seen.nan_to_num(torch.inf).amin(1)
    high = seen.nan_to_num(-torch.inf).amax(1)
    size = high.abs().maximum(low.abs())
    rows = (high - low <= 1e-5 * size.clamp_min(1e-6)).nonzero()[:, 0]
    if len(rows):
        noise = draw.normal(len(rows), x.shape[1]) * draw.log_uniform(1e-4, 0.3, len(rows), 1)
        x[rows] += noise * size[rows, None].clamp_min(1e-3)
    return x


def _gapped(draw: Draw, x: Tensor) -> Tensor:
    """Remove single values and up to four blocks. Rows that would keep fewer than LEAST values stay complete."""
    count, length = x.shape
    time = torch.arange(length, device=x.device)
    single = torch.rand(count, length, generator=draw.generator, device=x.device) < draw.log_uniform(1e-3, 0.3, count, 1)
    gap = single & draw.chance(0.6, count, 1)
    for share in (0.6, 0.4, 0.3, 0.2):
        begin = draw.uniform(-0.05, 1, count, 1) * length
        size = draw.log_uniform(1, max(0.2 * length, 2), count, 1)
        gap = gap | ((time >= begin) & (time < begin + size) & draw.chance(share, count, 1))
    before = context(length)
    left = (~gap & x.isfinite())[:, :before].sum(1, keepdim=True)
    return torch.where(gap & (left >= min(LEAST, before)), torch.nan, x)
