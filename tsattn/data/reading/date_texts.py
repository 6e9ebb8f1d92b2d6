"""Texts -> timestamps: the formats are tried one after another on the distinct texts of a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tsattn.data import arrow
from tsattn.data.reading.cell_spelling import plain_cells
from tsattn.data.reading.date_formats import BOTH_WAYS, FORMATS, RANGES, SHORT_RANGES, SHORT_YEAR_FIRST, TIME_OF_DAY
from tsattn.data.reading.date_parts import NAIVE, NAT, DateParts, are_periods, dates, in_one_century
from tsattn.data.reading.date_spelling import may_match, normalized, spaced_ranges, western, without_code
from tsattn.data.reading.missing import NULLS
from tsattn.data.reading.month_names import weekday_names
from tsattn.data.reading.thai_dates import from_thai

_FLAG = r"^(.*[\da-z]) ?(?:\((?:p|r|e|f|prov|prel|prelim|est|rev)\.?\)|\*{1,3}|[pref]| [pre]\d?/)$"
_BESIDE_WORD = (
    r"^(?P<word>[^\d,;\x{060c}]{1,24}?)[,;\x{060c}]* *(?P<rest>\d.*)$",
    r"^(?P<word>[^\d,;\x{060c}]{1,24})[,;\x{060c}] *(?P<rest>\p{L}.*\d.*)$",
    r"^(?P<rest>.*\d[.)]*)(?:,| ) *(?P<word>[^\d,;]{1,24})$",
)  # a word before or after a date
_SOME = 400  # of many names, tested first


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
    labels = without_code(western(from_thai(spaced_ranges(plain_cells(labels)))))
    work = _Work(len(labels), left.copy())
    formats = {**SHORT_YEAR_FIRST, **FORMATS} if date_order == "ymd" else FORMATS
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
        full = {style: pattern for style, pattern in formats.items() if style != "2000"}  # a year has no weekday
        _without_weekdays(inner, texts, full)
        _without_unknown_weekdays(inner, texts, full)
        _without_flags(inner, texts, formats)
        _ranges(inner, texts, date_order)
        _short_ranges(inner, texts, date_order)
        _days_without_year(inner, texts)
        _periods_of_years(inner, texts)
        _quarters_of_weeks(inner, texts)
        _quarters_of_months(inner, texts)
        inner.left |= without
        work.take(at, inner)
    return work.parsed(left, date_order)


def are_hardly_dates(names: Sequence[str], date_order: str | None = None) -> bool:
    """Return True if, in a sample of many names, fewer than a tenth are dates; the others then need no parsing."""
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
        self.short = np.zeros(size, bool)  # texts with a year of two digits
        self.styles: list[str] = []

    def try_format(self, style: str, pattern: str, texts: Any) -> None:
        """Read the texts that are left and match the pattern."""
        import pyarrow.compute as pc

        at = np.flatnonzero(self.left)
        if not len(at):
            return
        some = texts if len(at) == len(texts) else texts.take(arrow.integers(at))
        if not may_match(pattern, some):
            return
        groups = pc.extract_regex(some, pattern)
        hit = arrow.values(groups.is_valid()).astype(bool)
        if not hit.any():
            return
        at = at[hit]
        parts = DateParts(groups.filter(arrow.bits(hit)))
        if style in BOTH_WAYS:
            one, two = parts.stamps(month="b", day="a"), parts.stamps(month="a", day="b")
        else:
            one = two = parts.stamps()
        turned = _year_first(style, parts)
        good = ~(np.isnat(one) & np.isnat(two) & (np.isnat(turned) | (style not in BOTH_WAYS)))
        if not good.any():
            return
        at = at[good]
        self.wall[at], self.other[at], self.year_first[at] = one[good], two[good], turned[good]
        self.offset[at] = parts.offset()[good]
        self.short[at] = parts.short("y")[good] if "y" in parts.names else False
        self.left[at] = False
        self.styles.append(style)

    def take(self, at: np.ndarray, inner: _Work) -> None:
        """Copy the results of `inner` to the texts `at`."""
        for name in ("wall", "other", "year_first", "offset", "short", "left"):
            getattr(self, name)[at] = getattr(inner, name)
        self.styles += [s for s in inner.styles if s not in self.styles]

    def parsed(self, counted: np.ndarray, date_order: str | None) -> Parsed:
        both = bool(set(self.styles) & set(BOTH_WAYS))
        seen = counted & ~self.left
        turned = bool(seen.any()) and not np.isnat(self.year_first[seen]).any()
        if not turned or date_order is not None:
            # a date that is valid only with the year first, such as 99/12/31, fails here; --date-order ymd reads it
            bad = seen & np.isnat(self.wall) & np.isnat(self.other)
            self.left |= bad
        if self.short.any():
            self.wall, self.other = (in_one_century(stamps, self.short & seen) for stamps in (self.wall, self.other))
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


def _without_weekdays(work: _Work, texts: Any, formats: dict[str, str]) -> None:
    """Try the formats again without a weekday's name before or after the date."""
    import pyarrow.compute as pc

    names = "|".join(weekday_names())
    at, some = _left(work, texts, rf"\b(?:{names})\b")
    if not len(at):
        return
    bare = pc.replace_substring_regex(some, rf"^(?:{names})[.,]* +|[ ,]+[(\[]?(?:{names})\.?[)\]]?$", "")
    _retry(work, at, some, bare, formats)


