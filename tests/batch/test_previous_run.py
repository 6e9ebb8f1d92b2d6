"""Warnings of a run whose input has lost series or rows since the run before."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from tests.batch.conftest import job_text, rows, write_csv
from tsattn.cli.main import main

JOB = job_text('outputs = "o.csv"')


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (rows(1), ["warning a: the input has 1 series, 1 fewer than in the last run (20"]),
        (rows(2, 190), ["warning a: the input ends at 2024-01-08 21:00:00; in the last run (20"]),
        (rows(2), []),
        (rows(3, 210), []),
    ],
    ids=["a series less", "rows less", "the same", "more"],
)
def test_when_the_input_has_lost_series_or_rows_since_the_last_run_then_a_warning_says_so(jobs, house, capsys, lines, said):
    path = jobs(JOB)
    assert main(["run", str(path), "-q"]) == 0
    write_csv(house / "data.csv", lines)
    capsys.readouterr()
    assert main(["run", str(path), "-q"]) == 0
    found = capsys.readouterr().err
    assert all(one in found for one in said)
    assert bool(said) == ("the input " in found)


def test_when_a_late_run_sees_fewer_rows_then_there_is_no_warning(jobs, house, capsys):
    path = jobs(JOB)
    assert main(["run", str(path), "-q"]) == 0
    assert main(["run", str(path), "--as-of", "2024-01-05"]) == 0
    assert "the input " not in capsys.readouterr().err


def test_when_the_record_of_the_last_run_is_damaged_then_the_job_runs_all_the_same(jobs, house):
    path = jobs(JOB)
    assert main(["run", str(path), "-q"]) == 0
    with sqlite3.connect(house / ".tsattn" / "runs.db") as database:
        database.execute("UPDATE runs SET items = 'many'")
    assert main(["run", str(path), "-q"]) == 0


def test_when_the_records_are_in_a_database_then_the_last_run_is_found_there(jobs, house, capsys):
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed: pip install 'tsattn[sql]'")
    path = jobs(JOB + 'records = "sqlite:///runs.sqlite"\n')
    assert main(["run", str(path), "-q"]) == 0
    write_csv(house / "data.csv", rows(1))
    assert main(["run", str(path), "-q"]) == 0
    assert "the input has 1 series, 1 fewer than in the last run" in capsys.readouterr().err


def test_when_reading_repairs_or_warns_then_the_log_says_so_but_a_late_run_does_not_warn_of_newer_rows(
    jobs, house, shipped, capsys
):
    days = np.datetime64("2024-01-01") + np.arange(90)
    values = 100 + np.random.default_rng(0).normal(0, 10, 90).round(1)
    values[-1] = 12.0
    write_csv(house / "data.csv", [f"a,{day},{value}" for day, value in zip(days, values, strict=True) if day != days[40]])
    path = jobs(JOB.replace("tiny", "zero-shot"))
    assert main(["run", str(path)]) == 0
    said = capsys.readouterr().err
    assert "info a: repaired: missing rows: left empty as missing values: 1 (first: " in said
    assert "warning a: the last period, 2024-03-30, may be unfinished" in said
    assert main(["run", str(path), "--as-of", "2024-03-20"]) == 0
    assert "may be unfinished" not in capsys.readouterr().err
