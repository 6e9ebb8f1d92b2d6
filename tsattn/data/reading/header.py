"""Header rows of a sample, and the column names that they form together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tsattn.data.reading.header_names import are_amounts, cell_class, counts, joined, names_nothing
from tsattn.data.reading.month_names import month_numbers
from tsattn.data.reading.name_shapes import names_shaped, shape
from tsattn.data.reading.period_names import holds_period
from tsattn.data.reading.time_names import plain, says_only_time, says_time
from tsattn.data.report import Notes

COMMENTS = ("#", "//", "!")
_MOST = 8  # rows that a header may have
_LONGEST = 60  # lines of keys and values that may stand above rows that begin with dates
_PERIOD = re.compile(
    r"(0?[1-9]|1[0-2])[./]((?:19|20)\d\d)|((?:19|20)\d\d)(\.?(?:0[1-9]|1[0-2])|[1-4]\d|5[0-3])?"
)  # years, months such as 01.2024 and 2024.01, and months or weeks such as 202401
_PERIOD_SHAPE = re.compile(r"(?:00?[./])?0000|0000\.?00")  # of these, digits written as 0
_CLOCK = re.compile(r"\d{1,2}:\d\d(?::\d\d)?")
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_PART = re.compile(rf"{'|'.join(sorted(month_numbers()))}|q[1-4]|[1-4]q", re.I)  # of a year
_SOME_COLUMNS = 400  # columns in which periods are looked for
_FEWEST_PARTS = 3  # months or quarters below years


@dataclass(frozen=True)
class Head:
    """Header of a sample.

    start: the index of the first data row. names: of the columns, "" where there is none. rows: the number of rows that the
    names come from, 0 without a header. left_out: (what, index of its row) of header rows that name nothing.
    """

    start: int
    names: tuple[str, ...]
    rows: int
    left_out: tuple[tuple[str, int], ...] = ()


def find_header(rows: list[list[str]], aligned: bool = False) -> Head:
    """Find the header of the sampled rows, which are not blank. aligned: runs of blanks split them, so prose has many fields."""
    width = _width(rows[len(rows) // 4 :])
    first = next((i for i, row in enumerate(rows[:40]) if len(row) == width), 0)
    if (commented := _commented_units(rows, first)) is not None:
        return commented
    while first < len(rows) - 1 and _is_comment(rows[first]) and (width == 1 or len(rows[first + 1]) == width):
        if not _is_comment(rows[first + 1]) and not _is_header(rows[first + 1], rows[first + 2 :]):
            break  # the last comment names the columns
        first += 1
    while _is_title(rows[first]) and any(
        _is_header(rows[k], rows[k + 1 :]) for k in range(first + 1, min(first + 4, len(rows) - 1))
    ):
        first += 1
    if (measured := _periods_above_a_measure(rows, first)) is not None:
        return measured
    if (short := _short_header(rows, first, width)) is not None:
        return short
    if (dated := _years_above_parts(rows, first)) is not None:
        return dated
    count = _header_rows(rows, first, width)
    if count > _MOST and _are_keys(rows[first : first + count]):
        return _below_preamble(rows, first + count, width)
    if 1 < count <= _MOST:
        if aligned:
            return _last_of_width(rows, first, first + count, width)
        names, left_out = joined([(row + [""] * width)[:width] for row in rows[first : first + count]], first)
        return Head(first + count, names, count, left_out)
    head = rows[first]
    if _is_header(head, rows[first + 1 :]):
        return Head(first + 1, (head[0].strip().lstrip("#/!").strip(), *map(str.strip, head[1:])), 1)
    for above, longer in enumerate(rows[:first]):
        if names := _longer_header(longer, head):
            return Head(above + 1, names, 1)
    return Head(first, ("",) * width, 0)


def _commented_units(rows: list[list[str]], first: int) -> Head | None:
    """Return the header of rows below two comment lines, of which the first names the columns and the second has their units."""
    for k in range(first, len(rows) - 2):
        if not _is_comment(rows[k]):
            return None
        names, units, row = (rows[j] for j in (k, k + 1, k + 2))
        same = len(names) == len(units) == len(row) > 2 and _is_comment(units) and not _is_comment(row)
        if same and names_nothing([cell.strip() for cell in units]) == "units":
            called = (names[0].strip().lstrip("#/!").strip(), *map(str.strip, names[1:]))
            return Head(k + 2, called, 2, (("units", k + 1),))
    return None


def _width(rows: list[list[str]]) -> int:
    """Return the most frequent number of fields; among short tables below notes of one field, that of most cells."""
    counts = Counter(map(len, rows))
    width = counts.most_common(1)[0][0]
    return width if width > 1 else max(counts, key=lambda fields: counts[fields] * fields)


def _last_of_width(rows: list[list[str]], first: int, start: int, width: int) -> Head:
    """Return the header of aligned rows: the last lines above `start` that follow each other and have as many fields."""
    end = next(k for k in range(start, first, -1) if len(rows[k - 1]) == width)
    begin = end
    while begin > first and len(rows[begin - 1]) == width:
        begin -= 1
    names, left_out = joined(rows[begin:end], begin)
    return Head(start, names, end - begin, left_out)


def _are_keys(rows: list[list[str]]) -> bool:
    """Return True if no two lines have the same words, as lines of keys and values have not and rows without a date have."""
    words = [tuple(cell for cell in map(str.strip, row) if cell_class(cell) == "text") for row in rows]
    return len(set(words)) == len(words)


def _below_preamble(rows: list[list[str]], start: int, width: int) -> Head:
    """Return the header of rows below many lines of keys and values: the line above the rows, if it holds only names."""
    above = [cell.strip() for cell in rows[start - 1]]
    if len(above) == width and all(above) and all(cell_class(cell) == "text" for cell in above):
        return Head(start, tuple(above), 1)
    return Head(start, ("",) * width, 0)


def is_dated_row(row: list[str]) -> bool:
    """Return True if a row holds a date and a number, as rows of data do."""
    classes = {cell_class(cell) for cell in row}
    return {"date", "number"} <= classes


def unique(names: tuple[str, ...], notes: Notes) -> tuple[str, ...]:
    """Make names unique: number the unnamed columns and add a suffix to repeated names."""
    named = tuple(name or f"column_{i + 1}" for i, name in enumerate(names)) if "" in names else names
    if len(set(named)) == len(named):
        return named
    out: list[str] = []
    taken: set[str] = set()
    for base in named:
        new, k = base, 1
        while new in taken:
            k += 1
            new = f"{base}_{k}"
        if k > 1:
            notes.repair("a column name that occurs twice", 1, f"{base!r} became {new!r}")
        out.append(new)
        taken.add(new)
    return tuple(out)


def is_shifted(rows: list[list[str]], head: Head) -> bool:
    """Return True if a header that is one field shorter than the rows names a time, but the dates stand in the field before it.

    The rows have a delimiter within a field, such as a decimal comma.
    """
    if head.rows != 1 or len(head.names) < 3 or head.names[0] or not says_only_time(head.names[1]):
        return False
    body = [row for row in rows[head.start :][:50] if len(row) == len(head.names)]
    classes = [Counter(cell_class(row[k]) for row in body).most_common(1)[0][0] for k in (0, 1)] if body else []
    return classes == ["date", "number"]


def _is_comment(row: list[str]) -> bool:
    return row[0].lstrip().startswith(COMMENTS) and (len(row) > 1 or " " in row[0].strip())


def _short_header(rows: list[list[str]], first: int, width: int) -> Head | None:
    """Find a header one field shorter than the rows, as R writes row names, or where rows end with a delimiter."""
    ruled = first > 1 and names_nothing([cell.strip() for cell in rows[first - 1]]) == "rules"
    above = rows[first - 2] if ruled and len(rows[first - 2]) == width - 1 else rows[first - 1] if first else []
    if first == 0 or len(above) != width - 1 or width <= 2 or _is_comment(above):
        return None
    if not _is_header(above, [r[1:] for r in rows[first:]]) or are_amounts([c for c in above[1:] if c]):
        return None
    if _names_columns(rows[first], rows[first + 1 :]):
        return None
    short = [cell.strip() for cell in above]
    body = [row for row in rows[first:] if len(row) == width]
    if all(cell_class(row[-2]) == "date" and _CLOCK.fullmatch(row[-1].strip()) for row in body):
        return Head(first, (*short, "time"), 1)  # a timestamp with a blank in it, in a table of blanks
    trailing = all(not row[-1].strip() for row in body)
    return Head(first, tuple([*short, ""] if trailing else ["", *short]), 1)


def _longer_header(names: list[str], row: list[str]) -> tuple[str, ...]:
    """Return the names in a header line with one more cell than `row`; () if it is no such header.

    All its cells must be words, and a name for time must stand above a date. The first cell is left out if it marks the line, as
    in "#Fields: date time hits"; otherwise the last one is, because it has no column.
    """
    if len(names) != len(row) + 1 or any(cell_class(cell) != "text" for cell in names):
        return ()
    found = names[1:] if names[0].startswith(COMMENTS) else names[:-1]
    dated = any(says_time(name) and cell_class(cell) == "date" for name, cell in zip(found, row, strict=True))
    return tuple(map(str.strip, found)) if dated else ()


def _names_columns(head: list[str], body: list[list[str]]) -> bool:
    """Return True if this row has words above at least two columns of numbers or dates."""
    named = 0
    for column in zip(*(map(cell_class, row) for row in (head, *body[:50]) if len(row) == len(head)), strict=True):
        classes = Counter(c for c in column[1:] if c != "empty")
        named += bool(classes) and classes.most_common(1)[0][0] in ("number", "date") and column[0] == "text"
    return named >= 2


def _is_title(row: list[str]) -> bool:
    """Return True if a line holds only words, a date or nothing, padded with empty cells by a spreadsheet.

    Pivot tables leave the first cell blank and write the name of the columns' field into the second.
    """
    if len(row) < 2 or cell_class(row[0]) == "number" or any(cell.strip() for cell in row[2:]):
        return False
    return not row[1].strip() or (len(row) > 2 and not row[0].strip() and cell_class(row[1]) == "text")


def _is_header(head: list[str], body: list[list[str]]) -> bool:
    """Return True if some column of numbers or dates has something else in its first row."""
    body = [row for row in body[:50] if len(row) == len(head)]
    if not body:
        return not any(cell_class(cell) in ("number", "date") for cell in head) or len(head) > 1
    if counts(head) or _names_periods(head, body):
        return True
    plain = 0
    tried = set()  # columns with the same classes give the same answer
    for column in zip(*(map(cell_class, row) for row in (head, *body)), strict=True):
        if column in tried:
            continue
        tried.add(column)
        classes = Counter(c for c in column[1:] if c != "empty")
        usual = classes.most_common(1)[0][0] if classes else "empty"
        if usual in ("number", "date"):
            plain += 1
            if column[0] != usual:
                return column[0] != "empty" or plain == 1
    return plain == 0


def _names_periods(head: Sequence[str], body: list[list[str]]) -> bool:
    """Return True if the names are texts followed by rising years or months, and the columns hold something else."""
    if not names_shaped(head, lambda cell: _PERIOD_SHAPE.fullmatch(cell.strip())):
        return False
    cells = [cell.strip() for cell in head]
    lead = next((k for k, cell in enumerate(cells) if _PERIOD.fullmatch(cell)), len(cells))
    if not 0 < lead < len(cells) - 1 or any(cell_class(cell) != "text" for cell in cells[:lead]):
        return False
    end = next((k for k, cell in enumerate(cells) if k > lead and not _PERIOD.fullmatch(cell)), len(cells))
    if end - lead < 2 or any(cell_class(cell) != "text" for cell in cells[end:]):
        return False
    found = [_PERIOD.fullmatch(cell) for cell in cells[lead:end]]
    periods = [(int(m[2] or m[3]), int(m[1] or (m[4] or "0").lstrip("."))) for m in found if m]
    if any(b <= a for a, b in pairwise(periods)):
        return False
    below = [cell.strip() for row in body for cell in row[lead:end] if cell.strip()]
    return sum(bool(_PERIOD.fullmatch(cell)) for cell in below) <= len(below) / 2


def _periods_above_a_measure(rows: list[list[str]], first: int) -> Head | None:
    """Return the header of rows below a line of periods and a line that repeats one measure under each, as SAP writes it.

    The names before the periods are those of the second line.
    """
    if first + 2 >= len(rows) or not len(rows[first]) == len(rows[first + 1]) == len(rows[first + 2]):
        return None
    above, below, row = ([cell.strip() for cell in rows[first + k]] for k in range(3))
    periods = [k for k, cell in enumerate(above) if _PERIOD.fullmatch(cell) or cell_class(cell) == "date"]
    if len(periods) < 3 or periods != list(range(periods[0], periods[0] + len(periods))) or not periods[0]:
        return None
    measures = {below[k] for k in periods}
    lead = range(periods[0])
    if len(measures) > 1 or cell_class(below[periods[0]]) != "text" or not any(below[k] for k in lead):
        return None
    if any(cell_class(row[k]) not in ("empty", "number") and not are_amounts([row[k]]) for k in periods):
        return None
    if any(cell_class(below[k]) not in ("text", "empty") for k in lead):
        return None
    names = (*(below[k] or (above[k] if k else "") for k in lead), *above[periods[0] :])
    return Head(first + 2, names, 2, ((f"one word, {below[periods[0]]!r},", first + 1),))


def _years_above_parts(rows: list[list[str]], first: int) -> Head | None:
    """Return the header of rows below a line of years and a line of the months or quarters of each, as pivot tables have.

    A year may be written over its first part only.
    """
    if first + 2 >= len(rows) or not len(rows[first]) == len(rows[first + 1]) == len(rows[first + 2]):
        return None
    above, below = ([cell.strip() for cell in rows[first + k]] for k in range(2))
    lead = next((k for k, cell in enumerate(above) if _YEAR.fullmatch(cell)), 0)
    parts = below[lead:]
    if not lead or len(parts) < _FEWEST_PARTS or not all(_PART.fullmatch(plain(cell).strip(".")) for cell in parts):
        return None
    years = above[:lead]
    for cell in above[lead:]:
        years.append(cell or years[-1])
    if not all(map(_YEAR.fullmatch, years[lead:])) or len({*zip(years[lead:], parts, strict=True)}) < len(parts):
        return None
    names = [below[k] or above[k] for k in range(lead)]
    return Head(first + 2, (*names, *(f"{part} {year}" for part, year in zip(parts, years[lead:], strict=True))), 2)


def _header_rows(rows: list[list[str]], first: int, width: int) -> int:
    """Count the rows from `first` on before the first that resembles those in the middle of the sample; 0 when unclear."""
    later = [row for row in rows[first + (len(rows) - first) // 2 :][:60] if len(row) == width]
    if len(rows) - first < 4 or not later:
        return 0
    usual = []
    for cells in zip(*later, strict=True):
        classes = Counter(c for c in map(cell_class, cells) if c != "empty")
        kind, count = classes.most_common(1)[0] if classes else ("empty", 0)
        usual.append(kind if kind in ("number", "date") and count >= 0.8 * sum(classes.values()) else "")
    dated = next((k for k, kind in enumerate(usual) if kind == "date"), None)
    telling = [k for k, kind in enumerate(usual) if kind]
    if not telling:
        return 0
    lead = telling[0] if dated is None else dated
    for k in range(min((_LONGEST if dated is not None else _MOST) + 1, len(rows) - first)):
        row = rows[first + k]
        if k and len(row) != width and lead < len(row) and cell_class(row[lead]) == usual[lead]:
            return k  # a row of data that lacks a field, or has one too many
        if len(row) != width or (k == 0 and (counts(row) or _names_periods(row, later))):
            continue
        if not row[0].strip() and counts(row) and all(r[0].strip() for r in later):
            continue  # years below the names of groups of columns
        if k == 0 and len(rows) > first + 1 and _names_years(row, rows[first + 1]):
            continue
        if k and (_counts_on(rows[first + k :]) or (dated is None and _has_values_of_periods(row, rows[first : first + k]))):
            return k
        same = [j for j in telling if cell_class(row[j]) == usual[j]]
        if same == [lead] and dated is not None and _names_others(row, later, lead, telling):
            continue
        none = [j for j in telling if cell_class(row[j]) == "empty"]
        years = dated is not None and len(same) == len(telling) - 1 and bool(_YEAR.fullmatch(row[lead].strip()))
        if k and same and years:
            return k  # the year's value above those of its months
        if lead in same and (dated is not None or len(same) + len(none) >= len(telling) / 2):
            return k
    return 0


def _names_others(row: list[str], later: list[list[str]], lead: int, telling: list[int]) -> bool:
    """Return True if a row has words above two or more number columns, and above the dates a cell of another shape."""
    others = [row[j] for j in telling if j != lead]
    words = len(others) > 1 and all(cell_class(cell) == "text" for cell in others)
    return words and shape(row[lead]) not in {shape(r[lead]) for r in later}


def _has_values_of_periods(row: list[str], above: list[list[str]]) -> bool:
    """Return True if a row has only numbers below different periods, such as a total without a code."""
    for head in above:
        places = [k for k, cell in enumerate(head[:_SOME_COLUMNS]) if holds_period(cell.strip()) or cell_class(cell) == "date"]
        if len(places) < 2 or len(head) != len(row) or len({head[k].strip() for k in places}) < len(places):
            continue
        cells = [row[k].strip() for k in places]
        numbers = [cell for cell in cells if cell_class(cell) == "number" or are_amounts([cell])]
        filled = [cell for cell in cells if cell_class(cell) != "empty"]
        if len(numbers) == len(filled) > len(cells) / 2 and not _are_numbered(filled):
            return True
    return False


def _are_numbered(cells: list[str]) -> bool:
    """Return True for cells that number the columns: 3, 4, 5."""
    return all(map(str.isdigit, cells)) and all(int(b) - int(a) == 1 for a, b in pairwise(cells))


def _counts_on(rows: list[list[str]]) -> bool:
    """Return True if the first cells are row numbers that start at 1, so that the first of these rows holds data."""
    cells = [row[0].strip() for row in rows[:_MOST]]
    if len(cells) < 4 or cells[:3] != ["1", "2", "3"] or not all(c.isdigit() and len(c) < 9 for c in cells):
        return False
    return all(int(b) > int(a) for a, b in pairwise(cells))


def _names_years(row: list[str], below: list[str]) -> bool:
    """Return True if a row holds rising years, each over a group of columns, whose names are in the row below."""
    years = [(k, cell.strip()) for k, cell in enumerate(row[1:], 1) if cell.strip()]
    if len(years) < 2 or len(below) != len(row) or not all(_YEAR.fullmatch(y) for _, y in years):
        return False
    blank = len(row) - 1 - len(years)
    named = all(cell_class(cell) == "text" for cell in below[years[0][0] :])
    return blank >= len(years) and named and all(int(b) - int(a) == 1 for (_, a), (_, b) in pairwise(years))
