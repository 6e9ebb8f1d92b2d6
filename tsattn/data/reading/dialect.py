"""How a text table is written: encoding, delimiter, decimal mark, header and the type of each column, from its first bytes."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise

from tsattn.config import ReadOptions
from tsattn.data.reading.source import Part
from tsattn.data.report import Notes
from tsattn.errors import ConfigError, DataError

SAMPLE = 1 << 18
LONGEST_LINE = 1 << 22
NULLS = (
    *("", ".", "..", "-", "--", "?", "NA", "N/A", "n/a", "na", "#N/A", "<NA>", "NaN", "nan", "NAN", "-nan", "NaT"),
    *("null", "NULL", "Null", "none", "None", "NONE", "nil", "missing", "(null)", "\\N"),
    *("#N/A!", "#REF!", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#NAME?", "n.a.", "N.A.", "n.d."),
    *("k.A.", "k. A.", "n.v.", "n. v."),  # German: nothing said, not there
)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DELIMITERS = (";", "\t", "|", ",")  # in this order where several split the table equally well
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?")
_DATE_LIKE = re.compile(r"(?=.*\d).*(?:[-/:]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|q).*", re.I)


@dataclass(frozen=True)
class Dialect:
    """How to parse one text file. `skip`: physical lines before the first data row. `types`: one of "float32", "float64",
    "iso" (naive ISO timestamps) and "text" for each of `names`. `longest`: characters of the longest sampled line."""

    encoding: str
    delimiter: str
    decimal: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    skip: int
    quoted_newlines: bool
    longest: int


def sniff(part: Part, options: ReadOptions, notes: Notes) -> Dialect:
    """Find out how `part` is written. Raises DataError for what is empty, binary or no table, ConfigError for bad options."""
    raw, whole = _sample(part)
    encoding = options.encoding or _encoding(raw, part.name)
    text = _decoded(raw, encoding, part.name, whole)
    delimiter = _delimiter_option(options.delimiter) or _delimiter(text)
    rows, lines = _rows(text, delimiter, part.name, whole)
    if not rows:
        raise DataError(f"{part.name}: the file holds nothing but blank lines")
    start, names, has_header = _header(rows)
    body = [row for row in rows[start:] if len(row) == len(names)]
    if has_header and not rows[start:]:
        raise DataError(f"{part.name}: the file holds a header and no rows")
    decimal = options.decimal or _decimal(body, delimiter)
    if decimal not in (".", ","):
        raise ConfigError(f"--decimal must be '.' or ',', not {decimal!r}")
    if delimiter == decimal:
        raise ConfigError(f"--delimiter and --decimal are both {decimal!r}")
    names = _unique(names, notes)
    columns = list(zip(*body, strict=True)) if body else [()] * len(names)
    _note(part, notes, encoding, delimiter, decimal, has_header, start, options)
    return Dialect(
        encoding=encoding,
        delimiter=delimiter,
        decimal=decimal,
        names=names,
        types=tuple(_type(cells, decimal) for cells in columns),
        skip=lines[start - 1] if start else 0,
        quoted_newlines=any("\n" in cell or "\r" in cell for row in rows for cell in row),
        longest=max(map(len, text.splitlines()), default=0),
    )


def fallen_back(dialect: Dialect, encoding: str) -> Dialect:
    """The same dialect in another encoding, where a byte far into the file is not of the first one."""
    return replace(dialect, encoding=encoding)


def _sample(part: Part) -> tuple[bytes, bool]:
    """The first bytes, at least two lines of them, and whether they are the whole file."""
    with part.open() as stream:
        raw = stream.read(SAMPLE)
        while raw.count(b"\n") + raw.count(b"\r") < 2 and len(raw) < 2 * LONGEST_LINE:
            more = stream.read(SAMPLE)
            if not more:
                return raw, True
            raw += more
        whole = not stream.read(1)
    if raw.count(b"\n") + raw.count(b"\r") < 2 and len(raw) > LONGEST_LINE:
        raise DataError(f"{part.name}, line 1: a line of more than {LONGEST_LINE >> 20} MB: this is no table")
    return raw, whole


def _encoding(raw: bytes, name: str) -> str:
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            return encoding
    head = raw[:65536]
    odd = sum(head.count(bytes([b])) for b in (*range(1, 9), *range(14, 32)))
    if b"\x00" in head:
        zeros = (head[::2].count(0), head[1::2].count(0))
        hint = ""
        if max(zeros) > 0.3 * len(head) / 2 and min(zeros) < 0.05 * len(head) / 2:
            hint = f"it looks like UTF-16: try --encoding {'utf-16-be' if zeros[0] > zeros[1] else 'utf-16-le'}"
        raise DataError(f"{name}: binary data, not a table of text", hint or "give a CSV, TSV or Parquet file")
    if odd > 0.01 * len(head):
        raise DataError(f"{name}: binary data, not a table of text", "give a CSV, TSV or Parquet file")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(raw)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _decoded(raw: bytes, encoding: str, name: str, whole: bool) -> str:
    try:
        text = codecs.getincrementaldecoder(encoding)(errors="replace" if encoding == "cp1252" else "strict").decode(raw, whole)
    except LookupError:
        raise ConfigError(f"--encoding {encoding}: no such encoding", "use for example utf-8, cp1252 or utf-16") from None
    except (UnicodeError, ValueError) as error:
        raise DataError(f"{name}: not {encoding}: {error}", "name another one with --encoding") from None
    return text.removeprefix("\ufeff")


def _delimiter_option(text: str | None) -> str | None:
    if text is None:
        return None
    text = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " "}.get(text, text)
    if len(text) != 1 or text in '"\r\n' or ord(text) > 127:
        raise ConfigError(f"--delimiter must be one plain character, not {text!r}")
    return text


def _delimiter(text: str) -> str:
    """The delimiter that splits most lines into equally many fields, more than one."""
    lines = [line for line in text.splitlines()[:400] if line.strip()]
    best, best_share = ",", 0.0
    for delimiter in _DELIMITERS:
        widths = [line.count(delimiter) for line in lines] if '"' not in text else []
        if not widths:
            try:
                widths = [len(row) - 1 for row in csv.reader(lines, delimiter=delimiter) if row]
            except csv.Error:
                continue
        width, count = Counter(widths).most_common(1)[0] if widths else (0, 0)
        share = count / len(widths) if width else 0.0
        if share > best_share + 0.02 or (best_share == 0.0 and max(widths, default=0) and share > 0):
            best, best_share = delimiter, share
    return best


def _rows(text: str, delimiter: str, name: str, whole: bool) -> tuple[list[list[str]], list[int]]:
    """The sample's rows that are not blank, and the physical line each ends on; a last row cut off by the sample is left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, lines = [], []
    try:
        for row in reader:
            if row and (len(row) > 1 or row[0].strip()):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise DataError(f"{name}, line {reader.line_num}: {error}", "is this a table? try --delimiter") from None
    if not whole and len(rows) > 1:
        rows.pop()
        lines.pop()
    return rows, lines


