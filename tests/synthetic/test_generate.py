"""Synthetic series: deterministic, valid at every length, of the requested kinds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tsattn.data.cleaning.seasonality import autocorrelation
from tsattn.errors import ConfigError
from tsattn.synthetic.config import KINDS, SyntheticConfig
from tsattn.synthetic.disturb import LEAST, context
from tsattn.synthetic.draws import Draw
from tsattn.synthetic.generate import GENERATORS, generate

CONFIG = SyntheticConfig()


def draw(seed: int = 0) -> Draw:
    return Draw(torch.Generator().manual_seed(seed))


def same(one: torch.Tensor, two: torch.Tensor) -> bool:
    return torch.equal(one.nan_to_num(-1), two.nan_to_num(-1)) and torch.equal(one.isnan(), two.isnan())


def test_when_the_config_names_generators_then_they_are_those_that_exist_in_their_order():
    assert tuple(GENERATORS) == KINDS


def test_when_the_seed_is_the_same_then_so_are_the_series_whatever_the_global_seed():
    torch.manual_seed(1)
    one = generate(CONFIG, 40, 200, (7, 3))
    torch.manual_seed(2)
    np.random.seed(5)
    two, other = generate(CONFIG, 40, 200, (7, 3)), generate(CONFIG, 40, 200, (7, 4))
    assert same(one.target, two.target)
    assert (one.season_lengths == two.season_lengths).all()
    assert (one.kind == two.kind).all()
    assert not same(one.target, other.target)


def test_when_series_are_made_then_the_global_state_is_left_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    generate(CONFIG, 8, 100, 0)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("length", [64, 65, 100, 777, 2112])
def test_when_series_have_any_length_then_they_are_bounded_and_have_values_that_differ_before_the_last_ones(length):
    batch = generate(CONFIG, 200, length, 11)
    target = batch.target
    assert target.shape == (200, length)
    assert target.dtype == torch.float32
    assert not target.isinf().any()
    assert (target[target.isfinite()].abs() < 1e12).all()
    first = target[:, : context(length)]
    assert (first.isfinite().sum(1) >= LEAST).all()
    for row in first:
        seen = row[row.isfinite()]
        assert seen.max() > seen.min()
    assert batch.season_lengths.shape == (200, 2)
    assert (batch.season_lengths >= 1).all()


@pytest.mark.parametrize("length", [64, 2112])
@pytest.mark.parametrize("kind", KINDS)
def test_when_a_generator_runs_alone_then_its_series_are_finite_and_varied(kind, length):
    made = GENERATORS[kind](draw(), 24, length)
    assert made.values.shape == (24, length)
    assert made.values.dtype == torch.float32
    assert made.values.isfinite().all()
    assert (made.values.std(1) > 0).float().mean() > 0.8
    assert made.seasons.shape == (24, 2)
    # rows differ from one another
    assert len({tuple(row.tolist()) for row in made.values}) > 18


def test_when_only_one_row_is_wanted_then_one_is_made():
    assert all(make(draw(), 1, 128).values.shape == (1, 128) for make in GENERATORS.values())


@pytest.mark.parametrize("kind", ["structural", "wandering", "activity", "economic"])
def test_when_a_kind_tells_a_season_then_its_autocorrelation_shows_it(kind):
    """Noise, levels and drifts hide some; most must show a correlation at the period that is larger than half way to it."""
    made = GENERATORS[kind](draw(3), 300, 2112)
    correlation = autocorrelation(made.values.numpy(), 1056)
    period = made.seasons[:, 0].numpy()
    rows = np.flatnonzero((period > 3) & (period <= 500))
    at, between = correlation[rows, period[rows]], correlation[rows, period[rows] // 2]
    assert len(rows) > 100
    assert np.mean(at > between) > 0.7
    assert np.median(at) > 0.2


def test_when_weights_are_zero_then_their_kinds_do_not_occur():
    batch = generate(dataclasses.replace(CONFIG, wandering=0.0, counts=0.0), 500, 64, 1)
    gone = {KINDS.index("wandering"), KINDS.index("counts")}
    assert not gone & set(batch.kind.tolist())
    assert len(set(batch.kind.tolist())) == len(KINDS) - 2
    assert set(generate(CONFIG.alone("arima"), 20, 64, 1).kind.tolist()) == {KINDS.index("arima")}


def test_when_weights_are_doubled_then_nothing_changes():
    weights = {name: 2 * getattr(CONFIG, name) for name in KINDS}
    one, two = generate(CONFIG, 30, 64, 5), generate(dataclasses.replace(CONFIG, **weights), 30, 64, 5)
    assert same(one.target, two.target)


def test_when_a_share_or_the_weights_make_no_sense_then_the_error_says_so():
    with pytest.raises(ConfigError, match="missing must be between 0 and 1"):
        SyntheticConfig(missing=1.5)
    with pytest.raises(ConfigError, match="every generator is switched off"):
        SyntheticConfig(**dict.fromkeys(KINDS, 0.0))


def test_when_series_are_too_short_then_the_error_says_so():
    with pytest.raises(ValueError, match="at least 64"):
        generate(CONFIG, 4, 63, 0)
