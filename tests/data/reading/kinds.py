"""Small tables of 20 days, in the shapes that tools write, and a reader of texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.panel import Panel
from tsattn.data.reading.read import read
from tsattn.data.report import ReadReport

ISO = [str(np.datetime64("2024-01-01") + k) for k in range(20)]
GERMAN = [f"{d[8:]}.{d[5:7]}.{d[:4]}" for d in ISO]
AMERICAN = [f"{d[5:7]}/{d[8:]}/{d[:4]}" for d in ISO]
LARGE = [1100 + 37 * k for k in range(20)]  # 1100 … 1803
MIXED = [800 + 37 * k for k in range(20)]  # 800 … 1503
Read = Callable[..., tuple[Panel, ReadReport]]


def points(value: int) -> str:
    return f"{value:,}".replace(",", ".")


def commas(value: int) -> str:
    return f"{value:,}"


def quoted(values: Iterable[Any]) -> list[str]:
    return [f'"{v}"' for v in values]


def table(header: str, *columns: Iterable[Any], sep: str = ",", tail: str = "") -> str:
    rows = [sep.join(map(str, row)) for row in zip(*columns, strict=True)]
    return "\n".join([header, *rows]) + "\n" + tail


def reader(folder: Path) -> Read:
    """A function that reads a text with options."""

    def take(text: str, name: str = "data.csv", **options: Any) -> tuple[Panel, ReadReport]:
        path = folder / name
        path.write_text(text, "utf-8")
        return read(path, ReadOptions(**options))

    return take


def series(panel: Panel, item: int = 0) -> list[float]:
    """The observed part of a series, rounded to six digits."""
    return [float(f"{v:.6g}") for v in panel.history(item)]
