"""Tibbles and tsibbles as R prints them: comments, names, types such as <mth> and <dbl>, numbered rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tsattn.data.reading.r_calendar import Printed, date_of, number

if TYPE_CHECKING:
    import pyarrow as pa

_HEAD = re.compile(r"# A (tsibble|tibble|grouped_df)\b.*")
_TYPES = re.compile(r"\s*(?:<[\w:+ ]+>\s*)+")
_TYPE = re.compile(r"<([\w:+ ]+)>")
_TIMES = {
    "mth": r"\d{4} [A-Z][a-z]{2}",
    "qtr": r"\d{4} Q[1-4]",
    "week": r"\d{4} W\d\d",
    "date": r"\d{4}-\d\d-\d\d",
    "dttm": r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d(?:\.\d+)?)?",
}
_HIDDEN = re.compile(r"# .*\bmore (?:variable|column)")
_NUMBERS = ("dbl", "int", "num")
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|NaN?|[+-]?Inf"
_BORDER = "\x1f"  # before a column of texts, which begins where its type does


def tibble(lines: list[str]) -> Printed | None:
    """Return a printed tibble or tsibble, None for other lines."""
    if (head := _HEAD.fullmatch(lines[0])) is None:
        return None
    body = [line for line in lines if not line.startswith("#")]
    if len(body) < 3 or _TYPES.fullmatch(body[1]) is None:
        return None
    types = [m[1] for m in _TYPE.finditer(body[1])]
    borders = [m.start() for m in _TYPE.finditer(body[1]) if _is_text(m[1])]
    rows = _rows(body[2:], types, borders)
    names = _names(body[0], types)
    if rows is None or names is None:
        return None
    rounded = any(kind == "dbl" and "." in row[k] for row in rows for k, kind in enumerate(types))
    warnings = ["R prints a tibble with 3 significant digits, so values are rounded; write.csv writes all digits"] * rounded
    warnings += [f"R left columns out of the print: {line.strip('# ')}" for line in lines if _HIDDEN.match(line)]
    return Printed(f"a {head[1]}", _table(names, types, rows), tuple(warnings))


def _is_text(kind: str) -> bool:
    return kind not in _TIMES and kind not in _NUMBERS


def _names(line: str, types: Sequence[str]) -> list[str] | None:
    """Return the column names; a name with blanks is written in back quotes."""
    names = [name.strip("`") for name in re.findall(r"`[^`]+`|\S+", line)]
    return names if len(names) == len(types) == len(set(names)) else None


def _rows(lines: Sequence[str], types: Sequence[str], borders: Sequence[int]) -> list[list[str]] | None:
    """Return the cells of each row without its number; None if a row does not have these types."""
    kinds = (_TIMES.get(kind) or (_NUMBER if kind in _NUMBERS else rf"[^{_BORDER}]+?") for kind in types)
    pattern = re.compile(rf"\s*\d+[\s{_BORDER}]+" + rf"[\s{_BORDER}]+".join(f"({kind}|NA)" for kind in kinds) + r"\s*")
    found = [pattern.fullmatch(_bordered(line, borders)) for line in lines]
    return [[cell.strip() for cell in m.groups()] for m in found if m] if all(found) else None


def _bordered(line: str, borders: Sequence[int]) -> str:
    for at in reversed(borders):
        if line[at - 1 : at] == " ":
            line = line[:at] + _BORDER + line[at:]
    return line


def _table(names: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[str]]) -> pa.Table:
    import pyarrow as pa

    columns = {}
    for k, (name, kind) in enumerate(zip(names, types, strict=True)):
        cells = [row[k] for row in rows]
        if kind in _TIMES:
            columns[name] = pa.array([date_of(cell) for cell in cells], pa.string())
        elif kind in _NUMBERS:
            numbers = pa.array([number(cell) for cell in cells], pa.float64())
            whole = all(re.fullmatch(r"-?\d+", cell) for cell in cells)
            columns[name] = numbers.cast(pa.int64()) if whole else numbers
        else:
            columns[name] = pa.array([None if cell == "NA" else cell for cell in cells], pa.string())
    return pa.table(columns)
