"""Search for yearly dates that a weekly series follows: holidays, and any other days of the year, by date, not week number.

A year has 52.18 weeks, so the week of 25 December moves through the phases of a season of 52. A window of days, such as 24 to 26
December, has a share of its effect in each week that holds some of its days. The series and the windows pass through the same
filter, which removes the level of the weeks around. The evidence is the mean effect over the years without the largest, relative
to the effects of the same window moved to all other weeks of the year (a placebo test; Abadie et al., 2010). A window must also
explain more than the same weeks of a season of 52 steps do, wherever the history tells the two apart. Windows around Christmas,
New Year, Easter, Mother's Day and Thanksgiving are searched first. Those on other dates are many
more, so their evidence must be stronger.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tsattn.data.freq import WEEKS_IN_YEAR
from tsattn.forecasting.ensemble.awake_rows import may_multiply
from tsattn.forecasting.ensemble.calendar_events import MONTHS, easter, mothers_day, thanksgiving
from tsattn.forecasting.ensemble.event_residuals import mean_of_pool
from tsattn.forecasting.ensemble.series_effects import without_near_level

BAR = 5.0  # standard deviations of placebos that an effect must exceed
PRICE, LONGER = 8.0, 4.0  # squared standard deviations that a window, and one of several days in addition, has to explain
FEWEST = 2  # observed years of Easter
FEWEST_OF_OTHERS = 4  # of the others: in fewer, the days before Christmas and after it fall into the same weeks
TRIED = 24  # windows on other dates, those that explain most, that are compared with placebos
WORTH = 0.5  # squared bars that a window has to explain to be compared with placebos at all
MOST = 6  # holidays that one search finds, at most
AWAY = 5  # weeks by which a placebo is moved, at least
PART = 0.75  # of a window's weeks that must be observed
MARGIN = 42  # days beyond the ends of a history on which windows are listed


class Window(NamedTuple):
    """`length` days from `offset` days after a feast on; `name` of the first of them."""

    feast: str
    offset: int
    length: int
    name: str

    @property
    def title(self) -> str:
        """Return the name of the effect."""
        return self.name if self.length == 1 else f"{self.name}, lasting {self.length} days"


def _windows(feast: str, first: dict[int, str], lengths: tuple[int, ...]) -> list[Window]:
    return [Window(feast, offset, length, name) for offset, name in first.items() for length in lengths]


SEASON = {14: "11 December", 21: "4 December", 28: "27 November", 35: "20 November", 42: "13 November"}  # to 24 December
WINDOWS = (
    *_windows("Christmas", {0: "25 December"}, (1, 2, 7)),
    *_windows("Christmas", {-1: "24 December"}, (3, 7, 9, 14)),
    *_windows("Christmas", {-4: "21 December", -7: "18 December", -11: "14 December"}, (7, 14)),
    *_windows("Christmas", {-14: "11 December", 2: "27 December"}, (7,)),
    *(Window("Christmas", -days, days, name) for days, name in SEASON.items()),
    *_windows("New Year", {0: "1 January"}, (1, 3, 6, 7, 14)),
    *_windows("New Year", {-1: "31 December", 1: "2 January"}, (2, 7)),
    *_windows("Easter", {-14: "2nd Sunday before Easter", -13: "2nd Monday before Easter"}, (7,)),
    *_windows("Easter", {-7: "Palm Sunday", -6: "Monday before Easter"}, (7,)),
    *_windows("Easter", {-2: "Good Friday"}, (1, 3, 4, 10)),
    *_windows("Easter", {0: "Easter Sunday", 1: "Easter Monday"}, (1, 7, 14)),
    *_windows("Mother's Day", {0: "Mother's Day"}, (1,)),
    *_windows("Mother's Day", {-6: "Monday before Mother's Day"}, (7,)),
    *_windows("Thanksgiving", {-7: "Thursday before Thanksgiving"}, (7,)),
    *_windows("Thanksgiving", {0: "Thanksgiving"}, (1, 2, 5, 7)),
    *_windows("Thanksgiving", {1: "Black Friday"}, (1, 4, 7, 14)),
    *_windows("Thanksgiving", {4: "Cyber Monday"}, (1, 7)),
)
_TITLES = {window.title for window in WINDOWS}
DATES = tuple(
    window
    for month, days in enumerate((31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31))
    for day in range(1, days + 1)
    for length in (1, 7, 14, 21, 28, 42)
    if (window := Window(f"{month + 1:02}-{day:02}", 0, length, f"{day} {MONTHS[month]}")).title not in _TITLES
)
EVERY = (*WINDOWS, *DATES)
NAMED, OTHERS = np.arange(len(WINDOWS)), np.arange(len(WINDOWS), len(EVERY))
SINGLE = np.array([window.length == 1 for window in WINDOWS])
YEARS = np.array([FEWEST if window.feast == "Easter" else FEWEST_OF_OTHERS for window in EVERY])
CLEARER = 2 * np.log(len(EVERY) / len(WINDOWS))  # squared standard deviations more for windows on other dates
PRICES = np.array([PRICE + LONGER * (one.length > 1) + CLEARER * (k >= len(WINDOWS)) for k, one in enumerate(EVERY)])


def shares_on(which: Sequence[int], weeks: np.ndarray) -> np.ndarray:
    """Return (W, Y, T) shares of windows, indices of EVERY, in each year, in the weeks that begin on days (T,) since 1970-01-01.

    A week that lies in a window, or contains it, has 1.
    """
    return np.stack(tuple(_shares_by_year(which, weeks)), 1)


def _sums_on(which: Sequence[int], weeks: np.ndarray) -> np.ndarray:
    """Return (W, T), `shares_on` summed over the years."""
    return np.asarray(sum(_shares_by_year(which, weeks)))


def _shares_by_year(which: Sequence[int], weeks: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the shares (W, T) of windows in each year; see `shares_on`."""
    year = np.arange(_year(int(weeks[0]) - MARGIN), _year(int(weeks[-1]) + 7 + MARGIN) + 1)
    length = np.array([EVERY[k].length for k in which])[:, None]
    for begin in _begins(which, year).T[..., None]:
        yield np.maximum(np.minimum(weeks + 7, begin + length) - np.maximum(weeks, begin), 0) / np.minimum(length, 7)