def _without_unknown_weekdays(work: _Work, texts: Any, formats: dict[str, str]) -> None:
    """Read dates beside a word in any language if words and weekdays correspond one to one.

    The words must recur: there must be at least two more dates than words. The weekdays also decide the order of day and month.
    """
    import pyarrow.compute as pc

    at, some = _left(work, texts, r"^[^\d]|[^\d]$")
    if len(at) < 4:
        return
    for pattern in _BESIDE_WORD:
        groups = pc.extract_regex(some, pattern)
        if groups.null_count or len(pc.unique(pc.struct_field(groups.slice(0, _SOME), "word"))) > 7:
            continue
        inner = _Work(len(at), np.ones(len(at), bool))
        dates_alone = normalized(pc.struct_field(groups, "rest"))
        for style, tried in formats.items():
            inner.try_format(style, tried, dates_alone)
        codes = arrow.values(pc.struct_field(groups, "word").dictionary_encode().indices)
        orders = [wall for wall in (inner.wall, inner.other) if not inner.left.any() and _are_weekdays(codes, wall)]
        if orders:
            inner.wall, inner.other = orders[0], orders[-1]
            inner.year_first = np.full(len(at), NAT)
            work.take(at, inner)
            return


def _are_weekdays(codes: np.ndarray, wall: np.ndarray) -> bool:
    """Return True if the words (codes) and the weekdays of the dates correspond one to one, and recur."""
    if np.isnat(wall).any():
        return False
    days = wall.astype("datetime64[D]").astype(np.int64)
    pairs = np.unique(np.stack([codes, (days + 3) % 7], 1), axis=0)
    count = len(np.unique(codes))
    return 1 < count == len(pairs) == len(np.unique(pairs[:, 1])) and len(np.unique(days)) >= count + 2


def _without_flags(work: _Work, texts: Any, formats: dict[str, str]) -> None:
    """Retry the formats without the flag of a preliminary value, 2023 Q4 (p) or 2023/10 p1/, if other texts have no flag."""
    import pyarrow.compute as pc

    if work.left.sum() >= len(texts) / 2:
        return
    at, some = _left(work, texts, _FLAG)
    if len(at):
        _retry(work, at, some, pc.replace_substring_regex(some, _FLAG, r"\1"), formats)


