"""Order of cutoffs: in time, also in the hour that occurs twice when clocks are set back."""

from __future__ import annotations

import datetime as dt

import pytest

from tsattn.batch.cutoffs import instant_of, is_earlier


@pytest.mark.parametrize(
    ("one", "other", "earlier"),
    [
        ("2024-10-27 02:50:00+02:00", "2024-10-27 02:10:00+01:00", True),
        ("2024-10-27 02:10:00+01:00", "2024-10-27 02:50:00+02:00", False),
        ("2024-10-27 02:10:00", "2024-10-27 02:50:00", True),
        ("2024-10-27 02:10:00", "2024-10-27 02:50:00+02:00", False),  # two formats: unknown
        ("2024-05", "2024-06", True),
        ("2024-06", "2024-05", False),
        ("17", "18", True),
    ],
)
def test_cutoffs_are_compared_as_instants(one, other, earlier):
    assert is_earlier(one, other) is earlier


def test_an_instant_is_a_naive_datetime_in_utc_or_the_number_of_a_step():
    assert instant_of("2024-10-27T02:10:00+01:00") == dt.datetime(2024, 10, 27, 1, 10)
    assert instant_of(dt.date(2024, 10, 27)) == dt.datetime(2024, 10, 27)
    assert (instant_of("12"), instant_of(-3), instant_of(None)) == (12, -3, None)
