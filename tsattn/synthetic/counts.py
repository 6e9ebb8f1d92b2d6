"""Counts and events: sales of an item, calls, failures, clusters."""

from __future__ import annotations

import torch

from tsattn.synthetic.clocks import PEOPLE, SLOW, clock, cycles_in, per_cycle
from tsattn.synthetic.draws import Draw, Series, no_seasons, pick
from tsattn.synthetic.noise import ar1, coloured, filter_ar1, persistence, white
from tsattn.synthetic.profiles import look_up, profiles

MOST = 1e4  # largest intensity; larger counts are practically continuous


def counts(draw: Draw, count: int, length: int) -> Series:
    """Generate Poisson counts with seasons, trend and bursts (overdispersed), or intermittent demand (own model).

    Intermittent demand occurs with a drifting probability; its size is geometric (setting of Croston 1972).
    """
    when = clock(draw, count, length, PEOPLE | SLOW)
    table = profiles(draw, count)[:, None]
    shape = look_up(table, torch.zeros_like(when.member), when.within)
    week = draw.normal(count, 12).gather(1, when.member.clamp_max(11)) * 0.5 * (when.group > 1)
    depth = draw.uniform(0.2, 1.2, count, 1) * draw.chance(0.75, count, 1)
    slow = coloured(draw, draw.uniform(0.8, 2.2, count, 1), length) * draw.log_uniform(0.05, 0.8, count, 1)
    day = per_cycle(ar1(draw, persistence(draw, 1.1, 20, count), cycles_in(when)), when, torch.zeros_like(when.cycle))
    spread = draw.uniform(0, 0.8, count, 1) * draw.chance(0.6, count, 1)
    logs = depth * (shape + week) + slow + 0.3 * day * depth
    mean = draw.log_uniform(0.1, 200, count, 1)
    rate = mean * torch.exp((logs + spread * draw.normal(count, length)).clamp(-12, 3))
    dense = torch.poisson(rate.clamp_max(MOST), generator=draw.generator)

    occurs = ar1(draw, persistence(draw, 1.02, 30, count), length) + 0.5 * logs > draw.uniform(0.3, 2.2, count, 1)
    size = (
        1 + (torch.exp(white(draw, count, length) * draw.uniform(0.1, 1, count, 1)) * draw.log_uniform(0.3, 20, count, 1)).floor()
    )
    sparse = draw.chance(0.35, count, 1)
    values = torch.where(sparse, occurs * size.clamp_max(MOST), dense)
    seasons = torch.where((depth > 0.3) & ~sparse & (mean > 3), when.seasons, torch.ones_like(when.seasons))
    return Series(values, seasons)


def bursts(draw: Draw, count: int, length: int) -> Series:
    """Generate decaying shots (shot noise: Campbell 1909) at a drifting rate: attention, latency, flows (own model)."""
    rate = draw.log_uniform(0.003, 0.3, count, 1)
    rate = rate * torch.exp(draw.uniform(0, 1.5, count, 1) * ar1(draw, persistence(draw, 5, 200, count), length))
    shot = torch.rand(count, length, generator=draw.generator, device=draw.device) < rate
    size = torch.exp(draw.uniform(0.2, 1.3, count, 1) * draw.normal(count, length))
    quick = filter_ar1(draw, shot * size, persistence(draw, 1.2, 60, count))
    # rises before it falls, like a river after rain
    hump = filter_ar1(draw, quick, persistence(draw, 1.2, 20, count))
    both = pick(draw.choice([3, 2], count), [quick, hump]).clamp_min(0)
    scale = both.square().mean(1, keepdim=True).sqrt().clamp_min(1e-3)
    base = coloured(draw, draw.uniform(0.5, 2, count, 1), length) * draw.log_uniform(0.02, 0.6, count, 1)
    values = both / scale + base + 0.05 * white(draw, count, length) * draw.chance(0.7, count, 1)
    values = torch.where(draw.chance(0.5, count, 1), values.clamp_min(0), values + draw.uniform(0, 5, count, 1))
    return Series(values, no_seasons(draw, count))
