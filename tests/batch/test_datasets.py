"""Parquet datasets of forecasts: one format of cutoffs in their paths, and each row once, also in datasets of older versions."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.batch.conftest import job_text, rows, write_csv
from tsattn.batch.datasets import PART, partitions, write_dataset
from tsattn.cli.main import main
from tsattn.data.freq import Freq
from tsattn.errors import DataError
from tsattn.forecasting.frame import clock_column


def tables(cutoffs, freq="h", items=None, tz=None, value=0.0, horizon=1):
    """Forecasts of one item per cutoff, or of the items named, `horizon` steps from each cutoff."""
    made, grid = [], Freq.parse(freq)
    for number, cutoff in enumerate(cutoffs):
        start = np.datetime64(cutoff, "us")
        stamps = grid.advance(np.full(horizon, start), np.arange(1, horizon + 1))
        made.append(
            pa.table(
                {
                    "job": ["a"] * horizon,
                    "item_id": [items[number] if items else f"item {number}"] * horizon,
                    "cutoff": clock_column(np.full(horizon, start), grid, tz),
                    "timestamp": clock_column(stamps, grid, tz),
                    "0.5": np.full(horizon, value),
                }
            )
        )
    return lambda: iter(made)


def names(place: Path) -> list[str]:
    return sorted(unquote(path.name) for path in (place / "job=a").iterdir())


def stored(place: Path) -> list[tuple[str, str, float]]:
    """Every row of a dataset: (name of the partition, item, value)."""
    return sorted(
        (unquote(Path(path).parent.name), row["item_id"], row["0.5"])
        for _, path in partitions(str(place), "a")
        for row in pq.ParquetFile(path).read().to_pylist()
    )


def spell(place: Path, old: str, new: str) -> Path:
    """Give a partition the name that an older version would have given it."""
    folder = place / "job=a" / f"cutoff={quote(new)}"
    (place / "job=a" / f"cutoff={quote(old)}").rename(folder)
    return folder / PART


@pytest.mark.parametrize(
    ("freq", "cutoffs", "expected"),
    [
        ("h", ["2022-07-01", "2022-07-01T23:00"], ["2022-07-01T00:00:00", "2022-07-01T23:00:00"]),
        ("12h", ["2022-07-01T12:00", "2022-07-02"], ["2022-07-01T12:00:00", "2022-07-02T00:00:00"]),
        ("250ms", ["2022-07-01", "2022-07-01T00:00:00.25"], ["2022-07-01T00:00:00.000000", "2022-07-01T00:00:00.250000"]),
        ("D", ["2022-07-01", "2022-07-02"], ["2022-07-01", "2022-07-02"]),
        ("MS", ["2022-07-01", "2022-08-01"], ["2022-07-01", "2022-08-01"]),
    ],
)
def test_when_cutoffs_are_written_one_by_one_then_the_format_depends_on_the_frequency_and_not_on_the_cutoff(
    tmp_path, freq, cutoffs, expected
):
    for cutoff in cutoffs:
        write_dataset(str(tmp_path), tables([cutoff], freq))
    assert names(tmp_path) == [f"cutoff={text}" for text in expected]


def test_when_series_have_no_clock_then_cutoffs_are_step_numbers(tmp_path):
    for step in (4, 5):
        made = pa.table({"job": ["a"], "item_id": ["x"], "cutoff": [step], "timestamp": [step + 1], "0.5": [1.0]})
        write_dataset(str(tmp_path), lambda made=made: iter([made]))
    assert names(tmp_path) == ["cutoff=4", "cutoff=5"]


def test_when_the_data_have_a_zone_then_every_cutoff_has_a_time_and_an_offset(tmp_path):
    for hour in ("2022-06-30T22:00", "2022-07-01T21:00"):
        write_dataset(str(tmp_path), tables([hour], tz="Europe/Berlin"))
    assert names(tmp_path) == ["cutoff=2022-07-01T00:00:00+02:00", "cutoff=2022-07-01T23:00:00+02:00"]


def test_when_an_older_version_wrote_a_midnight_as_a_date_then_a_rerun_replaces_its_rows(tmp_path):
    place = str(tmp_path)
    write_dataset(place, tables(["2022-07-01", "2022-07-01"], items="xy", value=1.0))
    write_dataset(place, tables(["2022-06-30"], items="x", value=1.0))
    for day in ("2022-07-01", "2022-06-30"):
        spell(tmp_path, f"{day}T00:00:00", day)
    write_dataset(place, tables(["2022-07-01"], items="x", value=2.0))
    assert stored(tmp_path) == [
        ("cutoff=2022-06-30T00:00:00", "x", 1.0),  # renamed, although this run has no forecast from there
        ("cutoff=2022-07-01T00:00:00", "x", 2.0),
        ("cutoff=2022-07-01T00:00:00", "y", 1.0),
    ]
    assert names(tmp_path) == ["cutoff=2022-06-30T00:00:00", "cutoff=2022-07-01T00:00:00"]


@pytest.mark.parametrize("newer", ["the date", "the date and time"])
def test_when_a_cutoff_is_there_in_both_formats_then_its_rows_are_joined_and_the_newer_ones_kept(tmp_path, newer):
    place = str(tmp_path)
    write_dataset(place, tables(["2022-07-01", "2022-07-01"], items="xy", value=1.0))
    old = spell(tmp_path, "2022-07-01T00:00:00", "2022-07-01")
    kept = old.read_bytes()
    write_dataset(place, tables(["2022-07-01", "2022-07-01"], items="yz", value=2.0))
    old.parent.mkdir()
    old.write_bytes(kept)
    seconds = 2e9 if newer == "the date" else 1e9
    os.utime(old, (seconds, seconds))
    write_dataset(place, tables(["2022-07-02T05:00"], items="x", value=3.0))
    assert stored(tmp_path) == [
        ("cutoff=2022-07-01T00:00:00", "x", 1.0),
        ("cutoff=2022-07-01T00:00:00", "y", 1.0 if newer == "the date" else 2.0),
        ("cutoff=2022-07-01T00:00:00", "z", 2.0),
        ("cutoff=2022-07-02T05:00:00", "x", 3.0),
    ]
    assert names(tmp_path) == ["cutoff=2022-07-01T00:00:00", "cutoff=2022-07-02T05:00:00"]


def test_when_an_hourly_job_becomes_daily_then_its_dataset_keeps_one_format(tmp_path):
    write_dataset(str(tmp_path), tables(["2022-07-01T23:00"]))
    write_dataset(str(tmp_path), tables(["2022-07-02"], "D"))
    assert names(tmp_path) == ["cutoff=2022-07-01T23:00:00", "cutoff=2022-07-02T00:00:00"]


def test_when_a_folder_is_not_a_cutoff_then_it_is_left_alone(tmp_path):
    other = tmp_path / "job=a" / "cutoff=mine" / PART
    other.parent.mkdir(parents=True)
    other.write_text("mine")
    write_dataset(str(tmp_path), tables(["2022-07-01"]))
    assert names(tmp_path) == ["cutoff=2022-07-01T00:00:00", "cutoff=mine"]
    assert other.read_text() == "mine"


def test_when_a_partition_to_be_joined_is_no_forecast_then_the_error_names_it_and_both_files_stay(tmp_path):
    write_dataset(str(tmp_path), tables(["2022-07-01"]))
    other = tmp_path / "job=a" / "cutoff=2022-07-01" / PART
    other.parent.mkdir()
    other.write_text("mine")
    with pytest.raises(DataError, match=r"cutoff=2022-07-01/forecast\.parquet"):
        write_dataset(str(tmp_path), tables(["2022-07-01"]))
    assert other.read_text() == "mine"
    assert (tmp_path / "job=a" / f"cutoff={quote('2022-07-01T00:00:00')}" / PART).exists()


def test_when_a_job_reruns_over_an_old_dataset_then_no_cutoff_is_written_twice_and_files_have_its_format(jobs, house, capsys):
    path = jobs(job_text('outputs = ["all/", "f.csv"]'))
    write_csv(house / "data.csv", rows(hours=193))  # the last hour is a midnight
    assert main(["run", str(path), "-q"]) == 0
    assert names(house / "all") == ["cutoff=2024-01-09T00:00:00"]
    before = stored(house / "all")
    spell(house / "all", "2024-01-09T00:00:00", "2024-01-09")
    assert main(["run", str(path), "-q"]) == 0
    assert stored(house / "all") == before
    assert (house / "f.csv").read_text().splitlines()[1].startswith("a,a00,2024-01-09T00:00:00,2024-01-09T01:00:00,")
    capsys.readouterr()
    write_csv(house / "data.csv", rows(hours=200))
    main(["monitor", str(path), "--json", "--no-alert"])
    assert '"scored": 14' in capsys.readouterr().out


def test_partitions_are_in_the_order_of_time_also_when_clocks_are_set_back_and_for_numbered_steps(tmp_path):
    texts = ["2024-10-27T02:50:00+02:00", "2024-10-27T02:10:00+01:00", "2024-10-27T01:00:00+02:00"]
    for job, names in (("zoned", texts), ("counted", ["9", "10", "8"])):
        for name in names:
            (tmp_path / f"job={job}" / f"cutoff={quote(name)}").mkdir(parents=True)
    zoned, counted = ([cutoff for cutoff, _ in partitions(str(tmp_path), job)] for job in ("zoned", "counted"))
    assert [cutoff.isoformat() for cutoff in zoned] == [texts[1], texts[0], texts[2]]
    assert counted == [10, 9, 8]
