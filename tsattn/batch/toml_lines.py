"""Line numbers of keys in a TOML file, which the standard parser does not report."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.[^=]*)?\s*=""")


class Lines:
    """Line numbers of tables and keys. A table is named by its header and its number among those of the same name."""

    def __init__(self, text: str) -> None:
        self._keys: dict[tuple[str, int, str], int] = {}
        self._tables: dict[tuple[str, int], int] = {}
        counts: dict[str, int] = {}
        table, number, quote = "", 0, ""
        for at, line in enumerate(text.splitlines(), 1):
            if quote:  # within a multi-line string
                quote = "" if quote in line else quote
                continue
            if found := _HEADER.match(line):
                path = re.sub(r"\s*\.\s*", ".", found.group(2))
                top = path.partition(".")[0]
                if found.group(1) == "[[" and path == top:
                    counts[top] = counts.get(top, -1) + 1
                table, number = path, counts.get(top, 0)
                self._tables.setdefault((table, number), at)
                parent, _, key = table.rpartition(".")
                self._keys.setdefault((parent, number, key), at)
            elif found := _KEY.match(line):
                self._keys.setdefault((table, number, found.group(1).strip("\"'")), at)
            for mark in ('"""', "'''"):
                quote = mark if line.count(mark) % 2 else quote

    def of(self, table: str, number: int = 0, key: str = "") -> int:
        """The line of a key, else of its table, else 1."""
        return self._keys.get((table, number, key)) or self._tables.get((table, number)) or 1
