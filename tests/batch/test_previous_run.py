"""Warnings of a run whose input has lost series or rows since the run before."""

from __future__ import annotations

import sqlite3

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.batch.conftest import job_text, rows, write_csv
from tests.batch.test_parquet_blocks import table
from tsattn.batch import previous_run, series_names
from tsattn.batch.inputs import TimeAxis
from tsattn.batch.previous_run import lost_series
from tsattn.batch.series_names import SeriesEnds, SeriesNames
from tsattn.cli.main import main
from tsattn.data.freq import Freq

JOB = job_text('outputs = "o.csv"')


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (rows(1), ["warning a: the input has 1 series, 1 fewer than in the last run (20"]),
        (rows(2, 190), ["warning a: the input ends at 2024-01-08 21:00:00; in the last run (20"]),
        (rows(2), []),
        (rows(3, 210), ["info a: the input has 3 series, 1 more than in the last run (20", "1 new: a02"]),
        ([*rows(1), *rows(1, lead="hp")], ["warning a: the input has 2 series, as many as ", ": 1 gone: a01; 1 new: hp00"]),
    ],
    ids=["a series less", "rows less", "the same", "more", "renamed"],
)
def test_when_the_input_has_lost_series_or_rows_since_the_last_run_then_a_warning_says_so(jobs, house, capsys, lines, said):
    path = jobs(JOB)
    assert main(["run", str(path)]) == 0
    write_csv(house / "data.csv", lines)
    capsys.readouterr()
    shorter = any("ends at" in one for one in said)
    assert main(["run", str(path)]) == (4 if shorter else 0)
    found = capsys.readouterr().err
    assert all(one in found for one in said)
    assert bool(said) == ("the input " in found)


def test_when_the_input_ends_earlier_then_a_file_keeps_its_newer_forecast_until_it_is_deleted(jobs, house, capsys):
    path = jobs(JOB)
    assert main(["run", str(path), "-q"]) == 0
    newest = (house / "o.csv").read_bytes()
    write_csv(house / "data.csv", rows(2, 190))
    for _ in range(2):  # the second run too, whose last run had the shorter input
        assert main(["run", str(path), "-q"]) == 4
        assert (house / "o.csv").read_bytes() == newest
    assert "if it is complete, delete the file and run the job again" in capsys.readouterr().err.replace("\n", " ")
    (house / "o.csv").unlink()
    assert main(["run", str(path), "-q"]) == 0
    write_csv(house / "data.csv", rows(2))
    assert main(["run", str(path), "-q"]) == 0
    assert (house / "o.csv").read_bytes() == newest


def test_when_the_input_ends_earlier_then_files_per_item_are_kept_and_a_table_gets_each_row_once(jobs, house):
    path = jobs(job_text('outputs = ["by/{item_id}.csv", "sqlite:///f.db#f"]'))
    assert main(["run", str(path), "-q"]) == 0
    newest = {file.name: file.read_bytes() for file in (house / "by").iterdir()}
    write_csv(house / "data.csv", rows(2, 190))
    for _ in range(2):
        assert main(["run", str(path), "-q"]) == 4
        assert {file.name: file.read_bytes() for file in (house / "by").iterdir()} == newest
    with sqlite3.connect(house / "f.db") as base:
        found = base.execute("select cutoff, item_id, count(*), count(distinct timestamp) from f group by 1, 2").fetchall()
    assert len({row[0] for row in found}) == 2
    assert [row[2:] for row in found] == [(12, 12)] * 4


def test_when_one_series_of_two_ends_earlier_then_the_file_is_replaced(jobs, house):
    path = jobs(JOB)
    assert main(["run", str(path), "-q"]) == 0
    write_csv(house / "data.csv", [*rows(1), *rows(1, 190, lead="b")])
    assert main(["run", str(path), "-q"]) == 0
    assert "b00" in (house / "o.csv").read_text("utf-8")


def test_when_clocks_are_set_back_then_a_later_end_at_an_earlier_local_time_is_no_loss(jobs, house, shipped, capsys):
    start, step = np.datetime64("2024-10-24T22:00"), np.timedelta64(10, "m")
    path = jobs(
        JOB.replace("tiny", "zero-shot").replace("horizon", 'members = "network"\nhorizon')
        + 'read = { timezone = "Europe/Berlin" }\n'
    )
    for steps, shown in ((306, "2024-10-27 02:50:00+02:00"), (308, "2024-10-27 02:10:00+01:00")):
        stamps = start + step * np.arange(steps)
        write_csv(house / "data.csv", [f"a,{stamp}Z,{10 + k % 7}" for k, stamp in enumerate(stamps)])
        assert main(["run", str(path)]) == 0
        said = capsys.readouterr()
        assert shown in said.out
    assert "the input ends at" not in said.err


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


