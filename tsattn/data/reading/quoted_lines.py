"""Text files with quotes around whole lines, as spreadsheets export a pasted column, or with blanks around quoted fields."""

from __future__ import annotations

import csv
import re
from collections import Counter

from tsattn.data import arrow
from tsattn.data.reading.aligned_columns import converted
from tsattn.data.reading.date_texts import parse_texts
from tsattn.data.reading.source import Part
from tsattn.data.report import Notes

_SAMPLE = 1 << 16
_PADDED = re.compile(rb"[,;|\t] +\"[^\"\n]*\"|\" +[,;|\t]")
_WORDED = re.compile(r"[^\W\d_]{2,}[^,\n]{0,12},[^,\n]*\d")  # a row that begins with a word and a comma, then a number
_LINE = re.compile(r'"((?:[^"]|"")*)"[,;\t]*')


def unwrapped(part: Part, notes: Notes) -> Part:
    """Return the part without the quotes around its lines, or the part itself if the lines are fields of a single column.

    Every line, including the header, must hold the same number of fields within its quotes.
    """
    with part.open() as stream:
        raw = stream.read(_SAMPLE)
    if not raw.removeprefix(b"\xef\xbb\xbf").startswith(b'"') or b"\x00" in raw:
        return part
    lines = [line for line in raw.decode("latin-1").removeprefix("\xef\xbb\xbf").splitlines() if line.strip()]
    if len(raw) == _SAMPLE:
        lines = lines[:-1]
    found = [_LINE.fullmatch(line) for line in lines]
    if len(found) < 3 or not all(found):
        return part
    inner = [m[1].replace('""', '"') for m in found if m]
    delimiter = next((d for d in ";\t," if d in inner[0]), None)
    if delimiter is None or any(c.isdigit() for c in inner[0][:1]):
        return part
    widths = Counter(len(row) for row in csv.reader(inner, delimiter=delimiter))
    if len(widths) != 1:
        return part
    notes.find("quotes", "around whole lines, removed")
    return converted(part, _bare)


def tightened(part: Part) -> Part:
    """Return the part without the blanks before and after quoted fields ("a", "b"), or the part itself if it has none.

    A quote after a blank is a character of its field for CSV readers.
    """
    with part.open() as stream:
        raw = stream.read(_SAMPLE)
    if b"\x00" in raw or not _PADDED.search(raw):
        return part
    lines = [line for line in raw.decode("latin-1").removeprefix("\xef\xbb\xbf").splitlines() if line.strip()][:-1]
    delimiter = next(
        (d for d in ";\t|," if lines and len({len(_fields(line, d)) for line in lines}) == 1 and d in lines[0]), None
    )
    padded = [line for line in lines if _PADDED.search(line.encode("latin-1"))]
    if delimiter is None or len(padded) < 0.5 * len(lines) or any(line.count('"') % 2 for line in lines):
        return part
    return converted(part, lambda line: _tight(line, delimiter))


def with_whole_dates(part: Part, notes: Notes) -> Part:
    """Return the part with quotes around dates with a comma at the start of its rows, such as January, 2015 and Week 1, 2022.

    Only where every row then has as many fields as the header.
    """
    with part.open() as stream:
        raw = stream.read(_SAMPLE)
    lines = [line for line in raw.decode("latin-1").removeprefix("\xef\xbb\xbf").splitlines() if line.strip()]
    lines = lines[:-1] if len(raw) == _SAMPLE else lines
    if len(lines) < 3 or b"\x00" in raw or not _WORDED.match(lines[1]):
        return part
    widths = Counter(len(_fields(line, ",")) for line in lines[1:])
    width = widths.most_common(1)[0][0]
    extra = width - len(_fields(lines[0], ","))
    starts = [line.split(",")[: extra + 1] for line in lines[1:] if len(_fields(line, ",")) == width]
    if extra not in (1, 2) or any('"' in cell for start in starts for cell in start):
        return part
    texts = arrow.strings(sorted({",".join(start) for start in starts}))
    if parse_texts(texts).failed.any():
        return part
    notes.find("dates", f"with a comma, such as {','.join(starts[0])}")
    return converted(part, lambda line: _with_whole_date(line, width, extra))


def _with_whole_date(line: bytes, width: int, extra: int) -> bytes:
    """Return a line of this width with quotes around its first fields, `extra` more than one; other lines unchanged."""
    if len(_fields(line.decode("latin-1"), ",")) != width:
        return line
    cells = line.split(b",")
    return b",".join([b'"' + b",".join(cells[: extra + 1]) + b'"', *cells[extra + 1 :]])


def _fields(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])


def _tight(line: bytes, delimiter: str) -> bytes:
    """Return a line with the blanks around its fields removed."""
    fields = _fields(line.decode("latin-1").removeprefix("\xef\xbb\xbf").rstrip("\r"), delimiter)
    cells = [f'"{c}"' if delimiter in c or '"' in c else c for c in (f.strip().replace('"', '""') for f in fields)]
    return delimiter.join(cells).encode("latin-1")


def _bare(line: bytes) -> bytes:
    found = _LINE.fullmatch(line.decode("latin-1").removeprefix("\xef\xbb\xbf").rstrip("\r"))
    return found[1].replace('""', '"').encode("latin-1") if found else line
