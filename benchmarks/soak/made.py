"""Tables and job files for the campaigns."""

from __future__ import annotations

import math
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.soak.worker import ROOT

JOB = """[[job]]
name = "a"
input = "data.csv"
model = "zero-shot"
members = "network"
horizon = 6
outputs = [{outputs}]
"""
TABLES = ["out/f.csv", "out/all/", "sqlite:///out.db#f"]


def rows(items: Sequence[str], steps: int) -> list[list[Any]]:
    """Return hourly rows with a daily wave for each item."""
    return [
        [item, f"2024-01-{1 + step // 24:02d}T{step % 24:02d}:00", round(10 + i + 3 * math.sin(step * math.pi / 12), 4)]
        for i, item in enumerate(items)
        for step in range(steps)
    ]


def write_csv(path: Path, table: list[list[Any]]) -> Path:
    """Write items in long format."""
    import csv

    with path.open("w", encoding="utf-8", newline="", errors="surrogateescape") as file:
        csv.writer(file).writerows([["shop", "time", "sales"], *table])
    return path


def write_job(folder: Path, items: int = 5, steps: int = 72, outputs: Sequence[str] = TABLES) -> Path:
    """Write a job file and its data."""
    write_csv(folder / "data.csv", rows([f"s{i:03d}" for i in range(items)], steps))
    path = folder / "jobs.toml"
    path.write_text(JOB.format(outputs=", ".join(f'"{output}"' for output in outputs)), "utf-8")
    return path


def start(words: Sequence[object], folder: Path, **more: Any) -> subprocess.Popen[str]:
    """Start tsattn in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    environment.pop("TSATTN_WORKSPACE", None)
    return subprocess.Popen(
        [sys.executable, "-m", "tsattn", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=folder,
        env=environment,
        **more,
    )


def contents(folder: Path) -> dict[str, Any]:
    """Return the contents of a job's outputs: bytes of files, rows of the table."""
    found: dict[str, Any] = {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted((folder / "out").rglob("*")) if path.is_file()
    }
    return {**found, "out.db": stored(folder / "out.db")}


def stored(path: Path) -> list[tuple[Any, ...]]:
    """Return the rows of a job's table; [] if there is none."""
    if not path.exists():
        return []
    with sqlite3.connect(path, timeout=60) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'f'").fetchall():
            return []
        return database.execute("SELECT * FROM f ORDER BY job, item_id, cutoff, timestamp").fetchall()


def record(folder: Path) -> dict[str, Any] | None:
    """Return the newest run record of the job."""
    from tsattn.batch.records import Records

    found = Records(folder / ".tsattn" / "runs.db").runs(("a",), 1)
    return found[0] if found else None


def strays(folder: Path) -> list[str]:
    """Return the temporary files left in a folder."""
    return [str(path) for path in folder.rglob("*") if path.name.endswith((".tmp", ".rows.parquet"))]


def wait_until_begun(child: subprocess.Popen[str], folder: Path) -> None:
    """Wait until a run has its record, or has ended."""
    while child.poll() is None and record(folder) is None:
        time.sleep(0.02)


def within(dice: random.Random, usual: float) -> float:
    """Draw a time within a run that usually takes `usual` seconds."""
    return usual * dice.uniform(0.05, 1.05)
