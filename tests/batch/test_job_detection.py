"""The key `detect` of a job: the newest rows are scored, anomalies are logged, recorded and written."""

from __future__ import annotations

import csv
import json

import pytest

from tests.batch.conftest import rows, write_csv
from tsattn.batch.job_file import read_jobs
from tsattn.cli.main import main
from tsattn.errors import ConfigError

JOB = """
[[job]]
name = "a"
input = "data.csv"
outputs = ["f.csv"]
model = "tiny"
"""


def spiked(house, at: int = 195):
    """The last rows of item a00 with a spike."""
    lines = rows()
    lines[at] = f"{lines[at].rpartition(',')[0]},90"
    write_csv(house / "data.csv", lines)


def test_when_a_new_row_is_far_off_then_it_is_logged_recorded_and_written_and_the_job_is_done(jobs, house, capsys):
    spiked(house)
    path = jobs(JOB + 'detect = { level = 0.9999, last = 24, output = "scores.csv" }\n')
    assert main(["run", str(path), "--json"]) == 0
    said = capsys.readouterr()
    details = json.loads(said.out)["jobs"][0]["details"]
    assert (details["scored_rows"], details["anomalous_rows"]) == (48, len(details["anomalies"]))
    assert ("a00", 90.0) in {(row["item_id"], row["value"]) for row in details["anomalies"]}
    assert "anomaly: a00 at 2024-01-09T03:00" in said.err
    with (house / "scores.csv").open() as file:
        written = list(csv.DictReader(file))
    assert len(written) == 48
    assert {row["anomaly"] for row in written} == {"true", "false"}


def test_when_only_a_level_is_given_then_one_cycle_of_each_item_is_scored(jobs, house, capsys):
    assert main(["run", str(jobs(JOB + "detect = 0.9999999\n")), "--json"]) == 0
    details = json.loads(capsys.readouterr().out)["jobs"][0]["details"]
    assert (details["scored_rows"], details["anomalies"]) == (48, [])


def test_when_a_run_is_made_up_for_then_later_rows_are_not_scored(jobs, house, capsys):
    spiked(house)
    path = jobs(JOB + "detect = { level = 0.9999, last = 24 }\n")
    assert main(["run", str(path), "--json", "--as-of", "2024-01-08T00:00"]) == 0
    details = json.loads(capsys.readouterr().out)["jobs"][0]["details"]
    assert not [row for row in details["anomalies"] if row["value"] == 90]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("1.5", "between 0.5 and 1"),
        ('"yes"', "must be a level"),
        ("{ levle = 0.9 }", "levle"),
        ("{ last = 0 }", "last must be at least 1"),
        ('{ output = "scores.txt" }', "known format"),
        ('{ output = "data.csv" }', "detect: "),
        ('{ output = "f.csv" }', "detect: "),
    ],
)
def test_when_the_key_makes_no_sense_then_the_mistake_is_named_with_its_line(jobs, value, said):
    with pytest.raises(ConfigError, match=r"line 7: .*") as caught:
        read_jobs(jobs(JOB + f"detect = {value}\n"))
    assert said in str(caught.value)
