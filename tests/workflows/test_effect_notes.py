"""Notes of forecasts with the model in the package on the effects of covariates and dates."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tsattn import api
from tsattn.cli.main import main
from tsattn.config import ReadOptions
from tsattn.errors import DataError
from tsattn.forecasting.ensemble.effect_report import CovariateEffect, GroupEffect
from tsattn.workflows.effect_notes import effect_notes

HORIZON = 7
READ = ReadOptions(target=("sales",), known=("promo", "noise"), past=("visitors",))


pytestmark = pytest.mark.usefixtures("shipped")


@pytest.fixture
def sales(tmp_path):
    """150 days of sales that a promotion raises by half, and a week of future rows."""
    import pandas as pd

    rng, rows = np.random.default_rng(0), 150 + HORIZON
    promo = (rng.random(rows) < 0.3).astype(int)
    promo[152] = 1
    values = (50 + 10 * np.sin(2 * np.pi * np.arange(rows) / 7)) * 1.5**promo * np.exp(0.05 * rng.normal(size=rows))
    frame = pd.DataFrame(
        {
            "date": pd.date_range("2024-01-01", periods=rows),
            "promo": promo,
            "noise": rng.normal(size=rows).round(3),
            "visitors": rng.poisson(90, rows).astype(float),
            "sales": values.round(2),
        }
    )
    frame.loc[150:, ["sales", "visitors"]] = np.nan
    path = tmp_path / "sales.csv"
    frame.to_csv(path, index=False)
    return path


def test_when_known_covariates_are_declared_then_zero_shot_reads_them_and_tells_their_effects(sales, tmp_path):
    found = api.forecast(str(sales), horizon=HORIZON, read=READ, workspace=tmp_path / "ws")
    promo, noise = found.effects
    assert promo.low < 0.5 < promo.high
    assert not noise.clear
    assert any(note.startswith("effect of promo: +") and " % (" in note for note in found.notes)
    assert "no clear effect, not applied: 'noise'" in found.notes
    assert any(note.startswith("not used: visitors (zero-shot reads known") for note in found.notes)
    plain = api.forecast(str(sales), horizon=HORIZON, read=ReadOptions(target=("sales",), known=("noise",)), workspace=tmp_path)
    median, without = found.forecast.median[0], plain.forecast.median[0]
    assert median[2] > 1.2 * median[[1, 3]].mean() * without[2] / without[[1, 3]].mean()


def test_a_flag_of_two_texts_has_the_effect_of_the_same_flag_of_zeros_and_ones(sales, tmp_path):
    import pandas as pd

    frame = pd.read_csv(sales)
    frame.assign(promo=frame["promo"].map({0: "nein", 1: "ja"})).to_csv(tmp_path / "texts.csv", index=False)
    read = ReadOptions(target=("sales",), known=("promo",))
    numbers, texts = (
        api.forecast(str(path), horizon=HORIZON, read=read, workspace=tmp_path / "ws") for path in (sales, tmp_path / "texts.csv")
    )
    (effect,) = texts.effects
    assert (effect.name, effect.clear) == ("promo=ja", True)
    assert effect.effect == numbers.effects[0].effect
    np.testing.assert_array_equal(texts.forecast.values, numbers.forecast.values)


def test_the_effects_of_more_texts_are_relative_to_the_most_frequent_one(sales, tmp_path):
    import pandas as pd

    frame = pd.read_csv(sales)
    weekday = np.arange(len(frame)) % 10
    kind = np.where(weekday < 2, "flyer", np.where(weekday < 4, "radio", "none"))
    frame = frame.assign(kind=kind, sales=frame["sales"] * np.where(kind == "flyer", 2.0, np.where(kind == "radio", 1.5, 1.0)))
    frame.drop(columns="noise").to_csv(tmp_path / "kinds.csv", index=False)
    read = ReadOptions(target=("sales",), known=("promo", "kind"))
    found = api.forecast(str(tmp_path / "kinds.csv"), horizon=HORIZON, read=read, workspace=tmp_path / "ws")
    effects = {effect.name: effect for effect in found.effects}
    assert set(effects) == {"promo", "kind=flyer", "kind=radio"}
    assert effects["kind=flyer"].low < 1.0 < effects["kind=flyer"].high
    assert effects["kind=radio"].low < 0.5 < effects["kind=radio"].high


@pytest.mark.parametrize("often", ["open", "closed"])
def test_a_text_that_closes_a_shop_is_named_in_the_note(sales, tmp_path, often):
    import pandas as pd

    frame = pd.read_csv(sales)
    shut = np.random.default_rng(1).random(len(frame)) < (0.2 if often == "open" else 0.6)
    frame = frame.assign(state=np.where(shut, "closed", "open"), sales=frame["sales"].where(~shut | frame["sales"].isna(), 0))
    frame.drop(columns=["noise", "visitors"]).to_csv(tmp_path / "states.csv", index=False)
    read = ReadOptions(target=("sales",), known=("state",))
    found = api.forecast(str(tmp_path / "states.csv"), horizon=HORIZON, read=read, workspace=tmp_path / "ws")
    assert "effect of state=closed: forecast as in such rows before, about 0" in found.notes


def test_when_json_is_asked_for_then_the_effects_are_a_key_of_it(sales, tmp_path, capsys):
    arguments = ["forecast", str(sales), "--target", "sales", "--known", "promo", "--horizon", str(HORIZON)]
    assert main([*arguments, "--workspace", str(tmp_path / "ws"), "--json"]) == 0
    (effect,) = json.loads(capsys.readouterr().out)["effects"]
    assert effect["name"] == "promo"
    assert effect["form"] == "factor"
    assert effect["low"] < effect["effect"] < effect["high"]
    assert effect["level"] == 0.95


def test_only_effects_whose_interval_lies_on_one_side_of_zero_have_a_line():
    def effect(name: str, low: float, high: float, clear: bool = True, **more) -> CovariateEffect:
        event = {"event": name != "promo", "ahead": 1}
        return CovariateEffect(name, "added", (low + high) / 2, low, high, 0.95, False, clear, 1.0, 3, every=3, **event, **more)

    groups = tuple(GroupEffect(name, (low + 1.5) / 2, low, 1.5, 2, "added") for name, low in (("north", -1.0), ("south", 0.5)))
    effects = (
        effect("promo", -1, 1, clear=False),
        effect("24 December", 1, 3),
        effect("4th Friday of December", -1.70, 0.51),
        effect("1 May", -1, 1, groups=groups),
    )
    assert effect_notes(effects) == (
        "effect of 24 December: +2.00 (1.00 … 3.00)",
        "effect of 1 May: north +0.25 (-1.00 … 1.50); south +1.00 (0.50 … 1.50)",
        "applied, but with an interval that includes 0: '4th Friday of December'",
        "no clear effect, not applied: 'promo'",
    )
    assert str(effects[2]) == "4th Friday of December: -0.59 (-1.70 … 0.51); not clear, because the interval includes 0"


def test_when_the_network_forecasts_alone_then_the_known_covariates_are_called_unused(sales, tmp_path):
    found = api.forecast(str(sales), horizon=HORIZON, read=READ, members="network", workspace=tmp_path / "ws")
    assert found.effects == ()
    assert any(note.startswith("not used: 'promo', 'noise'") for note in found.notes)


def test_when_the_future_rows_of_a_known_covariate_end_too_early_then_the_error_says_what_to_do(sales, tmp_path):
    with pytest.raises(DataError, match="known covariates are missing") as caught:
        api.forecast(str(sales), horizon=HORIZON + 3, read=READ, workspace=tmp_path / "ws")
    assert f"--horizon {HORIZON}" in caught.value.hint


def test_when_a_backtest_has_known_covariates_then_zero_shot_reads_them(sales, tmp_path):
    from tsattn.config import BacktestConfig

    config = BacktestConfig(horizon=HORIZON, windows=3, baselines=("seasonal-naive",))
    scores = [
        api.backtest(str(sales), config=config, read=ReadOptions(target=("sales",), known=known), workspace=tmp_path / "ws")
        for known in (("promo",), ("none",))
    ]
    errors = [next(row["MASE"] for row in one.scores.table() if "zero-shot" in str(row["model"])) for one in scores]
    assert errors[0] < 0.7 * errors[1]


def test_when_a_young_series_borrows_a_pattern_then_a_note_names_it_unless_its_forecast_is_left_out(tmp_path):
    import pandas as pd

    rng, days = np.random.default_rng(0), pd.date_range("2024-01-01", periods=120)
    week = np.array([1, 1, 1, 1.1, 1.3, 0.7, 0.5])[np.arange(120) % 7]
    wide = {name: 100 * week * np.exp(0.05 * rng.normal(size=120)) for name in ("a", "b", "c", "new")}
    frame = pd.DataFrame(wide).assign(date=days).melt("date", var_name="shop", value_name="sales")
    frame = frame[(frame["shop"] != "new") | (frame["date"] >= days[-20])]
    line = "short history: 'new' borrows the weekly pattern of 3 longer series"
    assert line in api.forecast(frame, horizon=HORIZON, workspace=tmp_path / "ws").notes
    assert line not in api.forecast(frame, horizon=HORIZON, series=("a",), workspace=tmp_path / "ws").notes


def test_when_two_covariates_are_collinear_then_a_note_says_that_their_effects_cannot_be_separated(sales, tmp_path):
    import pandas as pd

    frame = pd.read_csv(sales)
    frame["discount"] = frame.promo * np.random.default_rng(1).choice([0.2, 0.21, 0.22], len(frame))
    read = ReadOptions(target=("sales",), known=("promo", "noise", "discount"), past=("visitors",))
    found = api.forecast(frame, horizon=HORIZON, read=read, workspace=tmp_path / "ws")
    (note,) = [note for note in found.notes if "collinear" in note]
    assert note.startswith("promo and discount are collinear (correlation 1.00): the data cannot separate their effects")
    apart = api.forecast(str(sales), horizon=HORIZON, read=READ, workspace=tmp_path / "ws")
    assert not any("collinear" in note for note in apart.notes)


@pytest.fixture
def peaks(tmp_path):
    """Two years of sales to 2024-12-10 that rise by 80 % on the 15th of each month and on 4 July."""
    import pandas as pd

    rng, days = np.random.default_rng(0), pd.date_range("2022-12-11", "2024-12-10")
    peak = (days.day == 15) | ((days.month == 7) & (days.day == 4))
    values = (50 + 10 * np.sin(2 * np.pi * np.arange(len(days)) / 7)) * 1.8**peak * np.exp(0.05 * rng.normal(size=len(days)))
    path = tmp_path / "peaks.csv"
    pd.DataFrame({"date": days, "sales": values.round(2)}).to_csv(path, index=False)
    return path


def test_when_dates_repeat_then_those_ahead_are_told_and_json_lists_all(peaks, tmp_path, capsys):
    found = api.forecast(str(peaks), horizon=HORIZON, workspace=tmp_path / "ws")
    (note,) = [note for note in found.notes if note.startswith("effect of ")]
    assert note.startswith("effect of 15th of the month: +")
    assert main(["forecast", str(peaks), "--horizon", str(HORIZON), "--workspace", str(tmp_path / "ws"), "--json"]) == 0
    effects = {effect["name"]: effect for effect in json.loads(capsys.readouterr().out)["effects"]}
    assert {name: effect["ahead"] for name, effect in effects.items()} == {"15th of the month": 1, "4 July": 0}
    assert all(effect["event"] and effect["low"] < 0.8 < effect["high"] for effect in effects.values())


def test_when_the_network_forecasts_alone_then_dates_are_not_read(peaks, tmp_path):
    found = api.forecast(str(peaks), horizon=HORIZON, members="network", workspace=tmp_path / "ws")
    assert found.effects == ()


def test_when_holidays_have_effects_then_the_days_before_and_after_are_told_too(tmp_path):
    import pandas as pd

    holidays = pytest.importorskip("holidays").country_holidays("DE", years=(2021, 2022, 2023, 2024))
    rng, days = np.random.default_rng(0), pd.date_range("2021-06-01", "2024-05-17")
    on = np.array([day in holidays for day in days])
    before, after = np.append(on[1:], False) & ~on, np.append(False, on[:-1]) & ~on
    values = 100 * 0.6**on * 0.85**before * 1.2**after * np.exp(0.05 * rng.normal(size=len(days)))
    pd.DataFrame({"date": days, "orders": values.round(2)}).to_csv(tmp_path / "orders.csv", index=False)
    found = api.forecast(
        str(tmp_path / "orders.csv"), horizon=HORIZON, read=ReadOptions(holidays=("DE",)), workspace=tmp_path / "ws"
    )
    effects = {effect.name: effect.effect for effect in found.effects if not effect.event}
    expected = {"holiday DE": -0.4, "before holiday DE": -0.15, "after holiday DE": 0.2}
    assert effects == pytest.approx(expected, abs=0.1)
    median = dict(
        zip(found.forecast.timestamps[0].astype("datetime64[D]").astype(str).tolist(), found.forecast.median[0], strict=True)
    )
    assert median["2024-05-20"] < 0.75 * median["2024-05-18"]  # Whit Monday, which was on 29 May a year before
    assert median["2024-05-21"] > 1.5 * median["2024-05-20"]


def test_when_one_series_has_zeros_then_its_effect_is_a_line_that_names_it_and_the_range_of_the_others_is_given(tmp_path):
    import pandas as pd

    rng, rows, t = np.random.default_rng(0), 300, np.arange(300)
    frames = []
    for name, factor, level in (("a", 1.2, 200), ("b", 1.5, 80), ("c", 1.9, 120), ("rare", 2.5, 1.2)):
        promo = (rng.random(rows) < 0.25).astype(int)
        mean = level * factor**promo * (1 + 0.3 * np.sin(2 * np.pi * t / 7))
        sold = rng.poisson(mean) if name == "rare" else mean * np.exp(0.08 * rng.normal(size=rows))
        days = pd.date_range("2023-01-01", periods=rows)
        frames.append(pd.DataFrame({"shop": name, "date": days, "sales": np.round(sold), "promo": promo}))
    frame = pd.concat(frames)
    frame.loc[frame["date"] > frame["date"].max() - pd.Timedelta(days=HORIZON), "sales"] = np.nan
    frame.to_csv(tmp_path / "shops.csv", index=False)
    found = api.forecast(str(tmp_path / "shops.csv"), horizon=HORIZON, read=ReadOptions(known=("promo",)), workspace=tmp_path)
    lines = [note for note in found.notes if note.startswith("effect of promo")]
    assert "by series, from +2" in lines[0]
    assert "(a) to +" in lines[0]
    assert lines[0].endswith("(3 of 4 series)")
    assert lines[1].endswith("; in rare (1 of 4 series)")


def test_when_amounts_are_pooled_over_sites_of_different_size_then_the_smallest_and_the_largest_are_named(tmp_path):
    import pandas as pd

    rng, days, sites = np.random.default_rng(0), 150 + HORIZON, []
    for size in (5, 500):
        promo, heat = (rng.random(days) < 0.3) * 1.0, 10 + 12 * np.sin(2 * np.pi * np.arange(days) / 60) + rng.normal(0, 2, days)
        values = size * (3 * promo + 0.4 * np.maximum(heat - 12, 0) + 0.3 * np.maximum(8 - heat, 0) + rng.normal(0, 1, days) - 1)
        values[150:] = np.nan
        day = pd.date_range("2024-01-01", periods=days)
        sites.append(pd.DataFrame({"day": day, "site": f"of {size}", "load": values, "promo": promo, "heat": heat}))
    read = ReadOptions(item=("site",), target=("load",), known=("promo", "heat"))
    promo, below, above = api.forecast(pd.concat(sites), horizon=HORIZON, read=read, workspace=tmp_path / "ws").effects
    assert promo.form == "added"
    assert [one.name for one in promo.range] == ["of 5", "of 500"]
    assert 10 < promo.range[0].effect < 20
    assert 1000 < promo.range[1].effect < 2000
    assert [one.name for one in below.range] == ["of 500", "of 5"], "a fall is smallest where it is steepest"
    assert [one.name for one in above.range] == ["of 5", "of 500"]
    assert "; by series, from +" in str(promo)


def test_when_sums_are_forecast_then_the_effects_are_those_of_the_items_alone(tmp_path):
    import pandas as pd

    rng, days, shops = np.random.default_rng(0), 150 + HORIZON, []
    promo = (rng.random(days) < 0.3) * 1.0
    for shop, size in (("a", 10), ("b", 100)):
        values = size * np.exp(0.4 * promo + rng.normal(0, 0.05, days))
        values[150:] = np.nan
        shops.append(
            pd.DataFrame({"day": pd.date_range("2024-01-01", periods=days), "shop": shop, "sales": values, "promo": promo})
        )
    read = ReadOptions(target=("sales",), known=("promo",))
    about = {"horizon": HORIZON, "read": read, "workspace": tmp_path / "ws"}
    (effect,) = api.forecast(pd.concat(shops), hierarchy=["shop"], **about).effects
    assert (effect.series, effect.every) == (2, 2), "without the total"


def new_item(names, promoted):
    """150 days of each series and 7 more of a plan; only the series in `promoted` had promotions, which raise sales by half."""
    import pandas as pd

    rng, rows, parts = np.random.default_rng(3), 150 + HORIZON, []
    for name in names:
        promo = (rng.random(rows) < 0.2) * (name in promoted)
        promo[150:] = np.arange(HORIZON) == 3
        values = rng.uniform(40, 80) * 1.5**promo * np.exp(0.05 * rng.normal(size=rows))
        days = pd.date_range("2024-01-01", periods=rows)
        parts.append(pd.DataFrame({"date": days, "item": name, "promo": promo.astype(int), "sales": values}))
        parts[-1].loc[150:, "sales"] = np.nan
    return pd.concat(parts, ignore_index=True)


def test_when_an_item_never_had_a_promotion_then_it_gets_the_effect_of_the_others(tmp_path):
    others = [f"old{k}" for k in range(5)]
    read = ReadOptions(target=("sales",), item=("item",), known=("promo",))
    frame = new_item([*others, "new"], others)
    found = api.forecast(frame, horizon=HORIZON, read=read, workspace=tmp_path / "ws")
    median = found.forecast.median[found.forecast.item_ids.index("new")]
    assert median[3] / median[[2, 4]].mean() == pytest.approx(1.5, rel=0.1)
    assert not any("unknown effect" in note for note in found.notes)


def test_when_no_series_ever_had_a_promotion_then_a_note_says_that_its_effect_is_unknown(tmp_path):
    read = ReadOptions(target=("sales",), item=("item",), known=("promo",))
    found = api.forecast(new_item(["new", "newer"], []), horizon=HORIZON, read=read, workspace=tmp_path / "ws")
    (note,) = [note for note in found.notes if "promo" in note]
    assert note.startswith("unknown effect, not applied: 'promo' never varied in these histories")
