"""Names of columns that hold a year, a quarter or a month between other words, as offices and accountants write them."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tsattn.data.reading.month_names import month_numbers, months_among
from tsattn.data.reading.name_shapes import names_shaped

_FEWEST = 3  # periods that show that numbers in names are periods
_SOME = 400  # of many names, tested first
_MOST_DIGITS = 14  # in a name with brackets
_CACHED = 1 << 12  # names in the cache
_FIRST_YEAR, _LAST_YEAR, _PIVOT = 1800, 2100, 69  # years of two digits stand for 1969 to 2068
_YEAR_WORDS = {"", "y", "yr", "year", "x", "fy", "jahr", "ano", "anno", "annee"}  # words whose numbers are certainly years
_ACTUAL = {"a", "act", "actual", "actuals", "ist"}
_EXPECTED = {
    "e",
    "f",
    "b",
    "p",
    "est",
    "estimate",
    "budget",
    "forecast",
    "fcst",
    "plan",
    "proj",
    "projected",
    "projection",
    "soll",
}


@dataclass(frozen=True)
class PeriodNames:
    """Columns that are named by periods.

    periods: name -> its period as text, 2005, 2018-01 or 2018-Q1, in the order of the columns. measures: name -> the words beside
    its period; {} if there is one measure. sums: years among their quarters or months. expected: budgets and estimates of periods
    after those that are marked as actual.
    """

    periods: dict[str, str]
    measures: dict[str, str]
    sums: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Split:
    """A name split at its period. months: from year 0 to the start of the period; length: months of it, 1, 3 or 12."""

    name: str
    measure: str
    months: int
    length: int

    @property
    def text(self) -> str:
        year, month = divmod(self.months, 12)
        return f"{year}" if self.length == 12 else f"{year}-Q{month // 3 + 1}" if self.length == 3 else f"{year}-{month + 1:02d}"


def periods_within(names: Sequence[str], fewest: int = _FEWEST) -> PeriodNames | None:
    """Return the periods of names that differ in their period: MO012018 -> 2018-01, 2005 [persons] -> 2005, Jan-23/Budget.

    `fewest` or more periods must follow each other in equal steps, and half of the names or more must have one; else None.
    """
    splits = _splits(names)
    finer = [s for s in splits if s.length < 12]
    sums = tuple(s.name for s in splits if s.length == 12) if len(finer) >= _FEWEST else ()
    if len(sums) >= len(finer) or len({s.length for s in finer}) > 1:
        sums, finer = (), []
    splits = finer or splits
    expected = _expected(splits)
    splits = [s for s in splits if s.name not in expected]
    by_measure: dict[str, list[_Split]] = {}
    for split in splits:
        by_measure.setdefault("" if expected else split.measure, []).append(split)
    kept = {measure: some for measure, some in by_measure.items() if len(some) >= fewest and _follow(some)}
    every = {s.name: s for some in kept.values() for s in some}
    if not every or len(every) + len(sums) + len(expected) < len(names) / 2 or len({s.length for s in every.values()}) > 1:
        return None
    inside = [name for name in names if name in every]
    measures = {name: every[name].measure for name in inside} if len(kept) > 1 else {}
    return PeriodNames({name: every[name].text for name in inside}, measures, sums, tuple(expected))


@functools.lru_cache(_CACHED)
def holds_period(name: str) -> bool:
    """Return True for a name with a year, a quarter or a month of a year in it, such as Jan-23, Q1 2023 and Sales 2020."""
    return _split(name) is not None


def _splits(names: Sequence[str]) -> list[_Split]:
    """Return the names with a period; none if few of many names have one."""
    likely = names_shaped(names, lambda name: 2 <= sum(c.isdigit() for c in name) <= (_MOST_DIGITS if "(" in name else 6))
    some = likely[:: max(1, len(likely) // _SOME)]
    if 2 * sum(_split(name) is not None for name in some) < len(some):
        return []
    return [split for name in likely if (split := _split(name)) is not None]


@functools.cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    month = rf"(?<![^\W\d_])(?P<mon>{'|'.join(sorted(map(re.escape, month_numbers()), key=len, reverse=True))})(?![^\W\d_])\.?"
    year, either, between = r"(?P<y>\d{4})", r"(?P<y>\d{4}|\d{2})", r"[-/ .'_]{0,2}"
    quarter = r"(?P<q>[1-4])"
    within = (
        rf"{month}{between}{either}",
        rf"{year}{between}{month}",
        rf"(?<![^\W\d_])Q{quarter}{between}(?:FY[ ']?)?{either}",
        rf"(?<![^\W\d_]){quarter}Q{between}(?:FY[ ']?)?{either}",
        rf"(?:(?<![^\W\d_])FY[ ']?)?{year}{between}Q{quarter}",
        rf"{year}[-./_ M]?(?P<m>0[1-9]|1[0-2])",
        rf"(?P<m>0[1-9]|1[0-2])[-./_ ]?{year}",
        rf"(?<![^\W\d_])FY[ '-]?{either}",
        year,
    )
    beside = r"(?:\D|\([^()\d]*\d[^()]*\))"  # digits only in brackets: Index (2015=100) 2017M01
    return tuple(re.compile(rf"(?P<before>{beside}*?){one}(?P<after>{beside}*)", re.I) for one in within)


def _split(name: str) -> _Split | None:
    """Return the name split at the period that it holds, or None."""
    for pattern in _patterns():
        if (match := pattern.fullmatch(name)) is None:
            continue
        groups = match.groupdict()
        year = int(groups["y"])
        if len(groups["y"]) == 2:
            year += 2000 if year < _PIVOT else 1900
        if not _FIRST_YEAR <= year <= _LAST_YEAR:
            continue
        measure = " ".join(filter(None, (groups[side].strip(" -_./:;,|") for side in ("before", "after"))))
        if groups.get("mon"):
            month = months_among([groups["mon"].lower()]).get(groups["mon"].lower(), 0)
            return _Split(name, measure, 12 * year + month - 1, 1) if month else None
        if groups.get("q"):
            return _Split(name, measure, 12 * year + 3 * int(groups["q"]) - 3, 3)
        if groups.get("m"):
            return _Split(name, measure, 12 * year + int(groups["m"]) - 1, 1)
        return _Split(name, measure, 12 * year, 12)
    return None


def _expected(splits: Sequence[_Split]) -> list[str]:
    """Return the names that are marked as budgets or estimates, if the others are marked as actual and lie before them."""
    marks = {s.name: s.measure.lower().strip("().[] ") for s in splits}
    actual = [s for s in splits if marks[s.name] in _ACTUAL]
    expected = [s for s in splits if marks[s.name] in _EXPECTED]
    if not actual or not expected or len(actual) + len(expected) < len(splits):
        return []
    later = min(s.months for s in expected) > max(s.months for s in actual)
    return [s.name for s in expected] if later else []


def _follow(splits: Sequence[_Split]) -> bool:
    """Return True if the periods of one measure all rise or all fall, in equal steps or beside a word for year."""
    steps = [b.months - a.months for a, b in pairwise(splits)]
    ordered = min(steps) > 0 or max(steps) < 0
    return ordered and (len(set(steps)) == 1 or splits[0].measure.lower() in _YEAR_WORDS)
