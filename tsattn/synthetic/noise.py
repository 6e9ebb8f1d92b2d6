"""Stationary processes by one inverse FFT of a random spectrum (circular, cut to length), and processes derived from them.

The process is set by its spectrum (Priestley 1981, ch. 4): AR and MA factors are |1 - φ e^{-iω}|, and a drifting season is a
line broadened to a Lorentzian. No function loops over time.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tsattn.synthetic.draws import Draw

HARMONICS = 24


def fft_length(length: int) -> int:
    """Return a length with small prime factors, at least 1.15 times `length`.

    The margin keeps the ends of a circular process apart.
    """
    least = max(math.ceil(1.15 * length), 16)
    power = 1 << (least - 1).bit_length()
    return min(n for n in (power, power * 5 // 8, power * 3 // 4) if n >= least)


def frequencies(draw: Draw, length: int) -> Tensor:
    """Return the frequencies of the half spectrum, (F,), in cycles per step."""
    return torch.fft.rfftfreq(fft_length(length), device=draw.device)


def from_power(draw: Draw, power: Tensor, length: int) -> Tensor:
    """Sample a Gaussian process with power spectrum `power` (B, F): (B, N), variance 1 in expectation."""
    count, size = power.shape
    points = fft_length(length)
    mean = (2 * power.sum(1, keepdim=True) - power[:, :1] - power[:, -1:]) / points
    phases = torch.randn(count, size, dtype=torch.complex64, generator=draw.generator, device=draw.device)
    # the first and last coefficients of a real series' spectrum are real and occur once
    phases[:, 0] *= math.sqrt(2)
    phases[:, -1] *= math.sqrt(2)
    return torch.fft.irfft((power / mean.clamp_min(1e-30)).sqrt() * phases, points, norm="ortho")[:, :length]


def factor(root: Tensor, angle: Tensor) -> Tensor:
    """Return |1 - root·e^{-i·angle}|², the power of one AR or MA factor. root (B, 1), angle (B, F) or (F,)."""
    # equals 1 + root² - 2·root·cos(angle), which loses all digits near a unit root in float32
    return (1 - root) ** 2 + 4 * root * torch.sin(angle / 2).square()


def ar1(draw: Draw, phi: Tensor, length: int) -> Tensor:
    """Sample a stationary AR(1) with variance 1: phi (B, 1) in (-1, 1) -> (B, N)."""
    angle = 2 * math.pi * frequencies(draw, length)
    return from_power(draw, 1 / factor(phi, angle), length)


def filter_ar1(draw: Draw, shocks: Tensor, phi: Tensor) -> Tensor:
    """Compute x_t = φ x_{t-1} + shock_t, circular: shocks (B, N), phi (B, 1) -> (B, N)."""
    length = shocks.shape[1]
    size = fft_length(length)
    turn = torch.polar(torch.ones(1, device=draw.device), -2 * math.pi * frequencies(draw, length))
    return torch.fft.irfft(torch.fft.rfft(shocks, size) / (1 - phi * turn), size)[:, :length]


def coloured(draw: Draw, exponent: Tensor, length: int) -> Tensor:
    """Sample 1/f^exponent noise with variance 1: exponent (B, 1) -> (B, N). An exponent of 2 is a random walk."""
    f = frequencies(draw, length)
    power = torch.exp(-exponent * f.clamp_min(float(f[1])).log())
    power[:, 0] = 0
    return from_power(draw, power, length)


def persistence(draw: Draw, low: float, high: float, count: int) -> Tensor:
    """Draw φ of an AR(1), (B, 1), whose memory 1/(1 - φ) is log-uniform between `low` and `high` steps."""
    return 1 - 1 / draw.log_uniform(low, high, count, 1)


def lines(draw: Draw, period: Tensor, width: Tensor, length: int) -> Tensor:
    """Return the power (B, F) of a season with drifting harmonics: Lorentzian lines at k / period, with random strengths.

    period (B, 1) in steps; width (B, 1) in cycles per step, 1 / (2π × memory of the drift in steps).
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
    """Sample white noise of unit scale, (B, N). A third of the rows has heavy tails (a log-normal scale mixture)."""
    z = draw.normal(count, length)
    tails = draw.uniform(0.4, 1.1, count, 1) * draw.chance(0.35, count, 1)
    if not bool(tails.any()):
        return z
    rows = tails[:, 0] > 0
    scale = torch.zeros_like(z)
    scale[rows] = draw.normal(int(rows.sum()), length)
    return z * torch.exp(tails * scale - tails.square() / 2)


def lopsided(draw: Draw, z: Tensor) -> Tensor:
    """Skew a third of the rows of noise z (B, N) of unit scale (shifted log-normal)."""
    skew = draw.uniform(0.1, 0.8, z.shape[0], 1) * torch.where(draw.chance(0.5, z.shape[0], 1), 1.0, -1.0)
    bent = torch.expm1((skew * z).clamp(-8, 4)) - torch.expm1(skew.square() / 2)
    bent = bent / skew / torch.exp(skew.square() / 2)
    return torch.where(draw.chance(0.33, z.shape[0], 1), bent, z)


def residual(draw: Draw, count: int, length: int) -> Tensor:
    """Sample noise like residuals of a fit, (B, N): white, AR(1) or their sum, with a variance of about 1."""
    share = draw.uniform(0, 1, count, 1) * draw.chance(0.7, count, 1)
    correlated = ar1(draw, persistence(draw, 1.2, 40, count), length)
    return lopsided(draw, share.sqrt() * correlated + (1 - share).sqrt() * white(draw, count, length))


def since_event(draw: Draw, rate: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Draw events at random times, with `rate` (B, 1) events per step.

    Returns the steps since the last event, (B, N), and its running number, (B, N) int64.
    """
    event = torch.rand(rate.shape[0], length, generator=draw.generator, device=draw.device) < rate
    time = torch.arange(length, device=draw.device)
    last = torch.where(event, time, torch.zeros_like(time)).cummax(1).values
    return (time - last).float(), event.long().cumsum(1)
