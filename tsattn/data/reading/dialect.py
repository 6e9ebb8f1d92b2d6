"""Detection of a text table's encoding, delimiter, marks, header and column types, from its first bytes."""

from __future__ import annotations

import csv
import io
import operator
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tsattn.config import ReadOptions
from tsattn.data.reading.affixes import bare
from tsattn.data.reading.aligned_columns import NOWHERE, Places, places_of, tabbed
from tsattn.data.reading.candidates import best_delimiter, named
from tsattn.data.reading.code_pages import GUESSED
from tsattn.data.reading.comment_lines import without_comments
from tsattn.data.reading.footers import is_total
from tsattn.data.reading.foreign_files import stop_at_foreign_text
from tsattn.data.reading.header import Head, find_header, is_dated_row, is_shifted, unique
from tsattn.data.reading.marks import UNKNOWN, Marks, decide, grouping, proved
from tsattn.data.reading.missing import NULLS, split_markers
from tsattn.data.reading.month_names import MONTHS, month_numbers
from tsattn.data.reading.source import Part
from tsattn.data.reading.text_encoding import decoded, encoding_of
from tsattn.data.reading.time_names import plain
from tsattn.data.report import Notes
from tsattn.errors import ConfigError, DataError

SAMPLE = 1 << 18
LONGEST_LINE = 1 << 22
_MANY = 500  # columns that are examined by the shapes of their cells
_SHAPE = str.maketrans("2345689", "1111111")
_INNER = re.compile(r"(?<=[0-9.,])[07]")
_SIGNS, _ZEROS = re.compile(r"[0-9.,+\x1f-]*"), re.compile(r"(?<![0-9.,])00")
_TAIL = 20  # rows at the end of a sample that may be totals
_SECOND_TABLE = 5  # rows with a date and a number that make a table of the lines above the header
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?")
_DOTTED, _SLASHED = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2,4}\b"), re.compile(r"\d{1,2}/(\d{1,2})/\d{4}\b")
_SEPARATOR = re.compile(r'"?sep=([;,|\t])"?[;,|\t]*\r?\n', re.I)
_NULLS = frozenset(NULLS)
_NUMBERISH = re.compile(r"[+-]?[\d.,' \u00a0\u202f]*\d(?:[eE][+-]?\d+)?\s?%?")


@dataclass(frozen=True)
class Dialect:
    """Settings to parse one text file.

    decimal: the mark of the columns that are parsed as numbers at once; marks: what is known of the others. skip: physical
    lines before the first data row. types: "int64", "float32", "float64", "iso" (naive ISO timestamps) or "text" for
    each of `names`. longest: characters of the longest sampled line. loose: lines of another width are notes, to be left out.
    aligned: runs of blanks separate the fields, and are read as tabs; places: where these fields end.
    lost_names: names in the line above the first row, if it is not the header of the rows.
    """

    encoding: str
    delimiter: str
    decimal: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    skip: int
    quoted_newlines: bool
    longest: int
    marks: Marks = UNKNOWN
    nulls: tuple[str, ...] = NULLS
    loose: bool = False
    aligned: bool = False
    places: Places = NOWHERE
    lost_names: tuple[str, ...] = ()


