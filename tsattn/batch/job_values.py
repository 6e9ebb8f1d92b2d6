"""What stands in a job file: durations, schedules, outputs, and ${NAME} of the environment, which is never shown."""

from __future__ import annotations

import datetime as dt
import math
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import quote, quote_plus

from tsattn.errors import ConfigError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PASSWORD = re.compile(r"(\w://[^/\s:@]*):(?!\$\{)[^@\s]+@")
_KEYWORD = re.compile(r"([?&;](?:password|passwd|pwd|token|secret)=)(?!\$\{)[^&;#\s]+", re.IGNORECASE)
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_DATABASES = ("sqlite", "postgresql")
NO_DATABASES = "databases need SQLAlchemy, which is not installed"
_FILES = (".csv", ".jsonl", ".json", ".parquet")
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def seconds(text: str) -> float:
    """`90s`, `30m`, `26h`, `7d`, `2w`, `1d12h` -> seconds. Raises ConfigError."""
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*(min|[smhdw])", text)
    if not parts or re.sub(r"\d+(?:\.\d+)?\s*(?:min|[smhdw])|\s", "", text):
        raise ConfigError(f"{text!r} is no duration", 'write for example "30m", "26h", "7d" or "1d12h"')
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def variables(text: str) -> list[str]:
    """The names of the ${NAME}s of a text."""
    return _VARIABLE.findall(text)


def expanded(text: str) -> str:
    """A text with its ${NAME}s filled in, percent-encoded where they stand before the @ of a URL.

    Raises ConfigError that names a variable which is not set.
    """
    login = text.find("@") if "://" in text else -1

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in os.environ:
            raise ConfigError(f"the environment variable {name} is not set", f"export {name}=… before tsattn run")
        inside = "://" in text[: found.start()] and found.end() <= login
        return quote(os.environ[name], safe="") if inside else os.environ[name]

    return _VARIABLE.sub(value, text)


def shown(text: str) -> str:
    """A text of the job file for people: a password that is written out in a URL is left out."""
    return _KEYWORD.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))


class Redactor:
    """Puts ${NAME} in the place of every value that came from the environment, in whatever is shown or stored."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._words: list[tuple[str, str]] = []
        for name in sorted({name for text in texts for name in variables(text)}):
            value = os.environ.get(name, "")
            forms = {value, quote(value, safe=""), quote_plus(value), repr(value)[1:-1]}
            self._words += [(form, f"${{{name}}}") for form in forms if form]
        self._words.sort(key=lambda pair: -len(pair[0]))
        for text in texts:
            for found in re.finditer(r"://[^/\s:@]*:([^@\s]+)@", text):
                if not _VARIABLE.search(found.group(1)):
                    self._words.insert(0, (found.group(1), "***"))

    def __call__(self, text: str) -> str:
        for secret, name in self._words:
            text = text.replace(secret, name)
        return shown(text)


@dataclass(frozen=True)
class Output:
    """Where results go. kind: "file" (its suffix says which), "dataset" (a Parquet folder) or "database" (with a table)."""

    text: str
    kind: str
    place: str
    table: str = ""

    @classmethod
    def parse(cls, text: str) -> Output:
        """Read `out.csv`, `out.jsonl`, `folder/`, `sqlite:///out.db#table`, `postgresql://…#table`. Raises ConfigError."""
        scheme = scheme_of(text)
        if scheme:
            place, _, table = text.rpartition("#")
            if scheme.partition("+")[0] not in _DATABASES:
                raise ConfigError(f"cannot write to {scheme}://", f"outputs are files, folders/, {' and '.join(_DATABASES)} URLs")
            if not place or not table or "\0" in table or len(table.encode()) > 63:
                raise ConfigError(f"{shown(text)}: the table is missing", "name it after a #: sqlite:///out.db#forecasts")
            return cls(text, "database", place, table)
        if text.endswith(("/", "\\")):
            return cls(text, "dataset", text)
        if not text.lower().endswith(_FILES):
            raise ConfigError(
                f"{text!r} is no output that is known",
                f"a file ({', '.join(_FILES)}), a Parquet dataset (folder/) or a database URL",
            )
        return cls(text, "file", text)

    def __str__(self) -> str:
        return shown(self.text)


def scheme_of(text: str) -> str:
    """The scheme of a URL; "" for a path."""
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", text)
    return found.group(1).lower() if found else ""


def is_database(text: str) -> bool:
    """Whether a URL is one of a database."""
    return scheme_of(text).partition("+")[0] in _DATABASES


def checked_cron(text: str) -> str:
    """Five fields of numbers, `*`, lists, ranges and steps. Raises ConfigError."""
    fields = text.split()
    good = len(fields) == 5
    for field, (low, high) in zip(fields, _RANGES, strict=False):
        for part in field.split(","):
            found = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?", part)
            numbers = [int(n) for n in found.groups()[:2] if n] if found else []
            good = good and found is not None and all(low <= n <= high for n in numbers) and numbers == sorted(numbers)
    if not good:
        raise ConfigError(f"{text!r} is no schedule", 'write five cron fields, for example "30 6 * * *" for 06:30 every day')
    if math.isinf(longest_gap(text)):
        raise ConfigError(f"{text!r} is no schedule: that day never comes")
    return " ".join(fields)


def longest_gap(text: str) -> float:
    """The most seconds that pass between two runs of a checked schedule; infinite for a day that never comes."""
    minutes, hours, days, months, weekdays = (_numbers(f, *span) for f, span in zip(text.split(), _RANGES, strict=True))
    times = sorted(3600 * hour + 60 * minute for hour in hours for minute in minutes)
    weekdays |= {0} if 7 in weekdays else set()
    either = not any(field.startswith("*") for field in (text.split()[2], text.split()[4]))  # cron: the one day or the other
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
