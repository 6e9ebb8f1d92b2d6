"""Instants in SQLite carry their offset; tables without one keep their format, so that no row is there twice."""

from __future__ import annotations

import sqlite3

import pytest

from tests.batch.conftest import job_text, rows, write_csv
from tsattn import ingest
from tsattn.cli.main import main

pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy: pip install 'tsattn[sql]'")

JOB = job_text('outputs = "sqlite:///out.db#f"', 'max_age = "never"', 'read = { timezone = "Europe/Berlin" }')


def stored(house) -> list[tuple[str, str, str]]:
    with sqlite3.connect(house / "out.db") as database:
        return database.execute("SELECT item_id, cutoff, timestamp FROM f ORDER BY item_id, timestamp").fetchall()


def test_when_timestamps_have_a_zone_then_a_new_table_keeps_their_offset_and_reads_back_as_the_same_instants(jobs, house):
    assert main(["run", str(jobs(JOB)), "-q"]) == 0
    found = stored(house)
    assert found[0][1:] == ("2024-01-09 06:00:00.000000+00:00", "2024-01-09 07:00:00.000000+00:00")
    write_csv(house / "again.csv", [f"{item},{stamp},1" for item, _, stamp in found])
    panel = ingest(house / "again.csv").panel
    assert panel.tz == "UTC"
    assert str(panel.instants(panel.start)[0]) == "2024-01-09T07:00:00.000000"


def test_when_a_table_has_utc_without_an_offset_then_it_keeps_the_format_and_no_row_is_there_twice(jobs, house):
    path = jobs(JOB)
    assert main(["run", str(path), "-q"]) == 0
    with sqlite3.connect(house / "out.db") as database:  # the same rows as older versions wrote them
        database.executescript(
            "ALTER TABLE f RENAME TO new; CREATE TABLE f (job TEXT, item_id TEXT, cutoff DATETIME, timestamp DATETIME, "
            "PRIMARY KEY (job, item_id, cutoff, timestamp)); INSERT INTO f SELECT job, item_id, replace(cutoff, '+00:00', ''), "
            "replace(timestamp, '+00:00', '') FROM new;"
        )
    before = stored(house)
    assert main(["run", str(path), "-q"]) == 0
    assert stored(house) == before


def test_when_the_truth_comes_then_the_monitor_finds_the_rows_of_a_zoned_table(jobs, house, capsys):
    path = jobs(JOB)
    assert main(["run", str(path), "-q"]) == 0
    write_csv(house / "data.csv", rows(hours=208))
    assert main(["monitor", str(path), "--json", "--no-alert"]) == 0
    assert '"scored": 16' in capsys.readouterr().out
