"""Human activity: traffic, electricity, visits and sales, hourly or daily."""

from __future__ import annotations

import math

import torch

from tsattn.synthetic.clocks import PEOPLE, clock, cycles_in, per_cycle
from tsattn.synthetic.draws import Draw, Series
from tsattn.synthetic.noise import ar1, persistence, residual
from tsattn.synthetic.profiles import look_up, loudness, profiles
from tsattn.synthetic.trends import trend


def activity(draw: Draw, count: int, length: int) -> Series:
    """Generate a positive rate with working days, Saturdays, Sundays, holidays, yearly season and growth (own model).

    log rate = base + depth × profile of the day type + level of the day (AR(1)) + yearly season + growth. Noise scales with
    the rate. A share of the rows saturates (congestion) or is a base load plus a rate.
    """
    when = clock(draw, count, length, PEOPLE)
    cycles = cycles_in(when)
    tables = profiles(draw, 3 * count, (4, 8, 4, 0.5, 0, 1, 0)).view(count, 3, -1)
    likeness = draw.uniform(0.3, 1, count, 1, 1)
    tables[:, 1:] = likeness * tables[:, :1] + (1 - likeness) * tables[:, 1:]
    # day type: 0 working day, 1 Saturday, 2 Sunday or holiday; holidays are single days or whole weeks
    kind = (when.member - when.group + 3).clamp(0, 2) * (when.group == 7)
    holiday = (ar1(draw, persistence(draw, 1.05, 4, count), cycles) > draw.uniform(1.9, 3, count, 1)).float()
    holiday = per_cycle(holiday, when, torch.zeros_like(when.cycle)) > 0
    kind = torch.where(holiday & (when.group == 7), 2, kind)
    quieter = torch.cat([torch.zeros(count, 1, device=draw.device), draw.uniform(-1.2, 0.3, count, 2)], 1)

    day = ar1(draw, persistence(draw, 1.05, 30, count), cycles) * draw.log_uniform(0.03, 0.5, count, 1)
    rate = draw.log_uniform(0.15, 1.3, count, 1) * look_up(tables, kind, when.within)
    rate = rate + quieter.gather(1, kind) * draw.log_uniform(0.1, 1.3, count, 1)
    rate = rate + per_cycle(day, when, draw.chance(0.5, count, 1))
    rate = rate + torch.sin(2 * math.pi * when.season) * draw.log_uniform(0.03, 0.6, count, 1) * draw.chance(0.6, count, 1)
    rate = rate + trend(draw, count, length) * draw.log_uniform(0.03, 0.5, count, 1) * draw.chance(0.6, count, 1)
    noise = residual(draw, count, length) * draw.log_uniform(0.02, 0.45, count, 1) * loudness(draw, 0.4, when.within)

    style = draw.choice([5, 2, 2], count)[:, None]
    free = torch.exp((rate + noise).clamp(-12, 12))
    congested = torch.tanh(torch.exp((rate + draw.normal(count, 1)).clamp(-12, 6))) * torch.exp(0.5 * noise)
    base = draw.uniform(0.5, 4, count, 1) + torch.exp(rate.clamp(-12, 12)) + 2 * noise
    values = torch.where(style == 0, free, torch.where(style == 1, congested, base.clamp_min(0)))
    return Series(values, when.seasons)
