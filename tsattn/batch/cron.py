"""Check cron fields, and find the longest gap between two runs."""

from __future__ import annotations

import datetime as dt
import math
import re
from itertools import pairwise

from tsattn.errors import ConfigError

USUAL = "0 6 * * *"  # of a job that names no schedule
_NICKNAMES = {  # crontab(5)
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES = {3: {name: n for n, name in enumerate(_MONTHS, 1)}, 4: {name: n for n, name in enumerate(_DAYS)}}  # by field
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def checked_cron(text: str) -> str:
    """Return five fields of numbers, `*`, lists, ranges and steps. Names of days and months, and `@daily`, become numbers.

    Raises ConfigError.
    """
    fields = [_numbered(field, n) for n, field in enumerate(_NICKNAMES.get(text.strip().lower(), text).split())]
    good = len(fields) == 5
    for field, (low, high) in zip(fields, _RANGES, strict=False):
        for part in field.split(","):
            found = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?", part)
            numbers = [int(n) for n in found.groups()[:2] if n] if found else []
            good = good and found is not None and all(low <= n <= high for n in numbers) and numbers == sorted(numbers)
    if not good:
        raise ConfigError(
            f"{text!r} is not a schedule", 'write five cron fields, for example "30 6 * * *" for 06:30 every day, or @daily'
        )
    if math.isinf(longest_gap(" ".join(fields))):
        raise ConfigError(f"{text!r} is not a schedule: that day never comes")
    return " ".join(fields)


def _numbered(field: str, number: int) -> str:
    """Return a field with the names of months or days as numbers. Sunday at the end of a range is 7."""
    names = _NAMES.get(number, {})
    numbered = re.sub("[A-Za-z]+", lambda found: str(names.get(found.group().lower(), found.group())), field)
    return re.sub(r"(?<=\d-)0(?!\d)", "7", numbered) if number == 4 else numbered


def longest_gap(text: str) -> float:
    """Return the longest time between two runs of a checked schedule, in seconds; infinite for a day that never comes."""
    minutes, hours, days, months, weekdays = (_numbers(f, *span) for f, span in zip(text.split(), _RANGES, strict=True))
    times = sorted(3600 * hour + 60 * minute for hour in hours for minute in minutes)
    weekdays |= {0} if 7 in weekdays else set()
    either = not any(field.startswith("*") for field in (text.split()[2], text.split()[4]))  # cron: either day matches
    first = dt.date(2024, 1, 1)
    on = []
    for number in range(8 * 366):
        day = first + dt.timedelta(number)
        matches = day.day in days, day.isoweekday() % 7 in weekdays
        if day.month in months and (any(matches) if either else all(matches)):
            on.append(number)
    if len(on) < 2:
        return math.inf
    over_night = max(b - a for a, b in pairwise(on)) * 86400 - times[-1] + times[0]
    return float(max([over_night, *(b - a for a, b in pairwise(times))]))


def _numbers(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        end = int(last) if last else high if step else int(first)
        found |= set(range(int(first), end + 1, int(step or 1)))
    return found
