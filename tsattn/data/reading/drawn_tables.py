"""Tables drawn with box characters, as database clients and data frame libraries print them: fields between vertical bars."""

from __future__ import annotations

import re

from tsattn.data.reading.aligned_columns import converted
from tsattn.data.reading.source import Part
from tsattn.data.report import Notes

_SAMPLE = 1 << 16
_MARKS = (b"\xe2\x94", b"\xe2\x95")  # UTF-8 of the box characters, U+2500 to U+257F, begins with these
_VERTICAL = re.compile("[\u2502\u2503\u2506\u2507\u250a\u250b\u2551]")
_BOX = re.compile("[\u2500-\u257f]")
_RULE = re.compile("[\u2500-\u257f ]*")
_HORIZONTAL = re.compile("[\u2500\u2501\u2550]+")


def undrawn(part: Part, notes: Notes) -> Part:
    """Return the part with "|" between the fields of a drawn table and without its rules, or the part itself if it has none.

    The number of lines stays the same. A table with a single vertical rule, beside the numbers of its rows, gets blanks.
    """
    with part.open() as stream:
        raw = stream.read(_SAMPLE)
    if b"\x00" in raw or not any(mark in raw for mark in _MARKS):
        return part
    lines = (
        raw.decode("utf-8", "replace").splitlines()[:-1] if len(raw) == _SAMPLE else raw.decode("utf-8", "replace").splitlines()
    )
    drawn = [line for line in lines if _VERTICAL.search(line) or (line.strip() and _RULE.fullmatch(line))]
    if 2 * len(drawn) < len([line for line in lines if line.strip()]):
        return part
    bars = max(len(_VERTICAL.findall(line)) for line in drawn)
    notes.find("format", "a table drawn with box characters")
    return converted(part, lambda line: _fields(line, " " if bars < 2 else "|"))


def _fields(line: bytes, bar: str) -> bytes:
    """Return a line with its vertical rules as `bar`, without those around it; b"" for a rule."""
    text = line.decode("utf-8", "replace").rstrip()
    if _RULE.fullmatch(text):
        return b""
    if _VERTICAL.search(text) is None and _BOX.search(text):  # names within the upper rule
        text = _BOX.sub("\u2502", _HORIZONTAL.sub(" ", text))
    return _VERTICAL.sub(bar, text).strip(f" {bar}").encode()
