"""Candidate delimiters, scored by the table that each makes of the sample: lines of one width, columns of one kind."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from tsattn.data.reading.affixes import SPLIT
from tsattn.data.reading.aligned_columns import rows_of
from tsattn.data.reading.missing import NULLS
from tsattn.data.report import Notes
from tsattn.errors import DataError

DELIMITERS = (";", "\t", "|", ",")  # order of preference where several split the table equally well
_ROWS, _COLUMNS = 60, 40  # rows and columns that are examined
_EVEN = 0.95  # least share of the lines with one width, for a delimiter around decimal commas
_TITLED = 0.8  # the same below titles, where all commas within the fields are accounted for
_FEW_FIELDS = 5  # with more fields between runs of blanks, one column of words may stand beside numbers
_FAR = 0.4  # share of the columns by which runs of blanks must explain more than the best delimiter
_NULLS = frozenset(NULLS)
_MONTH = r"[^\W\d]{3,9}\.?"
_DATE = re.compile(
    rf"(?:[A-Za-z]{{2,9}}\.?,?\s+)?(?:\d{{1,4}}[-/. ](?:\d{{1,2}}|{_MONTH})(?:[-/., ]+\d{{1,4}})?"
    rf"|{_MONTH}[-/, ]+\d{{1,4}}(?:,?[-/ ]\d{{2,4}})?)(?:[ T,]+\d{{1,2}}[:.h]\d\d.*|:\d\d(?::\d\d)*)?"
    r"|\d{1,2}[A-Za-z]{3}\d{2,4}|\d{1,2}:\d\d(?::\d\d)?.*|\d{4}[-_/ ]?(?:[QqWwMmSsTtHhUuVv]|[KCkc][Ww])\d{1,2}"
    r"|[QqTt]\d[-/ ]?\d{2,4}|(?:[WwSs]|[KCkc][Ww])[ .]*\d{1,2}[-_/ ,.]+\d{4}"
)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+|[+-]?\d{1,3}(?:[. '\u00a0\u202f]\d{3})+,\d+")


@dataclass(frozen=True)
class Candidate:
    """Result of one delimiter on the sample. width: fields of most lines. even: share of lines with that many. explained:
    share of the columns whose cells are numbers or dates."""

    delimiter: str
    width: int
    even: float
    explained: float

    @property
    def score(self) -> float:
        """Score from 0 for no table to 1 for even lines whose columns are all numbers or dates."""
        return self.even * (0.3 + 0.7 * self.explained) if self.width > 1 else 0.0

    @property
    def name(self) -> str:
        return named(self.delimiter)


def named(delimiter: str) -> str:
    """Name of a delimiter for messages."""
    return {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma", " ": "space"}.get(delimiter, repr(delimiter))


def best_delimiter(text: str, name: str, notes: Notes) -> str:
    """Return the delimiter that makes a table of the sampled text; a comma where none does.

    Raises DataError where two make tables that explain the file equally well.
    """
    tried = sorted((c for d in DELIMITERS if (c := _tried(text, d)) is not None), key=lambda c: -c.score)
    alone = not tried or tried[0].score == 0
    blanks = None if tried and tried[0].explained > 1 - _FAR else _tried_blanks(text, alone)
    if blanks is not None and _is_better(blanks, tried[0] if tried else None, text):
        why = f"{blanks.even:.0%} of the lines have {blanks.width} fields, {blanks.explained:.0%} of them are numbers or dates"
        notes.weigh("delimiter", f"runs of blanks ({blanks.score:.2f})", why)
        return blanks.delimiter
    if not tried or tried[0].score == 0:
        return ","
    best = tried[0]
    rest = [c for c in tried[1:] if c.score > 0]
    if best.delimiter == "," and _is_one_column(text):
        notes.weigh("delimiter", "none", "the header has one field, and every other line is a number with a decimal comma")
        return ";"
    if best.delimiter == "," and (outer := _around_commas(text, best, rest)) is not None:
        notes.weigh("delimiter", outer.name, f"the header line has {outer.width} fields, and commas are within fields", best.name)
        return outer.delimiter
    if best.delimiter == "," and (outer := _around_decimals(text, best, rest)) is not None:
        why = f"every line has {outer.width} fields, and the commas within them are decimal marks"
        notes.weigh("delimiter", outer.name, why, best.name)
        return outer.delimiter
    alike = [c for c in tried if c.score > best.score - 0.02]
    if len(alike) > 1 and len(fitting := [c for c in alike if _fits_header(text, c)]) == 1:
        best = fitting[0]
        rest = [c for c in tried if c is not best and c.score > 0]
        notes.weigh("delimiter", best.name, f"the header line has {best.width} fields", rest[0].name)
        return best.delimiter
    if rest and best.explained > 0.9 and best.score - rest[0].score < 0.02:
        raise DataError(
            f"{name}, line 1: split by {best.name} and by {rest[0].name}, the lines make tables that are equally likely",
            f"name the delimiter: --delimiter {_typed(best.delimiter)}",
        )
    over = f"{rest[0].name} ({rest[0].score:.2f})" if rest else ""
    why = f"{best.even:.0%} of the lines have {best.width} fields, {best.explained:.0%} of the columns are numbers or dates"
    notes.weigh("delimiter", f"{best.name} ({best.score:.2f})", why, over)
    return best.delimiter


def _around_commas(text: str, comma: Candidate, rest: Sequence[Candidate]) -> Candidate | None:
    """Return the one other delimiter that splits every line into as many fields as the header, which has no comma between names.

    Its commas are decimal marks, in tables with more texts than numbers.
    """
    outer = [c for c in rest if c.even >= _EVEN and c.width >= comma.width and _fits_header(text, c)]
    return outer[0] if len(outer) == 1 and not _fits_header(text, comma) else None


def _around_decimals(text: str, comma: Candidate, rest: Sequence[Candidate]) -> Candidate | None:
    """Return the other delimiter that occurs equally often in every line of the table, if all commas within its fields are
    decimal marks or followed by a blank, as in prose; None if only the comma fits the header.

    A comma would leave a column of texts with that delimiter. The header may be absent, or have commas too.
    """
    for outer in rest:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=outer.delimiter) if len(row) == outer.width]
        headed = bool(rows) and not any(_is_value(cell.strip()) for cell in rows[0])
        if outer.even < _TITLED or (not headed and _fits_header(text, comma)):
            continue
        columns = list(zip(*rows[1:][-_ROWS:], strict=True))
        if any(map(_are_decimals, columns)) and all(_are_decimals(c) or not any(map(_cuts, c)) for c in columns):
            return outer
    return None


def _are_decimals(cells: Sequence[str]) -> bool:
    """Return True if four of five cells that are not empty are numbers with a decimal comma."""
    seen = [c.strip() for c in cells if c.strip() not in _NULLS]
    return bool(seen) and sum(bool(_DECIMAL_COMMA.fullmatch(c)) for c in seen) >= 0.8 * len(seen)


def _cuts(cell: str) -> bool:
    """Return True if a cell has a comma that is not followed by a blank: it may separate two fields."""
    return re.search(r",(?! )", cell) is not None


def _typed(delimiter: str) -> str:
    return {"\t": "tab", ";": "semicolon", "|": "'|'", ",": "comma"}.get(delimiter, delimiter)


def _tried(text: str, delimiter: str) -> Candidate | None:
    if delimiter not in text:
        return None
    rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if row and (len(row) > 1 or row[0].strip()):
                rows.append(row)
            if len(rows) == 400:
                break
    except csv.Error:
        if not rows:
            return None
    widths = Counter(map(len, rows))
    width, count = widths.most_common(1)[0]
    if width == 1 and len(widths) > 1 and len(rows) > 2:  # a long note above a short table
        later = Counter(map(len, rows[len(rows) // 2 :])).most_common(1)[0][0]
        width, count = later, widths[later]
    if width == 1:
        return Candidate(delimiter, 1, count / len(rows), 0.0)
    body = [row for row in rows if len(row) == width][1:]
    return Candidate(delimiter, width, count / len(rows), _explained(body[-_ROWS:] if len(body) > _ROWS else body))


def _tried_blanks(text: str, alone: bool) -> Candidate | None:
    """Score runs of blanks as the delimiter; None unless most lines have one width and most columns are numbers or dates.

    alone: no other delimiter splits the text; then a third of the columns may be names, below a header of the same width, or one
    field shorter, as R writes it above row names.
    """
    rows = rows_of(text)
    if len(rows) < 3:
        return None
    width, count = Counter(map(len, rows)).most_common(1)[0]
    body = [row for row in rows if len(row) == width]
    found = Candidate(" ", width, count / len(rows), _explained(body[1:][-_ROWS:]))
    numbered = len(rows[0]) == width - 1 and len(body) == len(rows) - 1 and [row[0] for row in body[:2]] == ["1", "2"]
    headed = numbered or (found.even >= 0.95 and len(rows[0]) == width)
    if alone and found.explained > 0.6 and width > 2 and headed:
        return found
    but_one = width > _FEW_FIELDS and found.explained >= (width - 1.01) / width  # a last column of words
    return found if found.even >= 0.8 and (found.explained >= 0.9 or but_one) else None


def _explained(rows: Sequence[Sequence[str]]) -> float:
    """Return the share of columns in which four of five cells are numbers or dates."""
    if not rows:
        return 0.0
    explained = counted = 0
    for cells in islice(zip(*rows, strict=True), _COLUMNS):
        seen = [c.strip() for c in cells if c.strip() not in _NULLS]
        if seen:
            counted += 1
            explained += sum(is_telling(c) for c in seen) >= 0.8 * len(seen)
    return explained / counted if counted else 0.0


def is_telling(cell: str) -> bool:
    """Return True if a cell is a number, with or without affixes, or a date."""
    return bool(_DATE.fullmatch(cell) or SPLIT.fullmatch(cell)) and not any(mark in cell for mark in ";|\t")


def _is_value(cell: str) -> bool:
    """Return True for a plain number or a date, but not for a name such as 1_Code."""
    return bool(_DATE.fullmatch(cell) or re.fullmatch(r"[+-]?[$€£]?\d[\d.,' ]*%?", cell))


def _is_better(blanks: Candidate, best: Candidate | None, text: str) -> bool:
    """Return True if runs of blanks explain the text far better than the best delimiter, and that delimiter does not fit
    the first line that holds it."""
    if best is None or best.score == 0:
        return True
    return best.explained < blanks.explained - _FAR and _first_width(text, best.delimiter) != best.width


def _first_width(text: str, delimiter: str) -> int:
    """Return the number of fields of the first line that holds a delimiter, 0 where none does."""
    line = next((line for line in text.splitlines() if delimiter in line), "")
    return len(next(csv.reader([line], delimiter=delimiter), []))


def _fits_header(text: str, candidate: Candidate) -> bool:
    """Return True if the first line that holds any delimiter is as wide as the rows, and holds names."""
    for row, line in zip(
        csv.reader(io.StringIO(text, newline=""), delimiter=candidate.delimiter), text.splitlines(), strict=False
    ):
        if any(d in line for d in DELIMITERS):
            return len(row) == candidate.width and not any(_is_value(cell.strip()) for cell in row)
    return False


def _is_one_column(text: str) -> bool:
    lines = [line.strip() for line in text.splitlines()[:400] if line.strip()]
    whole = lines[:-1] if len(lines) > 2 else lines
    return "," not in lines[0] and not lines[0][:1].isdigit() and all(re.fullmatch(r"[+-]?\d+,\d+", x) for x in whole[1:])
