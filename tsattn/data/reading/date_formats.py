"""Texts -> timestamps. A format is one regular expression, applied to the distinct texts of a column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from tsattn.data import arrow
from tsattn.data.reading.date_parts import NAIVE, NAT, DateParts
from tsattn.data.reading.missing import NULLS
from tsattn.data.reading.month_names import weekday_names

__all__ = ["FORMATS", "NAIVE", "NAT", "Parsed", "are_hardly_dates", "parse_texts", "times_of_day"]

_ZONE = r"(?P<z>[zZ]|[A-Za-z]{3,4}|(?:utc|UTC|gmt|GMT)? ?[+\x{2212}-]\d{1,2}(?::?\d{2})?)?(?: ?[\[(][^\])]*[\])])?$"
_TIME = (
    r"(?P<h>\d{1,2})(?:[:h.](?P<mi>\d{2}))?(?:[:.](?P<s>\d{2})(?:[.,:](?P<f>\d{1,9}))?)?"
    r"\s*(?:[Uu]hr|(?P<ap>[AaPp]\.?[Mm]\.?))?"
)
_CLOCK = rf"(?:[tT ,:_@]+(?:- )?{_TIME})?\s*" + _ZONE
_NAME = r"(?P<mon>\p{L}{3,14})"
_SEP = r"[ ./,'-]*"
_DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|o|a)?"
_DATE_SEP = r"[-/.]"
_DOT_SEP = r" ?[-/.] ?"
_Y2 = r"(?P<y>\d{4}|\d{2})"
# style -> pattern of texts in lower case, without accents, with single spaces. They are tried in this order; a text belongs to
# the first that matches it and gives a real date. The groups are those of DateParts: to add a format, add a line.
FORMATS: dict[str, str] = {
    "2000-01-31": rf"^(?P<y>\d{{4}}){_DATE_SEP}(?P<m>\d{{1,2}}){_DATE_SEP}(?P<d>\d{{1,2}})" + _CLOCK,
    "2000. 1. 31.": r"^(?P<y>\d{4})\. ?(?P<m>\d{1,2})\. ?(?P<d>\d{1,2})\." + _CLOCK,
    "day/month": rf"^(?P<a>\d{{1,2}}){_DOT_SEP}(?P<b>\d{{1,2}}){_DOT_SEP}{_Y2}\.?" + _CLOCK,
    "Jan 31 2000": rf"^{_NAME}{_SEP}{_DAY}(?:,\s*|[ -/]+)(?P<y>\d{{4}})" + _CLOCK,
    "31 Jan 2000": rf"^{_DAY}{_SEP}{_NAME}{_SEP}{_Y2}" + _CLOCK,
    "2000 Jan 31": rf"^(?P<y>\d{{4}}){_SEP}{_NAME}{_SEP}(?P<d>\d{{1,2}})" + _CLOCK,
    "Jan 31 00:00:00 2000": rf"^{_NAME} +(?P<d>\d{{1,2}}) +{_TIME} *(?P<z>[a-z]{{3,4}})? +(?P<y>\d{{4}})$",
    "Jan 2000": rf"^{_NAME}{_SEP}(?P<y>\d{{4}})$",
    "2000 Jan": rf"^(?P<y>\d{{4}}){_SEP}{_NAME}\.?$",
    "Jan-00": rf"^{_NAME}[-./' ]+(?P<y>\d{{2}})$",
    "2000-01": r"^(?P<y>\d{4})(?:[-/.][m]?(?P<m>\d{1,2})|[m]?(?P<mm>\d{2}))$",
    "2000m1": r"^(?P<y>\d{4})[- ]?m(?P<m>\d{1,2})$",
    "m1 2000": r"^m(?P<m>\d{1,2})[- /](?P<y>\d{4})$",
    "01/2000": r"^0?(?P<m>\d{1,2})[-/.](?P<y>\d{4})$",
    "2000/01": r"^(?:fy ?)?(?P<y>\d{4}) ?[-/\x{2013}] ?(?P<y2>\d{4}|\d{2})$",
    "FY2000": r"^fy[ '-]?(?P<y>\d{4}|\d{2})$",
    "FY00/01": r"^fy[ '-]?(?P<y>\d{2})[-/](?P<y2>\d{2})$",
    "2000Q1": r"^(?:fy ?)?(?P<y>\d{4})[-_ /:.,]*(?:[qtk]|qtr ?|quarter ?|trim(?:estre)? ?|quartal ?)(?P<q>[1-4])$",
    "2000 1Q": r"^(?:fy ?)?(?P<y>\d{4})[-_ /:.]+(?P<q>[1-4])[.o]?[ -]?(?:[qtk]|quarter|trimestre|quartal)$",
    "Q1 2000": r"^(?:q|[tk] ?|qtr ?|quarter ?|trim(?:estre)? ?|quartal ?)(?P<q>[1-4])[-_ /:.,']*(?:fy ?)?(?P<y>\d{4})$",
    "Q1/00": r"^[qtk](?P<q>[1-4])[-_ /:.']+(?:fy ?)?(?P<y>\d{2})$",
    "1Q00": r"^(?P<q>[1-4])[qtk][-_ /.']*(?:fy ?)?(?P<y>\d{4}|\d{2})$",
    "FY00Q1": r"^fy[ '-]?(?P<y>\d{2})[- /]?q(?P<q>[1-4])$",
    "1. Quartal 2000": r"^(?P<q>[1-4])(?:\.|st|nd|rd|th|er|o|e|eme)? ?"
    r"(?:qtr|quarter|trim(?:estre)?|quartal|kwartaal|kwartal|kvartal|kw),?[ /]*(?P<y>\d{4})\.?$",
    "2000H1": r"^(?:fy ?)?(?P<y>\d{4})[-_ /:.]*(?:h|s|hy)(?P<hf>[12])$",
    "H1 2000": r"^(?:h|s|hy|semester ?|semestre ?)(?P<hf>[12])[-_ /:.']+(?:fy ?)?(?P<y>\d{4}|\d{2})$",
    "H12000": r"^h(?P<hf>[12])(?P<y>\d{4})$",
    "1H00": r"^(?P<hf>[12])(?:h|s|hy)[-_ /.']*(?P<y>\d{4}|\d{2})$",
    "1. Halbjahr 2000": r"^(?P<hf>[12])(?:\.|st|nd|er|o|e|eme)? ?(?:half|semestre|halbjahr|sem)[ /]*(?P<y>\d{4})$",
    "2000-W01": r"^(?P<y>\d{4})[-_ /]?(?:w|kw|cw|wk|u|v|week|woche|uge|vecka) ?(?P<w>\d{1,2})(?:-?(?P<wd>[1-7]))?$",
    "2000-S01": r"^(?P<y>\d{4})[- ]?(?:s|sem|semaine|semana) ?(?P<w>\d{2})$",
    "W01 2000": r"^(?:w|kw|cw|wk|week|woche|uge|vecka|semaine|semana|settimana|tydzien|viikko|hafta)[ .]*(?P<w>\d{1,2})"
    r"[-_ /,.]+(?P<y>\d{4})$",
    "S01 2000": r"^(?:s|sem\.?) ?(?P<w>\d{2})[-_ /]+(?P<y>\d{4})$",
    "1. KW 2000": r"^(?P<w>\d{1,2})\.? ?(?:kw|woche|week|semaine|semana|settimana|tydzien|uge|vecka)[ /]*(?P<y>\d{4})$",
    "2000-031": r"^(?P<y>\d{4})[-/ ]?(?P<doy>\d{3})(?:[t ](?P<h>\d{2}):(?P<mi>\d{2})(?::(?P<s>\d{2}))?)?$",
    "20000131": r"^(?P<y>[1-9]\d{3})(?P<m>\d{2})(?P<d>\d{2})"
    r"(?:[t _-]?(?P<h>\d{2}):?(?P<mi>\d{2})?:?(?:(?P<s>\d{2})(?:\.?(?P<f>\d{3}|\d{6}))?)?)?(?P<z>z|[+-]\d{2}:?\d{2})?$",
    "31012000": r"^(?P<a>\d{2})(?P<b>\d{2})(?P<y>(?:19|20)\d{2})(?:[ _]+(?P<h>\d{2}):?(?P<mi>\d{2}))?$",
    "2000": r"^(?P<y>[1-9]\d{3})$",
    "2000年1月31日": r"^(?P<y>\d{4}) ?[年년]\.? ?(?P<m>\d{1,2}) ?[月월](?: ?(?P<d>\d{1,2}) ?[日일])?(?: \(.\))?"
    r"(?: *(?P<h>\d{1,2}) ?[:時时시]"
    r" ?(?:(?P<mi>\d{1,2}) ?[分분]?)?(?::?(?P<s>\d{2}) ?[秒초]?)?)?$",
    "2000年1季度": r"^(?P<y>\d{4}) ?年 ?第?(?P<q>[1-4]) ?季度?$",
    "2000年": r"^(?P<y>\d{4}) ?[年년]度?$",
}
_FEW = 500
_SOME = 400  # of many names, tested first
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925}  # the year before the first year of each era
_BOTH_WAYS = ("day/month", "31012000")
_SHORT_YEAR_FIRST = {
    "00-01-31": rf"^(?P<y>\d{{2}}){_DATE_SEP}(?P<m>\d{{1,2}}){_DATE_SEP}(?P<d>\d{{1,2}})" + _CLOCK,
    "00-Jan-31": rf"^(?P<y>\d{{2}}){_SEP}{_NAME}{_SEP}(?P<d>\d{{1,2}})" + _CLOCK,
    "000131": r"^(?P<y>\d{2})(?P<m>\d{2})(?P<d>\d{2})$",
}
# styles so short that they may be product codes: they need a column name for time, or an even grid
COMPACT = frozenset(
    ("1Q00", "1H00", "Q1/00", "FY2000", "FY00/01", "FY00Q1", "2000/01", "2000-031", "Jan-00", "H1 2000", "31012000")
)
_RANGES = (
    r"^[\[(]?(?P<first>.{6,}?) (?:-|\x{2013}|\x{2014}|to|bis|until|till|au|al|ate|do|~) (?P<last>.{4,}?)[\])]?$",
    r"^[\[(](?P<first>.{8,}?), ?(?P<last>.{8,}?)[\])]$",
    r"^(?P<first>\d{4}-\d{2}-\d{2}[^/]*)/(?P<last>[^/]{8,})$",
    r"^(?P<first>.{8,}?\d) ?[-\x{2013}] ?(?P<last>\d{1,2}[:.]\d{2}(?:[:.]\d{2})?)$",
)
_TIME_OF_DAY = rf"^{_TIME}(?: ?(?:-|\x{{2013}}|to|bis) ?\d{{1,2}}(?:[:h.]\d{{2}})?(?:[:.]\d{{2}})?\s*(?:[ap]m)?)?$"


@dataclass(frozen=True, eq=False)
class Parsed:
    """Distinct texts as timestamps. wall: (u,) datetime64[us] wall clock as written, NaT where `failed` or missing.

    other: the same with day and month swapped, where the format allows both (`wall` has the day first), else None.
    year_first: the same with the year first, where every text has a year of two digits that may be first, else None.
    offset: (u,) microseconds from UTC, NAIVE where none is written. styles: the keys of FORMATS that occur.
    """

    wall: np.ndarray
    other: np.ndarray | None
    offset: np.ndarray
    failed: np.ndarray
    styles: tuple[str, ...]
    year_first: np.ndarray | None = None


def parse_texts(labels: Any, date_order: str | None = None) -> Parsed:
    """Parse an Arrow array of distinct trimmed strings."""
    import pyarrow.compute as pc

    left = ~arrow.values(pc.is_in(labels, value_set=arrow.strings(NULLS)), True)
    labels = _western(_spaced_ranges(labels))
    work = _Work(len(labels), left.copy())
    formats = {**_SHORT_YEAR_FIRST, **FORMATS} if date_order == "ymd" else FORMATS
    if date_order != "ymd":
        work.try_format("2000-01-31", FORMATS["2000-01-31"], labels)
    if work.left.any():
        at = np.flatnonzero(work.left)
        texts = normalized(labels if len(at) == len(labels) else labels.take(arrow.integers(at)))
        inner = _Work(len(at), arrow.values(pc.match_substring_regex(texts, r"\d.*\d"), False).astype(bool))
        without = ~inner.left  # no format has fewer than two digits
        if _all_fiscal(texts):
            formats = {"2000/01": FORMATS["2000/01"]}
        for style, pattern in formats.items():
            inner.try_format(style, pattern, texts)
        _without_weekdays(inner, texts, formats)
        _ranges(inner, texts, date_order)
        _days_without_year(inner, texts)
        inner.left |= without
        work.take(at, inner)
    return work.parsed(left, date_order)


def are_hardly_dates(names: Sequence[str], date_order: str | None = None) -> bool:
    """Return True if fewer than a tenth of some of many names are dates: then all of them need not be parsed."""
    if len(names) < 5 * _SOME:
        return False
    # steps of the golden ratio: names of dates that take turns with others are met as often as they occur
    some = sorted({int(k * 0.6180339887498949 % 1 * len(names)) for k in range(_SOME)})
    return float(parse_texts(arrow.strings([names[k] for k in some]), date_order).failed.mean()) > 0.9


class _Work:
    """State of u distinct texts while the formats are tried one after another; `left` marks those not read yet."""

    def __init__(self, size: int, left: np.ndarray) -> None:
        self.left = left
        self.wall, self.other, self.year_first = (np.full(size, NAT) for _ in range(3))
        self.offset = np.full(size, NAIVE)
        self.styles: list[str] = []

    def try_format(self, style: str, pattern: str, texts: Any) -> None:
        """Read the texts that are left and match the pattern."""
        import pyarrow.compute as pc

        at = np.flatnonzero(self.left)
        if not len(at):
            return
        some = texts if len(at) == len(texts) else texts.take(arrow.integers(at))
        if not _may_match(pattern, some):
            return
        groups = pc.extract_regex(some, pattern)
        hit = arrow.values(groups.is_valid()).astype(bool)
        if not hit.any():
            return
        at = at[hit]
        parts = DateParts(groups.filter(arrow.bits(hit)))
        if style in _BOTH_WAYS:
            one, two = parts.stamps(month="b", day="a"), parts.stamps(month="a", day="b")
        else:
            one = two = parts.stamps()
        turned = _year_first(style, parts)
        good = ~(np.isnat(one) & np.isnat(two) & (np.isnat(turned) | (style not in _BOTH_WAYS)))
        if not good.any():
            return
        at = at[good]
        self.wall[at], self.other[at], self.year_first[at] = one[good], two[good], turned[good]
        self.offset[at] = parts.offset()[good]
        self.left[at] = False
        self.styles.append(style)

    def take(self, at: np.ndarray, inner: _Work) -> None:
        """Copy the results of `inner` to the texts `at`."""
        for name in ("wall", "other", "year_first", "offset", "left"):
            getattr(self, name)[at] = getattr(inner, name)
        self.styles += [s for s in inner.styles if s not in self.styles]

    def parsed(self, counted: np.ndarray, date_order: str | None) -> Parsed:
        both = bool(set(self.styles) & set(_BOTH_WAYS))
        seen = counted & ~self.left
        turned = bool(seen.any()) and not np.isnat(self.year_first[seen]).any()
        if not turned or date_order is not None:
            # a date that is valid only with the year first, such as 99/12/31, fails here; --date-order ymd reads it
            bad = seen & np.isnat(self.wall) & np.isnat(self.other)
            self.left |= bad
        return Parsed(
            self.wall,
            self.other if both else None,
            self.offset,
            self.left,
            tuple(self.styles),
            self.year_first if turned and date_order is None else None,
        )


def _year_first(style: str, parts: DateParts) -> np.ndarray:
    """Return the dates with year and day swapped, NaT where the year has four digits or the style does not allow it."""
    if style == "day/month":
        return np.where(parts.short("y") & ~parts.one_digit("y"), parts.stamps(year="a", month="b", day="y"), NAT)
    if style == "31 Jan 2000":
        return np.where(parts.short("y"), parts.stamps(year="d", day="y"), NAT)
    return np.full(len(parts.offset()), NAT)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile the pattern for Python's engine, once; Arrow compiles it at each call."""
    return re.compile(re.sub(r"\\x\{(\w{4})\}", r"\\u\1", pattern.replace(r"\p{L}", r"[^\W\d_]")))


