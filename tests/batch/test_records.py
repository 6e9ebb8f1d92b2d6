"""Run records: locked, damaged, of older versions, on a disk that refuses."""

from __future__ import annotations

import dataclasses
import io
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

from tsattn.batch import records as sqlite_records
from tsattn.batch import shared_records
from tsattn.batch.records import Records
from tsattn.cli.main import main
from tsattn.errors import DataError
from tsattn.render.batch import runs
from tsattn.render.console import stdout


@pytest.mark.parametrize(
    ("column", "value", "word"),
    [
        ("details", "{broken", "no JSON"),
        ("details", "[1]", "no table"),
        ("items", "many", "items is 'many'"),
        ("seconds", "long", "seconds"),
        ("ended", "yesterday", "ended"),
        ("pid", "x", "pid"),
    ],
)
def test_when_a_record_is_damaged_then_runs_and_monitor_name_it_and_the_way_out(jobs, house, capsys, column, value, word):
    records = Records(house / ".tsattn" / "runs.db")
    records.end(records.begin("a", None, os.getpid()), {"status": "done", "items": 1, "fallback": 0, "failed": 0})
    with sqlite3.connect(records.path) as database:
        database.execute(f"UPDATE runs SET {column} = ?", (value,))
    path = jobs('[[job]]\nname="a"\ninput="data.csv"\nmodel="tiny"\noutputs="o.csv"\n')
    assert main(["runs", "--workspace", str(house / ".tsattn")]) == 1
    said = capsys.readouterr().err
    assert word in said
    assert "runs.db: the record of run 1 is damaged" in said
    assert "DELETE FROM runs WHERE number = 1" in said
    assert main(["monitor", str(path)]) == 1
    assert "the record of run 1 is damaged" in capsys.readouterr().out


def test_when_records_are_of_an_older_version_then_they_are_read_unchanged_and_widened_by_the_next_run(tmp_path):
    from tsattn.batch.records import _MIGRATIONS

    path = tmp_path / "runs.db"
    with sqlite3.connect(path) as database:
        database.execute(_MIGRATIONS[0])
        database.execute("PRAGMA user_version = 1")
        database.execute("INSERT INTO runs (job, status, started) VALUES ('a', 'done', '2026-01-01T00:00:00+00:00')")
    before = path.read_bytes()
    assert [(row["job"], row["host"]) for row in Records(path).runs()] == [("a", None)]
    assert path.read_bytes() == before
    Records(path).begin("b", None, os.getpid())
    assert [row["job"] for row in Records(path).runs()] == ["b", "a"]


