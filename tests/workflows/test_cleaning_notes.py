"""Notes of a forecast on the values that it treats as missing."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.panel import Panel
from tsattn.forecasting.predict import predict
from tsattn.workflows.cleaning_notes import cleaning_notes

CALM = np.arange(100) % 7 + np.random.default_rng(0).random(100)
START = np.datetime64("2024-01-01")


class Flat:
    """A forecaster of zeros, that wants its histories cleaned."""

    name, quantiles, context, covariates = "flat", (0.5,), None, False

    def predict(self, batch):
        return np.zeros((len(batch), batch.horizon, 1), np.float32)


def notes(*series: np.ndarray, names: list[str] | None = None, freq: str = "D") -> tuple[str, ...]:
    panel = Panel.from_arrays(list(series), freq=freq, start=START, item_ids=names)
    made, _ = predict(Flat(), panel, horizon=3)
    return cleaning_notes(made, panel)


def hit(values: dict[int, float], base: np.ndarray = CALM) -> np.ndarray:
    series = base.copy()
    for at, value in values.items():
        series[at] = value
    return series


def test_when_a_history_has_additive_outliers_then_the_furthest_is_named_with_its_series_and_time():
    said = "treated as missing, because they are far from their neighbours: 2 values, the furthest 500.5 (odd, 2024-03-01)"
    assert notes(CALM, hit({40: 500, 60: 500.5}), names=["calm", "odd"]) == (said,)
    assert notes(CALM) == ()
    said = "treated as missing, because it is far from its neighbours: 500 (2024-02-10)"
    assert notes(hit({40: 500})) == (said,)


def test_when_a_history_has_an_outage_then_its_values_and_their_place_are_told():
    week = 1000 + 100 * (np.arange(100) % 7) + np.random.default_rng(0).normal(0, 10, 100)
    said = "treated as missing, because they were low during an outage: 2 values, the furthest 30 (2024-03-01)"
    assert notes(hit({60: 30, 61: 40}, week)) == (said,)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({40: 1e9}, "treated as missing, because it is absurdly far from all other values: 1e+09 (2024-02-10)"),
        ({4: -999, 9: -999}, "treated as missing, because they stand for no value: 2 values, the furthest -999 (2024-01-05)"),
        (
            {99: 500},
            "kept, though the newest value is far from its neighbours: 500 (2024-04-09); "
            "remove it from the data if that is an error",
        ),
    ],
)
def test_when_something_else_is_found_then_it_has_a_line_of_its_own(values, said):
    assert notes(hit(values)) == (said,)


def test_when_far_values_are_those_of_a_weekday_then_nothing_is_said():
    assert notes(np.where(np.arange(99) % 7 == 0, 500.0, 0) + CALM[:99]) == ()


def test_when_a_level_shifted_then_it_is_said_where():
    rng = np.random.default_rng(0)
    one, other = (rng.normal(0, 1, 100) + 30 * (np.arange(100) >= 80) for _ in range(2))
    where = "at 2024-03-21: earlier values are moved to the new level"
    assert notes(one) == (f"the level shifted, {where}",)
    two = "the level of 2 series shifted, the first at a, 2024-03-21: earlier values are moved to the new level"
    assert notes(one, other, names=["a", "b"]) == (two,)
