"""Noise of each phase against a slow reference, and its effect on the widths."""

from __future__ import annotations

import numpy as np
import torch

from tests.tiny import inputs_of, scrambled
from tsattn.forecasting.frame import DEFAULT_QUANTILES
from tsattn.nn.seasonal_scale import FEATURES, PRIOR, spread, widen

CYCLES = 16


def deviations(z: np.ndarray, first: int, period: int) -> dict[int, float]:
    """Deviation of each value from the mean at its phase in the 16 cycles before, by position."""
    found = {}
    for t in range(first + period, len(z)):
        before = [z[t - period * c] for c in range(1, CYCLES + 1) if t - period * c >= first]
        found[t] = z[t] - np.mean(before)
    return found


def reference(z: np.ndarray, first: int, period: int, origin: int, horizon: int) -> np.ndarray:
    """(H, 2): size and tilt."""
    away = deviations(z, first, period)

    def at(t: int) -> np.ndarray:
        """Upward and downward deviations at the phase of t over the newest cycles, and how many there were."""
        mine = [away[u] for u in (t - period * c for c in range(CYCLES)) if u in away]
        return np.array([sum(max(e, 0) for e in mine), sum(max(-e, 0) for e in mine), len(mine)])

    whole = sum((at(t) for t in range(max(0, origin - period), origin)), np.zeros(3))
    common = whole[:2] / max(whole[2], 1)
    little = 0.02 * common.sum() + 1e-6
    rows = []
    for step in range(horizon):
        newest = origin + step
        while newest >= origin:
            newest -= period
        own = at(newest) if newest >= 0 else np.zeros(3)
        up, down = (own[:2] + PRIOR * common) / (own[2] + PRIOR)
        rows.append([np.log((up + down + little) / (common.sum() + little)), np.log((up + little) / (down + little))])
    return np.array(rows)


def test_when_phases_are_measured_then_they_agree_with_the_slow_reference():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((5, 160)).astype(np.float32) * (1 + np.arange(160) % 7).astype(np.float32)
    first = np.array([0, 3, 100, 155, 17])
    periods = np.array([[7, 1], [7, 24], [24, 48], [5, 80], [40, 47]])
    origin = np.array([[160, 40], [160, 9], [160, 127], [160, 160], [160, 33]])
    z[np.arange(160) < first[:, None]] = 0.0
    got = spread(*(torch.from_numpy(x) for x in (z, first, periods, origin)), 30).numpy()
    assert got.shape == (5, 2, 30, FEATURES)
    for row, column in np.ndindex(origin.shape):
        for i, period in enumerate(periods[row]):
            wanted = reference(z[row].astype(np.float64), int(first[row]), int(period), int(origin[row, column]), 30)
            # what comes after the origin takes no part: the reference sees only phases before it
            np.testing.assert_allclose(got[row, column][:, [i, 2 + i]], wanted, atol=2e-4, err_msg=f"{row} {column} {period}")


def test_when_one_phase_is_wild_then_it_stands_out_and_no_other():
    rng = np.random.default_rng(1)
    z = rng.standard_normal((1, 240)).astype(np.float32)
    z[:, 5::12] *= 8
    got = spread(torch.from_numpy(z), torch.tensor([0]), torch.tensor([[12, 1]]), torch.tensor([[240]]), 24)[0, 0]
    assert (got[[5, 17], 0] > 1).all()
    assert (got[[0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11], 0] < 0).all()
    torch.testing.assert_close(got[:, 1], torch.zeros(24))  # no period, no phases


def test_when_what_comes_after_an_origin_changes_then_nothing_does():
    z = torch.randn(2, 96, generator=torch.Generator().manual_seed(0))
    given = torch.tensor([0, 5]), torch.tensor([[7, 24], [12, 1]]), torch.tensor([[40, 64], [33, 50]])
    before = spread(z, *given, 20)
    later = z.clone()
    later[:, 50:] = 100.0
    assert torch.equal(before[:, [0]], spread(later, *given, 20)[:, [0]])
    assert torch.equal(before[1], spread(later, *given, 20)[1])


def test_when_the_head_takes_powers_of_the_spread_then_intervals_widen_where_it_is_noisy_and_the_median_stays():
    size = torch.tensor([[0.5, 0.0, 0.0, 0.0]])
    for gate, wanted in ((0.0, 1.0), (1.0, np.exp(0.5)), (-2.0, np.exp(-1.0)), (100.0, np.exp(3.0))):
        down, up = widen(torch.full((1, FEATURES), gate), size)
        torch.testing.assert_close(torch.cat([down, up], -1), torch.full((1, 2), float(wanted)))
    tilted = widen(torch.ones(1, FEATURES), torch.tensor([[0.0, 0.0, 0.4, 0.0]]))
    torch.testing.assert_close(torch.cat(tilted, -1), torch.tensor([[np.exp(-0.2), np.exp(0.2)]]).float())

    network = scrambled()
    inputs = inputs_of(np.random.default_rng(0).standard_normal((4, 64)).astype(np.float32), network)
    given = inputs.target, inputs.past_cov, inputs.known, inputs.static, inputs.seasons
    with torch.no_grad():
        plain = network(*given)
        network.head.gate.bias.fill_(1.0)
        wide = network(*given)
    middle = DEFAULT_QUANTILES.index(0.5)
    torch.testing.assert_close(wide[..., middle], plain[..., middle])
    assert not torch.allclose(wide, plain)
    assert (wide.diff(dim=-1) >= 0).all()
