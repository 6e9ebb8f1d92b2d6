"""Columns of numbers: texts that are numbers, and counters of rows."""

from __future__ import annotations

import re

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data import arrow
from tsattn.data.names import listed, quoted, words
from tsattn.data.reading.columns import Column, Table
from tsattn.data.reading.date_columns import is_written_time
from tsattn.data.reading.date_texts import parse_texts
from tsattn.data.reading.durations import as_durations
from tsattn.data.reading.items import is_item_name
from tsattn.data.reading.marks import mixed
from tsattn.data.reading.name_shapes import names_that
from tsattn.data.reading.number_notes import note_numbers
from tsattn.data.reading.numbers import Numbers, as_numbers, from_booleans
from tsattn.data.reading.padded_codes import is_code, is_counter, is_named_measure
from tsattn.data.reading.time_names import says_time
from tsattn.data.reading.units_by_item import numbers_by_item
from tsattn.data.report import Notes
from tsattn.errors import DataError

_INDEX_NAME = re.compile(r"(?:unnamed(?:_\d+)*|index|rownames|row|row_id|row_?num(?:ber)?|no|nr|column_\d+|obs|id|level_\d)?")
_COUNT_WORDS = {
    *("no", "nr", "num", "number", "sl", "sr", "sno", "slno", "srno", "lfd", "lp", "nro"),
    *("index", "idx", "row", "record", "seq", "sequence"),
}
_MOST_TEXTS = 20  # distinct texts that are no numbers, in a column that is still one of numbers
_FEWEST_ROWS = 20  # fewest rows that show that a column counts the rows
_MOST_SEEN = 2_000  # distinct texts that are examined for text beside numbers
_NUMBER_BESIDE_TEXT = re.compile(
    r"(?P<before>[^\d.,]{0,8})(?:\d[\d.,'\u2019\s]*[.,\s]\d+|\d+(?=\s+[^\d\s]))(?P<behind>[^\d.,:/]{0,12})"
)
_FEWEST_REPEATS = 2  # rows for each distinct number, on average, in a column of names
_DIRECTIONS = [("", letter) for letter in "NSEW"]  # of coordinates, which place a row and are not forecast
_FEW_NAMES = 9  # distinct texts that may be codes of items


def drop_index(table: Table, keep: set[str], notes: Notes) -> Table:
    """Leave out leading columns that only count the rows, and any others that do so and are named like row numbers."""
    while (name := next(iter(table.columns))) not in keep and (
        _counts_rows(table, table.columns[name]) or _numbers_dated_rows(table, table.columns[name])
    ):
        notes.repair("column that only counts the rows left out", 1, repr(name))
        table = table.only(n for n in table.columns if n != name)
    numbered = [n for n in names_that(table.columns, _names_a_count) if n not in keep and table.rows >= _FEWEST_ROWS]
    counting = [n for n in numbered if table.columns[n].kind == "number" and _rises_by_one(table.columns[n].values)]
    if counting and len(counting) < len(table.columns) - 1:
        notes.repair("column that only counts the rows left out", len(counting), repr(counting[0]))
        table = table.only(n for n in table.columns if n not in counting)
    return table


def _names_a_count(name: str) -> bool:
    found = set(words(name))
    return bool(found & _COUNT_WORDS) and len(found) <= 3


def _rises_by_one(values: np.ndarray) -> bool:
    return bool(values[0] in (0, 1) and np.array_equal(values, values[0] + np.arange(len(values))))


def _numbers_dated_rows(table: Table, column: Column) -> bool:
    """Return True for a first column of any name that counts the rows from 0 or 1, beside dates and other numbers."""
    if column.kind != "number" or table.rows < _FEWEST_ROWS or not _rises_by_one(column.values):
        return False
    others = table.columns.only({n for n in table.columns if n != column.name})
    dated = any(c.kind == "stamp" or is_written_time(c) for c in others.others.values())
    return dated and len(others.numeric) > 0 and not says_time(column.name)


