"""Sentinels: numbers that a file holds in place of a missing value, such as -9999, 999.9 or -200.

A value is a sentinel because of the other values of its series, never by its digits alone: it lies outside all of them. A code
(nines, or a number that instruments are known to write) needs less distance than any other value, which must repeat exactly
beside values that do not. Zero is never a sentinel.
"""

from __future__ import annotations

import numpy as np

from tsattn.data.cleaning.gross_errors import gross_errors

FEWEST = 12  # other values that a series needs before one can be called a sentinel
REPEATED = 3  # times that a value must occur before its repetition counts as evidence
DIGIT = 10.0  # a code has one digit more than the other values
FAR_NEGATIVE, FAR_POSITIVE, FAR_ANY = 1.0, 3.0, 5.0  # ranges of the rest, for a repeated code: see `_is_sentinel`
FAR_ONCE = 10.0  # ranges of the rest, for a code that occurs once or twice, and for a repeated value that is no code
FAR_TWICE = 1.5  # ranges of a varied rest, for a negative code that occurs exactly twice
DIGITS, MANY = 100.0, 50  # a code with two digits more than so many other values is one, however rare and whatever they count
CIRCLES, TURN = ((0.0, 360.0), (-180.0, 180.0)), 270.0  # ranges of angles in degrees, and the least spread of a series of them
NINES = 99.0  # too common a value to be among the codes
VARIED = 0.2  # share of distinct values from which on a series is taken as a measurement, not as counts or prices
STRONG = np.array([s * (10.0**k - 1) / d for k in range(3, 8) for d in (1, 10) for s in (1, -1) if (10.0**k - 1) / d > 900])
FLOAT = 3.4028235e38  # the largest number of 32 bits
LIMITS = np.array(
    [-32768.0, 32767.0, 65535.0, -2147483648.0, 2147483647.0, 1e20, -1e20, 1e30, -1e30, 1e35, 1e36, 9.96921e36, FLOAT, -FLOAT]
)
WEAK = np.array([-99.0, 99.9, -99.9, -99.99, -999.99, -9999.99, -200.0, -888.0, -8888.0, -777.0, -7777.0])
RAINFALL = 99.99  # the mark of missing rain in inches, but also a usual price
FAR_PRICE = 20.0  # times all other values, from which on 99.99 is no price
PRICE_END = 0.99  # decimals of usual prices
CODES = np.unique(np.concatenate([STRONG, LIMITS, WEAK, [RAINFALL]]).astype(np.float32))
_STRONG = np.unique(np.concatenate([STRONG, LIMITS]).astype(np.float32))


def find_sentinels(values: np.ndarray, group: np.ndarray, items: int) -> np.ndarray:
    """Return a mask (n,) of the sentinels among values (n,) of `items` series; group (n,): the series of each, in any order."""
    found = np.zeros(len(values), bool)
    suspects = _suspects(values, group, items)
    if not suspects.any():
        return found
    rows = np.flatnonzero(suspects[group] & ~np.isnan(values))
    rows = rows[np.argsort(group[rows], kind="stable")]
    for one in np.split(rows, np.flatnonzero(np.diff(group[rows])) + 1):
        own = values[one].astype(np.float64)
        found[one] = np.isin(own, sentinels_of(own))
    return found


