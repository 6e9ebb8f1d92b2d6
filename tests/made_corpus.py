"""Small Parquet files of made series, as a corpus for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

Row = tuple[str, str, str, np.ndarray]  # source, item, frequency, values


def rows(seed: int = 0) -> list[Row]:
    """Hourly waves, daily walks, monthly and 15-minute series; one series is constant, one is short."""
    rng = np.random.default_rng(seed)
    hours, quarters = np.arange(4000), np.arange(3000)
    made: list[Row] = [("power", f"p{i}", "h", 50 + 9 * np.sin(hours * np.pi / 12) + rng.normal(0, 1, 4000)) for i in range(4)]
    made += [("prices", f"s{i}", "D", 100 + rng.normal(0, 1, 1500).cumsum()) for i in range(3)]
    made += [("clinics", f"c{i}", "MS", rng.poisson(30, 60).astype(float)) for i in range(5)]
    made += [("wind", "w", "15min", np.abs(np.sin(quarters / 40)) + rng.normal(0, 0.1, 3000))]
    made += [("power", "flat", "h", np.full(500, 7.0)), ("clinics", "short", "MS", rng.normal(0, 1, 10))]
    return made


def write(path: Path, made: list[Row] | None = None, group: int = 4) -> Path:
    """Write the rows as a corpus, `group` of them a row group."""
    made = rows() if made is None else made
    columns = {name: pa.array([row[i] for row in made], pa.string()) for i, name in enumerate(("source", "item_id", "freq"))}
    values = pa.array([np.asarray(row[3], np.float32) for row in made], pa.list_(pa.float32()))
    pq.write_table(pa.table({**columns, "values": values}), path, row_group_size=group)
    return path
