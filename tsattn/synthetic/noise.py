"""Stationary processes by one inverse FFT of a random spectrum (circular, cut to length), and what grows from them.

A spectrum's shape is the process (Priestley 1981, ch. 4): AR and MA factors are |1 - φ e^{-iω}|, a season that drifts is a
line broadened to a Lorentzian. Nothing here loops over time.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tsattn.synthetic.draws import Draw

HARMONICS = 24


def fft_length(length: int) -> int:
    """A length with small factors, at least 1.15 times as long, so that the ends of a circular process do not meet."""
    least = max(math.ceil(1.15 * length), 16)
    power = 1 << (least - 1).bit_length()
    return min(n for n in (power, power * 5 // 8, power * 3 // 4) if n >= least)


def frequencies(draw: Draw, length: int) -> Tensor:
    """Cycles per step of the half spectrum, (F,)."""
    return torch.fft.rfftfreq(fft_length(length), device=draw.device)


def from_power(draw: Draw, power: Tensor, length: int) -> Tensor:
    """A Gaussian process with the power spectrum `power` (B, F) -> (B, N) with variance 1 in expectation."""
    count, size = power.shape
    points = fft_length(length)
    mean = (2 * power.sum(1, keepdim=True) - power[:, :1] - power[:, -1:]) / points
    phases = torch.randn(count, size, dtype=torch.complex64, generator=draw.generator, device=draw.device)
    # the ends of a real series' spectrum are real, and stand once in it
    phases[:, 0] *= math.sqrt(2)
    phases[:, -1] *= math.sqrt(2)
    return torch.fft.irfft((power / mean.clamp_min(1e-30)).sqrt() * phases, points, norm="ortho")[:, :length]


def factor(root: Tensor, angle: Tensor) -> Tensor:
    """|1 - root·e^{-i·angle}|², the power of one AR or MA factor. root (B, 1), angle (B, F) or (F,)."""
    # not 1 + root² - 2·root·cos(angle): near a unit root that is rounding noise in float32
    return (1 - root) ** 2 + 4 * root * torch.sin(angle / 2).square()


def ar1(draw: Draw, phi: Tensor, length: int) -> Tensor:
    """A stationary AR(1) of variance 1: phi (B, 1) in (-1, 1) -> (B, N)."""
    angle = 2 * math.pi * frequencies(draw, length)
    return from_power(draw, 1 / factor(phi, angle), length)


def filter_ar1(draw: Draw, shocks: Tensor, phi: Tensor) -> Tensor:
    """x_t = φ x_{t-1} + shock_t, circular: shocks (B, N), phi (B, 1) -> (B, N)."""
    length = shocks.shape[1]
    size = fft_length(length)
    turn = torch.polar(torch.ones(1, device=draw.device), -2 * math.pi * frequencies(draw, length))
    return torch.fft.irfft(torch.fft.rfft(shocks, size) / (1 - phi * turn), size)[:, :length]


def coloured(draw: Draw, exponent: Tensor, length: int) -> Tensor:
    """1/f^exponent noise of variance 1; the steeper, the smoother (2 is a random walk's). exponent (B, 1) -> (B, N)."""
    f = frequencies(draw, length)
    power = torch.exp(-exponent * f.clamp_min(float(f[1])).log())
    power[:, 0] = 0
    return from_power(draw, power, length)


def persistence(draw: Draw, low: float, high: float, count: int) -> Tensor:
    """The φ of an AR(1) whose memory 1/(1 - φ) is log-uniform in low … high steps, (B, 1)."""
    return 1 - 1 / draw.log_uniform(low, high, count, 1)


def lines(draw: Draw, period: Tensor, width: Tensor, length: int) -> Tensor:
    """Power (B, F) of a season whose harmonics drift: Lorentzian lines at k / period, with random strengths.

    period (B, 1) in steps; width (B, 1) in cycles per step: 1 / (2π × the memory of the drift, in steps).
    """
    count = period.shape[0]
    f = frequencies(draw, length)
    order = torch.arange(HARMONICS + 1, device=draw.device).clamp_min(1)
    strength = order.pow(-draw.uniform(0.6, 4.0, count, 1)) * draw.normal(count, HARMONICS + 1).square()
    strength[:, 0] = 0
    strength = torch.where(order > (period / 2).clamp_min(1), 0.0, strength)
    turns = f * period
    nearest = turns.round()
    width = width.clamp_min(0.3 / fft_length(length))
    distance = (turns - nearest) / period
    at = strength.gather(1, nearest.clamp_max(HARMONICS).long())
    return torch.where(nearest > HARMONICS, 0.0, at * width / (distance.square() + width.square()))


def white(draw: Draw, count: int, length: int) -> Tensor:
    """White noise of unit scale; a third of the rows with heavy tails (a log-normal mixture of scales), (B, N)."""
    z = draw.normal(count, length)
    tails = draw.uniform(0.4, 1.1, count, 1) * draw.chance(0.35, count, 1)
    if not bool(tails.any()):
        return z
    rows = tails[:, 0] > 0
    scale = torch.zeros_like(z)
    scale[rows] = draw.normal(int(rows.sum()), length)
    return z * torch.exp(tails * scale - tails.square() / 2)


def lopsided(draw: Draw, z: Tensor) -> Tensor:
    """Noise z (B, N) of unit scale; on a third of the rows with one tail longer than the other (a shifted log-normal)."""
    skew = draw.uniform(0.1, 0.8, z.shape[0], 1) * torch.where(draw.chance(0.5, z.shape[0], 1), 1.0, -1.0)
    bent = torch.expm1((skew * z).clamp(-8, 4)) - torch.expm1(skew.square() / 2)
    bent = bent / skew / torch.exp(skew.square() / 2)
    return torch.where(draw.chance(0.33, z.shape[0], 1), bent, z)


def residual(draw: Draw, count: int, length: int) -> Tensor:
    """Noise as it is left over by a fit: white, or AR(1), or both, of variance about 1, (B, N)."""
    share = draw.uniform(0, 1, count, 1) * draw.chance(0.7, count, 1)
    correlated = ar1(draw, persistence(draw, 1.2, 40, count), length)
    return lopsided(draw, share.sqrt() * correlated + (1 - share).sqrt() * white(draw, count, length))


def since_event(draw: Draw, rate: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Events at random times, `rate` (B, 1) a step: steps since the last one (B, N), and their running number (B, N) long."""
    event = torch.rand(rate.shape[0], length, generator=draw.generator, device=draw.device) < rate
    time = torch.arange(length, device=draw.device)
    last = torch.where(event, time, torch.zeros_like(time)).cummax(1).values
    return (time - last).float(), event.long().cumsum(1)
