"""Consoles: stdout for results, stderr for everything else. Colour and line breaks only on a terminal."""

from __future__ import annotations

import sys
from typing import TextIO

from rich.console import Console

_WIDE = 4096  # width for files and pipes: tables are as wide as they need


def stdout() -> Console:
    """Console for results."""
    return _console(sys.stdout)


def stderr() -> Console:
    """Console for reports, notes and progress."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    terminal = stream.isatty()
    return Console(file=stream, width=None if terminal else _WIDE, highlight=False, emoji=False, markup=False)
