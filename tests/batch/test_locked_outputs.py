"""Databases that another program has locked, and disks that are full."""

from __future__ import annotations

import json
import sqlite3
import threading

import pytest

from tests.batch.conftest import rows, write_csv
from tsattn.batch.records import Records
from tsattn.batch.spool import Spool
from tsattn.cli.main import main
from tsattn.errors import ConfigError, DataError
from tsattn.workspace import Workspace

pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed: pip install 'tsattn[sql]'")
JOB = '[[job]]\nname = "a"\ninput = "data.csv"\nmodel = "tiny"\nhorizon = 3\noutputs = ["f.csv", "sqlite:///out.db#f"]\n'


def locked(path):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE other (a)")
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    return other


def test_when_an_sqlite_output_is_locked_then_it_is_waited_for_once_and_the_wait_is_reported(jobs, house, capsys, monkeypatch):
    import time

    other = locked(house / "out.db")
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("the database waits by itself, and is not tried again"))
    assert main(["run", str(jobs(JOB)), "--wait", "0.5", "--json", "-q"]) == 1
    error = json.loads(capsys.readouterr().out)["jobs"][0]["error"]
    assert "sqlite:///out.db#f: sqlite:///" in error
    assert "locked by another program; waited" in error
    assert "--wait SECONDS" in error
    assert (house / "f.csv").exists()
    other.close()


def test_when_the_lock_is_let_go_within_the_wait_then_the_job_is_done(jobs, house):
    other = locked(house / "out.db")
    threading.Timer(2, other.rollback).start()
    assert main(["run", str(jobs(JOB)), "-q"]) == 0
    other.close()


def test_when_a_run_makes_up_for_an_earlier_moment_then_a_file_keeps_its_newer_forecast(jobs, house, capsys):
    path = jobs(JOB.replace('"f.csv"', '"f.csv", "f.jsonl", "f.parquet", "f.json"'))
    files = [house / f"f.{kind}" for kind in ("csv", "jsonl", "parquet", "json")]
    assert main(["run", str(path), "-q"]) == 0
    newest = [file.read_bytes() for file in files]
    assert main(["run", str(path), "--as-of", "2024-01-05T12:00"]) == 0
    assert [file.read_bytes() for file in files] == newest
    said, kept = capsys.readouterr(), "f.csv keeps the newer forecast from cutoff 2024-01-09 07:00:00"
    assert "cutoff 2024-01-05 12:00:00; f.csv keeps" in said.err
    assert f"a: {kept}" in said.out.replace("\n", " ")
    (run,) = Records(house / ".tsattn" / "runs.db").runs(last=1)
    assert (run["details"]["written"], len(run["details"]["kept"]), run["rows"]) == (["sqlite:///out.db#f"], 4, 6)
    with sqlite3.connect(house / "out.db") as database:
        assert len(database.execute("SELECT DISTINCT cutoff FROM f").fetchall()) == 2
    write_csv(house / "data.csv", rows(hours=230))
    assert main(["run", str(path), "--as-of", "2024-01-10T00:00", "-q"]) == 0
    assert [file.read_bytes() for file in files] != newest


def test_when_the_disk_is_full_then_the_spool_names_its_file_and_the_way_out(tmp_path, monkeypatch):
    import errno

    import pyarrow as pa
    import pyarrow.parquet as pq

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "Error writing bytes to file")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    path = tmp_path / "jobs" / "a.rows.parquet"
    with pytest.raises(DataError, match=r"a\.rows\.parquet: cannot be written: No space left on device"), Spool(path) as spool:
        spool.add(pa.table({"x": [1]}))
    assert not path.exists()


def test_when_a_lock_cannot_be_written_then_the_error_names_it_and_the_way_out(tmp_path, monkeypatch):
    from filelock import FileLock

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    lock = Workspace(tmp_path).job_lock("a")
    with pytest.raises(ConfigError, match=r"cannot write the lock .*a\.lock: Permission denied") as caught, lock:
        pass
    assert "--workspace FOLDER" in caught.value.hint


@pytest.mark.parametrize(
    "moment", ["0001-01-01", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00+14:00", "0003-01-01", "9997-12-31"]
)
def test_when_as_of_is_at_the_ends_of_time_then_it_is_refused_or_holds(jobs, house, moment, capsys):
    code = main(["run", str(jobs(JOB)), "--as-of", moment, "--json", "-q"])
    said = json.loads(capsys.readouterr().out)
    assert code in (0, 1, 2)
    if code == 2:
        assert "outside the supported years" in said["error"]["message"]
