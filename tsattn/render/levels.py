"""Scores by level of a hierarchy of sums, as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from tsattn.render.tables import show, table

if TYPE_CHECKING:
    from tsattn.workflows.results import LevelScores


def levels(console: Console, found: Sequence[LevelScores]) -> None:
    """A table for each model: MASE and WQL of each level before and after reconciliation, and the gain."""
    for model in dict.fromkeys(one.model for one in found):
        columns = ("level", ">series", ">MASE\nbefore", ">\nafter", ">\ngain", ">WQL\nbefore", ">\nafter", ">\ngain")
        drawn = table(*columns, title=f"{model}, before and after reconciliation")
        for one in found:
            if one.model == model:
                cells = [Text(text) for metric in ("MASE", "WQL") for text in _cells(one, metric)]
                drawn.add_row(Text(one.level), f"{one.series:,}", *cells)
        show(console, drawn)


def _cells(one: LevelScores, metric: str) -> list[str]:
    gain = one.gain(metric)
    scores = [f"{value:.4f}" if math.isfinite(value) else "–" for value in (one.before[metric], one.after[metric])]
    return [*scores, f"{100 * gain:+.1f} %" if math.isfinite(gain) else "–"]
