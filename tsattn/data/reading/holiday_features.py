"""Public holidays as known covariates, including the future: 0 and 1 for days, counts for weeks and months.

The yearly season includes holidays that fall into the same week or month each year; counts add those that move. Easter moves
furthest, and has a count of its own, since its effect often differs from that of other holidays. Months differ in their working
days, as in seasonal adjustment (X-13ARIMA-SEATS: trading-day and Easter regressors).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tsattn.data.freq import Freq
from tsattn.data.named_calendars import YEARS_AHEAD, easter_days, holiday_days, weekend_of
from tsattn.data.panel import Panel, Schema
from tsattn.data.periods import days_of, spans_days, weeks_of
from tsattn.data.reading.holiday_regions import HolidayRegions
from tsattn.data.report import Notes
from tsattn.errors import ConfigError

PREFIX = "holiday "
PREFIXES = {PREFIX: 0, f"before {PREFIX}": 1, f"after {PREFIX}": -1}  # days from the marked day to the holiday
# of steps longer than a day; weeks have as many weekdays each, and months do not
COUNTS = WEEKDAYS, WORKED, EASTER, WEEKENDS = "weekday holidays ", "working days ", "Easter difference ", "weekend holidays "
_MOST_ROWS = 5_000_000  # future rows of all items together
_MOST_AHEAD = 1_000  # future rows of one item


def regions_of(schema: Schema | None) -> tuple[str, ...]:
    """Return the regions whose holidays a model was trained with."""
    found = (_region(name) for name in (schema.known_features if schema else ()) if name.startswith((PREFIX, *COUNTS)))
    return tuple(dict.fromkeys(found))


def with_holidays(panel: Panel, asked: tuple[str, ...], schema: Schema | None, notes: Notes) -> Panel:
    """Add known covariates of each region, and future rows that hold them.

    asked: the texts of `--holidays`. The columns of a region are 0 in series that it is not the region of. With steps of a day or
    shorter they are 1 on holidays, before them and after them: a day before or after a holiday is the neighbouring row of daily
    data, and no holiday itself. With longer steps they count the holidays of each step on weekdays, at Easter and on
    weekends; steps that are not whole weeks, such as months, count working days in place of holidays on weekdays.
    Columns that are 0 in all rows are left out: such as those of holidays that are closed days. With the schema of a model they
    are the columns that it uses. Raises ConfigError for a panel without dates and for an unknown series.
    """
    if not asked or not len(panel):
        return panel
    regions = HolidayRegions.parse(asked)
    if not (panel.freq.has_clock and panel.dated):
        raise ConfigError(f"--holidays {','.join(asked)}: the rows have no dates", "leave out --holidays, or name --timestamp")
    prefixes = _prefixes(panel.freq)
    if schema is None:
        regions.check(panel.item_ids)
        names = [prefix + region for region in regions.all() for prefix in prefixes]
        columns = _columns(panel, names, regions)
        on_holidays = {name: bool(columns[:, k].any()) for k, name in enumerate(names)}
        names = [name for name in names if on_holidays[name] and on_holidays.get(PREFIX + _region(name), True)]
    else:
        names = [name for name in schema.known_features if name.startswith(prefixes)]
    if not names:
        return panel
    notes.find("holidays", _shown(names, regions), "--holidays")
    panel = _extended(panel)
    schema = replace(panel.schema, known_features=(*panel.schema.known_features, *names))
    return replace(panel, known=np.concatenate([panel.known, _columns(panel, names, regions)], 1), schema=schema)


def _prefixes(freq: Freq) -> tuple[str, ...]:
    """Return the prefixes of the columns of each region."""
    if not spans_days(freq):
        return tuple(PREFIXES)
    return (WEEKDAYS if weeks_of(freq) else WORKED, EASTER, WEEKENDS)


def _prefix(name: str) -> str:
    return next(prefix for prefix in (*PREFIXES, *COUNTS) if name.startswith(prefix))


def _region(name: str) -> str:
    return name[len(_prefix(name)) :]


def _shown(names: list[str], regions: HolidayRegions) -> str:
    """Describe the columns `names`: their regions, and the days that they mark or count."""
    prefixes = {_prefix(name) for name in names}
    said = ", ".join(dict.fromkeys(map(_region, names))) + (", by series" if regions.named else "")
    if prefixes & set(COUNTS):
        said += ", counted in each step" if WEEKDAYS in prefixes else ", and working days, counted in each step"
    elif prefixes - {PREFIX}:
        said += ", and the days before and after"
    return f"{said}: known in the future"


def _columns(panel: Panel, names: list[str], regions: HolidayRegions) -> np.ndarray:
    """Return (N, names) float32: 0 and 1 for names of days, numbers of holidays for names of counts."""
    observed = dict(zip(regions.all(), regions.of_items(panel.item_ids).T, strict=True))
    item = np.repeat(np.arange(len(panel)), np.diff(panel.indptr))
    dates = (_Periods if spans_days(panel.freq) else _Days).of(panel, item)
    out = np.empty((len(item), len(names)), np.float32)
    for k, name in enumerate(names):
        region = _region(name)
        out[:, k] = dates.column(_prefix(name), region)
        if region in observed:  # the regions of a model may be others
            out[:, k] *= observed[region][item]
    return out


def _stamps(panel: Panel, item: np.ndarray, moved: int = 0) -> np.ndarray:
    """Return (N,) local timestamps `moved` steps after those of the rows of the series `item` (N,)."""
    steps = np.arange(len(item)) - panel.indptr[:-1][item]
    return panel.local(panel.freq.advance(panel.start[item], steps + moved))


@dataclass(frozen=True, eq=False)
class _Days:
    """Days, datetime64[D] (N,), from which a holiday is as many days away as their key says."""

    around: dict[int, np.ndarray]

    @classmethod
    def of(cls, panel: Panel, item: np.ndarray) -> _Days:
        """Return those of the rows of the series `item` (N,)."""
        day = _stamps(panel, item).astype("datetime64[D]")
        if not panel.freq.is_daily:
            return cls({shift: day + shift for shift in PREFIXES.values()})
        # a row of business days follows the one before the weekend
        return cls({shift: _stamps(panel, item, shift).astype("datetime64[D]") for shift in PREFIXES.values()})

    def column(self, prefix: str, region: str) -> np.ndarray:
        """Return (N,) bool, True for the marked days. Days before and after a holiday are no holidays themselves."""
        shift = PREFIXES[prefix]
        holidays = holiday_days(region, *_years(self.around[-1].min(), self.around[1].max()))
        return np.isin(self.around[shift], holidays) & ((shift == 0) | ~np.isin(self.around[0], holidays))


@dataclass(frozen=True, eq=False)
class _Periods:
    """First days of the steps of N rows, and the days after their last: datetime64[D] (N,)."""

    first: np.ndarray
    after: np.ndarray

    @classmethod
    def of(cls, panel: Panel, item: np.ndarray) -> _Periods:
        """Return those of the rows of the series `item` (N,)."""
        return cls(*days_of(_stamps(panel, item), panel.freq, panel.schema.timestamp))

    def column(self, prefix: str, region: str) -> np.ndarray:
        """Return (N,) number of days of the kind `prefix` in each step."""
        years = _years(self.first.min(), self.after.max())
        holidays, weekend = holiday_days(region, *years), weekend_of(region)
        on_weekend = np.isin((holidays.astype(np.int64) + 3) % 7, weekend)
        if prefix == WORKED:
            weekdays = [day not in weekend for day in range(7)]
            return np.busday_count(self.first, self.after, weekdays, holidays[~on_weekend])
        at_easter = np.isin(holidays, easter_days(region, *years))
        kinds = {WEEKDAYS: ~on_weekend, EASTER: ~on_weekend & at_easter, WEEKENDS: on_weekend}
        counted = holidays[kinds[prefix]]
        return np.searchsorted(counted, self.after) - np.searchsorted(counted, self.first)


def _years(first: np.datetime64, last: np.datetime64) -> tuple[int, int]:
    ends = np.array([first, last], "datetime64[Y]").astype(np.int64) + 1970
    return int(ends[0]), int(ends[1])


def _extended(panel: Panel) -> Panel:
    """Extend the panel with rows for some horizons after each origin."""
    least = 2 * panel.freq.default_horizon
    most = int(np.clip(YEARS_AHEAD * panel.freq.year, least, _MOST_AHEAD))
    ahead = int(np.clip(_MOST_ROWS // len(panel), least, most))
    return panel.extended_to(panel.lengths + ahead)