def _begins(which: Sequence[int], year: np.ndarray) -> np.ndarray:
    """Return (W, Y) first days of windows in each year, in days since 1970-01-01."""
    first = (year - 1970).astype("datetime64[Y]")
    begin_of, end_of = (one.astype("datetime64[D]").astype(np.int64) for one in (first, first + 1))
    feasts = {"Christmas": end_of - 7, "New Year": begin_of, "Easter": easter(year), "Thanksgiving": thanksgiving(year)}
    feasts |= {"Mother's Day": mothers_day(year)}
    feasts = {name: np.asarray(days).astype(np.int64) for name, days in feasts.items()}
    for date in {EVERY[k].feast for k in which} - set(feasts):
        feasts[date] = np.array([f"{one}-{date}" for one in year], "datetime64[D]").astype(np.int64)
    return np.array([feasts[EVERY[k].feast] + EVERY[k].offset for k in which]).reshape(len(which), len(year))


def _year(day: int) -> int:
    return int(np.datetime64(day, "D").astype("datetime64[Y]").astype(np.int64)) + 1970


@functools.lru_cache(maxsize=2)
def _shapes_on(first: int, seen: bytes) -> _Shapes:
    """Return the windows on weeks from the day `first` on, of which some are `seen` (T,) bool; many series have the same."""
    there = np.frombuffer(seen, bool)
    return _Shapes(first + 7 * np.arange(len(there)), there)


class _Placebos(NamedTuple):
    """Windows (W, Y, T) after the filter that their series have passed, and after the moves (M,) of placebos."""

    raw: np.ndarray
    own: np.ndarray
    enough: np.ndarray  # (W, Y, M)
    square: np.ndarray  # (W, Y, M)


