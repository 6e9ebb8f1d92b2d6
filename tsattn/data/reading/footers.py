"""Rows that are not data: totals, notes below the table, repeated headers."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tsattn.data import arrow
from tsattn.data.names import listed, words
from tsattn.data.reading.candidates import is_telling
from tsattn.data.reading.columns import Column, Table, compact
from tsattn.data.reading.date_texts import parse_texts
from tsattn.data.reading.missing import NULLS
from tsattn.data.reading.numbers import as_numbers
from tsattn.data.report import Notes
from tsattn.errors import DataError

_MOST_EVENTS = 0.1  # largest share of rows that hold events
_WORD = re.compile(r"[^\W\d_]{3}")
_MOST = 20  # rows at the end that may be notes
_TOTAL = re.compile(
    r"(?:grand|sub|sub-|overall)?\s*(?:totals?|sums?|summe|gesamt(?:summe|ergebnis)?|ergebnis|insgesamt|zwischensumme|totale|suma|"
    r"somme|totaal|razem|total g(?:é|e)n(?:é|e)ral|total geral|totale complessivo|eindtotaal|suma końcowa|totalsumma|hovedtotal|"
    r"i alt|totalt|summa|yhteensä|összesen|toplam|ukupno|celkem|spolu|всего|合計|总计|合计|總計|총계|"
    r"übertrag|carried forward|brought forward|"
    r"celkový součet|итого|общий итог|averages?|avg|mean|mittelwert|durchschnitt|moyenne|promedio|media|minimum|maximum|min|max|"
    r"median|m[aá]xima|m[ií]nima|count|anzahl|std\.?(?:\s?dev)?)\b[\s:.]*",
    re.I,
)
_SUM_WORD = (
    r"(?:(?:grand|sub)[ -]?totals?|totals?|(?:zwischen|gesamt)?summe|gesamt|totale|suma|somme|totaal|razem|ergebnis|insgesamt)"
)
_TOTAL_OF = re.compile(rf"{_SUM_WORD}[\s:-].{{1,40}}|.{{1,40}}[\s:-]{_SUM_WORD}[:.]?", re.I)
_AMOUNT = re.compile(r"[^\w\s]{0,2}\d[\d.,' ]*[^\w\s]{0,2}")
EVENT = r"[\d.,:/]+ [A-Za-z]{4,}(?: [A-Za-z]+)*"  # 0.24 Dividend, 2:1 Stock Splits
_SYSTEM_MARK = r"\$RT_[A-Z]+\$"
_SENTENCE = re.compile(
    r"[^\W\d_]{3,}[\s\S]*[\s:.][\s\S]*|[*\u00b9\u00b2\u00b3\u2020].+|\(.{3,}\)|[-=_]{3,}|end|eof"
    r"|sources?|notes?|fuentes?|notas?|fontes?|quellen?|anmerkung(?:en)?|remarques?",
    re.I,
)


def is_total(text: str) -> bool:
    """Return True if a cell marks its row as a total, a mean or the like."""
    return _TOTAL.fullmatch(text) is not None


def names_total(text: str) -> bool:
    """Return True for a text such as Total, Grand total, North Total or Total North."""
    return is_total(text) or _TOTAL_OF.fullmatch(text) is not None


def without_footers(table: Table, notes: Notes) -> Table:
    """Leave out rows of totals, sentences below the table and repeated headers, and report them.

    Such rows are found in the column whose other texts are dates. A text that looks like a malformed date stays, as an error.
    """
    table = _without_system_marks(_without_padded_notes(table, notes), notes)
    table = _without_events(table, notes)
    table = _without_annotations(_without_subtotals(_without_sum(table, notes), notes), notes)
    for column in table.columns.others.values():
        if column.kind != "text" or column.labels is None or not len(column.labels) or table.rows < 3:
            continue
        odd = _odd_labels(column)
        if odd is None:
            continue
        return _without(table, column, odd, notes)
    return table


def _without_padded_notes(table: Table, notes: Notes) -> Table:
    """Leave out last rows without a date that hold one sentence and otherwise blank cells."""
    last = table.rows - 1
    texts = [c for c in table.columns.others.values() if c.kind == "text" and last >= 3 and c.missing[last] and not c.missing[0]]
    dated = next((c for c in texts if _is_dates(c)), None)
    end = table.rows
    while dated is not None and end > max(table.rows - _MOST, 3) and dated.missing[end - 1] and not _has_number(table, end - 1):
        cells = list(_cells(table, end - 1).values())
        if len(cells) != 1 or is_total(cells[0]) or not _SENTENCE.fullmatch(cells[0]):
            break
        end -= 1
    if end == table.rows:
        return table
    notes.repair("notes below the table left out", table.rows - end, table.where(end))
    return _compacted(table.take(np.arange(end)))


def without_undated_notes(table: Table, notes: Notes) -> Table:
    """Leave out a few rows that have neither a date nor a value in the number columns that most other rows fill.

    Glucose meters write the name and birthday of the patient and the alert limits in such rows.

    table: must have no column that only counts the rows.
    """
    columns = table.columns.values()
    dated = [c for c in columns if c.kind in ("text", "stamp") and c.missing.any() and not c.missing.all() and _is_dates(c)]
    if len(dated) != 1 or not 0 < dated[0].missing.sum() <= min(_MOST, table.rows / 2):
        return table
    gone = dated[0].missing
    measured = [c for c in columns if c is not dated[0] and as_numbers(c, table.marks, tolerance=0.2) is not None]
    usual = [c for c in measured if c.missing[~gone].mean() < 0.5]
    if not usual or not all(c.missing[gone].all() for c in usual):
        return table
    notes.repair("rows with neither date nor values left out", int(gone.sum()), table.where(int(np.argmax(gone))))
    return _compacted(table.take(np.flatnonzero(~gone)))


def _without_sum(table: Table, notes: Notes) -> Table:
    """Leave out a last row without a date if its numbers are the sums or the means of those above."""
    last = table.rows - 1
    if last < 3:
        return table
    first = next(iter(table.columns.values()))
    dated = [*(c for c in table.columns.others.values() if _is_dates(c)), *([first] if _rises(first, last) else [])]
    blank = [c for c in dated if c.text_at(last) in NULLS and not c.missing[:last].any()]
    if not blank:
        return table
    found = [n for c in table.columns.values() if c is not blank[0] and (n := as_numbers(c, table.marks)) is not None]
    seen, nonzero = 0, blank[0] is not first or first.kind != "number"
    for numbers in found:
        values = numbers.column.values.astype(np.float64)
        if np.isnan(values[last]):
            continue
        above = values[:last][~np.isnan(values[:last])]
        sums = (above.sum(), above.mean() if len(above) else np.nan)
        nonzero |= bool(values[last])
        if not any(np.isclose(values[last], one, rtol=1e-4) for one in sums):
            return table
        seen += 1
    if not seen or not nonzero:
        return table
    notes.repair("rows of totals left out", 1, table.where(last))
    notes.weigh("rows left out", "a total", f"the last row has no {blank[0].name!r}, and its numbers sum up those above")
    return table.take(np.arange(last))


def _rises(column: Column, last: int) -> bool:
    """Return True for a column of numbers that rise up to the last row, such as dates in digits or a count of the rows."""
    return column.kind == "number" and bool(np.all(np.diff(column.values[:last].astype(np.float64)) > 0))


def _without_subtotals(table: Table, notes: Notes) -> Table:
    """Leave out rows without a date that another column labels as a total, such as the subtotals of a pivot table."""
    dated = [c for c in table.columns.others.values() if c.missing.any() and not c.missing.all() and _is_dates(c)]
    if not dated:
        return table
    undated = np.logical_and.reduce([c.missing for c in dated])
    gone = np.zeros(table.rows, bool)
    for column in table.columns.others.values():
        if column.kind == "text" and column not in dated:
            totals = [names_total(t) for t in column.texts()]
            gone |= undated & np.append(np.array(totals, bool), False)[column.values]
    if not gone.any() or gone.mean() > 0.34:
        return table
    notes.repair("rows of totals left out", int(gone.sum()), table.where(int(np.argmax(gone))))
    return _compacted(table.take(np.flatnonzero(~gone)))


def _without_annotations(table: Table, notes: Notes) -> Table:
    """Leave out InfluxDB's annotations: rows whose first cell begins with #, in a column that is blank in the other rows."""
    first = next(iter(table.columns.values()))
    if first.kind != "text" or not 0.8 <= first.missing.mean() < 1 or not all(t.startswith("#") for t in first.texts()):
        return table
    rows = np.flatnonzero(~first.missing)
    notes.repair("rows of annotations left out", len(rows), table.where(int(rows[0])))
    rest = table.take(np.flatnonzero(first.missing))
    return _compacted(rest.only(n for n in rest.columns if n != first.name))


