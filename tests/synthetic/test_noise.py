"""Processes from their spectra: moments and memory as requested."""

from __future__ import annotations

import math

import pytest
import torch

from tsattn.synthetic.draws import Draw
from tsattn.synthetic.noise import ar1, fft_length, filter_ar1, frequencies, from_power, lines, lopsided, since_event
from tsattn.synthetic.profiles import loudness


def draw(seed: int = 0) -> Draw:
    return Draw(torch.Generator().manual_seed(seed))


def correlation(x: torch.Tensor, lag: int) -> float:
    """Correlation of rows with mean zero, pooled."""
    return float((x[:, lag:] * x[:, :-lag]).mean() / x.square().mean())


@pytest.mark.parametrize("phi", [-0.6, 0.0, 0.5, 0.95])
def test_when_an_ar1_is_drawn_then_its_variance_is_one_and_its_correlation_phi(phi):
    x = ar1(draw(), torch.full((400, 1), phi), 1000)
    assert float(x.square().mean()) == pytest.approx(1, abs=0.05)
    assert correlation(x, 1) == pytest.approx(phi, abs=0.02)
    assert correlation(x, 3) == pytest.approx(phi**3, abs=0.02)


def test_when_the_memory_is_far_longer_than_the_series_then_it_stays_finite_and_slow():
    x = ar1(draw(), torch.full((50, 1), 1 - 1 / 20000), 2112)
    assert x.isfinite().all()
    assert (x.diff(dim=1).std(1) < 0.1).all()


def test_when_shocks_are_filtered_then_the_recursion_holds():
    shocks, phi = draw().normal(5, 300), torch.tensor([[0.0], [0.3], [0.9], [-0.5], [0.99]])
    x = filter_ar1(draw(), shocks, phi)
    assert torch.allclose(x[:, 1:], phi * x[:, :-1] + shocks[:, 1:], atol=1e-4)


def test_when_a_season_has_lines_then_it_correlates_at_its_period_and_forgets_with_its_memory():
    period, memory = torch.full((300, 1), 24.0), 10.0  # cycles
    power = lines(draw(), period, 1 / (2 * math.pi * memory * period), 2112)
    x = from_power(draw(), power, 2112)
    assert correlation(x, 24) == pytest.approx(math.exp(-1 / memory), abs=0.05)
    assert correlation(x, 240) == pytest.approx(math.exp(-1), abs=0.12)
    assert correlation(x, 24) > correlation(x, 12) + 0.3


def test_when_events_have_a_rate_then_they_occur_at_it_and_the_clock_restarts():
    since, number = since_event(draw(), torch.full((200, 1), 0.05), 1000)
    assert float(number[:, -1].float().mean()) == pytest.approx(50, rel=0.05)
    happened = number.diff(dim=1) > 0
    assert (since[:, 1:][happened] == 0).all()
    assert (since[:, 1:][~happened] == since[:, :-1][~happened] + 1).all()


@pytest.mark.parametrize("length", [1, 2, 64, 65, 700, 2112, 4096])
def test_when_a_transform_is_sized_then_the_ends_stay_apart(length):
    assert fft_length(length) >= 1.15 * length
    assert fft_length(length) <= max(2.3 * length, 32)
    assert len(frequencies(draw(), length)) == fft_length(length) // 2 + 1


def test_when_noise_is_made_lopsided_then_some_rows_have_one_long_tail_and_all_keep_their_mean():
    z = draw().normal(300, 4000)
    x = lopsided(draw(1), z)
    assert x.mean(1).abs().max() < 0.2
    centred = x - x.mean(1, keepdim=True)
    skew = centred.pow(3).mean(1) / centred.square().mean(1).pow(1.5)
    assert 0.2 < float((skew.abs() > 0.25).float().mean()) < 0.45
    assert float(skew.max()) > 1
    assert float(skew.min()) < -1
    same = (x == z).all(1)
    assert 0.55 < float(same.float().mean()) < 0.8


def test_when_phases_are_given_a_loudness_then_it_repeats_with_the_cycle_on_a_share_of_the_rows():
    within = (torch.arange(240) % 24 / 24).expand(400, -1)
    loud = loudness(draw(), 0.5, within)
    assert torch.equal(loud[:, :24], loud[:, 24:48])
    assert (loud > 0).all()
    changing = loud.std(1) > 0
    assert 0.4 < float(changing.float().mean()) < 0.6
    assert torch.equal(loud[~changing], torch.ones_like(loud[~changing]))
