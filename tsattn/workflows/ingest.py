"""Read data into a panel, and report how it was read."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from tsattn.config import ReadOptions
from tsattn.data.reading.read import read
from tsattn.data.sinks import checked_suffix
from tsattn.data.store import save_panel
from tsattn.events import Listener
from tsattn.forecasting.hierarchy.own_totals import notes_on_sum
from tsattn.workflows.results import Ingested


def run(data: Any, options: ReadOptions, output: str | Path | None, listener: Listener) -> Ingested:
    """Read `data` and write the panel to `output` (.parquet). Raises DataError, or ConfigError for another suffix."""
    path = None if output is None else checked_suffix(output, (".parquet",), data=data)
    panel, report = read(data, options)
    report = dataclasses.replace(report, warnings=(*report.warnings, *notes_on_sum(panel)))
    listener.report(report)
    if path is not None:
        save_panel(panel, path)
    return Ingested(panel, report, path)
