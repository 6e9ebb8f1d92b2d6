"""Speed and peak memory of ingest, compared with `pyarrow.csv.read_csv` of the same file, each in a process of its own.

    python benchmarks/ingest.py [--megabytes 100] [--order item|time|random] [--file data.csv]

Without --file, writes a long CSV (item, timestamp, value) of this size to a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

_BARE = """
import pyarrow.csv
table = pyarrow.csv.read_csv(sys.argv[1])
rows = result = table.num_rows
"""
_INGEST = """
from tsattn.data.reading.read import read
panel, report = read(sys.argv[1])
rows = report.rows
"""
_MEASURE = """
import json, sys, time
import numpy, pyarrow.csv
{imports}
def peak():
    # VmHWM, since getrusage includes the parent's memory at the fork
    try:
        return next(int(l.split()[1]) * 1024 for l in open("/proc/self/status") if l.startswith("VmHWM"))
    except (OSError, StopIteration):
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
before = peak()
began = time.perf_counter()
{work}
seconds = time.perf_counter() - began
print(json.dumps(dict(rows=rows, seconds=seconds, before=before, peak=peak())))
"""


def write_csv(path: Path, megabytes: float, order: str) -> int:
    """Write about this many megabytes of hourly rows. Returns the number of rows."""
    import pyarrow as pa
    import pyarrow.csv

    rows = int(megabytes * 1e6 / 36)
    length = 8760
    items = max(1, rows // length)
    rng = np.random.default_rng(0)
    stamps = np.datetime64("2020-01-01T00:00:00", "s") + np.arange(length).astype("timedelta64[h]")
    names = pa.array([f"item_{i:05d}" for i in range(items)])
    with pyarrow.csv.CSVWriter(
        str(path), pa.schema([("item", pa.string()), ("timestamp", pa.string()), ("value", pa.float64())])
    ) as file:
        at = np.arange(items * length)
        if order == "random":
            rng.shuffle(at)
        item, step = (at % items, at // items) if order == "time" else (at // length, at % length)
        text = pa.array(np.datetime_as_string(stamps)).cast(pa.string())
        for low in range(0, len(at), 1_000_000):
            part = slice(low, low + 1_000_000)
            value = np.round(rng.normal(100, 20, len(at[part])), 3)
            columns = [names.take(pa.array(item[part])), text.take(pa.array(step[part])), pa.array(value)]
            file.write(pa.record_batch(columns, names=["item", "timestamp", "value"]))
    return items * length


def measure(work: str, imports: str, path: Path) -> dict[str, float]:
    """Run `work` on the file in a new process."""
    code = _MEASURE.format(work=work, imports=imports)
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--order", choices=("item", "time", "random"), default="item", help="order of the rows")
    parser.add_argument("--file", type=Path, help="a CSV to read instead")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = args.file or Path(folder) / "long.csv"
        if args.file is None:
            write_csv(path, args.megabytes, args.order)
        megabytes = path.stat().st_size / 1e6
        path.read_bytes() if megabytes < 500 else None  # fill the file cache for both
        bare = measure(_BARE, "", path)
        ours = measure(_INGEST, "import tsattn.data.reading.read", path)
    print(f"{megabytes:,.0f} MB, {int(bare['rows']):,} rows, ordered by {args.order}")
    print(f"{'':24}{'seconds':>10}{'rows/s':>14}{'peak MB':>10}{'x result':>10}")
    for name, one in (("pyarrow.csv.read_csv", bare), ("tsattn ingest", ours)):
        grown = one["peak"] - one["before"]
        multiple = grown / (4 * one["rows"])  # the result has four bytes per row
        print(f"{name:24}{one['seconds']:>10.2f}{one['rows'] / one['seconds']:>14,.0f}{grown / 1e6:>10,.0f}{multiple:>10.1f}")
    print(f"ingest takes {ours['seconds'] / ours['rows'] * bare['rows'] / bare['seconds']:.2f} times as long as the bare read")


if __name__ == "__main__":
    main()
