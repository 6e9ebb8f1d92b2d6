"""Parts -> Table: text by Arrow's CSV reader, block by block, each column with the cheapest type that the sample allows."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from tsattn.config import ReadOptions
from tsattn.data.reading.aligned_columns import aligned
from tsattn.data.reading.arrow_columns import columns_of, from_chunks
from tsattn.data.reading.candidates import is_telling
from tsattn.data.reading.columns import Columns, Table
from tsattn.data.reading.dialect import LONGEST_LINE, Dialect, fallen_back, marks_of_words, sniff
from tsattn.data.reading.drawn_tables import undrawn
from tsattn.data.reading.first_row_extras import without_first_row_extras
from tsattn.data.reading.footers import EVENT, is_total
from tsattn.data.reading.header import COMMENTS
from tsattn.data.reading.json_tables import holds_series, json_table, unfolded_series
from tsattn.data.reading.marks import proved
from tsattn.data.reading.missing import NULLS
from tsattn.data.reading.quoted_lines import tightened, unwrapped, with_whole_dates
from tsattn.data.reading.r_prints import unprinted
from tsattn.data.reading.row_location import Where
from tsattn.data.reading.source import Part
from tsattn.data.reading.wide_numbers import Uneven, convert_options, wide_columns
from tsattn.data.report import Notes
from tsattn.errors import DataError

_MOST_NOTES = 50
_LONGEST_CODE = 6  # letters of the code of a kind of record
_MOST_NOTES, _MOST_SHARE = 50, 0.1  # most notes between the rows: the larger of a number and a share of the rows
_WORD = re.compile(r"[^\W\d_]{3}")
_RULE = re.compile(r"[-=_+*|~\s]+|\(?\d+ rows?\b.*")  # lines that clients draw around a table, and their count of rows
_END = re.compile(r"end of (?:report|file|data|export)|eof", re.I)
_BLOCK_LINES, _LARGEST_BLOCK = 256, 1 << 25  # lines of a block that is read at once, where it has no more bytes than that
_EXACT_LINES = 3_000_000  # beyond this, counting lines for a message takes too long


def load(part: Part, options: ReadOptions, notes: Notes) -> Table:
    """Read one part. Raises DataError that names the file and, where it can, the line."""
    import pyarrow as pa

    try:
        part = unprinted(part, notes) if part.kind == "text" else part
        if part.kind == "text":
            part = without_first_row_extras(undrawn(part, notes), notes)
            part = with_whole_dates(tightened(unwrapped(part, notes)), notes)
            dialect = sniff(part, options, notes)
            table = _text(aligned(part, dialect.places) if dialect.aligned else part, dialect, notes)
            return replace(table, lost_names=dialect.lost_names)
        if part.kind == "json":
            return replace(from_arrow(json_table(part, options, notes), part.name), marks=marks_of_words(options))
        arrow = part.table if part.kind == "arrow" else _arrow_file(part)
        if holds_series(arrow):
            arrow = unfolded_series(arrow, options, part.name, notes)
        return replace(from_arrow(arrow, part.name), marks=marks_of_words(options))
    except UnicodeError as error:
        raise DataError(f"{part.name}: the encoding is unknown: {_short(error)}", "name it with --encoding") from None
    except (pa.ArrowException, OSError, EOFError, OverflowError) as error:
        raise DataError(f"{part.name}: cannot be read: {_short(error)}", "check that the file is complete") from None


def from_arrow(table: Any, name: str) -> Table:
    """Convert an Arrow table; columns of nested and other unusable types are left out."""
    columns = columns_of(table, name)
    if not columns or not table.num_rows:
        raise DataError(f"{name}: there are no rows")
    return Table(columns, table.num_rows, Where([(name, table.num_rows, None)]))


def _arrow_file(part: Part) -> Any:
    """Read a Parquet, Arrow or Feather file. `parquet.read_table` takes time that grows with the square of the columns."""
    import pyarrow as pa
    import pyarrow.parquet

    with part.open() as stream:
        if part.kind == "parquet":
            return pyarrow.parquet.ParquetFile(stream).read()
        content = pa.py_buffer(stream.read())
    is_file = content[:6].to_pybytes() == b"ARROW1"
    return (pa.ipc.open_file(content) if is_file else pa.ipc.open_stream(content)).read_all()


def _text(part: Part, dialect: Dialect, notes: Notes) -> Table:
    """Read the whole file; a column whose type the sample got wrong is read again, as text."""
    types = list(dialect.types)
    failures = 0
    while True:
        try:
            table = _parse(part, dialect, types)
            break
        except _WrongType as wrong:
            if types[wrong.column] == "int64" and proved([wrong.cell]) == dialect.decimal:
                types = ["float64" if kind == "int64" else kind for kind in types]  # no mark groups thousands in this file
                continue
            failures += 1
            types = ["text"] * len(types) if failures > 3 else [*types[: wrong.column], "text", *types[wrong.column + 1 :]]
        except _Notes as ragged:
            notes.repair("notes between the rows left out", ragged.count, f"{part.name}, line {ragged.line}")
            notes.weigh("notes", f"{ragged.count} lines", f"line {ragged.line} is {ragged.text!r}")
            dialect = replace(dialect, loose=True)
        except _WrongBytes:
            if dialect.encoding != "utf-8":
                raise DataError(
                    f"{part.name}: some bytes are not {dialect.encoding}", "name another encoding with --encoding"
                ) from None
            dialect = fallen_back(dialect, "cp1252")
            notes.find("encoding", "cp1252", "--encoding")
            notes.warn(f"{part.name}: not UTF-8; read as Windows text (cp1252)")
    if table.rows == 0:
        raise DataError(f"{part.name}: the file holds a header and no rows")
    return table


class _WrongType(Exception):
    """Signal that a cell does not fit its column's type."""

    def __init__(self, column: int, cell: str) -> None:
        super().__init__(column, cell)
        self.column, self.cell = column, cell


