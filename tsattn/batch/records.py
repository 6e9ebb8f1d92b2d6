"""What every run did, in `runs.db` of the workspace (SQLite)."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsattn.errors import DataError

# the n-th statement brings a database of version n to version n + 1
_MIGRATIONS = (
    """CREATE TABLE runs (
        number INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, run_id TEXT, status TEXT NOT NULL, started TEXT NOT NULL,
        ended TEXT, as_of TEXT, cutoff TEXT, items INTEGER, done INTEGER, fallback INTEGER, failed INTEGER, rows INTEGER,
        model TEXT, version INTEGER, fingerprint TEXT, seconds REAL, peak_mib REAL, error TEXT, details TEXT, pid INTEGER)""",
    "CREATE INDEX runs_of_job ON runs (job, number)",
    "ALTER TABLE runs ADD COLUMN log TEXT",
)
GOOD = ("done", "partial")


@dataclass(frozen=True)
class Records:
    """The run records at `path`. Reading finds nothing where there is no file; writing makes it."""

    path: Path

    def begin(self, job: str, as_of: str | None, pid: int) -> int:
        """Note that a run began, and that earlier ones which never ended were killed. The job's lock must be held."""
        with self._open() as database:
            database.execute("UPDATE runs SET status = 'killed' WHERE job = ? AND status = 'running'", (job,))
            values = (job, "running", now(), as_of, pid)
            made = database.execute("INSERT INTO runs (job, status, started, as_of, pid) VALUES (?, ?, ?, ?, ?)", values)
            return int(made.lastrowid or 0)

    def end(self, number: int, values: dict[str, Any]) -> None:
        """Fill in what a run did; `values` are columns of the table, `details` a JSON value."""
        values = {**values, "ended": now()}
        if "details" in values:
            values["details"] = json.dumps(values["details"], ensure_ascii=False)
        columns = ", ".join(f'"{name}" = ?' for name in values)
        with self._open() as database:
            database.execute(f"UPDATE runs SET {columns} WHERE number = ?", (*values.values(), number))

    def runs(self, jobs: Sequence[str] = (), last: int | None = None) -> list[dict[str, Any]]:
        """Runs, newest first, of these jobs or of all."""
        if not self.path.exists():
            return []
        where = f"WHERE job IN ({', '.join('?' * len(jobs))})" if jobs else ""
        with self._open() as database:
            found = database.execute(
                f"SELECT * FROM runs {where} ORDER BY number DESC LIMIT ?", (*jobs, -1 if last is None else last)
            )
            names = [column[0] for column in found.description]
            rows = [dict(zip(names, row, strict=True)) for row in found]
        gone = {row["number"] for row in rows if row["status"] == "running" and not _alive(row["pid"])}
        return [
            {
                **row,
                "status": "killed" if row["number"] in gone else row["status"],
                "details": json.loads(row["details"] or "null"),
            }
            for row in rows
        ]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction on the database, brought to the newest version first."""
        database = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self.path, timeout=30, isolation_level=None)
            database.execute("BEGIN IMMEDIATE")
            version = database.execute("PRAGMA user_version").fetchone()[0]
            for statement in _MIGRATIONS[version:]:
                database.execute(statement)
            if version < len(_MIGRATIONS):
                database.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
            yield database
            database.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise DataError(f"{self.path}: the run records cannot be used: {error}", "move the file away to begin anew") from None
        finally:
            if database is not None:
                database.close()


def _alive(pid: int | None) -> bool:
    """Whether a process of this machine is there; True where that cannot be asked."""
    if os.name != "posix" or not pid:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def now() -> str:
    """The present in UTC, ISO 8601."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
