"""Classes of the cells of a header, and the column names that several header rows form together."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from tsattn.data.reading.affixes import UNITS, bare
from tsattn.data.reading.missing import NULLS
from tsattn.data.reading.month_names import month_numbers, weekday_names
from tsattn.data.reading.name_shapes import names_shaped, shape
from tsattn.data.reading.time_names import plain, says_time

_SHAPES = 1 << 14  # size of the cache of cell shapes
_NULLS = frozenset(NULLS)
_NUMBER = re.compile(
    r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+|\d{1,3}(?:[.,' \u2019\u2009\u00a0\u202f]\d{3})+(?:[.,]\d+)?)(?:[eE][+-]?\d+|-)?"
    r"|[+-]?inf(?:inity)?",
    re.I,
)
_MONTHS = rf"(?<![^\W\d_])(?:{'|'.join(sorted(month_numbers()))})(?![^\W\d_])"
_NAMES = {*month_numbers(), *weekday_names()}
_PERIOD_STARTS = ("qua", "sem", "tri", "jah", "wee", "woc")
_DATE_LIKE = re.compile(
    rf"(?=.*\d).*(?:[-/:]|{_MONTHS}|q).*|\d{{1,2}}\.\d{{1,2}}\.(?:\d{{4}}|\d{{2}})"
    r"|\d{8}[t ]\d{4}(?:\d\d)?z?|\d{4}\. ?\d{1,2}\. ?\d{1,2}\.?",
    re.I,
)
_LEADING_WORD = re.compile(r"[^\W\d_]{4,}")
_FORMAT = re.compile(r"\d{1,3}[sdn]")  # widths and types below the header of RDB files
_RULE = re.compile(r"[:+]?[-=][-=+:]{2,}")  # below the names, as database clients draw it
_TAG = re.compile(r"#[a-z]+\d*(?:\W|$)")  # of the Humanitarian Exchange Language
_UNIT = re.compile(
    r"[(\[].*[)\]]|[-–—]|%|°[CFK]?|(?:[kMGTmµun]?(?:W|Wh|V|A|Hz|m|g|l|L|s|Pa|bar|B|J)|h|min|d|°?[CFK]|mm|cm|km|kg|t|hPa|ppm|ppb|psi"
    r"|deg|deg[CFKT]|yr|mo|dy|hr|mn|sec|mi|ft|[€$£]|USD|EUR|GBP|pcs|units?|count|index|date|datetime|time|string|str|text"
    r"|float|double|int|integer|numeric|number"
    r"|<?(?:u?int|float|f|i|u)(?:8|16|32|64|128)>?|bigint|smallint|varchar|timestamp|timestamptz|boolean|bool|decimal"
    r"|datetime\[\w+\]|<(?:dbl|int|chr|date|dttm|fct|lgl)>)"
    r"(?:[23²³])?(?:\s?/\s?[A-Za-zµ]{1,4}[23²³]?)?",
)


def cell_class(cell: str) -> str:
    return _class_of_shape(shape(cell))


@functools.lru_cache(_SHAPES)
def _class_of_shape(cell: str) -> str:
    """Return "empty", "number", "date" or "text" for a cell whose digits are written as 0."""
    cell = cell.strip()
    if cell in _NULLS:
        return "empty"
    if _NUMBER.fullmatch(cell):
        return "number"
    if (lead := _LEADING_WORD.match(cell)) and not (plain(lead[0]) in _NAMES or plain(lead[0]).startswith(_PERIOD_STARTS)):
        return "text"
    return "date" if _DATE_LIKE.fullmatch(cell) and cell[:1].isalnum() and sum(c.isdigit() for c in cell) >= 3 else "text"


def counts(head: Sequence[str]) -> bool:
    """Return True if the names of the columns are consecutive years or steps."""
    counted = [int(c) for c in names_shaped(head, lambda c: c.strip().isdecimal() and len(c) < 9)]
    return len(counted) >= 5 and len(counted) >= len(head) / 2 and all(b - a == 1 for a, b in pairwise(counted))


def joined(head: list[list[str]], first: int) -> tuple[tuple[str, ...], tuple[tuple[str, int], ...]]:
    """Join the names of several header rows; return them and the rows that name nothing: units, formats, codes, one word."""
    left_out: list[tuple[str, int]] = []
    levels: list[list[str]] = []
    index: list[str] = [""] * len(head[0])
    for k, row in enumerate(head):
        cells = [cell.strip() for cell in row]
        filled = [c for c in cells if c]
        if not filled:
            continue
        what = names_nothing(cells) if k or all(_RULE.fullmatch(c) for c in filled) else ""
        if what:
            left_out.append((what, first + k))
        elif k and k == len(head) - 1 and len(filled) < len(cells) / 2 and all(cells[: len(filled)]):
            index = cells  # pandas writes the names of the index on a separate line
        else:
            levels.append(cells)
    if len(levels) > 1 and not any(index) and _are_descriptions(levels[:-1], levels[-1]):
        left_out += [("descriptions", first + _row_of(head, level)) for level in levels[:-1]]
        levels = levels[-1:]
    inner = [j for j, name in enumerate(index) if not name] if any(index) else list(range(1, len(head[0])))
    kept = [level for level in levels if len({level[j] for j in inner if level[j]}) > 1]
    kept = kept or (levels[-1:] if levels and any(levels[-1][j] for j in inner) else levels[:1])  # notes may follow the names
    left_out += [
        (f"one word, {level[inner[0] if inner else 0]!r},", first + _row_of(head, level)) for level in levels if level not in kept
    ]
    if len(kept) > 1 and counts(kept[-1]) and len(set(kept[-1])) == len(kept[-1]):
        left_out += [("groups of columns", first + _row_of(head, level)) for level in kept[:-1]]
        kept = kept[-1:]
    for level in kept[:-1]:
        for j in range(1, len(level)):
            level[j] = level[j] or (level[j - 1] if j - 1 in inner else "")
    names = []
    for j in range(len(head[0])):
        parts = [level[j] for level in kept if level[j]]
        names.append(index[j] or "/".join(dict.fromkeys(parts)))
    return tuple(names), tuple(left_out)


def _are_descriptions(above: list[list[str]], names: list[str]) -> bool:
    """Return True for rows of keys and of their values, of which one is a number, above complete names that begin with time."""
    complete = all(names) and len(set(names)) == len(names) and says_time(names[0])
    numbers = any(cell_class(cell) == "number" for level in above for cell in level)
    return complete and numbers and all(level[0] and not says_time(level[0]) for level in above)


def _row_of(head: list[list[str]], level: list[str]) -> int:
    """Return the index of the header row that these cells come from."""
    return next(k for k, row in enumerate(head) if [cell.strip() for cell in row] == level)


def are_amounts(cells: list[str]) -> bool:
    """Return True for numbers, also with a unit or a currency, and fewer dates than numbers, as in a row of totals."""
    kinds = Counter("amount" if any(d.isdigit() for d in c) and _NUMBER.fullmatch(bare(c)) else cell_class(c) for c in cells)
    fractions = any(re.search(r"\d[.,]\d", c) for c in cells)
    return bool(kinds["amount"] > kinds["date"] and kinds["amount"] + kinds["date"] == len(cells) and fractions)


def names_nothing(cells: list[str]) -> str:
    """Return the content of a row below the first header row if it names no columns, such as "units"; "" if it does."""
    filled = [c for c in cells if c]
    if all(_FORMAT.fullmatch(c) for c in filled):
        return "formats"
    if all(_RULE.fullmatch(c) for c in filled):
        return "rules"
    if len(filled) > 1 and all(_TAG.match(c) for c in filled):
        return "tags"
    rest = [c for c in cells[1:] if c]
    if rest and all(_NUMBER.fullmatch(c) for c in rest) and not counts(cells):
        return "codes"
    if are_amounts(rest):
        return "numbers"
    if rest and sum(c in UNITS or bool(_UNIT.fullmatch(c)) for c in rest) >= 0.8 * len(rest):
        return "units"
    return ""