def _may_match(pattern: str, texts: Any) -> bool:
    """Return False if none of a few texts matches; True for many texts, which Arrow tests faster."""
    return len(texts) > _FEW or any(map(_compiled(pattern).search, texts.to_pylist()))


def normalized(texts: Any) -> Any:
    """Convert texts to lower case, without accents, with single spaces, "am" for "a.m.", and without "de", "of" and the like."""
    import pyarrow.compute as pc

    text = pc.utf8_lower(texts)
    if not pc.all(pc.string_is_ascii(text)).as_py():
        text = pc.replace_substring_regex(pc.utf8_normalize(text, form="NFKD"), r"\p{M}+", "")
        text = pc.utf8_normalize(text, form="NFC")
        text = pc.replace_substring_regex(text, r"[\x{200e}\x{200f}\x{feff}\x{00a0}\x{202f}]+", " ")
    if not _may_match(r"[\s.'][^\d]", text):
        return text
    text = pc.replace_substring_regex(text, r"\s+", " ")
    text = pc.replace_substring_regex(text, r"([\d ])([ap])\.? ?m\b\.?", r"\1\2m")
    text = pc.replace_substring_regex(text, r" (?:(?:de|del|of|do|den) |d')", " ")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(text, r"^ ?(?:den|le|am|el|il|vom|du|dne) ", ""))


