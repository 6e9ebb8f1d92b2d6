"""Monthly, quarterly and weekly series: accounts, prices, production, tourism."""

from __future__ import annotations

import math

import torch

from tsattn.synthetic.clocks import SLOW, clock, cycles_in, per_cycle
from tsattn.synthetic.draws import Draw, Series
from tsattn.synthetic.noise import ar1, from_power, lines, persistence, white
from tsattn.synthetic.profiles import look_up, profiles


def economic(draw: Draw, count: int, length: int) -> Series:
    """Generate exp(stochastic trend + business cycle + evolving season + noise), growing by a few per cent a year (own model).

    The growth rate of the trend is a slow AR(1) (damped local linear trend: Harvey 1989). Amplitude and shape of the season
    change from year to year. A tenth of the rows has no season, like yearly data.
    """
    when = clock(draw, count, length, SLOW)
    # a cycle is a year, except for daily series, which use growth rates only
    year = torch.where(torch.isfinite(when.year), when.year, when.cycle)
    growth = draw.normal(count, 1) * 0.03 + 0.02
    wander = ar1(draw, 1 - 1 / (1 + draw.log_uniform(0.5, 12, count, 1) * year), length) * draw.log_uniform(0.005, 0.15, count, 1)
    shocks = white(draw, count, length) * draw.log_uniform(0.002, 0.12, count, 1) * draw.chance(0.7, count, 1)
    level = ((growth + wander) / year + shocks / year.sqrt()).cumsum(1)
    # bound the total growth to e^range: 1 % a step would be too much over 2,000 quarters
    span = (level.amax(1, keepdim=True) - level.amin(1, keepdim=True)) / draw.log_uniform(0.8, 8, count, 1)
    level = level / span.clamp_min(1)
    beat = draw.log_uniform(3, 11, count, 1) * year
    cycle = from_power(draw, lines(draw, beat, 1 / (2 * math.pi * beat), length), length)
    cycle = cycle * draw.log_uniform(0.003, 0.15, count, 1) * draw.chance(0.5, count, 1)

    share = draw.uniform(0, 1, count, 1) * draw.chance(0.7, count, 1)
    memory = draw.log_uniform(2, 60, count, 1)
    drift = from_power(draw, lines(draw, when.cycle, 1 / (2 * math.pi * memory * when.cycle), length), length)
    table = profiles(draw, count, (4, 2, 1, 0.5, 0.5, 8, 1))[:, None]
    shape = (1 - share).sqrt() * look_up(table, torch.zeros_like(when.member), when.within) + share.sqrt() * drift
    size = torch.exp(0.4 * ar1(draw, persistence(draw, 4, 40, count), cycles_in(when)) * draw.chance(0.5, count, 1))
    size = per_cycle(size, when, torch.ones_like(when.cycle))
    strength = draw.log_uniform(0.01, 0.5, count, 1) * draw.chance(0.88, count, 1)
    noise = white(draw, count, length) * draw.log_uniform(0.003, 0.2, count, 1)

    logs = (level + cycle + strength * size * shape + noise).clamp(-20, 20)
    values = torch.where(draw.chance(0.75, count, 1), torch.exp(logs), logs)
    return Series(values, torch.where(strength > 0.02, when.seasons, torch.ones_like(when.seasons)))
