"""Training a network with attention across series: batches of whole groups, and a made pair of which one leads the other."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tests import tiny
from tsattn.data.groups import MOST
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins
from tsattn.forecasting.predict import predict, predict_windows
from tsattn.forecasting.sample_paths import predict_paths
from tsattn.model import artifact, runtime
from tsattn.nn.network import Network
from tsattn.nn.warm_start import warm_start
from tsattn.training.augment import Together, flip_and_mix, warp
from tsattn.training.batches import choose_origins, in_parts, sample
from tsattn.training.fit import choose_weights
from tsattn.training.run_options import RunOptions
from tsattn.training.validation import hold_back, score

JOINT = dataclasses.replace(tiny.MODEL, horizon=3, across=1)
CPU = torch.device("cpu")


def pair(steps: int = 800, lag: int = 3, seed: int = 0) -> Panel:
    """An autoregression, and a series that follows it by `lag` steps."""
    rng, x = np.random.default_rng(seed), np.zeros(steps + lag)
    for t in range(1, len(x)):
        x[t] = 0.9 * x[t - 1] + rng.normal()
    return Panel.from_arrays([20 + 2 * x[lag:], 50 + 5 * x[: len(x) - lag] + rng.normal(0, 0.5, steps)], freq="h")


def test_when_groups_are_sampled_then_their_windows_share_cutoff_prefix_and_origins():
    panel = Panel.from_arrays([np.arange(300.0) + 1000 * i for i in range(3)], freq="h")
    train = dataclasses.replace(tiny.TRAIN, batch=30, mixup=0.0, flip=0.0)
    batch = sample(panel, JOINT, train, 0)
    counts = np.bincount(batch.group)
    assert set(counts.tolist()) == {3}
    assert len(counts) == 10
    for number in range(len(counts)):
        rows = np.flatnonzero(batch.group == number)
        assert len(np.unique(batch.past[rows, -1] % 1000)) == 1  # values are times: one cutoff
        assert len(np.unique(batch.prefix[rows])) == 1
        assert (batch.origin[rows] == batch.origin[rows[0]]).all()


def test_when_there_are_more_series_than_a_group_holds_then_batches_hold_parts_of_them():
    panel = Panel.from_arrays([np.arange(200.0) + i for i in range(MOST + 8)], freq="h")
    sizes = {int(n) for step in range(20) for n in np.bincount(sample(panel, JOINT, tiny.TRAIN, step).group)}
    assert sizes == {8, MOST}


def test_when_no_series_are_read_together_then_batches_are_those_of_single_windows():
    rng = np.random.default_rng(0)
    past = rng.standard_normal((6, 64)).astype(np.float32)
    one, other = (choose_origins(past, 8, 4, np.random.default_rng(1), group) for group in (None, np.arange(6)))
    assert all((a == b).all() for a, b in zip(one, other, strict=True))


def test_when_a_series_begins_late_then_no_window_of_its_group_is_scaled_before_it():
    past = np.random.default_rng(0).standard_normal((2, 64)).astype(np.float32)
    past[1, :40] = np.nan
    for seed in range(20):
        prefix, _ = choose_origins(past, 8, 4, np.random.default_rng(seed), np.zeros(2, np.int64))
        assert prefix.min() >= 48
    past[1] = np.nan  # without any value, it restricts nothing
    assert min(choose_origins(past, 8, 4, np.random.default_rng(s), np.zeros(2, np.int64))[0].min() for s in range(20)) < 48


def test_when_groups_are_mixed_and_warped_then_relations_between_series_stay():
    rng = np.random.default_rng(0)
    first = rng.standard_normal((5, 80)).cumsum(1)
    target = np.concatenate([first, -2 * first + 7]).astype(np.float32)  # rows i and i + 5 form a group
    together = Together(np.tile(np.arange(5), 2), np.repeat([0, 1], 5))
    mixed = flip_and_mix(target, 64, np.random.default_rng(1), 0.5, 1.0, together)
    slow, speed = warp(target, 0.5, np.random.default_rng(1), together)
    assert not np.allclose(mixed, target)
    assert (speed[:5] == speed[5:]).all()
    for made in (mixed, slow):
        for row in range(5):
            seen = np.isfinite(made[row])  # steps before the first of a faster window are missing
            assert np.corrcoef(made[row, seen], made[row + 5, seen])[0, 1] < -0.999


def test_when_a_joint_batch_is_cut_into_parts_then_no_group_is_split():
    panel = tiny.waves((1000, 1000, 60))
    model = dataclasses.replace(JOINT, context=1024, patch=8)
    batch = sample(panel, model, dataclasses.replace(tiny.TRAIN, batch=40), 3)
    parts = in_parts(batch, model)
    found = [set(part.group.tolist()) for part in parts]
    assert sum(map(len, found)) == len(set(batch.group.tolist()))
    assert sum(len(part.group) for part in parts) == len(batch.group)


def test_when_some_windows_are_scored_then_the_others_are_read_but_not_scored():
    panel = pair(300)
    network = tiny.scrambled(JOINT, known=4)
    _, tail = hold_back(panel, 3)
    losses = [score(network, panel, tail[np.flatnonzero(tail.item == item)], CPU) for item in (0, 1)]
    assert score(network, panel, tail, CPU) == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Network:
    """A network that was trained on a pair for some seconds."""
    train = dataclasses.replace(tiny.TRAIN, steps=200, batch=32, warmup=10)
    return choose_weights(pair(), JOINT, train, RunOptions(state=tmp_path_factory.mktemp("state")))[0]


def test_when_one_series_leads_another_then_reading_it_more_than_halves_the_loss(trained):
    panel = pair()
    _, tail = hold_back(panel, 3)
    follower = tail[np.flatnonzero(tail.item == 1)]
    alone = Network(dataclasses.replace(JOINT, across=0), trained.spec)
    warm_start(trained, alone)
    assert score(trained, panel, follower, CPU) < score(alone.eval(), panel, follower, CPU) / 2.5


@pytest.fixture(scope="module")
def folder(trained, tmp_path_factory):
    """The folder of the joint network, without a graph."""
    place = tmp_path_factory.mktemp("joint") / "model"
    artifact.save_weights(place, trained, tiny.card_of(trained))
    return place


def test_when_a_joint_model_is_loaded_then_it_forecasts_as_before_it_was_saved(trained, folder):
    before, after = runtime.of_network(trained, tiny.card_of(trained)), runtime.load(folder)
    assert before.joint
    assert after.joint
    first, second = (predict(one, pair(), horizon=3)[0] for one in (before, after))
    np.testing.assert_array_equal(first.values, second.values)


def test_when_series_are_forecast_some_at_a_time_then_each_still_reads_the_others(folder):
    panel, forecaster = pair(), runtime.load(folder)
    origins = Origins(np.array([0, 1, 0, 1]), np.array([700, 1500, 760, 1560]))
    whole = predict(forecaster, panel, horizon=8, origins=origins)[0]  # beyond one pass: paths of the series go together
    for batch in (1, 3):
        some = predict(forecaster, panel, horizon=8, origins=origins, batch=batch)[0]
        np.testing.assert_allclose(some.values, whole.values, rtol=1e-5)
    for row in range(4):
        single = predict(forecaster, panel, horizon=8, origins=origins[[row]])[0]
        np.testing.assert_allclose(single.values[0], whole.values[row], rtol=1e-5)
    paths = predict_paths(forecaster, panel, horizon=3, paths=5, origins=origins[[1]])[0]
    assert paths.values.shape == (1, 3, 5)


def test_when_the_other_series_changes_then_the_forecast_does_so_only_for_values_before_the_cutoff(folder):
    panel, forecaster = pair(), runtime.load(folder)
    follower = Origins(np.array([1]), np.array([1500]))

    def after(row: int) -> np.ndarray:
        target = panel.target.copy()
        target[row] += 30
        return predict(forecaster, dataclasses.replace(panel, target=target), horizon=3, origins=follower)[0].values

    usual = predict(forecaster, panel, horizon=3, origins=follower)[0].values
    assert not np.allclose(after(698), usual)
    np.testing.assert_array_equal(after(700), usual)


def test_when_a_series_is_alone_then_it_is_forecast_as_a_group_of_one(folder):
    panel, forecaster = pair(), runtime.load(folder)
    single = panel.select(np.array([1]))
    made = predict(forecaster, single, horizon=3)[0].values
    assert not np.allclose(made, predict(forecaster, panel, horizon=3)[0].values[1:])
    ((_, windows, _),) = predict_windows(forecaster, single, Origins(np.array([0]), single.origin), 3, forecaster.quantiles)
    np.testing.assert_array_equal(forecaster.predict(dataclasses.replace(windows, group=None)), made)
