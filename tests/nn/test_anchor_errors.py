"""Past errors of anchors against a slow reference, and their effect on the mixture."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.nn.test_anchors import reference as anchors_of
from tests.tiny import inputs_of, scrambled
from tsattn.nn.anchor_errors import AHEAD, LEAST, MEMORY, skill
from tsattn.nn.anchors import COUNT, CYCLES, PERIODS, anchors


def errors(z: np.ndarray, first: int, periods: tuple[int, ...], origin: int) -> np.ndarray:
    """(A,) the mean absolute error of each anchor over its memory, made some steps before each value; NaN where none was."""
    near = [max(1, min(AHEAD, period // 2)) for period in periods]
    spans = [None, *(span for span in range(2))]
    found = [[] for _ in range(COUNT)]
    lag = min(near)
    for t in range(max(0, origin - MEMORY * max(periods)), origin):
        if t - lag >= first:
            found[0].append(abs(z[t] - z[t - lag]))
    for place, span in enumerate(spans):
        for i, period in enumerate(periods):
            for j, cycles in enumerate(CYCLES):
                mine = found[1 + place * PERIODS * len(CYCLES) + i * len(CYCLES) + j]
                width = 0 if span is None else (max(1, period // 8), period)[span]
                ahead = 0 if span is None else near[i]
                for t in range(max(0, origin - MEMORY * period), origin):
                    if t - cycles * period - max(0, ahead + width - 1) * (span is not None) < first:
                        continue
                    error = z[t] - np.mean([z[t - period * c] for c in range(1, cycles + 1)])
                    if span is not None:
                        past = range(t - ahead - width + 1, t - ahead + 1)
                        error -= np.mean([z[u] - np.mean([z[u - period * c] for c in range(1, cycles + 1)]) for u in past])
                    mine.append(abs(error))
    return np.array([np.mean(one) if one else np.nan for one in found])


def test_when_anchors_are_judged_then_it_agrees_with_the_slow_reference():
    rng = np.random.default_rng(0)
    z = (rng.standard_normal((4, 160)).cumsum(1) / 3).astype(np.float32)
    first, periods = np.array([0, 3, 100, 17]), np.array([[7, 1], [5, 24], [12, 40], [4, 8]])
    origin = np.array([[160, 40], [160, 64], [160, 110], [160, 33]])
    z[np.arange(160) < first[:, None]] = 0.0
    got = skill(*(torch.from_numpy(x) for x in (z, first, periods, origin))).numpy()
    assert got.shape == (4, 2, COUNT)
    for row, column in np.ndindex(origin.shape):
        wanted = errors(z[row].astype(np.float64), int(first[row]), tuple(periods[row].tolist()), int(origin[row, column]))
        unit = wanted[0]
        wanted = np.log((wanted + LEAST * unit + 1e-6) / (unit + LEAST * unit + 1e-6))
        np.testing.assert_allclose(got[row, column], np.nan_to_num(wanted), atol=2e-4, err_msg=f"{row} {column}")


def test_when_what_comes_after_an_origin_changes_then_nothing_does():
    z = torch.randn(2, 96, generator=torch.Generator().manual_seed(0))
    given = torch.tensor([0, 5]), torch.tensor([[7, 24], [12, 1]]), torch.tensor([[40], [50]])
    later = z.clone()
    later[:, 50:] = 100.0
    assert torch.equal(skill(z, *given), skill(later, *given))


@pytest.mark.parametrize(("noise", "best"), [(0.0, 1), (1.0, 14)])
def test_when_a_season_repeats_then_its_cycles_have_done_best_and_the_mixture_knows(noise, best):
    rng = np.random.default_rng(1)
    wave = np.tile(3 * rng.standard_normal(8), 40) + noise * rng.standard_normal(320)
    wave[:160] += 0.0 if noise else 5.0  # without noise but after a step, the newest cycle alone is right
    z, first = torch.from_numpy(wave[None].astype(np.float32)), torch.tensor([0])
    found = skill(z, first, torch.tensor([[8, 1]]), torch.tensor([[200 if not noise else 320]]))[0, 0]
    of_period = found[1 : 1 + len(CYCLES)]
    assert CYCLES[int(of_period.argmin())] == best
    assert float(of_period.min()) < -0.5


def test_when_the_power_is_high_then_the_forecast_is_that_of_the_best_anchor():
    network = scrambled()
    wave = np.tile(np.sin(np.arange(8) * 2 * np.pi / 8), 8)[None].astype(np.float32)
    wave = wave + 0.02 * np.random.default_rng(0).standard_normal(wave.shape).astype(np.float32)
    inputs = inputs_of(wave, network, usual=(8,))
    with torch.no_grad():
        for layer in (network.head.mix, network.head.quantile, network.head.sharp):
            layer.weight.zero_()
            layer.bias.zero_()
        network.head.sharp.bias.fill_(200.0)
        made = network(inputs.target, inputs.past_cov, inputs.known, inputs.static, inputs.seasons)
    place = torch.tensor([0]), inputs.seasons[:, :2].long(), torch.tensor([[64]])
    best = int(skill(inputs.target, *place)[0, 0].argmin())
    wanted = anchors(inputs.target, *place, network.config.pass_steps)[0, 0, :, best]
    torch.testing.assert_close(made[0, :, made.shape[-1] // 2], wanted, atol=1e-3, rtol=1e-3)
    slow = anchors_of(wave[0].astype(np.float64), 0, tuple(place[1][0].tolist()), 64, network.config.pass_steps)
    np.testing.assert_allclose(wanted.numpy(), slow[:, best], atol=1e-4)