def sniff(part: Part, options: ReadOptions, notes: Notes) -> Dialect:
    """Detect the dialect of `part`. Raises DataError if it is empty, binary or not a table, ConfigError for bad options."""
    raw, whole = _sample(part)
    raw = _without_padding(raw)
    encoding = options.encoding or encoding_of(raw, part.name)
    text = decoded(raw, encoding, part.name, whole)
    stop_at_foreign_text(text, part.name)
    comments, text = without_comments(text)
    asked = _delimiter_option(options.delimiter)
    if named_inside := _SEPARATOR.match(text):  # the first line of spreadsheets' exports may name the delimiter
        comments, text, asked = comments + 1, text[named_inside.end() :], asked or named_inside[1]
    delimiter = asked or best_delimiter(text, part.name, notes)
    aligned = delimiter == " "
    if aligned:
        blanks, text, delimiter = text, tabbed(text), "\t"
    else:
        blanks = ""
    rows, lines = _rows(text, delimiter, part.name, whole)
    if not rows:
        raise DataError(f"{part.name}: the file holds nothing but blank lines")
    head = find_header(rows, aligned)
    places = NOWHERE
    if aligned and any(len(row) != len(head.names) for row in rows[head.start :]):
        places = places_of(blanks, len(head.names))
        rows, lines = _rows(tabbed(blanks, places), delimiter, part.name, whole)
    if places.words:
        notes.repair(
            "words after the last column left out", len(places.words), f"{part.name}, line {comments + places.words[0] + 1}"
        )
    lost_names = _lost_names(rows, head, delimiter)
    if not head.rows and len(lost_names) == len(head.names):  # names with another delimiter than the rows
        head, lost_names = replace(head, names=lost_names, rows=1), ()
    body = [row for row in rows[head.start :] if len(row) == len(head.names)]
    if head.rows and not rows[head.start :]:
        raise DataError(f"{part.name}: the file holds a header and no rows")
    if is_shifted(rows, head):
        raise DataError(
            f"{part.name}, line {comments + lines[head.start]}: {len(head.names)} fields where the header has "
            f"{len(head.names) - 1}, and the dates are not in {head.names[1]!r}",
            "quote fields that contain the delimiter, such as a decimal comma, or write numbers with a decimal point",
        )
    last = [row for row in body[-_TAIL:] if not is_total(next((c.strip() for c in row if c.strip()), ""))]
    amounts = [*body[:-_TAIL], *last]
    alike = _alike(body, len(head.names))
    rest = alike if len(amounts) in (0, len(body)) else _alike(amounts, len(head.names))
    marks = _marks(*rest, delimiter, options)
    words, _ = split_markers(options.missing)
    skip = comments + (lines[head.start - 1] if head.start else 0)
    _note(part, notes, encoding, " " if aligned else delimiter, marks, head, skip, [comments + line for line in lines], options)
    above = rows[: head.start - head.rows]
    if sum(map(is_dated_row, above)) >= _SECOND_TABLE:
        notes.warn(f"{part.name}: the {len(above)} lines above the header hold a table with dates, which is left out")
    return Dialect(
        encoding=encoding,
        delimiter=delimiter,
        decimal="." if marks.decimal == delimiter else marks.decimal,
        names=unique(head.names, notes),
        types=_types(*alike, marks),
        skip=skip,
        quoted_newlines='"' in text and any("\n" in cell or "\r" in cell for row in rows for cell in row),
        longest=max(map(len, text.splitlines()), default=0),
        marks=marks,
        nulls=(*NULLS, *(w for w in words if not _NUMBERISH.fullmatch(w))),
        aligned=aligned,
        places=places,
        lost_names=lost_names,
    )


def _lost_names(rows: Sequence[Sequence[str]], head: Head, delimiter: str) -> tuple[str, ...]:
    """Return the names in a line that is written as a header but has other fields than the rows; () if there is none.

    It is the line above rows without a header, or the header of one column whose name has another delimiter.
    """
    if (head.rows and len(head.names) > 1) or not head.start:
        return ()
    line = delimiter.join(rows[head.start - 1])
    inside = re.match(r"#\s*\w*\(([^()]+)\)", line)  # #LAYOUT(timestamp,value,status)
    names = [name.strip(" #") for name in re.split(r"[;,|\t]", inside[1] if inside else line)]
    return tuple(names) if len(names) > 1 and all(names) and not any(map(_NUMBERISH.fullmatch, names)) else ()


def fallen_back(dialect: Dialect, encoding: str) -> Dialect:
    """Return the dialect with another encoding, where a byte far into the file is not valid in the first one."""
    return replace(dialect, encoding=encoding)


def _sample(part: Part) -> tuple[bytes, bool]:
    """Read the first bytes, at least two lines; return them, and True if they are the whole file."""
    with part.open() as stream:
        raw = stream.read(SAMPLE)
        while raw.count(b"\n") + raw.count(b"\r") < 2 and len(raw) < 2 * LONGEST_LINE:
            more = stream.read(SAMPLE)
            if not more:
                return raw, True
            raw += more
        whole = not stream.read(1)
    if raw.count(b"\n") + raw.count(b"\r") < 2 and len(raw) > LONGEST_LINE:
        raise DataError(f"{part.name}, line 1: a line of more than {LONGEST_LINE >> 20} MB: this is not a table")
    return raw, whole


def _without_padding(raw: bytes) -> bytes:
    """Remove trailing zero bytes and end-of-file characters, which loggers and old programs write."""
    bare = raw.rstrip(b"\x00\x1a")
    return raw if b"\x00" in bare else bare


def _delimiter_option(text: str | None) -> str | None:
    if text is None:
        return None
    text = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " "}.get(text, text)
    if len(text) != 1 or text in '"\r\n' or ord(text) > 127:
        raise ConfigError(f"--delimiter must be one plain character, not {text!r}")
    return text


def _rows(text: str, delimiter: str, name: str, whole: bool) -> tuple[list[list[str]], list[int]]:
    """Return the sample's rows that are not blank, and the physical line each ends on, without a last row that is cut off."""
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


def marks_of_words(options: ReadOptions) -> Marks:
    """Return the marks of a source without a dialect, such as Parquet, from the options."""
    words, _ = split_markers(options.missing)
    decimal = options.decimal if options.decimal in (".", ",") else "."
    return Marks(decimal=decimal, named=options.decimal is not None, missing=words)


