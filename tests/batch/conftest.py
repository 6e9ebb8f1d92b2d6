"""A workspace with one tiny model, and job files that use it."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from tsattn.batch.records import Records
from tsattn.batch.shared_records import SharedRecords, records_of

ROOT = Path(__file__).parents[2]


def job_text(*keys: str) -> str:
    """A job file: a job of the workspace's model with these lines of keys."""
    return "\n".join(["", "[[job]]", 'name = "a"', 'input = "data.csv"', 'model = "tiny"', "horizon = 12", *keys, ""])


def rows(items: int = 2, hours: int = 200, seed: int = 0, lead: str = "a") -> list[str]:
    """Lines of hourly items, a day's wave each."""
    rng = np.random.default_rng(seed)
    stamps = np.datetime64("2024-01-01T00:00") + np.arange(hours).astype("timedelta64[h]")
    lines = []
    for item in range(items):
        values = 10 + 3 * np.sin(np.arange(hours) * 2 * np.pi / 24) + rng.normal(0, 0.3, hours)
        lines += [f"{lead}{item:02d},{stamp},{value:.4f}" for stamp, value in zip(stamps, values, strict=True)]
    return lines


def write_csv(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("\n".join(["item_id,timestamp,target", *lines]) + "\n", "utf-8")
    return path


@pytest.fixture
def house(tmp_path: Path, saved: Path) -> Path:
    """A folder with data.csv and a workspace whose model is called `tiny`."""
    shutil.copytree(saved, tmp_path / ".tsattn" / "models" / "tiny" / "0001")
    write_csv(tmp_path / "data.csv", rows())
    return tmp_path


@pytest.fixture(params=["file", "shared"])
def records(request, tmp_path: Path) -> Records | SharedRecords:
    """Run records in runs.db, and those in a table of a database."""
    if request.param == "shared":
        pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy: pip install 'tsattn[sql]'")
        return records_of(tmp_path, f"sqlite:///{tmp_path / 'ops.db'}#seen")
    return records_of(tmp_path, None)


Write = Callable[[str], Path]


@pytest.fixture
def jobs(house: Path) -> Write:
    """Writes jobs.toml."""

    def write(text: str) -> Path:
        path = house / "jobs.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "TSATTN_WORKSPACE"}
    return {**kept, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **more}


def start(*words: object, cwd: Path | None = None, **more: str) -> subprocess.Popen[str]:
    """The program in a process of its own."""
    command = [sys.executable, "-m", "tsattn", *map(str, words)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd, env=environment(**more), encoding="utf-8"
    )


class Killer:
    """Kills runs of a job file at random moments between their first log line and their end."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path, self.killed, self._dice = path, 0, random.Random(seed)
        child = self._begun()
        began = time.monotonic()
        assert child.wait(600) == 0
        self.usual = time.monotonic() - began

    def strike(self) -> None:
        """Start a run, and kill it."""
        child = self._begun()
        try:
            child.wait(self.usual * self._dice.uniform(0.0, 1.0))
            self.usual *= 0.8  # too late: the machine has become faster
        except subprocess.TimeoutExpired:
            child.kill()
            self.killed += 1
        child.communicate()

    def _begun(self) -> subprocess.Popen[str]:
        child = start("run", self.path)
        assert child.stderr is not None
        assert "begins" in child.stderr.readline()
        return child
