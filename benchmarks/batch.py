"""Time and peak memory of `tsattn run` on synthetic Parquet datasets of many items, and their growth with the number of items.

    python -m benchmarks.batch --items 1000 --items 10000 [--rows 500] [--model FOLDER] [--outputs NAMES] [--members all]

The datasets (hourly rows, 500 per item, sorted by item, row groups of 2^20 rows) are generated. Each size runs in a process of
its own, and the peak is that in its run record. Without --model, a network of default size is first trained for a few steps:
its forecasts are poor, but take as long as those of any network of its size.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

OUTPUTS = {"csv": '"out/f.csv"', "parquet": '"out/f.parquet"', "dataset": '"out/all/"', "sqlite": '"sqlite:///out/f.db#f"'}
_TRAIN = """
[model]
context = 512
[train]
steps = 20
batch = 8
warmup = 5
device = "cpu"
"""


def write_dataset(path: Path, items: int, rows: int) -> None:
    """Write daily waves with noise, a hundred items at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    stamps = np.datetime64("2024-01-01T00:00", "us") + np.arange(rows) * np.timedelta64(3600, "s")
    wave = 10 + 3 * np.sin(np.arange(rows) * 2 * np.pi / 24)
    schema = pa.schema([("item_id", pa.string()), ("timestamp", pa.timestamp("us")), ("target", pa.float32())])
    most = max(1, (1 << 20) // rows)
    with pq.ParquetWriter(path, schema) as out:
        for first in range(0, items, most):
            names = [f"item{n:08d}" for n in range(first, min(items, first + most))]
            values = (np.tile(wave, len(names)) + rng.normal(0, 0.3, rows * len(names))).astype(np.float32)
            ids = pa.DictionaryArray.from_arrays(
                pa.array(np.repeat(np.arange(len(names), dtype=np.int32), rows)), pa.array(names)
            )
            out.write_table(pa.table([ids.dictionary_decode(), np.tile(stamps, len(names)), values], schema=schema))


def train(folder: Path) -> None:
    """Train a network of default size, with context 512, for a few steps."""
    write_dataset(folder / "train.parquet", 8, 1500)
    (folder / "train.toml").write_text(_TRAIN, "utf-8")
    command = [
        "train",
        "train.parquet",
        "--config",
        "train.toml",
        "--horizon",
        "48",
        "--name",
        "bench",
        "--test-windows",
        "0",
        "-q",
    ]
    subprocess.run([sys.executable, "-m", "tsattn", *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def measure(
    folder: Path, items: int, rows: int, model: str, outputs: list[str], engine: list[str], members: str
) -> dict[str, float]:
    """Run a job once. Returns wall-clock and CPU seconds (start and imports included), peak in MiB, and megabytes written."""
    write_dataset(folder / "data.parquet", items, rows)
    places = ", ".join(OUTPUTS[name] for name in outputs)
    job = f'[[job]]\nname = "bench"\ninput = "data.parquet"\nmodel = "{model}"\nhorizon = 48\noutputs = [{places}]\n'
    job += f'members = "{members}"\n'
    (folder / "jobs.toml").write_text(job, "utf-8")
    began, before = time.perf_counter(), processor()
    command = [sys.executable, "-m", "tsattn", "run", "jobs.toml", "--json", *engine]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
    seconds, cpu = time.perf_counter() - began, processor() - before
    run = json.loads(done.stdout)["jobs"][0]
    if run["items"] != items or run["error"] or run["rows"] != 48 * items:
        raise SystemExit(f"the run failed: {run}")
    written = sum(path.stat().st_size for path in (folder / "out").rglob("*") if path.is_file())
    return {"seconds": seconds, "cpu": cpu, "job": run["seconds"], "peak": run["peak_mib"], "megabytes": written / 1e6}


def processor() -> float:
    """Return the CPU seconds of all child processes, which are more reliable than wall-clock time on a shared machine."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, action="append", help="number of items; repeatable")
    parser.add_argument("--rows", type=int, default=500, help="rows per item")
    parser.add_argument("--model", help="a model folder; default: train one")
    parser.add_argument("--outputs", default="dataset", help=f"some of {', '.join(OUTPUTS)}")
    parser.add_argument("--members", default="network", help="ensemble members: network or all")
    parser.add_argument("--ray", metavar="HOST:PORT", help="run on this Ray cluster")
    args = parser.parse_args()
    engine = ["--engine", "ray", "--ray-address", args.ray] if args.ray else []
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.model is None:
            train(folder)
        model = "bench" if args.model is None else str(Path(args.model).absolute())
        print(f"{'items':>10}{'seconds':>10}{'CPU s':>10}{'items/s':>10}{'peak MiB':>10}{'written MB':>12}")
        for items in sorted(args.items or [1000, 10000]):
            one = measure(folder, items, args.rows, model, args.outputs.split(","), engine, args.members)
            found.append((items, one))
            row = (items, one["seconds"], one["cpu"], items / one["job"], one["peak"], one["megabytes"])
            print("{:>10,}{:>10.1f}{:>10.1f}{:>10.0f}{:>10.0f}{:>12.1f}".format(*row), flush=True)
    for (a, first), (b, second) in pairwise(found):
        slope, cpu = (np.log(second[key] / first[key]) / np.log(b / a) for key in ("job", "cpu"))
        rate = (b - a) / (second["cpu"] - first["cpu"])
        grown = second["peak"] - first["peak"]
        print(f"{a:,} -> {b:,} items: time grows with exponent {slope:.2f}, CPU time with {cpu:.2f};")
        print(f"{rate:.0f} additional items per CPU second, peak memory +{grown:.0f} MiB")


if __name__ == "__main__":
    main()
