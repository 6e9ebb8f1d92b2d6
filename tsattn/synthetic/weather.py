"""Weather: temperature, sunshine, wind, rain, humidity, pressure."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tsattn.synthetic.clocks import WITHIN_DAY, Cycles, clock
from tsattn.synthetic.draws import Draw, Series, pick
from tsattn.synthetic.noise import ar1, white

SEASONAL = (True, True, False, False, True, False)


def weather(draw: Draw, count: int, length: int) -> Series:
    """Generate one variable of a common state: day, year, clouds, and pressure systems that last for days (own model).

    Temperature = year + systems + day × day length × clear sky; sunshine = solar height × clear sky; wind = a power of AR
    noise, stronger by day; rain = a threshold on the systems; humidity = bounded, opposite to temperature; pressure = smooth
    systems.
    """
    mixed = WITHIN_DAY | {"D": 12}
    when = clock(draw, count, length, mixed)
    daily = when.group == 1
    day = torch.where(daily, 1.0, when.cycle)
    turn = 2 * math.pi * when.within * ~daily
    summer = torch.sin(2 * math.pi * when.season)
    systems = ar1(draw, 1 - 1 / (1 + draw.log_uniform(0.8, 8, count, 1) * day), length)
    clouds = ar1(draw, 1 - 1 / (1 + draw.log_uniform(0.1, 2, count, 1) * day), length)
    clear = torch.sigmoid(draw.uniform(0.3, 3, count, 1) * (clouds + 0.5 * systems) + draw.normal(count, 1))
    fast = ar1(draw, 1 - 1 / (1 + draw.log_uniform(0.02, 0.2, count, 1) * day), length)
    height = (torch.cos(turn) + draw.uniform(-0.4, 0.5, count, 1) + draw.uniform(0, 0.6, count, 1) * summer).clamp_min(0)

    temperature = _temperature(draw, when, turn, summer, systems, clear) + 0.3 * fast * draw.uniform(0, 1, count, 1)
    sun = height.pow(draw.uniform(0.8, 1.4, count, 1)) * (1 - draw.uniform(0.1, 0.95, count, 1) * (1 - clear))
    gusts = systems + 0.6 * fast + draw.uniform(0, 0.7, count, 1) * torch.cos(turn) + 0.3 * white(draw, count, length)
    wind = torch.exp(draw.uniform(0.25, 0.6, count, 1) * gusts)
    wet = systems * draw.uniform(0.3, 1, count, 1) + fast + 0.3 * summer - draw.uniform(0.6, 2, count, 1)
    rain = wet.clamp_min(0).pow(draw.uniform(1, 2.5, count, 1)) * torch.exp(0.5 * white(draw, count, length))
    humid = draw.uniform(0.4, 1.2, count, 1) * (0.8 * clouds - torch.cos(turn) * clear) + 0.4 * systems + draw.normal(count, 1)
    pressure = 1013 + 8 * systems + 0.4 * torch.cos(2 * turn) + 0.3 * fast

    which = draw.choice([5, 2.5, 2, 1, 1.5, 0.7], count)
    values = pick(which, [temperature, sun, wind, rain, 100 * torch.sigmoid(humid), pressure])
    seasonal = torch.tensor(SEASONAL, device=draw.device)[which][:, None] & ~daily
    return Series(values, torch.where(seasonal, when.seasons, torch.ones_like(when.seasons)))


def _temperature(draw: Draw, when: Cycles, turn: Tensor, summer: Tensor, systems: Tensor, clear: Tensor) -> Tensor:
    """Return temperature: year, pressure systems and a skewed day (quick rise, slow fall).

    The daily range is wider under clear skies and in summer.
    """
    count = systems.shape[0]
    skewed = torch.cos(turn + draw.uniform(0, 0.5, count, 1) * torch.sin(turn))
    span = draw.log_uniform(0.5, 6, count, 1) * (0.3 + clear) * (1 + draw.uniform(0, 0.5, count, 1) * summer)
    return draw.uniform(1, 12, count, 1) * summer + draw.uniform(0.8, 4, count, 1) * systems + span * skewed
