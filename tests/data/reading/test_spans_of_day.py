"""Times of day in columns from and to, and AM and PM in a column of their own."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.reading.kinds import series, table

TIMES = [np.datetime64("2024-03-01T00:00") + 15 * k for k in range(192)]
VALUES = [float(k % 96 + 1) for k in range(192)]


@pytest.mark.parametrize("names", ["Datum;von;bis", "Date;From;To"])
@pytest.mark.parametrize("midnight", ["24:00", "00:00"])
def test_the_start_of_a_span_is_the_time_of_day_and_its_end_no_item(take, names, midnight):
    rows = []
    for t, v in zip(TIMES, VALUES, strict=True):
        day, clock = str(t).split("T")
        end = str(t + 15).split("T")[1]
        rows.append(f"{day};{clock};{midnight if end == '00:00' else end};{v}")
    panel, report = take(f"{names};kWh\n" + "\n".join(rows) + "\n")
    assert (panel.item_ids, panel.freq.alias, report.first) == (("kWh",), "15min", "2024-03-01")
    assert panel.history(0).tolist() == VALUES


def test_am_and_pm_in_a_column_belong_to_the_hours(take):
    rows = [f"2024-03-0{1 + k // 24},{k % 12 or 12}:00,{'AM' if k % 24 < 12 else 'PM'},{k + 1}" for k in range(72)]
    panel, report = take("Date,Time,AM/PM,value\n" + "\n".join(rows) + "\n")
    assert (panel.item_ids, panel.freq.alias, report.first) == (("value",), "h", "2024-03-01")
    assert panel.history(0).tolist() == list(range(1, 73))


@pytest.mark.parametrize(("name", "unit", "first"), [("minute_of_day", 15, 0), ("slot", 1, 1), ("slot", 1, 0)])
def test_minutes_and_slots_of_a_day_are_times(take, name, unit, first):
    rows = [f"{str(t)[:10]},{first + unit * (k % 96)},{v}" for k, (t, v) in enumerate(zip(TIMES, VALUES, strict=True))]
    panel, _ = take(f"date,{name},value\n" + "\n".join(rows) + "\n")
    assert (panel.freq.alias, panel.history(0).tolist()) == ("15min", VALUES)


def test_the_spans_of_a_single_day_take_the_date_of_their_start(take):
    """The last span ends at midnight, on the next day; the date of the starts never changes."""
    hours = [f"{h:02d}:00" for h in range(24)]
    ends = ["2024-01-01"] * 23 + ["2024-01-02"]
    text = table(
        "Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);kWh",
        ["2024-01-01"] * 24,
        hours,
        ends,
        [*hours[1:], "00:00"],
        range(24),
        sep=";",
    )
    panel, report = take(text)
    assert (report.first, report.last[:13], series(panel)) == ("2024-01-01", "2024-01-01T23", [float(k) for k in range(24)])
