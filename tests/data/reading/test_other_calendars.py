"""Dates of the Thai Buddhist and the Persian calendar."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.reading.kinds import LARGE, series, table
from tsattn.data import arrow
from tsattn.data.reading.other_calendars import from_other_calendar

KNOWN = {
    "1400/01/01": "2021-03-21",
    "1399/12/30": "2021-03-20",
    "1357/11/22": "1979-02-11",
    "1403/1/1": "2024-03-20",
    "1402-02-31 10:30": "2023-05-21T10:30",
    "29/02/2567": "2024-02-29",
}


@pytest.mark.parametrize("text", KNOWN)
def test_a_date_of_another_calendar_is_converted(text):
    found = from_other_calendar(arrow.strings([text]), None)
    assert found is not None
    assert found[0].wall[0] == np.datetime64(KNOWN[text])


@pytest.mark.parametrize("text", ["1402/12/30", "1402/13/01", "2024/01/32", "abc"])
def test_no_date_of_any_calendar_stays_unread(text):
    assert from_other_calendar(arrow.strings([text]), None) is None


def test_days_that_follow_each_other_only_in_the_persian_calendar_are_of_it(take):
    days = [f"1402/{k // 30 + 7:02d}/{k % 30 + 1:02d}" for k in range(20, 40)]
    panel, report = take(table("date,sales", days, LARGE))
    assert (panel.freq.alias, report.first, report.missing, series(panel)) == ("D", "2023-10-13", 0, LARGE)
    panel, report = take(table("date,sales", [f"1402/07/{k:02d}" for k in range(1, 21)], LARGE))
    assert report.first == "1402-07-01"
    assert any("if they are in the Persian calendar" in w for w in report.warnings)


def test_a_column_with_a_31st_of_the_second_month_is_of_the_persian_calendar(take):
    days = [f"1402/{k // 31 + 2:02d}/{k % 31 + 1:02d}" for k in range(25, 45)]
    panel, report = take(table("date,sales", days, LARGE))
    assert (panel.freq.alias, report.first, series(panel)) == ("D", "2023-05-16", LARGE)
    assert any("Persian" in w for w in report.warnings)
