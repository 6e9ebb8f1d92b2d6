"""Columns that describe the others and are never forecast: keys, places, quality marks, counters and lengths of steps."""

from __future__ import annotations

import re

import numpy as np

from tsattn.data.names import words
from tsattn.data.reading import column_blocks
from tsattn.data.reading.column_blocks import constant, where
from tsattn.data.reading.columns import Table
from tsattn.data.reading.items import is_item_name
from tsattn.data.reading.name_shapes import all_shaped, names_that
from tsattn.data.report import Notes

# words of columns that describe a place, a measurement or its quality: never forecast where they hold one value
_DESCRIPTIVE_WORDS = {
    *("lat", "latitude", "lon", "long", "lng", "longitude", "alt", "alti", "altitude", "elev", "elevation", "height", "depth"),
    *(
        "epsg",
        "provincia",
        "municipio",
        "estacion",
        "magnitud",
        "stn",
        "wban",
        "usaf",
        "mprn",
        "mpan",
        "ean",
        "cups",
        "source",
        "interval",
    ),
    *("quality", "qn", "qc", "qf", "flag", "flags", "status", "validity", "verification", "valid", "verified", "duration"),
    *("type", "version", "kod", "cis", "decimals", "period", "population", "radius", "lanes", "lane"),
}
_COUNTERS = {"id", "record", "records", "rn", "seq", "sequence", "rownum", "rowid", "row", "index", "fcnt", "days", "offset"}
_MISSING_CODE = re.compile(r"-(?:1|9{2,5}(?:\.9{1,3})?)")
_KEYS = {"id", "uuid", "guid", "oid", "objectid", "fid", "gid", "pk", "idhod", "rowversion", "ns", "nanos", "nanoseconds"}
_RECORDS = {
    "transaction",
    "invoice",
    "order",
    "ticket",
    "receipt",
    "document",
    "booking",
    "voucher",
    "beleg",
    "rechnung",
    "auftrag",
}
_NUMBERS = {"no", "nr", "number", "nummer", "key"}  # of such records
_MEASURES = {"count", "sum", "total", "avg", "mean", "rate"}  # id_count is no key
_QUALITY = {
    "qc",
    "qa",
    "qf",
    "qn",
    "quality",
    "qualit",
    "qualite",
    "calidad",
    "flag",
    "flags",
    "qualifier",
    "validity",
    "status",
}
_BESIDE_QUALITY = {
    "code",
    "codes",
    "value",
    "obs",
    "data",
    "mark",
    "level",
    "no",
    "t",
    "status",
    "id",
}  # t is the end of "Qualit\u00e4t"
_QUALITY_ENDS = ("qc", "qa", "qf", "quality", "flag", "flags", "status", "qualifier", "validity", "f", "q")
_STEPS = {"interval", "duration", "period"}
_UNNAMED = re.compile(r"|column_1|Unnamed: ?\d+|index|X|level_0|No\.?|Nr\.?|#|rank", re.I)
_MOST_MARKS = 12  # distinct whole numbers that marks of quality have at most
_FEWEST_STEPS = 4  # fewest rows that show that a column holds the length of a step
_FEWEST = 10  # rows from which on a column of keys is known by its values


def without(names: list[str], gone: list[str]) -> list[str]:
    """Return the names that are not in `gone`, in their order."""
    if not gone:
        return names
    out = set(gone)
    return [n for n in names if n not in out]


def without_descriptions(table: Table, names: list[str], one: bool, notes: Notes) -> list[str]:
    """Leave out columns that never change and are no series.

    These have no names, or names of ids, places or quality marks, or those of other columns with a Q; or they hold only -999.
    one: a single target is wanted; then it is a column that changes.
    """
    still = where(table, names, constant)
    unnamed = all_shaped(names, re.compile(r"column_\d+").fullmatch)
    marks = {f"{letter}{name}" for name in table.columns for letter in "Qq"}
    described = names_that(still, lambda n: n.startswith("_") or is_item_name(n) or _describes(n))
    gone = still if unnamed or one else [*described, *(n for n in still if n in marks or _is_sentinel(table.columns[n].values))]
    gone = list(dict.fromkeys(gone))
    counters = where(table, names_that(without(names, gone), _is_counter_name), _counts_on)
    counters += where(table, names_that(without(names, [*gone, *counters]), lambda n: "id" in words(n)), _rises)
    if counters and without(names, counters):
        notes.repair("columns of row numbers left out", len(counters), repr(counters[0]))
        names = without(names, counters)
    names = _without_keys(table, names, notes)
    left = without(names, gone)
    if left and gone:
        notes.repair("columns that never change left out", len(gone), repr(gone[0]))
    return left or names


def _describes(name: str) -> bool:
    """Return True for names of places, qualities and keys, such as LAT, QN_9 and TKNR."""
    return bool(set(words(name)) & _DESCRIPTIVE_WORDS) or name.lower().endswith(("nr", "code", "itemid"))


