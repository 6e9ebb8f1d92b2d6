"""Run records in a database of many machines: the same as in `runs.db`, through SQLAlchemy."""

from __future__ import annotations

import json
import math
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsattn.batch.connections import transaction
from tsattn.batch.database import widened
from tsattn.batch.records import GOOD, LEAST, Records, checked, moment, now, process_of
from tsattn.batch.reported import KEPT, Cutoffs, Key
from tsattn.batch.runs import LOCK_WAIT
from tsattn.batch.secrets import expanded, shown

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

TABLE = "tsattn_runs"
_TEXTS = ("run_id", "ended", "as_of", "cutoff", "model", "fingerprint", "error", "details", "log", "workspace", "host", "process")
_COUNTS = ("items", "done", "fallback", "failed", "ended_items", "rows", "version", "pid")
RETRIES = 5


@dataclass(frozen=True)
class SharedRecords:
    """The run records in a table of the database at `url`. `workspace` separates the records of one workspace from others.

    `keep`: age in seconds from which `end` deletes records of the same job and workspace, as in `Records`.
    """

    url: str
    table: str
    workspace: str
    wait: float = LOCK_WAIT
    keep: float = math.inf

    def begin(self, job: str, as_of: str | None, pid: int, status: str = "running") -> int:
        """Note that a run began, and that this workspace's earlier ones which never ended were killed.

        The job's lock must be held. A run with another status, "locked", does not hold it, and leaves the others alone.
        """
        import sqlalchemy as sa

        def write(connection: Connection) -> int:
            runs = self._made(connection)
            mine = (runs.c.job == job) & (runs.c.status == "running") & (runs.c.workspace == self.workspace)
            if status == "running":
                connection.execute(sa.update(runs).where(mine).values(status="killed"))
            values = {"job": job, "status": status, "started": now(), "as_of": as_of, **process_of(pid)}
            values["workspace"] = self.workspace
            made = connection.execute(sa.insert(runs).values(values).returning(runs.c.number))
            return int(made.scalar_one())

        return transaction(self.url, RETRIES, write, self.wait)

    def end(self, number: int, values: dict[str, Any], reported: Mapping[Key, Cutoffs] | None = None) -> None:
        """Fill in what a run did; `values` are columns of the table, `details` a JSON value. reported: its anomalies."""
        import sqlalchemy as sa

        values = {**values, "ended": now()}
        if "details" in values:
            values["details"] = json.dumps(values["details"], ensure_ascii=False)

        def write(connection: Connection) -> None:
            runs = self._made(connection)
            connection.execute(sa.update(runs).where(runs.c.number == number).values(values))
            job = connection.execute(sa.select(runs.c.job).where(runs.c.number == number)).scalar()
            if job is None:  # the record was deleted while the job ran
                return
            self._forget(connection, runs, job)
            if reported:
                self._report(connection, job, reported)

        transaction(self.url, RETRIES, write, self.wait)

    def _forget(self, connection: Connection, runs: Table, job: str) -> None:
        """Delete the records of a job that are older than `keep`, except those of its LEAST newest runs and its last good one."""
        import sqlalchemy as sa

        mine = (runs.c.job == job) & (runs.c.workspace == self.workspace)
        newest = sa.select(runs.c.number).order_by(runs.c.number.desc()).limit(1)
        least = connection.execute(newest.where(mine).offset(LEAST - 1)).scalar()
        if least is None:
            return
        good = connection.execute(newest.where(mine, *_good(runs, job))).scalar()
        outdated = mine & (runs.c.started < moment(self.keep)) & (runs.c.number < least) & (runs.c.number != (good or 0))
        connection.execute(sa.delete(runs).where(outdated))

    def anomalies(self, job: str, since: int) -> dict[Key, Cutoffs]:
        """Return the anomalies that runs of a job reported, from the time `since` on (see Key.at)."""
        import sqlalchemy as sa

        def ask(connection: Connection) -> dict[Key, Cutoffs]:
            there = self._anomalies()
            if not sa.inspect(connection).has_table(there.name):
                return {}
            columns = (there.c[name] for name in (*Key._fields, "first_cutoff", "last_cutoff"))
            found = connection.execute(sa.select(*columns).where((there.c.job == job) & (there.c.at >= since)))
            return {Key(*row[:3]): Cutoffs(*row[3:]) for row in found}

        return transaction(self.url, RETRIES, ask, self.wait)

    def _report(self, connection: Connection, job: str, reported: Mapping[Key, Cutoffs]) -> None:
        """Replace the rows of anomalies, and delete those found longest ago, beyond KEPT."""
        import sqlalchemy as sa

        there = self._anomalies()
        widened(connection, there, ("job", *Key._fields))
        same = [there.c[name] == sa.bindparam(f"key_{name}") for name in Key._fields]
        keys = [{f"key_{name}": value for name, value in key._asdict().items()} for key in reported]
        connection.execute(sa.delete(there).where(there.c.job == job, *same), keys)
        rows = [
            {"job": job, **key._asdict(), "first_cutoff": cutoffs.first, "last_cutoff": cutoffs.last}
            for key, cutoffs in reported.items()
        ]
        connection.execute(sa.insert(there), rows)
        newest = sa.select(there.c.last_cutoff).where(there.c.job == job).order_by(there.c.last_cutoff.desc())
        last = connection.execute(newest.limit(1).offset(KEPT)).scalar()
        if last is not None:
            connection.execute(sa.delete(there).where(there.c.job == job, there.c.last_cutoff < last))

    def runs(self, jobs: Sequence[str] = (), last: int | None = None) -> list[dict[str, Any]]:
        """Return runs, newest first, of these jobs or of all; one whose process is gone is "killed"."""
        return self._rows(lambda runs: (runs.c.job.in_(jobs),) if jobs else (), last)

    def newest(self, job: str) -> dict[str, Any] | None:
        """Return the newest run of a job without --as-of; None without any."""
        return next(iter(self._rows(lambda runs: (runs.c.job == job, runs.c.as_of.is_(None)), 1)), None)

    def good_runs(self, job: str, since: str, before: int) -> list[dict[str, Any]]:
        """Return the newest good runs of a job without --as-of: those that ended at `since` or later, and `before` others."""
        import sqlalchemy as sa

        def recent(runs: Table) -> tuple[Any, ...]:
            there = runs.alias()
            earlier = sa.select(there.c.number).where(*_good(there, job), there.c.ended < since)
            last = earlier.order_by(there.c.number.desc()).limit(1).offset(before).scalar_subquery()
            return (*_good(runs, job), runs.c.number > sa.func.coalesce(last, 0))

        return self._rows(recent, None)

    def _rows(self, where: Callable[[Table], tuple[Any, ...]], last: int | None) -> list[dict[str, Any]]:
        """Return the newest `last` runs that satisfy conditions, newest first; None = all."""
        import sqlalchemy as sa

        def ask(connection: Connection) -> list[dict[str, Any]]:
            if not sa.inspect(connection).has_table(self.table):
                return []
            runs = self._made(connection)
            wanted = sa.select(runs).where(*where(runs)).order_by(runs.c.number.desc()).limit(last)
            return [dict(row) for row in connection.execute(wanted).mappings()]

        rows = transaction(self.url, RETRIES, ask, self.wait)
        return [checked(row, shown(self.url)) for row in rows]

    def _anomalies(self) -> Table:
        import sqlalchemy as sa

        columns: list[Any] = [
            *(sa.Column(name, sa.Text, primary_key=True) for name in ("job", "item_id")),
            sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("kind", sa.Text, primary_key=True),
            *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("first_cutoff", "last_cutoff")),
        ]
        # PostgreSQL's names have 63 bytes at most
        name = self.table.encode()[:53].decode(errors="ignore") + "_anomalies"
        return sa.Table(name, sa.MetaData(), *columns)

    def _made(self, connection: Connection) -> Table:
        import sqlalchemy as sa

        columns: list[Any] = [
            sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
            *(sa.Column(name, sa.Text, nullable=False) for name in ("job", "status", "started")),
            *(sa.Column(name, sa.Text) for name in _TEXTS),
            *(sa.Column(name, sa.BigInteger) for name in _COUNTS),
            *(sa.Column(name, sa.Double) for name in ("seconds", "peak_mib")),
        ]
        wanted = sa.Table(self.table, sa.MetaData(), *columns)
        widened(connection, wanted)
        return wanted


def _good(runs: Any, job: str) -> tuple[Any, ...]:
    """Conditions of the good runs of a job without --as-of."""
    return runs.c.job == job, runs.c.as_of.is_(None), runs.c.status.in_(GOOD)


def records_of(place: Path, url: str | None, wait: float = LOCK_WAIT, keep: float = math.inf) -> Records | SharedRecords:
    """The run records of a workspace: in the database given, else in its `runs.db`. `url` may name a table after a #."""
    if url is None:
        return Records(place / "runs.db", wait, keep)
    address, _, table = url.partition("#")
    return SharedRecords(expanded(address), expanded(table) or TABLE, f"{socket.gethostname()}:{place.absolute()}", wait, keep)
