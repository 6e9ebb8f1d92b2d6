"""Profiles: one cycle's shape as a table, in the styles that real days and years have, and their look-up."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tsattn.data.synthetic.draws import Draw, standard

POINTS = 96
STYLES = ("harmonics", "peaks", "plateau", "sun", "saw", "rough", "pulse")
EVERYDAY = (6.0, 5.0, 1.5, 1.0, 0.5, 2.0, 0.5)


def profiles(draw: Draw, count: int, weights: tuple[float, ...] = EVERYDAY) -> Tensor:
    """Shapes of one cycle (B, POINTS), mean 0 and variance 1: one style of STYLES, or a blend of two."""
    turn = torch.arange(POINTS, device=draw.device) / POINTS
    shapes = torch.stack(
        [
            _harmonics(draw, count, turn),
            _peaks(draw, count, turn),
            _plateau(draw, count, turn),
            _sun(draw, count, turn),
            _saw(draw, count, turn),
            _rough(draw, count, turn),
            _pulse(draw, count, turn),
        ],
        1,
    )
    shapes = standard(shapes)
    rows = torch.arange(count, device=draw.device)
    one, two = shapes[rows, draw.choice(weights, count)], shapes[rows, draw.choice(weights, count)]
    blend = draw.uniform(0, 0.6, count, 1) * draw.chance(0.4, count, 1)
    return standard((1 - blend) * one + blend * two)


def look_up(table: Tensor, which: Tensor, within: Tensor) -> Tensor:
    """table (B, G, POINTS), which (B, N) rows of it, within (B, N) in 0 … 1 -> (B, N), linear between points."""
    points = table.shape[2]
    wrapped = torch.cat([table, table[..., :1]], -1).flatten(1)
    place = within * points
    left = place.floor()
    index = which * (points + 1) + left.long().clamp_max(points - 1)
    here = wrapped.gather(1, index)
    return here + (wrapped.gather(1, index + 1) - here) * (place - left)


def _harmonics(draw: Draw, count: int, turn: Tensor) -> Tensor:
    order = torch.arange(1, 9, device=draw.device)
    size = order.pow(-draw.uniform(0.4, 2.5, count, 1))
    angle = 2 * math.pi * order[:, None] * turn
    return (draw.normal(count, 8) * size) @ angle.cos() + (draw.normal(count, 8) * size) @ angle.sin()


def _peaks(draw: Draw, count: int, turn: Tensor) -> Tensor:
    """Two to four bumps (von Mises), as the morning's and the evening's."""
    centre = draw.uniform(0, 1, count, 4, 1)
    sharp = draw.log_uniform(1, 60, count, 4, 1)
    size = draw.uniform(0.2, 1, count, 4, 1) * torch.where(draw.chance(0.15, count, 4, 1), -1.0, 1.0)
    size[:, 2:] *= draw.chance(0.5, count, 2, 1)
    return (size * torch.exp(sharp * (torch.cos(2 * math.pi * (turn - centre)) - 1))).sum(1)


def _plateau(draw: Draw, count: int, turn: Tensor) -> Tensor:
    """Opening hours: high for a share of the cycle, with steep or soft edges."""
    wave = torch.cos(2 * math.pi * (turn - draw.uniform(0, 1, count, 1)))
    return torch.sigmoid(draw.log_uniform(2, 40, count, 1) * (wave - draw.uniform(-0.7, 0.7, count, 1)))


def _sun(draw: Draw, count: int, turn: Tensor) -> Tensor:
    """Nothing at night, a dome by day."""
    wave = torch.cos(2 * math.pi * (turn - draw.uniform(0, 1, count, 1)))
    return (wave - draw.uniform(-0.5, 0.5, count, 1)).clamp_min(0).pow(draw.uniform(0.6, 1.8, count, 1))


def _saw(draw: Draw, count: int, turn: Tensor) -> Tensor:
    """A rise, and a fall of another length."""
    rise = draw.uniform(0.03, 0.97, count, 1)
    place = (turn + draw.uniform(0, 1, count, 1)) % 1
    return torch.where(place < rise, place / rise, (1 - place) / (1 - rise))


def _rough(draw: Draw, count: int, turn: Tensor) -> Tensor:
    """Each hour, weekday or month with a level of its own."""
    parts = draw.choice([1, 2, 1, 3, 2, 2], count)
    parts = torch.tensor([4, 7, 8, 12, 24, 48], device=draw.device)[parts][:, None]
    return draw.normal(count, 48).gather(1, (turn * parts).long())


def _pulse(draw: Draw, count: int, turn: Tensor) -> Tensor:
    """On for a part of the cycle, off for the rest."""
    return (((turn + draw.uniform(0, 1, count, 1)) % 1) < draw.uniform(0.04, 0.6, count, 1)).float()
