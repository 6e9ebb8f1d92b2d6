"""Series with changing regimes."""

from __future__ import annotations

import torch

from tsattn.synthetic.clocks import ANY, clock
from tsattn.synthetic.draws import Draw, Series
from tsattn.synthetic.noise import ar1, persistence, since_event, white
from tsattn.synthetic.profiles import look_up, profiles

STATES = 16


def regimes(draw: Draw, count: int, length: int) -> Series:
    """Generate segments of random length, each with its own level, slope, volatility and season (own model).

    Half of the rows switch between two or three recurring states, which is Markov switching (Hamilton 1989).
    """
    when = clock(draw, count, length, ANY)
    since, number = since_event(draw, draw.log_uniform(0.8, 25, count, 1) / length, length)
    states = draw.integer(2, 4, count, 1)
    # recurring states are drawn at random; otherwise each segment has a new state
    drawn = draw.integer(0, 1 << 16, count, STATES).gather(1, number % STATES) % states
    state = torch.where(draw.chance(0.5, count, 1), drawn, number % STATES)

    def by_state(spread: float, share: float) -> torch.Tensor:
        return (draw.normal(count, STATES) * spread * draw.chance(share, count, 1)).gather(1, state)

    level = by_state(1.5, 0.75)
    slope = by_state(1.0, 0.35) * since / draw.log_uniform(20, max(length / 2, 21), count, 1)
    volatility = torch.exp(by_state(0.8, 0.6))
    slow, quick = ar1(draw, persistence(draw, 5, 100, count), length), white(draw, count, length)
    noise = torch.where(by_state(1.0, 0.7) > 0, slow, quick) * volatility * draw.log_uniform(0.05, 0.8, count, 1)
    seasonal = draw.chance(0.5, count, 1)
    tables = profiles(draw, 2 * count).view(count, 2, -1)
    shape = look_up(tables, (state % 2) * draw.chance(0.4, count, 1), when.within)
    season = shape * torch.exp(by_state(0.5, 0.6)) * draw.log_uniform(0.3, 2, count, 1) * seasonal
    return Series(level + slope + noise + season, torch.where(seasonal, when.seasons, torch.ones_like(when.seasons)))
