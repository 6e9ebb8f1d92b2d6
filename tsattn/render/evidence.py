"""The evidence for what a reading guessed."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from tsattn.data.report import ReadReport
from tsattn.render.tables import table


def evidence(console: Console, read: ReadReport) -> None:
    """One row a guess: what it was taken for, why, and the next best reading."""
    made = table("guess", "taken for", "because", "next best")
    for one in read.evidence:
        made.add_row(Text(one.what), Text(one.taken), Text(one.why), Text(one.over or "–"))
    if read.evidence:
        console.print(made)