class _Notes(Exception):
    """Signal that the lines of another width are all comments, or lie below the table."""

    def __init__(self, count: int, line: int, text: str) -> None:
        super().__init__(count, line, text)
        self.count, self.line, self.text = count, line, text


class _WrongBytes(Exception):
    """Signal that a cell's bytes are not valid in the encoding."""


def _parse(part: Part, dialect: Dialect, types: list[str]) -> Table:
    import pyarrow as pa
    import pyarrow.csv as pc

    ragged: list[tuple[int, int]] = []

    def judge(row: Any) -> str:
        if not row.text.strip(f'{dialect.delimiter} \t\r\n"\x00\x1a'):
            return "skip"
        if dialect.loose:
            return "skip"
        ragged.append((row.expected_columns, row.actual_columns))
        return "error"

    # a block has a fixed cost per column, so that blocks of wide tables should hold many rows
    block = max(1 << 20, min(_BLOCK_LINES * dialect.longest, max(_LARGEST_BLOCK, 4 * dialect.longest), LONGEST_LINE * 4))
    try:
        wide = wide_columns(part, dialect, types, block)
    except Uneven:
        if not dialect.loose and (uneven := _uneven(part, dialect)) is not None:
            raise uneven from None
        wide = None
    if wide is not None:
        columns, rows = wide
        return Table(columns, rows, Where([(part.name, rows, lambda row: line_of(part, dialect, row))]), dialect.marks)
    parse = pc.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=dialect.quoted_newlines, invalid_row_handler=judge)
    reading = pc.ReadOptions(
        column_names=list(dialect.names),
        skip_rows=dialect.skip,
        encoding="utf8" if dialect.encoding in ("utf-8", "utf8") else dialect.encoding,
        block_size=block,
    )
    convert = convert_options(dialect, zip(dialect.names, types, strict=True))
    try:
        with _undecodable() as lines, part.open() as stream, pc.open_csv(stream, reading, parse, convert) as batches:
            chunks: list[list[Any]] = [[] for _ in dialect.names]
            rows = 0
            for batch in batches:
                rows += batch.num_rows
                for i, column in enumerate(batch.columns):
                    chunks[i].append(column)
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise _WrongBytes() if lines else _explained(str(error), part, dialect, ragged) from None
    where = Where([(part.name, rows, lambda row: line_of(part, dialect, row))])
    if not rows:
        return Table(Columns({}), 0, where)
    made = {}
    for i, name in enumerate(dialect.names):
        made[name] = from_chunks(name, chunks[i], part.name)
        pa.default_memory_pool().release_unused()  # else the column stays in memory beside its copy
    return Table(Columns(made), rows, where, dialect.marks)


