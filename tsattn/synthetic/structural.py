"""Structural series: trend, fixed seasons, noise."""

from __future__ import annotations

import torch

from tsattn.synthetic.clocks import ANY, clock
from tsattn.synthetic.draws import Draw, Series, standard
from tsattn.synthetic.noise import residual
from tsattn.synthetic.profiles import look_up, loudness, profiles
from tsattn.synthetic.trends import trend


def structural(draw: Draw, count: int, length: int) -> Series:
    """Generate trend + daily, weekly and yearly seasons + noise (ForecastPFN 2023, TempoPFN 2025).

    The components are additive, multiplicative or exponential.
    """
    when = clock(draw, count, length, ANY)
    day = profiles(draw, 3 * count).view(count, 3, -1)
    likeness = draw.uniform(0, 1, count, 1)
    day[:, 1] = likeness * day[:, 0] + (1 - likeness) * day[:, 1]
    # half of the rows have a weekend template for the last two of seven days; the third table is the year
    weekend = (when.member >= 5) & (when.group == 7) & draw.chance(0.5, count, 1)
    shape = look_up(day[:, :2], weekend.long(), when.within)
    week = draw.normal(count, 12).gather(1, when.member.clamp_max(11)) * (when.group > 1)
    year = look_up(day[:, 2:], torch.zeros_like(when.member), when.season) * (when.season > 0)
    strength = draw.log_uniform(0.3, 3, count, 1) * draw.chance(0.93, count, 1)
    season = strength * (
        shape
        + week * draw.uniform(0, 1.2, count, 1) * draw.chance(0.5, count, 1)
        + year * draw.log_uniform(0.1, 3, count, 1) * draw.chance(0.5, count, 1)
    )
    slope = trend(draw, count, length) * draw.log_uniform(0.1, 4, count, 1)
    noise = residual(draw, count, length) * draw.log_uniform(0.02, 1.2, count, 1) * loudness(draw, 0.45, when.within)

    mode = draw.choice([5, 3, 2], count)[:, None]
    base = draw.uniform(1.2, 6, count, 1)
    level = (base + standard(slope)).clamp_min(0.2)
    relative = draw.uniform(0.1, 0.5, count, 1)
    multiplied = level * (1 + relative * season) * (1 + relative * noise)
    exponential = torch.exp(((slope + season + noise) * relative).clamp(-12, 12))
    values = torch.where(mode == 0, slope + season + noise, torch.where(mode == 1, multiplied, exponential))
    return Series(values, torch.where(strength > 0, when.seasons, torch.ones_like(when.seasons)))
