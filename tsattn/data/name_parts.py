"""Parts of the names of series: a series named by several columns is called north/bread, and its parts are north and bread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BETWEEN = "/"


@dataclass(frozen=True, eq=False)
class NameParts:
    """Parts of S names, if all have the same number G > 1 of them; else G is 0.

    codes (S, G) int64: the number of each part among the `values` of its place.
    """

    codes: np.ndarray
    values: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, names: Sequence[str]) -> NameParts:
        """Split the names."""
        split = [name.split(BETWEEN) for name in names]
        count = len(split[0]) if split else 0
        if count < 2 or any(len(parts) != count for parts in split):
            return cls(np.zeros((len(names), 0), np.int64), ())
        found = [np.unique(column, return_inverse=True) for column in np.array(split).T]
        codes = np.stack([code.reshape(-1) for _, code in found], 1).astype(np.int64)
        return cls(codes, tuple(tuple(values.tolist()) for values, _ in found))
