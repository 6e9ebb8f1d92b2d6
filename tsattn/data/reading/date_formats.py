"""Texts and numbers -> timestamps. Every form is one regular expression over the distinct texts of a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tsattn.data import arrow
from tsattn.data.reading.missing import NULLS

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = (
    r"(?:[T ,]+(?P<h>\d{1,2})(?:[:h.](?P<mi>\d{2}))?(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?\s*(?P<ap>[AaPp]\.?[Mm]\.?)?)?"
    r"\s*(?P<z>Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$"
)
_WEEKDAY = r"^(?:(?:[Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un)[a-z]*\.?,?\s+)?"
_NAME = r"(?P<mon>[A-Za-z]{3,9})\.?"
_DATE_SEP = r"[-/.]"
# (style, pattern), tried in this order; a text belongs to the first that matches it and gives a real date
_FORMS = (
    ("2000-01-31", rf"^(?P<y>\d{{4}}){_DATE_SEP}(?P<m>\d{{1,2}}){_DATE_SEP}(?P<d>\d{{1,2}})" + _CLOCK),
    ("day/month", rf"{_WEEKDAY}(?P<a>\d{{1,2}}){_DATE_SEP}(?P<b>\d{{1,2}}){_DATE_SEP}(?P<y>\d{{4}}|\d{{2}})" + _CLOCK),
    ("Jan 31 2000", rf"{_WEEKDAY}{_NAME}[ -/]*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:,\s*|[ -/]+)(?P<y>\d{{4}})" + _CLOCK),
    ("31 Jan 2000", rf"{_WEEKDAY}(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[ -/]*{_NAME},?[ -/]*(?P<y>\d{{4}}|\d{{2}})" + _CLOCK),
    ("2000 Jan 31", rf"^(?P<y>\d{{4}})[ -/]+{_NAME}[ -/]+(?P<d>\d{{1,2}})" + _CLOCK),
    ("Jan 2000", rf"^{_NAME},?[ -/]*(?P<y>\d{{4}})$"),
    ("2000 Jan", rf"^(?P<y>\d{{4}})[ -/]*{_NAME}$"),
    ("Jan-00", rf"^{_NAME}[-' /]+(?P<y>\d{{2}})$"),
    ("2000-01", r"^(?P<y>\d{4})(?:[-/.][Mm]?(?P<m>\d{1,2})|[Mm]?(?P<mm>\d{2}))$"),
    ("01/2000", r"^(?P<m>\d{1,2})[-/.](?P<y>\d{4})$"),
    ("2000Q1", r"^(?P<y>\d{4})[- /:]?[Qq](?P<q>[1-4])$"),
    ("Q1 2000", r"^[Qq](?P<q>[1-4])[- /]?(?P<y>\d{4})$"),
    ("2000-W01", r"^(?P<y>\d{4})[- ]?[Ww](?P<w>\d{1,2})(?:-(?P<wd>[1-7]))?$"),
    (
        "20000131",
        r"^(?P<y>[1-9]\d{3})(?P<m>\d{2})(?P<d>\d{2})"
        r"(?:[T ]?(?P<h>\d{2}):?(?P<mi>\d{2})?:?(?P<s>\d{2})?)?(?P<z>Z|[+-]\d{2}:?\d{2})?$",
    ),
    ("2000", r"^(?P<y>[1-9]\d{3})$"),
)
_YMD_SHORT = ("00-01-31", rf"^(?P<y>\d{{2}}){_DATE_SEP}(?P<m>\d{{1,2}}){_DATE_SEP}(?P<d>\d{{1,2}})" + _CLOCK)
NAT = np.datetime64("NaT", "us")
NAIVE = np.iinfo(np.int64).min  # the offset of a text without one


@dataclass(frozen=True, eq=False)
class Parsed:
    """Distinct texts as timestamps. wall: (u,) datetime64[us] wall clock as written, NaT where `failed` or missing.

    other: the same with day and month the other way round, where the form allows both (`wall` has the day first), else None.
    offset: (u,) microseconds from UTC, NAIVE where none is written. styles: the forms that occur.
    """

    wall: np.ndarray
    other: np.ndarray | None
    offset: np.ndarray
    failed: np.ndarray
    styles: tuple[str, ...]


def parse_texts(labels: Any, date_order: str | None = None) -> Parsed:
    """Parse an Arrow array of distinct trimmed strings."""
    import pyarrow.compute as pc

    size = len(labels)
    wall = np.full(size, NAT)
    other: np.ndarray | None = None
    offset = np.full(size, NAIVE)
    left = ~arrow.values(pc.is_in(labels, value_set=arrow.strings(NULLS)), True)
    styles = []
    forms = (_YMD_SHORT, *_FORMS) if date_order == "ymd" else _FORMS
    for style, pattern in forms:
        at = np.flatnonzero(left)
        if not len(at):
            break
        groups = pc.extract_regex(labels if len(at) == size else labels.take(arrow.integers(at)), pattern)
        hit = arrow.values(groups.is_valid())
        if not hit.any():
            continue
        at = at[hit]
        fields = _Fields(groups.filter(arrow.bits(hit)))
        if style == "day/month":
            one, two = fields.stamps("a", "b"), fields.stamps("b", "a")
            other = np.full(size, NAT)
            # a date of another form reads the same either way
            good = ~(np.isnat(one) & np.isnat(two))
            other[at[good]] = two[good]
        else:
            one = fields.stamps("d", "m")
            good = ~np.isnat(one)
        if not good.any():
            continue
        wall[at[good]] = one[good]
        offset[at[good]] = fields.offset()[good]
        left[at[good]] = False
        styles.append(style)
    if other is not None:
        rest = np.isnat(other) & ~np.isnat(wall) if "day/month" in styles and len(styles) > 1 else np.zeros(size, bool)
        if len(styles) > 1:
            slashed = arrow.values(pc.match_substring_regex(labels, _FORMS[1][1]), False)
            rest &= ~slashed
        other[rest] = wall[rest]
    return Parsed(wall, other, offset, left, tuple(styles))


class _Fields:
    """The named groups of one pattern's matches as arrays."""

    def __init__(self, groups: Any) -> None:
        self._groups = groups
        self._names = [field.name for field in groups.type]
        self._size = len(groups)

    def text(self, name: str) -> Any:
        import pyarrow.compute as pc

        return pc.struct_field(self._groups, name)

    def number(self, name: str, default: int) -> np.ndarray:
        import pyarrow as pa
        import pyarrow.compute as pc

        if name not in self._names:
            return np.full(self._size, default, np.int64)
        text = self.text(name)
        text = pc.if_else(pc.equal(text, arrow.text("")), arrow.text(str(default)), text)
        return arrow.values(text.cast(pa.int64()), default)

    def filled(self, name: str) -> np.ndarray:
        import pyarrow.compute as pc

        return arrow.values(pc.not_equal(self.text(name), arrow.text("")), False).astype(bool)

    def stamps(self, day: str, month: str) -> np.ndarray:
        """datetime64[us], NaT where the fields are no date."""
        year = self.number("y", 0)
        if self._two_digits():
            year = np.where(year < 69, year + 2000, np.where(year < 100, year + 1900, year))
        if "w" in self._names:
            return self._weeks(year)
        if "q" in self._names:
            months = self.number("q", 1) * 3 - 2
        elif "mon" in self._names:
            months = self._month_names()
        else:
            months = self.number(month, 1)
            if "mm" in self._names:
                months = np.where(self.filled("mm"), self.number("mm", 1), months)
        return self._with_clock(_dates(year, months, self.number(day, 1)))

    def _two_digits(self) -> np.ndarray | bool:
        import pyarrow.compute as pc

        return bool(pc.any(pc.match_substring_regex(self.text("y"), r"^\d\d$")).as_py())

    def _weeks(self, year: np.ndarray) -> np.ndarray:
        """ISO weeks: week 1 holds January 4th."""
        fourth = _dates(year, np.ones_like(year), np.full_like(year, 4)).astype("datetime64[D]")
        monday = fourth - ((fourth.astype(np.int64) + 3) % 7).astype("timedelta64[D]")
        week = self.number("w", 1)
        stamps = (monday + ((week - 1) * 7 + self.number("wd", 1) - 1).astype("timedelta64[D]")).astype("datetime64[us]")
        return np.where((week >= 1) & (week <= 53), stamps, NAT)

    def _month_names(self) -> np.ndarray:
        import pyarrow.compute as pc

        names = pc.utf8_slice_codeunits(pc.utf8_lower(self.text("mon")), 0, 3)
        index = pc.index_in(names, value_set=arrow.strings(_MONTHS))
        return arrow.values(index, -1).astype(np.int64) + 1

    def _with_clock(self, date: np.ndarray) -> np.ndarray:
        import pyarrow as pa
        import pyarrow.compute as pc

        if "h" not in self._names:
            return date
        hour, minute, second = (self.number(n, 0) for n in ("h", "mi", "s"))
        bad = (minute > 59) | (second > 60) | (hour > 24) | ((hour == 24) & (minute + second > 0))
        if "ap" in self._names:
            half = pc.utf8_slice_codeunits(pc.utf8_lower(self.text("ap")), 0, 1)
            pm, am = (arrow.values(pc.equal(half, arrow.text(letter)), False) for letter in "pa")
            bad |= (pm | am) & ((hour < 1) | (hour > 12))
            hour = np.where(pm & (hour < 12), hour + 12, np.where(am & (hour == 12), 0, hour))
        if "mi" in self._names and "ap" in self._names:  # a bare number after a date is an hour only beside AM, PM or minutes
            bad |= ~self.filled("mi") & ~(pm | am) & (hour > 23)
        us = (hour * 3600 + minute * 60 + second) * 1_000_000
        if "f" in self._names:
            digits = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.fill_null(self.text("f"), arrow.text("")), 6, "0"), 0, 6)
            us = us + arrow.values(digits.cast(pa.int64()))
        return np.where(bad, NAT, date + us.astype("timedelta64[us]"))

    def offset(self) -> np.ndarray:
        """Microseconds from UTC as written, NAIVE where nothing is."""
        if "z" not in self._names:
            return np.full(self._size, NAIVE)
        zones = self.text("z").dictionary_encode()
        table = [_offset(z) for z in zones.dictionary.to_pylist()] + [NAIVE]
        return np.array(table, np.int64)[arrow.values(zones.indices, len(table) - 1)]


