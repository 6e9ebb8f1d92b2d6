"""Seasonal anchors against a slow reference, one value at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tsattn.nn.anchors import COUNT, CYCLES, PERIODS, anchors


def reference(z: np.ndarray, first: int, periods: tuple[int, ...], origin: int, horizon: int) -> np.ndarray:
    """(H, A) for one origin of one series: the last value; per period and k the mean of the last k cycles; the same moved to
    the level of the last eighth of a period, and to that of the last whole one."""
    last = float(z[origin - 1])
    plain = np.full((horizon, len(periods), len(CYCLES)), last)
    shift = np.zeros((2, len(periods), len(CYCLES)))
    for i, period in enumerate(periods):
        for j, cycles in enumerate(CYCLES):
            for step in range(horizon):
                newest = origin + step
                while newest >= origin:
                    newest -= period
                found = [z[newest - period * c] for c in range(cycles) if newest - period * c >= first]
                if found:
                    plain[step, i, j] = np.mean(found)
            for k, span in enumerate((max(1, period // 8), period)):
                before = []
                for cycle in range(1, cycles + 1):
                    begin = origin - period * cycle - span
                    if begin >= first:
                        before.append(np.mean(z[begin : begin + span]))
                if before:
                    shift[k, i, j] = np.mean(z[origin - span : origin]) - np.mean(before)
    rows = [np.full((horizon, 1), last), plain.reshape(horizon, -1)]
    moved = plain[:, None] + shift[None]
    return np.concatenate([*rows, moved.reshape(horizon, -1)], 1)


@pytest.mark.parametrize("horizon", [1, 5, 30])
def test_when_anchors_are_made_then_they_agree_with_the_slow_reference(horizon):
    rng = np.random.default_rng(horizon)
    z = (rng.standard_normal((5, 96)).cumsum(1) / 5).astype(np.float32)
    first = np.array([0, 3, 60, 95, 17])
    periods = np.array([[1, 1], [7, 24], [24, 48], [5, 96], [40, 47]])
    origin = np.array([[96, 40, 8], [96, 50, 9], [96, 95, 61], [96, 96, 96], [96, 33, 18]])
    z[np.arange(96) < first[:, None]] = 0.0
    got = anchors(*(torch.from_numpy(x) for x in (z, first, periods, origin)), horizon).numpy()
    assert got.shape == (5, 3, horizon, COUNT)
    assert periods.shape[1] == PERIODS
    for row, column in np.ndindex(origin.shape):
        wanted = reference(z[row].astype(np.float64), first[row], tuple(periods[row]), origin[row, column], horizon)
        np.testing.assert_allclose(got[row, column], wanted, atol=2e-5, err_msg=f"row {row}, origin {origin[row, column]}")


def test_when_a_season_repeats_exactly_then_every_anchor_of_whole_cycles_continues_it():
    wave = np.tile(np.arange(6, dtype=np.float32), 20)
    got = anchors(torch.from_numpy(wave[None]), torch.tensor([0]), torch.tensor([[6, 12]]), torch.tensor([[120]]), 15)[0, 0]
    wanted = np.tile(np.arange(6), 3)[:15]
    np.testing.assert_allclose(got[:, 1:].numpy(), np.repeat(wanted[:, None], COUNT - 1, 1), atol=1e-4)
    assert (got[:, 0] == 5).all()


def test_when_values_at_or_after_the_origin_change_then_anchors_do_not():
    z = torch.randn(2, 64, generator=torch.Generator().manual_seed(0))
    rest = (torch.tensor([0, 10]), torch.tensor([[7, 20], [3, 9]]), torch.tensor([[40, 24], [40, 32]]), 12)
    before = anchors(z, *rest)
    changed = z.clone()
    changed[:, 40:] = 1e6
    assert torch.equal(anchors(changed, *rest), before)
