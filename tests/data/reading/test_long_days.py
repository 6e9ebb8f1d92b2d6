"""A row per day and a column per hour, with a column for the hour that comes a second time."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.errors import DataError

DAYS = [str(np.datetime64("2024-10-25") + k) for k in range(5)]  # clocks go back on the 27th
VALUES = [float(v) for v in range(100, 100 + 5 * 24 + 1)]


def _rows(second: int) -> str:
    """Rows of 25 cells; `second` is the place of the column that only the long day fills."""
    left, rows = iter(VALUES * 2), []
    for day in DAYS:
        cells = [next(left) if k != second or day == "2024-10-27" else "" for k in range(25)]
        rows.append(",".join([day, *map(str, cells)]))
    return "\n".join(rows) + "\n"


A_AND_B = [f"Hour {k}" for k in (1, 2)] + ["Hour 3A", "Hour 3B"] + [f"Hour {k}" for k in range(4, 25)]
SPANS = ["00-01", "01-02", "02-03 A", "02-03 B"] + [f"{k:02d}-{k + 1:02d}" for k in range(3, 24)]


@pytest.mark.parametrize(("names", "second"), [(A_AND_B, 3), (SPANS, 3), ([f"H{k}" for k in range(1, 26)], 24)])
def test_with_a_zone_each_hour_is_read_once(take, names, second):
    text = ",".join(["Date", *names]) + "\n" + _rows(second)
    panel, report = take(text, timezone="Europe/Berlin")
    assert (len(panel), panel.freq.alias, report.first) == (1, "h", "2024-10-25T00:00:00+02:00")
    assert panel.history(0).tolist() == VALUES


def test_half_hours_up_to_50_are_the_times_of_a_day_without_a_zone_if_the_last_two_are_blank(take):
    rows = "".join(f"{day},{','.join(str(48 * d + k) for k in range(48))},,\n" for d, day in enumerate(DAYS))
    panel, report = take(",".join(["Trading_Date", *(f"TP{k}" for k in range(1, 51))]) + "\n" + rows)
    assert (len(panel), panel.freq.alias, panel.history(0).tolist()) == (1, "30min", [float(v) for v in range(240)])
    assert not report.warnings


def test_without_a_zone_the_second_hour_stops(take):
    with pytest.raises(DataError, match="'Hour 3A', 'Hour 3B': the extra hour of the day on which clocks are set back") as stop:
        take(",".join(["Date", *A_AND_B]) + "\n" + _rows(3))
    assert "--timezone" in stop.value.hint


def test_a_value_in_an_hour_that_the_day_does_not_have_stops(take):
    text = ",".join(["Date", *(f"H{k}" for k in range(1, 26))]) + "\n" + _rows(24)
    with pytest.raises(DataError, match="line 4: the day has more values than hours in the zone America/New_York"):
        take(text, timezone="America/New_York")


def test_25_numbered_columns_of_another_name_are_series(take):
    panel, _ = take(",".join(["Date", *(f"x{k}" for k in range(1, 26))]) + "\n" + _rows(25))
    assert len(panel) == 25