def sentinels_of(values: np.ndarray) -> np.ndarray:
    """Return the distinct sentinels of one series: values (n,), float64, none missing."""
    distinct, count = np.unique(values, return_counts=True)
    code = np.isin(distinct.astype(np.float32), CODES)
    others = values[~np.isin(values, distinct[code])]
    kept = ~np.isin(distinct, others[gross_errors(others)[0]])  # one 1e9 would make every code look near
    distinct, count, code = distinct[kept], count[kept], code[kept]
    low, high = 0, len(distinct)
    while low < high and code[low]:
        low += 1
    while high > low and code[high - 1]:
        high -= 1
    found: list[float] = []
    for at in (*range(low - 1, -1, -1), *range(high, len(distinct))):  # outwards: a code that is none widens the rest
        if _is_sentinel(float(distinct[at]), int(count[at]), distinct[low:high], count[low:high]):
            found.append(float(distinct[at]))
        elif at < low:
            low = at
        else:
            high = at + 1
    if high - low >= FEWEST:
        for at, rest in ((low, slice(low + 1, high)), (high - 1, slice(low, high - 1))):
            far = _is_repeated_far(float(distinct[at]), int(count[at]), distinct[rest], count[rest])
            if far and not _is_weekly(np.flatnonzero(values == distinct[at]), len(values)):
                found.append(float(distinct[at]))
    return np.array(found)


def _is_sentinel(value: float, count: int, rest: np.ndarray, times: np.ndarray) -> bool:
    """True for a code outside the rest of its series: distinct values `rest`, rising, each so many `times`.

    Negative beside values that never are: a code. A digit more than all others: a code, unless it is one count among counts.
    Two digits more than many others, or outside the circle that angles fill: a strong code, even among counts.
    A code that is a usual value elsewhere, such as -777, must be negative and far away where it occurs once or twice.
    Otherwise it must be some ranges of the rest away, more of them where it is rarer, positive, or beside counts and prices.
    """
    total = int(times.sum())
    if total < FEWEST or (rest[0] == rest[-1] and rest[0] == 0 and value > 0):
        return False
    if np.float32(value) == np.float32(RAINFALL) and not _is_no_price(count, rest):
        return False
    strong = bool(np.isin(np.float32(value), _STRONG))
    often = count >= REPEATED
    varied = _varied(rest, total)
    if not (strong or often):
        far = FAR_TWICE if count == 2 and varied else FAR_ONCE
        return bool(value < 0 and rest[0] - value >= far * (rest[-1] - rest[0]) > 0)
    if value < 0 <= rest[0]:
        return True
    if strong and (_has_two_digits_more(value, rest, total) or (count > 1 and _are_angles(rest, total))):
        return True
    if value >= DIGIT * np.abs(rest[[0, -1]]).max():
        return often or not (rest >= 0).all() or not (rest == np.rint(rest)).all()
    low, high = _trimmed(rest, times) if often else (rest[0], rest[-1])
    gap = low - value if value < 0 else value - high
    if not often:
        return bool(gap >= FAR_ONCE * (high - low))
    far = (FAR_NEGATIVE if value < 0 else FAR_POSITIVE) if varied else FAR_ANY
    return bool(gap >= far * (high - low) > 0) and (strong or varied)


def _is_no_price(count: int, rest: np.ndarray) -> bool:
    """True for 99.99 that repeats far above values from 0 on that do not end in .99."""
    prices = np.isclose(rest - np.floor(rest), PRICE_END, atol=1e-3).any()
    return bool(count >= REPEATED and rest[0] >= 0 and FAR_PRICE * rest[-1] <= RAINFALL and not prices)


def _has_two_digits_more(value: float, rest: np.ndarray, total: int) -> bool:
    """True for a positive code beside many values that are a hundredth of it at most, such as 999 in phases 1 to 8."""
    return total >= MANY and value >= DIGITS * np.abs(rest[[0, -1]]).max() > 0


def _are_angles(rest: np.ndarray, total: int) -> bool:
    """True where a varied rest fills a circle of degrees, outside which no angle lies."""
    within = any(low <= rest[0] and rest[-1] <= high for low, high in CIRCLES)
    return bool(within and rest[-1] - rest[0] >= TURN and (_varied(rest, total) or len(rest) >= FEWEST))


