"""Notes of a forecast on the values that it treats as missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import tsattn
from tsattn.data.panel import Panel
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.predict import predict
from tsattn.workflows.cleaning_notes import cleaning_notes, findings, findings_of, merged, notes_on, notes_on_windows

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
    low = "treated as missing, because they were low during an outage: "
    one, other = hit({60: 30, 61: 40}, week), hit({80: 30, 81: 40, 82: 35}, week)
    assert notes(one) == (f"{low}2 values, 2024-03-01 to 2024-03-02",)
    assert notes(one, week, names=["north", "south"]) == (f"{low}2 values in 'north', 2024-03-01 to 2024-03-02",)
    assert notes(one, other, names=["north", "south"]) == (f"{low}5 values in 2 series, 2024-03-01 to 2024-03-23",)


def test_when_outages_of_several_panels_are_joined_then_the_first_and_the_last_period_are_told():
    week = 1000 + 100 * (np.arange(100) % 7) + np.random.default_rng(0).normal(0, 10, 100)
    found = []
    for name, at in (("a", 80), ("b", 60)):
        panel = Panel.from_arrays([hit({at: 30, at + 1: 40}, week)], freq="D", start=START, item_ids=[name])
        found.append(findings_of(predict(Flat(), panel, horizon=3)[0], panel, named=True))
    (said,) = notes_on(merged(found))
    assert said.endswith("4 values in 2 series, 2024-03-01 to 2024-03-22")


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


def test_when_findings_of_several_panels_are_joined_then_counts_add_up_and_the_furthest_value_is_named():
    found = []
    for name, values in (("a", {40: 500}), ("b", {40: 600, 60: 500}), ("c", {})):
        panel = Panel.from_arrays([hit(values)], freq="D", start=START, item_ids=[name])
        found.append(findings_of(predict(Flat(), panel, horizon=3)[0], panel, named=True))
    said = "treated as missing, because they are far from their neighbours: 3 values, the furthest 600 (b, 2024-02-10)"
    assert notes_on(merged(found)) == (said,)
    assert merged([]) == ()


def daily(shift: float = 35.0, last: int = 40, days: int = 900, promo: bool = False) -> pd.DataFrame:
    """A series with a weekly season, higher on the 1st of each month, whose level shifted `last` days before the end."""
    t, day = np.arange(days), pd.date_range("2022-01-01", periods=days)
    sales = 100 + 30 * np.isin(t % 7, (5, 6)) + np.random.default_rng(0).normal(0, 2, days) + 40 * (day.day == 1)
    frame = pd.DataFrame({"day": day, "sales": sales + shift * (t >= days - last)})
    return frame.assign(promo=(t % 11 == 0) * 1.0, sales=frame.sales + 20 * (t % 11 == 0)) if promo else frame


SHIFTED = "the level shifted, at 2024-05-10: earlier values are moved to the new level"


def test_when_a_shift_is_found_only_without_calendar_effects_then_it_is_said_everywhere(shipped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sales = daily()
    assert SHIFTED in tsattn.forecast(sales, horizon=7, members="ridge").notes
    assert SHIFTED in tsattn.forecast(sales, horizon=7, members="ridge", conformal=True).notes
    assert SHIFTED in tsattn.load("zero-shot", members="ridge").predict(sales, 7).notes
    assert SHIFTED in tsattn.report(sales, output="page.html", horizon=7, members="ridge", windows=1).notes
    scored = tsattn.backtest(sales, horizon=7, members="ridge", windows=2, baselines=["naive"])
    assert f"{SHIFTED}, in the windows that end soon after" in scored.notes


def test_when_known_covariates_hide_a_shift_then_it_is_said_and_their_days_are_no_outliers(shipped):
    sales = daily(promo=True)
    plan = pd.DataFrame({"day": pd.date_range("2024-06-19", periods=7), "promo": 0.0})
    made = tsattn.forecast(sales, horizon=7, members="ridge", known="promo", future=plan)
    assert SHIFTED in made.notes
    assert not [note for note in made.notes if note.startswith("treated as missing")]


def test_when_the_level_shifted_then_calendar_effects_are_applied_in_full(shipped):
    (effect,) = [one for one in tsattn.forecast(daily(), horizon=14, members="ridge").effects if one.clear]
    assert effect.name == "1st of the month"
    assert effect.used > 0.9


def test_when_windows_of_a_backtest_share_values_then_each_counts_once_and_kept_ones_are_left_out():
    panel = Panel.from_arrays([hit({40: 500, 60: 480})], freq="D", start=START)
    found: list = []
    backtest([Flat()], panel, horizon=3, windows=14, quantiles=(0.5,), on_cleaning=lambda *one: found.append(one))
    ((origins, record),) = found
    assert len(record) > 14
    said = "treated as missing, because they are far from their neighbours: 2 values, the furthest 500 (2024-02-10)"
    assert notes_on_windows(findings(record, origins, panel, named=False)) == (said,)


def test_when_sums_are_scored_then_the_histories_of_all_levels_are_reported(shipped):
    frames = [daily(shift, last=40).assign(shop=shop) for shop, shift in (("a", 35.0), ("b", 35.0))]
    scored = tsattn.backtest(
        pd.concat(frames),
        item="shop",
        target="sales",
        hierarchy=["shop"],
        horizon=7,
        windows=1,
        members="ridge",
        baselines=["naive"],
    )
    assert any(note.startswith("the level of 3 series shifted") for note in scored.notes)