def _header(rows: list[list[str]]) -> tuple[int, tuple[str, ...], bool]:
    """(index of the first data row, column names, whether there was a header)."""
    width = Counter(len(row) for row in rows[len(rows) // 4 :]).most_common(1)[0][0]
    first = next((i for i, row in enumerate(rows[:40]) if len(row) == width), 0)
    while width == 1 and first < len(rows) - 1 and rows[first][0].startswith("#") and " " in rows[first][0]:
        first += 1
    while _is_title(rows[first]) and any(
        _is_header(rows[k], rows[k + 1 :]) for k in range(first + 1, min(first + 4, len(rows) - 1))
    ):
        first += 1
    head = rows[first]
    if (
        first > 0
        and len(rows[first - 1]) == width - 1
        and width > 2
        and _is_header(rows[first - 1], [r[1:] for r in rows[first:]])
    ):
        # R writes a table with row names under a header that is one field shorter; other tools end each row with a delimiter
        short = [cell.strip() for cell in rows[first - 1]]
        trailing = all(not row[-1].strip() for row in rows[first:] if len(row) == width)
        return first, tuple([*short, ""] if trailing else ["", *short]), True
    if _is_header(head, rows[first + 1 :]):
        return first + 1, tuple(cell.strip() for cell in head), True
    return first, ("",) * width, False


def _is_title(row: list[str]) -> bool:
    """A line of words, of a date or of nothing, that a spreadsheet filled up with empty cells."""
    return len(row) > 1 and _cell_class(row[0]) != "number" and not any(cell.strip() for cell in row[1:])


def _cell_class(cell: str) -> str:
    cell = cell.strip()
    if cell in NULLS:
        return "empty"
    if number_pattern(".").fullmatch(cell) or number_pattern(",").fullmatch(cell):
        return "number"
    return "date" if _DATE_LIKE.fullmatch(cell) and cell[:1].isalnum() and sum(c.isdigit() for c in cell) >= 3 else "text"


def _is_header(head: list[str], body: list[list[str]]) -> bool:
    """Whether some column of numbers or dates has something else in its first row."""
    body = [row for row in body[:50] if len(row) == len(head)]
    if not body:
        return not any(_cell_class(cell) in ("number", "date") for cell in head) or len(head) > 1
    counted = [int(c) for c in head if c.strip().isdigit() and len(c) < 9]
    if len(counted) >= 5 and len(counted) >= len(head) / 2 and all(b - a == 1 for a, b in pairwise(counted)):
        return True  # years or steps in a row are names of columns
    plain = 0
    for cell, cells in zip(head, zip(*body, strict=True), strict=True):
        classes = Counter(c for c in map(_cell_class, cells) if c != "empty")
        usual = classes.most_common(1)[0][0] if classes else "empty"
        if usual in ("number", "date"):
            plain += 1
            if _cell_class(cell) != usual:
                return _cell_class(cell) != "empty" or plain == 1
    return plain == 0


def _unique(names: tuple[str, ...], notes: Notes) -> tuple[str, ...]:
    """Names as they are, unnamed ones numbered, repeated ones told apart."""
    out: list[str] = []
    taken: set[str] = set()
    for i, name in enumerate(names):
        base = name or f"column_{i + 1}"
        new, k = base, 1
        while new in taken:
            k += 1
            new = f"{base}_{k}"
        if k > 1:
            notes.repair("a column name that occurs twice", 1, f"{base!r} became {new!r}")
        out.append(new)
        taken.add(new)
    return tuple(out)


def number_pattern(decimal: str) -> re.Pattern[str]:
    """A plain number, with this decimal mark and no thousands separators."""
    return _NUMBER[decimal]


_NUMBER = {d: re.compile(rf"[+-]?(?:\d+(?:[{d}]\d*)?|[{d}]\d+)(?:[eE][+-]?\d+)?|[+-]?inf(?:inity)?", re.I) for d in ".,"}


def _decimal(body: list[list[str]], delimiter: str) -> str:
    """A comma, where fields are not split by commas and numbers have one."""
    if delimiter == ",":
        return "."
    commas = dots = 0
    for row in body[:2000]:
        for cell in row:
            cell = cell.strip()
            if re.fullmatch(r"[+-]?\d{1,3}(?:[.' \u00a0]\d{3})*,\d+%?|[+-]?\d+,\d+%?", cell):
                commas += 1
            elif re.fullmatch(r"[+-]?\d+\.\d+%?|[+-]?\d{1,3}(,\d{3})+\.\d+%?", cell) and not re.fullmatch(
                r"\d{1,3}\.\d{3}", cell
            ):
                dots += 1
    return "," if commas > dots else "."


def _type(cells: tuple[str, ...], decimal: str) -> str:
    """How to read a column, judged by sampled cells. Text is always safe; the others are fast."""
    seen = [cell.strip() for cell in cells]
    seen = [cell for cell in seen if cell not in NULLS]
    if not seen:
        return "float32"
    if all(_ISO.fullmatch(cell) for cell in seen):
        return "iso"
    pattern = number_pattern(decimal)
    if not all(pattern.fullmatch(cell) for cell in seen):
        return "text"
    digits = [cell.lstrip("+-") for cell in seen]
    if any(len(d) > 1 and d[0] == "0" and d.isdigit() for d in digits):
        return "text"  # 007 is a name, not seven
    whole = [d.split(decimal)[0] for d in digits]
    if any(len(w) > 15 and w.isdigit() for w in whole):
        return "text"
    # whole numbers may be dates, epochs or names of items, which float32 would round
    # and numbers such as 45292.0416667 or 1949.083333 may be days or years
    fine = all(4 <= len(w) <= 5 for w in whole) and any(len(d) > 8 for d in digits)
    exact = fine or all(d.isdigit() for d in digits) or any(len(w) > 7 for w in whole)
    return "float64" if exact else "float32"


def _note(
    part: Part, notes: Notes, encoding: str, delimiter: str, decimal: str, header: bool, start: int, options: ReadOptions
) -> None:
    if encoding != "utf-8":
        notes.find("encoding", encoding, "--encoding")
    if encoding == "cp1252" and not options.encoding:
        notes.warn(f"{part.name}: not UTF-8; read as Windows text (cp1252)")
    if delimiter != ",":
        notes.find(
            "delimiter", {"\t": "tab", ";": "semicolon", "|": "bar", " ": "space"}.get(delimiter, delimiter), "--delimiter"
        )
    if decimal != ".":
        notes.find("decimal mark", "comma", "--decimal")
    if not header:
        notes.find("header", "none: columns are numbered")
    elif start > 1:
        notes.repair("lines before the header left out", start - 1, f"{part.name}, line 1")
