"""Hours and periods counted from midnight on the day on which clocks are set forward."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.reading.short_days import short_day
from tsattn.errors import DataError

DAYS = [str(np.datetime64("2024-03-29") + k) for k in range(5)]  # clocks go forward on the 31st
HOUR = np.timedelta64(1, "h")


def hours_of_days(short: str, step: int = 1) -> tuple[list[str], list[int]]:
    """Return the day and the number, from 1 on, of each of `step` periods an hour; the day `short` has one hour less."""
    cells = [(day, k + 1) for day in DAYS for k in range(24 * step - (step if day == short else 0))]
    return [day for day, _ in cells], [k for _, k in cells]


def rows(short: str, step: int, header: str) -> str:
    days, numbers = hours_of_days(short, step)
    return header + "\n" + "".join(f"{d},{k},{100 + at}.5\n" for at, (d, k) in enumerate(zip(days, numbers, strict=True)))


@pytest.mark.parametrize(("step", "header", "last"), [(1, "date,hour,load", 23), (2, "date,settlement_period,load", 46)])
def test_numbers_that_end_an_hour_early_on_the_day_of_the_change_need_a_zone(take, step, header, last):
    text = rows("2024-03-31", step, header)
    with pytest.raises(DataError, match=f": {last} is the last number in column .* on 2024-03-31, a day of 23 hours") as stop:
        take(text)
    assert "--timezone" in stop.value.hint
    panel, report = take(text, timezone="Europe/Berlin")
    assert panel.history(0).tolist() == [100.5 + k for k in range(24 * 5 * step - step)]
    assert (report.missing, report.last[:16]) == (0, f"2024-04-02T23:{0 if step == 1 else 30:02d}")


def test_a_sunday_without_its_last_hour_is_read_if_clocks_do_not_change(take):
    panel, report = take(rows("2024-03-31", 1, "date,hour,load").replace("2024-", "2022-"))
    assert (panel.freq.alias, report.missing) == ("h", 1)


def test_hours_that_are_skipped_at_the_change_are_those_of_the_clock(take):
    text = "date,hour,load\n" + "".join(
        f"{day},{k + 1},{100 + k}.5\n" for day in DAYS for k in range(24) if (day, k) != ("2024-03-31", 2)
    )
    panel, report = take(text)
    assert (panel.freq.alias, report.missing) == ("h", 1)
    assert np.flatnonzero(np.isnan(panel.history(0))).tolist() == [2 * 24 + 2]


def test_columns_of_hours_that_end_early_need_a_zone(take):
    names = ",".join(f"H{k}" for k in range(1, 25))
    cells = [[f"{100 + 24 * at + k}.5" for k in range(24)] for at in range(5)]
    cells[2][23] = ""
    text = f"date,{names}\n" + "".join(f"{day},{','.join(row)}\n" for day, row in zip(DAYS, cells, strict=True))
    with pytest.raises(DataError, match="line 4: 2024-03-31 has 23 hours") as stop:
        take(text)
    assert "--timezone" in stop.value.hint
    panel, report = take(text, timezone="Europe/Berlin")
    assert panel.history(0).tolist() == [float(cell) for row in cells for cell in row if cell]
    assert report.missing == 0


def test_the_last_row_of_the_short_day_is_returned():
    days, numbers = hours_of_days("2024-03-31")
    stamps = np.array(days, "datetime64[us]")
    hours = (np.array(numbers) - 1) * HOUR.astype("timedelta64[us]")
    assert short_day(stamps, hours) == 2 * 24 + 22
    kept = np.flatnonzero((stamps != stamps[0]) | (hours < 12 * HOUR))  # the file may begin within a day
    assert short_day(stamps[kept], hours[kept]) == 12 + 24 + 22
    gap = np.flatnonzero((stamps != stamps[30]) | (hours != 5 * HOUR))  # another day lacks an hour
    assert short_day(stamps[gap], hours[gap]) is None
