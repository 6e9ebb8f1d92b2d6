"""Files of a job with the user's own column names, and one file per item."""

from __future__ import annotations

import csv

import pytest

from tests.batch.conftest import rows, write_csv
from tsattn.batch.job_file import read_jobs
from tsattn.batch.records import Records
from tsattn.cli.main import main
from tsattn.errors import ConfigError

JOB = """
[[job]]
name = "a"
input = "data.csv"
model = "tiny"
horizon = 3
quantiles = [0.1, 0.5, 0.9]
outputs = [
  { path = "each/{item_id}.csv", columns = { item_id = "sku", timestamp = "date", "0.5" = "forecast" } },
  "all.csv",
]
"""


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_when_an_output_names_columns_and_items_then_each_item_has_a_file_with_these_columns(jobs, house):
    assert main(["run", str(jobs(JOB)), "-q"]) == 0
    assert sorted(path.name for path in (house / "each").iterdir()) == ["a00.csv", "a01.csv"]
    own, every = read(house / "each" / "a01.csv"), read(house / "all.csv")
    assert list(own[0])[:6] == ["job", "sku", "cutoff", "date", "0.1", "forecast"]
    assert [row["forecast"] for row in own] == [row["0.5"] for row in every if row["item_id"] == "a01"]


def test_when_forecasts_have_other_column_names_then_the_monitor_and_a_late_run_still_read_them(jobs, house, capsys):
    path = jobs(JOB.replace('  "all.csv",\n', ""))
    write_csv(house / "data.csv", rows(hours=190))
    assert main(["run", str(path), "-q"]) == 0
    write_csv(house / "data.csv", rows())
    before = (house / "each" / "a00.csv").read_text()
    assert main(["run", str(path), "--as-of", "2024-01-05"]) == 0
    assert "cutoff 2024-01-05 23:00:00; each/{item_id}.csv keeps the newer forecast from cutoff" in capsys.readouterr().err
    assert Records(house / ".tsattn" / "runs.db").runs(last=1)[0]["rows"] == 0, "no row was written"
    assert (house / "each" / "a00.csv").read_text() == before
    main(["monitor", str(path), "--json", "--no-alert"])
    assert '"scored": 6' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ('"{item_id}/f.csv"', "only {item_id} in a file name is"),
        ('"by_{shop}.csv"', "{shop} is not filled in"),
        ('{ path = "out/", columns = { "0.5" = "p50" } }', "columns can be renamed in files only"),
        ('{ file = "f.csv" }', "an output table takes the keys path and columns"),
        ('{ path = "f.csv", columns = { timestamp = 3 } }', "an output table takes the keys path and columns"),
    ],
)
def test_when_an_output_is_impossible_then_the_job_file_is_refused_with_its_line(jobs, output, said):
    with pytest.raises(ConfigError, match="line ") as caught:
        read_jobs(jobs(f'[[job]]\nname = "a"\ninput = "data.csv"\noutputs = [{output}]\n'))
    assert said in caught.value.message


def test_when_a_renamed_column_does_not_exist_then_nothing_is_forecast_and_the_error_names_it(jobs, house, capsys):
    assert main(["run", str(jobs(JOB.replace('"0.5" =', '"0.55" ='))), "-q"]) == 1
    assert "the output has no column '0.55'" in capsys.readouterr().err
    assert not (house / "all.csv").exists()


def test_when_a_file_of_an_item_would_replace_the_input_then_it_is_refused(jobs, house, capsys):
    write_csv(house / "a00.csv", rows())
    path = jobs(JOB.replace('"data.csv"', '"a00.csv"').replace("each/", ""))
    assert main(["run", str(path), "-q"]) == 1
    assert "is the data itself" in capsys.readouterr().err