@contextlib.contextmanager
def _undecodable() -> Iterator[list[object]]:
    """Collect the lines of a wrong width that are not in the encoding.

    Arrow cannot pass them to the handler of invalid rows, and Python would print a traceback.
    """
    found: list[object] = []
    usual = sys.unraisablehook

    def heard(raised: Any) -> None:
        if isinstance(raised.exc_value, UnicodeDecodeError):
            found.append(raised.exc_value.object)
        else:
            usual(raised)

    sys.unraisablehook = heard
    try:
        yield found
    finally:
        sys.unraisablehook = usual


def _explained(message: str, part: Part, dialect: Dialect, ragged: list[tuple[int, int]]) -> Exception:
    """Convert Arrow's message into an error for the user, or into an exception that starts the next try."""
    found = re.search(r"In CSV column #(\d+): (.*)", message, re.S)
    if "UTF8" in message:
        return _WrongBytes()
    if found:
        cell = re.search(r"invalid value '(.*)'", found.group(2), re.S)
        return _WrongType(int(found.group(1)), cell.group(1) if cell else "")
    if ragged or "Expected" in message:
        expected, actual = ragged[0] if ragged else (len(dialect.names), 0)
        return _uneven(part, dialect) or _wrong_width(part.name, expected, actual)
    if "straddling" in message or "block" in message:
        return DataError(f"{part.name}: a line of more than {LONGEST_LINE >> 20} MB, or an open quote: this is not a table")
    if message.startswith("Empty CSV"):
        return DataError(f"{part.name}: the file holds a header and no rows")
    return DataError(f"{part.name}: cannot be read as CSV: {_short(message)}", "try --delimiter or --encoding")


def _uneven(part: Part, dialect: Dialect) -> Exception | None:
    """Return an error for lines with a different number of cells, an exception that starts the next attempt, or None."""
    found = _ragged(part, dialect)
    if found is None or isinstance(found, _Notes):
        return found
    line, expected, actual = found
    return _wrong_width(f"{part.name}, line {line}", expected, actual)


def _wrong_width(place: str, expected: int, actual: int) -> DataError:
    return DataError(
        f"{place}: {actual} fields where the header has {expected}",
        "correct that line, quote fields that contain the delimiter, or set the delimiter with --delimiter; "
        "if a second table begins there, save it in a separate file",
    )


def _short(error: object) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else text[:197] + "..."


def _records(part: Part, dialect: Dialect) -> Any:
    """Yield (physical line of its start, fields) of each data row that is not blank; slow, for messages only."""
    with part.open() as stream:
        text = _lines(io.TextIOWrapper(io.BufferedReader(stream), dialect.encoding, "replace", newline=""))
        for _ in range(dialect.skip):  # a quote in a comment would join lines
            next(text, "")
        reader = csv.reader(text, delimiter=dialect.delimiter)
        before = 0
        for row in reader:
            start, before = before + 1, reader.line_num
            width = len(row) == len(dialect.names)
            if row and (width or (any(c.strip() for c in row) and not dialect.loose)):
                yield dialect.skip + start, row


def _lines(text: Any) -> Any:
    for line in text:
        yield line.replace("\x00", "").replace("\x1a", "")


def line_of(part: Part, dialect: Dialect, row: int) -> int:
    """Return the physical line of a data row, counted from 1; rows far into a big file are counted as if no line was blank."""
    if row <= _EXACT_LINES:
        try:
            for k, (line, _) in enumerate(_records(part, dialect)):
                if k == row:
                    return int(line)
        except (csv.Error, OSError, UnicodeError):
            pass
    return dialect.skip + row + 1


