"""Named groups of a date's pattern -> timestamps."""

from __future__ import annotations

from typing import Any

import numpy as np

from tsattn.data import arrow
from tsattn.data.reading.month_names import ZONE_NAMES, months_among

NAT = np.datetime64("NaT", "us")
NAIVE = np.iinfo(np.int64).min  # the offset of a text without one
_UNKNOWN = NAIVE + 1  # the offset of a zone's name that is not in the table
_MINUTE = 60_000_000
_NEAR = 5  # years between neighbouring dates, at most, that follow each other
PIVOT = 69  # years of two digits stand for 1969 to 2068


def dates(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Return datetime64[us] dates, NaT where there is no such day."""
    good = (year >= 1) & (year <= 9999) & (month >= 1) & (month <= 12) & (day >= 1)
    months = (np.where(good, year, 2000) - 1970) * 12 + np.where(good, month, 1) - 1
    first = months.astype("datetime64[M]")
    date = first.astype("datetime64[D]") + (np.where(good, day, 1) - 1).astype("timedelta64[D]")
    good &= date.astype("datetime64[M]") == first
    return np.where(good, date.astype("datetime64[us]"), NAT)


def weeks(year: np.ndarray, week: np.ndarray, weekday: np.ndarray) -> np.ndarray:
    """Return the days of ISO weeks, where week 1 contains January 4th; NaT where the year has no such week."""
    monday = _first_monday(year)
    stamps = (monday + ((week - 1) * 7 + weekday - 1).astype("timedelta64[D]")).astype("datetime64[us]")
    count = ((_first_monday(year + 1) - monday).astype(np.int64)) // 7
    return np.where((week >= 1) & (week <= count) & (weekday >= 1) & (weekday <= 7) & (year >= 1) & (year < 9999), stamps, NAT)


def _first_monday(year: np.ndarray) -> np.ndarray:
    fourth = dates(np.clip(year, 1, 9999), np.ones_like(year), np.full_like(year, 4)).astype("datetime64[D]")
    return fourth - ((fourth.astype(np.int64) + 3) % 7).astype("timedelta64[D]")


def days_of_year(year: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Return the dates of days 1 to 366 of a year; NaT where the year has no such day."""
    first = dates(year, np.ones_like(year), np.ones_like(year))
    stamps = first + (day - 1).astype("timedelta64[D]").astype("timedelta64[us]")
    good = (day >= 1) & (day <= 366) & (stamps.astype("datetime64[Y]") == first.astype("datetime64[Y]"))
    return np.where(good, stamps, NAT)


def in_one_century(stamps: np.ndarray, short: np.ndarray) -> np.ndarray:
    """Return the stamps with years of two digits moved from 20xx to 19xx, where years follow each other from 68 to 69.

    short: (n,) bool, True for stamps whose year was written with two digits, and was read as 1969 to 2068. The years of a column
    begin after the longest run of absent years: 55 … 99, 00 … 14 are 1955 to 2014.
    """
    years = stamps.astype("datetime64[Y]").astype(np.int64) + 1970
    written = np.unique(years[short & ~np.isnat(stamps)] % 100)
    if len(written) < 2 or written[0] >= PIVOT or written[-1] < PIVOT:
        return stamps
    if written[written >= PIVOT][0] - written[written < PIVOT][-1] > _NEAR:
        return stamps
    gaps = np.diff(np.append(written, written[0] + 100))
    start = int(np.roll(written, -1)[int(np.argmax(gaps))])
    if start >= PIVOT:
        return stamps
    early = short & (years % 100 >= start) & (years % 100 < PIVOT)
    months = stamps.astype("datetime64[M]")
    return np.where(early, (months - 1200).astype(stamps.dtype) + (stamps - months), stamps)


def are_periods(year: np.ndarray, number: np.ndarray) -> bool:
    """Return True if the numbers are accounting periods, 1 to 16, rather than days of the year."""
    return bool(len(year) > 3 and number.max() <= 16 and len(np.unique(number)) > 3 and len(np.unique(year)) > 1)


class DateParts:
    """Named groups of the matches of one pattern, as arrays.

    y year, m month, d day, q quarter, hf half-year, w ISO week, wd its day, doy day of the year, mon a month's name, y2 the
    second year of a fiscal one; h, mi, s, f (fraction), ap (am, pm) and z (zone) of the time of day.
    """

    def __init__(self, groups: Any) -> None:
        self._groups = groups
        self.names = [field.name for field in groups.type]
        self._size = len(groups)

    def text(self, name: str) -> Any:
        import pyarrow.compute as pc

        return pc.struct_field(self._groups, name)

    def number(self, name: str, default: int) -> np.ndarray:
        import pyarrow as pa
        import pyarrow.compute as pc

        if name not in self.names:
            return np.full(self._size, default, np.int64)
        text = self.text(name)
        text = pc.if_else(pc.equal(text, arrow.text("")), arrow.text(str(default)), text)
        return arrow.values(text.cast(pa.int64()), default)

    def filled(self, name: str) -> np.ndarray:
        import pyarrow.compute as pc

        return arrow.values(pc.not_equal(self.text(name), arrow.text("")), False).astype(bool)

    def year(self, name: str = "y") -> np.ndarray:
        """Return the years; two digits stand for 1969 to 2068."""
        year = self.number(name, 0)
        short = self.short(name)
        return np.where(short, np.where(year < PIVOT, year + 2000, year + 1900), year)

    def short(self, name: str) -> np.ndarray:
        """Return (n,) bool, True where a number has one or two digits."""
        import pyarrow.compute as pc

        return np.asarray(arrow.values(pc.utf8_length(self.text(name)), 4) <= 2)

    def one_digit(self, name: str) -> np.ndarray:
        import pyarrow.compute as pc

        return np.asarray(arrow.values(pc.utf8_length(self.text(name)), 4) < 2)

    def stamps(self, year: str = "y", month: str = "m", day: str = "d") -> np.ndarray:
        """Return datetime64[us], NaT where the groups are not a date. year, month, day: the groups that hold them."""
        years = self.year(year)
        if "w" in self.names:
            date = weeks(years, self.number("w", 1), self.number("wd", 1))
        elif "doy" in self.names:
            date = days_of_year(years, self.number("doy", 1))
        elif "y2" in self.names:
            second = self.number("y2", 0)
            follows = np.where(self.short("y2"), second == (years + 1) % 100, second == years + 1)
            date = np.where(follows, dates(years, np.ones_like(years), np.ones_like(years)), NAT)
        else:
            date = dates(years, self._months(month), self.number(day, 1))
        return self._with_clock(date)

    def _months(self, month: str) -> np.ndarray:
        if "q" in self.names:
            return self.number("q", 1) * 3 - 2
        if "hf" in self.names:
            return self.number("hf", 1) * 6 - 5
        if "mon" in self.names:
            return month_names(self.text("mon"))
        months = self.number(month, 1)
        return np.where(self.filled("mm"), self.number("mm", 1), months) if "mm" in self.names else months

    def _with_clock(self, date: np.ndarray) -> np.ndarray:
        if "h" not in self.names:
            return date
        span = self.time_of_day()
        if "z" in self.names:
            span[self.offset() == _UNKNOWN] = np.timedelta64("NaT")
        return date + span

    def time_of_day(self) -> np.ndarray:
        """Return timedelta64[us] since midnight, NaT where the groups are not a time of day."""
        import pyarrow as pa
        import pyarrow.compute as pc

        hour, minute, second = (self.number(n, 0) for n in ("h", "mi", "s"))
        bad = (minute > 59) | (second > 60) | (hour > 24) | ((hour == 24) & (minute + second > 0))
        if "ap" in self.names:
            half = pc.utf8_slice_codeunits(pc.utf8_lower(self.text("ap")), 0, 1)
            pm, am = (arrow.values(pc.equal(half, arrow.text(letter)), False).astype(bool) for letter in "pa")
            bad |= (pm | am) & ((hour < 1) | (hour > 12))
            hour = np.where(pm & (hour < 12), hour + 12, np.where(am & (hour == 12), 0, hour))
            if "mi" in self.names:  # a bare number after a date is an hour only beside AM, PM or minutes
                bad |= ~self.filled("mi") & ~(pm | am) & (hour > 24)
        us = (hour * 3600 + minute * 60 + second) * 1_000_000
        if "f" in self.names:
            digits = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.fill_null(self.text("f"), arrow.text("")), 6, "0"), 0, 6)
            us = us + arrow.values(digits.cast(pa.int64()))
        return np.where(bad, np.timedelta64("NaT", "us"), us.astype("timedelta64[us]"))

    def offset(self) -> np.ndarray:
        """Return microseconds from UTC as written, NAIVE where no zone is written."""
        if "z" not in self.names:
            return np.full(self._size, NAIVE)
        zones = self.text("z").dictionary_encode()
        table = [zone_offset(z) for z in zones.dictionary.to_pylist()] + [NAIVE]
        return np.array(table, np.int64)[arrow.values(zones.indices, len(table) - 1)]


def month_names(texts: Any) -> np.ndarray:
    """Return the months 1 to 12 of lower-case names in an Arrow array; 0 for other words."""
    import pyarrow.compute as pc

    numbers = months_among(pc.unique(texts).to_pylist())
    index = pc.index_in(texts, value_set=arrow.strings(list(numbers)))
    return np.array([*numbers.values(), 0])[arrow.values(index, -1)]


def zone_offset(text: str | None) -> int:
    """Return microseconds from UTC of Z, +02:00, UTC+2 or CEST; NAIVE for an empty text."""
    if not text:
        return int(NAIVE)
    low = text.lower().strip()
    if low in ZONE_NAMES:
        return ZONE_NAMES[low][0] * _MINUTE
    low = low.removeprefix("utc").removeprefix("gmt")
    if not low[:1] or low[0] not in "+-\u2212":
        return int(_UNKNOWN)
    digits = low[1:].replace(":", "")
    digits = digits.zfill(2).ljust(4, "0") if len(digits) <= 2 else digits.zfill(4)
    us = (int(digits[:2]) * 60 + int(digits[2:])) * _MINUTE
    if us > 15 * 60 * _MINUTE:
        return int(_UNKNOWN)
    return us if low[0] == "+" else -us
