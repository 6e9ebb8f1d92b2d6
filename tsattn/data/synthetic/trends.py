"""Trends, and links that bend a standard series into growth, bounds and zeros."""

from __future__ import annotations

import torch
from torch import Tensor

from tsattn.data.synthetic.draws import Draw, pick, standard, ticks
from tsattn.data.synthetic.noise import coloured


def trend(draw: Draw, count: int, length: int) -> Tensor:
    """Smooth trends of variance about 1 (B, N): none, line, parabola, exponential, logistic, broken line, slow noise."""
    time = ticks(draw, length) / length
    sign = torch.where(draw.chance(0.6, count, 1), 1.0, -1.0)
    line = sign * (time - 0.5)
    parabola = sign * (time - draw.uniform(-0.3, 1.3, count, 1)).square()
    exponential = sign * torch.exp(draw.uniform(0.5, 4, count, 1) * time)
    logistic = sign * torch.sigmoid(draw.log_uniform(4, 40, count, 1) * (time - draw.uniform(0, 1, count, 1)))
    broken = line
    for _ in range(4):
        bend = draw.normal(count, 1) * 2 * draw.chance(0.7, count, 1)
        broken = broken + bend * (time - draw.uniform(0, 1, count, 1)).clamp_min(0)
    slow = coloured(draw, draw.uniform(1.2, 3, count, 1), length)
    which = draw.choice([2, 3, 1, 1, 1, 3, 4], count)
    return pick(which, [torch.zeros_like(slow), *(standard(x) for x in (line, parabola, exponential, logistic, broken)), slow])


def link(draw: Draw, x: Tensor, plain: float = 0.5) -> Tensor:
    """Bend a standard series (B, N): as it is (share `plain`), exponential, power, bounded, or cut at zero."""
    count = x.shape[0]
    others = (1 - plain) / 4
    which = draw.choice([plain, 1.6 * others, others, 0.7 * others, 0.7 * others], count)
    x = x.clamp(-30, 30)
    strength = draw.uniform(0.15, 0.8, count, 1)
    floor = x.amin(1, keepdim=True)
    return pick(
        which,
        [
            x,
            torch.exp((strength * x).clamp_max(12)),
            (x - floor + draw.log_uniform(0.05, 3, count, 1)).pow(draw.uniform(0.5, 2.5, count, 1)),
            torch.sigmoid(draw.uniform(0.5, 2.0, count, 1) * x + draw.normal(count, 1)) * 100,
            (x - draw.uniform(-1.5, 0.2, count, 1)).clamp_min(0),
        ],
    )