def _counts_rows(table: Table, column: Column) -> bool:
    plain = "_".join(words(column.name))
    if _is_elapsed(table, column):
        return True
    if column.kind == "stamp" or not _INDEX_NAME.fullmatch(plain) or len(table.columns) < 2 or table.rows < 2:
        return False
    if column.kind == "text":  # as all columns of a file whose decimal mark is its delimiter
        numbers = as_numbers(column) if column.text_at(0) in ("0", "1") else None
        if numbers is None or numbers.done:
            return False
        column = numbers.column
    if len(table.columns) == 2 and column.name not in ("", "column_1") and plain == "id":
        return False
    values = column.values
    return _rises_by_one(values)


def _is_elapsed(table: Table, column: Column) -> bool:
    """Return True for elapsed time: a column that rises evenly from 0, and is named elapsed or is a time with fractions."""
    if column.kind != "number" or len(table.columns) < 2 or table.rows < 3 or column.missing.any():
        return False
    values, steps = column.values.astype(np.float64), np.diff(column.values.astype(np.float64))
    named = "elapsed" in words(column.name)
    if not named and (not says_time(column.name) or np.all(values == np.round(values))):
        return False
    return bool(values[0] == 0 and steps[0] > 0 and np.allclose(steps, steps[0], rtol=1e-3))


def numbered(table: Table, busy: set[str], options: ReadOptions, notes: Notes) -> Table:
    """Convert texts that are numbers to numbers, without their units, currencies and flags.

    Raises DataError, with the line, for a text among numbers, for marks with two readings and for two units in one column.
    """
    made: dict[str, Column] = {}
    covariates = set(options.covariates)
    long_codes, named = [], []
    for name, column in table.columns.others.items():
        if column.kind != "text" or (name in busy and name not in covariates):
            continue
        wanted = name in options.target
        numbers = as_numbers(column, table.marks, tolerance=0.999 if wanted else 0.2)
        may_be_time = wanted or name in covariates or (numbers is not None and numbers.clash is not None)  # as of h and min
        if may_be_time and (seconds := durations(table, column, notes, strict=wanted)) is not None:
            made[name] = seconds
            continue
        if numbers is None:
            if wanted and (flags := from_booleans(column)) is not None:
                made[name] = flags
                notes.repair("yes and no read as 1 and 0", table.rows, f"column {name!r}", columns=1)
            elif wanted:
                row = _first_odd(column)
                raise DataError(
                    f"{table.where(row)}, column {name!r}: {column.text_at(row)[:40]!r} is not a number", "name another --target"
                )
            elif not options.target and (unread := _with_unknown_affix(column)):
                notes.warn(f"column {name!r} is left out: {unread!r} is a number with unknown text beside it; remove the text")
            continue
        if numbers.odd and numbers.bad is not None and not (wanted or name in covariates) and not _is_measure(column):
            if not (options.target or is_item_name(name)):
                odd = column.text_at(numbers.bad)[:40]
                notes.warn(f"column {name!r} is left out: {odd!r} is not a number; correct it or remove the text")
            continue
        if not wanted and _is_one_size(column, numbers):
            named.append((name, numbers))
            continue
        if not wanted and may_be_names(column, numbers):  # 12b is the name of a meter, not 12 with a flag
            if not _is_flagged(numbers):
                named.append((name, numbers))
            continue
        if numbers.clash is not None and (apart := numbers_by_item(table, column)) is not None:
            made[name] = apart[0]
            notes.repair(f"units that depend on column {apart[1]!r} removed", table.rows, f"column {name!r}", columns=1)
            continue
        asked = wanted or name in covariates or not options.target
        if not is_sound(table, column, numbers, wanted, asked):
            continue
        if not wanted and (code := is_code(column, numbers.done)) and not (code == "zero" and is_named_measure(name)):
            if not is_item_name(name) and (code == "long" or is_counter(numbers.column.values)):
                long_codes.append((name, numbers))
            continue
        made[name] = numbers.column
        note_numbers(column, numbers, notes)
    if not any(n not in busy for n in (*table.columns.numeric, *made)):
        codes = {name: numbers.column for name, numbers in long_codes or named}
        made.update(codes or _only_durations(table, busy, notes) or _only_flags(table, busy, notes))
        if not made:
            _only_durations(table, busy, notes, strict=True)  # raises for texts of two readings
    return table.with_columns(made)