def _left(work: _Work, texts: Any, pattern: str) -> tuple[np.ndarray, Any]:
    """Return the positions of the texts not yet read, and these texts; both empty if none of them may match the pattern."""
    at = np.flatnonzero(work.left)
    some = texts.take(arrow.integers(at))
    return (at, some) if len(at) and may_match(pattern, some) else (at[:0], some.slice(0, 0))


def _retry(work: _Work, at: np.ndarray, some: Any, bare: Any, formats: dict[str, str]) -> None:
    """Try the formats again on the texts `bare`, where they differ from the texts `some`, which are those at `at`."""
    import pyarrow.compute as pc

    inner = _Work(len(at), arrow.values(pc.not_equal(bare, some), False).astype(bool))
    unchanged = ~inner.left
    for style, pattern in formats.items():
        inner.try_format(style, pattern, bare)
    inner.left |= unchanged
    work.take(at, inner)


def _ranges(work: _Work, texts: Any, date_order: str | None) -> None:
    """Read "01.01.2024 00:00 - 01.01.2024 01:00" as its start; the end must be a later date or time of day."""
    import pyarrow.compute as pc

    for pattern in RANGES:
        at, some = _left(work, texts, pattern)
        if not len(at):
            continue
        groups = pc.extract_regex(some, pattern)
        hit = arrow.values(groups.is_valid()).astype(bool)
        if not hit.any():
            continue
        at, groups = at[hit], groups.filter(arrow.bits(hit))
        begins, ends = pc.struct_field(groups, "first"), pc.struct_field(groups, "last")
        zoned = "(?P<zone>" in pattern
        if zoned:  # (CET) belongs to both ends; of (CET/CEST), neither end is known to be in one
            suffix = pc.if_else(pc.equal(pc.struct_field(groups, "other"), ""), pc.struct_field(groups, "zone"), "")
            begins = pc.utf8_trim_whitespace(pc.binary_join_element_wise(begins, suffix, " "))
        first = parse_texts(begins, date_order)
        last = parse_texts(ends, date_order)
        day = first.wall.astype("datetime64[D]").astype("datetime64[us]")
        clock = times_of_day(ends)[0]
        clock = np.where(clock == np.timedelta64(0), np.timedelta64(1, "D"), clock)
        later = np.where(last.failed, day + clock, last.wall) > first.wall
        later |= zoned & ~first.failed & (last.wall == first.wall)  # the hour before clocks are set back
        if first.other is not None:
            later |= (first.other < last.other) if last.other is not None else ~np.isnat(first.other) & ~np.isnat(clock)
        inner = _Work(len(at), first.failed | ~later)
        inner.wall, inner.offset = first.wall, first.offset
        inner.other = first.wall if first.other is None else first.other
        inner.styles = list(first.styles)
        work.take(at, inner)


def _short_ranges(work: _Work, texts: Any, date_order: str | None) -> None:
    """Read ranges whose start has no year, such as "30 Dec - 5 Jan 2024", as their start, at most 366 days before the end."""
    import pyarrow.compute as pc

    for pattern, start, end in SHORT_RANGES:
        at, some = _left(work, texts, pattern)
        if not len(at):
            continue
        hit = arrow.values(pc.match_substring_regex(some, pattern), False).astype(bool)
        if not hit.any():
            continue
        at, some = at[hit], some.filter(arrow.bits(hit))
        first, last = (parse_texts(pc.replace_substring_regex(some, pattern, written), date_order) for written in (start, end))
        wall = _before(first.wall, last.wall)
        other = wall if first.other is None or last.other is None else _before(first.other, last.other)
        inner = _Work(len(at), first.failed | last.failed | (np.isnat(wall) & np.isnat(other)))
        inner.wall, inner.other, inner.offset, inner.styles = wall, other, first.offset, list(first.styles)
        work.take(at, inner)


