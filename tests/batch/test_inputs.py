"""Data as it was known at a given time."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import tsattn
from tests.batch.conftest import rows, write_csv
from tsattn.batch.inputs import known_at, on_grid, opened, parse_moment
from tsattn.batch.job_file import read_jobs
from tsattn.cli.main import main
from tsattn.config import ReadOptions
from tsattn.data.panel import Panel
from tsattn.data.reading.read import read
from tsattn.errors import ConfigError, DataError


@pytest.mark.parametrize(
    ("zone", "moment"), [("Europe/Berlin", "2024-01-05T12:00"), (None, "2024-01-05"), ("UTC", "2024-01-05T12:00Z")]
)
def test_when_data_are_cut_at_a_moment_then_they_are_as_reading_gave_them_then(tmp_path, zone, moment):
    lines = [line for line in rows(3) if not line.startswith("a01,2024-01-05")]  # one item has a gap around the moment
    lines += [line.replace("a02", "late") for line in rows(3) if line.startswith("a02,2024-01-07")]
    options = ReadOptions(timezone=zone)
    whole, _ = read(write_csv(tmp_path / "whole.csv", lines), options)
    early = [
        line
        for line in lines
        if line.split(",")[1] <= moment.rstrip("Z")[:16].ljust(16, "0").replace("2024-01-05000000", "2024-01-05T00:00")
    ]
    then, _ = read(write_csv(tmp_path / "early.csv", early), options)
    cut = known_at(whole, on_grid(parse_moment(moment), whole))
    assert cut.item_ids == then.item_ids == ("a00", "a01", "a02")
    assert np.array_equal(cut.lengths, then.lengths)
    for item in range(3):
        assert np.array_equal(cut.history(item), then.history(item), equal_nan=True)
    assert np.isnan(cut.target[cut.origin[0] :][: 200 - cut.lengths[0]]).all()


def test_when_nothing_was_known_yet_or_there_is_no_clock_then_it_is_refused():
    panel = Panel.from_arrays([np.ones(5, np.float32)], freq="D", start="2024-01-01")
    with pytest.raises(DataError, match="no observed value up to 2023"):
        known_at(panel, np.datetime64("2023-01-01", "us"))
    with pytest.raises(ConfigError, match="no timestamps"):
        on_grid(parse_moment("2024-01-01"), Panel.from_arrays([np.ones(5, np.float32)], freq="step"))
    with pytest.raises(ConfigError, match="is not a time"):
        parse_moment("yesterday")


def test_when_the_input_is_a_url_then_fsspec_fetches_it_or_is_asked_for(house, jobs, monkeypatch):
    pytest.importorskip("fsspec", reason="fsspec is not installed")
    file = read_jobs(jobs(f'[[job]]\nname="a"\ninput="{(house / "data.csv").as_uri()}"\nmodel="tiny"\noutputs="o.csv"\n'))
    with opened(file.jobs[0], file) as data:
        assert len(read(data)[0]) == 2
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(ConfigError, match="needs fsspec"), opened(file.jobs[0], file):
        pass


def test_when_the_command_line_python_and_a_job_get_a_date_then_all_have_the_cutoff_at_its_end(jobs, house, capsys):
    note = "as of the end of 2024-01-05: the last observed value is that of 2024-01-05 23:00:00"
    words = ["forecast", str(house / "data.csv"), "--model", str(house / ".tsattn/models/tiny/0001"), "--json"]
    assert main([*words, "--as-of", "2024-01-05"]) == 0
    said = capsys.readouterr()
    assert note in said.err
    found = json.loads(said.out)
    assert note in found["notes"]
    assert {one["cutoff"] for one in found["forecasts"]} == {"2024-01-05T23:00:00"}
    made = tsattn.forecast(house / "data.csv", model=house / ".tsattn/models/tiny/0001", as_of="2024-01-05")
    assert set(made.forecast.cutoffs.astype(str)) == {"2024-01-05T23:00:00.000000"}
    path = jobs('[[job]]\nname = "a"\ninput = "data.csv"\nmodel = "tiny"\noutputs = "f.csv"\nmax_age = "1h"\n')
    assert main(["run", str(path), "--json", "--as-of", "2024-01-05"]) == 0
    said = capsys.readouterr()
    assert "begins, as of the end of 2024-01-05" in said.err
    assert json.loads(said.out)["jobs"][0]["cutoff"] == "2024-01-05 23:00:00"


def test_when_a_job_is_made_up_for_by_its_date_then_max_age_counts_from_the_start_of_the_day(jobs, house):
    path = jobs('[[job]]\nname = "a"\ninput = "data.csv"\nmodel = "tiny"\noutputs = "f.csv"\nmax_age = "18h"\n')
    assert main(["run", str(path), "--as-of", "2024-01-10", "-q"]) == 0  # the data end at 2024-01-09T07:00, 17 hours before
    assert main(["run", str(path), "--as-of", "2024-01-11", "-q"]) == 1


def test_when_an_sqlite_input_does_not_exist_then_the_error_names_its_path_and_no_file_is_made(jobs, house, capsys):
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed: pip install 'tsattn[sql]'")
    job = '[[job]]\nname = "first"\ninput = "data.csv"\nmodel = "tiny"\noutputs = "first.csv"\n'
    job += '[[job]]\nname = "a"\ninput = "sqlite:///{place}"\nquery = "SELECT 1"\nmodel = "tiny"\noutputs = "o.csv"\n'
    for place, folder in (("no.db", "; relative paths start at the folder of the job file"), (str(house / "no.db"), "")):
        path = jobs(job.format(place=place))
        assert main(["run", str(path), "-q"]) == 4
        said = capsys.readouterr().err
        missing = f"the input sqlite:///{place} does not exist (expected at {house}/no.db{folder})"
        assert said.index(f"jobs.toml, job on line 6: {missing}") < said.index(f"error a: failed: {missing}")
        assert main(["run", str(path), "--job", "a", "-q"]) == 1
        assert capsys.readouterr().err.count(missing) == 1, "a job that begins at once is not announced"
        assert main(["monitor", str(path), "--no-alert"]) == 1
        assert not (house / "no.db").exists()