def _marks(columns: Sequence[Sequence[str]], which: Sequence[int], delimiter: str, options: ReadOptions) -> Marks:
    """Return the marks of the file: named with --decimal, proved by most columns that prove one, or settled by one column.

    which: the column that stands for each of the file's, as from `_alike`.
    """
    words, _ = split_markers(options.missing)
    count = Counter(which)
    marks = Marks(delimiter=delimiter, dates=_date_mark(columns), missing=words)
    if options.decimal is not None:
        if options.decimal not in (".", ","):
            raise ConfigError(f"--decimal must be '.' or ',', not {options.decimal!r}")
        if options.decimal == options.delimiter:
            raise ConfigError(f"--delimiter and --decimal are both {options.decimal!r}", "name another delimiter")
        return replace(marks, decimal=options.decimal, named=True)
    votes = {".": 0, ",": 0}
    undecided = []
    grouped = ""
    for k, cells in enumerate(columns):
        seen = [c for c in {bare(c.strip()) for c in cells[:2000]} if _NUMBERISH.fullmatch(c)]
        if len(seen) > 1 or (seen and len(cells) < 5):
            mark = proved(seen)
            if mark is not None:
                votes[mark] += count[k]
            elif any(m in c for c in seen for m in ".,"):
                undecided.append(seen)
                grouped += grouping(seen) * count[k]
    marks = replace(marks, grouping=grouped)
    if any(votes.values()):
        return replace(marks, decimal="," if votes[","] > votes["."] else ".", proved=True)
    verdicts = [decide(seen, marks) for seen in undecided]
    settled = {v.decimal for v in verdicts if not v.open and not v.thousands}
    return replace(marks, decimal="," if settled == {","} else ".")


def _alike(rows: Sequence[Sequence[str]], columns: int) -> tuple[Sequence[Sequence[str]], Sequence[int]]:
    """Return distinct columns of the rows, and for each column the number of the distinct column that represents it.

    The type and the marks of a column depend only on the shapes of its cells (of the digits of a number, only on whether the
    first is 0 or 7) and on whether its cells differ. A column with characters that no number has represents itself.
    """
    if columns < _MANY or not rows:
        return list(zip(*rows, strict=True)) if rows else [()] * columns, range(columns)
    raws = list(rows[0] if len(rows) == 1 else map("\x1f".join, zip(*rows, strict=True)))
    shapes = _shapes(raws)
    others = {shape for shape in dict.fromkeys(shapes) if not _SIGNS.fullmatch(shape)}
    zeros = _ZEROS.search("\x1e".join(raws)) is not None
    if others or zeros:
        pairs = zip(shapes, raws, strict=True)
        shapes = [raw if shape in others or (zeros and _ZEROS.search(raw)) else shape for shape, raw in pairs]
    keys = list(map(operator.add, shapes, map(("", "\x1d").__getitem__, _differ(rows))))
    first = dict(zip(reversed(keys), range(len(keys) - 1, -1, -1), strict=True))
    number = {key: k for k, key in enumerate(dict.fromkeys(keys))}
    return [[row[first[key]] for row in rows] for key in number], list(map(number.__getitem__, keys))


def _differ(rows: Sequence[Sequence[str]]) -> list[bool]:
    """Return True for each column whose cells differ."""
    found = [False] * len(rows[0])
    for row in rows[1:]:
        found = list(map(operator.or_, found, map(operator.ne, rows[0], row)))
    return found


def _shapes(raws: Sequence[str]) -> list[str]:
    """Return the texts with 1 for each digit but a first one that is 0 or 7."""
    whole = "\x1e".join(raws)
    shaped = _INNER.sub("1", whole.translate(_SHAPE)).split("\x1e")
    return shaped if len(shaped) == len(raws) else list(raws)


def _types(columns: Sequence[Sequence[str]], which: Sequence[int], marks: Marks) -> tuple[str, ...]:
    """Return the type of each column of the file, from the sampled cells of those that stand for them."""
    types = [_type(cells, marks) for cells in columns]
    return tuple(map(types.__getitem__, which))


def _date_mark(columns: Sequence[Sequence[str]]) -> str:
    """Return "." where dates are written as in Europe, "/" where they are written as in America, "" where neither shows."""
    for cells in columns:
        some = [c.strip() for c in cells[:200]]
        text, most = "\n".join(some), 1.6 * len(some)  # dates hold two marks each
        if text.count(".") > most and sum(map(bool, map(_DOTTED.match, some))) > 0.8 * len(some):
            return "."
        slashed = [m for c in some if (m := _SLASHED.match(c))] if text.count("/") > most else []
        if some and len(slashed) > 0.8 * len(some) and any(int(m[1]) > 12 for m in slashed):
            return "/"
        if mark := _mark_of_names(some):
            return mark
    return ""


