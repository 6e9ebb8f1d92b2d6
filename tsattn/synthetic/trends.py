"""Trends, and link functions that turn a standardised series into growth, bounded values or values with zeros."""

from __future__ import annotations

import torch
from torch import Tensor

from tsattn.synthetic.draws import Draw, blended, standard, ticks
from tsattn.synthetic.noise import coloured


def trend(draw: Draw, count: int, length: int) -> Tensor:
    """Draw smooth trends with a variance of about 1, (B, N).

    Kinds: none, line, parabola, exponential, logistic, broken line, slow noise.
    """
    time = (ticks(draw, length) / length).expand(count, -1)
    return standard(blended(draw, (2, 3, 1, 1, 1, 3, 4), time, (_none, _line, _parabola, _growth, _logistic, _broken, _slow)))


def _sign(draw: Draw, count: int) -> Tensor:
    return torch.where(draw.chance(0.6, count, 1), 1.0, -1.0)


def _none(draw: Draw, time: Tensor) -> Tensor:
    return torch.zeros_like(time)


def _line(draw: Draw, time: Tensor) -> Tensor:
    return _sign(draw, len(time)) * time


def _parabola(draw: Draw, time: Tensor) -> Tensor:
    return _sign(draw, len(time)) * (time - draw.uniform(-0.3, 1.3, len(time), 1)).square()


def _growth(draw: Draw, time: Tensor) -> Tensor:
    return _sign(draw, len(time)) * torch.exp(draw.uniform(0.5, 4, len(time), 1) * time)


def _logistic(draw: Draw, time: Tensor) -> Tensor:
    steep = draw.log_uniform(4, 40, len(time), 1)
    return _sign(draw, len(time)) * torch.sigmoid(steep * (time - draw.uniform(0, 1, len(time), 1)))


def _broken(draw: Draw, time: Tensor) -> Tensor:
    count = len(time)
    line = draw.normal(count, 1) * time
    for _ in range(4):
        bend = draw.normal(count, 1) * 2 * draw.chance(0.7, count, 1)
        line = line + bend * (time - draw.uniform(0, 1, count, 1)).clamp_min(0)
    return line


def _slow(draw: Draw, time: Tensor) -> Tensor:
    return coloured(draw, draw.uniform(1.2, 3, len(time), 1), time.shape[1])


def link(draw: Draw, x: Tensor, plain: float = 0.5) -> Tensor:
    """Apply a random link function to a standardised series (B, N).

    Kinds: identity (share `plain`), exponential, power, bounded, cut at zero.
    """
    rest = (1 - plain) / 4
    weights = (plain, 1.6 * rest, rest, 0.7 * rest, 0.7 * rest)
    return blended(draw, weights, x, (_as_it_is, _exponential, _power, _bounded, _cut))


def _as_it_is(draw: Draw, x: Tensor) -> Tensor:
    return x


def _exponential(draw: Draw, x: Tensor) -> Tensor:
    # a log with a larger range than this reduces a series to a single spike
    spread = x.std(1, keepdim=True).clamp_min(1)
    return torch.exp((draw.uniform(0.15, 0.9, len(x), 1) * x / spread).clamp(-12, 6))


def _power(draw: Draw, x: Tensor) -> Tensor:
    above = x - x.amin(1, keepdim=True) + draw.log_uniform(0.05, 3, len(x), 1)
    return above.pow(draw.uniform(0.5, 2.5, len(x), 1))


def _bounded(draw: Draw, x: Tensor) -> Tensor:
    return torch.sigmoid(draw.uniform(0.5, 2.0, len(x), 1) * x + draw.normal(len(x), 1)) * 100


def _cut(draw: Draw, x: Tensor) -> Tensor:
    return (x - draw.uniform(-1.5, 0.2, len(x), 1)).clamp_min(0)
