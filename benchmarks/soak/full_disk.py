"""Full disks, simulated by a limit on the size of files that stops writes at a random byte."""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.soak import made
from benchmarks.soak.campaign import Harm
from benchmarks.soak.worker import EXPECTED


def case(dice: random.Random, folder: Path) -> str:
    """Run a command under the limit, over the results of an earlier run, each of which must stay complete or be replaced."""
    path = made.write_job(folder, items=dice.choice([3, 30]))
    (folder / "out").mkdir()
    old = b"item_id,timestamp,0.5\nold,2024-01-01,1.0\n"
    (folder / "out" / "f.csv").write_bytes(old)
    words = dice.choice(
        [
            ["run", str(path), "-q"],
            ["run", str(path), "-q"],
            ["forecast", "data.csv", "--model", "zero-shot", "--members", "network", "-o", "out/f.csv", "--horizon", "6"],
            ["ingest", "data.csv", "-o", "out/p.parquet"],
        ]
    )
    limit = dice.choice([0, 1, 100, 4096, dice.randrange(30_000), dice.randrange(300_000)])
    child = made.start(words, folder, preexec_fn=lambda: _limit(limit))
    said = "".join(child.communicate(timeout=300))
    if child.returncode not in EXPECTED or "Traceback" in said or "in a way it should not" in said:
        raise Harm(f"{words[0]} with files of at most {limit} bytes ended with {child.returncode}: {said[-1500:]}")
    _whole(folder, old, child.returncode)
    if left := made.strays(folder):
        raise Harm(f"{words[0]} with files of at most {limit} bytes left {left}")
    return f"exit {child.returncode}"


def _whole(folder: Path, old: bytes, code: int) -> None:
    """Check that the CSV is the old one or a complete new one, the table has all rows or none, and other files can be read."""
    import pyarrow.parquet as pq

    content = (folder / "out" / "f.csv").read_bytes()
    if content != old and (content.count(b"\n") - 1) % 6:
        raise Harm(f"out/f.csv is half-written: {len(content)} bytes (exit {code})")
    if len(made.stored(folder / "out.db")) % 6:
        raise Harm("the table has some of its rows")
    for path in (folder / "out").rglob("*.parquet"):
        pq.read_table(path)


def _limit(size: int) -> None:
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
