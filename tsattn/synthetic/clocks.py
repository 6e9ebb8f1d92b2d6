"""Clocks: cycle lengths of common frequencies, and the position of each step in its cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from tsattn.synthetic.draws import Draw, ticks

NONE = float("inf")
# steps of a cycle, cycles in a group (days in a week), steps of a year, and the two season lengths of a frequency
_TABLE: dict[str, tuple[float, int, float, int, int]] = {
    "1min": (1440, 7, 525960, 60, 1440),
    "5min": (288, 7, 105192, 288, 2016),
    "10min": (144, 7, 52596, 144, 1008),
    "15min": (96, 7, 35064, 96, 672),
    "30min": (48, 7, 17532, 48, 336),
    "h": (24, 7, 8766, 24, 168),
    "3h": (8, 7, 2922, 8, 56),
    "6h": (4, 7, 1461, 4, 28),
    "D": (7, 1, 365.25, 7, 1),
    "B": (5, 1, 261, 5, 1),
    "W": (52.18, 1, NONE, 52, 1),
    "M": (12, 1, NONE, 12, 1),
    "Q": (4, 1, NONE, 4, 1),
    "any": (0, 1, NONE, 0, 0),
}
ANY = {
    "1min": 2,
    "5min": 5,
    "10min": 5,
    "15min": 9,
    "30min": 8,
    "h": 32,
    "3h": 2,
    "6h": 2,
    "D": 13,
    "B": 2,
    "W": 5,
    "M": 8,
    "Q": 4,
    "any": 9,
}
WITHIN_DAY = {"1min": 2, "5min": 6, "10min": 9, "15min": 14, "30min": 12, "h": 50, "3h": 3, "6h": 3}
SLOW = {"W": 15, "M": 50, "Q": 25, "D": 5, "B": 5}
PEOPLE = {"1min": 1, "5min": 6, "10min": 4, "15min": 9, "30min": 10, "h": 40, "D": 25, "W": 4}


@dataclass(frozen=True, eq=False)
class Cycles:
    """Calendar of each row."""

    cycle: Tensor  # (B, 1) steps of the shortest cycle
    group: Tensor  # (B, 1) long, cycles in a longer cycle; 1 = none
    year: Tensor  # (B, 1) steps of a year, inf = none
    seasons: Tensor  # (B, 2) long, season lengths of the frequency, an input of the network
    within: Tensor  # (B, N) position in the cycle, 0 … 1
    index: Tensor  # (B, N) long, running number of the cycle
    member: Tensor  # (B, N) long, number of the cycle in its group
    season: Tensor  # (B, N) position in the year, 0 … 1; 0 without years


def clock(draw: Draw, count: int, length: int, shares: Mapping[str, float]) -> Cycles:
    """Draw a calendar for each row, starting at a random time. shares: weights of frequencies by name."""
    which = draw.choice(list(shares.values()), count)
    table = torch.tensor([_TABLE[name] for name in shares], device=draw.device)[which]
    free = (table[:, 0] == 0)[:, None]
    period = draw.log_uniform(3, 720, count, 1).round()
    many = draw.choice([4, 1, 1, 1, 1, 1, 3, 1, 0, 0, 0, 1], count)[:, None] + 1
    cycle = torch.where(free, period, table[:, :1])
    group = torch.where(free, many, table[:, 1:2].long())
    wider = torch.where(many > 1, period * many, torch.ones_like(period))
    seasons = torch.where(free, torch.cat([period, wider], 1), table[:, 3:5]).long()
    start = (draw.uniform(0, 1, count, 1) * cycle * group).floor()
    position = (ticks(draw, length) + start) / cycle
    index = position.floor()
    year = table[:, 2:3]
    season = (ticks(draw, length) / year + draw.uniform(0, 1, count, 1)).frac_() * torch.isfinite(year)
    # in floats: integer division is ten times slower
    member = index - (index / group).floor() * group
    return Cycles(cycle, group, year, seasons, position - index, index.long(), member.long(), season)


def per_cycle(values: Tensor, where: Cycles, smooth: Tensor) -> Tensor:
    """Expand one value per cycle, (B, C), to steps: constant in the cycle, or interpolated where smooth (B, 1) is 1."""
    here = values.gather(1, where.index)
    ahead = values.gather(1, where.index + 1)
    return here + (ahead - here) * where.within * smooth


def cycles_in(where: Cycles) -> int:
    """Return the number of values that `per_cycle` needs."""
    return int(where.index[:, -1].max()) + 2