def _is_measure(column: Column) -> bool:
    """Return True for a column that is known in most rows, whose texts seldom repeat, and that is not named like one of items."""
    known = int((~column.missing).sum())
    return not is_item_name(column.name) and 2 * known >= len(column) and _FEWEST_REPEATS * len(column.texts()) >= known


def _with_unknown_affix(column: Column) -> str:
    """Return a text of a column if its texts are numbers with the same unknown text beside them and seldom repeat, else "".

    Numbers without a decimal or thousands mark count only before a blank: INV-1001 and 5A are names.
    """
    texts = column.texts()[:_MOST_SEEN]
    if len(texts) < _FEWEST_ROWS or 2 * len(column.texts()) < len(column):
        return ""
    found = [_NUMBER_BESIDE_TEXT.fullmatch(text) for text in texts]
    affixes = {(match["before"].strip(" +-"), match["behind"].strip()) for match in found if match}
    return texts[0] if all(found) and len(affixes) == 1 and affixes.isdisjoint(_DIRECTIONS) else ""


def may_be_names(column: Column, numbers: Numbers) -> bool:
    """Return True for texts such as 12b in a column that is named like one of items, or for whole numbers such as 1,001 if they
    repeat as names do; False for amounts: with a currency or a percent sign, with fractions, or mostly different."""
    if not numbers.done or not is_item_name(column.name):
        return False
    if any(what.startswith(("currency", "percent")) for what in numbers.done):
        return False
    values = numbers.column.values[~numbers.column.missing]
    repeats = len(np.unique(values)) <= len(values) / _FEWEST_REPEATS
    whole = bool(np.all(values == np.round(values)))
    return (whole and repeats) or (_is_flagged(numbers) and (whole or repeats))


def _is_one_size(column: Column, numbers: Numbers) -> bool:
    """Return True for one number with a unit in all rows, such as 500 ml: it describes the item."""
    some = numbers.column.values[~numbers.column.missing]
    unit = any(what.startswith("unit") for what in numbers.done)
    return unit and len(some) >= _FEWEST_ROWS and len(column.texts()) == 1 and bool(some[0] != 0)


def _is_flagged(numbers: Numbers) -> bool:
    return any(what.startswith("flags") for what in numbers.done)


def warn_of_numbers(table: Table, unused: list[str], notes: Notes) -> None:
    """Warn of columns of numbers that are read as names and have no role."""
    for name in names_that(unused, is_item_name):
        column = table.columns[name]
        numbers = as_numbers(column, table.marks) if column.kind == "text" else None
        if numbers is not None and may_be_names(column, numbers) and not _is_flagged(numbers):
            text = column.text_at(int(np.argmax(~column.missing)))[:40]
            notes.warn(
                f"column {name!r}: {text!r} is read as a name, so the column is not used; to forecast it: --target {quoted(name)}"
            )


def durations(table: Table, column: Column, notes: Notes, *, strict: bool) -> Column | None:
    """Return a column of durations as seconds, with a note; None for other columns.

    strict: raise DataError, with the line, for a text among durations that is none, and for one with two readings, such as the
    time of day 12:30; else the column stays one of texts.
    """
    found = as_durations(column, table.marks.missing)
    if found is None or not (strict or (found.open is None and found.bad is None)):
        return None
    name = column.name
    if found.open is not None:
        text = column.text_at(found.open)[:40]
        raise DataError(
            f"{table.where(found.open)}, column {name!r}: {text!r} may be minutes and seconds, or hours and minutes",
            f"name the column '{name} (mm:ss)' or '{name} (hh:mm)'; or write hours, minutes and seconds, such as 1:02:30",
        )
    if found.bad is not None:
        text = column.text_at(found.bad)[:40]
        raise DataError(
            f"{table.where(found.bad)}, column {name!r}: {text!r} is not a duration, but {found.example!r} is",
            f"correct that line, or mark it as missing: --missing {_markers(text, [])}",
        )
    notes.repair("durations read as seconds", found.count, f"column {name!r}, such as {found.example!r}", columns=1)
    return found.column


