"""Days that the timestamps of weeks, months and other long steps stand for."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.freq import Freq
from tsattn.data.periods import days_of, spans_days


@pytest.mark.parametrize(
    ("freq", "stamp", "column", "first", "after"),
    [
        ("W", "2024-01-08", "week", "2024-01-08", "2024-01-15"),  # a Monday begins its week
        ("W", "2024-01-14", "week", "2024-01-08", "2024-01-15"),  # another day ends it
        ("W", "2024-01-08", "week ending", "2024-01-02", "2024-01-09"),
        ("W", "2024-01-07", "Woche ab", "2024-01-07", "2024-01-14"),
        ("2W", "2024-01-08", None, "2024-01-08", "2024-01-22"),
        ("MS", "2024-02-01", None, "2024-02-01", "2024-03-01"),
        ("ME", "2024-02-29", None, "2024-02-01", "2024-03-01"),
        ("MS", "2024-02-15", None, "2024-02-01", "2024-03-01"),
        ("QS", "2024-01-01", None, "2024-01-01", "2024-04-01"),
        ("QE", "2024-03-31", None, "2024-01-01", "2024-04-01"),
        ("YE", "2024-12-31", None, "2024-01-01", "2025-01-01"),
        ("10D", "2024-01-08", None, "2024-01-08", "2024-01-18"),
        ("2B", "2024-01-11", None, "2024-01-11", "2024-01-15"),
        ("D", "2024-01-12", None, "2024-01-12", "2024-01-13"),
        ("B", "2024-01-12", None, "2024-01-12", "2024-01-13"),  # a Friday is over on Saturday
    ],
)
def test_the_days_of_a_step(freq: str, stamp: str, column: str | None, first: str, after: str) -> None:
    found = days_of(np.array([stamp], "datetime64[us]"), Freq.parse(freq), column)
    assert [str(day[0]) for day in found] == [first, after]


def test_only_steps_longer_than_a_day_span_days() -> None:
    every = ("h", "D", "B", "D@Mon-Sat", "2B", "36h", "W", "MS", "YE", "step")
    assert [text for text in every if spans_days(Freq.parse(text))] == ["2B", "36h", "W", "MS", "YE"]
