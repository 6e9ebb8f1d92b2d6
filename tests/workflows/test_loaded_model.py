"""Match of data and models: the model's grid, and the columns that it was trained on."""

from __future__ import annotations

import dataclasses
import os
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests import tiny
from tsattn.config import ReadOptions
from tsattn.data.panel import Panel, Schema
from tsattn.data.store import save_panel
from tsattn.errors import ConfigError, DataError
from tsattn.forecasting.predict import predict
from tsattn.model import runtime
from tsattn.workflows import find_model
from tsattn.workflows.loaded_model import averaged, behind, check_fits, read_for, unaided, with_members


def card_of(freq: str, target: tuple[str, ...] = ("y",), source: str | None = None) -> Any:
    inputs = {"past": 0, "known": len(choose_calendar(freq)), "static": 0}
    schema = Schema(timestamp="t", target=target)
    return SimpleNamespace(
        name="m",
        scored_as="m",
        freq=freq,
        schema=schema,
        source={"read": {}, "source": source},
        inputs=inputs,
        model=tiny.MODEL,
        leads=False,
        created="2024-01-01T00:00",
        scores=[],
    )


def choose_calendar(freq: str) -> tuple[str, ...]:
    from tsattn.data.freq import Freq, calendar_names

    return calendar_names(Freq.parse(freq))


def frame(freq: str, rows: int = 60, **columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"t": pd.date_range("2024-01-01", periods=rows, freq=freq)} | (columns or {"y": np.arange(float(rows))}))


@pytest.mark.parametrize("coarse", ["D", "6h", "MS"])
def test_when_data_is_coarser_than_the_model_then_it_is_refused_and_not_spread_over_a_finer_grid(coarse):
    panel, _ = read_for(card_of("h"), frame(coarse), ReadOptions())
    with pytest.raises(ConfigError, match="steps of h, and this data has steps of") as caught:
        check_fits(card_of("h"), panel, "m/1")
    assert "tsattn train DATA" in caught.value.hint
    assert "--resample" not in caught.value.hint


def test_when_the_rows_have_no_even_step_then_a_much_finer_model_does_not_make_one():
    uneven = frame("D", 40).drop(index=[3, 4, 8]).reset_index(drop=True)
    uneven.loc[20:, "t"] += pd.Timedelta("7h")
    with pytest.raises(DataError, match="mixed frequencies"):
        read_for(card_of("h"), uneven, ReadOptions())


def test_when_data_is_finer_than_the_model_then_the_error_says_how_to_aggregate_its_rows():
    panel, _ = read_for(card_of("D"), frame("h", 100), ReadOptions())
    with pytest.raises(ConfigError) as caught:
        check_fits(card_of("D"), panel, "m/1")
    assert "--resample D --agg mean" in caught.value.hint


def test_when_a_few_rows_only_look_like_another_frequency_then_the_models_is_taken():
    panel, _ = read_for(card_of("B"), frame("D", 4), ReadOptions())  # a Monday to a Thursday
    assert panel.freq.alias == "B"
    panel, _ = read_for(card_of("h"), frame("h", 1), ReadOptions())
    assert panel.freq.alias == "h"


def test_when_new_data_lacks_one_target_of_the_model_then_a_warning_names_it():
    _, report = read_for(card_of("D", ("a", "b")), frame("D", a=np.arange(60.0), c=np.arange(60.0)), ReadOptions())
    assert any("no column 'b', which m was also trained on" in warning for warning in report.warnings)
    _, report = read_for(card_of("D", ("a", "b")), frame("D", a=np.arange(60.0), b=np.arange(60.0)), ReadOptions())
    assert report.warnings == ()


@pytest.mark.parametrize("names", [("a", "c"), ("c",)])
def test_when_the_models_own_data_lost_a_target_then_it_is_an_error_that_names_it(tmp_path, names):
    path = tmp_path / "own.csv"
    frame("D", **{name: np.arange(60.0) for name in names}).to_csv(path, index=False)
    card = card_of("D", ("a", "b"), os.path.abspath(path))
    ref: Any = SimpleNamespace(path=tmp_path)
    with pytest.raises(DataError, match=r"no column .*'b' any more"):
        find_model._again(ref, card, str(path), ReadOptions())
    named = find_model._again(ref, card, str(path), ReadOptions(target=names))  # the user knows
    assert named.panel.schema.target == names


def test_when_a_model_lost_its_own_backtest_then_choosing_it_says_so():
    scores = [{"model": "m", "MASE": 2.0, "WQL": 2.0}, {"model": "drift", "MASE": 1.0, "WQL": 1.0}]
    ref: Any = SimpleNamespace(path="w")
    for mine, warned in ((2.0, True), (0.5, False)):
        card = card_of("D")
        card.scores = [scores[0] | {"MASE": mine, "WQL": mine}, scores[1]]
        notes = find_model._again(ref, card, frame("D"), ReadOptions()).notes
        assert any("does NOT beat" in note for note in notes) is warned


