"""The tables of a backtest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.forecasting.echo import Echo
from tsattn.data.panel import Panel
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines.simple import Drift, Naive, SeasonalNaive
from tsattn.forecasting.metrics import METRICS
from tsattn.forecasting.scores import Backtest

MODELS = (Naive(), SeasonalNaive(), Drift(), Echo())


@pytest.fixture
def result(hourly: Panel) -> Backtest:
    return backtest(MODELS, hourly, horizon=6, windows=3)


def test_the_table_has_a_row_for_each_model_in_the_order_given(result: Backtest) -> None:
    table = result.table()
    assert [row["model"] for row in table] == ["naive", "seasonal-naive", "drift", "echo"]
    assert list(table[0]) == ["model", *METRICS, "skill_MASE", "skill_WQL"]
    assert table[1]["WQL"] == result.score("seasonal-naive", "WQL")


def test_skill_is_against_the_better_of_naive_and_seasonal_naive(result: Backtest) -> None:
    assert result.references == {"MASE": "seasonal-naive", "WQL": "seasonal-naive"}
    assert result.skill("seasonal-naive", "WQL") == 0
    expected = 1 - result.score("naive", "MASE") / result.score("seasonal-naive", "MASE")
    assert result.skill("naive", "MASE") == pytest.approx(expected)
    assert expected < 0


def test_without_a_reference_there_is_no_skill(hourly: Panel) -> None:
    alone = backtest([Drift()], hourly, horizon=6, windows=3)
    assert alone.references == {}
    assert np.isnan(alone.table()[0]["skill_WQL"])


def test_the_long_form_holds_every_group_and_says_which(result: Backtest) -> None:
    frame = result.to_arrow().to_pandas()
    assert list(frame.columns) == ["model", "metric", "cutoff", "item_id", "horizon_step", "value"]
    kinds = frame[["cutoff", "item_id", "horizon_step"]].notna()
    assert (kinds.sum(axis=1) <= 1).all()
    assert not frame["value"].isna().any()
    overall = frame[~kinds.any(axis=1)].set_index(["model", "metric"])["value"]
    for model in result.models:
        for metric in METRICS.keys() - {"coverage_95"}:
            assert overall[model, metric] == result.score(model, metric)
    assert "coverage_95" not in set(frame["metric"])  # the quantiles end at 0.1 and 0.9
    assert set(frame["horizon_step"].dropna()) == set(range(1, 7))
    assert set(frame["item_id"].dropna()) == {"a", "b", "c"}
    assert frame["cutoff"].nunique() == len(result.cutoffs) == 9
    assert {"coverage", "coverage_0.1", "coverage_0.9"} <= set(frame["metric"])


def test_with_quantiles_that_reach_far_enough_the_coverage_of_95_percent_is_told_beside_that_of_80(hourly: Panel) -> None:
    wide = backtest([Naive()], hourly, horizon=6, windows=3, quantiles=(0.025, 0.1, 0.5, 0.9, 0.975))
    row = wide.table()[0]
    assert row["coverage"] <= row["coverage_95"] <= 1
    frame = wide.to_arrow().to_pandas()
    assert (frame["metric"] == "coverage_95").sum() == (frame["metric"] == "coverage").sum()


def test_groups_add_up_to_the_whole(result: Backtest) -> None:
    for by in (result.by_step, result.by_item, result.by_cutoff):
        for parts, whole in zip(by.parts(), result.overall.parts(), strict=True):
            np.testing.assert_allclose(parts.sum(1), whole)  # NaN where there is no 95 % interval


def test_cutoffs_carry_the_zone(hourly: Panel) -> None:
    zoned = backtest([Naive()], replace(hourly, tz="Europe/Berlin"), horizon=6, windows=1)
    assert str(zoned.to_arrow().schema.field("cutoff").type) == "timestamp[us, tz=Europe/Berlin]"
    numbered = backtest([Naive()], Panel.from_arrays([np.arange(20.0)]), horizon=6, windows=1)
    assert numbered.to_arrow()["cutoff"].drop_null().to_pylist() == [13] * 15


def test_an_item_that_was_never_scored_has_no_rows(hourly: Panel) -> None:
    panel = Panel.from_arrays([np.arange(30.0), np.array([1.0])], item_ids=["long", "tiny"])
    frame = backtest([Naive()], panel, horizon=2, windows=2).to_arrow().to_pandas()
    assert set(frame["item_id"].dropna()) == {"long"}


def test_the_table_is_a_data_frame_too(result: Backtest) -> None:
    frame = result.to_pandas()
    assert list(frame["model"]) == list(result.models)
    assert frame["WQL"].tolist() == pytest.approx([row["WQL"] for row in result.table()])


@pytest.mark.parametrize("metric", ["MASE", "WQL"])
def test_the_standard_error_of_a_ratio_of_scores_is_that_of_resampled_series(metric: str) -> None:
    rng = np.random.default_rng(0)
    panel = Panel.from_arrays([10 + rng.normal(0, 1, 60) for _ in range(80)], freq="D")
    made = backtest([Naive(), SeasonalNaive()], panel, horizon=6, windows=1)
    sums = made.by_item
    losses = sums.scaled_error if metric == "MASE" else sums.pinball.mean(-1)
    drawn = losses[:, rng.integers(0, 80, (4000, 80))].sum(-1)
    assert made.standard_error("naive", "seasonal-naive", metric) == pytest.approx((drawn[0] / drawn[1]).std(), rel=0.1)


def test_when_series_share_their_cutoffs_errors_then_the_standard_error_is_that_between_cutoffs() -> None:
    shared = 10 + np.random.default_rng(0).normal(0, 1, 200)
    many = backtest([Naive(), SeasonalNaive()], Panel.from_arrays([shared] * 30, freq="D"), horizon=6, windows=10)
    one = backtest([Naive(), SeasonalNaive()], Panel.from_arrays([shared], freq="D"), horizon=6, windows=10)
    names = ("naive", "seasonal-naive", "MASE")
    assert many.standard_error(*names) == pytest.approx(one.standard_error(*names))
    assert np.isnan(
        backtest([Naive(), SeasonalNaive()], Panel.from_arrays([shared]), horizon=6, windows=1).standard_error(*names)
    )


@pytest.mark.parametrize(("count", "t"), [(2, 12.71), (3, 4.30), (4, 3.18)])
def test_the_standard_error_of_few_series_is_larger_by_the_quantile_of_students_t(count: int, t: float) -> None:
    rng = np.random.default_rng(0)
    few = [10 + rng.normal(0, 1, 60) for _ in range(count)]
    errors = []
    for copies in (1, 100 // count):  # the same spread between the series
        panel = Panel.from_arrays(few * copies, freq="D")
        errors.append(
            backtest([Naive(), SeasonalNaive()], panel, horizon=6, windows=1).standard_error("naive", "seasonal-naive", "MASE")
        )
    many = count * (100 // count)
    usual = np.sqrt(count / (count - 1)) / np.sqrt(many / (many - 1)) * np.sqrt(100 // count)
    assert errors[0] / errors[1] == pytest.approx(usual * t / 1.98, rel=0.05)
