"""Open slots: a weekly timetable found in the rows, or a named calendar, and the days that are closed."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.calendars import DAY, DAYS, WEEK, OpenSlots
from tsattn.data.freq import Freq
from tsattn.data.named_calendars import YEARS_AHEAD, Sessions, holiday_days, sessions
from tsattn.data.reading.holiday_regions import HolidayRegions
from tsattn.data.reading.rows import Rows, shown
from tsattn.data.reading.yearly_closures import closed_dates, dates_of, listed_dates
from tsattn.data.report import Notes
from tsattn.data.timezone import to_local
from tsattn.errors import ConfigError, DataError

_MONDAY = 4 * DAY
_MOST_CELLS = 50_000_000  # of the table of weeks and slots: finer data over longer spans are left alone
OPEN, CLOSED = 0.5, 0.1  # shares of weeks with a row: from the one on a slot is open, up to the other it is closed
RECENT = 8  # weeks that decide where the whole span does not
PRESENT = 0.75  # least share of open slots that have a row
CHANCE = 0.05  # that some slot looks closed because its rows are missing by chance
OUTSIDE = 0.2  # most rows outside a timetable that is named, as a share
FOUND_OUTSIDE = 0.1  # of one that is found


def with_open_slots(
    freq: Freq, rows: Rows, zone: str | None, options: ReadOptions, targets: int, notes: Notes
) -> tuple[Freq, Rows, str | None]:
    """The frequency with its timetable, the rows on the wall clock where it has one, and the zone of that clock.

    Rows in order, each time once; `targets` is the number of targets among their values. Rows without a value of a target on
    closed dates of the year are left out. Unchanged where every slot is open, where `--freq` asks for a plain grid, and with
    `--calendar none`. Raises ConfigError for a calendar that does not fit the step.
    """
    named = None if options.calendar in (None, "none") else str(options.calendar)
    step = DAY if freq.unit == "B" and freq.n == 1 else freq.plain.fixed_us
    if step is None or DAY % step or not len(rows):
        if named:
            hint = "leave out --calendar; --holidays DE counts the public holidays of a region in each step"
            raise ConfigError(f"--calendar {named}: steps of {freq} span several days", hint)
        return freq, rows, zone
    plain = options.freq is not None or options.calendar == "none" or freq.unit == "B" or _without_gaps(rows, step)
    if plain and not named and not options.holidays and freq.open is None:
        return freq, rows, zone
    exchange = _exchange(named, rows) if named else None
    clock = zone if zone is None or exchange is None or step == DAY else exchange.zone
    local = to_local(rows.stamps, clock) if clock is not None and freq.is_subdaily else rows.stamps
    if not _rises(local, rows.indptr):  # rows within a doubled hour: no timetable can be laid on such a clock
        if named:
            notes.warn(f"--calendar {named} is not applied: there are rows in the hour that is repeated when clocks are set back")
        return freq, rows, zone
    us = local.astype(np.int64)
    us = us - us % DAY if step == DAY else us
    table = _timetable(freq, us, step, named, exchange, plain)
    holidays = _closed_holidays(table, us, step, freq, options)
    shut_on_holidays, has_value = len(holidays) > 0, _has_value(rows, targets)
    yearly = np.zeros(0, np.int64)
    if step == DAY and not plain and not named:
        yearly = closed_dates(np.unique(us[has_value] // DAY), _weekdays(table or _every_day(freq)))
    if table is None and not len(holidays) and not len(yearly):
        return freq, rows, zone
    table = table or _every_day(freq)
    if len(yearly):
        holidays = np.union1d(holidays, _days_on(yearly, us))
        kept = has_value | ~np.isin(dates_of(us // DAY), yearly)
        if not kept.all():
            notes.repair("rows on closed dates left out", int((~kept).sum()), rows.place(int(np.argmin(kept))))
            rows, us, local = rows.take(kept), us[kept], local[kept]
    table = _with_exceptions(table, us, exchange, holidays)
    outside = len(table.extra)
    if outside > OUTSIDE * len(np.unique(us)):
        row = int(np.flatnonzero(np.isin(us, table.extra))[0])
        raise DataError(
            f"{rows.place(row)}: {shown(local[row])} is outside {table.text}, and so are {outside - 1:,} other timestamps",
            "use another --calendar, or --calendar none",
        )
    found = replace(Freq("D") if freq.unit == "B" else freq.plain, open=table)
    closed = [f"the holidays of {', '.join(options.holidays)}"] if shut_on_holidays else []
    _say(found, named, outside, [*closed, *([listed_dates(yearly)] if len(yearly) else [])], notes)
    if clock != zone:
        notes.find("time zone", f"{clock}, that of {named}")
    return found, replace(rows, stamps=local), clock


def _say(freq: Freq, named: str | None, outside: int, closed: list[str], notes: Notes) -> None:
    if freq.open is None:
        return
    how = f", by --calendar {named}" if named else ""
    shut = f", closed on {' and on '.join(closed)}" if closed else ""
    notes.find("open slots", f"{freq.open.text}{how}{shut}", "--calendar")
    if outside:
        notes.warn(f"{outside:,} timestamps lie outside {freq.open.text}: kept, but forecasts do not learn from them")


def _has_value(rows: Rows, targets: int) -> np.ndarray:
    """Return (n,) bool: True for rows with a value of one of the first `targets` columns."""
    out = np.zeros(len(rows), bool)
    for k in range(targets):
        out |= ~np.isnan(rows.values[k])
    return out


def _weekdays(table: OpenSlots) -> set[int]:
    return {slot // DAY for slot in table.week}


def _days_on(dates: np.ndarray, us: np.ndarray) -> np.ndarray:
    """Return the days on dates of the year, (n,) datetime64[D], in the years of the instants (m,) and YEARS_AHEAD years after."""
    first, last = (np.datetime64(f"{year}-01-01", "D").astype(np.int64) for year in np.add(_years(us), (0, 1)).tolist())
    days = np.arange(first, last)
    return days[np.isin(dates_of(days), dates)].astype("datetime64[D]")


def _rises(stamps: np.ndarray, indptr: np.ndarray) -> bool:
    inner = np.ones(len(stamps), bool)
    inner[indptr[:-1][indptr[:-1] < len(stamps)]] = False
    return bool((np.diff(stamps, prepend=stamps[:1]) > np.timedelta64(0, "us"))[inner].all())


def _exchange(named: str, rows: Rows) -> Sessions | None:
    """Return the sessions of an exchange's calendar; None for a week such as Mon-Sat."""
    if re.match(rf"({'|'.join(DAYS)})\b", named, re.IGNORECASE):
        return None
    first, last = (int(stamp.astype("datetime64[Y]").astype(np.int64)) + 1970 for stamp in (rows.stamps.min(), rows.stamps.max()))
    return sessions(named, first - 1, last + YEARS_AHEAD)


