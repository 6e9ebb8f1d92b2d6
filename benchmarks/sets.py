"""Open evaluation sets, split as in the GIFT-Eval protocol.

`ett1/H` is ETTm1.csv summed to whole hours; `ett1/15T` is the file itself. Each column is one series. M4: the train and test
files are concatenated, and the only window is the official test set.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from tsattn.data.freq import Freq
from tsattn.data.panel import Panel
from tsattn.errors import ConfigError, DataError

SPANS = {"short": 1, "medium": 10, "long": 15}
_FILES = {"ett1": "ETTm1.csv", "ett2": "ETTm2.csv"}
# name -> (frequency, rows per step, short horizon, season length)
_ETT = {"15T": ("15min", 1, 48, 96), "H": ("h", 4, 48, 24)}
_M4 = {
    "m4_hourly/H": ("Hourly", "h", 48, 24),
    "m4_daily/D": ("Daily", "D", 14, 1),
    "m4_weekly/W": ("Weekly", "W", 13, 1),
    "m4_monthly/M": ("Monthly", "MS", 18, 12),
    "m4_quarterly/Q": ("Quarterly", "QS", 8, 4),
    "m4_yearly/A": ("Yearly", "YS", 6, 1),
}


def full_name(name: str) -> str:
    """Return the full name: `ett1/H` -> `ett1/H/short`, `m4_hourly` -> `m4_hourly/H/short`.

    Raises ConfigError for an unknown set.
    """
    known = [f"{f}/{q}/{s}" for f in _FILES for q in _ETT for s in SPANS] + [f"{k}/short" for k in _M4]
    shorter = {full.removesuffix("/short"): full for full in known} | {base.partition("/")[0]: f"{base}/short" for base in _M4}
    if name in known or name in shorter:
        return shorter.get(name, name)
    raise ConfigError(f"unknown evaluation set {name!r}", f"known sets: {', '.join(known)}")


def load_set(data_path: str | Path, name: str) -> tuple[Panel, int, int, int]:
    """Load a set such as `ett1/H/short` or `m4_hourly/H/short`. Returns (panel, horizon, windows, season length).

    The test windows are `rolling_origins(panel, horizon, windows)`: adjacent windows at the end of the panel. Raises
    ConfigError for an unknown name, and DataError if the file is missing or malformed.
    """
    base, _, span = full_name(name).rpartition("/")
    if base in _M4:
        part, alias, horizon, season = _M4[base]
        return _read_m4(Path(data_path), part, alias), horizon, 1, season
    family, _, freq = base.partition("/")
    alias, together, horizon, season = _ETT[freq]
    panel = _read_ett(Path(data_path) / _FILES[family], alias, together)
    horizon *= SPANS[span]
    shortest = int(panel.lengths.min())
    return panel, horizon, min(max(1, math.ceil(0.1 * shortest / horizon)), 20), season


def _read_ett(path: Path, alias: str, together: int) -> Panel:
    if not path.is_file():
        raise DataError(f"{path}: no such file", "give the folder that holds it with --data")
    with path.open(encoding="utf-8") as lines:
        names = next(lines).strip().split(",")[1:]
        first = next(lines).split(",", 1)[0]
    values = np.loadtxt(path, delimiter=",", skiprows=1, usecols=range(1, len(names) + 1), dtype=np.float64)
    whole = len(values) // together
    values = values[: whole * together].reshape(whole, together, -1).sum(1)
    return Panel.from_arrays(list(values.T), freq=Freq.parse(alias), item_ids=names, start=np.datetime64(first, "us"))


def _read_m4(folder: Path, part: str, alias: str) -> Panel:
    """Read M4 train and test files. They have no timestamps, so every series starts on the panel's default day."""
    train, test = (_rows(folder / f"M4-{part}-{piece}.csv") for piece in ("train", "test"))
    if train.keys() != test.keys():
        raise DataError(f"{folder}: the M4 {part} train and test files hold different series")
    return Panel.from_arrays([np.array(train[i] + test[i]) for i in train], freq=alias, item_ids=list(train))


def _rows(path: Path) -> dict[str, list[float]]:
    if not path.is_file():
        raise DataError(f"{path}: no such file", "give the folder that holds it with --data")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        return {row[0]: [float(v) for v in row[1:] if v not in ("", "NA")] for row in rows}
