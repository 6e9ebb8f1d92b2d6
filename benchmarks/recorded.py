"""Forecaster that reads forecasts of another program from a Parquet file, so that all are scored by the same code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from tsattn.data.panel import Panel
from tsattn.data.windows import WindowBatch
from tsattn.errors import DataError


class Recorded:
    """Forecasts from a table like that of Forecast.to_arrow: item_id, cutoff, timestamp, and one column per quantile.

    Rows are found by item and timestamp. Raises DataError if a row is missing.
    """

    context = 1
    covariates = False

    def __init__(self, path: Path, panel: Panel, name: str | None = None) -> None:
        table = pq.read_table(path)
        levels = [column for column in table.column_names if column not in ("item_id", "cutoff", "timestamp", "target")]
        self.path, self.panel = path, panel
        self.name = name or path.stem
        self.quantiles = tuple(float(level) for level in levels)
        stamps = [table[c].to_numpy().astype("datetime64[us]").astype(np.int64).tolist() for c in ("cutoff", "timestamp")]
        keys = zip(table["item_id"].to_pylist(), *stamps, strict=True)
        self.values = np.stack([table[level].to_numpy().astype(np.float32) for level in levels], -1)
        self.row = {key: i for i, key in enumerate(keys)}

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return the forecasts (B, H, Q), float32."""
        rows = np.empty((len(batch), batch.horizon), np.int64)
        for b, (item, origin) in enumerate(zip(batch.item.tolist(), batch.origin.tolist(), strict=True)):
            steps = origin - self.panel.indptr[item] + np.arange(-1, batch.horizon)
            cutoff, *stamps = self.panel.freq.advance(self.panel.start[item], steps).astype(np.int64).tolist()
            for h, stamp in enumerate(stamps):
                found = self.row.get((self.panel.item_ids[item], cutoff, stamp))
                if found is None:
                    when = np.datetime64(stamp, "us")
                    raise DataError(f"{self.path}: no forecast of item {self.panel.item_ids[item]} for {when}")
                rows[b, h] = found
        return self.values[rows]
