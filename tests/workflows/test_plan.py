from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsattn.config import ModelConfig
from tsattn.data.panel import Panel, Schema
from tsattn.data.windows import rolling_origins
from tsattn.errors import ConfigError, DataError
from tsattn.workflows.plan import MOST_WINDOWS, plan


def panel_of(*lengths: int, freq: str = "h") -> Panel:
    return Panel.from_arrays([np.arange(n, dtype=float) for n in lengths], freq=freq)


@pytest.mark.parametrize(
    ("freq", "length", "horizon"),
    [("h", 5000, 48), ("D", 1461, 30), ("MS", 144, 12), ("YS", 30, 6), ("MS", 40, 12), ("MS", 20, 6)],
)
def test_when_no_horizon_is_given_then_the_frequency_and_the_length_choose_it(freq, length, horizon):
    assert plan(panel_of(length, freq=freq)).horizon == horizon


def test_when_the_series_is_long_then_at_most_a_fifth_of_it_is_held_back():
    made = plan(panel_of(2000))
    assert made.windows == 8
    assert made.test_start.tolist() == [2000 - 8 * 48]
    assert plan(panel_of(100_000)).windows == MOST_WINDOWS


def test_when_one_window_is_more_than_a_fifth_then_it_is_still_held_back_if_a_third_of_the_rows_remain():
    assert plan(panel_of(100), horizon=30).windows == 1
    assert plan(panel_of(60), horizon=30).windows == 0


def test_when_the_data_is_short_then_the_network_is_too():
    made = plan(panel_of(144, freq="MS"))
    assert made.model.context <= 144
    assert made.model.context % made.model.patch == 0
    work = [one.train.steps * one.model.context // one.model.patch for one in (made, plan(panel_of(50_000)))]
    assert work[0] < work[1]
    assert plan(panel_of(50_000)).model.context == ModelConfig.context


def test_when_settings_are_given_then_they_are_kept():
    made = plan(panel_of(5000), model={"context": 100, "width": 40}, train={"steps": 3, "seed": 9}, test_windows=2)
    assert (made.model.context, made.model.width, made.train.steps, made.train.seed, made.windows) == (100, 40, 3, 9, 2)
    assert made.model.context % made.model.patch == 0


def test_when_the_horizon_is_in_the_settings_of_the_model_then_it_is_the_horizon():
    made = plan(panel_of(5000), model={"horizon": 7})
    assert made.horizon == made.model.horizon == 7


@pytest.mark.parametrize("values", [{"horizon": 0}, {"test_windows": -1}, {"model": {"contxt": 3}}, {"model": {"horizon": "x"}}])
def test_when_a_setting_is_wrong_then_it_is_refused(values):
    with pytest.raises(ConfigError):
        plan(panel_of(500), **values)


def test_when_there_is_nothing_to_learn_from_then_the_error_says_so():
    with pytest.raises(DataError, match="no observed value"):
        plan(Panel.from_arrays([np.full(50, np.nan)], freq="h"))
    with pytest.raises(DataError, match="too few are left to train on"):
        plan(panel_of(9), horizon=3, test_windows=2)


@settings(max_examples=100, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 400), min_size=1, max_size=6),
    horizon=st.one_of(st.none(), st.integers(1, 60)),
    windows=st.one_of(st.none(), st.integers(0, 5)),
)
def test_when_windows_are_scored_then_none_of_their_rows_was_trained_on(lengths, horizon, windows):
    panel = panel_of(*lengths)
    try:
        made = plan(panel, horizon=horizon, test_windows=windows)
    except DataError:
        return
    assert made.model.context % made.model.patch == 0
    if made.windows:
        origins = rolling_origins(panel, made.horizon, made.windows)
        assert (origins.row >= made.test_start[origins.item]).all()


def with_known_ahead(*steps: int) -> Panel:
    """Daily items of 400 observed rows, and a known covariate that goes on for so many steps after them."""
    rows = [400 + 40 for _ in steps]
    panel = Panel.from_arrays([np.arange(n, dtype=float) for n in rows], freq="D")
    known = np.full((len(panel.target), 1), np.nan, np.float32)
    for first, ahead in zip(panel.indptr[:-1], steps, strict=True):
        known[first : first + 400 + ahead] = 1
    target = np.where(np.isnan(known[:, 0]), np.nan, panel.target).astype(np.float32)
    origin = panel.indptr[:-1] + 400
    target[np.arange(len(target)) >= np.repeat(origin, rows)] = np.nan
    return replace(panel, target=target, known=known, origin=origin, schema=Schema(known=("k",), known_features=("k",)))


def test_when_known_covariates_end_before_the_usual_horizon_then_the_horizon_does_too():
    assert plan(with_known_ahead(12, 9)).horizon == 9
    assert plan(with_known_ahead(12, 40)).horizon == 12
    assert plan(with_known_ahead(40, 40)).horizon == 30
    assert plan(with_known_ahead(9), horizon=20).horizon == 20  # as the user says


def test_when_an_item_has_no_future_rows_then_the_horizon_is_the_usual_one():
    assert plan(with_known_ahead(0, 12)).horizon == 30


def test_when_an_item_without_future_rows_ended_before_the_others_then_it_does_not_count():
    panel = with_known_ahead(0, 12)
    start = panel.start.copy()
    start[0] -= np.timedelta64(200, "D")
    assert plan(replace(panel, start=start)).horizon == 12


def test_when_there_are_too_few_rows_then_the_hint_says_how_many_are_needed():
    with pytest.raises(DataError, match="has 5 rows, too few") as caught:
        plan(panel_of(5))
    assert "at least 8 rows" in caught.value.hint
    with pytest.raises(DataError) as caught:
        plan(panel_of(9), horizon=3, test_windows=2)
    assert "at least 14 rows" in caught.value.hint
