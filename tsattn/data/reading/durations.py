"""Texts that are durations, such as 1:15:00, 2h 30m and PT5M, as numbers of seconds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tsattn.data.reading.columns import Column
from tsattn.data.reading.debit_marks import debit_marks
from tsattn.data.reading.missing import NULLS

_UNITS = {
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "std"), 3_600.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    "ms": 1e-3,
}
_AMOUNT = r"\d+(?:[.,]\d+)?"
_CLOCK = re.compile(r"(?:(\d+) ?d(?:ays?)?,? )?(\d+):([0-5]\d):([0-5]\d(?:[.,]\d+)?)")
_PAIR = re.compile(r"(\d+):([0-5]\d)")
_ISO = re.compile(rf"P(?=.*\d)(?:({_AMOUNT})W)?(?:({_AMOUNT})D)?(?:T(?:({_AMOUNT})H)?(?:({_AMOUNT})M)?(?:({_AMOUNT})S)?)?")
_WORD = rf"({_AMOUNT}) ?({'|'.join(sorted(_UNITS, key=len, reverse=True))})\.?"
_WORDS = re.compile(rf"(?:{_WORD}(?:,? |(?=\d)|$))+", re.IGNORECASE)
# headers that decide what 12:30 is
_MINUTES, _HOURS = re.compile(r"(?<![a-z:])m{1,2}:ss"), re.compile(r"(?<![a-z])h{1,2}:?mm(?!:)")


@dataclass(frozen=True)
class Durations:
    """A text column read as seconds. bad: row of the first text that is no duration. open: row of a text with two readings."""

    column: Column
    example: str
    count: int
    bad: int | None = None
    open: int | None = None


def as_durations(column: Column, missing: Sequence[str] = ()) -> Durations | None:
    """Convert a column of durations to seconds; None if less than half of its distinct texts are durations.

    1:15:00 has hours, minutes and seconds. A pair such as 12:30 has minutes and seconds if other values have hours too, or if the
    header says `mm:ss`, and hours and minutes if it says `hh:mm`; otherwise it is left open. Amounts with units need two
    units in the column: 30 m alone may be metres.
    """
    if column.kind != "text" or column.labels is None:
        return None
    nulls = {*NULLS, *missing}
    texts = ["" if text in nulls else text for text in column.texts()]
    seen = [text for text in texts if text]
    if debit_marks(seen) is not None:
        return None  # 207.71 S and 98.23 H are debit and credit
    values = [seconds_of(text) for text in texts]
    found = [text for text, value in zip(texts, values, strict=True) if text and value is not None]
    pairs = [text for text in seen if _PAIR.fullmatch(text.lstrip("+-"))]
    if 2 * (len(found) + len(pairs)) < len(seen) or not (found or pairs) or not _is_time(found, pairs):
        return None
    unit = _unit_of_pairs(column.name, any(_CLOCK.fullmatch(text.lstrip("+-")) for text in found))
    for i, text in enumerate(texts):
        if values[i] is None and unit and (pair := _PAIR.fullmatch(text.lstrip("+-"))):
            values[i] = _signed(text, unit * (60 * float(pair[1]) + float(pair[2])))
        elif values[i] is None and text == "0":
            values[i] = 0.0
    numbers = np.array([*(np.nan if value is None else value for value in values), np.nan])
    lacking = np.array([bool(text) and value is None for text, value in zip(texts, values, strict=True)])
    is_pair = np.array([bool(_PAIR.fullmatch(text.lstrip("+-"))) for text in texts])
    made = replace(column, kind="number", values=numbers[column.values], labels=None, spelt=None)
    count = int((~np.isnan(made.values)).sum())
    bad, doubtful = (_first(column, some) for some in (lacking & ~is_pair, lacking & is_pair))
    example = next(
        (text for text, value in zip(texts, values, strict=True) if text and value is not None), pairs[0] if pairs else ""
    )
    return Durations(made, example, count, bad, doubtful)


def seconds_of(text: str) -> float | None:
    """Return the seconds of a text; None if it is no duration, or a pair such as 12:30."""
    bare = text.lstrip("+-").strip()
    if clock := _CLOCK.fullmatch(bare):
        days, hours, minutes, seconds = (_number(part) for part in clock.groups())
        return _signed(text, 86_400 * days + 3_600 * hours + 60 * minutes + seconds)
    if iso := _ISO.fullmatch(bare):
        sizes = (604_800, 86_400, 3_600, 60, 1)
        return _signed(text, sum(size * _number(part) for size, part in zip(sizes, iso.groups(), strict=True)))
    if _WORDS.fullmatch(bare):
        parts = re.findall(_WORD, bare, re.IGNORECASE)
        return _signed(text, sum(_number(amount) * _UNITS[unit.lower()] for amount, unit in parts))
    return None


def _number(text: str | None) -> float:
    return float(text.replace(",", ".")) if text else 0.0


def _signed(text: str, value: float) -> float:
    return -value if text.startswith("-") else value


def _is_time(found: list[str], pairs: list[str]) -> bool:
    """Return False for amounts of a single unit, such as 30 m, which are numbers with a unit."""
    worded = [text for text in found if _WORDS.fullmatch(text.lstrip("+-").strip())]
    units = {_UNITS[unit.lower()] for text in worded for _, unit in re.findall(_WORD, text, re.IGNORECASE)}
    return len(worded) < len(found) or len(units) > 1 or bool(pairs)


def _unit_of_pairs(name: str, with_hours: bool) -> float:
    """Return the seconds of the second part of pairs such as 12:30: 1, 60, or 0 where that is open."""
    header = name.lower()
    if with_hours or _MINUTES.search(header):
        return 1.0
    return 60.0 if _HOURS.search(header) else 0.0


def _first(column: Column, labels: np.ndarray) -> int | None:
    rows = np.flatnonzero(np.append(labels, False)[column.values])
    return int(rows[0]) if len(rows) else None