def _without_weekdays(work: _Work, texts: Any, formats: dict[str, str]) -> None:
    """Try the formats again without a weekday's name before or after the date."""
    import pyarrow.compute as pc

    at = np.flatnonzero(work.left)
    if not len(at):
        return
    names = "|".join(weekday_names())
    some = texts.take(arrow.integers(at))
    if not _may_match(rf"\b(?:{names})\b", some):
        return
    bare = pc.replace_substring_regex(some, rf"^(?:{names})[.,]* +|[ ,]+[(\[]?(?:{names})\.?[)\]]?$", "")
    inner = _Work(len(at), arrow.values(pc.not_equal(bare, some), False).astype(bool))
    unchanged = ~inner.left
    for style, pattern in formats.items():
        inner.try_format(style, pattern, bare)
    inner.left |= unchanged
    work.take(at, inner)


def _ranges(work: _Work, texts: Any, date_order: str | None) -> None:
    """Read "01.01.2024 00:00 - 01.01.2024 01:00" as its start; the end must be a later date or time of day."""
    import pyarrow.compute as pc

    for pattern in _RANGES:
        at = np.flatnonzero(work.left)
        if not len(at):
            return
        some = texts.take(arrow.integers(at))
        if not _may_match(pattern, some):
            continue
        groups = pc.extract_regex(some, pattern)
        hit = arrow.values(groups.is_valid()).astype(bool)
        if not hit.any():
            continue
        at, groups = at[hit], groups.filter(arrow.bits(hit))
        first = parse_texts(pc.struct_field(groups, "first"), date_order)
        ends = pc.struct_field(groups, "last")
        last = parse_texts(ends, date_order)
        day = first.wall.astype("datetime64[D]").astype("datetime64[us]")
        clock = times_of_day(ends)[0]
        clock = np.where(clock == np.timedelta64(0), np.timedelta64(1, "D"), clock)
        later = np.where(last.failed, day + clock, last.wall) > first.wall
        if first.other is not None:
            later |= (first.other < last.other) if last.other is not None else ~np.isnat(first.other) & ~np.isnat(clock)
        inner = _Work(len(at), first.failed | ~later)
        inner.wall, inner.offset = first.wall, first.offset
        inner.other = first.wall if first.other is None else first.other
        inner.styles = list(first.styles)
        work.take(at, inner)


