"""Profiles: the shape of one cycle as a table, in several styles of real days and years, and their look-up."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tsattn.synthetic.draws import Draw, blended, standard

POINTS = 96
EVERYDAY = (6.0, 5.0, 1.5, 1.0, 0.5, 2.0, 0.5)


def profiles(draw: Draw, count: int, weights: tuple[float, ...] = EVERYDAY) -> Tensor:
    """Draw shapes of one cycle, (B, POINTS), mean 0 and variance 1: one style or a blend of two, by the weights of `STYLES`."""
    blend = draw.chance(0.4, count).nonzero()[:, 0]
    turn = (torch.arange(POINTS, device=draw.device) / POINTS).expand(count + len(blend), -1)
    shapes = standard(blended(draw, weights, turn, STYLES))
    share = draw.uniform(0.05, 0.6, len(blend), 1)
    shapes[blend] = standard((1 - share) * shapes[blend] + share * shapes[count:])
    return shapes[:count]


def look_up(table: Tensor, which: Tensor, within: Tensor) -> Tensor:
    """Interpolate tables (B, G, POINTS) linearly: which (B, N) table, within (B, N) in 0 … 1 -> (B, N)."""
    points = table.shape[2]
    wrapped = torch.cat([table, table[..., :1]], -1).flatten(1)
    place = within * points
    left = place.floor()
    index = which * (points + 1) + left.long().clamp_max(points - 1)
    here = wrapped.gather(1, index)
    return here + (wrapped.gather(1, index + 1) - here) * (place - left)


def loudness(draw: Draw, share: float, within: Tensor) -> Tensor:
    """Return a factor of the noise at each phase, within (B, N) in 0 … 1, for a share of the rows; 1 for the others."""
    count = len(within)
    table = profiles(draw, count)[:, None] * draw.uniform(0.2, 1.2, count, 1, 1) * draw.chance(share, count, 1, 1)
    return torch.exp(look_up(table, torch.zeros_like(within, dtype=torch.long), within).clamp(-3, 2))


def _harmonics(draw: Draw, turn: Tensor) -> Tensor:
    count = len(turn)
    order = torch.arange(1, 9, device=draw.device)
    size = order.pow(-draw.uniform(0.4, 2.5, count, 1))
    angle = 2 * math.pi * order[:, None] * turn[0]
    return (draw.normal(count, 8) * size) @ angle.cos() + (draw.normal(count, 8) * size) @ angle.sin()


def _peaks(draw: Draw, turn: Tensor) -> Tensor:
    """Draw two to four bumps (von Mises), like rush hours."""
    count = len(turn)
    centre = draw.uniform(0, 1, count, 4, 1)
    sharp = draw.log_uniform(1, 60, count, 4, 1)
    size = draw.uniform(0.2, 1, count, 4, 1) * torch.where(draw.chance(0.15, count, 4, 1), -1.0, 1.0)
    size[:, 2:] *= draw.chance(0.5, count, 2, 1)
    return (size * torch.exp(sharp * (torch.cos(2 * math.pi * (turn[:, None] - centre)) - 1))).sum(1)


def _plateau(draw: Draw, turn: Tensor) -> Tensor:
    """Draw opening hours: high for a share of the cycle, with steep or soft edges."""
    count = len(turn)
    wave = torch.cos(2 * math.pi * (turn - draw.uniform(0, 1, count, 1)))
    return torch.sigmoid(draw.log_uniform(2, 40, count, 1) * (wave - draw.uniform(-0.7, 0.7, count, 1)))


def _sun(draw: Draw, turn: Tensor) -> Tensor:
    """Draw a dome by day and zero at night."""
    count = len(turn)
    wave = torch.cos(2 * math.pi * (turn - draw.uniform(0, 1, count, 1)))
    return (wave - draw.uniform(-0.5, 0.5, count, 1)).clamp_min(0).pow(draw.uniform(0.6, 1.8, count, 1))


def _saw(draw: Draw, turn: Tensor) -> Tensor:
    """Draw a rise and a fall of different lengths."""
    count = len(turn)
    rise = draw.uniform(0.03, 0.97, count, 1)
    place = (turn + draw.uniform(0, 1, count, 1)) % 1
    return torch.where(place < rise, place / rise, (1 - place) / (1 - rise))


def _rough(draw: Draw, turn: Tensor) -> Tensor:
    """Draw an independent level for each hour, weekday or month."""
    count = len(turn)
    parts = draw.choice([1, 2, 1, 3, 2, 2], count)
    parts = torch.tensor([4, 7, 8, 12, 24, 48], device=draw.device)[parts][:, None]
    return draw.normal(count, 48).gather(1, (turn * parts).long())


def _pulse(draw: Draw, turn: Tensor) -> Tensor:
    """Draw an on-off pulse."""
    count = len(turn)
    return (((turn + draw.uniform(0, 1, count, 1)) % 1) < draw.uniform(0.04, 0.6, count, 1)).float()


STYLES = (_harmonics, _peaks, _plateau, _sun, _saw, _rough, _pulse)