def test_when_the_records_are_locked_then_they_are_waited_for_once_and_the_wait_is_reported(tmp_path):
    records = Records(tmp_path / "runs.db", wait=0.3)
    records.begin("a", None, os.getpid())
    other = sqlite3.connect(records.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(DataError, match=r"runs\.db: the run records are locked by another program; waited") as caught:
        records.begin("b", None, os.getpid())
    assert "--wait" in caught.value.hint
    assert time.monotonic() - began < 20
    assert len(records.runs()) == 1, "reading does not wait for a writer"
    other.close()


def test_when_a_run_was_killed_in_a_transaction_then_its_records_are_still_read(tmp_path):
    records = Records(tmp_path / "runs.db")
    records.begin("a", None, os.getpid())
    code = "import os, sqlite3, sys\nd = sqlite3.connect(sys.argv[1], isolation_level=None)\nd.execute('PRAGMA cache_size = 1')\n"
    code += "d.execute('BEGIN IMMEDIATE')\nd.executemany('INSERT INTO runs (job, status, started) VALUES (?, ?, ?)', "
    code += "[('x' * 5000, 'done', 'x')] * 500)\nos._exit(1)"
    subprocess.run([sys.executable, "-c", code, str(records.path)], check=False)
    assert records.path.with_name("runs.db-journal").exists(), "the killed transaction left its journal"
    assert [row["job"] for row in records.runs()] == ["a"]


def test_when_a_lock_is_let_go_within_the_wait_then_the_record_is_written(tmp_path):
    records = Records(tmp_path / "runs.db")
    records.begin("a", None, os.getpid())
    other = sqlite3.connect(records.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.5, other.rollback).start()
    assert records.begin("b", None, os.getpid()) == 2
    other.close()


def test_when_the_first_run_is_making_the_file_then_there_are_no_runs_yet(tmp_path):
    (tmp_path / "runs.db").touch()
    assert Records(tmp_path / "runs.db").runs() == []


RUN = {
    "job": "daily demand of all shops",
    "status": "partial",
    "cutoff": "2024-01-31 23:00:00",
    "items": 12_345,
    "failed": 3,
    "ended_items": 0,
    "rows": 172_830,
    "model": "a-rather-long-model-name",
    "version": "12",
    "seconds": 3725.0,
    "error": None,
    "started": "2024-02-01T06:00:00",
}


@pytest.mark.parametrize(("fallback", "shown"), [(0, False), (7, True)])
def test_when_runs_are_listed_then_the_table_fits_80_columns_and_fallbacks_are_a_column_only_where_there_are_any(fallback, shown):
    out = io.StringIO()
    runs(Console(file=out, width=80, force_terminal=True, color_system=None), [{**RUN, "fallback": fallback}])
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert ("fall-" in text) == shown
    assert "2024-02-01 06:00" in text
    assert "ended" not in text
    runs(Console(file=out, width=80, force_terminal=True, color_system=None), [{**RUN, "fallback": fallback, "ended_items": 12}])
    assert "ended" in out.getvalue()
    assert max(map(len, out.getvalue().splitlines())) <= 80


def test_when_runs_go_through_a_pipe_then_each_row_is_one_line(capsys):
    rows = [{**RUN, "fallback": 7, "job": f"{RUN['job']} {number}"} for number in range(3)]
    runs(stdout(), rows)
    lines = capsys.readouterr().out.splitlines()
    for row in rows:
        assert [line for line in lines if row["job"] in line and row["cutoff"] in line and f"{row['model']}/12" in line]
    assert len(lines) == 3 + len(rows)  # a heading of two lines, and the line below it


DAY = 86400.0


def record(records, status: str, days: float, monkeypatch, *, as_of: str | None = None) -> int:
    """Record a run of the job `a` that many days ago, and return its number."""
    with monkeypatch.context() as patch:
        then = time.time() - days * DAY
        patch.setattr(time, "time", lambda: then)
        number = records.begin("a", as_of, os.getpid())
        records.end(number, {"status": status, "items": 1, "fallback": 0, "failed": 0})
    return number


def test_when_runs_are_older_than_keep_then_the_newest_ones_and_the_last_good_one_stay(records, monkeypatch):
    for module in (sqlite_records, shared_records):
        monkeypatch.setattr(module, "LEAST", 2)
    records = dataclasses.replace(records, keep=400 * DAY)
    record(records, "done", 900, monkeypatch)
    good = record(records, "done", 800, monkeypatch)
    record(records, "failed", 700, monkeypatch)
    recent = [record(records, "failed", days, monkeypatch) for days in (399, 2, 1)]
    other = records.begin("b", None, os.getpid())
    newest = record(records, "failed", 0, monkeypatch)
    assert [row["number"] for row in records.runs()] == [newest, other, *reversed(recent), good]


def test_when_all_runs_are_older_than_keep_then_the_newest_ones_stay(records, monkeypatch):
    monkeypatch.setattr(sqlite_records, "LEAST", 2)
    monkeypatch.setattr(shared_records, "LEAST", 2)
    records = dataclasses.replace(records, keep=10 * DAY)
    numbers = [record(records, "done", days, monkeypatch) for days in (90, 60, 30)]
    assert [row["number"] for row in records.runs()] == [numbers[2], numbers[1]]


def test_when_records_are_kept_forever_then_none_is_deleted(records, monkeypatch):
    monkeypatch.setattr(sqlite_records, "LEAST", 1)
    monkeypatch.setattr(shared_records, "LEAST", 1)
    numbers = [record(records, "done", days, monkeypatch) for days in (20_000, 3_000, 0)]
    assert [row["number"] for row in records.runs()] == numbers[::-1]


def test_when_good_runs_are_asked_for_then_those_since_a_moment_and_a_few_before_are_read(records, monkeypatch):
    old = [record(records, "done", days, monkeypatch) for days in (9, 8, 7)]
    record(records, "failed", 6, monkeypatch)
    record(records, "done", 5, monkeypatch, as_of="2024-01-01")
    new = [record(records, status, days, monkeypatch) for status, days in (("partial", 2), ("done", 1))]
    failed = record(records, "failed", 0, monkeypatch)
    since = sqlite_records.moment(3 * DAY)
    assert [row["number"] for row in records.good_runs("a", since, 2)] == [*new[::-1], *old[:0:-1]]
    assert [row["number"] for row in records.good_runs("a", since, 5)] == [*new[::-1], *old[::-1]]
    assert records.good_runs("b", since, 5) == []
    assert records.newest("a")["number"] == failed
    assert records.newest("b") is None


def test_when_a_job_has_run_thousands_of_times_then_the_monitor_reads_a_few_records(jobs, house, capsys, monkeypatch):
    path = jobs('[[job]]\nname="a"\ninput="data.csv"\nmodel="tiny"\noutputs="o.csv"\nmax_age="never"\n')
    assert main(["run", str(path), "-q"]) == 0
    with sqlite3.connect(house / ".tsattn" / "runs.db") as database:
        (columns,) = zip(*database.execute("SELECT name FROM pragma_table_info('runs') WHERE name <> 'number'"), strict=True)
        values = ", ".join(columns).replace("ended", "'2024-01-01T00:00:00+00:00'")
        database.execute(f"INSERT INTO runs ({', '.join(columns)}) SELECT {values} FROM runs")
        for _ in range(11):
            database.execute(
                f"INSERT INTO runs ({', '.join(columns)}) SELECT {', '.join(columns)} FROM runs WHERE ended < '2025'"
            )
    assert main(["run", str(path), "-q"]) == 0
    read = []
    monkeypatch.setattr(sqlite_records, "checked", lambda row, _: read.append(row) or {**row, "details": None})
    assert main(["monitor", str(path), "--no-alert"]) == 0
    assert 1 < len(read) < 20


def test_when_the_records_are_moved_away_while_a_job_runs_then_its_end_is_no_error(records):
    number = records.begin("a", None, os.getpid())
    if isinstance(records, Records):
        records.path.unlink()
    else:
        Path(records.url.removeprefix("sqlite:///")).unlink()
    records.end(number, {"status": "done"})
    assert records.runs() == []
