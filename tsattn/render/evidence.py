"""Table of the evidence for inferred properties of the data."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from tsattn.data.report import ReadReport
from tsattn.render.tables import show, table


def evidence(console: Console, read: ReadReport) -> None:
    """Print one row per inferred property: its value, the reason and the next best alternative."""
    made = table("inferred", "value", "because", "next best")
    for one in read.evidence:
        made.add_row(Text(one.what), Text(one.taken), Text(one.why), Text(one.over or "–"))
    if read.evidence:
        show(console, made)
