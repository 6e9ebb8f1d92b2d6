"""Records of all runs, in `runs.db` of the workspace (SQLite)."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import socket
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsattn.batch.reported import KEPT, Cutoffs, Key
from tsattn.batch.runs import LOCK_WAIT
from tsattn.errors import DataError
from tsattn.render.format import duration

# the n-th statement brings a database of version n to version n + 1
_MIGRATIONS = (
    """CREATE TABLE runs (
        number INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, run_id TEXT, status TEXT NOT NULL, started TEXT NOT NULL,
        ended TEXT, as_of TEXT, cutoff TEXT, items INTEGER, done INTEGER, fallback INTEGER, failed INTEGER, rows INTEGER,
        model TEXT, version INTEGER, fingerprint TEXT, seconds REAL, peak_mib REAL, error TEXT, details TEXT, pid INTEGER)""",
    "CREATE INDEX runs_of_job ON runs (job, number)",
    "ALTER TABLE runs ADD COLUMN log TEXT",
    "ALTER TABLE runs ADD COLUMN host TEXT",
    "ALTER TABLE runs ADD COLUMN process TEXT",
    "ALTER TABLE runs ADD COLUMN ended_items INTEGER",
    """CREATE TABLE anomalies (
        job TEXT NOT NULL, item_id TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, first_cutoff INTEGER NOT NULL,
        last_cutoff INTEGER NOT NULL, PRIMARY KEY (job, item_id, at, kind))""",
    "CREATE INDEX anomalies_of_job ON anomalies (job, last_cutoff)",
)
# all but the KEPT anomalies with the newest cutoffs; those of the newest run always stay
_FORGOTTEN = (
    "job = ? AND last_cutoff < (SELECT last_cutoff FROM anomalies WHERE job = ? ORDER BY last_cutoff DESC LIMIT 1 OFFSET ?)"
)
GOOD = ("done", "partial")
LEAST = 1000  # newest runs of a job whose records stay, however old they are
_SCHEDULED = "job = :job AND as_of IS NULL"
_GOOD = f"{_SCHEDULED} AND status IN {GOOD}"
# conditions with subqueries that read a few rows of the index (job, number), whatever the number of records
_RECENT = (
    f"{_GOOD} AND number > COALESCE((SELECT number FROM runs WHERE {_GOOD} AND ended < :since"
    " ORDER BY number DESC LIMIT 1 OFFSET :before), 0)"
)
_OUTDATED = (
    "job = :job AND started < :start"
    " AND number < (SELECT number FROM runs WHERE job = :job ORDER BY number DESC LIMIT 1 OFFSET :least - 1)"
    f" AND number <> COALESCE((SELECT number FROM runs WHERE {_GOOD} ORDER BY number DESC LIMIT 1), 0)"
)
_NUMBERS = ("number", "items", "done", "fallback", "failed", "ended_items", "rows", "version", "seconds", "peak_mib", "pid")
_MOMENTS = ("started", "ended")


@dataclass(frozen=True)
class Records:
    """Run records at `path`. Reading a missing file returns nothing; writing creates it.

    `wait`: seconds to wait for another program that has locked the file. `keep`: age in seconds from which `end` deletes records
    of the same job, except those of its LEAST newest runs and of its last good one.
    """

    path: Path
    wait: float = LOCK_WAIT
    keep: float = math.inf

    def begin(self, job: str, as_of: str | None, pid: int, status: str = "running") -> int:
        """Note that a run began, and that earlier ones which never ended were killed. The job's lock must be held.

        A run with another status, "locked", does not hold it, and leaves the others alone.
        """
        values = {"job": job, "status": status, "started": now(), "as_of": as_of, **process_of(pid)}
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        with self._writing() as database:
            if status == "running":
                database.execute("UPDATE runs SET status = 'killed' WHERE job = ? AND status = 'running'", (job,))
            made = database.execute(f"INSERT INTO runs ({columns}) VALUES ({marks})", (*values.values(),))
            return int(made.lastrowid or 0)

    def end(self, number: int, values: dict[str, Any], reported: Mapping[Key, Cutoffs] | None = None) -> None:
        """Fill in what a run did; `values` are columns of the table, `details` a JSON value. reported: its anomalies."""
        values = {**values, "ended": now()}
        if "details" in values:
            values["details"] = json.dumps(values["details"], ensure_ascii=False)
        columns = ", ".join(f'"{name}" = ?' for name in values)
        with self._writing() as database:
            database.execute(f"UPDATE runs SET {columns} WHERE number = ?", (*values.values(), number))
            found = database.execute("SELECT job FROM runs WHERE number = ?", (number,)).fetchone()
            if found is None:  # the file was moved away while the job ran
                return
            job = found[0]
            database.execute(f"DELETE FROM runs WHERE {_OUTDATED}", {"job": job, "start": moment(self.keep), "least": LEAST})
            if reported:
                rows = ((job, *key, *cutoffs) for key, cutoffs in reported.items())
                database.executemany("INSERT OR REPLACE INTO anomalies VALUES (?, ?, ?, ?, ?, ?)", rows)
                database.execute(f"DELETE FROM anomalies WHERE {_FORGOTTEN}", (job, job, KEPT))

    def anomalies(self, job: str, since: int) -> dict[Key, Cutoffs]:
        """Return the anomalies that runs of a job reported, from the time `since` on (see Key.at)."""
        if not self.path.exists():
            return {}
        with self._reading() as database:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'anomalies'").fetchone():
                return {}
            columns = "item_id, at, kind, first_cutoff, last_cutoff"
            found = database.execute(f"SELECT {columns} FROM anomalies WHERE job = ? AND at >= ?", (job, since))
            return {Key(*row[:3]): Cutoffs(*row[3:]) for row in found}

    def runs(self, jobs: Sequence[str] = (), last: int | None = None) -> list[dict[str, Any]]:
        """Return runs, newest first, of these jobs or of all; one whose process is gone is "killed"."""
        where = f"job IN ({', '.join('?' * len(jobs))})" if jobs else "TRUE"
        return self._rows(where, (*jobs, -1 if last is None else last))

    def newest(self, job: str) -> dict[str, Any] | None:
        """Return the newest run of a job without --as-of; None without any."""
        return next(iter(self._rows(_SCHEDULED, {"job": job, "last": 1})), None)

    def good_runs(self, job: str, since: str, before: int) -> list[dict[str, Any]]:
        """Return the newest good runs of a job without --as-of: those that ended at `since` or later, and `before` others."""
        return self._rows(_RECENT, {"job": job, "since": since, "before": before, "last": -1})

    def _rows(self, where: str, values: Sequence[Any] | dict[str, Any]) -> list[dict[str, Any]]:
        """Return the runs that satisfy a condition, newest first, up to the limit that is the last of the values."""
        if not self.path.exists():
            return []
        limit = ":last" if isinstance(values, dict) else "?"
        with self._reading() as database:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
                return []  # the first run is making the file
            found = database.execute(f"SELECT * FROM runs WHERE {where} ORDER BY number DESC LIMIT {limit}", values)
            names = [column[0] for column in found.description]
            rows = [dict(zip(names, row, strict=True)) for row in found]
        missing = dict.fromkeys(("log", "host", "process", "ended_items"))
        return [checked({**missing, **row}, str(self.path)) for row in rows]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction on the database, after migrating it to the newest version."""
        with self._data_errors():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _closing(sqlite3.connect(self.path, timeout=self.wait, isolation_level=None)) as database:
                database.execute("BEGIN IMMEDIATE")
                version = database.execute("PRAGMA user_version").fetchone()[0]
                for statement in _MIGRATIONS[version:]:
                    database.execute(statement)
                if version < len(_MIGRATIONS):
                    database.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
                yield database
                database.execute("COMMIT")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Open the database as it is. Reading changes nothing, and waits only for a writer that has begun to commit."""
        address = f"{self.path.absolute().as_uri()}?mode=rw"  # unfinished changes of a killed run are rolled back first
        with (
            self._data_errors(),
            _closing(sqlite3.connect(address, uri=True, timeout=self.wait, isolation_level=None)) as database,
        ):
            yield database

    @contextmanager
    def _data_errors(self) -> Iterator[None]:
        """Turn errors of SQLite into messages for people."""
        began = time.monotonic()
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                waited = duration(time.monotonic() - began)
                raise DataError(
                    f"{self.path}: the run records are locked by another program; waited {waited}",
                    "let the program that uses the file finish, or wait longer: --wait SECONDS",
                ) from None
            raise DataError(
                f"{self.path}: the run records cannot be used: {error}", "check its permissions and the disk; or move it away"
            ) from None
        except OSError as error:
            raise DataError(
                f"{self.path}: the run records cannot be used: {error.strerror or error}",
                "choose another place: --workspace FOLDER, or TSATTN_WORKSPACE",
            ) from None


@contextmanager
def _closing(database: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield database
    finally:
        database.close()


def checked(row: dict[str, Any], place: str) -> dict[str, Any]:
    """Return a record with its details read, and "killed" in place of "running" when its process is gone.

    Raises DataError that names the record when something in it is not what tsattn writes.
    """
    fault = next((f"{key} is {row[key]!r}" for key in _NUMBERS if not isinstance(row[key], int | float | None)), "")
    for key in _MOMENTS:
        if row[key] is not None and not _is_moment(row[key]):
            fault = f"{key} is {row[key]!r}"
    try:
        details = json.loads(row["details"] or "null")
        if not isinstance(details, dict | None):
            fault = "its details are no table"
    except (ValueError, TypeError, RecursionError):
        details, fault = None, "its details are no JSON"
    if fault:
        table = "runs" if "://" not in place else "the table of records"
        raise DataError(
            f"{place}: the record of run {row['number']} is damaged: {fault}"[:400],
            f"delete it (DELETE FROM {table} WHERE number = {row['number']}), or move the file away to start with new records",
        )
    status = "killed" if row["status"] == "running" and is_gone(row) else row["status"]
    return {**row, "status": status, "details": details}


def _is_moment(value: Any) -> bool:
    try:
        dt.datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return False
    return True


def process_of(pid: int) -> dict[str, Any]:
    """Identity of a process, as columns of a record: its host, its number and its start time."""
    return {"pid": pid, "host": _host(), "process": _started(pid)}


def is_gone(row: dict[str, Any]) -> bool:
    """Return True when the process of a record ran on this machine and no longer exists."""
    pid = row["pid"]
    if os.name != "posix" or not pid or (row["host"] is not None and row["host"] != _host()):
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass
    return bool(row["process"]) and row["process"] != _started(int(pid))


def _host() -> str:
    """This machine, or the container: process numbers mean the same within it alone."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return f"{socket.gethostname()} {space}".strip()


def _started(pid: int) -> str:
    """Start of a process on Linux: the boot and the clock ticks since it; "" on other systems."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        ticks = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
    return f"{boot} {ticks}"


def moment(age: float) -> str:
    """The time `age` seconds ago in UTC, ISO 8601, so that moments sort as texts; the year 1970 for an age that begins before."""
    return dt.datetime.fromtimestamp(max(0.0, time.time() - age), dt.UTC).isoformat(timespec="seconds")


def now() -> str:
    """The present in UTC, ISO 8601."""
    return moment(0)
