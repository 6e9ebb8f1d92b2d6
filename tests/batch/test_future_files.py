"""The key `future` of a job: future values of known covariates in a file of their own."""

from __future__ import annotations

import csv
import json

import numpy as np
import pandas as pd
import pytest

from tsattn import api
from tsattn.batch.job_file import read_jobs
from tsattn.cli.main import main
from tsattn.data.reading.read import read
from tsattn.errors import ConfigError

START = pd.Timestamp("2024-01-31")  # the first hour after the data
JOB = """
[[job]]
name = "a"
input = "load.csv"
future = "{future}"
model = "zero-shot"
read = {{ target = ["load"] }}
outputs = "out.csv"
"""


@pytest.fixture
def weather(house) -> pd.DataFrame:
    """Writes load.csv, 30 days of two meters that follow the temperature; returns the temperature, with two days more."""
    rng = np.random.default_rng(0)
    stamps = pd.date_range(end=START + pd.Timedelta("47h"), periods=32 * 24, freq="h")
    temp = (10 + 6 * np.sin(np.arange(len(stamps)) / 24 * 2 * np.pi) + np.cumsum(rng.normal(0, 0.4, len(stamps)))).round(2)
    past = stamps < START
    meters = [
        pd.DataFrame({"meter": name, "time": stamps, "load": (size * (100 - 3 * temp + rng.normal(0, 1, len(temp)))).round(2)})
        for name, size in (("a", 1), ("b", 2))
    ]
    pd.concat(meter.assign(temp_c=temp)[past] for meter in meters).to_csv(house / "load.csv", index=False)
    return pd.DataFrame({"time": stamps, "temp_c": temp})


def ahead(weather: pd.DataFrame) -> pd.DataFrame:
    return weather[weather.time >= START]


def written(house) -> list[float]:
    with (house / "out.csv").open(encoding="utf-8") as file:
        return [float(row["0.5"]) for row in csv.DictReader(file)]


def test_when_a_job_has_a_future_file_then_it_forecasts_as_the_command_with_that_file(jobs, house, shipped, weather, capsys):
    ahead(weather).to_csv(house / "weather.csv", index=False)
    path = jobs(JOB.format(future="weather.csv"))
    assert main(["run", str(path)]) == 0
    assert "effect of temp_c: -" in capsys.readouterr().err
    first = written(house)
    asked = api.forecast(house / "load.csv", future=house / "weather.csv", target="load", model="zero-shot")
    np.testing.assert_allclose(first, asked.forecast.median.ravel(), rtol=1e-5)
    warmer = ahead(weather).assign(temp_c=lambda rows: rows.temp_c + 5)
    warmer.to_csv(house / "weather.csv", index=False)
    assert main(["run", str(path), "-q"]) == 0
    assert np.mean(written(house)) < np.mean(first) - 5, "the load falls as it gets warmer"


@pytest.mark.parametrize("future", ["parts", "parts/*.csv", "parts/*.parquet", "url"])
def test_when_the_future_rows_are_in_several_files_then_all_are_read(jobs, house, shipped, weather, future):
    if future == "url":
        pytest.importorskip("fsspec", reason="fsspec is not installed")
        future = f"{house.as_uri()}/parts/*.csv"
    (house / "parts").mkdir()
    for number, rows in enumerate((ahead(weather)[:20], ahead(weather)[20:])):
        if future.endswith("parquet"):
            rows.to_parquet(house / "parts" / f"{number}.parquet", index=False)
        else:
            rows.to_csv(house / "parts" / f"{number}.csv", index=False)
    assert main(["run", str(jobs(JOB.format(future=future))), "-q"]) == 0
    asked = api.forecast(house / "load.csv", future=ahead(weather), target="load", model="zero-shot")
    np.testing.assert_allclose(written(house), asked.forecast.median.ravel(), rtol=1e-5)


def test_when_a_weather_forecast_begins_before_the_end_of_the_data_then_its_earlier_rows_are_ignored(
    jobs, house, shipped, weather
):
    ahead(weather).to_csv(house / "weather.csv", index=False)
    path = jobs(JOB.format(future="weather.csv"))
    assert main(["run", str(path), "-q"]) == 0
    first = written(house)
    early = weather[-60:]
    early.assign(temp_c=early.temp_c + (early.time < START)).to_csv(house / "weather.csv", index=False)
    assert main(["run", str(path), "-q"]) == 0
    assert written(house) == first


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (
            lambda rows: None,
            1,
            "the future file weather.csv does not exist (expected at {house}/weather.csv; relative paths start",
        ),
        (lambda rows: rows.rename(columns={"temp_c": "temp"}), 1, "weather.csv: no column 'temp_c', a known covariate (its col"),
        (
            lambda rows: rows[:30],
            4,
            "fallback: a, b: lacks known covariates in its future rows: temp_c at 18 rows from 2024-02-01 06:00:00 to 2024-02-01 "
            "23:00:00; these rows are forecast without them",
        ),
        (lambda rows: rows.assign(time=rows.time - pd.Timedelta("72h")), 4, "weather.csv is stale: it has no values of 'temp_c'"),
    ],
    ids=["missing", "other columns", "too short", "stale"],
)
def test_when_the_future_file_is_of_no_use_then_the_log_says_why(jobs, house, shipped, weather, capsys, change, code, said):
    if (rows := change(ahead(weather))) is not None:
        rows.to_csv(house / "weather.csv", index=False)
    keys = 'horizon = 48\nread = { target = ["load"], known = ["temp_c"] }'
    path = jobs(JOB.format(future="weather.csv").replace('read = { target = ["load"] }', keys))
    assert main(["run", str(path)]) == code
    assert said.format(house=house) in capsys.readouterr().err


