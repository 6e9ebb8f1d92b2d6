"""Files and lines that rows came from, for messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Where:
    """Rows of a table -> "data.csv, line 17". `parts`: (name, rows, line_of), in row order; line_of is None for frames.

    `source` maps a row of this table to the row of the file, where rows were dropped or columns became rows.
    """

    parts: list[tuple[str, int, Callable[[int], int] | None]] = field(default_factory=list)
    source: np.ndarray | None = None

    def file_row(self, row: int) -> int:
        return int(self.source[row]) if self.source is not None else int(row)

    def line(self, row: int) -> str:
        """ "line 17", or "row 17" for a source without lines."""
        _, row, line_of = self._part(self.file_row(row))
        return f"row {row + 1}" if line_of is None else f"line {line_of(row)}"

    def __call__(self, row: int) -> str:
        name, _, _ = self._part(self.file_row(row))
        return f"{name}, {self.line(row)}"

    def _part(self, row: int) -> tuple[str, int, Callable[[int], int] | None]:
        for name, count, line_of in self.parts:
            if row < count:
                return name, row, line_of
            row -= count
        return "data", row, None

    def of(self, rows: np.ndarray) -> Where:
        """The same, for a table that holds only these rows, in this order."""
        return Where(self.parts, rows if self.source is None else self.source[rows])