def _only_durations(table: Table, busy: set[str], notes: Notes, *, strict: bool = False) -> dict[str, Column]:
    """Return columns of durations as seconds, for a table without numbers. strict: see `durations`."""
    texts = {n: c for n, c in table.columns.others.items() if c.kind == "text" and n not in busy}
    return {n: seconds for n, c in texts.items() if (seconds := durations(table, c, notes, strict=strict)) is not None}


def _only_flags(table: Table, busy: set[str], notes: Notes) -> dict[str, Column]:
    """Return columns of yes and no as 1 and 0, for a table without numbers."""
    texts = {n: c for n, c in table.columns.others.items() if c.kind == "text" and n not in busy}
    made = {n: flags for n, c in texts.items() if len(c.texts()) == 2 and (flags := from_booleans(c)) is not None}
    for name in made:
        notes.repair("yes and no read as 1 and 0", table.rows, f"column {name!r}", columns=1)
    return made


def is_sound(table: Table, column: Column, numbers: Numbers, wanted: bool, asked: bool) -> bool:
    """Return True if a column holds numbers throughout. Raises DataError where it should and does not."""
    name = column.name
    if numbers.bad is not None:
        seen = column.values[np.isnan(numbers.column.values) & ~column.missing]
        texts = [column.texts()[c] for c in dict.fromkeys(seen[:100_000].tolist())]
        texts = [t for t in texts if _is_odd(t)]
        if not wanted and (_looks_like_names(column, numbers.column) or len(texts) > _MOST_TEXTS):
            return False
        if asked:
            raise DataError(
                f"{table.where(numbers.bad)}, column {name!r}: {column.text_at(numbers.bad)[:40]!r} is not a number",
                f"correct that line, or mark it as missing: --missing {_markers(column.text_at(numbers.bad), texts)}",
            )
    if numbers.clash and not wanted:
        few = len(column.texts()) <= _FEW_NAMES and len(column) > 4 * _FEW_NAMES
        if few or is_item_name(name):
            return False  # codes such as EUR1 and USD1, or 84406A and 84406B
    if numbers.clash and asked:
        one, two = numbers.clash
        row = next(r for r in range(len(column)) if (two in column.text_at(r) if two else one not in column.text_at(r)))
        if not two:
            raise DataError(
                f"{table.where(row)}, column {name!r}: {column.text_at(row)[:40]!r} has no {one!r}, but other values do",
                "write every value as a percentage, or every value as a fraction"
                + (f"; or name another column: {_other(table, name)}" if _other(table, name) else ""),
            )
        raise DataError(
            f"{table.where(row)}, column {name!r}: {column.text_at(row)[:40]!r}: the column has the units {one!r} and {two!r}",
            "write the column in one unit" + (f", or name another column: {_other(table, name)}" if _other(table, name) else ""),
        )
    if numbers.open is not None and asked:
        text = column.text_at(numbers.open)
        point = "." in text
        raise DataError(
            f"{table.where(numbers.open)}, column {name!r}: {text[:40]!r} may have three decimals or a thousands mark; "
            "the other numbers, the delimiter and the dates do not decide it",
            f"name the decimal mark: --decimal {',' if point else '.'} if {text!r} is a thousand or more, "
            f"--decimal {'.' if point else ','} if it is not",
        )
    flagged = _with_flag_behind_comma(table, column, numbers)
    if flagged and asked:
        raise DataError(
            f"{table.where(int(np.argmax(~column.missing)))}, column {name!r}: {flagged!r} may be a zero-padded number with a "
            "flag after the comma, as in weather data, or a number with a decimal comma",
            "move the flag to a separate column, or set --decimal , if the comma is a decimal mark"
            + (f"; or name another column: {_other(table, name)}" if _other(table, name) else ""),
        )
    return numbers.clash is None and numbers.open is None and not flagged