def _is_sentinel(values: np.ndarray) -> bool:
    """Return True if a constant column holds -1 or a negative number of repeated nines, the mark of a missing value."""
    seen = values[~np.isnan(values)]
    return bool(len(seen)) and _MISSING_CODE.fullmatch(f"{float(seen[0]):g}") is not None


def _is_counter_name(name: str) -> bool:
    """Return True for names such as entry_id, RECORD, seq and f_cnt."""
    return bool({*words(name), "".join(words(name)[-2:])} & _COUNTERS)


def _counts_on(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool: True for rows of (C, n) whose values rise or fall by one at each step."""
    steps = np.diff(values.astype(np.float64), axis=1)
    return np.asarray((np.all(steps == 1, axis=1) | np.all(steps == -1, axis=1)) & (steps.shape[1] > 2))


def _rises(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool: True for rows of (C, n) that are whole numbers, each greater than the one before, or each less."""
    steps = np.diff(values.astype(np.float64), axis=1)
    return np.asarray((np.all(steps >= 1, axis=1) | np.all(steps <= -1, axis=1)) & (steps.shape[1] > 2)) & column_blocks.whole(
        values
    )


def _without_keys(table: Table, names: list[str], notes: Notes) -> list[str]:
    """Leave out columns of keys, marks of quality and lengths of the steps beside others, and report them."""
    for what, found in (
        ("columns of ids", where(table, names_that(names, _is_key_name), _are_keys)),
        ("columns of row numbers", where(table, _first_unnamed(table, names), _rises)),
        ("columns of quality marks", where(table, _quality_marks(table, names), _are_marks)),
        ("columns that hold the length of a step", where(table, names_that(names, _is_step_name), _nearly_constant)),
    ):
        if found and (left := without(names, found)):
            notes.repair(f"{what} left out; to forecast one, name it with --target", len(found), repr(found[0]))
            names = left
    return names


def _is_key_name(name: str) -> bool:
    found = set(words(name))
    if name.endswith(("コード", "代码", "代碼", "코드")):
        return True
    return _MEASURES.isdisjoint(found) and (not _KEYS.isdisjoint(found) or (bool(found & _RECORDS) and bool(found & _NUMBERS)))


def _are_keys(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool: True for rows of (C, n) that are whole numbers, of which nine in ten occur once."""
    if values.shape[1] < _FEWEST:
        return np.zeros(len(values), bool)
    distinct = np.array([len(np.unique(row[~np.isnan(row)])) for row in values])
    return column_blocks.whole(values) & (distinct >= 0.9 * (~np.isnan(values)).sum(1))


def _first_unnamed(table: Table, names: list[str]) -> list[str]:
    """Return the first column of the table if only the others have names, as in a data frame of which rows were removed."""
    first = next(iter(table.columns))
    unnamed = _UNNAMED.fullmatch(first) is not None and not all_shaped(table.columns, re.compile(r"column_\d+").fullmatch)
    return [first] if unnamed and first in names else []


def _quality_marks(table: Table, names: list[str]) -> list[str]:
    """Return the columns that are named as marks of quality, alone (quality_code) or of another column (TA_flag, TAQ)."""
    alone = names_that(names, lambda n: bool(set(words(n)) & _QUALITY) and set(words(n)) <= _QUALITY | _BESIDE_QUALITY)
    ended = names_that(names, lambda n: "".join(words(n)).endswith(_QUALITY_ENDS))
    plain = {"".join(words(n)) for n in table.columns} if ended else set()
    of_another = [n for n in ended if any(_ends_with("".join(words(n)), end, plain) for end in _QUALITY_ENDS)]
    return list(dict.fromkeys([*alone, *of_another]))


def _ends_with(name: str, end: str, plain: set[str]) -> bool:
    return name.endswith(end) and len(name) > len(end) and name.removesuffix(end) in plain


def _are_marks(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool: True for rows of (C, n) that hold a few distinct whole numbers, none below -1."""
    distinct = np.array([len(np.unique(row[~np.isnan(row)])) for row in values])
    low = np.nanmin(np.where(np.isnan(values), np.inf, values), axis=1, initial=np.inf)
    return column_blocks.whole(values) & (distinct <= _MOST_MARKS) & (low >= -1)


def _is_step_name(name: str) -> bool:
    return bool(words(name)) and set(words(name)) <= _STEPS


def _nearly_constant(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool: True for rows of (C, n) that vary by less than two in a hundred, except in the first row."""
    if values.shape[1] < _FEWEST_STEPS:
        return np.zeros(len(values), bool)
    low, high = (f(values[:, 1:], axis=1, initial=start) for f, start in ((np.nanmin, np.inf), (np.nanmax, -np.inf)))
    return np.asarray((low > 0) & (high - low < 0.02 * high))
