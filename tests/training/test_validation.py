"""The validation tail: held back from training, forecast in whole horizons, scored only where something was observed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests import tiny
from tsattn.data.freq import calendar_names
from tsattn.data.panel import Panel
from tsattn.data.windows import gather
from tsattn.model.inputs import feed
from tsattn.training.validation import FEW_SHARE, FEW_WINDOWS, LEAST_KEPT, MOST_SCORED, MOST_WINDOWS, SHARE, hold_back, score

HORIZON = tiny.MODEL.horizon


def panel_of(*lengths: int) -> Panel:
    return tiny.waves(lengths)


def test_when_a_tail_is_held_back_then_what_is_trained_on_ends_where_it_begins():
    panel = panel_of(1000, 300, 40, 20)
    kept, origins = hold_back(panel, HORIZON)
    held = panel.origin - kept.origin
    assert held.tolist()[3] == 0  # too short for a tail: trained on to its end
    for item in range(3):
        rows = origins.row[origins.item == item]
        assert rows.min() == kept.origin[item]
        assert rows.max() + HORIZON == panel.origin[item]
        assert (np.diff(rows) == HORIZON).all()
        assert len(rows) <= MOST_WINDOWS
        assert held[item] <= max(FEW_SHARE * panel.lengths[item], HORIZON)
        assert held[item] <= max(SHARE * panel.lengths[item], FEW_WINDOWS * HORIZON)
        assert np.isnan(kept.target[kept.origin[item] : kept.indptr[item + 1]]).all()
    assert 3 not in origins.item
    assert (kept.lengths >= LEAST_KEPT * HORIZON)[:3].all()


def test_when_every_item_is_too_short_then_there_is_no_tail():
    panel = panel_of(30, 20, 1)
    kept, origins = hold_back(panel, HORIZON)
    assert origins is None
    assert kept is panel


def test_when_there_are_very_many_items_then_the_tail_is_thinned_evenly():
    panel = Panel.from_arrays([np.zeros(50, np.float32)] * 3000)
    _, origins = hold_back(panel, HORIZON)
    assert len(origins) == MOST_SCORED
    assert (np.diff(origins.item) <= 3000 / MOST_SCORED + 1).all()


def test_when_the_tail_is_scored_then_the_batch_size_makes_no_difference():
    panel, network = panel_of(400, 200), tiny.scrambled(known=4)
    _, origins = hold_back(panel, HORIZON)
    one = score(network, panel, origins, torch.device("cpu"), batch=1)
    assert one == pytest.approx(score(network, panel, origins, torch.device("cpu"), batch=64), rel=1e-5)
    assert one > 0


def test_when_nothing_was_observed_in_the_tail_then_there_is_no_score():
    panel = panel_of(400)
    panel.target[-60:] = np.nan
    _, origins = hold_back(panel, HORIZON)
    assert score(tiny.scrambled(known=4), panel, origins, torch.device("cpu")) is None


def test_when_the_tail_is_scored_then_the_network_reads_what_it_reads_in_a_forecast(monkeypatch):
    rng = np.random.default_rng(0)
    values = 30 + 5 * np.sin(np.arange(300) * 2 * np.pi / 24) + rng.normal(0, 0.3, 300)
    values[250], values[200:206] = 90, np.nan
    panel = Panel.from_arrays([values], freq="h")
    _, origins = hold_back(panel, HORIZON)
    network = tiny.scrambled(known=len(calendar_names(panel.freq)))
    read: list[np.ndarray] = []

    def loss(_, inputs, *rest):
        read.append(inputs.target.numpy())
        return torch.zeros(()), torch.ones(())

    monkeypatch.setattr("tsattn.training.validation.window_loss", loss)
    score(network, panel, origins, torch.device("cpu"))
    window = gather(panel, origins, tiny.MODEL.context, tiny.MODEL.pass_steps)
    np.testing.assert_array_equal(np.concatenate(read), feed(window, tiny.MODEL)["target"])
    assert (np.concatenate(read) == 90).sum() < (window.past_target == 90).sum()
