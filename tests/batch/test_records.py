"""Run records: locked, damaged, of older versions, on a disk that refuses."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from rich.console import Console

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
