"""Groups of series whose effects may be alike: by their static covariates, or by a part of their names, such as the product."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tsattn.data.panel import Panel
from tsattn.forecasting.ensemble.effect_pooling import most_groups


def groups_of(static: np.ndarray, parts: np.ndarray | None) -> np.ndarray:
    """Return (B, 1 + G) groups of windows: with the same static covariates (B, C), then with each of the name parts (B, G).

    Static covariates with nearly as many values as windows are ignored.
    """
    shared = _shared(static)
    group = np.zeros((len(static), 1), np.int64)
    if shared:
        group[:, 0] = np.unique(np.nan_to_num(static[:, shared]), axis=0, return_inverse=True)[1].reshape(-1)
    return group if parts is None else np.concatenate([group, parts], 1)


def _shared(static: np.ndarray) -> list[int]:
    return [k for k in range(static.shape[1]) if len(np.unique(static[:, k])) <= most_groups(len(static))]


@dataclass(frozen=True, eq=False)
class EffectGroups:
    """Groups of windows of the series `item` (B,) of a panel, with names to show. static: (B, C) covariates of the windows."""

    panel: Panel
    item: np.ndarray
    static: np.ndarray

    @cached_property
    def columns(self) -> np.ndarray:
        """Groups (B, 1 + G); see `groups_of`."""
        return groups_of(self.static, self.panel.name_parts.codes[self.item])

    def named(self, some: np.ndarray, column: int) -> list[tuple[str, int]]:
        """Name and size of each group of a column among the windows `some`: `region=north`, `size=3`."""
        group = self.columns[some, column]
        each = [some[group == one] for one in np.unique(group).tolist()]
        return [(self._name(rows[0], column), len(rows)) for rows in each]

    def _name(self, row: int, column: int) -> str:
        schema = self.panel.schema
        if column:
            parts = self.panel.name_parts
            value = parts.values[column - 1][int(parts.codes[self.item[row], column - 1])]
            return f"{schema.item[column - 1]}={value}" if len(schema.item) == len(parts.values) else value
        named = [(schema.static_features[k], float(self.static[row, k])) for k in _shared(self.static)]
        texts = [name if "=" in name else f"{name}={value:.6g}" for name, value in named if "=" not in name or value]
        return ", ".join(texts) or "others"