def _timetable(
    freq: Freq, us: np.ndarray, step: int, named: str | None, exchange: Sessions | None, plain: bool
) -> OpenSlots | None:
    """Return the weekly timetable: the given one, else the one found in the rows, else the exchange's."""
    if freq.open is not None:
        return freq.open
    if named and exchange is None:
        return OpenSlots.parse(named, step)
    if exchange is not None:
        found = find_timetable(us, step) if step < DAY else None
        return found or _week_of(exchange, step, us)
    return None if plain else find_timetable(us, step)


def _without_gaps(rows: Rows, step: int) -> bool:
    """Return True if every item has as many rows as steps."""
    indptr = rows.indptr
    some = indptr[1:] > indptr[:-1]
    spans = (rows.stamps[indptr[1:][some] - 1] - rows.stamps[indptr[:-1][some]]).astype(np.int64)
    return bool((spans == (np.diff(indptr)[some] - 1) * step).all())


# -- found in the rows ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Weeks:
    """Masks (weeks, slots of a week) of the slots that have a row (`seen`) and of those that could have one (`possible`)."""

    seen: np.ndarray
    possible: np.ndarray

    def share(self, weeks: slice = slice(None)) -> np.ndarray:
        return self.seen[weeks].sum(0) / np.maximum(self.possible[weeks].sum(0), 1)


