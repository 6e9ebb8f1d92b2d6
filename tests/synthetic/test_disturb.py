"""Disturbances: each changes the share of series that the settings give."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tsattn.synthetic.config import SyntheticConfig
from tsattn.synthetic.disturb import LEAST, context
from tsattn.synthetic.generate import generate

CALM = SyntheticConfig().undisturbed()


def with_share(name: str, share: float, count: int = 600, length: int = 400) -> torch.Tensor:
    return generate(dataclasses.replace(CALM, **{name: share}), count, length, 2).target


def test_when_nothing_is_disturbed_then_every_value_is_there():
    assert with_share("missing", 0.0).isfinite().all()


@pytest.mark.parametrize("share", [0.06, 0.5])
def test_when_a_share_of_series_has_gaps_then_that_share_has_them(share):
    found = with_share("missing", share).isnan().any(1).float().mean()
    # a few of the gaps are empty, or fall outside the series
    assert 0.6 * share < found < share + 0.04


def test_when_series_are_cut_short_then_they_begin_late_and_keep_enough_values():
    target = with_share("short", 0.35)
    first = target.isfinite().float().argmax(1)
    assert 0.28 < (first > 0).float().mean() < 0.42
    seen = context(400) - first[first > 0]
    assert seen.min() >= LEAST
    assert seen.min() < 40
    assert seen.max() > 250
    # nothing is missing after the start
    assert all(row[start:].isfinite().all() for row, start in zip(target, first, strict=True))


def test_when_seasons_are_given_as_input_then_they_are_true_or_absent_or_wrong_as_configured():
    true = generate(CALM, 800, 64, 4).season_lengths
    given = generate(dataclasses.replace(CALM, season_input=0.8, season_input_without=0.5), 800, 64, 4).season_lengths
    seasonal = true[:, 0] > 1
    same = (true == given).all(1)
    assert 0.74 < same[seasonal].mean() < 0.88
    absent = (given[seasonal] == 1).all(1).mean()
    assert 0.05 < absent < 0.15
    assert 0.38 < np.mean(given[~seasonal, 0] > 1) < 0.6


def test_when_series_are_rounded_then_they_take_few_values():
    few = [len(row.unique()) for row in with_share("rounding", 1.0, 60, 512)]
    many = [len(row.unique()) for row in with_share("rounding", 0.0, 60, 512)]
    assert np.median(few) < 0.5 * np.median(many)
