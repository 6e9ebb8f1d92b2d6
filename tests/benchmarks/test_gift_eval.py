"""Harness of the open sets, on small files in the format of the sets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import gift_eval
from benchmarks.published import ANCHORS, PUBLISHED, SETS, published
from benchmarks.recorded import Recorded
from benchmarks.sets import full_name, load_set
from tsattn.data.windows import rolling_origins
from tsattn.errors import ConfigError, DataError
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.predict import predict


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """ETTm1.csv of 2003 rows in two columns, and M4 files of two series of different length."""
    rng = np.random.default_rng(0)
    stamps = np.datetime64("2016-07-01T00:00") + np.timedelta64(15, "m") * np.arange(2003)
    wave = 5 + np.sin(2 * np.pi * np.arange(2003) / 96)[:, None] + rng.normal(size=(2003, 2)) / 5
    rows = [f"{str(s).replace('T', ' ')}:00,{a!r},{b!r}" for s, (a, b) in zip(stamps, wave.tolist(), strict=True)]
    (tmp_path / "ETTm1.csv").write_text("date,HUFL,OT\n" + "\n".join(rows) + "\n")
    (tmp_path / "M4-Hourly-train.csv").write_text('"V1","V2","V3","V4"\n"H1","1","2","3"\n"H2","4","5",""\n')
    (tmp_path / "M4-Hourly-test.csv").write_text('"V1","V2"\n"H1","9"\n"H2","8"\n')
    return tmp_path


def test_hourly_ett_adds_the_four_readings_of_whole_hours(data: Path) -> None:
    quarter, _, _, _ = load_set(data, "ett1/15T")
    hourly, horizon, windows, season = load_set(data, "ett1/H/short")
    assert (len(hourly.history(0)), horizon, season) == (500, 48, 24)
    np.testing.assert_allclose(hourly.history(1)[3], quarter.history(1)[12:16].sum(), rtol=1e-6)
    assert hourly.item_ids == ("HUFL", "OT")
    assert hourly.timestamps(0)[1] == np.datetime64("2016-07-01T01:00")
    assert windows == 2  # ceil(0.1 · 500 / 48)


def test_longer_spans_have_fewer_windows_and_never_none(data: Path) -> None:
    assert load_set(data, "ett1/15T/medium")[1:] == (480, 1, 96)
    assert load_set(data, "ett1/H/long")[1:] == (720, 1, 24)


def test_m4_is_train_and_test_glued_with_one_window(data: Path) -> None:
    panel, horizon, windows, season = load_set(data, "m4_hourly")
    assert [panel.history(i).tolist() for i in range(2)] == [[1, 2, 3, 9], [4, 5, 8]]
    assert (horizon, windows, season) == (48, 1, 24)


def test_sets_have_short_names() -> None:
    for short, full in (("ett1/H", "ett1/H/short"), ("m4_hourly", "m4_hourly/H/short"), ("m4_weekly/W", "m4_weekly/W/short")):
        assert full_name(short) == full_name(full) == full
    with pytest.raises(ConfigError, match="ett9"):
        full_name("ett9/H")


def test_when_a_file_is_missing_then_it_is_named(tmp_path: Path) -> None:
    for name, file in (("ett1/H", "ETTm1.csv"), ("m4_hourly", "M4-Hourly-train.csv")):
        with pytest.raises(DataError, match=file):
            load_set(tmp_path, name)


def test_published_rows_are_whole() -> None:
    assert set(ANCHORS) == set(SETS)
    assert all(len(row) == len(SETS) for row in PUBLISHED.values())
    for name, (mase, wql) in ANCHORS.items():
        assert published(name)["Seasonal naive"] == (round(mase, 3), round(wql, 4))
    assert published("ett2/H/short") == {}


def test_wrong_anchors_end_in_status_1_and_the_scores_are_printed(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = gift_eval.main(["--data", str(data), "--set", "ett1/H", "--model", "naive", "--json"])
    printed = capsys.readouterr()
    assert status == 1, "these are not the real files, so the digits cannot be right"
    assert "WRONG ett1/H/short" in printed.err
    report = json.loads(printed.out)
    assert [row["model"] for row in report] == ["seasonal-naive", "naive"]
    assert report[0]["windows"] == 4
    assert set(report[0]["quantile_coverage"]) == {f"0.{i}" for i in range(1, 10)}


def test_a_set_without_anchors_ends_well(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "ETTm1.csv").rename(data / "ETTm2.csv")
    assert gift_eval.main(["--data", str(data), "--set", "ett2/H"]) == 0
    assert "seasonal-mean" in capsys.readouterr().out


def test_recorded_forecasts_score_as_the_forecaster_that_made_them(data: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    panel, horizon, windows, season = load_set(data, "ett1/H")
    made, _ = predict(SeasonalNaive(season), panel, horizon=horizon, origins=rolling_origins(panel, horizon, windows))
    path = tmp_path / "recorded.parquet"
    shuffled = made.to_arrow().take(np.random.default_rng(0).permutation(made.values[..., 0].size))
    pq.write_table(shuffled, path)
    result = gift_eval.evaluate(data, "ett1/H", [SeasonalNaive(season), Recorded(path, panel)])
    assert result.score("recorded", "WQL") == result.score("seasonal-naive", "WQL")
    pq.write_table(shuffled.slice(1), path)
    with pytest.raises(DataError, match="no forecast of item"):
        gift_eval.evaluate(data, "ett1/H", [Recorded(path, panel)])