def _spaced_ranges(texts: Any) -> Any:
    """Write "00:00-01:00" as "00:00 - 01:00" where three or more ends occur, so that none is taken for a UTC offset."""
    import pyarrow.compute as pc

    pattern = r"(\d{2}:\d{2})-(\d{2}:\d{2})$"
    if not pc.any(pc.match_substring_regex(texts.slice(0, 20), pattern)).as_py():
        return texts
    ends = pc.extract_regex(texts, r"\d{2}:\d{2}-(?P<end>\d{2}:\d{2})$").drop_null()
    if len(pc.unique(pc.struct_field(ends, "end"))) < 3:
        return texts
    return pc.replace_substring_regex(texts, pattern, r"\1 - \2")


def _western(texts: Any) -> Any:
    """Convert years of Japanese eras: 令和6年 becomes 2024年."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pc.any(pc.match_substring_regex(texts.slice(0, 20), "|".join(_ERAS))).as_py():
        return texts

    def year(found: re.Match[str]) -> str:
        return f"{_ERAS[found[1]] + (1 if found[2] == '元' else int(found[2]))}年"

    era = re.compile(rf"({'|'.join(_ERAS)}) ?(元|\d{{1,2}}) ?年")
    return pc.if_else(
        pc.is_null(texts), pa.scalar(None, pa.string()), arrow.strings([era.sub(year, t or "") for t in texts.to_pylist()])
    )


def _all_fiscal(texts: Any) -> bool:
    """Return True if three or more texts are all pairs of consecutive years: 2010-11, 2011-12, 2012-13."""
    import pyarrow.compute as pc

    if len(texts) < 3 or not pc.all(pc.match_substring_regex(texts.slice(0, 50), r"^\d{4}[-/]\d{2}$")).as_py():
        return False
    trial = _Work(len(texts), np.ones(len(texts), bool))
    trial.try_format("2000/01", FORMATS["2000/01"], texts)
    return not trial.left.any()


def _days_without_year(work: _Work, texts: Any) -> None:
    """Mark as unread the months whose number counts days, as in Jan-01, Jan-02, Jan-03: the year is not written."""
    import pyarrow.compute as pc

    if "Jan-00" not in work.styles:
        return
    groups = pc.extract_regex(texts, FORMATS["Jan-00"])
    at = np.flatnonzero(arrow.values(groups.is_valid()))
    parts = DateParts(groups.take(arrow.integers(at)))
    number = parts.number("y", 0)
    month = parts.stamps().astype("datetime64[M]").astype(np.int64) % 12
    one_month, next_day = np.diff(month) == 0, np.abs(np.diff(number)) == 1
    if len(at) > 1 and np.mean(one_month & next_day) >= 0.5:
        work.left[at], work.wall[at], work.other[at] = True, NAT, NAT


def times_of_day(texts: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return ((u,) timedelta64[us] since midnight, (u,) bool failed) of texts such as 18:00, 18.00.00, 6 PM or 18:00 - 19:00."""
    import pyarrow.compute as pc

    out = np.full(len(texts), np.timedelta64("NaT", "us"))
    groups = pc.extract_regex(normalized(texts), _TIME_OF_DAY)
    hit = arrow.values(groups.is_valid()).astype(bool)
    if hit.any():
        parts = DateParts(groups.filter(arrow.bits(hit)))
        written = parts.filled("mi") | parts.filled("ap")
        out[hit] = np.where(written, parts.time_of_day(), np.timedelta64("NaT", "us"))
    return out, np.isnat(out)