def find_timetable(us: np.ndarray, step: int) -> OpenSlots | None:
    """Return the weekly timetable of wall-clock instants in microseconds, in any order; None where the evidence is thin.

    A slot is open when half of the weeks have a row in it, closed when a tenth or fewer have; in between the last weeks
    decide. Days and times of day that look closed must be too many to be missing by chance. Sessions within the day on the five
    working days suffice for a closed weekend.
    """
    residue = int(us[0] % step) if step < DAY else 0
    if step < DAY and np.any(us % step != residue):
        return None
    per_week = WEEK // step
    slot = (us - residue - _MONDAY) // step
    base = int(slot.min()) // per_week * per_week
    weeks = (int(slot.max()) - base) // per_week + 1
    if weeks * per_week > _MOST_CELLS:
        return None
    seen, possible = (np.zeros(weeks * per_week, bool) for _ in range(2))
    seen[slot - base] = True
    possible[int(slot.min()) - base : int(slot.max()) - base + 1] = True
    table = _Weeks(seen.reshape(weeks, per_week), possible.reshape(weeks, per_week))
    share, recent = table.share(), table.share(slice(-RECENT, None))
    unclear = (share > CLOSED) & (share < OPEN)
    is_open = np.where(unclear, recent >= OPEN, share >= OPEN)
    if is_open.all() or not is_open.any() or np.any(unclear & (recent > CLOSED) & (recent < OPEN)):
        return None
    if not _certain(table, is_open):
        return None
    # a few rows of a finer step before or after a coarser one are mixed frequencies: open slots follow each other
    alone = np.flatnonzero(is_open & ~np.roll(is_open, 1) & ~np.roll(is_open, -1))
    if 2 * len(alone) > is_open.sum() or table.seen[:, ~is_open].sum() > FOUND_OUTSIDE * table.seen.sum():
        return None
    return OpenSlots(step, tuple((np.flatnonzero(is_open) * step + residue).tolist()))


def _certain(table: _Weeks, is_open: np.ndarray) -> bool:
    """Return True if the closed slots are more than rows that are missing by chance."""
    by_day = is_open.reshape(7, -1)
    seen, possible = (a.reshape(len(a), 7, -1) for a in (table.seen, table.possible))
    there, asked = int(table.seen[:, is_open].sum()), int(table.possible[:, is_open].sum())
    absent = 1 - (there + 1) / (asked + 2)
    if asked == 0 or there < PRESENT * asked:
        return False
    open_days, open_times = by_day.any(1), by_day.any(0)
    days_seen = int((seen.any(2) & open_days).sum())
    if not open_times.all() and (days_seen < 5 or absent**days_seen * int((~open_times).sum()) > CHANCE):
        return False
    weeks_of_day = np.asarray(possible.any(2).sum(0))  # (7,)
    if not open_days.all():
        absent_day = 1 - (days_seen + 1) / (int((possible.any(2) & open_days).sum()) + 2)
        shut = np.flatnonzero(~open_days)
        weekend = tuple(shut.tolist()) in ((5, 6), (4, 5))
        least = int(weeks_of_day[shut].min())
        sessions_of_a_week = weekend and not open_times.all() and days_seen >= 5
        if (least < 3 and not weekend) or (least == 0 and not sessions_of_a_week):
            return False
        if not sessions_of_a_week and absent_day**least > (2 * CHANCE if weekend else CHANCE / 7):
            return False
    rest: np.ndarray = np.logical_and(np.asarray(open_days)[:, None] & open_times, ~by_day)  # hours of single days
    return not rest.any() or int(weeks_of_day[np.flatnonzero(rest.any(1))].min()) >= 3


def _week_of(exchange: Sessions, step: int, us: np.ndarray) -> OpenSlots:
    """The week of an exchange's newest regular sessions, its slots named by their start, or by their end where rows are."""
    recent = exchange.days <= np.datetime64(int(us.max()), "us")
    days, opens, closes = (a[recent][-250:] for a in (exchange.days, exchange.opens, exchange.closes))
    if not len(days):
        raise ConfigError("the calendar has no session before the end of the data", "leave out --calendar")
    weekdays = np.unique((days.astype(np.int64) + 3) % 7)
    if step == DAY:
        return OpenSlots(step, tuple((weekdays * DAY).tolist()))
    first, last = (int(np.median(a)) for a in (opens, closes))
    residue = int(us[0] % step)
    times = np.arange(first - first % step + residue, last + 1, step)
    times = times[(times >= first) & (times <= last)]
    on_day = us % DAY
    times = times[times > first] if not np.any(on_day == first) and np.any(on_day == last) else times[times < last]
    slots = np.unique((weekdays[:, None] * DAY + times).ravel() % WEEK)
    return OpenSlots(step, tuple(slots.tolist()))


