"""Linear processes: seasonal ARIMA, random walks and related processes, Gaussian processes."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tsattn.synthetic.clocks import ANY, clock
from tsattn.synthetic.draws import Draw, Series, blended, no_seasons, pick, standard, ticks
from tsattn.synthetic.noise import (
    ar1,
    coloured,
    factor,
    filter_ar1,
    frequencies,
    from_power,
    lines,
    persistence,
    white,
)


def arima(draw: Draw, count: int, length: int) -> Series:
    """Generate seasonal ARIMA (3, d, 2)(1, 0, 1)s from its spectrum (Box and Jenkins 1970).

    d = 0 … 2; seasonal roots up to .999.
    """
    when = clock(draw, count, length, ANY)
    angle = 2 * math.pi * frequencies(draw, length)
    period = torch.where(draw.chance(0.7, count, 1), when.cycle.round(), when.seasons.amax(1, keepdim=True).float())
    period = torch.where(period > length / 2, when.cycle.round(), period)

    def root(low: float, high: float, share: float) -> Tensor:
        return draw.uniform(low, high, count, 1) * draw.chance(share, count, 1)

    swing, speed = root(0.6, 0.99, 0.35), draw.log_uniform(0.03, 3, count, 1)
    slow = torch.where(draw.chance(0.3, count, 1), persistence(draw, 5, 300, count), root(-0.6, 0.95, 0.8))
    power = factor(root(-0.9, 0.9, 0.6), angle) * factor(root(-0.7, 0.7, 0.3), angle)
    power = power / (factor(slow, angle) * factor(swing, angle - speed) * factor(swing, angle + speed))
    seasonal = torch.where(draw.chance(0.6, count, 1), persistence(draw, 20, 1500, count), root(0.3, 0.95, 1.0))
    seasonal = seasonal * draw.chance(0.85, count, 1)
    forgets = root(0.2, 0.9, 0.5) * seasonal
    power = power * factor(forgets, angle * period) / factor(seasonal, angle * period)
    x = from_power(draw, power, length)

    drift = draw.normal(count, 1) * draw.log_uniform(0.001, 0.1, count, 1)
    order = draw.choice([6, 3, 0.4], count)[:, None]
    once = (x + drift).cumsum(1)
    # integration hides the season, so add noise and part of the season to the observed values
    twice = standard(once).cumsum(1)
    share = draw.log_uniform(0.02, 0.6, count, 1)
    x = torch.where(order == 0, x, standard(torch.where(order == 1, once, twice)) + share * x)
    x = torch.where(draw.chance(0.2, count, 1), torch.exp(draw.uniform(0.2, 0.8, count, 1) * standard(x)), x)
    seasons = torch.cat([period.long(), torch.ones_like(period).long()], 1)
    return Series(x, torch.where((seasonal > 0.5) & ((order == 0) | (share > 0.1)), seasons, torch.ones_like(seasons)))


def random_walk(draw: Draw, count: int, length: int) -> Series:
    """Generate random walks, mean reversion, local linear trends, geometric walks and jumps.

    Volatility is constant or stochastic: log σ is an AR(1) (Taylor 1982). Jumps: Merton 1976. Mean reversion: Vasicek 1977.
    """
    volatile = draw.log_uniform(0.05, 1.2, count, 1) * draw.chance(0.6, count, 1)
    shocks = white(draw, count, length) * torch.exp(volatile * ar1(draw, persistence(draw, 10, 400, count), length))
    jump = torch.rand(count, length, generator=draw.generator, device=draw.device) < draw.log_uniform(1e-3, 2e-2, count, 1)
    shocks = shocks * torch.where(jump & draw.chance(0.25, count, 1), draw.uniform(3, 12, count, 1), 1.0)
    changes = (_walk, _reverting, _local_trend, _smooth, _geometric, lambda _, x: x, _rough)
    x = standard(blended(draw, (4, 3, 1.5, 1.5, 3, 0.5, 0.5), shocks, changes))
    seen = white(draw, count, length) * draw.log_uniform(0.01, 0.5, count, 1) * draw.chance(0.3, count, 1)
    return Series(x + seen, no_seasons(draw, count))


def _walk(draw: Draw, shocks: Tensor) -> Tensor:
    return (shocks + draw.normal(len(shocks), 1) * 0.05 * draw.chance(0.5, len(shocks), 1)).cumsum(1)


def _reverting(draw: Draw, shocks: Tensor) -> Tensor:
    return filter_ar1(draw, shocks, persistence(draw, 3, 600, len(shocks)))


def _local_trend(draw: Draw, shocks: Tensor) -> Tensor:
    count, length = shocks.shape
    slope = ar1(draw, persistence(draw, 20, 2000, count), length) * draw.log_uniform(0.05, 2, count, 1)
    return (slope + shocks * draw.uniform(0, 1, count, 1)).cumsum(1)


def _smooth(draw: Draw, shocks: Tensor) -> Tensor:
    return filter_ar1(draw, shocks, draw.uniform(0.5, 0.98, len(shocks), 1)).cumsum(1)


def _geometric(draw: Draw, shocks: Tensor) -> Tensor:
    return torch.exp((_walk(draw, shocks) * draw.log_uniform(0.003, 0.05, len(shocks), 1)).clamp(-12, 12))


def _rough(draw: Draw, shocks: Tensor) -> Tensor:
    count, length = shocks.shape
    return coloured(draw, draw.uniform(0.2, 1.8, count, 1), length)


def gaussian_process(draw: Draw, count: int, length: int) -> Series:
    """Generate Gaussian processes with sums and products of random kernels (KernelSynth: Ansari et al. 2024)."""
    when = clock(draw, count, length, ANY)
    shares = draw.uniform(0, 1, count, 3)
    shares = shares / shares.sum(1, keepdim=True)
    powers = [_kernel(draw, when.cycle, length) for _ in range(2)]
    season = lines(draw, when.cycle, 1 / (2 * math.pi * draw.log_uniform(1, 300, count, 1) * when.cycle), length)
    powers = [p / p.mean(1, keepdim=True).clamp_min(1e-30) for p in [*powers, season]]
    seasonal = draw.chance(0.55, count, 1)
    total = shares[:, :1] * powers[0] + shares[:, 1:2] * powers[1] + shares[:, 2:] * powers[2] * seasonal
    x = standard(from_power(draw, total, length))
    envelope = standard(from_power(draw, _kernel(draw, when.cycle, length), length)) + draw.uniform(0, 2, count, 1)
    x = torch.where(draw.chance(0.3, count, 1), x * envelope, x)
    line = draw.normal(count, 1) * draw.chance(0.3, count, 1) * ticks(draw, length) / length
    seasons = torch.where(seasonal & (shares[:, 2:] > 0.25), when.seasons, torch.ones_like(when.seasons))
    return Series(x + 2 * line + 0.02 * white(draw, count, length) * draw.chance(0.5, count, 1), seasons)


def _kernel(draw: Draw, period: Tensor, length: int) -> Tensor:
    """Return the spectrum (B, F) of one kernel: squared exponential, OU, Matérn 3/2, rational quadratic, 1/f or white."""
    count = period.shape[0]
    f = frequencies(draw, length)
    scale = draw.log_uniform(2, length / 2, count, 1)
    turns = (2 * math.pi * f * scale).square()
    power = f.clamp_min(float(f[1])).pow(-draw.uniform(0.5, 2.5, count, 1))
    wide = 1 / (1 + turns)
    which = draw.choice([3, 2, 2, 1.5, 1, 0.5], count)
    options = [torch.exp(-turns / 2), wide, wide.square(), wide + 0.2 / (1 + turns / 100), power, torch.ones_like(turns)]
    return pick(which, options)
