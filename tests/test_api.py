"""The whole road with a network too small to be good: train, save, load, forecast, backtest, from Python and the shell."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import tsattn
from tsattn import api
from tsattn.cli.main import main
from tsattn.config import BacktestConfig, ReadOptions
from tsattn.errors import ConfigError, DataError, LockedError
from tsattn.events import Listener, Work
from tsattn.forecasting.frame import Forecast
from tsattn.model.card import read_card
from tsattn.workspace import Workspace

# with a horizon of 7 days, the graph of this architecture is traced once for all tests
TINY = {"context": 48, "patch": 8, "width": 16, "heads": 2, "layers": 1}
QUICK = {"steps": 4, "batch": 4, "warmup": 1, "device": "cpu"}


def write_data(path: Path, days: int = 160) -> Path:
    """Two shops, long format, the second one shorter."""
    rows = ["day,shop,sales"]
    for shop, first, size in (("north", 0, 100), ("south", 60, 170)):
        for day in range(first, days):
            stamp = np.datetime64("2024-01-01") + day
            rows.append(f"{stamp},{shop},{size + 10 * np.sin(day * 2 * np.pi / 7) + day * 0.1:.3f}")
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("road")


@pytest.fixture(scope="module")
def data(place):
    return write_data(place / "shops.csv")


@pytest.fixture(scope="module")
def trained(place, data):
    heard: dict[str, list] = {"report": [], "note": [], "progress": []}
    listener = Listener(*(heard[name].append for name in ("report", "note", "progress")))
    made = tsattn.train(data, horizon=7, workspace=place / "w", model=TINY, training=QUICK, listener=listener)
    return made, heard


@pytest.fixture
def shell(trained, place, monkeypatch, capsys):
    """Run a command line in the workspace of the trained model: (exit code, stdout, stderr)."""
    monkeypatch.setenv("TSATTN_WORKSPACE", str(place / "w"))

    def run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(word) for word in words])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def test_when_a_model_is_trained_then_it_is_saved_and_scored_and_the_result_says_whether_it_is_worth_using(trained):
    made, heard = trained
    card = read_card(made.ref.path)
    assert str(made.ref) == "shops/1"
    assert [row["model"] for row in card.scores] == ["shops", "naive", "seasonal-naive", "drift"]
    assert made.scores.windows == 2 * made.plan.windows
    assert made.beats_naive in (True, False)
    assert ("does not" in made.verdict.lower()) is not made.beats_naive
    assert len(heard["report"]) == 1
    assert any("horizon: 7" in note for note in heard["note"])
    steps = [now for now in heard["progress"] if not isinstance(now, Work)]
    assert steps[-1].step == steps[-1].steps == 5  # four, and one more on all rows
    scored = [now for now in heard["progress"] if isinstance(now, Work)]
    assert scored[-1].done == scored[-1].total
    json.dumps(made.to_mapping(), allow_nan=False)


def test_when_the_test_tail_is_held_back_then_the_card_knows_it_and_holds_no_rows(trained, data):
    made, _ = trained
    source = read_card(made.ref.path).source
    assert source["source"] == str(data)
    assert source["test"] == {"windows": made.plan.windows, "horizon": 7}
    assert "100." not in (made.ref.path / "config.json").read_text("utf-8").partition('"scores"')[0]


def test_when_paths_are_asked_for_then_the_file_holds_them_and_the_model_gives_the_same(trained, place, data, tmp_path):
    found = api.forecast(data, workspace=place / "w", paths=5, seed=2, output=tmp_path / "paths.parquet")
    table = pq.read_table(tmp_path / "paths.parquet").to_pandas()
    assert list(table.columns) == ["item_id", "cutoff", "path", "timestamp", "value"]
    assert len(table) == 2 * 5 * 7
    assert found.to_mapping()["paths"] == 5
    assert found.forecast.values.shape == (2, 7, 9)
    made = tsattn.load(workspace=place / "w").predict_paths(str(data), paths=5, seed=2)
    np.testing.assert_array_equal(made.values.transpose(0, 2, 1).reshape(-1), table.value.to_numpy())
    values = tsattn.load(workspace=place / "w").predict_paths([np.arange(60.0), np.arange(30.0)], 4, paths=3)
    assert values.shape == (2, 4, 3)
    assert np.isfinite(values).all()


def test_when_nothing_is_named_then_forecast_reads_the_data_again_from_its_new_end(trained, place, data):
    before = api.forecast(workspace=place / "w")
    assert before.forecast.cutoffs[0] == np.datetime64("2024-06-08", "us")
    text = data.read_text()
    try:
        write_data(data, days=165)
        after = api.forecast(workspace=place / "w")
    finally:
        data.write_text(text)
    assert after.forecast.cutoffs[0] == np.datetime64("2024-06-13", "us")
    assert after.forecast.item_ids == ("north", "south")
    assert after.forecast.horizon == 7


def test_when_the_data_has_new_items_and_other_columns_then_the_model_forecasts_them(trained, place, tmp_path):
    frame = pd.DataFrame({"date": pd.date_range("2024-01-01", periods=50), "price": np.arange(50.0)})
    frame.to_csv(tmp_path / "other.csv", index=False)
    made = api.forecast(tmp_path / "other.csv", workspace=place / "w", horizon=20)
    assert made.forecast.horizon == 20
    assert "shops/1" in made.notes[0]
    assert "price" in made.notes[0]


def test_when_no_model_has_the_frequency_then_the_error_says_which_it_was(trained, place, tmp_path):
    pd.DataFrame({"t": pd.date_range("2024-01-01", periods=50, freq="h"), "y": np.arange(50.0)}).to_csv(
        tmp_path / "h.csv", index=False
    )
    with pytest.raises(ConfigError, match="trained on steps of D, and this data has steps of h"):
        api.forecast(tmp_path / "h.csv", workspace=place / "w")


def test_when_arrays_are_given_then_quantiles_of_each_come_back(trained, place):
    model = tsattn.load(workspace=place / "w")
    series = [np.arange(50.0), np.array([1.0, np.nan, 3.0])]
    values = model.predict(series, horizon=9, quantiles=[0.1, 0.5, 0.9])
    assert values.shape == (2, 9, 3)
    assert values.dtype == np.float32
    assert (np.diff(values, axis=-1) >= 0).all()
    assert model.predict(series[0]).shape == (1, 7, 9)
    assert np.allclose(model.predict([series[0]], horizon=9, freq="D", quantiles=[0.1, 0.5, 0.9])[0], values[0], rtol=1e-4)


def test_when_an_array_has_no_value_then_the_error_says_which(trained, place):
    with pytest.raises(DataError, match="series 1 of 2"):
        tsattn.load("shops", workspace=place / "w").predict([np.arange(5.0), np.full(4, np.nan)])


def test_when_a_frame_or_a_panel_is_given_then_a_forecast_comes_back(trained, place, data):
    model = tsattn.load("shops/1", workspace=place / "w")
    frame = pd.read_csv(data, parse_dates=["day"])
    from_frame, from_path = model.predict(frame), model.predict(str(data))
    panel = api.ingest(data).panel
    from_panel = model.predict(panel, horizon=7)
    for made in (from_frame, from_path, from_panel):
        assert isinstance(made, Forecast)
        assert np.array_equal(made.values, from_path.values)
    assert list(from_path.to_pandas().columns[:3]) == ["item_id", "cutoff", "timestamp"]


def test_when_a_model_is_scored_on_its_own_data_then_only_the_held_back_windows_are(trained, place, data):
    made, _ = trained
    scored = tsattn.backtest(data, workspace=place / "w")
    assert scored.scores.windows == made.scores.windows
    assert scored.scores.score("shops", "WQL") == pytest.approx(made.scores.score("shops", "WQL"), rel=1e-6)
    more = tsattn.backtest(data, workspace=place / "w", config=BacktestConfig(windows=12))
    assert any("its scores are too good" in note for note in more.notes)


def test_when_results_are_shown_then_each_is_one_short_line_and_tables_are_html_in_notebooks(trained, place, data):
    found = api.forecast(data, workspace=place / "w")
    scored = tsattn.backtest(data, workspace=place / "w", windows=1)
    listed = tsattn.models(workspace=place / "w")
    results = (trained[0], found, scored, listed, api.ingest(data), tsattn.describe(workspace=place / "w"))
    for result in results:
        assert len(repr(result).splitlines()) == 1
        assert repr(result).startswith(f"<{type(result).__name__} ") or repr(result).startswith(f"<{type(result).__name__}:")
        assert "array(" not in repr(result)
    assert "shops/1" in listed._repr_html_()
    assert "seasonal-naive" in scored._repr_html_()
    assert "north" in found._repr_html_()


def test_when_listening_then_a_call_shows_its_notes_on_stderr(trained, place, data, capsys):
    with tsattn.listening() as listener:
        api.forecast(data, workspace=place / "w", listener=listener)
    assert "shops/1" in capsys.readouterr().err


def test_when_a_leaderboard_is_asked_for_then_the_network_and_each_member_have_a_row(trained, place, data, tmp_path):
    plot = tmp_path / "backtest.png"
    scored = tsattn.backtest(
        data, workspace=place / "w", windows=2, members=["ridge", "naive"], leaderboard=True, conformal=True, plot=plot
    )
    assert set(scored.scores.models) == {
        *("shops + members", "shops + members + conformal", "shops", "ridge", "naive", "seasonal-naive", "drift")
    }
    assert any(note.startswith("ensemble weights") for note in scored.notes)
    assert len(scored.verdicts) == 2
    assert plot.read_bytes()[:4] == b"\x89PNG"
    assert plot in scored.files


def test_when_conformal_quantiles_are_asked_for_then_they_differ_and_a_note_says_what_they_rest_on(trained, place, data):
    plain = api.forecast(data, workspace=place / "w", quantiles=(0.1, 0.5, 0.9))
    moved = api.forecast(data, workspace=place / "w", quantiles=(0.1, 0.5, 0.9), conformal=True)
    assert moved.forecast.quantiles == plain.forecast.quantiles
    assert not np.array_equal(moved.forecast.values, plain.forecast.values)
    assert any("hold-out errors" in note for note in moved.notes)


def test_when_a_file_per_series_is_asked_for_then_each_has_the_named_columns(shell, data, tmp_path):
    code, out, _ = shell(
        "forecast", data, "-o", tmp_path / "{item_id}.csv", "--columns", "item_id=shop,0.5=median", "--quantiles", "0.5", "--json"
    )
    assert code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["north.csv", "south.csv"]
    assert (tmp_path / "south.csv").read_text().splitlines()[0] == "shop,cutoff,timestamp,median"
    assert len(json.loads(out)["written"]) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--columns", "0.5=median"], "renames the columns of a file"),
        (["--columns", "median", "-o", "f.csv"], "OLD=NEW"),
        (["--columns", "0.55=median", "-o", "f.csv"], "no column '0.55'"),
    ],
)
def test_when_columns_are_named_wrongly_then_the_error_comes_before_the_work(shell, data, words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = shell("forecast", data, *words)
    assert code == 2
    assert said in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("horizon", "hours"), [(24, {0}), (12, {0, 12, 23})])
def test_when_the_clock_changes_then_cutoffs_of_the_default_step_keep_their_local_time_if_it_is_whole_days(
    tmp_path, horizon, hours
):
    when = pd.date_range("2024-03-01", "2024-04-04", freq="h", tz="Europe/Berlin")
    pd.DataFrame({"when": when.tz_convert("UTC"), "y": np.arange(len(when)) % 24}).to_csv(tmp_path / "load.csv", index=False)
    config = BacktestConfig(horizon=horizon, windows=8, baselines=("naive",))
    out = tmp_path / "windows.parquet"
    tsattn.backtest(tmp_path / "load.csv", workspace=tmp_path / "none", config=config, output=out, timezone="Europe/Berlin")
    cutoffs = pd.read_parquet(out)["cutoff"].drop_duplicates().dt.tz_convert("Europe/Berlin")
    assert len(cutoffs) == 8
    assert set(cutoffs.dt.hour) == hours


def test_when_two_versions_are_scored_then_each_has_its_own_row(trained, place, data):
    path = trained[0].ref.path
    scored = tsattn.backtest(data, workspace=place / "w", model=["shops", str(path)])
    assert len(set(scored.scores.models[:2])) == 2


def test_when_refit_is_asked_for_then_a_network_is_trained_before_every_cutoff(trained, place, data):
    config = BacktestConfig(windows=1, refit=True, baselines=("naive",))
    scored = tsattn.backtest(data, workspace=place / "w", config=config)
    assert scored.scores.models == ("shops", "naive", "shops (refitted)")


def test_when_another_run_trains_the_name_then_training_is_refused(trained, place, data):
    with Workspace(place / "w").lock("shops"), pytest.raises(LockedError):
        tsattn.train(data, workspace=place / "w", model=TINY, training=QUICK)


def test_when_there_is_nothing_to_resume_then_the_error_says_so(place, data):
    with pytest.raises(ConfigError, match="no interrupted"):
        tsattn.train(data, workspace=place / "w", name="fresh", resume=True)


def test_when_output_cannot_be_written_then_nothing_is_read_or_trained(place):
    with pytest.raises(ConfigError, match="suffix"):
        api.forecast("no-such-file.csv", workspace=place / "w", output="out.xlsx")


def test_when_forecast_is_asked_for_in_the_shell_then_json_files_and_plots_agree(shell, tmp_path):
    code, out, err = shell(
        "forecast", "--json", "-o", tmp_path / "f.parquet", "--plot", tmp_path / "f.svg", "--quantiles", "0.1,0.5"
    )
    document = json.loads(out)
    table = pq.read_table(tmp_path / "f.parquet").to_pydict()
    assert code == 0
    assert document["quantiles"] == [0.1, 0.5]
    assert [f["item_id"] for f in document["forecasts"]] == ["north", "south"]
    listed = [v for f in document["forecasts"] for v in f["quantiles"]["0.5"]]
    assert listed == pytest.approx(table["0.5"])
    assert document["forecasts"][0]["timestamps"][0] == "2024-06-09"
    assert len(document["written"]) == 2
    assert "shops/1" in err


@pytest.mark.parametrize("words", [["forecast", "--plot", "terminal"], ["models"]])
def test_when_results_are_printed_then_they_are_plain_text_on_stdout(shell, words):
    code, out, _ = shell(*words)
    assert code == 0
    assert "shops/1" in out
    assert "\x1b" not in out


def test_when_quiet_is_asked_for_then_stderr_is_empty(shell, data):
    for words in (["forecast"], ["backtest", data], ["ingest", data]):
        code, out, err = shell(*words, "--quiet")
        assert (code, err) == (0, "")
        assert out


def test_when_an_item_cannot_be_forecast_then_the_rest_is_written_and_the_exit_code_is_4(shell, tmp_path):
    path = write_data(tmp_path / "gap.csv")
    path.write_text(path.read_text() + "2024-01-01,empty,\n2024-01-02,empty,\n")
    code, out, err = shell("forecast", path, "--model", "shops", "--item", "shop", "--json")
    assert (code, err.count("Traceback")) in ((4, 0), (0, 0))
    assert [f["item_id"] for f in json.loads(out)["forecasts"]] == ["north", "south"]


def test_when_ingest_writes_a_panel_then_every_command_reads_it(shell, data, tmp_path):
    assert shell("ingest", data, "-o", tmp_path / "panel.parquet")[0] == 0
    code, out, err = shell("forecast", tmp_path / "panel.parquet", "--json")
    assert code == 0, out + err
    again = json.loads(shell("forecast", data, "--json")[1])
    assert json.loads(out)["forecasts"] == again["forecasts"]


def test_when_a_model_folder_is_damaged_then_models_lists_it_and_forecast_names_it(shell, trained, place):
    broken = place / "w" / "models" / "broken" / "0001"
    broken.mkdir(parents=True)
    (broken / "config.json").write_text("{}")
    try:
        assert "cannot be read" in shell("models")[1]
        code, _, err = shell("forecast", "--model", "broken")
        assert code == 1
        assert "Traceback" not in err
        assert shell("forecast")[0] == 0  # a damaged card has no date, so it is not the newest
    finally:
        (broken / "config.json").unlink()


def test_when_options_are_given_at_training_then_they_hold_when_the_data_is_read_again(place, tmp_path):
    path = tmp_path / "dots.csv"
    rows = [f"{d.day:02d}.{d.month:02d}.{d.year};{i % 7},5" for i, d in enumerate(pd.date_range("2024-01-01", periods=90))]
    path.write_text("tag;wert\n" + "\n".join(rows) + "\n")
    read = ReadOptions(date_order="dmy", decimal=",")
    made = tsattn.train(path, workspace=tmp_path / "w", horizon=7, read=read, model=TINY, training=QUICK, test_windows=1)
    assert read_card(made.ref.path).source["read"]["date_order"] == "dmy"
    assert api.forecast(workspace=tmp_path / "w").forecast.cutoffs[0] == np.datetime64("2024-03-30", "us")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one child")
def test_when_training_is_interrupted_then_the_best_so_far_is_saved_and_resume_ends_it(data, tmp_path):
    config = tmp_path / "tiny.toml"
    tiny = "".join(f"{key} = {value}\n" for key, value in TINY.items())
    config.write_text(f"[model]\n{tiny}[train]\nbatch = 4\ndevice = 'cpu'\npatience = 1000000\n")
    words = [sys.executable, "-m", "tsattn", "train", str(data), "--horizon", "7"]
    words += ["--config", str(config), "--workspace", str(tmp_path / "w")]
    models, state = tmp_path / "w" / "models" / "shops", tmp_path / "w" / "training" / "shops"
    run = subprocess.Popen([*words, "--steps", "4000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 600
    while run.poll() is None and time.monotonic() < deadline and not list(state.rglob("step-*")):
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=600)
    assert run.returncode == 130, err
    assert "interrupted" in out
    assert "--resume continues" in err
    first = read_card(models / "0001").fitted
    assert first.stopped == "interrupted"
    # the second run remembers what the first one was asked for
    done = subprocess.run([*words, "--resume", "--max-time", "1s", "--json"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["model"] == "shops/2"
    assert document["plan"]["train"]["steps"] == 4000
    assert first.steps < document["fitted"]["steps"] < 4000
