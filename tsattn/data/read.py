"""Files and frames -> Panel."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.freq import Freq
from tsattn.data.panel import Panel, Schema
from tsattn.data.report import Finding, ReadReport
from tsattn.errors import DataError


def read(source: object, options: ReadOptions = ReadOptions(), *, schema: Schema | None = None) -> tuple[Panel, ReadReport]:
    """Read data into a Panel and say what was found. Raises DataError or ConfigError."""
    import pyarrow as pa
    import pyarrow.csv

    began = time.perf_counter()
    if not Path(str(source)).is_file():
        raise DataError(f"{source}: no such file")
    try:
        table = pa.csv.read_csv(str(source))
    except pa.ArrowInvalid as error:
        raise DataError(f"{source}: {error}") from None
    stamp = next((c for c in table.column_names if pa.types.is_temporal(table[c].type)), None)
    item = next((c for c in table.column_names if pa.types.is_string(table[c].type)), None)
    numbers = [c for c in table.column_names if pa.types.is_integer(table[c].type) or pa.types.is_floating(table[c].type)]
    targets = [t for t in (options.target or numbers) if t in numbers]
    if stamp is None or not targets:
        raise DataError(f"{source}: no timestamp or no numeric column")
    stamps = table[stamp].to_numpy().astype("datetime64[us]")
    series: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    if item is not None:
        ids = table[item].to_numpy(zero_copy_only=False)
        for name in dict.fromkeys(ids.tolist()):
            series[str(name)] = (stamps[ids == name], table[targets[0]].to_numpy()[ids == name])
    else:
        series = {t: (stamps, table[t].to_numpy()) for t in targets}
    step = min(int(np.diff(np.sort(t)).astype(np.int64).min()) for t, _ in series.values())
    freq = Freq.parse(options.freq) if options.freq else Freq("us", step)
    for unit in ("D", "h", "min", "s"):
        from tsattn.data.freq import US

        if options.freq is None and step % US[unit] == 0:
            freq = Freq(unit, step // US[unit])
            break
    rows = []
    for when, values in series.values():
        steps, _ = freq.steps_between(when.min(), when)
        row = np.full(steps.max() + 1, np.nan, np.float32)
        row[steps] = values
        rows.append(row)
    panel = Panel.from_arrays(rows, freq=freq, item_ids=list(series))
    object.__setattr__(panel, "start", np.array([w.min() for w, _ in series.values()], "datetime64[us]"))
    object.__setattr__(panel, "schema", Schema(stamp, (item,) if item else (), tuple(targets)))
    missing = int(np.isnan(panel.target).sum())
    found = (Finding("timestamp", stamp, "--timestamp"), Finding("frequency", freq.alias, "--freq"))
    ends = [panel.timestamps(i) for i in range(len(panel))]
    first, last = (str(f(e[k] for e in ends)) for f, k in ((min, 0), (max, -1)))
    seconds = time.perf_counter() - began
    return panel, ReadReport(str(source), found, (), (), len(panel), len(panel.target), missing, first, last, seconds)
