"""Columns of a table with a row per item that are steps: named by dates or periods, numbered, or named by months."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.arrow import strings
from tsattn.data.names import words
from tsattn.data.reading.columns import Column, Table
from tsattn.data.reading.date_texts import parse_texts
from tsattn.data.reading.dated_names import dates_in_order, parsed_names
from tsattn.data.reading.day_columns import hours_named
from tsattn.data.reading.month_names import QUARTER_WORDS, months_among
from tsattn.data.reading.name_shapes import names_that, shape
from tsattn.data.reading.period_names import PeriodNames, periods_within
from tsattn.data.reading.time_names import parts_named, says_only_time
from tsattn.data.report import Notes

ROMAN = "i ii iii iv v vi vii viii ix x xi xii"
QUARTERS = tuple(
    (f"q{k}", f"{k}q", f"t{k}", f"{k}t", roman, *(f"{word}{k}" for word in QUARTER_WORDS))
    for k, roman in enumerate(ROMAN.split()[:4], 1)
)
_MANY_PERIODS = 5  # periods that show that the columns are steps, whatever the rows are
FEWEST_PARTS = 3  # months or quarters without a year that show that columns are steps
_MOST_NAMES = 600  # names among which half may be the times of a day
_COUNTED_PARTS = {"year", "quarter", "month", "week", "day", "period"}


@dataclass(frozen=True)
class Steps:
    """Columns that are steps. stamps: their times, None where they are numbered. measures: the measure of each column, () if
    there is one. repairs: (what, names) of columns that are left out."""

    columns: tuple[str, ...]
    stamps: np.ndarray | None
    measures: tuple[str, ...] = ()
    repairs: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def left_out(self) -> set[str]:
        return {name for _, names in self.repairs for name in names}


def dated_steps(table: Table, names: list[str], options: ReadOptions) -> Steps | None:
    """Return the columns that are named by dates or periods, and their times."""
    parsed = parsed_names(names, options.date_order)
    dated = [] if parsed is None else [n for n, bad in zip(names, parsed.failed, strict=True) if not bad]
    within = None if _has_times(table, names) else periods_within(names)
    if within is not None and (len(within.periods) > len(dated) or within.sums) and _are_items(table, names, within):
        periods = list(within.periods.values())
        stamps = parse_texts(strings(periods)).wall
        repairs = (
            ("years beside their quarters or months", within.sums),
            ("budgets and estimates beside actual values", within.expected),
        )
        left = tuple((f"columns of {what} left out", gone) for what, gone in repairs if gone)
        return Steps(tuple(within.periods), stamps, tuple(within.measures.values()), left)
    if dated and len(dated) < 5 and any(_is_grid_of_dates(table.columns[n]) for n in names if n not in dated):
        return None  # each row is a day, and the columns are the same days of other years
    least = 2 if len(names) == len(dated) + 1 and table.columns[names[0]].kind == "text" and names[0] not in dated else 3
    if parsed is None or len(dated) < least or len(dated) < len(names) / 2:
        return None
    stamps_of_names = dates_in_order(parsed, dated, options.date_order)
    return None if stamps_of_names is None else Steps(tuple(dated), stamps_of_names)


def _has_times(table: Table, names: list[str]) -> bool:
    """Return True if some column holds dates, or is named for time without a number: each row is a step then."""
    columns = (table.columns[n] for n in names if n in table.columns.others)
    dated = any(c.kind == "stamp" or (c.kind == "text" and holds_dates(c)) for c in columns)
    return dated or bool(names_that(names, lambda n: says_only_time(n) and not any(map(str.isdigit, n))))


def _are_items(table: Table, names: list[str], within: PeriodNames) -> bool:
    """Return True if the rows beside few periods have different names, so that they are items."""
    if len(set(within.periods.values())) >= _MANY_PERIODS and not within.measures:
        return True
    return _differ_in_texts(table, [n for n in names if n not in within.periods])


def _differ_in_texts(table: Table, names: Iterable[str]) -> bool:
    """Return True if the text columns among `names` together distinguish the rows."""
    texts = [table.columns[n] for n in names if table.columns[n].kind == "text" and not table.columns[n].missing.all()]
    return bool(texts) and len(np.unique(np.stack([c.values for c in texts], 1), axis=0)) == table.rows


def counted_steps(table: Table, names: list[str], options: ReadOptions, notes: Notes) -> Steps | None:
    """Return the columns that are numbered, or named by months, quarters or times of day without a year or a day."""
    columns = _numbered(table, names)
    if not columns and options.layout is None and not _has_times(table, names):
        columns = _without_year(table, names, notes)
    if options.layout == "rows" and not columns:
        columns = [n for n in table.columns.numeric if n not in options.item]
    if not columns:
        return None
    if options.layout is None and (hours := hours_named(columns)):
        notes.warn(
            f"columns {hours[0]!r} to {hours[-1]!r} are times of day, but no column has the date: the steps are "
            "numbered; add a column of dates, or set --layout rows"
        )
    return Steps(tuple(columns), None)


def _without_year(table: Table, names: list[str], notes: Notes) -> list[str]:
    """Return the columns of consecutive months, quarters, numbered weeks or times of day, if each row has a different name."""
    if len(names) > _MOST_NAMES:
        return []
    what, found = _months_or_quarters(names)
    found = found or _numbered_parts(names) or dict.fromkeys(hours_named(names), 0)
    beside = [n for n in names if n not in found]
    if not found or len(found) < len(names) / 2 or not _differ_in_texts(table, beside):
        return []
    if what:
        first, last = next(iter(found)), list(found)[-1]
        notes.warn(
            f"columns {first!r} to {last!r} are {what} without a year: the steps are numbered; "
            "to date them, add the year to the names"
        )
    return list(found)


def _months_or_quarters(names: list[str]) -> tuple[str, dict[str, int]]:
    """Return ("months" or "quarters", the number of each such column), if they are consecutive; ("", {}) if there are none.

    Beside Q5, Q1 to Q4 are questions.
    """
    for what, every in (("months", month_ways(names)), ("quarters", list(QUARTERS))):
        number = {way: k for k, some in enumerate(every) for way in some if not way.isdigit()}
        found = {n: number[plain_name(n)] for n in names if plain_name(n) in number}
        more = {shape(plain_name(n)) for n in names if n not in found} & {shape(plain_name(n)) for n in found}
        if len(found) >= FEWEST_PARTS and not more and all((b - a) % len(every) == 1 for a, b in pairwise(found.values())):
            return what, found
    return "", {}


def _numbered_parts(names: list[str]) -> dict[str, int]:
    """Return the columns Week 1, Week 2, … or Year 1, Year 2, …, at least three."""
    found = {n: m for n in names if (m := re.fullmatch(r"([^\W\d_]+)[ _.-]?(\d{1,3})", n.strip()))}
    words_of = {m[1].lower() for m in found.values()}
    numbers = {n: int(m[2]) for n, m in found.items()}
    counted = len(words_of) == 1 and parts_named(next(iter(words_of))) & _COUNTED_PARTS
    steady = counted and len(numbers) >= FEWEST_PARTS and all(b - a == 1 for a, b in pairwise(numbers.values()))
    return numbers if steady else {}


def _numbered(table: Table, names: list[str]) -> list[str]:
    """Find columns V2, V3, … (t1, t2, …; 1, 2, …), at least ten and all but a few of the table."""
    # in a table with a column of dates, a row is a step, not an item
    texts = [c for c in table.columns.others.values() if c.kind == "text" and not holds_dates(c)]
    if not texts or len(np.unique(np.stack([c.values for c in texts], 1), axis=0)) < table.rows:
        return []
    found = [(n, re.fullmatch(r"([A-Za-z_ ]*)(\d+)", n)) for n in names]
    hits = [(n, m.group(1), int(m.group(2))) for n, m in found if m and table.columns[n].kind == "number"]
    if len(hits) < 10 or len(hits) < len(names) - 6 or len({prefix for _, prefix, _ in hits}) != 1:
        return []
    steps = np.diff([k for _, _, k in hits])
    return [n for n, _, _ in hits] if np.all(steps == 1) else []


def _is_grid_of_dates(column: Column) -> bool:
    """Return True if a text column holds a different day in each row."""
    return column.kind == "text" and holds_dates(column) and column.labels is not None and len(column.labels) == len(column) > 3


def holds_dates(column: Column) -> bool:
    """Return True if most of the first values of a text column are dates, in any order of day and month."""
    if column.labels is None or not len(column.labels):
        return False
    return float(np.mean(parse_texts(column.labels[:100]).failed)) < 0.5


def month_ways(columns: Iterable[str]) -> list[list[str]]:
    """Return the ways to name the columns of January to December: in one of the languages of dates, or numbered (1, M01, I).

    columns: all column names; together they decide the language.
    """
    names: list[list[str]] = [[str(k), f"{k:02d}", f"m{k}", f"m{k:02d}", roman] for k, roman in enumerate(ROMAN.split(), 1)]
    columns = [name.strip(" .").lower() for name in columns]
    for name, number in months_among(columns).items():
        names[number - 1].append("".join(words(name)) if name.isascii() else name)
    for name in columns:  # in two languages: Ocak January
        numbers = months_among(re.split(r"[\s/|-]+", name))
        if len(numbers) == 2 == len(re.split(r"[\s/|-]+", name)) and len(set(numbers.values())) == 1:
            names[next(iter(numbers.values())) - 1].append("".join(words(name)) if name.isascii() else name)
    return names


def plain_name(name: str) -> str:
    return "".join(words(name)) if name.isascii() else name.strip(" .").lower()


def with_measures(long: Table, measures: tuple[str, ...], rows: int) -> Table:
    """Return the long table of `rows` items with a column of the measure of each value, if there are several."""
    if not measures:
        return long
    labels = list(dict.fromkeys(measures))
    codes = np.tile(np.array([labels.index(measure) for measure in measures], np.int32), rows)
    name = "measure" if "measure" not in long.columns else "measure of the value"
    return long.with_columns({name: Column(name, "text", codes, strings(labels))})