@pytest.mark.parametrize("known", [[*range(30)], [*range(3), *range(5, 48)], []], ids=["short", "gap", "stale"])
def test_when_future_values_are_missing_then_only_these_steps_are_forecast_without_the_covariate(
    jobs, house, shipped, weather, known
):
    def run(rows: pd.DataFrame) -> pd.DataFrame:
        rows.to_csv(house / "weather.csv", index=False)
        keys = 'horizon = 48\nread = { target = ["load"], known = ["temp_c"] }'
        path = jobs(JOB.format(future="weather.csv").replace('read = { target = ["load"] }', keys))
        (house / "out.csv").unlink(missing_ok=True)  # else better forecasts are kept
        assert main(["run", str(path), "-q"]) == (0 if len(rows) == 48 else 4)
        return pd.read_csv(house / "out.csv")

    every = run(ahead(weather))
    last = weather[weather.time < START][-1:]  # else the file has no rows
    found = run(pd.concat([last, ahead(weather).iloc[known]]))
    step = np.tile(np.arange(48), 2)
    np.testing.assert_allclose(found["0.5"][np.isin(step, known)], every["0.5"][np.isin(step, known)], rtol=1e-5)
    assert (found.fallback == ~np.isin(step, known)).all()
    bare = api.forecast(house / "load.csv", target="load", known="none", model="zero-shot", horizon=48)
    without = bare.forecast.median.ravel()[~np.isin(step, known)]
    np.testing.assert_allclose(found["0.5"][found.fallback], without, rtol=1e-5)


