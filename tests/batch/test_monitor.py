"""The monitor's verdicts."""

from __future__ import annotations

import json
import sqlite3
import sys

from tests.batch.conftest import rows, write_csv
from tsattn.cli.main import main

JOB = """
[monitor]
alert = '{python} -c "import sys; open(r\\"{told}\\", \\"w\\").write(sys.stdin.read())"'
[[job]]
name = "a"
input = "data.csv"
model = "tiny"
horizon = 12
outputs = "sqlite:///out.db#f"
"""


def job(house) -> str:
    return JOB.format(python=sys.executable, told=house / "told.json")


def test_when_a_job_never_ran_then_the_monitor_says_so_and_calls_the_alert(jobs, house, capsys):
    assert main(["monitor", str(jobs(job(house))), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["jobs"][0]["problems"] == ["no good run yet"]
    assert json.loads((house / "told.json").read_text("utf-8"))["good"] is False


def test_when_all_is_well_then_the_monitor_is_quiet(jobs, house, capsys):
    path = jobs(job(house))
    assert main(["run", str(path), "-q"]) == 0
    capsys.readouterr()
    assert main(["monitor", str(path), "--prometheus"]) == 0
    assert 'tsattn_job_good{job="a"} 1' in capsys.readouterr().out
    assert not (house / "told.json").exists()


def test_when_the_last_good_run_is_long_ago_or_fallbacks_jump_then_the_monitor_says_so(jobs, house, capsys):
    path = jobs(job(house))
    assert main(["run", str(path), "-q"]) == 0
    write_csv(house / "data.csv", [*rows(), "new,2024-01-02T00:00,1"])
    assert main(["run", str(path), "-q"]) == 4
    capsys.readouterr()
    assert main(["monitor", str(path), "--json"]) == 1
    assert "33% of the items were not forecast by the model, 0% before" in capsys.readouterr().out
    with sqlite3.connect(house / ".tsattn" / "runs.db") as database:
        database.execute("UPDATE runs SET ended = '2024-01-01T00:00:00+00:00'")
    assert main(["monitor", str(path), "--json"]) == 1
    assert "max_gap allows 26 h" in capsys.readouterr().out


def test_when_the_truth_that_came_is_far_off_then_the_monitor_says_so(jobs, house, capsys):
    path = jobs(job(house))
    lines = rows(4)
    cut = [line for line in lines if line.split(",")[1] <= "2024-01-08T12:00"]
    write_csv(house / "data.csv", cut)
    assert main(["run", str(path), "-q"]) == 0
    later = [line.rpartition(",")[0] + ",500" for line in lines if line.split(",")[1] > "2024-01-08T12:00"]
    write_csv(house / "data.csv", [*cut, *later])
    capsys.readouterr()
    assert main(["monitor", str(path), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["jobs"][0]
    assert found["scored"] == 48
    assert found["coverage"] == 0
    assert found["coverage_of_step"] == [0] * 12
    assert any("the 80 % interval held 0%" in problem for problem in found["problems"])


def test_when_the_input_is_stale_then_the_monitor_says_so(jobs, house, capsys):
    assert main(["monitor", str(jobs(job(house) + 'max_age = "1d"\n')), "--json"]) == 1
    assert "its input is stale" in capsys.readouterr().out
