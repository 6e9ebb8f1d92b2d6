"""Machines and oscillations: duty cycles, ramps, tanks, stuck and quantised sensors, free-running waves."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tsattn.synthetic.clocks import ANY, clock
from tsattn.synthetic.draws import Draw, Series, no_seasons, pick, ticks
from tsattn.synthetic.noise import ar1, coloured, persistence, residual, since_event
from tsattn.synthetic.profiles import look_up, profiles


def devices(draw: Draw, count: int, length: int) -> Series:
    """Generate duty cycles (scheduled or random), ramps with resets, decays after events, and steps (own model)."""
    when = clock(draw, count, length, ANY)
    # scheduled: a pulse or a saw whose phase jitters from cycle to cycle
    table = profiles(draw, count, (0, 0, 2, 1, 3, 0, 4))[:, None]
    jitter = ar1(draw, persistence(draw, 2, 100, count), length) * draw.uniform(0, 0.06, count, 1) * draw.chance(0.5, count, 1)
    timed = look_up(table, torch.zeros_like(when.member), (when.within + jitter) % 1)
    memory = draw.log_uniform(3, 200, count, 1)
    switch = (ar1(draw, 1 - 1 / memory, length) > draw.normal(count, 1)).float() * 2
    since, number = since_event(draw, 1 / draw.log_uniform(8, 400, count, 1), length)
    own = draw.normal(count, 64).gather(1, number % 64)
    speed = 1 + 0.5 * own * draw.chance(0.5, count, 1)
    ramp = speed * since / draw.log_uniform(8, 200, count, 1)
    decay = torch.exp(-since / draw.log_uniform(3, 150, count, 1)) * (1 + own.abs())
    steps = own
    which = draw.choice([3, 2, 1.5, 1.5, 2], count)
    x = pick(which, [timed, switch, ramp.clamp_max(40), decay, steps])
    noise = residual(draw, count, length) * draw.log_uniform(0.002, 0.5, count, 1) * draw.chance(0.8, count, 1)
    # more noise while it runs
    noise = noise * torch.where(draw.chance(0.4, count, 1), 0.3 + x.abs().clamp_max(3), 1.0)
    x = x + noise + coloured(draw, draw.uniform(1, 2, count, 1), length) * 0.4 * draw.chance(0.3, count, 1)
    x = torch.where(draw.chance(0.15, count, 1), _stuck(draw, x), x)
    seasons = torch.where((which == 0)[:, None], when.seasons, torch.ones_like(when.seasons))
    return Series(x, seasons)


def _stuck(draw: Draw, x: Tensor) -> Tensor:
    """Repeat a sensor's last reading until its next transmission."""
    count, length = x.shape
    since, _ = since_event(draw, 1 / draw.log_uniform(1.5, 40, count, 1), length)
    return x.gather(1, (torch.arange(length, device=x.device) - since).long())


def oscillators(draw: Draw, count: int, length: int) -> Series:
    """Generate one to three incommensurate waves with diffusing phases and slowly changing amplitudes (own model).

    x = Σ a_i(t) · profile_i(phase_i), phase_i = f_i t + a random walk. Examples: sunspots, heart beats, tides, control loops.
    """
    x = torch.zeros(count, length, device=draw.device)
    time = ticks(draw, length)
    first = draw.log_uniform(4, 500, count, 1)
    period = first
    steady = draw.chance(0.4, count, 1)
    for i in range(3):
        diffusion = draw.log_uniform(0.003, 0.15, count, 1) * ~steady / period.sqrt()
        phase = time / period + (draw.normal(count, length) * diffusion).cumsum(1) + draw.uniform(0, 1, count, 1)
        table = profiles(draw, count, (8, 2, 0.5, 0.5, 2, 0, 0.5))[:, None]
        sine = torch.sin(2 * math.pi * phase)
        wave = torch.where(
            draw.chance(0.5, count, 1),
            sine,
            look_up(table, torch.zeros(count, length, dtype=torch.long, device=draw.device), phase % 1),
        )
        swell = torch.exp(draw.uniform(0, 0.7, count, 1) * ar1(draw, persistence(draw, 20, 500, count), length))
        x = x + wave * swell * draw.uniform(0.3, 1, count, 1) * (1.0 if i == 0 else draw.chance(0.45, count, 1))
        period = draw.log_uniform(4, 500, count, 1)
    damped = torch.exp(-time / length * draw.uniform(1, 4, count, 1))
    x = x * torch.where(draw.chance(0.08, count, 1), damped, 1.0)
    noise = residual(draw, count, length) * draw.log_uniform(0.003, 0.5, count, 1) * draw.chance(0.85, count, 1)
    seasons = torch.cat([first.round().long(), torch.ones_like(first).long()], 1)
    whole = steady & ((first - first.round()).abs() * length < first * first * 0.1)
    return Series(x + noise, torch.where(whole, seasons, no_seasons(draw, count)))
