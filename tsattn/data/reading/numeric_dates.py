"""Numbers -> timestamps: digits such as 20000131, years, decimal years, spreadsheet serials and epochs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tsattn.data.freq import DAY
from tsattn.data.reading.date_parts import NAT, PIVOT, are_periods, dates, days_of_year, weeks

# style -> its digits; tried in this order, all numbers of a column must be real dates. To add a format, add a line.
# y year, m month, d day, w ISO week, j day of the year, H hour, M minute, S second
DIGITS: dict[str, str] = {
    "20000131": "yyyymmdd",
    "2000013123": "yyyymmddHH",
    "200001312359": "yyyymmddHHMM",
    "20000131235959": "yyyymmddHHMMSS",
    "200001": "yyyymm",
    "200052": "yyyyww",
    "2000366": "yyyyjjj",
    "31012000": "ddmmyyyy",
    "01312000": "mmddyyyy",
    "2000": "yyyy",
}
_LONG_YEARS = (1900, 2100)  # of styles that plain numbers and epochs could be too
_EPOCHS = (("s", 1e8, 1e6), ("ms", 1e11, 1e3), ("us", 1e14, 1.0), ("ns", 1e17, 1e-3))  # unit, least value, microseconds
_EPOCH_YEARS = (np.datetime64("1980-01-01", "us"), np.datetime64("2100-01-01", "us"))
_SERIAL_ZERO = np.datetime64("1899-12-30", "D")  # day 0 of the 1900 system from March 1900 on
_SERIAL_1904 = 1462
SERIAL_DAYS = {"1900": "serial days", "1904": "serial days since 1904"}  # date system of a workbook -> style
_SERIALS = (25569, 73051)  # 1970 to 2100
_SERIAL_MATLAB = 693960  # days from year 0 to the spreadsheets' day 0
_OLDEST = np.datetime64("1900-01-01", "us")
_HOUR, _MINUTE, _SECOND = DAY // 24, 60_000_000, 1_000_000


# unit stated by the column name -> name of the style, day 0, microseconds per unit, number of day 0
COUNTS: dict[str, tuple[str, str, int, float]] = {
    "jd": ("Julian days", "1858-11-17", DAY, 2_400_000.5),
    "mjd": ("modified Julian days", "1858-11-17", DAY, 0),
    "minute": ("epoch min", "1970-01-01", _MINUTE, 0),
    "hour": ("epoch h", "1970-01-01", _HOUR, 0),
    "day": ("epoch D", "1970-01-01", DAY, 0),
}
_TICKS = {".NET": np.datetime64("0001-01-01", "us"), "Windows": np.datetime64("1601-01-01", "us")}
_USUAL = frozenset(  # steps of data, in microseconds
    [s * _SECOND for s in (1, 2, 5, 10, 15, 20, 30)]
    + [m * _MINUTE for m in (1, 2, 3, 5, 10, 15, 20, 30)]
    + [h * _HOUR for h in (1, 2, 3, 4, 6, 8, 12)]
    + [d * DAY for d in (1, 7)]
)


def parse_numbers(values: np.ndarray, week: bool = False, counts: str = "") -> tuple[np.ndarray, str] | None:
    """Parse numbers that are all dates or epochs.

    values: (n,) float32 or float64, NaN = missing. week: 202405 is week 5, not May.
    counts: the key of COUNTS that the column name states, "yymmdd" or ""; see `time_names.counts_named`.
    -> (datetime64[us] (n,), style), or None. The style is a key of DIGITS, "epoch s" (ms, us, ns), "epoch s and ms",
    "decimal years", "1949.01" (year and month), "Julian days", "serial days" or "serial days since 1904".
    """
    seen = ~np.isnan(values)
    if not seen.any():
        return None
    some = _exact(values[seen])
    if np.abs(some).max() >= 2**62:
        return None
    if counts == "yymmdd" and (days := days_of_short_years(some)) is not None:
        found: tuple[np.ndarray, str] | None = (days, "000131")
    else:
        found = _counted(some, counts) if counts in COUNTS else None
    found = found or (_digits(some.astype(np.int64), week) if np.all(some == np.round(some)) else _decimal_years(some))
    found = found or _epochs(some) or _serials(some)
    if found is None:
        return None
    out = np.full(len(values), NAT)
    out[seen] = found[0]
    return out, found[1]


def _exact(some: np.ndarray) -> np.ndarray:
    """Return float64 of the decimals as written: 1949.083 as float32 is 1949.0830078."""
    if some.dtype != np.float32:
        return some.astype(np.float64)
    wide = some.astype(np.float64)
    return np.where(np.abs(wide) < 10_000, np.round(wide, 3), np.round(wide, 2))


def _digits(whole: np.ndarray, week: bool) -> tuple[np.ndarray, str] | None:
    """Return the dates and the first style of DIGITS that fits every number; None where day and month may be in either order.

    None also where no style fits.
    """
    low, high = int(whole.min()), int(whole.max())
    found: list[tuple[np.ndarray, str]] = []
    for style, digits in DIGITS.items():
        day_first = digits.startswith(("dd", "mm"))
        least = 1 if digits == "yyyy" else 10 ** (len(digits) - 1 - day_first)
        if low < least or high >= 10 ** len(digits) or (week and style == "200001"):
            continue
        if found and not day_first:
            break
        if style == "200052" and not week and are_thirteenths(whole):
            break
        stamps = _read_digits(whole, digits)
        if not np.isnat(stamps).any():
            if (other := _other_reading(whole, stamps, style, week)) is not None:
                return other
            found.append((stamps, style))
            if not day_first:
                break
    if not found:
        return _short_years(whole)
    return found[0] if len(found) == 1 or np.array_equal(found[0][0], found[1][0]) else None


def _other_reading(whole: np.ndarray, stamps: np.ndarray, style: str, week: bool) -> tuple[np.ndarray, str] | None:
    """Return the dates of digits that are even only in another style: days or months with short years, quarters as 202401."""
    if style == "200052" and not week and stamps.min() < _EPOCH_YEARS[0]:
        return _short_years(whole, 0.6)
    if style == "2000" and not _are_consecutive(whole):  # 2301, 2302, … 2312, 2401
        months = dates(2000 + whole // 100, whole % 100, np.ones_like(whole))
        return (months, "0001") if not np.isnat(months).any() and _are_consecutive(months.astype("datetime64[M]")) else None
    if style == "200001" and (quarters := _quarters(whole // 100, whole % 100)) is not None:
        return quarters, "200001 (quarters)"
    return None


def are_thirteenths(whole: np.ndarray) -> bool:
    """Return True for 202301 to 202313 of several years: thirteen periods of four weeks, whose dates are not known."""
    year, number = whole // 100, whole % 100
    return bool(number.max() == 13 and len(np.unique(year)) > 1 and _are_consecutive(year * 13 + number))


def _quarters(year: np.ndarray, number: np.ndarray) -> np.ndarray | None:
    """Return the dates of quarters, if the numbers are 1 to 4 over three years or more and none is absent between."""
    if number.min() < 1 or number.max() > 4 or len(np.unique(year)) < 3 or not _are_consecutive(year * 4 + number):
        return None
    return dates(year, number * 3 - 2, np.ones_like(year))


def _are_consecutive(numbers: np.ndarray) -> bool:
    """Return True if three or more distinct numbers follow each other without a gap."""
    steps = np.diff(np.unique(numbers)).astype(np.int64)
    return len(steps) > 1 and bool(np.all(steps == 1))


def _short_years(whole: np.ndarray, share: float = 1.0) -> tuple[np.ndarray, str] | None:
    """Return the dates of digits such as 240131 of the years 2000 to 2068, if three or more are consecutive days.

    share: of the steps, those of one day.
    """
    if whole.min() < 101 or whole.max() >= 690000:
        return None
    stamps = dates(2000 + whole // 10000, whole // 100 % 100, whole % 100)
    days = np.unique(stamps.astype("datetime64[D]").astype(np.int64)) if not np.isnat(stamps).any() else np.zeros(1)
    return (stamps, "000131") if len(days) > 2 and np.mean(np.diff(days) == 1) >= share else None


def days_of_short_years(some: np.ndarray) -> np.ndarray | None:
    """Return the dates of numbers such as 240131, in the years 1969 to 2068; None for other numbers."""
    whole = some.astype(np.int64)
    if np.any(whole != some) or whole.min() < 101 or whole.max() >= 1_000_000:
        return None
    year = whole // 10_000
    stamps = dates(year + np.where(year < PIVOT, 2000, 1900), whole // 100 % 100, whole % 100)
    return None if np.isnat(stamps).any() else stamps


def _read_digits(whole: np.ndarray, digits: str) -> np.ndarray:
    def field(letter: str, default: int) -> np.ndarray:
        if letter not in digits:
            return np.full(len(whole), default, np.int64)
        after = len(digits) - digits.rindex(letter) - 1
        return whole // 10**after % 10 ** digits.count(letter)

    year = field("y", 0)
    if "w" in digits:
        date = weeks(year, field("w", 1), np.ones_like(year))
    elif "j" in digits:
        number = field("j", 1)
        date = dates(year, number, np.ones_like(year)) if are_periods(year, number) else days_of_year(year, number)
    else:
        date = dates(year, field("m", 1), field("d", 1))
    hour, minute, second = field("H", 0), field("M", 0), field("S", 0)
    good = ((hour < 24) | ((hour == 24) & (minute + second == 0))) & (minute < 60) & (second < 60)
    if digits == "yyyymm":
        good &= year < 3000  # 739301 is a day of Matlab
    if len(digits) > 8 or "w" in digits or "j" in digits or (digits.endswith("yyyy") and len(digits) == 8):
        good &= (year >= _LONG_YEARS[0]) & (year <= _LONG_YEARS[1])
    return np.where(good, date + ((hour * 60 + minute) * 60 + second).astype("timedelta64[s]"), NAT)


def _epochs(some: np.ndarray) -> tuple[np.ndarray, str] | None:
    """Seconds, or milli-, micro- or nanoseconds, since 1970. Units may change within a column of years 1980 to 2099."""
    unit = np.full(len(some), -1)
    for k, (_, least, _) in enumerate(_EPOCHS):
        unit[(some >= least) & (some < least * 100)] = k
    used = np.unique(unit)
    if len(used) == 1 and used[0] >= 0:
        name, _, factor = _EPOCHS[int(used[0])]
        if name == "ns" and (ticks := _ticks(some)) is not None:
            return ticks
        return _micros(some, np.full(len(some), factor)), f"epoch {name}"
    low, high = some.min(), some.max()
    if 1e9 <= high < 1e10 and -6e10 <= low < 1e8 and not np.any(unit > 0):
        return _micros(some, np.full(len(some), 1e6)), "epoch s"
    if used[0] < 0:
        return None
    stamps = _micros(some, np.array([factor for _, _, factor in _EPOCHS])[unit])
    if stamps.min() < _EPOCH_YEARS[0] or stamps.max() >= _EPOCH_YEARS[1]:
        return None
    return stamps, "epoch " + " and ".join(_EPOCHS[int(k)][0] for k in used)


def _ticks(some: np.ndarray) -> tuple[np.ndarray, str] | None:
    """Read ticks of 100 ns since the year 1 (.NET) or 1601 (Windows).

    Read as nanoseconds since 1970, they lie before 2000. They are ticks if their step is common in data only when read as ticks.
    """
    if some.max() >= 946_684_800e9 or len(np.unique(some)) < 3:
        return None
    whole = np.unique(some).astype(np.int64)
    step = int(np.diff(whole).min()) // 1000  # as nanoseconds, in microseconds
    if step in _USUAL or step * 100 not in _USUAL:
        return None
    for name, zero in _TICKS.items():
        stamps = zero + (some.astype(np.int64) // 10).astype("timedelta64[us]")
        if stamps.min() >= _EPOCH_YEARS[0] and stamps.max() < _EPOCH_YEARS[1]:
            return stamps, f"epoch of {name}"
    return None


def _micros(some: np.ndarray, factor: np.ndarray) -> np.ndarray:
    whole = np.all(some == np.round(some)) and np.all(factor >= 1)
    us = some.astype(np.int64) * factor.astype(np.int64) if whole else np.round(some * factor).astype(np.int64)
    return us.astype("datetime64[us]")


def _decimal_years(some: np.ndarray) -> tuple[np.ndarray, str] | None:
    """Read 1949.0833 as February 1949, 1990.042 (the middle of a month) as January, 1990.125 (of a quarter) too, others as days.

    Beside 1949.12, 1949.1 is October.
    """
    if some.min() < 1000 or some.max() >= 2200:
        return None
    year = np.floor(some + 1e-6).astype(np.int64)
    part = np.clip(some - year, 0, None)
    for scale in (10, 100):
        number = np.round(part * scale).astype(np.int64)
        if np.allclose(part * scale, number, atol=1e-3) and (quarters := _quarters(year, number)) is not None:
            return quarters, "decimal years"
    hundredths = np.round(part * 100)
    if np.all(np.abs(part * 100 - hundredths) < 1e-6) and hundredths.min() >= 1 and hundredths.max() <= 12:
        if len(np.unique(hundredths)) < 2:
            return None
        return dates(year, hundredths.astype(np.int64), np.ones_like(year)), "1949.01"
    eighths = np.round(part * 8, 6)
    if len(np.unique(eighths)) > 1 and np.isin(eighths, (1, 3, 5, 7)).all():  # the middle of a quarter
        return dates(year, (eighths.astype(np.int64) - 1) // 2 * 3 + 1, np.ones_like(year)), "decimal years"
    for middle in (0.0, 0.5):
        month = part * 12 - middle
        if np.all(np.abs(month - np.round(month)) < 0.07):
            month = np.round(month).astype(np.int64)
            return dates(year + month // 12, month % 12 + 1, np.ones_like(year)), "decimal years"
    length = np.where((year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0)), 366, 365)
    for middle in (0.0, 0.5):
        day = part * length - middle
        if np.all(np.abs(day - np.round(day)) < 0.1):
            first = dates(year, np.ones_like(year), np.ones_like(year))
            return first + np.round(day).astype("timedelta64[D]"), "decimal years"
    return None


def _serials(some: np.ndarray) -> tuple[np.ndarray, str] | None:
    """Days since 1900 as spreadsheets count them, or since year 0 as Matlab does, from 1970 to 2099; days since 1904 where only
    that gives months or weekdays."""
    if some.min() - _SERIAL_MATLAB >= _SERIALS[0] and some.max() - _SERIAL_MATLAB < _SERIALS[1]:
        us = _rounded((some - _SERIAL_MATLAB) * DAY)
        return _SERIAL_ZERO.astype("datetime64[us]") + us.astype("timedelta64[us]"), "serial days of Matlab"
    if some.min() < _SERIALS[0] - _SERIAL_1904 or some.max() >= _SERIALS[1]:
        return None
    us = _rounded(some * DAY)
    stamps = _SERIAL_ZERO.astype("datetime64[us]") + us.astype("timedelta64[us]")
    late = stamps + np.timedelta64(_SERIAL_1904, "D")
    if are_natural_days(late) and not are_natural_days(stamps) and late.max() < _EPOCH_YEARS[1]:
        return late, SERIAL_DAYS["1904"]
    return (stamps, SERIAL_DAYS["1900"]) if some.min() >= _SERIALS[0] else None


def _counted(some: np.ndarray, kind: str) -> tuple[np.ndarray, str] | None:
    """Read counts of the unit `kind`, a key of COUNTS, as dates from 1900 to 2099; None for other dates."""
    name, zero, unit, shift = COUNTS[kind]
    counts = some - shift
    if np.abs(counts).max() >= 2**62 / unit:
        return None
    stamps = np.datetime64(zero, "us") + _rounded(counts * unit).astype("timedelta64[us]")
    return (stamps, name) if stamps.min() >= _OLDEST and stamps.max() < _EPOCH_YEARS[1] else None


def _rounded(us: np.ndarray) -> np.ndarray:
    """Microseconds rounded to the coarsest unit that all of them are near: fractions of a day are written with few digits."""
    for unit, slack in ((DAY, 5 * _SECOND), (_HOUR, 5 * _SECOND), (15 * _MINUTE, 5 * _SECOND), (_MINUTE, 5 * _SECOND)):
        whole = np.round(us / unit) * unit
        if np.abs(us - whole).max() <= slack:
            return whole.astype(np.int64)
    return (np.round(us / _SECOND) * _SECOND).astype(np.int64)


def in_date_system(stamps: np.ndarray, style: str, system: str) -> np.ndarray:
    """Return the dates (n,) of serial days that were read in a style of SERIAL_DAYS in the date system "1900" or "1904"."""
    days = _SERIAL_1904 * ((system == "1904") - (style == SERIAL_DAYS["1904"]))
    return np.asarray(stamps + np.timedelta64(days, "D"))


def are_natural_days(stamps: np.ndarray) -> bool:
    """Return True if days are all the first of a month, all the last of a month, or all weekdays over two weeks or more."""
    day = np.unique(stamps.astype("datetime64[D]"))
    month = day.astype("datetime64[M]")
    if len(day) < 3:
        return False
    weekdays = (day.astype(np.int64) + 3) % 7
    checks: tuple[Callable[[], bool], ...] = (
        lambda: bool(np.all(day == month.astype("datetime64[D]"))),
        lambda: bool(np.all((day + 1).astype("datetime64[M]") > month)),
        lambda: len(day) >= 10 and bool(np.all(weekdays < 5)) and len(np.unique(weekdays)) == 5,
    )
    return any(check() for check in checks)
