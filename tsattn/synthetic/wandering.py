"""Drifting seasons: noisy daily and weekly shapes that change slowly, as in data of meters and sensors."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tsattn.synthetic.clocks import ANY, Cycles, clock, cycles_in, per_cycle
from tsattn.synthetic.draws import Draw, Series
from tsattn.synthetic.noise import ar1, coloured, from_power, lines, lopsided, persistence, white
from tsattn.synthetic.profiles import look_up, loudness, profiles
from tsattn.synthetic.trends import link


def wandering(draw: Draw, count: int, length: int) -> Series:
    """Generate a fixed shape plus drifting harmonics, with drifting amplitude and level and proportional noise (own model).

    season = exp(AR(1) by cycle) × (√(1-d)·template + √d·drift) × weekday; level = AR(1) by cycle + weekday + slow 1/f noise;
    noise = AR(1) × size of the season; then a link function. The drift is a Gaussian process whose spectrum has Lorentzian
    lines at the harmonics, so the amplitude and phase of each harmonic follow an OU process.
    """
    when = clock(draw, count, length, ANY)
    cycles = cycles_in(when)
    smooth = draw.chance(0.6, count, 1)
    size = torch.exp(draw.uniform(0.02, 0.6, count, 1) * ar1(draw, persistence(draw, 1.2, 60, count), cycles))
    size = per_cycle(size, when, smooth) * _yearly_size(draw, when)
    season = size * _shape(draw, when, length)

    level = ar1(draw, persistence(draw, 1.1, 40, count), cycles) * draw.log_uniform(0.05, 1.6, count, 1)
    level = per_cycle(level, when, smooth) + _weekdays(draw, when)
    slow = coloured(draw, draw.uniform(0.9, 2.4, count, 1), length)
    slow = slow * draw.log_uniform(0.1, 2.5, count, 1) * draw.chance(0.65, count, 1)
    year = torch.sin(2 * math.pi * when.season) * draw.log_uniform(0.1, 2, count, 1) * draw.chance(0.35, count, 1)

    values = season + level + slow + year + _noise(draw, size, season, when)
    return Series(link(draw, values, plain=0.45), when.seasons)


def _shape(draw: Draw, when: Cycles, length: int) -> Tensor:
    """Return the season with unit variance: fixed templates, one per kind of day, plus drifting harmonics."""
    count = when.cycle.shape[0]
    tables = profiles(draw, 3 * count).view(count, 3, -1)
    # the shapes of the other days are blends with the first
    likeness = draw.uniform(0.2, 1, count, 1, 1)
    tables[:, 1:] = likeness * tables[:, :1] + (1 - likeness) * tables[:, 1:]
    fixed = look_up(tables, _day_kind(draw, when), when.within)
    memory = draw.log_uniform(0.7, 150, count, 1)  # memory of the drift, in cycles
    drift = from_power(draw, lines(draw, when.cycle, 1 / (2 * math.pi * memory * when.cycle), length), length)
    share = draw.uniform(0.02, 0.9, count, 1)
    return (1 - share).sqrt() * fixed + share.sqrt() * drift


def _day_kind(draw: Draw, when: Cycles) -> Tensor:
    """Return the template of each step, (B, N).

    On 60 % of the rows with weeks: weekdays 0, Saturdays 1, Sundays 1 or 2. On the other rows 0.
    """
    count = when.cycle.shape[0]
    style = draw.choice([0.4, 0.25, 0.2, 0.15], count)[:, None]
    weekend = (when.member - when.group + 3).clamp(0, 2)  # 1 on the second last day, 2 on the last
    kind = torch.where(style == 1, weekend.clamp_max(1), torch.where(style == 2, weekend, (weekend - 1).clamp_min(0)))
    return torch.where((style == 0) | (when.group < 3), 0, kind)


def _weekdays(draw: Draw, when: Cycles) -> Tensor:
    """Return the effect of each weekday; on 60 % of the rows the weekend days share one."""
    count = when.cycle.shape[0]
    own = draw.normal(count, 12) * draw.uniform(0, 0.5, count, 1)
    weekend = (when.member >= when.group - 2) & draw.chance(0.6, count, 1)
    effect = own.gather(1, when.member.clamp_max(11)) + weekend * draw.normal(count, 1)
    return effect * draw.log_uniform(0.1, 1.5, count, 1) * (when.group > 1)


def _yearly_size(draw: Draw, when: Cycles) -> Tensor:
    """Return amplitudes that are larger in one half of the year, on a third of the rows."""
    count = when.cycle.shape[0]
    depth = draw.uniform(0.1, 0.6, count, 1) * draw.chance(0.33, count, 1)
    return 1 + depth * torch.sin(2 * math.pi * (when.season + draw.uniform(0, 1, count, 1))) * (when.season > 0)


def _noise(draw: Draw, size: Tensor, season: Tensor, when: Cycles) -> Tensor:
    """Return AR(1) plus white noise that scales with the season's amplitude or value, or has a phase-dependent scale."""
    count, length = season.shape
    phi = torch.where(draw.chance(0.5, count, 1), draw.uniform(0.2, 0.97, count, 1), persistence(draw, 1.1, 60, count))
    share = draw.uniform(0, 1, count, 1) * draw.chance(0.5, count, 1)
    noise = (1 - share).sqrt() * ar1(draw, phi, length) + share.sqrt() * white(draw, count, length)
    how = draw.choice([0.3, 0.3, 0.4], count)[:, None]
    height = torch.exp((draw.uniform(0.2, 0.9, count, 1) * season).clamp(-3, 3))
    grows = torch.where(how == 0, 1.0, torch.where(how == 1, size, height))
    return lopsided(draw, noise) * grows * loudness(draw, 0.5, when.within) * draw.log_uniform(0.05, 1.3, count, 1)
