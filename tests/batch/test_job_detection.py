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
DETECT = 'detect = { level = 0.9999999, last = 48, output = "scores.csv" }\n'
HOURS = 200  # of an item
SPIKES = rows()
for place, value in ((6 * 24 + 6, 90), (HOURS + 7 * 24 + 10, -70)):
    SPIKES[place] = f"{SPIKES[place].rpartition(',')[0]},{value}"


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


def nights(house, jobs, capsys, *ends: int, text: str = JOB + DETECT) -> list[tuple[dict, str]]:
    """Run the job on the rows up to each of these hours: (details of the run, log)."""
    path, found = jobs(text), []
    for end in ends:
        write_csv(house / "data.csv", [line for at, line in enumerate(SPIKES) if at % HOURS < end])
        assert main(["run", str(path), "--json"]) == 0
        said = capsys.readouterr()
        found.append((json.loads(said.out)["jobs"][0]["details"], said.err))
    return found


def counts(details: dict) -> tuple[int, int, int]:
    return details["new_anomalies"], details["reported_anomalies"], details["anomalous_rows"]


def test_when_an_anomaly_was_reported_the_night_before_then_only_new_ones_are_new_and_logged(jobs, house, capsys):
    first, second, third = nights(house, jobs, capsys, 168, 192, 196)
    assert [counts(details) for details, _ in (first, second, third)] == [(1, 0, 1), (1, 1, 2), (0, 2, 2)]
    assert "1 new anomaly, 0 reported before, in 96 scored rows" in first[1]
    assert "anomaly: a00 at 2024-01-07T06:00" in first[1]
    assert [(row["timestamp"], row["kind"], row["new"]) for row in second[0]["anomalies"]] == [
        ("2024-01-08T10:00:00", "below", True),
        ("2024-01-07T06:00:00", "above", False),
    ]
    assert "warning a: 1 new anomaly, 1 reported before, in 96 scored rows" in second[1]
    assert "anomaly: a01 at 2024-01-08T10:00" in second[1]
    assert "2024-01-07T06:00" not in second[1]
    assert "info a: 0 new anomalies, 2 reported before, in 96 scored rows" in third[1]
    assert "anomaly:" not in third[1]
    with (house / "scores.csv").open() as file:
        assert {row["new"] for row in csv.DictReader(file)} == {"false"}


def test_when_a_run_is_repeated_then_the_same_anomalies_are_new_but_they_are_not_logged_again(jobs, house, capsys):
    first, again = nights(house, jobs, capsys, 168, 168)
    assert again[0] == first[0]
    assert "info a: 1 new anomaly, 1 of them reported for the same cutoff, 0 reported before" in again[1]
    assert "anomaly:" not in again[1]
    with (house / "scores.csv").open() as file:
        assert [row["timestamp"] for row in csv.DictReader(file) if row["new"] == "true"] == ["2024-01-07T06:00:00"]


def test_when_consecutive_rows_are_far_off_then_a_line_describes_them_together(jobs, house, capsys):
    lines = rows()
    for at in range(194, 198):
        lines[at] = f"{lines[at].rpartition(',')[0]},{90 + at}"
    write_csv(house / "data.csv", lines)
    assert main(["run", str(jobs(JOB + DETECT))]) == 0
    said = capsys.readouterr()
    assert "anomaly: a00 from 2024-01-09T02:00:00 to 2024-01-09T05:00:00, 4 rows, strongest at 2024-01-09T0" in said.err
    assert "4 new of 4" in said.out


def test_when_scores_cannot_be_written_then_the_run_fails_and_the_next_one_reports_the_anomalies(jobs, house, capsys):
    spiked(house)
    (house / "scores.csv").mkdir()
    path = jobs(JOB + DETECT)
    assert main(["run", str(path)]) == 1
    assert "anomaly:" not in capsys.readouterr().err
    (house / "scores.csv").rmdir()
    assert main(["run", str(path)]) == 0
    assert "anomaly: a00 at 2024-01-09T03:00" in capsys.readouterr().err


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