def _without_system_marks(table: Table, notes: Notes) -> Table:
    """Leave out rows in which WinCC records events of the system, such as $RT_OFF$, in the column that names the series."""
    for column in table.columns.others.values():
        marks = _matching(column, _SYSTEM_MARK)
        if marks.any() and not marks.all():
            rows = np.append(marks, False)[column.values]
            example = column.texts()[int(np.argmax(marks))]
            notes.repair(f"rows of system events such as {example} left out", int(rows.sum()), table.where(int(np.argmax(rows))))
            return _compacted(table.take(np.flatnonzero(~rows)))
    return table


def _without_events(table: Table, notes: Notes) -> Table:
    """Leave out rows that hold a date and an event, such as 0.24 Dividend, in columns whose other cells have no words."""
    texts = {n: c for n, c in table.columns.others.items() if c.kind == "text" and c.labels is not None}
    dated = next((n for n, c in texts.items() if _is_dates(c)), None)
    found: dict[str, np.ndarray] = {}
    for name, column in texts.items() if dated is not None else ():
        if (events := _matching(column, EVENT)).any():
            plain = all(is_telling(t) and _WORD.search(t) is None for t, e in zip(column.texts(), events, strict=True) if not e)
            if plain and not events.all():
                found[name] = np.append(events, False)[column.values]
    if not found:
        return table
    rows = np.logical_or.reduce(list(found.values()))
    for name, column in table.columns.items():
        if name != dated:
            rows &= found.get(name, False) | column.missing
    if not rows.any() or rows.mean() > _MOST_EVENTS:
        return table
    example = next(c.text_at(int(np.argmax(rows))) for n, c in texts.items() if n in found)
    notes.repair(f"rows of events such as {example!r} left out", int(rows.sum()), table.where(int(np.argmax(rows))))
    return _compacted(table.take(np.flatnonzero(~rows)))