def test_when_the_names_of_the_last_run_are_not_kept_then_the_numbers_of_series_are_compared(jobs, house, capsys):
    path = jobs(JOB)
    assert main(["run", str(path), "-q"]) == 0
    (house / ".tsattn" / "jobs" / "a.series.json").write_text("{half", "utf-8")
    write_csv(house / "data.csv", rows(1))
    assert main(["run", str(path), "-q"]) == 0
    assert "the input has 1 series, 1 fewer than in the last run" in capsys.readouterr().err


def test_when_many_series_are_gone_or_ended_at_once_then_the_run_is_partial_until_they_are_back_or_allowed(jobs, house, capsys):
    whole = rows(9)
    cut = [*rows(3), *(line for line in whole if line.startswith("a03") and line < "a03,2024-01-05")]  # a file cut at a line end
    path = jobs(JOB + 'max_age = "never"\n')
    write_csv(house / "data.csv", whole)
    assert main(["run", str(path), "-q"]) == 0
    assert main(["monitor", str(path)]) == 0
    write_csv(house / "data.csv", cut)
    for _ in range(2):
        capsys.readouterr()
        assert main(["run", str(path), "-q"]) == 4
        said = capsys.readouterr()
        wanted = "6 of the 9 series that had new values in the last run"
        assert wanted in " ".join(said.err.split())
        assert "5 gone: a04, a05, a06 and 2 more and 1 ended long ago: a03" in said.err
        assert wanted in " ".join(said.out.split())
        assert main(["monitor", str(path), "--json"]) == 1
        assert wanted in capsys.readouterr().out
    write_csv(house / "data.csv", whole)
    assert main(["run", str(path), "-q"]) == 0
    assert main(["monitor", str(path)]) == 0
    write_csv(house / "data.csv", cut)
    allowed = jobs(JOB + 'max_age = "never"\nmax_lost_series = "any"\n')
    assert main(["run", str(allowed), "-q"]) == 0
    assert main(["run", str(jobs(JOB)), "-q"]) == 0, "the smaller input is now the usual one"


def test_when_the_input_is_read_block_by_block_then_missing_series_are_found_too(jobs, house, capsys):
    path = jobs(JOB.replace("data.csv", "data.parquet") + "block_rows = 90\n")
    for items, code in ((["a", "b", "c", "d"], 0), (["a", "b"], 4)):
        pq.write_table(table(items, 60), house / "data.parquet", row_group_size=10)
        assert main(["run", str(path), "-q"]) == code
    assert "2 of the 4 series" in capsys.readouterr().err


@pytest.mark.parametrize(("gone", "share", "partial"), [(1, 0.3, False), (2, 0.5, False), (2, 1 / 3, True), (2, np.inf, False)])
def test_a_loss_counts_from_two_series_and_the_share_of_the_job(gone, share, partial):
    names = frozenset("abcde")
    before = SeriesNames("2024-01-01T00:00", 5, "x", names, frozenset())
    here = SeriesNames("2024-01-02T00:00", 5 - gone, "y", frozenset(sorted(names)[gone:]), frozenset())
    assert bool(lost_series(before, here, share)) is partial


def test_when_there_are_more_series_than_names_are_kept_then_their_number_and_a_hash_are_compared(monkeypatch, tmp_path):
    monkeypatch.setattr(series_names, "MOST", 1)
    clock, newest = TimeAxis(Freq.parse("D"), None), np.datetime64("2024-01-09", "us")
    kept = [
        SeriesNames.of("2024-01-01T00:00", [SeriesEnds(names, np.full(2, newest))], newest, clock)
        for names in (("a", "b"), ("a", "c"))
    ]
    kept[0].write(tmp_path / "s.json")
    before = SeriesNames.read(tmp_path / "s.json")
    assert before == kept[0]
    assert previous_run._changed(before, kept[0]) == []
    assert "2 series, with other names than in the last run" in previous_run._changed(before, kept[1])[0]
    assert lost_series(before, kept[1], 0.1) == ""
