"""Notes on columns of texts that are read as numbers: repairs, evidence for the marks, and warnings."""

from __future__ import annotations

import re

from tsattn.data.reading.columns import Column
from tsattn.data.reading.missing import CENSORED_WORDS
from tsattn.data.reading.numbers import Numbers
from tsattn.data.report import Notes

_MANY_LIMITS = 0.05  # share of values such as <1 above which leaving them out may bias forecasts


def note_numbers(column: Column, numbers: Numbers, notes: Notes) -> None:
    """Note the repairs of a column, the evidence for its marks, and a warning if many of its values are limits."""
    note_repairs(column, numbers, notes)
    if numbers.censored:
        example = _limit_of(column)
        if numbers.censored > _MANY_LIMITS * len(column) and example[0] in "<>≤≥":
            bias, estimate = ("high", "half the limit") if example[0] in "<≤" else ("low", "the limit")
            notes.warn(
                f"column {column.name!r}: {numbers.censored:,} of {len(column):,} values are limits such as {example!r}, read "
                f"as missing, so forecasts may be too {bias}; write an estimate in their place, such as {estimate}"
            )
    if numbers.why:
        notes.weigh(f"marks of {column.name!r}", ", ".join(numbers.done) or "decimal mark", "; ".join(numbers.why))


def note_repairs(column: Column, numbers: Numbers, notes: Notes, row: str = "") -> None:
    """Note what was removed from the numbers of a column, or of a row of the table if `row` is its place."""
    name, columns = row or f"column {column.name!r}", 0 if row else 1
    for what, times in numbers.done.items():
        where = name
        if what == "thousands separators" and (example := _also_decimal(column)):
            where += f", {example!r} for example; if it has three decimals: --decimal ."
        whole = what in ("decimal commas", "minus signs behind the number") or "converted to" in what or "read as" in what
        notes.repair(what if whole else f"{what} removed", times, where, columns)
    if numbers.censored:
        notes.repair("limits treated as missing", numbers.censored, f"{name}, such as {_limit_of(column)!r}", columns)


def _limit_of(column: Column) -> str:
    """Return the first text such as <1 of a column that has one."""
    return next(t for t in column.texts() if t[:1] in "<>≤≥" or re.match(CENSORED_WORDS, t))


def _also_decimal(column: Column) -> str:
    """A text such as 1.080 of a column whose texts do not prove that the point groups thousands; else ""."""
    marked = [t for t in column.texts()[:2000] if "." in t]
    return marked[0] if marked and all(re.fullmatch(r"[+-]?\d{1,3}\.\d{3}", t) for t in marked) else ""
