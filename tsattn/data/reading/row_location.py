"""Files and lines that rows came from, for messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

    def file_of(self, row: int) -> str:
        """Return the name of the file of a row."""
        return self._part(self.file_row(row))[0]

    def __call__(self, row: int) -> str:
        return f"{self.file_of(row)}, {self.line(row)}"

    def _part(self, row: int) -> tuple[str, int, Callable[[int], int] | None]:
        for name, count, line_of in self.parts:
            if row < count:
                return name, row, line_of
            row -= count
        return "data", row, None

    def of(self, rows: np.ndarray) -> Where:
        """The same, for a table that holds only these rows, in this order."""
        return Where(self.parts, rows if self.source is None else self.source[rows])


def below(tables: Sequence[Where], rows: Sequence[int]) -> Where:
    """Return the sources of tables stacked one below the other. rows: number of rows of each table."""
    parts = [part for one in tables for part in one.parts]
    if all(one.source is None for one in tables):
        return Where(parts)
    before = np.cumsum([0, *(sum(count for _, count, _ in one.parts) for one in tables)])
    source = [np.arange(n) if one.source is None else one.source for one, n in zip(tables, rows, strict=True)]
    return Where(parts, np.concatenate([at + first for at, first in zip(source, before[:-1], strict=True)]))
