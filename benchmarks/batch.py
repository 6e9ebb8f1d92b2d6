"""`tsattn run` on a synthetic Parquet dataset of many items: seconds, items a second and peak memory at each size, and the slope.

    python -m benchmarks.batch --items 1000 --items 10000 [--rows 500] [--model FOLDER] [--outputs NAMES] [--members all]

The dataset (hourly rows, 500 an item, sorted by item, row groups of 2^20 rows) is written by this program. Each size runs in a
process of its own, whose peak is what the run itself recorded. Without --model, a small network is trained for a few steps
first: its forecasts are worth nothing, and cost what those of any network of its size cost.
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
    """Daily waves with noise, a hundred items at a time."""
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
    """A network of the usual size, context 512, for a few steps."""
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
    """One run: its seconds, those of a processor (start and imports included), its peak in MiB, and the bytes it wrote."""
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
        raise SystemExit(f"the run went wrong: {run}")
    written = sum(path.stat().st_size for path in (folder / "out").rglob("*") if path.is_file())
    return {"seconds": seconds, "cpu": cpu, "job": run["seconds"], "peak": run["peak_mib"], "megabytes": written / 1e6}


def processor() -> float:
    """Seconds of a processor that the programs run from here have taken: on a shared machine they tell more than the clock."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, action="append", help="how many; may be given several times")
    parser.add_argument("--rows", type=int, default=500, help="of each item")
    parser.add_argument("--model", help="a model folder; left out: one is trained")
    parser.add_argument("--outputs", default="dataset", help=f"of {', '.join(OUTPUTS)}")
    parser.add_argument("--members", default="network", help="joined with the network: network = none, or all")
    parser.add_argument("--ray", metavar="HOST:PORT", help="on this Ray cluster")
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
        print(f"{a:,} -> {b:,} items: time grows as items to the power {slope:.2f}, CPU time {cpu:.2f}: {rate:.0f} more items a")
        print(f"CPU second; the peak grows by {grown:.0f} MiB")


if __name__ == "__main__":
    main()