def _is_repeated_far(value: float, count: int, rest: np.ndarray, times: np.ndarray) -> bool:
    """True for a value, no code, that repeats exactly far outside a varied rest.

    It may be most of the series only if it is 99 and the other values are below 9.9, such as hourly waves in a table of 10-minute
    winds.
    """
    total = int(times.sum())
    most = total if not (value == NINES and value >= DIGIT * np.abs(rest[[0, -1]]).max()) else count
    if value == 0 or count < REPEATED or total < FEWEST or count > most or not _varied(rest, total):
        return False
    gap = rest[0] - value if value < rest[0] else value - rest[-1]
    return bool(gap >= FAR_ONCE * (rest[-1] - rest[0]) > 0)


def _is_weekly(at: np.ndarray, size: int) -> bool:
    """True where a value stands at every fifth, sixth or seventh place throughout: a rent each Monday is no fault."""
    steps = np.unique(np.diff(at))
    return bool(len(at) >= 4 and len(steps) == 1 and steps[0] in (5, 6, 7) and at[0] < steps[0] and at[-1] >= size - steps[0])


def _varied(rest: np.ndarray, total: int) -> bool:
    """True where so many of `total` values are distinct that they are measured, not counted or set."""
    return len(rest) >= max(FEWEST - 2, VARIED * min(total, 500))


def _trimmed(rest: np.ndarray, times: np.ndarray) -> tuple[float, float]:
    """The range of the rest without one value in a hundred, at least one, at either end."""
    seen = np.cumsum(times)
    cut = max(1, int(seen[-1]) // 100)
    low, high = int(np.searchsorted(seen, cut, "right")), int(np.searchsorted(seen, seen[-1] - cut, "left"))
    return float(rest[min(low, len(rest) - 1)]), float(rest[high])


def _suspects(values: np.ndarray, group: np.ndarray, items: int) -> np.ndarray:
    """A mask (items,) of the series with a code as extreme, or with a repeated extreme apart from all else.

    A few passes over the values, whatever the number of series: a sentinel lies outside the rest, so it is an extreme.
    """
    low, high = np.full(items, np.inf), np.full(items, -np.inf)
    if items == 1:
        some = len(values) > 0 and not np.isnan(values).all()
        low[0], high[0] = (np.nanmin(values), np.nanmax(values)) if some else (0.0, 0.0)
    else:
        seen = ~np.isnan(values)
        where, what = (group, values) if seen.all() else (group[seen], values[seen])
        if len(where) and np.all(where[1:] >= where[:-1]):
            begins = np.concatenate([[0], np.flatnonzero(where[1:] != where[:-1]) + 1])
            low[where[begins]], high[where[begins]] = np.minimum.reduceat(what, begins), np.maximum.reduceat(what, begins)
        else:
            np.minimum.at(low, where, what.astype(np.float64, copy=False))
            np.maximum.at(high, where, what.astype(np.float64, copy=False))
    whole = items == 1
    with np.errstate(over="ignore", invalid="ignore"):
        coded = np.isin(low.astype(np.float32), CODES) | np.isin(high.astype(np.float32), CODES)
        margin = (high - low) / (1 + FAR_ONCE)
        at_low, at_high = values == (low[0] if whole else low[group]), values == (high[0] if whole else high[group])
        repeated = [(_count(mask, group, items) >= REPEATED) & (low < high) for mask in (at_low, at_high)]
        if not (repeated[0] | repeated[1]).any():
            return np.asarray(coded)
        below = values < ((high - margin)[0] if whole else (high - margin)[group])
        above = values > ((low + margin)[0] if whole else (low + margin)[group])
    lone_low = repeated[0] & (_count(~at_low & below, group, items) == 0) & (low != 0)
    lone_high = repeated[1] & (_count(~at_high & above, group, items) == 0) & (high != 0)
    return np.asarray(coded | lone_high | lone_low)


def _count(mask: np.ndarray, group: np.ndarray, items: int) -> np.ndarray:
    """Number of each series' values in the mask: (items,)."""
    return np.array([mask.sum()]) if items == 1 else np.bincount(group[mask], minlength=items)
