"""Response times and memory of `tsattn serve` under load: each client posts one request after another.

    python -m benchmarks.serve [--requests 1000] [--clients 16] [--series 10] [--members network] [--max-time 900]

The server is started for the run, on a free port of this machine. Each response must have status 200
and one forecast per series. Memory is the total of the server and its processes, at ten points of the run (Linux).
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from benchmarks.program import run

BODIES = 20  # different requests, taken in turn
HORIZON = 14


@dataclass
class Load:
    """What the clients share: the number of requests that were begun, times, outcomes, and memory in MB by request."""

    requests: int
    end: float
    begun: int = 0
    seconds: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[int, float]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> int | None:
        """The number of the next request; None when all were begun, or the time is over."""
        with self.lock:
            if self.begun >= self.requests or time.monotonic() > self.end:
                return None
            self.begun += 1
            return self.begun - 1

    def count(self, outcome: str, seconds: float) -> None:
        """Count one answer."""
        with self.lock:
            self.outcomes[outcome] += 1
            self.seconds.append(seconds)


def main(arguments: list[str] | None = None) -> int:
    """Run the load and print one line for each figure. Returns 1 when any answer was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serve", description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=1000, metavar="N")
    parser.add_argument("--clients", type=int, default=16, metavar="N")
    parser.add_argument("--series", type=int, default=10, metavar="N")
    parser.add_argument("--rows", type=int, default=100, metavar="N", help="rows of a series")
    parser.add_argument("--workers", type=int, default=None, metavar="N")
    parser.add_argument("--members", metavar="NAMES", help="members of the ensemble, as in a request; default: the server's")
    parser.add_argument("--max-time", type=float, default=900, metavar="SECONDS")
    asked = parser.parse_args(arguments)
    bodies = [body(seed, asked.series, asked.rows, asked.members) for seed in range(BODIES)]
    with tempfile.TemporaryDirectory() as place, server(Path(place), asked.workers) as (url, pid):
        load = Load(asked.requests, time.monotonic() + asked.max_time)
        clients = [threading.Thread(target=client, args=(url, pid, bodies, asked.series, load)) for _ in range(asked.clients)]
        began = time.monotonic()
        for one in clients:
            one.start()
        for one in clients:
            one.join()
        report(load, time.monotonic() - began, asked)
    return int(set(load.outcomes) != {"ok"})


def body(seed: int, series: int, rows: int, members: str | None) -> bytes:
    """A request: daily series with a weekly wave and noise."""
    rng = np.random.default_rng(seed)
    days = [str(day) for day in np.datetime64("2024-01-01") + np.arange(rows)]
    values = 50 + 10 * np.sin(np.arange(rows) * 2 * np.pi / 7) + rng.normal(0, 1, (series, rows))
    data = [
        {"item_id": f"s{i}", "date": days[k], "sales": round(float(values[i, k]), 3)} for i in range(series) for k in range(rows)
    ]
    return json.dumps({"data": data, "horizon": HORIZON, **({"members": members} if members else {})}).encode()


@contextlib.contextmanager
def server(folder: Path, workers: int | None) -> Iterator[tuple[str, int]]:
    """A running server: (address, process id)."""
    command = [sys.executable, "-m", "tsattn", "serve", "--port", "0", "--json", "--quiet", "--workspace", str(folder)]
    command += [] if workers is None else ["--workers", str(workers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"], process.pid
        finally:
            process.terminate()


def client(url: str, pid: int, bodies: list[bytes], series: int, load: Load) -> None:
    """Post requests over one connection until there are no more."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
    while (number := load.next()) is not None:
        began = time.perf_counter()
        try:
            connection.request("POST", "/forecast", bodies[number % len(bodies)], {"content-type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
            good = answer.status == 200 and len(json.loads(content)["forecasts"]) == series
            outcome = "ok" if good else f"status {answer.status}"
        except (OSError, http.client.HTTPException) as error:
            outcome = type(error).__name__
            connection.close()
        load.count(outcome, time.perf_counter() - began)
        if number % max(1, load.requests // 10) == 0 or number == load.requests - 1:
            load.memory.append((number, resident(pid)))
    connection.close()


def resident(pid: int) -> float:
    """MB of a process and its children; nan where the system does not tell."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        pages = [int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in (str(pid), *children)]
    except (OSError, ValueError):
        return float("nan")
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def report(load: Load, seconds: float, asked: argparse.Namespace) -> None:
    """Print what was seen."""
    done = len(load.seconds)
    print(
        f"{done:,} requests of {asked.series} series by {asked.clients} clients in {seconds:.1f} s: {done / seconds:.1f} a second"
    )
    print("answers: " + ", ".join(f"{count:,} {outcome}" for outcome, count in load.outcomes.most_common()))
    levels = {f"p{level}": float(np.percentile(load.seconds, level)) for level in (50, 90, 99)}
    print("seconds: " + ", ".join(f"{name} {value:.3f}" for name, value in {**levels, "longest": max(load.seconds)}.items()))
    print("memory in MB, by request: " + ", ".join(f"{number:,}: {mb:.0f}" for number, mb in sorted(load.memory)))


if __name__ == "__main__":
    run(main)
