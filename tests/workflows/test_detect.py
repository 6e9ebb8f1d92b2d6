"""`tsattn detect` from Python and from the command line: table, JSON, files, pictures, exit codes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import tsattn
from tsattn.cli.main import main
from tsattn.errors import ConfigError, DataError


def write(path, rows: int = 300, spike: int | None = 250, items: int = 1):
    """A CSV of hours with one spike in the first series."""
    rng = np.random.default_rng(0)
    frames = []
    for i in range(items):
        y = 10 + 3 * np.sin(np.arange(rows) * 2 * np.pi / 24) + rng.normal(0, 0.3, rows)
        if spike is not None and i == 0:
            y[spike] += 40
        time = pd.date_range("2024-01-01", periods=rows, freq="h")
        frames.append(pd.DataFrame({"item": f"s<{i}>", "time": time, "y": y.round(3)}))
    table = pd.concat(frames)
    (table if items > 1 else table[["time", "y"]]).to_csv(path, index=False)
    return str(path)


@pytest.fixture(scope="module")
def spiked(tmp_path_factory):
    return write(tmp_path_factory.mktemp("detect") / "load.csv")


def test_when_a_value_is_far_off_then_the_result_names_it(spiked, saved):
    found = tsattn.detect(spiked, model=saved, level=0.9999)
    worst = found.to_pandas().sort_values("score").iloc[-1]
    assert worst["timestamp"] == pd.Timestamp("2024-01-11 10:00")
    assert worst["anomaly"]
    assert worst["low"] < worst["expected"] < worst["high"] < worst["value"]
    assert found.found >= 1
    assert found.by_chance == pytest.approx(0.0252)


def test_when_there_is_an_anomaly_then_the_exit_code_is_1_and_the_table_fits_80_columns(spiked, saved, capsys):
    assert main(["detect", spiked, "--model", str(saved), "--level", "0.9999", "--quiet"]) == 1
    printed = capsys.readouterr().out
    assert "2024-01-11 10:00" in printed
    assert "expected by chance at 99.99 %" in printed
    assert max(map(len, printed.splitlines())) <= 90


def test_when_names_differ_only_in_the_middle_then_the_table_and_the_flat_lines_show_which_series_it_is(tmp_path, saved, capsys):
    path = tmp_path / "wide.csv"
    rng = np.random.default_rng(0)
    load = {f'cpu{{instance="web-{k:02d}", job="node"}}': 10 + rng.normal(0, 0.3, 300) for k in range(3)}
    load['cpu{instance="web-01", job="node"}'][250] += 40
    load['cpu{instance="web-02", job="node"}'][240:280] = 10.5
    pd.DataFrame({"time": pd.date_range("2024-01-01", periods=300, freq="h"), **load}).to_csv(path, index=False)
    assert main(["detect", str(path), "--model", str(saved), "--level", "0.9999", "--quiet"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("web-01  2024-01-11 10:00") for line in lines)
    assert any(line.startswith("web-02, ") and "flat at 10.5" in line for line in lines)
    assert [line for line in lines if "job=" in line] == ['series: cpu{instance="…", job="node"}']


def test_when_there_is_no_anomaly_then_the_exit_code_is_0_and_that_is_said(tmp_path, saved, capsys):
    path = write(tmp_path / "calm.csv", spike=None)
    assert main(["detect", path, "--model", str(saved), "--level", "0.99999999", "--last", "24", "--quiet"]) == 0
    assert "no anomaly among 24 rows" in capsys.readouterr().out


def test_when_json_is_asked_for_then_each_anomaly_is_an_object(spiked, saved, capsys):
    assert main(["detect", spiked, "--model", str(saved), "--level", "0.9999", "--json", "--last", "100"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["level"], found["rows"], found["step"]) == (0.9999, 100, 6)
    worst = max(found["anomalies"], key=lambda one: one["score"])
    assert worst["timestamp"].startswith("2024-01-11T10:00")
    assert worst["p_value"] < 1e-4
    assert set(worst) == {"item_id", "timestamp", "value", "expected", "low", "high", "score", "p_value", "flat_rows", "kind"}
    assert {one["kind"] for one in found["anomalies"]} <= {"above", "below", "flat"}
    assert worst["kind"] == ("above" if worst["value"] > worst["high"] else "below")


def test_when_files_are_asked_for_then_they_hold_all_scores_and_the_pictures(tmp_path, saved, capsys):
    data = write(tmp_path / "two.csv", items=2)
    out, pictures = tmp_path / "scores.parquet", [tmp_path / f"a.{kind}" for kind in ("png", "svg", "html")]
    words = ["detect", data, "--model", str(saved), "-o", str(out), "--last", "60", "--plot", "terminal", "--quiet"]
    assert main([*words, *(word for picture in pictures for word in ("--plot", str(picture)))]) == 1
    table = pq.read_table(out)
    assert table.column_names[:2] == ["item_id", "timestamp"]
    assert table.num_rows == 120
    assert all(picture.stat().st_size > 1000 for picture in pictures)
    page = pictures[2].read_text("utf-8")
    assert "s&lt;0&gt;" in page
    assert "s<0>" not in page
    assert "▲" in capsys.readouterr().out


def test_when_some_series_are_named_then_only_these_are_scored(tmp_path, saved):
    data = write(tmp_path / "three.csv", items=3)
    found = tsattn.detect(data, model=saved, series="s<1>", last=24)
    assert set(found.to_pandas()["item_id"]) == {"s<1>"}
    with pytest.raises(ConfigError, match="no series"):
        tsattn.detect(data, model=saved, series="s1")


def test_when_no_row_can_be_scored_then_the_error_says_why(tmp_path, saved):
    with pytest.raises(DataError, match="has 30 rows, and needs more than 48"):
        tsattn.detect(write(tmp_path / "short.csv", rows=30, spike=None), model=saved, read={"freq": "h"})


@pytest.mark.parametrize(("name", "value"), [("level", 1.0), ("level", 0.2), ("last", 0), ("step", 0)])
def test_when_a_setting_cannot_be_then_it_is_named(spiked, saved, name, value):
    with pytest.raises(ConfigError, match=name):
        tsattn.detect(spiked, model=saved, **{name: value})


def test_when_many_rows_are_scored_then_expected_false_alarms_are_reported_and_a_level_is_proposed(spiked, saved):
    found = tsattn.detect(spiked, model=saved)
    assert any("by chance; --level 0.999 expects 0.25" in note for note in found.notes)


def test_when_a_sensor_is_stuck_then_the_run_and_the_longest_one_before_it_are_described(tmp_path, saved, capsys):
    rows = 400
    values = (20 + 5 * np.sin(2 * np.pi * np.arange(rows) / 24) + np.random.default_rng(0).normal(0, 1, rows)).round(2)
    values[300:330] = values[299]
    frame = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=rows, freq="h"), "value": values})
    frame.to_csv(tmp_path / "stuck.csv", index=False)
    page = tmp_path / "stuck.html"
    assert (
        main(["detect", str(tmp_path / "stuck.csv"), "--model", str(saved), "--level", "0.999", "--plot", str(page), "--quiet"])
        == 1
    )
    said = f"2024-01-14 17:00: flat at {values[299]:.2f} for 31 rows; the longest flat run before was"
    assert said in capsys.readouterr().out
    assert said in page.read_text("utf-8")


def test_when_the_network_does_not_read_known_covariates_then_their_effects_come_by_regression_without_the_ensemble(
    tmp_path, shipped, own_workspace, monkeypatch
):
    from tsattn.forecasting.ensemble.ensemble import Ensemble

    rng = np.random.default_rng(1)
    promo = (rng.random(300) < 0.2).astype(int)
    sales = 100 + 60 * promo + rng.normal(0, 3, 300)
    day = pd.date_range("2024-01-01", periods=300, freq="D")
    frame = pd.DataFrame({"day": day, "sales": sales.round(1), "promo": promo})
    monkeypatch.setattr(Ensemble, "predict", lambda *_: pytest.fail("the ensemble is slow"))
    found = tsattn.detect(frame, last=30, read={"known": ["promo"]})
    rows = found.to_pandas()
    on = promo[-30:] == 1
    assert rows["expected"][on].mean() - rows["expected"][~on].mean() == pytest.approx(60, abs=15)
    assert "known covariates are read by regression, which takes longer; --members network ignores them" in found.notes
