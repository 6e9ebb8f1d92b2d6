"""Markers of a missing value: the texts that tools write, and those that a user names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from tsattn.data.reading.column_blocks import where
from tsattn.data.reading.columns import Table
from tsattn.data.report import Notes

NULLS = (
    *("", ".", "..", "-", "--", "---", "?", "NA", "N/A", "n/a", "na", "#N/A", "<NA>", "NaN", "nan", "NAN", "-nan", "NaT"),
    *(
        "null",
        "NULL",
        "Null",
        "none",
        "None",
        "NONE",
        "nil",
        "missing",
        "Missing",
        "MISSING",
        "(null)",
        "Nulo",
        "nulo",
        "(D)",
        "(NA)",
        "(S)",
        "(X)",
        "\\N",
        "<null>",
    ),
    *(
        "#N/A!",
        "#N/A N/A",
        "_",
        "#REF!",
        "#VALUE!",
        "#DIV/0!",
        "#NULL!",
        "#NUM!",
        "#NAME?",
        "n.a.",
        "N.A.",
        "n.d.",
        "n/e",
        "N/E",
        "n/d",
        "N/D",
        "ND",
        "nd",
    ),
    *("k.A.", "k. A.", "n.v.", "n. v.", "Lücke"),  # German: not stated, not available
    *("s/d", "S/D", "s.d.", "sin dato", "n.c.", "n.r.", "b.d.", "b/d"),  # Spanish, French, Polish
    *("unavailable", "Unavailable", "UNAVAILABLE", "unknown", "Unknown", "UNKNOWN", "not available", "Not available"),
    *("no data", "No data", "NO DATA", "No Data", "nodata", "NoData", "NODATA", "undefined", "void", "offline", "N.D."),
    *(
        "#NV",
        "#WERT!",
        "#BEZUG!",
        "#ZAHL!",
        "#VALEUR!",
        "#NOMBRE!",
        "#\u00a1DIV/0!",
        "#\u00a1VALOR!",
        "#\u00a1REF!",
        "#N/D",
        "#VALOR!",
    ),
    *("fehlt", "fehlend", "brak", "brak danych", "\u043d/\u0434", "\u043d\u0435\u0442 \u0434\u0430\u043d\u043d\u044b\u0445"),
    *("\u6b20\u6e2c", "\u7121", "\u65e0", "\u6682\u65e0\u6570\u636e", "\uc5c6\uc74c", "\u00d7"),  # Japanese, Chinese, Korean
    *("Bad Input", "I/O Timeout", "Calc Failed", "Pt Created", "Over Range", "Under Range", "Comm Fail", "No Good Data"),
    *("<LOD", "<LOQ", "<DL", "< LOD", "< LOQ", "INVALID", "Invalid", "1.#QNAN", "-1.#IND", "1.#INF"),
    *("*", "**", "***", "****", "*****", ":", "…", "...", "\u2013", "\u2014", "\u2212", "#", "/", "//", "///"),
)
# below or above the limits of measurement or publication: <1, < 0.5, >100
CENSORED = r"^[<>≤≥]\s*\d+([.,]\d+)?\s*%?$"
# the same as words, as glucose meters write it; such words also name categories, so they count only among many numbers
CENSORED_WORDS = r"(?i)^(?:low|lo|high|hi|niedrig|hoch|bas|haut|élevé|bajo|alto|basso|laag|hoog|låg|hög|lav|høy|høj|baixo)$"


def split_markers(named: Iterable[str]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Split the markers of --missing into (texts, numbers)."""
    texts, numbers = [], []
    for marker in named:
        plain = marker.strip()
        if re.fullmatch(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?", plain):
            numbers.append(float(plain.replace(",", ".")))
        texts.append(plain)
    return tuple(texts), tuple(numbers)


def without_named(table: Table, names: Iterable[str], markers: tuple[str, ...], notes: Notes) -> Table:
    """Make the numbers that --missing names missing in the columns `names`, and report how many there were."""
    _, numbers = split_markers(markers)
    if not numbers:
        return table
    found = {}
    count, first = 0, table.rows
    numeric, rounded = set(table.columns.numeric), np.array(numbers, np.float32)
    for name in where(
        table,
        [n for n in dict.fromkeys(names) if n in numeric],
        lambda v: np.asarray(np.isin(v.astype(np.float32), rounded).any(1)),
    ):
        column = table.columns[name]
        hit = np.isin(column.values, np.array(numbers).astype(column.values.dtype))
        if hit.any():
            count, first = count + int(hit.sum()), min(first, int(np.argmax(hit)))
            found[name] = replace(column, values=np.where(hit, np.array(np.nan, column.values.dtype), column.values))
    notes.repair("values named with --missing: treated as missing", count, table.where(first) if count else "")
    return table.with_columns(found)
