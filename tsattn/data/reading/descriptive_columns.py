"""Columns that describe the others and are never forecast: keys, places, quality marks, counters and lengths of steps."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from tsattn.data.names import words
from tsattn.data.reading import column_blocks
from tsattn.data.reading.column_blocks import constant, where
from tsattn.data.reading.columns import Table
from tsattn.data.reading.constant_ids import ids_and_flags
from tsattn.data.reading.items import is_item_name
from tsattn.data.reading.name_shapes import all_shaped, names_that
from tsattn.data.reading.time_names import parts_named, says_time, time_words
from tsattn.data.report import Notes

# words of columns that describe a place, a measurement or its quality: never forecast where they hold one value
_DESCRIPTIVE_WORDS = {
    *("lat", "latitude", "lon", "long", "lng", "longitude", "alt", "alti", "altitude", "elev", "elevation", "height", "depth"),
    *(
        "epsg",
        "provincia",
        "municipio",
        "estacion",
        "estacao",
        "codigo",
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
    *(
        "type",
        "version",
        "kod",
        "cis",
        "decimals",
        "decimal",
        "ignore",
        "altitud",
        "altura",
        "indicativo",
        "period",
        "population",
        "radius",
        "lanes",
        "lane",
    ),
    *("poc", "pos", "mdl", "bukrs"),
    *("imei", "imsi", "iccid", "nmi", "prm", "statut", "qualification", "methode", "continuite", "timezone"),
}
# in names of columns that say how a value was made; such a column is left out if it never changes
_DESCRIPTIVE_PHRASES = re.compile(
    r"\b(?:obs count|hour count|base (?:yr|year)|percent complete|days of accumulation|misura\d|bu kr)\b"
)
_COUNTERS = {"id", "record", "records", "rn", "seq", "sequence", "rownum", "rowid", "row", "index", "fcnt", "days", "offset"}
_MISSING_CODE = re.compile(r"-(?:1|9{2,5}(?:\.9{1,3})?)|9{3,5}\.9")
_NINES = re.compile(r"9{2,5}")  # marks of missing values if several columns hold nothing else
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
    "qual",
    "quality",
    "qualit",
    "qualite",
    "calidad",
    "flag",
    "flags",
    "qualifier",
    "validity",
    "checked",
    "status",
    "statut",
    "qualification",
    "methode",
    "continuite",
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
    "tsniveau",
    "status",
    "id",
}  # t and tsniveau are ends of "Qualit\u00e4t" and "Qualit\u00e4tsniveau"
_QUALITY_ENDS = (
    "attributes",
    "qc",
    "qa",
    "qf",
    "quality",
    "flag",
    "flags",
    "status",
    "qualifier",
    "validity",
    "source",
    "f",
    "q",
)
_QUALITY_PHRASES = ("品質情報", "品質番号", "均質番号", "現象なし情報", "质量码", "品质")  # ends of names in Japanese and Chinese
_FRACTIONS = {"ns", "nanos", "nanoseconds", "nsec", "usec", "micros", "microseconds"}  # of the second of a timestamp
_LARGEST_FRACTION = 1e9  # nanoseconds of a second
_CODE_ENDS = {"id", "ids", "code", "codes"}  # last words of names of codes
_QUALITY_STARTS = ("qc", "qa", "qf", "qv", "q")
_STEPS = {"interval", "duration", "period"}
_UNNAMED = re.compile(r"|column_1|Unnamed: ?\d+|index|X|level_0|No\.?|Nr\.?|#|rank", re.I)
_MOST_MARKS = 12  # distinct whole numbers that marks of quality have at most
_FEWEST_STEPS = 4  # fewest rows that show that a column holds the length of a step
_FEWEST = 10  # rows from which on a column of keys is known by its values
_SOME_ROWS = 20_000  # rows that rule out most columns that change within a series
_FEWEST_ROWS = 20  # rows from which on a column named for time, or ending in id, that counts by one numbers the rows


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
    once = names_that(names, lambda n: _describes(n) or says_time(n)) if table.rows >= _FEWEST else []
    unnamed = all_shaped(names, re.compile(r"column_\d+").fullmatch)
    marks = {f"{letter}{name}" for name in table.columns for letter in "QqIi"} | {n for n in still if _unnumbered(n) == ["ind"]}
    described = names_that(still, lambda n: n.startswith("_") or is_item_name(n) or _describes(n) or _is_time_part(n))
    described += ids_and_flags(table, still, without(names, still))
    nines = [n for n in still if _is_sentinel(table.columns[n].values, _NINES)]
    codes = [n for n in still if _is_sentinel(table.columns[n].values)] + (nines if len(nines) > 1 else [])
    gone = still if unnamed or one else [*described, *(n for n in still if n in marks), *codes]
    gone = list(dict.fromkeys([*gone, *where(table, once, _single)]))
    counters = where(table, names_that(without(names, gone), _is_counter_name), _counts_on)
    counters += where(table, names_that(without(names, [*gone, *counters]), lambda n: "id" in words(n)), _rises)
    numbered = names_that(without(names, [*gone, *counters]), lambda n: n.lower().endswith("id") or _is_time_part(n))
    counters += where(table, numbered, _numbers_rows)
    if counters and without(names, counters):
        notes.repair("columns of row numbers left out", len(counters), repr(counters[0]))
        names = without(names, counters)
    left = without(names, gone)
    if left and gone:
        notes.repair("columns that never change left out", len(gone), repr(gone[0]))
    return _without_keys(table, left or names, notes)


def without_descriptions_of_items(table: Table, names: list[str], item: tuple[str, ...], notes: Notes) -> list[str]:
    """Leave out columns that never change within a series, such as the number of a bus line, if others do.

    item: the columns that name the series; the names come back unchanged if there are none, or one series.
    """
    if not item or len(names) < 2 or not table.rows:
        return names
    likely = _still_within(table, names, item, slice(0, _SOME_ROWS)) if table.rows > _SOME_ROWS else names
    gone = _still_within(table, likely, item, slice(None)) if likely else []
    left = without(names, gone)
    if not gone or not left:
        return names
    notes.repair("columns that never change within a series left out", len(gone), repr(gone[0]))
    return left


def _still_within(table: Table, names: list[str], item: tuple[str, ...], rows: slice) -> list[str]:
    """Return the columns that hold one value for each series in these rows; none if there is one series, or most have one row."""
    codes = np.zeros(len(range(*rows.indices(table.rows))), np.int64)
    for name in item:
        numbers = np.unique(table.columns[name].values[rows], return_inverse=True)[1].ravel()
        codes = codes * (int(numbers.max()) + 1) + numbers
    order = np.argsort(codes, kind="stable")
    begins = np.flatnonzero(np.append(True, np.diff(codes[order]) > 0))
    if (len(begins) < 2 and rows.stop is None) or len(begins) > len(codes) / 2:
        return []

    def still(values: np.ndarray) -> np.ndarray:
        low, high = (f.reduceat(values[:, order], begins, axis=1) for f in (np.fmin, np.fmax))
        return np.asarray(((low == high) | np.isnan(low)).all(1))

    return where(table, names, still, rows)


def _describes(name: str) -> bool:
    """Return True for names of places, qualities and keys, such as LAT, QN_9 and TKNR."""
    return (
        bool({*words(name), *time_words(name)} & _DESCRIPTIVE_WORDS)
        or name.endswith("ID")
        or _DESCRIPTIVE_PHRASES.search(" ".join(words(name))) is not None
        or name.lower().endswith(("nr", "nummer", "code", "itemid"))
    )


def _is_time_part(name: str) -> bool:
    """Return True if every word of a name is a part of a timestamp, such as mm."""
    return says_time(name) and all(parts_named(word) for word in _unnumbered(name))


def _single(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool: True for rows of (C, n) with one value, as a place written beside the first row only."""
    return np.asarray((~np.isnan(values)).sum(1) == 1)


