"""Spooled deliveries are read back in parts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tsattn.batch.spool import Spool


def test_when_a_spool_is_read_back_then_little_of_it_is_held_at_a_time(tmp_path):
    rng = np.random.default_rng(0)
    with Spool(tmp_path / "spool.parquet") as spool:
        for _ in range(40):
            spool.add(pa.table({"value": rng.standard_normal(50_000)}))
        spool.close()
        size, before, most, rows = spool.path.stat().st_size, pa.total_allocated_bytes(), 0, 0
        for table in spool.labelled({"job": "a", "model": "m", "version": 1, "run_id": "r"})():
            rows += table.num_rows
            most = max(most, pa.total_allocated_bytes() - before)
    assert rows == 40 * 50_000
    assert size > 10 << 20
    assert most < size / 3
