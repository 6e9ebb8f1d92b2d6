"""Columns separated by runs of blanks, as Fortran, R and database clients print them: each run becomes one tab."""

from __future__ import annotations

import functools
import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tsattn.data.reading.source import Part

_FIELD = re.compile(r'"[^"]*"|\S+', re.ASCII)
_LEAD = re.compile(r"^\s*(?:([#!%]+)\s+|(\d{9,}):(?=\s))", re.ASCII)  # comment sign before a header, colon after RRDtool's epochs
_EXPONENT = re.compile(r"^([+-]?[\d.]+)[dD]([+-]?\d{1,3})$")  # Fortran's double precision
_SPACED_NUMBER = re.compile(r"[+-]?\d{1,3}(?: \d{3})+(?:[.,]\d+)?")
_PLAIN_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?")
_RULES = re.compile(r"(?=.*[-=]{3})[-= \t]+")  # lines that database clients draw below the names
_ROW_COUNT = re.compile(
    r"\s*[(\[]?\d+ rows?\b(?!.*\d\s*$)", re.ASCII
)  # (40 rows affected), 40 rows selected., [40 rows x 2 columns]
_BLOCK = 1 << 20
_FEWEST = 10  # lines that show where the fields of aligned lines end


@dataclass(frozen=True)
class Places:
    """Where the fields of aligned lines end, (columns,) characters, () if that differs between lines.

    words: the numbers of the sampled lines that have a word after the last column, such as Provisional; it is left out.
    """

    columns: int = 0
    ends: tuple[int, ...] = ()
    words: tuple[int, ...] = ()


NOWHERE = Places()


def fields_of(line: str, places: Places = NOWHERE) -> list[str]:
    """Split a line into fields; a comment sign is part of the first, so that a commented header has as many as the rows.

    The line in which a client counts its rows has none. In a line with blank cells, each field belongs to the column that ends
    where it does.
    """
    if _ROW_COUNT.match(line):
        return []
    fields = [_EXPONENT.sub(r"\1E\2", field) for field in _FIELD.findall(_LEAD.sub(r"\1\2", line))]
    if places.words and len(fields) == places.columns + 1 and _is_word(fields[-1]):
        return fields[:-1]
    if 1 < len(fields) < len(places.ends):
        at = [places.ends.index(m.end()) for m in _FIELD.finditer(line) if m.end() in places.ends]
        if len(at) == len(fields) and at[0] == 0:
            placed = dict(zip(at, fields, strict=True))
            return [placed.get(k, "") for k in range(len(places.ends))]
    return fields


def places_of(text: str, columns: int) -> Places:
    """Return the places of the fields of these lines; the ends only if full lines agree on them and others have blank cells."""
    lines = [(line, fields_of(line)) for line in text.splitlines()]
    words = tuple(k for k, (_, fields) in enumerate(lines) if len(fields) == columns + 1 and _is_word(fields[-1]))
    numbers = [line for line, fields in lines if len(fields) == columns and not any(map(_is_word, fields))]
    ends = {tuple(m.end() for m in _FIELD.finditer(line)) for line in numbers} if len(numbers) >= _FEWEST else set()
    return Places(columns, ends.pop() if len(ends) == 1 else (), words)


def _is_word(field: str) -> bool:
    return field.isalpha() and len(field) > 2 and field.lower() != "nan"


def tabbed(text: str, places: Places = NOWHERE) -> str:
    """Return the text with a tab between fields. The number of lines stays the same."""
    return "".join("\t".join(fields_of(line, places)) + "\n" for line in text.splitlines())


def rows_of(text: str, most: int = 400) -> list[list[str]]:
    """Split the first lines that are not blank into fields; [] where no column holds plain numbers, or a line is one number."""
    shown = [line for line in text.splitlines()[: most + 40] if line.strip() and not _RULES.fullmatch(line)]
    lines = [line for line in shown if not _ROW_COUNT.match(line)][:most]
    if any(_SPACED_NUMBER.fullmatch(line.strip()) for line in lines):
        return []
    rows = [[field.strip('"') for field in fields_of(line)] for line in lines]
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    body = [row for row in rows if len(row) == width][1:]
    later = body[len(body) // 4 :]  # lines of two words above the table may have the same width
    if width < 2 or not any(map(_are_numbers, zip(*later, strict=True))):
        return []
    return rows


def _are_numbers(cells: tuple[str, ...]) -> bool:
    """Return True if nearly all cells are plain numbers; the names may come again below the rows."""
    return sum(bool(_PLAIN_NUMBER.fullmatch(cell)) for cell in cells) >= 0.95 * len(cells)


def aligned(part: Part, places: Places) -> Part:
    """Return the part with tabs between its fields."""
    return converted(part, functools.partial(_tabbed_bytes, places=places))


def converted(part: Part, line: Callable[[bytes], bytes]) -> Part:
    """Return the part with each of its lines converted by a function."""
    return replace(part, open=lambda: io.BufferedReader(_Converted(part.open(), line)))


class _Converted(io.RawIOBase):
    """Byte stream of a text whose lines are converted one by one."""

    def __init__(self, stream: Any, convert: Callable[[bytes], bytes]) -> None:
        self._stream, self._convert, self._rest, self._ready = stream, convert, b"", b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            block = self._stream.read(_BLOCK)
            lines = (self._rest + block).split(b"\n")
            self._rest = lines.pop() if block else b""
            if not block and lines == [b""]:
                return 0
            self._ready = b"".join(self._convert(line) + b"\n" for line in lines)
        taken = self._ready[: len(buffer)]
        buffer[: len(taken)] = taken
        self._ready = self._ready[len(taken) :]
        return len(taken)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _tabbed_bytes(line: bytes, places: Places) -> bytes:
    return "\t".join(fields_of(line.decode("latin-1"), places)).encode("latin-1")