def _is_sentinel(values: np.ndarray, code: re.Pattern[str] = _MISSING_CODE) -> bool:
    """Return True if a constant column holds -1, a negative number of repeated nines or 999.9, the mark of a missing value."""
    seen = values[~np.isnan(values)]
    return bool(len(seen)) and code.fullmatch(f"{float(seen[0]):g}") is not None


def _is_counter_name(name: str) -> bool:
    """Return True for names such as entry_id, RECORD, seq and f_cnt."""
    return bool({*words(name), "".join(words(name)[-2:])} & _COUNTERS)


def _counts_on(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool: True for rows of (C, n) whose values rise or fall by one at each step."""
    steps = np.diff(values.astype(np.float64), axis=1)
    return np.asarray((np.all(steps == 1, axis=1) | np.all(steps == -1, axis=1)) & (steps.shape[1] > 2))


def _numbers_rows(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool: True for rows of (C, n) that number the rows from 0 or 1, or back to it."""
    return np.asarray(_counts_on(values) & np.isin(np.fmin.reduce(values, axis=1), (0, 1)) & (values.shape[1] >= _FEWEST_ROWS))


def _rises(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool: True for rows of (C, n) that are whole numbers, each greater than the one before, or each less."""
    steps = np.diff(values.astype(np.float64), axis=1)
    return np.asarray((np.all(steps >= 1, axis=1) | np.all(steps <= -1, axis=1)) & (steps.shape[1] > 2)) & column_blocks.whole(
        values
    )


def _numbers_runs(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool: True for rows of (C, n) that rise throughout, or count by one and start again at 0 or 1 for each item."""
    steps = np.diff(values.astype(np.float64), axis=1)
    begins = np.isin(values, (0, 1)) & (values == np.fmin.reduce(values, axis=1)[:, None])
    runs = np.all((steps == 1) | begins[:, 1:], axis=1) & begins[:, 0] & (begins.sum(1) <= values.shape[1] / _FEWEST)
    return _rises(values) | np.asarray(runs)


def _without_keys(table: Table, names: list[str], notes: Notes) -> list[str]:
    """Leave out columns of keys, marks of quality and lengths of the steps beside others, and report them."""
    for what, found in (
        ("columns of ids", where(table, names_that(names, _is_key_name), _are_keys)),
        ("columns of codes", where(table, names_that(names, _is_code_name), _are_marks)),
        ("columns of parts of a second", where(table, names_that(names, _is_fraction_name), _are_fractions)),
        ("columns of row numbers", where(table, _first_unnamed(table, names), _numbers_runs)),
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


def _is_code_name(name: str) -> bool:
    """Return True for names whose last word is id or code, as in weather_id."""
    return words(name)[-1:] != () and words(name)[-1] in _CODE_ENDS and _MEASURES.isdisjoint(words(name))


def _is_fraction_name(name: str) -> bool:
    return "".join(words(name)) in _FRACTIONS


def _are_fractions(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool: True for rows of (C, n) of whole numbers from 0 to a billion, the nanoseconds of a second."""
    low, high = np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1)
    return column_blocks.whole(values) & np.asarray((low >= 0) & (high < _LARGEST_FRACTION))


def _first_unnamed(table: Table, names: list[str]) -> list[str]:
    """Return the first column of the table if only the others have names, as in a data frame of which rows were removed."""
    first = next(iter(table.columns))
    unnamed = _UNNAMED.fullmatch(first) is not None and not all_shaped(table.columns, re.compile(r"column_\d+").fullmatch)
    return [first] if unnamed and first in names else []


def _quality_marks(table: Table, names: list[str]) -> list[str]:
    """Return the columns that are named as marks of quality, alone (quality_code) or of another column (TA_flag, Q_TA)."""
    alone = names_that(names, _names_quality)
    ended = names_that(names, lambda n: "".join(words(n)).endswith(_QUALITY_ENDS))
    plain = {"".join(words(n)) for n in table.columns} if ended else set()
    of_another = [n for n in ended if any(_ends_with("".join(words(n)), end, plain) for end in _QUALITY_ENDS)]
    begun = [n for n in names_that(names, lambda n: "".join(words(n)).startswith("q")) if _marks_another(n, table.columns)]
    return list(dict.fromkeys([*alone, *of_another, *begun]))


def _names_quality(name: str) -> bool:
    """Return True for names such as quality_code and Qualitaetsniveau, but not for air_quality."""
    if name.strip().endswith(_QUALITY_PHRASES):
        return True
    found = ["quality" if word.startswith("qualit") else word for word in time_words(name) if not word.isdigit()]
    return bool(set(found) & _QUALITY) and set(found) <= _QUALITY | _BESIDE_QUALITY


def _unnumbered(name: str) -> list[str]:
    """Return the words of a name without numbers, such as that of a second column of the same name."""
    return [word for word in words(name) if not word.isdigit()]


def _marks_another(name: str, columns: Iterable[str]) -> bool:
    """Return True for the mark of another column before its name: Q_TG, QTM, QV:SEADATANET:Temperature beside Temperature."""
    found = words(name)
    if len(found) > 1 and found[0] in _QUALITY_STARTS and any(words(n)[:1] == found[-1:] for n in columns):
        return True
    plain = {"".join(words(n)) for n in columns if n != name}
    return any("".join(found).removeprefix(start) in plain for start in _QUALITY_STARTS)


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
