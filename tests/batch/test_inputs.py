"""Data as it was known at a given time."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tests.batch.conftest import rows, write_csv
from tsattn.batch.inputs import known_at, on_grid, opened, parse_moment
from tsattn.batch.job_file import read_jobs
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
