"""Consoles: stdout for results, stderr for everything else. Colours and line wrapping only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from tsattn.data.names import printable, printable_lines

_WIDE = 4096  # width for files and pipes, where tables are not wrapped


def stdout() -> Console:
    """Return the console for results."""
    return _console(sys.stdout)


def stderr() -> Console:
    """Return the console for reports, notes and progress."""
    return _console(sys.stderr)


class SafeConsole(Console):
    """Console that escapes control characters in names from data, so that they cannot move the cursor or fake a line."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*map(_safe, objects), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control or text == "\n" else "\n".join(map(printable, text.split("\n"))), style, control)


def _safe(shown: Any) -> Any:
    """Indent the later lines of a multi-line text; return anything else unchanged."""
    plain = shown.plain if isinstance(shown, Text) else shown
    if not isinstance(plain, str) or (safe := printable_lines(plain)) == plain:
        return shown
    return Text(safe, style=shown.style) if isinstance(shown, Text) else safe


def _console(stream: TextIO) -> Console:
    terminal = stream.isatty()
    return SafeConsole(file=stream, width=None if terminal else _WIDE, highlight=False, emoji=False, markup=False)