def test_when_a_few_steps_lack_a_covariate_then_only_they_count_as_fallbacks(jobs, house, shipped, weather, capsys):
    ahead(weather)[:45].to_csv(house / "weather.csv", index=False)
    keys = 'horizon = 48\nmax_age = "never"\nread = { target = ["load"], known = ["temp_c"] }'
    path = jobs(JOB.format(future="weather.csv").replace('read = { target = ["load"] }', keys))
    assert main(["run", str(path)]) == 4
    assert "partial: 0 items without fallbacks, 2 with fallbacks (6 of their 96 rows), 0 failed" in capsys.readouterr().err
    assert main(["monitor", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["jobs"][0]["fallback_share"] == 6 / 96


def test_when_the_future_file_has_more_series_than_the_data_then_the_run_is_done(jobs, house, shipped, weather, capsys):
    plan = pd.concat(ahead(weather).assign(meter=name) for name in "abcd")
    plan.to_csv(house / "weather.csv", index=False)
    assert main(["run", str(jobs(JOB.format(future="weather.csv"))), "--json"]) == 0
    said = capsys.readouterr()
    run = json.loads(said.out)["jobs"][0]
    assert (run["items"], run["done"], run["failed"]) == (2, 2, 0)
    assert said.err.count("'c', 'd'") == 1
    assert "2 series of " in said.err
    assert "weather.csv have no row in the data and get no forecast: 'c', 'd'" in said.err
    first = written(house)
    plan[plan.meter < "c"].to_csv(house / "weather.csv", index=False)
    assert main(["run", str(house / "jobs.toml"), "-q"]) == 0
    assert written(house) == first


def test_when_a_run_is_made_up_for_then_a_stale_future_file_is_not_missed(jobs, house, shipped, weather, capsys):
    weather[-100:-48].to_csv(house / "weather.csv", index=False)
    assert main(["run", str(jobs(JOB.format(future="weather.csv"))), "--as-of", "2024-01-25"]) == 0
    assert "stale" not in capsys.readouterr().err


def test_when_the_horizon_is_that_of_the_future_file_then_the_log_says_so(jobs, house, shipped, weather, capsys):
    ahead(weather)[:30].to_csv(house / "weather.csv", index=False)
    assert main(["run", str(jobs(JOB.format(future="weather.csv")))]) == 0
    assert "horizon 30, not 48: the future values of known covariates end there" in capsys.readouterr().err
    assert len(written(house)) == 2 * 30


def test_when_the_future_file_has_a_gap_or_one_series_has_fewer_values_then_the_horizon_is_that_of_most_series(
    jobs, house, shipped, weather
):
    rows = ahead(weather)[:30]
    path = jobs(JOB.format(future="weather.csv"))
    rows.drop(rows.index[4]).to_csv(house / "weather.csv", index=False)
    assert main(["run", str(path), "-q"]) == 4
    found = pd.read_csv(house / "out.csv")
    assert (len(found), found.fallback.sum()) == (2 * 30, 2)
    data = pd.read_csv(house / "load.csv")
    pd.concat([data, data[data.meter == "a"].assign(meter="c")]).to_csv(house / "load.csv", index=False)
    pd.concat(rows[: 3 if name == "c" else 30].assign(meter=name) for name in "abc").to_csv(house / "weather.csv", index=False)
    assert main(["run", str(path), "-q"]) == 4
    found = pd.read_csv(house / "out.csv")
    assert (len(found), found[found.fallback].item_id.value_counts().to_dict()) == (3 * 30, {"c": 27})


@pytest.mark.parametrize("keys", [False, True])
def test_when_a_dataset_is_larger_than_a_block_then_it_is_read_at_once_and_forecast_the_same(
    jobs, house, shipped, weather, capsys, keys
):
    ahead(weather).to_csv(house / "weather.csv", index=False)
    data = pd.read_csv(house / "load.csv", parse_dates=["time"])
    data.to_parquet(house / "load", partition_cols=["meter"]) if keys else data.to_parquet(house / "load.parquet")
    assert main(["run", str(jobs(JOB.format(future="weather.csv"))), "-q"]) == 0
    first = written(house)
    text = JOB.format(future="weather.csv").replace("load.csv", "load" if keys else "load.parquet")
    assert main(["run", str(jobs(text + "block_rows = 100\n"))]) == 0
    assert "all rows are read into memory: future rows are matched to all items" in capsys.readouterr().err
    np.testing.assert_allclose(written(house), first, rtol=1e-5)


def test_when_a_job_with_a_future_file_is_watched_then_its_forecasts_are_scored(jobs, house, shipped, weather, capsys):
    ahead(weather).to_csv(house / "weather.csv", index=False)
    path = jobs(JOB.format(future="weather.csv") + 'max_age = "never"\n')
    assert main(["run", str(path), "-q", "--as-of", "2024-01-28"]) == 0
    capsys.readouterr()
    main(["monitor", str(path), "--json"])
    assert json.loads(capsys.readouterr().out)["jobs"][0]["scored"] == 2 * 48


def test_when_a_model_is_retrained_then_it_reads_the_covariates_of_the_future_file(jobs, house, shipped, weather, monkeypatch):
    ahead(weather)[:30].to_csv(house / "weather.csv", index=False)
    seen = []

    def train(data, *, read, **_):
        seen.append((data, read))
        raise ConfigError("enough")

    monkeypatch.setattr(api, "train", train)
    text = JOB.format(future="weather.csv").replace("zero-shot", "new") + 'retrain = "7d"\n'
    assert main(["run", str(jobs(text)), "-q"]) == 1
    panel, _ = read(*seen[0])
    assert panel.schema.known == ("temp_c",)
    assert panel.known_ahead().tolist() == [30, 30]


def test_when_the_future_is_a_database_or_an_output_or_a_secret_is_missing_then_nothing_is_run(jobs, monkeypatch):
    monkeypatch.delenv("NOT_SET", raising=False)
    for future, said in (
        ("sqlite:///x.db", r"line 5: future: must be a file, .* not a database \(.*add them to the query of the input"),
        ("./out.csv", r"line 8: outputs: out.csv is the data itself"),
        ("${NOT_SET}/weather.csv", "line 5: future: the environment variable NOT_SET is not set"),
        ("", "line 5: future: must be a text"),
    ):
        with pytest.raises(ConfigError, match=said):
            read_jobs(jobs(JOB.format(future=future)))


def test_when_the_address_of_the_future_file_holds_a_password_then_it_is_not_logged(jobs, house, shipped, weather, capsys):
    pytest.importorskip("fsspec", reason="fsspec is not installed")
    assert main(["run", str(jobs(JOB.format(future="nowhere://me:s3cret@host/weather.csv")))]) == 1
    said = capsys.readouterr()
    assert "host/weather.csv: cannot be read" in said.err
    assert "s3cret" not in said.err + said.out


def test_when_the_weather_is_hourly_and_the_load_is_not_then_the_log_says_how_it_was_filled(jobs, house, shipped, capsys):
    stamps = pd.date_range("2024-01-01", periods=96 * 8, freq="15min")
    temp = np.cumsum(np.random.default_rng(0).normal(0, 1, len(stamps))).round(3) + 10
    past, hourly = stamps < "2024-01-08", np.arange(len(stamps)) % 4 == 0
    data = pd.DataFrame({"time": stamps, "load": 100 - temp, "temp_c": np.where(hourly, temp, np.nan)})
    data[past].to_csv(house / "load.csv", index=False)
    data[~past & hourly].drop(columns="load").to_csv(house / "weather.csv", index=False)
    assert main(["run", str(jobs(JOB.format(future="weather.csv") + "horizon = 96\n"))]) == 0
    assert (
        "repaired: known covariates with one value per 1h: interpolated to 15min: 576 (first: 'temp_c')"
        in capsys.readouterr().err
    )
    assert len(written(house)) == 96
