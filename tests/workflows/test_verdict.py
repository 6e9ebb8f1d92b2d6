from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.panel import Panel
from tsattn.workflows.verdict import compared, usual_baselines, verdict


def rows(**scores: tuple[float | None, float | None]) -> list[dict]:
    return [{"model": name.replace("_", "-"), "MASE": mase, "WQL": wql} for name, (mase, wql) in scores.items()]


def test_when_drift_is_better_than_both_naive_methods_then_the_verdict_measures_against_drift():
    said, beats = verdict(rows(m=(0.9, 0.9), naive=(1.0, 1.0), seasonal_naive=(1.2, 1.1), drift=(0.8, 0.5)), "m")
    assert beats is False
    assert "does NOT beat" in said
    assert said.endswith("MASE 12.5 % higher than drift, WQL 80.0 % higher than drift; drift is better for this data")


def test_when_no_method_is_clearly_better_then_the_verdict_calls_them_equally_good():
    said, beats = verdict(rows(m=(1.004, 1.0), naive=(1.0, 1.0), drift=(1.5, 1.5)), "m")
    assert beats is False
    assert said.endswith("they are equally good")


def test_when_each_metric_has_another_best_method_then_both_are_named():
    said, beats = verdict(rows(m=(0.5, 0.5), naive=(1.0, 2.0), seasonal_naive=(2.0, 1.0)), "m")
    assert beats is True
    assert said == "m beats the best baselines: MASE 50.0 % lower than naive, WQL 50.0 % lower than seasonal-naive"


@pytest.mark.parametrize("score", [(0.5, 1.5), (0.995, 0.995)])
def test_when_one_metric_is_worse_or_the_gain_is_tiny_then_it_does_not_clearly_beat(score):
    said, beats = verdict(rows(m=score, naive=(1.0, 1.0)), "m")
    assert beats is False
    assert "does not clearly beat" in said


def test_when_another_model_is_in_the_table_then_it_is_no_simple_method():
    assert verdict(rows(m=(0.5, 0.5), other=(0.1, 0.1), naive=(1.0, 1.0)), "m")[1] is True


@pytest.mark.parametrize("naive", [(None, None), (float("nan"), float("nan"))])
def test_when_nothing_can_be_compared_then_nothing_is_claimed(naive):
    assert verdict(rows(m=(0.5, 0.5), naive=naive), "m")[1] is None
    assert verdict(rows(m=(0.5, 0.5)), "m")[1] is None


def test_when_a_simple_method_is_perfect_then_a_model_that_is_not_does_not_beat_it():
    assert verdict(rows(m=(0.5, 0.5), naive=(0.0, 0.0)), "m")[1] is False


def test_when_many_values_are_zero_then_their_distribution_is_a_baseline_too():
    counts = np.random.default_rng(0).poisson(0.3, 300).astype(float)
    usual = ("naive", "seasonal-naive")
    assert usual_baselines(Panel.from_arrays([counts], freq="D"), usual) == (*usual, "historic-quantiles")
    assert usual_baselines(Panel.from_arrays([counts + 1], freq="D"), usual) == usual


def test_when_data_have_a_day_and_a_week_then_the_last_week_is_a_baseline_too():
    usual, weeks = ("naive", "seasonal-naive"), np.arange(3 * 168) % 168 + 1.0
    assert usual_baselines(Panel.from_arrays([weeks], freq="h"), usual) == (*usual, "long-cycle")
    assert usual_baselines(Panel.from_arrays([weeks[1:]], freq="h"), usual) == usual
    assert usual_baselines(Panel.from_arrays([weeks], freq="D"), usual) == usual
    minutes = Panel.from_arrays([np.arange(3 * 1440.0)], freq="min")
    assert usual_baselines(minutes, usual) == (*usual, "long-cycle")


def test_when_a_trained_model_loses_to_zero_shot_then_the_sentence_names_the_option() -> None:
    rows = [{"model": "shops", "MASE": 0.54, "WQL": 0.08}, {"model": "zero-shot + members", "MASE": 0.40, "WQL": 0.05}]
    said, better = compared(rows, "shops", "zero-shot + members")
    assert better == "--model zero-shot"
    assert said.startswith("shops beside zero-shot + members on the same windows: MASE 35.0 % higher, WQL 60.0 % higher")
    assert said.endswith("--model zero-shot")
    said, better = compared(rows, "shops", "zero-shot + members", "--model zero-shot --joint")
    assert better == "--model zero-shot --joint"
    assert said.endswith("better for this data: --model zero-shot --joint")


def test_when_a_trained_model_is_better_than_zero_shot_then_the_sentence_says_by_how_much() -> None:
    rows = [{"model": "shops", "MASE": 0.38, "WQL": 0.05}, {"model": "zero-shot + members", "MASE": 0.40, "WQL": 0.05}]
    assert compared(rows, "shops", "zero-shot + members").line.endswith("MASE 5.0 % lower, WQL 0.0 % higher")


@pytest.mark.parametrize(
    ("errors", "end"),
    [
        (
            {"MASE": 0.03, "WQL": 0.04},
            "MASE 5.0 ± 3.0 % lower, WQL 6.0 ± 4.0 % lower (± standard error); the difference is within chance",
        ),
        ({"MASE": 0.02, "WQL": 0.04}, "MASE 5.0 ± 2.0 % lower, WQL 6.0 ± 4.0 % lower (± standard error)"),
        ({"MASE": float("nan"), "WQL": float("nan")}, "MASE 5.0 % lower, WQL 6.0 % lower"),
    ],
)
def test_when_standard_errors_are_known_then_the_sentence_gives_them_and_says_if_a_difference_may_be_chance(errors, end) -> None:
    scores = rows(shops=(0.95, 0.94), zero_shot=(1.0, 1.0))
    assert compared(scores, "shops", "zero-shot", errors=errors).line.endswith(f"on the same windows: {end}")


def test_when_zero_shot_may_be_better_by_chance_then_it_is_not_recommended() -> None:
    scores = rows(shops=(1.05, 1.06), zero_shot=(1.0, 1.0))
    assert compared(scores, "shops", "zero-shot", errors={"MASE": 0.01, "WQL": 0.01}).line.endswith("--model zero-shot")
    assert compared(scores, "shops", "zero-shot", errors={"MASE": 0.04, "WQL": 0.04}).line.endswith("within chance")
    assert compared(scores, "shops", "zero-shot", errors={"MASE": 0.04, "WQL": 0.04}).better == ""
