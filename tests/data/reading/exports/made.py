"""Values and times that the exports hold, and what reading an export must give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

N = 28
_START = datetime(2024, 1, 1)
DAYS = [_START + timedelta(days=k) for k in range(N)]
HOURS = [_START + timedelta(hours=k) for k in range(72)]
MONTHS = [datetime(2020 + k // 12, k % 12 + 1, 1) for k in range(48)]
QUARTERS = [datetime(2014 + k // 4, k % 4 * 3 + 1, 1) for k in range(32)]
YEARS = [datetime(1990 + k, 1, 1) for k in range(30)]
WEEKS = [datetime(2022, 1, 3) + timedelta(weeks=k) for k in range(60)]


def values(size: int, seed: int = 0, low: int = 100, high: int = 200) -> list[int]:
    """Varied whole numbers from low to high."""
    return [low + (k * 37 + seed * 53 + k * k * 7) % (high - low) for k in range(size)]


# three series: below two hundred, below four hundred, above a thousand
V = values(80)
W = values(80, 1, 300, 400)
X = values(80, 2, 1100, 2900)


@dataclass(frozen=True)
class Case:
    """text: the file's content. freq, first, series: what reading it with `options` gives; None is a missing value.

    stop: a pattern of the error, where reading stops; settle: the options of its hint, with which the file is read.
    """

    text: str
    freq: str
    first: str
    series: Sequence[Sequence[float | None]]
    options: dict[str, Any] = field(default_factory=dict)
    name: str = "data.csv"
    encoding: str = "utf-8"
    stop: str = ""
    settle: dict[str, Any] | None = None


CASES: dict[str, Case] = {}


def case(make: Callable[[], Case]) -> Callable[[], Case]:
    """Add the case under the name of the function that makes it."""
    CASES[make.__name__] = make()
    return make


def floats(numbers: Iterable[float]) -> list[float]:
    return [float(number) for number in numbers]


def de(number: float, digits: int = 2) -> str:
    """1.104,50"""
    return f"{number:,.{digits}f}".translate({44: ".", 46: ","})


def fr(number: float, digits: int = 2, space: str = "\u202f") -> str:
    """1 104,50"""
    return f"{number:,.{digits}f}".translate({44: space, 46: ","})


def csv(head: str | Sequence[str], rows: Iterable[Iterable[object]], sep: str = ",") -> str:
    """A header and rows as text."""
    return "\n".join([head if isinstance(head, str) else sep.join(head), *(sep.join(map(str, row)) for row in rows)]) + "\n"
