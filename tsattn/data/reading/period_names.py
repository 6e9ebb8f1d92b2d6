"""Names of columns that hold a year or a month between other words, as statistical offices write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from tsattn.data.reading.name_shapes import names_shaped

_FEWEST = 5  # periods that show that numbers in names are periods
_WITHIN = re.compile(r"(\D*[^\W\d]\D*?)(\d{4}|\d{6})(\D*)")


def periods_within(names: Sequence[str]) -> dict[str, str]:
    """Return the periods of names that differ only in their period: MO012018 -> 2018-01, total;2005;[persons] -> 2005.

    Five or more periods must follow each other, and be half of the names or more. The result is empty where they are not.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name in names_shaped(names, _WITHIN.fullmatch):
        if match := _WITHIN.fullmatch(name):
            found.setdefault((match[1], match[3]), {})[name] = match[2]
    digits = max(found.values(), key=len, default={})
    if len(digits) < max(_FEWEST, len(names) / 2):
        return {}
    for read in (_year, _year_and_month, _month_and_year):
        months = [read(text) for text in digits.values()]
        steps = {b - a for a, b in pairwise(months)}
        if min(months) > 0 and steps in ({1}, {-1}, {12}, {-12}):
            whole = read is _year
            return {
                name: f"{(at - 1) // 12}" + ("" if whole else f"-{(at - 1) % 12 + 1:02d}")
                for name, at in zip(digits, months, strict=True)
            }
    return {}


def _year(text: str) -> int:
    """Return the months from year 0 to January of a year, counted from 1; 0 for other texts. See also the functions below."""
    return int(text) * 12 + 1 if len(text) == 4 and 1800 <= int(text) <= 2100 else 0


def _year_and_month(text: str) -> int:
    return _months(text[:4], text[4:]) if len(text) == 6 else 0


def _month_and_year(text: str) -> int:
    return _months(text[2:], text[:2]) if len(text) == 6 else 0


def _months(year: str, month: str) -> int:
    return int(year) * 12 + int(month) if 1800 <= int(year) <= 2100 and 1 <= int(month) <= 12 else 0