def _offset(text: str | None) -> int:
    if not text:
        return int(NAIVE)
    if text[0] not in "+-":
        return 0
    digits = text[1:].replace(":", "").ljust(4, "0")
    us = (int(digits[:2]) * 60 + int(digits[2:])) * 60_000_000
    return -us if text[0] == "-" else us


def _dates(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    """datetime64[us], NaT where there is no such day."""
    good = (year >= 1) & (year <= 9999) & (month >= 1) & (month <= 12) & (day >= 1)
    months = (np.where(good, year, 2000) - 1970) * 12 + np.where(good, month, 1) - 1
    first = months.astype("datetime64[M]")
    date = first.astype("datetime64[D]") + (np.where(good, day, 1) - 1).astype("timedelta64[D]")
    good &= date.astype("datetime64[M]") == first
    return np.where(good, date.astype("datetime64[us]"), NAT)


def parse_numbers(values: np.ndarray) -> tuple[np.ndarray, str] | None:
    """Whole numbers that are all dates: 20000131, 200001, 2000013123, years, or epochs in s, ms, us or ns.

    values: (n,) float, NaN = missing. -> (datetime64[us] (n,), form), or None.
    """
    seen = ~np.isnan(values)
    if not seen.any():
        return None
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    epoch = next((u for u, k in (("s", 1.0), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)) if 1e8 * k <= low and high < 1e10 * k), None)
    if not epoch and high >= 1e9 and -6e10 <= low < 1e8 and high < 1e10:
        epoch = "s"
    if epoch and not (high >= 1e9 and low < 1e8) and low < 1e8:
        epoch = None
    whole = np.where(seen, values, 0).astype(np.int64) if abs(low) < 2**62 and abs(high) < 2**62 else None
    if whole is None:
        return None
    fraction = bool(np.any(values[seen] != whole[seen]))
    out = np.full(len(values), NAT)
    if not fraction:
        for form, scale, bounds in (("20000131", 1, (10000101, 99991231)), ("2000013123", 100, (1000010100, 9999123123))):
            if bounds[0] <= low and high <= bounds[1]:
                date = whole[seen] // scale
                stamps = _dates(date // 10000, date // 100 % 100, date % 100)
                hours = whole[seen] % 100 if scale == 100 else np.zeros(1, np.int64)
                if not np.isnat(stamps).any() and hours.max() < 24:
                    out[seen] = stamps + (hours * 3_600_000_000).astype("timedelta64[us]")
                    return out, form
        if low >= 100001 and high <= 999912:
            stamps = _dates(whole[seen] // 100, whole[seen] % 100, np.ones(int(seen.sum()), np.int64))
            if not np.isnat(stamps).any():
                out[seen] = stamps
                return out, "200001"
        if low >= 1 and high <= 9999:
            out[seen] = _dates(whole[seen], np.ones(int(seen.sum()), np.int64), np.ones(int(seen.sum()), np.int64))
            return out, "2000"
    if epoch is None:
        return None
    factor = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}[epoch]
    us = np.round(values[seen] * factor) if fraction or factor < 1 else whole[seen] * int(factor)
    out[seen] = us.astype(np.int64).astype("datetime64[us]")
    return out, f"epoch {epoch}"
