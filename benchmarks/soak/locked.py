"""Databases locked by another program: that of an output, and that of the run records."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from threading import Timer

from benchmarks.soak import made
from benchmarks.soak.campaign import Harm

WAIT = 4.0  # seconds to wait for a lock


def case(dice: random.Random, folder: Path) -> str:
    """Lock a database while a job runs, for less or more time than the job waits."""
    path = made.write_job(folder)
    name, how, long = dice.choice(["out.db", ".tsattn/runs.db"]), dice.choice(["IMMEDIATE", "EXCLUSIVE"]), dice.random() < 0.5
    place = folder / name
    place.parent.mkdir(exist_ok=True)
    first = sqlite3.connect(place)
    first.execute("CREATE TABLE other (a)")
    first.close()
    other = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
    other.execute(f"BEGIN {how}")
    child = made.start(["run", path, "--json", "-q", "--wait", WAIT if long else 60], folder)
    timer = Timer(300 if long else dice.uniform(0, 6), lambda: other.execute("ROLLBACK"))
    timer.start()
    try:
        out, said = child.communicate(timeout=280)
    finally:
        timer.cancel()
        other.close()
    if "Traceback" in said or child.returncode not in (0, 1):
        raise Harm(f"{name} locked ({how}): exit {child.returncode}: {out[-500:]} {said[-1000:]}")
    if (child.returncode == 0) == long:
        raise Harm(f"{name} locked ({how}) for {'ever' if long else 'a moment'}: exit {child.returncode}: {out[-500:]}")
    if long and "locked by another program; waited" not in out:
        raise Harm(f"{name} locked ({how}): nothing is said of it: {out[-500:]}")
    rows = len(made.stored(folder / "out.db"))
    if rows not in (0, 30) or (not long and rows != 30):
        raise Harm(f"{name} locked ({how}): {rows} rows in the table")
    return "refused after the wait" if long else "done after the lock"
