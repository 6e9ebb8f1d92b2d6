"""Names of columns that are dates."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from tsattn.data import arrow
from tsattn.data.reading.date_texts import Parsed, are_hardly_dates, parse_texts
from tsattn.data.reading.day_order import is_dotted, is_regular
from tsattn.data.reading.name_shapes import names_shaped
from tsattn.errors import DataError

_CODE = re.compile(r"\s*\[[^\]]*\]$")  # 1990 [YR1990]
_YEAR_NAME = re.compile(r"Y(?:19|20)\d\d")  # Y1961
_WEEK_NUMBER = re.compile(r"(?:19|20)\d\d(?:0[1-9]|[1-4]\d|5[0-3])")


def parsed_names(names: list[str], order: str | None) -> Parsed | None:
    """Return the names of columns as dates, or None if hardly any of many names is a date. order: see `parse_texts`."""
    some = [_CODE.sub("", n) for n in names] if names_shaped(names, lambda n: "[" in n) else names
    if names_shaped(names, lambda n: n == "Y0000"):
        some = [n[1:] if _YEAR_NAME.fullmatch(n) else n for n in some]
    if _all_weeks(some):
        some = [f"{n[:4]}-W{n[4:]}" if _WEEK_NUMBER.fullmatch(n) else n for n in some]
    return None if are_hardly_dates(some, order) else parse_texts(arrow.strings(some), order)


def dates_in_order(parsed: Parsed, names: list[str], order: str | None) -> np.ndarray | None:
    """Return the dates (k,) of the names that are dates, which are `names`, with day and month in one order for all of them.

    None if some name has no date in it. Raises DataError if both orders fit equally well.
    """
    wall = parsed.wall[~parsed.failed]
    other = None if parsed.other is None else parsed.other[~parsed.failed]
    if other is not None and np.isnat(wall).any():
        wall = other
    elif other is None or not np.isnat(other).all():
        wall = _ordered(wall, other, names, order)
    return None if np.isnat(wall).any() else wall


def _all_weeks(names: Sequence[str]) -> bool:
    """Return True if the names of six digits are all weeks such as 202405, of which one is no month."""
    digits = [n for n in names if n.isdigit() and len(n) == 6]
    return bool(digits) and all(map(_WEEK_NUMBER.fullmatch, digits)) and any(n[4:] > "12" for n in digits)


def _ordered(day_first: np.ndarray, month_first: np.ndarray | None, names: list[str], order: str | None) -> np.ndarray:
    if month_first is None or np.array_equal(day_first, month_first) or is_dotted(names) or order == "dmy":
        return day_first
    if order == "mdy":
        return month_first
    rising = [bool(np.all(np.diff(s) > np.timedelta64(0, "us"))) for s in (day_first, month_first)]
    if rising[0] == rising[1]:
        rising = [is_regular(s) for s in (day_first, month_first)]
    if rising[0] == rising[1]:
        raise DataError(
            f"column names such as {names[0]!r} may be day/month or month/day", "specify it: --date-order dmy or --date-order mdy"
        )
    return day_first if rising[0] else month_first