def _mark_of_names(cells: Sequence[str]) -> str:
    """Return the date mark by the names of months and weeks in cells such as "Mrz 24", "January 2024" and "KW 05/2024"."""
    if not cells or not any(c.isalpha() for c in cells[0]):
        return ""
    if sum(any(c.isdigit() for c in cell) for cell in cells) < 0.8 * len(cells):
        return ""
    if all(re.match(r"kw\b", cell, re.I) for cell in cells):
        return "."
    found = [plain(word) for cell in cells for word in re.findall(r"[^\W\d_]{3,}", cell)]
    names = set(found) & set(month_numbers())
    if sum(word in names for word in found) < 0.8 * len(cells):
        return ""
    english = set(MONTHS["en"].replace("/", " ").split())
    others = {plain(form) for key, forms in MONTHS.items() if key != "en" for form in forms.replace("/", " ").split()}
    return "." if names - english else "/" if names - others else ""


# decimal mark -> pattern of a plain number without thousands separators
_NUMBER = {d: re.compile(rf"[+-]?(?:\d+(?:[{d}]\d*)?|[{d}]\d+)(?:[eE][+-]?\d+)?|[+-]?inf(?:inity)?", re.I) for d in ".,"}


def _type(cells: Sequence[str], marks: Marks) -> str:
    """Choose the type of a column from sampled cells. "text" is always safe; the others are faster to read."""
    decimal = marks.decimal
    seen = [cell.strip() for cell in cells]
    seen = [cell for cell in seen if cell not in _NULLS]
    if not seen:
        return "float32"
    if all(_ISO.fullmatch(cell) for cell in seen):
        return "iso"
    pattern = _NUMBER[decimal]
    if decimal == marks.delimiter or not all(pattern.fullmatch(cell) for cell in seen):
        return "text"
    digits = [cell.lstrip("+-") for cell in seen]
    whole = [d.split(decimal)[0] for d in digits]
    if any(len(w) > 1 and w[0] == "0" for w in whole):
        return "text"  # 007 is a name, not seven, and 001.2024 a month
    if any(len(w) > 15 and w.isdigit() for w in whole):
        return "text"
    if all(d.isdigit() for d in digits):
        # whole numbers may be dates, epochs or names of items, which float32 would round
        return "float64" if any(c[0] == "+" for c in seen) else "int64"
    if any(decimal in d for d in digits) and not proved(digits):
        verdict = decide(digits, marks)
        if verdict.open or decimal in verdict.thousands:
            return "text"  # 1.080 may be 1080: all texts of the column decide
    # numbers such as 45292.0416667, 739252.25, 2460310.5 or 1949.083333 may be days or years
    days = all(4 <= len(w) <= 5 for w in whole) or all(len(w) == 6 and w[0] == "7" for w in whole)
    days |= all(len(w) == 7 and w[:2] == "24" for w in whole)  # Julian days
    days |= any("e" in d.lower() for d in digits)  # 1.704067200E+09 may be an epoch
    fine = days and any(len(d) > 8 for d in digits)
    return "float64" if fine or any(len(w) > 7 for w in whole) else "float32"


def _note(
    part: Part,
    notes: Notes,
    encoding: str,
    delimiter: str,
    marks: Marks,
    head: Head,
    skip: int,
    lines: list[int],
    options: ReadOptions,
) -> None:
    if encoding != "utf-8":
        notes.find("encoding", encoding, "--encoding")
    if encoding in GUESSED and not options.encoding:
        said = f"{part.name}: not UTF-8; read as {GUESSED[encoding]} ({encoding})"
        notes.warn(f"{said}; if letters look wrong, name the encoding with --encoding")
    if delimiter != ",":
        notes.find("delimiter", named(delimiter), "--delimiter")
    if marks.decimal != ".":
        notes.find("decimal mark", "comma", "--decimal")
    above = skip - head.rows
    if not head.rows:
        if above > 0:
            notes.repair("lines above the first row left out", above, f"{part.name}, line 1")
        notes.find("header", "none: columns are numbered")
        notes.weigh("header", "none", "the first row is like the others")
        return
    if above > 0:
        notes.repair("lines before the header left out", above, f"{part.name}, line 1")
    if head.rows > 1:
        notes.find("header", f"{head.rows} rows")
        notes.weigh("header", f"{head.rows} rows", f"line {skip + 1} is the first like the rows of the middle")
    for what, row in head.left_out:
        notes.repair(f"a row of {what} in the header left out", 1, f"{part.name}, line {lines[row]}")