def _with_flag_behind_comma(table: Table, column: Column, numbers: Numbers) -> str:
    """Return a text such as +0021,1 if all texts have the same width, most are zero-padded, and one digit follows the comma."""
    if "decimal commas" not in numbers.done or table.marks.named:
        return ""
    texts = column.texts()[:2000]
    if len({len(t) for t in texts}) != 1 or not all(re.fullmatch(r"[+-]?\d{2,6},\d", t) for t in texts):
        return ""
    padded = [t for t in texts if t.lstrip("+-")[0] == "0"]
    return padded[0] if len(padded) > len(texts) / 2 else ""


def _first_odd(column: Column) -> int:
    """Return the first row whose text alone is not a number, else the first row that is not missing."""
    odd = next((code for code, text in enumerate(column.texts()[:_MOST_SEEN]) if _is_odd(text)), None)
    return int(np.argmax(~column.missing if odd is None else column.values == odd))


def _is_odd(text: str) -> bool:
    """Return True if a text alone is not a number."""
    return as_numbers(Column("", "text", np.zeros(1, np.int32), arrow.strings([text]))) is None


def _other(table: Table, name: str) -> str:
    other = next((n for n in table.columns.numeric if n != name), None)
    return f"--target {quoted(other)}" if other else ""


def _markers(first: str, texts: list[str]) -> str:
    """Texts as arguments of --missing."""
    every = list(dict.fromkeys([first, *texts]))
    listed_texts = ",".join(f'"{t}"' if "," in t or '"' in t else t for t in every)
    return listed_texts if re.fullmatch(r"[\w.:+,-]+", listed_texts) else "'" + listed_texts.replace("'", "'\\''") + "'"


def _looks_like_names(text: Column, numbers: Column) -> bool:
    """Return True if a column of numbers and other texts looks like names: more than a fifth of its texts are not numbers."""
    seen = ~text.missing
    return bool(np.isnan(numbers.values[seen]).mean() > 0.2)


def no_number(table: Table) -> DataError:
    """Error for a table without numbers: it shows a non-numeric text from the column with the largest share of digits."""
    where = table.where.parts[0][0]
    digits = {
        n: _digits(c) for n, c in table.columns.others.items() if c.kind == "text" and c.labels is not None and len(c.labels)
    }
    if not any(digits.values()):
        hint = f"columns: {listed(table.columns)}; name the one to forecast with --target"
        return DataError(f"{where}: no numeric column to forecast", hint)
    name = max(digits, key=lambda n: digits[n])
    column = table.columns[name]
    if pair := mixed(column.texts()[:100_000]):
        row = int(np.argmax(column.values == column.texts().index(pair[1])))
        return DataError(
            f"{table.where(row)}, column {name!r}: {pair[1]!r} has a different decimal mark from {pair[0]!r}",
            "write all numbers of the column with one decimal mark, preferably as 1234.5",
        )
    row = _first_odd(column)
    text = column.text_at(row)
    return DataError(
        f"{where}: no numeric column to forecast; {table.where.line(row)}, column {name!r} holds {text[:40]!r}",
        f"write numbers alone in one column, and name it with --target; columns: {listed(table.columns)}"
        + ("" if text.isascii() else "; if letters look wrong, name the encoding, such as --encoding cp1250"),
    )


def _digits(column: Column) -> float:
    """The share of digits in the first texts of a column; 0 for dates."""
    texts = "".join(column.labels.slice(0, 20).to_pylist()) if column.labels is not None else ""
    dated = column.labels is not None and not parse_texts(column.labels.slice(0, 20)).failed.any()
    return 0.0 if dated or not texts else sum(c.isdigit() for c in texts) / len(texts)