def _matching(column: Column, pattern: str) -> np.ndarray:
    """Return (u,) bool, True for each text of a column that a regular expression matches; (0,) for other columns."""
    import pyarrow.compute as pc

    if column.kind != "text" or column.labels is None:
        return np.zeros(0, bool)
    return arrow.values(pc.match_substring_regex(column.labels, f"^(?:{pattern})$"), False).astype(bool)


def _is_dates(column: Column) -> bool:
    if column.kind == "stamp":
        return True
    if column.kind != "text" or column.labels is None or not len(column.labels):
        return False
    labels = column.labels.slice(0, 50)
    failed = parse_texts(labels).failed
    odd = [text for text, bad in zip(labels.to_pylist(), failed, strict=True) if bad]
    return len(odd) < len(labels) and all(map(is_total, odd))


def _odd_labels(column: Column) -> np.ndarray | None:
    """Return (u,) bool, True for texts of a date column that are words; None if it is no date column, or all are dates."""
    labels: Any = column.labels
    size = len(labels)
    some = np.unique(np.linspace(0, size - 1, min(size, 400)).astype(np.int64))
    if size > 400 and parse_texts(labels.take(arrow.integers(some))).failed.mean() > 0.1:
        return None
    failed = _failed(labels, some)
    if not failed.any() or failed.all():
        return None
    totals = failed.copy()
    totals[failed] = [names_total(t) for t in labels.filter(arrow.bits(failed)).to_pylist()]
    odd, dated = int((failed & ~totals).sum()), int((~failed).sum())
    if odd > 0.34 * (odd + dated) or (odd > _MOST and odd > 0.01 * size) or totals.sum() > dated + 2:
        return None
    return failed if dated > 1 or len(column) - np.isin(column.values, np.flatnonzero(failed)).sum() > _MOST else None


def _failed(labels: Any, some: np.ndarray) -> np.ndarray:
    """Return (u,) bool, True for texts that are not dates. Where dates begin with a digit, only the other texts are parsed."""
    import pyarrow.compute as pc

    digit = arrow.values(pc.match_substring_regex(labels, r"^\d"), False).astype(bool)
    if len(labels) <= len(some) or digit[some].mean() < 0.9:
        return parse_texts(labels).failed
    failed = np.zeros(len(labels), bool)
    other = np.flatnonzero(~digit)
    if len(other):
        failed[other] = parse_texts(labels.take(arrow.integers(other))).failed
    return failed