def test_when_series_ended_before_the_others_by_more_than_the_horizon_then_it_is_reported():
    series, start = [np.arange(1.0, n) for n in (101, 60, 88, 87)], np.datetime64("2024-01-01")
    panel = Panel.from_arrays(series, freq="D", start=start, item_ids=["alive", "dead", "late", "later"])
    about = "dead ends at 2024-02-28, and the newest row is of 2024-04-09"
    assert behind(panel, 14) == (f"2 series ended long ago ({about}): their forecasts begin where they end, and lie before that",)
    assert behind(panel, 15) == (f"{about}: its forecast begins where it ends, and lies before that",)
    assert behind(panel, 14, ("alive", "dead", "late")) == behind(panel, 15)
    assert behind(panel, 14, ("alive", "late")) == ()
    assert behind(panel, 42) == ()
    assert behind(Panel.from_arrays(series, freq="D"), 1) == ()
    assert behind(Panel.from_arrays(series, freq="step", start=np.datetime64(0, "us")), 1) == ()


@pytest.mark.parametrize("options", [{}, {"calendar": "none"}, {"freq": "D", "known": ("promo",)}])
def test_when_an_ingested_panel_is_read_for_a_model_then_reading_options_of_the_training_do_not_apply(tmp_path, options):
    save_panel(read_for(card_of("D"), frame("D"), ReadOptions())[0], tmp_path / "panel.parquet")
    card = card_of("D")
    card.source["read"] = options
    panel, report = read_for(card, tmp_path / "panel.parquet", ReadOptions())
    assert (panel.freq.alias, report.rows) == ("D", 60)
    with pytest.raises(ConfigError, match="already ingested"):
        read_for(card, tmp_path / "panel.parquet", ReadOptions(calendar="none"))


def test_when_a_model_is_averaged_with_zero_shot_then_it_forecasts_between_both(zero_shot, monkeypatch):
    monkeypatch.setenv("TSATTN_ZERO_SHOT", str(zero_shot))
    network = tiny.scrambled()
    plain = tiny.card_of(network)
    panel = tiny.waves((200,))
    loaded = runtime.of_network(network, plain)
    averaged = with_members(dataclasses.replace(plain, zero_shot=0.25), loaded, None)
    assert averaged.name == dataclasses.replace(plain, zero_shot=0.25).scored_as
    trained, ensemble = with_members(plain, loaded, "network"), averaged.parts[1]
    made = [predict(one, panel, horizon=12)[0].values for one in (trained, ensemble, averaged)]
    np.testing.assert_allclose(made[2], 0.75 * made[0] + 0.25 * made[1], rtol=1e-4, atol=1e-4)
    assert not np.allclose(made[0], made[2])


def test_when_members_are_named_then_there_is_no_average(zero_shot, monkeypatch):
    monkeypatch.setenv("TSATTN_ZERO_SHOT", str(zero_shot))
    network = tiny.scrambled()
    card = dataclasses.replace(tiny.card_of(network), zero_shot=0.5)
    assert with_members(card, runtime.of_network(network, card), "network").name == card.name
    assert with_members(card, runtime.of_network(network, card), ["ridge"]).name == f"{card.name} + members"


def test_when_known_covariates_are_missing_then_the_model_forecasts_without_its_trees(zero_shot, monkeypatch):
    monkeypatch.setenv("TSATTN_ZERO_SHOT", str(zero_shot))
    network, panel = tiny.scrambled(), tiny.waves((200,))
    card = dataclasses.replace(tiny.card_of(network), zero_shot=0.25, trees=0.5)
    loaded = runtime.of_network(network, card)
    loaded.trees = lambda: pytest.fail("the trees were fitted with the covariates")
    made = [predict(one, panel, horizon=12)[0].values for one in (unaided(card, loaded, None), averaged(loaded, 0.25))]
    np.testing.assert_allclose(made[0], made[1], rtol=1e-5)


def test_when_a_network_was_trained_with_known_covariates_then_zero_shot_stands_in_for_it(zero_shot, monkeypatch):
    network, panel = tiny.scrambled(past=1, known=5, static=1), tiny.without_known(tiny.with_covariates())
    card = tiny.card_of(network)
    loaded = runtime.of_network(network, card).steady()
    assert unaided(card, loaded, None) is None, "the package has no model"
    monkeypatch.setenv("TSATTN_ZERO_SHOT", str(zero_shot))
    shipped = runtime.load(zero_shot)
    both = unaided(card, loaded, None), with_members(shipped.card, shipped.steady(), None)
    made = [predict(one, panel, horizon=12)[0].values for one in both]
    np.testing.assert_array_equal(made[0], made[1])


def test_when_most_columns_of_a_wide_table_end_together_then_the_rows_after_them_are_the_future():
    series = [np.arange(1.0, n) for n in (101, 60, 80, 80, 80, 80)]
    panel = Panel.from_arrays(series, freq="D", start=np.datetime64("2024-01-01"), item_ids=list("abcdef"))
    wide = dataclasses.replace(panel, schema=Schema(target=tuple("abcdef")))
    assert behind(panel, 14)[0].startswith("5 series ended long ago")
    assert behind(wide, 14) == (
        "b ends at 2024-02-28, and the newest row is of 2024-03-19: its forecast begins where it ends, and lies before that",
    )
