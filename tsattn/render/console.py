"""Where text goes: stdout for results, stderr for all else. Colour and line breaks only on a terminal."""

from __future__ import annotations

import sys
from typing import TextIO

from rich.console import Console

_WIDE = 4096  # a file or a pipe has no width: tables take the room they need


def stdout() -> Console:
    """The console that results are printed on."""
    return _console(sys.stdout)


def stderr() -> Console:
    """The console for reports, notes and progress."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    terminal = stream.isatty()
    return Console(file=stream, width=None if terminal else _WIDE, highlight=False, emoji=False, markup=False)