def _before(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the starts, a year earlier where they lie after the ends; NaT where the end is not within a year after them."""
    months = first.astype("datetime64[M]")
    earlier = (months - 12).astype(first.dtype) + (first - months)
    start = np.where(first > last, earlier, first)
    good = (start <= last) & (last - start <= np.timedelta64(366, "D"))
    return np.where(good, start, NAT)


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


def _periods_of_years(work: _Work, texts: Any) -> None:
    """Read 2023/001 … 2024/012 as months: numbers that never exceed 16 over several years are accounting periods, not days.

    The closing periods 013 to 016 of a year are not months and are left unread.
    """
    import pyarrow.compute as pc

    if "2000-031" not in work.styles:
        return
    groups = pc.extract_regex(texts, FORMATS["2000-031"])
    at = np.flatnonzero(arrow.values(groups.is_valid()))
    parts = DateParts(groups.take(arrow.integers(at)))
    year, period = parts.year(), parts.number("doy", 1)
    if not are_periods(year, period):
        return
    months = dates(year, period, np.ones_like(year))
    work.wall[at] = work.other[at] = months
    work.left[at] = np.isnat(months)


def _quarters_of_weeks(work: _Work, texts: Any) -> None:
    """Read 2023KW01 … 2024KW04 and 1 kw 2023 … 4 kw 2024 as quarters: over several years no number exceeds 4."""
    import pyarrow.compute as pc

    style = next((s for s in ("2000-W01", "1. KW 2000") if s in work.styles), "")
    if not style:
        return
    short = r"^(?P<y>\d{4})kw0(?P<q>\d)$" if style == "2000-W01" else r"^(?P<q>[1-4])\.? ?kw[ /]*(?P<y>\d{4})$"
    groups = pc.extract_regex(texts, short)
    at = np.flatnonzero(arrow.values(groups.is_valid()))
    parts = DateParts(groups.take(arrow.integers(at)))
    year, quarter = parts.year(), parts.number("q", 1)
    weeks_too = pc.any(pc.match_substring_regex(texts, r"^\d{4}kw(?:[1-5]\d|0[5-9])$|^(?:[5-9]|[1-5]\d)\.? ?kw")).as_py()
    if not len(at) or weeks_too or len(np.unique(year)) < 2 or len(np.unique(quarter)) < 4 or quarter.max() > 4:
        return
    work.wall[at] = work.other[at] = dates(year, quarter * 3 - 2, np.ones_like(year))


def _quarters_of_months(work: _Work, texts: Any) -> None:
    """Read 2023-1 … 2025-4 as quarters: over three years or more no number exceeds 4, and none is absent between."""
    import pyarrow.compute as pc

    if set(work.styles) != {"2000-01"}:
        return
    groups = pc.extract_regex(texts, r"^(?P<y>\d{4})[-/.:]?0?(?P<q>[1-4])$")
    at = np.flatnonzero(arrow.values(groups.is_valid()))
    if len(at) < np.sum(~work.left):
        return
    parts = DateParts(groups.take(arrow.integers(at)))
    year, quarter = parts.year(), parts.number("q", 1)
    if len(np.unique(year)) > 2 and np.all(np.diff(np.unique(year * 4 + quarter)) == 1):
        work.wall[at] = work.other[at] = dates(year, quarter * 3 - 2, np.ones_like(year))


def times_of_day(texts: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return ((u,) timedelta64[us] since midnight, (u,) bool failed) of texts such as 18:00, 18.00.00, 6 PM or 18:00 - 19:00."""
    import pyarrow.compute as pc

    out = np.full(len(texts), np.timedelta64("NaT", "us"))
    groups = pc.extract_regex(normalized(plain_cells(texts)), TIME_OF_DAY)
    hit = arrow.values(groups.is_valid()).astype(bool)
    if hit.any():
        parts = DateParts(groups.filter(arrow.bits(hit)))
        written = parts.filled("mi") | parts.filled("ap")
        out[hit] = np.where(written, parts.time_of_day(), np.timedelta64("NaT", "us"))
    return out, np.isnat(out)
