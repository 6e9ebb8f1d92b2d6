"""Text files whose header and first row have more fields than the other rows: settings of a logger beside its first reading."""

from __future__ import annotations

import csv
import functools
import re
from collections import Counter

from tsattn.data.names import listed
from tsattn.data.reading.aligned_columns import converted
from tsattn.data.reading.source import Part
from tsattn.data.report import Notes

_SAMPLE = 1 << 16
_FEWEST = 4  # rows


def without_first_row_extras(part: Part, notes: Notes) -> Part:
    """Return the part without the fields that only its header and its first row have, or the part itself if it has none."""
    with part.open() as stream:
        raw = stream.read(_SAMPLE)
    if b"\x00" in raw:
        return part
    lines = [line for line in raw.decode("latin-1").splitlines() if line.strip()]
    lines = lines[:-1] if len(raw) == _SAMPLE else lines
    for delimiter in ",;\t" if len(lines) > _FEWEST else "":
        if lines[0].count(delimiter) == lines[2].count(delimiter):
            continue
        rows = list(csv.reader(lines, delimiter=delimiter))
        width = Counter(map(len, rows)).most_common(1)[0][0]
        if width < 2 or len(rows) != len(lines) or any(len(row) != width for row in rows[2:]):
            continue
        if len(rows[0]) != len(rows[1]) or len(rows[0]) <= width or not _are_alike(rows[1][:width], rows[2]):
            continue
        if all(map(str.strip, (*rows[0][width:], *rows[1][width:]))):
            called = [name.encode("latin-1").decode("utf-8", "replace") for name in rows[0][width:]]
            notes.repair("extra fields of the first row left out", len(called), listed(called))
            return converted(part, functools.partial(_cut, delimiter=delimiter, width=width))
    return part


def _are_alike(one: list[str], other: list[str]) -> bool:
    """Return True if two rows contain numbers and differ only in them."""
    shapes = [re.sub(r"-?\d+", "0", " ".join(row)) for row in (one, other)]
    return shapes[0] == shapes[1] and "0" in shapes[0]


def _cut(line: bytes, delimiter: str, width: int) -> bytes:
    """Return the first `width` fields of a line."""
    text = line.decode("latin-1")
    fields = next(csv.reader([text.rstrip("\r")], delimiter=delimiter), [])
    if len(fields) <= width:
        return line
    quoted = ['"' + f.replace('"', '""') + '"' if delimiter in f or '"' in f else f for f in fields[:width]]
    return delimiter.join(quoted).encode("latin-1")
