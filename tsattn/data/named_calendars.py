"""Calendars with a name: sessions of exchanges (package exchange-calendars) and public holidays (package holidays)."""

from __future__ import annotations

import difflib
import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from tsattn.errors import ConfigError

YEARS_AHEAD = 10


@dataclass(frozen=True, eq=False)
class Sessions:
    """The trading days of an exchange, (n,) datetime64[D] in its own zone, with their opening and closing.

    opens, closes: (n,) microseconds from the midnight of the day. first, last: the first and last day that the calendar covers.
    """

    zone: str
    days: np.ndarray
    opens: np.ndarray
    closes: np.ndarray
    first: np.datetime64
    last: np.datetime64


@functools.lru_cache(maxsize=8)
def sessions(code: str, first_year: int, last_year: int) -> Sessions:
    """The sessions of an exchange from one year to another, as far as its calendar goes.

    Raises ConfigError for an unknown code, and where the package is missing.
    """
    try:
        import exchange_calendars
    except ImportError:
        raise ConfigError(
            f"--calendar {code} needs the package exchange-calendars, which is not installed",
            "pip install 'tsattn[calendars]'; or give the week: --calendar Mon-Fri",
        ) from None
    names = exchange_calendars.get_calendar_names()
    if code not in names:
        near = difflib.get_close_matches(code.upper(), names, 1)
        raise ConfigError(
            f"--calendar {code}: no such calendar",
            (f"did you mean {near[0]}? " if near else "") + "use an exchange such as XNYS, a week such as Mon-Sat, or none",
        )
    made = _calendar(exchange_calendars, code, first_year, last_year)
    table = made.schedule
    zone = str(made.tz)
    days = np.asarray(table.index.values, "datetime64[D]")
    ends = [_local(table[name], zone) - days.astype("datetime64[us]") for name in ("open", "close")]
    opens, closes = (end.astype(np.int64) for end in ends)
    return Sessions(zone, days, opens, closes, np.datetime64(f"{made.first_session:%Y-%m-%d}"), days[-1])


def _calendar(package: Any, code: str, first_year: int, last_year: int) -> Any:
    """Return the calendar of the given years, or of those it covers where it does not cover all of them."""
    for ends in ({"start": f"{first_year}-01-01", "end": f"{last_year}-12-31"}, {"end": f"{last_year}-12-31"}, {}):
        try:
            return package.get_calendar(code, **ends)
        except ValueError:
            continue
    raise ConfigError(f"--calendar {code}: no sessions are known from {first_year} to {last_year}", "leave out --calendar")


def _local(column: Any, zone: str) -> np.ndarray:
    return np.asarray(column.dt.tz_convert(zone).dt.tz_localize(None).values, "datetime64[us]")


@functools.lru_cache(maxsize=32)
def holiday_days(region: str, first_year: int, last_year: int) -> np.ndarray:
    """The public holidays of a region (`DE`, `US-NY`), rising, datetime64[D].

    Raises ConfigError for an unknown region, and where the package is missing.
    """
    return np.array(sorted(_holidays(region, first_year, last_year)), "datetime64[D]")


@functools.lru_cache(maxsize=32)
def weekend_of(region: str) -> tuple[int, ...]:
    """Return the weekdays of the weekend of a region, Monday = 0; raises ConfigError as `holiday_days` does."""
    return tuple(sorted(_holidays(region, 2000, 2000).weekend))


@functools.lru_cache(maxsize=32)
def easter_days(region: str, first_year: int, last_year: int) -> np.ndarray:
    """Return the holidays from Maundy Thursday to Easter Monday, Western or Orthodox, whichever are more."""
    from dateutil.easter import EASTER_ORTHODOX, EASTER_WESTERN, easter  # type: ignore[import-untyped]

    holidays, years = holiday_days(region, first_year, last_year), range(first_year, last_year + 1)
    found = []
    for church in (EASTER_WESTERN, EASTER_ORTHODOX):
        sundays = np.array([easter(year, church) for year in years], "datetime64[D]")
        days = (sundays[:, None] + np.arange(-3, 2)).ravel()
        found.append(holidays[np.isin(holidays, days)])
    return max(found, key=len)


def _holidays(region: str, first_year: int, last_year: int) -> Any:
    """Return the holidays of a region in the package's own form."""
    try:
        import holidays
    except ImportError:
        raise ConfigError(
            f"--holidays {region} needs the package holidays, which is not installed", "pip install 'tsattn[holidays]'"
        ) from None
    country, _, part = region.partition("-")
    try:
        return holidays.country_holidays(country.upper(), subdiv=part or None, years=range(first_year, last_year + 1))
    except NotImplementedError:
        if country.upper() in holidays.list_supported_countries():
            parts = ", ".join(holidays.list_supported_countries()[country.upper()])
            raise ConfigError(f"--holidays {region}: {country} has no part {part!r}", f"its parts: {parts or 'none'}") from None
        raise ConfigError(
            f"--holidays {region}: no such country", "use ISO codes, for example DE, or US-NY for a part of a country"
        ) from None