class _Shapes:
    """Windows on weeks (T,) of which some are `seen` (T,): `whole` (E, T), the sums over the years of all of EVERY, filtered."""

    moves = np.arange(-(WEEKS_IN_YEAR // 2), WEEKS_IN_YEAR // 2)

    def __init__(self, weeks: np.ndarray, seen: np.ndarray) -> None:
        self.weeks, self.seen = weeks, seen
        self.whole = self.filtered(_sums_on(range(len(EVERY)), weeks))
        self._squares = np.maximum((self.whole**2).sum(1), 1e-9)
        self._placebos: dict[int, _Placebos] = {}

    def placebos(self, which: np.ndarray) -> _Placebos:
        """Return the moved windows `which` (W,); each is computed once."""
        new = np.array([k for k in which.tolist() if k not in self._placebos], np.int64)
        if len(new):
            raw = shares_on(new.tolist(), self.weeks)
            own = self.filtered(raw)
            there = self._moved(self.seen.astype(np.float64))
            days = raw.sum(2, keepdims=True)  # (W, Y, 1)
            complete = days >= PART * np.maximum(days.max(1, keepdims=True), 1e-9)
            parts = (raw, own, complete & (raw @ there >= PART * days), np.maximum((own**2) @ there, 1e-9))
            self._placebos |= {k: _Placebos(*(part[i] for part in parts)) for i, k in enumerate(new.tolist())}
        found = [self._placebos[k] for k in which.tolist()]
        return _Placebos(*(np.stack(part) for part in zip(*found, strict=True)))

    def _moved(self, values: np.ndarray) -> np.ndarray:
        """Return (T, M) values (T,) at each step after each move; zeros beyond the ends."""
        half = WEEKS_IN_YEAR // 2
        padded = np.pad(values, (half, half))
        return np.lib.stride_tricks.sliding_window_view(padded, len(values))[: len(self.moves)].T

    def filtered(self, raw: np.ndarray) -> np.ndarray:
        return without_near_level(np.where(self.seen, raw, 0.0), self.seen)[0]

    def fitted(self, y: np.ndarray, found: list[int]) -> np.ndarray:
        """Return (T,) effects of windows in y (T,), by least squares."""
        if not found:
            return np.zeros_like(y)
        x = self.whole[found]
        return np.asarray(np.linalg.lstsq(x.T, y, rcond=1e-6)[0] @ x)

    def explained(self, y: np.ndarray) -> np.ndarray:
        """Return (E,) sums of squares of y (T,) that each window explains."""
        return np.asarray((self.whole @ y) ** 2 / self._squares)

    def greedy(self, y: np.ndarray, found: Sequence[int], bar: float, among: np.ndarray) -> list[int]:
        """Return the windows `found` and others of `among` (W,) that y (T,) follows, clearest first."""
        found, open_ = list(found), among[~np.isin(among, found)]
        while len(found) < MOST and len(open_):
            left = y - self.fitted(y, found)
            size = self.explained(left)
            tried = open_[np.argsort(-size[open_], kind="stable")][: max(TRIED, len(WINDOWS))]
            tried = tried[size[tried] > WORTH * bar**2]
            if not len(tried):
                break
            able = tried[self.clear(left, bar, tried)]
            if not len(able):
                break
            open_ = open_[open_ != able[0]]
            if self.dated(left, int(able[0])):
                found.append(int(able[0]))
        return found

    def better(self, y: np.ndarray, simple: list[int], other: list[int]) -> list[int]:
        """Return the windows that leave less of y (T,), by the residual variance; each has its price, see PRICES."""
        left = [(y - self.fitted(y, found))[self.seen] for found in (simple, other)]
        variance = min(float(np.median(np.abs(one))) / 0.6745 for one in left) ** 2
        cost = [float((one**2).sum() + variance * PRICES[found].sum()) for one, found in zip(left, (simple, other), strict=True)]
        return simple if cost[0] <= cost[1] else other

    def clear(self, y: np.ndarray, bar: float, which: np.ndarray) -> np.ndarray:
        """Return (W,) bool: True for windows `which` (W,) whose effect in y (T,) exceeds that of placebos."""
        shape = self.placebos(which)
        effect = np.where(shape.enough, (shape.own @ self._moved(y)) / shape.square, np.nan)  # (W, Y, M)
        count = (~np.isnan(effect)).sum(1)
        mean = np.where(count >= FEWEST, np.nansum(effect, 1) / np.maximum(count, 1), np.nan)
        placebo = np.sort(np.abs(mean[:, np.abs(self.moves) >= AWAY]), 1)  # NaN last
        known = (~np.isnan(placebo)).sum(1)
        scale = np.maximum(_ranked(placebo, known, 0.5) / 0.6745, _ranked(placebo, known, 0.8) / 1.2816)
        own = effect[:, :, int(np.flatnonzero(self.moves == 0)[0])]
        size, agree = _without_largest(own)
        agree &= (~np.isnan(own)).sum(1) >= YEARS[which]
        return np.asarray(agree & (known >= placebo.shape[1] // 2) & (size > bar * scale))

    def dated(self, y: np.ndarray, which: int) -> bool:
        """Return True unless the same weeks of a season of 52 steps explain more of y (T,) than the dates do."""
        raw = self.placebos(np.array([which])).raw[0]
        some = np.flatnonzero((raw * self.seen).sum(1) > 0)  # not those ahead
        place = raw[some].argmax(1)
        phases = np.unique(place % WEEKS_IN_YEAR)
        if len(phases) == 1:
            return True
        others = []
        for phase in phases:
            move = (phase - place + WEEKS_IN_YEAR // 2) % WEEKS_IN_YEAR - WEEKS_IN_YEAR // 2
            others.append(sum(_shifted(raw[k], -int(step)) for k, step in zip(some, move, strict=True)))
        x = self.filtered(np.stack(others))
        return bool(((x @ y) ** 2 / np.maximum((x**2).sum(1), 1e-9)).max() < self.explained(y)[which])


class Weeks:
    """Weeks as steps of `find_events`."""

    unit, step, bar, most = "D", 7, BAR, 2 * MOST
    names = tuple(window.title for window in EVERY)

    def residuals_of(self, past: np.ndarray) -> np.ndarray:
        """Return past (B, L), or its logarithms where it is positive, without the level of the weeks around, in robust scales."""
        values = past.astype(np.float64)
        seen = np.isfinite(values)
        above = seen & (values > 0)
        positive = may_multiply(values)
        values = np.where(positive[:, None], np.log(np.where(above, values, np.nan)), values)
        out = np.full(values.shape, np.nan)
        for row, one in enumerate(values):
            there = np.isfinite(one)
            if there.any():
                middle = np.where(there, one - one[there].mean(), 0.0)
                left = without_near_level(middle, there)[0]
                scale = np.median(np.abs(left[there])) / 0.6745
                out[row] = np.where(there, left / scale, np.nan) if scale > 0 else np.nan
        return out

    def sizes_on(self, first: int, size: int, which: Sequence[int]) -> np.ndarray:
        """Return (C, size) shares of the windows `which` in the weeks that begin on the days from `first` on."""
        return _sums_on(which, first + np.arange(size))

    def found_in(self, values: np.ndarray, first: int, before: Sequence[int], bar: float) -> list[int]:
        """Return the windows, as indices of EVERY, that the mean of series follows, clearest first, those `before` included.

        values: (S, T) residuals from `residuals_of`. first: the first day of the first week, in days since 1970-01-01. bar:
        standard deviations of placebos that an effect must exceed.
        """
        mean = mean_of_pool(values)
        y, seen = np.nan_to_num(mean), ~np.isnan(mean)
        if seen.sum() < WEEKS_IN_YEAR:
            return list(before)
        shape = _shapes_on(first, seen.tobytes())
        # a long window may explain two holidays in part, and hide both
        days = shape.greedy(y, before, bar, NAMED[SINGLE])
        found = shape.greedy(y, before, bar, NAMED)
        found = found if days == list(before) else shape.better(y, shape.greedy(y, days, bar, NAMED), found)
        higher = float(np.sqrt(bar**2 + CLEARER))
        dates = shape.greedy(y, before, higher, OTHERS)
        if dates == list(before):
            return found
        return shape.better(y, shape.greedy(y, found, higher, OTHERS), shape.greedy(y, dates, bar, NAMED))

    def loudest(self, values: np.ndarray, first: int, found: Sequence[int], most: int) -> np.ndarray:
        """Return the series, at most `most` of (S, T), of whose residuals a window explains most beside those `found`."""
        shape = _shapes_on(first, (~np.isnan(values).all(0)).tobytes())
        size = [shape.explained(y - shape.fitted(y, list(found))).max() for y in np.nan_to_num(values)]
        return np.argsort(-np.array(size), kind="stable")[:most]


def _without_largest(effect: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (W,) mean sizes of effects (W, Y) over years without the largest, and True where nearly all have one sign."""
    there = ~np.isnan(effect)
    count, value = there.sum(1), np.nan_to_num(effect)
    signed = value * np.sign(value.sum(1))[:, None]
    mean = np.maximum(signed.sum(1) - signed.max(1, initial=0.0), 0.0) / np.maximum(count - 1, 1)
    return mean, (signed > 0).sum(1) >= np.maximum(count - count // 4, FEWEST)


def _ranked(ordered: np.ndarray, count: np.ndarray, share: float) -> np.ndarray:
    """Return (W,) quantiles of ordered (W, M), of which the first `count` (W,) are known."""
    at = np.maximum(((count - 1) * share).astype(np.int64), 0)
    return np.nan_to_num(np.take_along_axis(ordered, at[:, None], 1)[:, 0], nan=np.inf)


def _shifted(values: np.ndarray, move: int) -> np.ndarray:
    """Return values (T,) `move` steps later, at each step; zeros beyond the ends."""
    out = np.zeros_like(values)
    if move > 0:
        out[:-move] = values[move:]
    elif move < 0:
        out[-move:] = values[:move]
    else:
        out[:] = values
    return out