def _ragged(part: Part, dialect: Dialect) -> tuple[int, int, int] | _Notes | None:
    """Return the first line of another width: (line, expected, actual); _Notes where all are comments or below the table."""
    width, last, rows = len(dialect.names), 0, 0
    begins: set[str] = set()  # up to two first cells, as examples of how rows begin
    usual: list[str] = []  # the first row
    found: list[tuple[int, list[str]]] = []
    try:
        for line, row in _records(part, dialect):
            if len(row) == width:
                if found and last < found[-1][0] and _is_second_header(found[-1][1], row, dialect.names):
                    raise DataError(
                        f"{part.name}, line {found[-1][0]}: a second table begins below {found[-1][1][0].strip()!r}",
                        "save each table in a separate file, or combine them with a column that names the table",
                    )
                last, rows, usual = line, rows + 1, usual or row
                begins |= {row[0].strip()} if len(begins) < 2 else set()
            else:
                found.append((line, row))
                if len(found) > _MOST_NOTES and len(found) > _MOST_SHARE * rows:
                    break
    except (csv.Error, OSError, UnicodeError):
        return None
    if not found:
        return None
    below = found[0][0] > last + 1  # a blank line separates the table from its notes
    notes = last and (len(found) <= _MOST_NOTES or len(found) <= _MOST_SHARE * rows)
    words = dialect.aligned and len(found) > 1  # a single word may be a truncated row
    if notes and all(
        _is_note(line, row, last, words)
        or (below and (_is_prose(row) or _is_footnote(row)))
        or (line > last and _begins_otherwise(row, begins))
        or _is_message(row, usual)
        for line, row in found
    ):
        return _Notes(len(found), found[0][0], dialect.delimiter.join(found[0][1])[:60])
    return found[0][0], width, len(found[0][1])


def _begins_otherwise(row: list[str], begins: set[str]) -> bool:
    """Return True if a line begins with a word where the rows begin with numbers or dates, or all with one other code."""
    cell = row[0].strip()
    if len(begins) == 1 and all(map(_is_code, begins)):
        return _is_code(cell) and cell not in begins
    return cell[:1].isalpha() and not any(first[:1].isalpha() for first in begins)


def _is_code(cell: str) -> bool:
    """Return True for the code of a kind of record, such as T and DATA."""
    return cell.isalpha() and (len(cell) == 1 or (cell.isupper() and len(cell) <= _LONGEST_CODE))


def _is_message(row: list[str], usual: list[str]) -> bool:
    """Return True for a shorter line with words where rows have a number or a date: a message of a program or a header again.

    A word behind a number counts where rows have none: 0.24 Dividend.
    """
    pairs = ((cell.strip(), other.strip()) for cell, other in zip(row, usual, strict=False))
    wordy = (
        cell
        for cell, other in pairs
        if is_telling(other) and (not is_telling(cell) or (re.fullmatch(EVENT, cell) and not _WORD.search(other)))
    )
    return len(row) < len(usual) and any(_WORD.search(cell) and cell not in NULLS for cell in wordy)


def _is_second_header(title: list[str], row: list[str], names: Sequence[str]) -> bool:
    """Return True if the first row is a title of one cell and the second repeats the column names."""
    called = [c.strip() or f"column_{k + 1}" for k, c in enumerate(row)]
    return sum(bool(c.strip()) for c in title) == 1 and called == list(names)


def _is_prose(row: list[str]) -> bool:
    """Return True if a line with a delimiter is a sentence: it begins with several words, and no cell is a number or a date."""
    cells = [c.strip() for c in row if c.strip()]
    return cells[0][:1].isalpha() and (" " in cells[0] or ":" in cells[0]) and not any(is_telling(c) for c in cells)


def _is_footnote(row: list[str]) -> bool:
    """Return True for a footnote: a mark, such as a number, and its text."""
    cells = [c.strip() for c in row if c.strip()]
    return len(cells) == 2 and len(cells[0]) < len(cells[1]) + 12 and cells[1][:1].isalpha() and not is_telling(cells[1])


def _is_note(line: int, row: list[str], last: int, words: bool) -> bool:
    """Return True if a line is a comment, or a sentence or a sum below the last row."""
    cell = next((c.strip() for c in row if c.strip()), "")
    if cell.startswith(COMMENTS) or _RULE.fullmatch(" ".join(row)):
        return True
    if line > last and any(_END.fullmatch(c.strip()) for c in row):
        return True
    alone = sum(bool(c.strip()) for c in row) == 1 and (words or any(mark in cell for mark in " :：，。、"))
    return line > last and not cell[:1].isdigit() and (alone or is_total(cell))