def _without(table: Table, column: Column, odd: np.ndarray, notes: Notes) -> Table:
    rows = np.flatnonzero(np.append(odd, False)[column.values])
    texts = {int(r): column.text_at(int(r)) for r in rows}
    totals = {r for r, t in texts.items() if names_total(t)}
    if not len(rows) or len(rows) - len(totals) > max(_MOST, 0.2 * table.rows):
        return table
    name = "_".join(words(column.name)) or column.name.strip()
    again = {r for r, t in texts.items() if ("_".join(words(t)) or t.strip()) == name}
    for row in sorted(again):
        _stop_at_second_table(table, row)
    again |= {r + 1 for r in again if r + 1 in texts and _is_wordy(table, r + 1)}  # the units below the header
    tail, end = set(), table.rows - 1
    while end >= max(table.rows - _MOST, 1) and end in texts:
        if end in totals or _SENTENCE.fullmatch(texts[end]):
            tail.add(end)
        elif end not in again:
            break
        end -= 1
    run = end = table.rows
    while run - 1 in texts:
        run -= 1
    if run in totals and end - run <= _MOST:
        tail |= set(range(run, end))  # sums, then other figures of the whole table
    above = set() if table.rows == len(rows) else _notes_above(table, texts)
    found = {
        "notes above the rows": above,
        "rows of totals": totals,
        "repeated headers": again,
        "notes below the table": tail - totals - again,
    }
    for what, some in found.items():
        if some:
            notes.repair(f"{what} left out", len(some), table.where(min(some)))
            shown = texts[min(some)][:40]
            notes.weigh("rows left out", what, f"{shown!r} stands in column {column.name!r}, whose other texts are dates")
    gone = above | totals | again | tail
    gone |= _second_table(table, texts, gone, notes)
    if not gone:
        return table
    kept = np.ones(table.rows, bool)
    kept[sorted(gone)] = False
    return _compacted(table.take(np.flatnonzero(kept)))


def _notes_above(table: Table, texts: dict[int, str]) -> set[int]:
    """Return the leading rows that have words as their date and no number, such as the name, unit or source of a series."""
    end = 0
    while end in texts and not any(c.isdigit() for c in texts[end]) and not _has_number(table, end):
        beside = list(_cells(table, end).values())[1:]
        if any(_AMOUNT.fullmatch(text) for text in beside):
            break
        end += 1
    return set(range(end))


def _cells(table: Table, row: int) -> dict[str, str]:
    """Return the non-blank cells of a row in text columns, by column name."""
    found = {n: c for n, c in table.columns.others.items() if c.kind == "text" and not c.missing[row]}
    return {name: column.text_at(row) for name, column in found.items()}


def _has_number(table: Table, row: int) -> bool:
    return any(not table.columns[name].missing[row] for name in table.columns.numeric)


def _is_wordy(table: Table, row: int) -> bool:
    """Return True if no cell of a row is a number or a date."""
    return not _has_number(table, row) and not any(map(is_telling, _cells(table, row).values()))


def _stop_at_second_table(table: Table, row: int) -> None:
    """Raise DataError if a header within the rows names different columns from the first header."""
    cells = _cells(table, row)
    pairs = [(set(words(text)), set(words(name))) for name, text in cells.items() if not is_telling(text)]
    if all(text <= name or name <= text for text, name in pairs):
        return
    raise DataError(
        f"{table.where(row)}: a second table begins, with the columns {listed(cells.values())}",
        "save each table in a separate file",
    )


def _second_table(table: Table, texts: dict[int, str], known: set[int], notes: Notes) -> set[int]:
    """Return the rows of a second table at the end that has no dates: a header of words, then rows with numbers."""
    first = table.rows
    while first - 1 in texts and first - 1 not in known:
        first -= 1
    head = _cells(table, first) if first < table.rows - 1 else {}
    if len(head) < 2 or _has_number(table, first) or any(c.isdigit() for text in head.values() for c in text):
        return set()
    block = set(range(first, table.rows))
    if not all(any(is_telling(text) for text in list(_cells(table, row).values())[1:]) for row in block - {first}):
        return set()
    notes.warn(f"{table.where(first)}: a second table, with the columns {listed(head.values())}, is left out")
    return block


def _compacted(table: Table) -> Table:
    """Remove the texts that no row uses."""
    return table.with_columns({n: compact(c) for n, c in table.columns.others.items()})
