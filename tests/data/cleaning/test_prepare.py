"""A history is cleaned in one place, once for each window, and the record says exactly what was left out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import tsattn
from tests.tiny import card_of, scrambled, waves
from tsattn.data.cleaning import prepare as cleaning
from tsattn.data.cleaning.prepare import (
    ADDITIVE_OUTLIER,
    GROSS_ERROR,
    LEFT_OUT,
    LEVEL_SHIFT,
    OUTAGE,
    RECENT_OUTLIER,
    SENTINEL,
    prepare,
)
from tsattn.data.panel import Panel
from tsattn.data.windows import gather, last_origins
from tsattn.forecasting.baselines.simple import Naive
from tsattn.forecasting.ensemble.ensemble import combine
from tsattn.forecasting.predict import predict
from tsattn.model import runtime

RNG = np.random.default_rng(0)
CALM = (30 + RNG.normal(0, 1, 400)).round(2).astype(np.float32)


def hit(values: dict[int, float], base: np.ndarray = CALM) -> np.ndarray:
    series = base.copy()
    for at, value in values.items():
        series[at] = value
    return series


def entries(record: cleaning.Cleaning, length: int = 400) -> list[tuple[int, int, int, float]]:
    columns = (record.row, length - record.ago, record.kind, record.value)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_when_windows_hold_faults_of_every_kind_then_each_is_recorded_with_its_place_and_value():
    past = np.stack([CALM, hit({10: -9999, 50: -9999, 90: -9999}), hit({100: 1e9}), hit({200: 55, 399: 60})])
    found = prepare(past, (7,))
    wanted = [(1, 10), (1, 50), (1, 90), (2, 100), (3, 200), (3, 399)]
    kinds = [SENTINEL] * 3 + [GROSS_ERROR, ADDITIVE_OUTLIER, RECENT_OUTLIER]
    assert entries(found.cleaning) == [(*place, k, float(past[place])) for place, k in zip(wanted, kinds, strict=True)]
    left_out = np.zeros(past.shape, bool)
    for row, at in wanted[:5]:
        left_out[row, at] = True
    np.testing.assert_array_equal(np.isnan(found.past), left_out)
    np.testing.assert_array_equal(found.past[~left_out], past[~left_out])
    left_out[3, 200] = False  # as often as it came it may come again
    np.testing.assert_array_equal(np.isnan(found.plausible), left_out)


def test_when_there_was_an_outage_then_it_is_left_out_unless_declared_covariates_may_explain_it():
    values = hit({300: 1.0, 301: 0.5, 302: 0.7, 303: 1.0})
    kinds = {}
    panel = Panel.from_arrays([values], freq="D")
    window = gather(panel, last_origins(panel), 400, 0)
    is_open = np.ones((1, 400, 1), np.float32)
    is_open[0, 300:304] = 0
    declared = dataclasses.replace(window, known=np.concatenate([window.known, is_open], 2))
    for name, batch in (("none", cleaning.prepared(window)), ("declared", cleaning.prepared(declared))):
        kinds[name] = [entry[1:3] for entry in entries(batch.cleaning)]
        np.testing.assert_array_equal(np.flatnonzero(np.isnan(batch.plausible[0])), range(300, 304) if name == "none" else [])
    assert kinds == {"none": [(at, OUTAGE) for at in range(300, 304)], "declared": []}
    assert prepare(values[None], (7,)).cleaning.of(OUTAGE).row.size == 0  # the length of a year is not known


def test_when_a_level_shifted_then_it_is_recorded_and_stays_where_covariates_may_explain_it():
    past = np.where(np.arange(400) >= 380, CALM + 100, CALM)[None]
    found = prepare(past)
    assert [entry[:3] for entry in entries(found.cleaning)] == [(0, 380, LEVEL_SHIFT)]
    assert found.past[0, :380].min() > 100
    assert prepare(past, level_shifts=False).past is past


def test_when_nothing_is_found_then_the_arrays_themselves_come_back():
    found = prepare(CALM[None])
    assert found.past.base is CALM or found.past is found.plausible
    assert len(found.cleaning) == 0
    assert len(prepare(np.zeros((0, 40), np.float32)).cleaning) == 0


def faulty() -> Panel:
    return Panel.from_arrays([hit({350: 1e9, 380: 80}), CALM, hit({360: -999, 370: -999, 381: -999})], freq="D")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    rows: list[int] = []
    own = prepare

    def count(past: np.ndarray, *args: object, **options: object) -> cleaning.Prepared:
        rows.append(len(past))
        return own(past, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(cleaning, "prepare", count)
    return rows


@pytest.mark.parametrize("members", [(), ("naive", "ridge", "holt")], ids=["network", "ensemble"])
def test_when_series_are_forecast_then_each_history_is_cleaned_once(members, counted):
    network = scrambled()
    forecaster = combine(runtime.of_network(network, card_of(network, freq="D")), members)
    made, _ = predict(forecaster, faulty(), horizon=14, quantiles=(0.01, 0.5, 0.99))
    assert sum(counted) == 3
    assert set(made.cleaning.row.tolist()) == {0, 2}


def test_when_a_file_is_forecast_then_cleaning_runs_once_and_the_notes_list_what_was_left_out(tmp_path, counted, zero_shot):
    day = np.datetime64("2024-01-01") + np.arange(400)
    series = hit({100: 1e9, 300: 80, 399: 60})
    lines = [f"{d},{v}" for d, v in zip(day, series.tolist(), strict=True)]
    (tmp_path / "d.csv").write_text("\n".join(["date,y", *lines]), "utf-8")
    done = tsattn.forecast(str(tmp_path / "d.csv"), model=zero_shot, horizon=7, plot=tmp_path / "d.svg")
    assert sum(counted) == 1
    assert [entry[1] for entry in entries(done.forecast.cleaning.of(*LEFT_OUT))] == [100, 300]
    said = [note for note in done.notes if "treated as missing" in note or "kept" in note]
    assert [part for note in said for part in ("1e+09", "80 (", "60 (") if part in note] == ["1e+09", "80 (", "60 ("]


def test_when_a_batch_was_cleaned_then_the_network_does_not_clean_it_again(counted):
    panel = faulty()
    batch = cleaning.prepared(gather(panel, last_origins(panel), 64, 12, covariates=False))
    assert cleaning.prepared(batch) is batch
    network = scrambled()
    forecaster = runtime.of_network(network, card_of(network))
    forecaster.predict(batch)
    forecaster.predict(dataclasses.replace(batch, past_target=batch.past_target[:, ::-1].copy()))
    assert sum(counted) == 3


def test_when_a_baseline_forecasts_then_it_gets_the_history_as_it_was():
    panel = Panel.from_arrays([hit({399: 1e9})], freq="D")
    made, _ = predict(Naive(), panel, horizon=2)
    assert made.median[0, 0] == np.float32(1e9)
    assert len(made.cleaning) == 0


def test_when_forecasts_are_concatenated_or_chosen_then_their_records_follow():
    network = scrambled()
    forecaster = runtime.of_network(network, card_of(network, freq="D"))
    made, _ = predict(forecaster, faulty(), horizon=3)
    both = type(made).concat([made, made])
    assert both.cleaning.row.tolist() == [*made.cleaning.row.tolist(), *(made.cleaning.row + 3).tolist()]
    assert set(both.cleaning.rows([5, 0]).row.tolist()) == {0, 1}
    assert both.cleaning.rows([5]).value.tolist() == made.cleaning.at(2).value.tolist()


def test_when_a_panel_holds_values_that_are_no_observations_then_they_are_missing_for_training():
    panel = faulty()
    found = cleaning.observed(panel).target.reshape(3, 400)
    assert [np.flatnonzero(np.isnan(row)).tolist() for row in found] == [[350], [], [360, 370, 381]]
    calm = waves()
    assert cleaning.observed(calm) is calm


def test_when_a_picture_is_drawn_then_what_the_forecast_left_out_is_not_in_it():
    panel = faulty()
    record = prepare(panel.history(0)[None]).cleaning
    shown = cleaning.shown_history(panel, 0, record=record.at(0))
    assert np.flatnonzero(np.isnan(shown)).tolist() == [350, 380]
    assert not np.isnan(cleaning.shown_history(panel, 0)).any()