def _every_day(freq: Freq) -> OpenSlots:
    return OpenSlots(DAY, tuple(day * DAY for day in range(5 if freq.unit == "B" else 7)))


# -- exceptions -------------------------------------------------------------------------------------------------------


def _closed_holidays(table: OpenSlots | None, us: np.ndarray, step: int, freq: Freq, options: ReadOptions) -> np.ndarray:
    """Holidays on which the rows stop: (n,) datetime64[D], past and future ones; none where the rows go on."""
    if not options.holidays or (table is None and step < DAY):
        return np.zeros(0, "datetime64[D]")
    days = np.unique(us // DAY)
    # days on which all series are closed: a timetable is that of all of them
    every = [
        np.unique(np.concatenate([holiday_days(region, *_years(us)).astype(np.int64) for region in sorted(some)]))
        for some in HolidayRegions.parse(options.holidays).sets()
    ]
    dates = functools.reduce(np.intersect1d, every)
    weekdays = _weekdays(table or _every_day(freq))
    dates = dates[[int(day) in weekdays for day in ((dates + 3) % 7).tolist()]]
    inside = dates[(dates >= days[0]) & (dates <= days[-1])]
    absent = ~np.isin(inside, days)
    if len(inside) < 2 or absent.mean() < PRESENT:
        return np.zeros(0, "datetime64[D]")
    return dates.astype("datetime64[D]")


def _years(us: np.ndarray) -> tuple[int, int]:
    ends = np.array([us.min(), us.max()], "datetime64[us]").astype("datetime64[Y]").astype(np.int64) + 1970
    return int(ends[0]), int(ends[1]) + YEARS_AHEAD


def _with_exceptions(table: OpenSlots, us: np.ndarray, exchange: Sessions | None, holidays: np.ndarray) -> OpenSlots:
    """Return the timetable with its exceptions: closed slots, except those that have rows, and the rows outside of it."""
    present = np.unique(us)
    closed = np.zeros(0, np.int64)
    if exchange is not None or len(holidays):
        first = int(table.slot_at(present[:1])[0][0])
        last = int(present[-1]) + YEARS_AHEAD * 365 * DAY
        if exchange is not None:
            last = min(last, int(exchange.last.astype("datetime64[us]").astype(np.int64)))
        slots = np.arange(first, int(table.slot_at(np.array([last]))[0][0]) + 1)
        times = table.slot_time(slots)
        shut = np.isin(times // DAY, holidays.astype(np.int64))
        if exchange is not None:
            shut |= _shut(table, times, exchange)
        closed = slots[shut & ~np.isin(times, present)]
    table = replace(table, closed=tuple(closed.tolist()), extra=())
    exact = table.number_at(present)[1]
    return replace(table, extra=tuple(present[~exact].tolist()))


def _shut(table: OpenSlots, times: np.ndarray, exchange: Sessions) -> np.ndarray:
    """Return a mask of the slots that lie on a day without a session, or after an early close."""
    day = times // DAY
    at = np.minimum(np.searchsorted(exchange.days.astype(np.int64), day), len(exchange.days) - 1)
    known = day >= int(exchange.first.astype("datetime64[D]").astype(np.int64))
    shut = known & (exchange.days.astype(np.int64)[at] != day)
    if table.step == DAY:
        return shut
    usual_open, usual_close = (int(np.median(a)) for a in (exchange.opens, exchange.closes))
    clock = times % DAY
    by_end = bool(np.any(clock == usual_close)) and not np.any(clock == usual_open)
    early = exchange.closes[at] < usual_close
    after = clock > exchange.closes[at] if by_end else clock >= exchange.closes[at]
    return shut | (known & early & after & (clock <= usual_close))
