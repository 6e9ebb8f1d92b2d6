"""Dates with Thai months, and years of the Buddhist era."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.reading.kinds import series
from tsattn.data import arrow
from tsattn.data.reading.date_texts import parse_texts
from tsattn.errors import DataError

SHORT = ["ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค."]
LONG = ["มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน", "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม"]
MONTHS = [f"2022-{month:02d}-01" for month in range(1, 13)]


@pytest.mark.parametrize("written", ["{} 2565", "{} พ.ศ. 2565", "{}-65", "{} 2022", "{}-22", "{} ๒๕๖๕"])
@pytest.mark.parametrize("names", [SHORT, LONG])
def test_thai_months_are_read_in_the_year_of_their_era(names, written):
    parsed = parse_texts(arrow.strings([written.format(name) for name in names]))
    assert not parsed.failed.any()
    assert np.datetime_as_string(parsed.wall, "D").tolist() == MONTHS


def test_a_table_of_thai_days_is_daily_and_the_report_says_so(take):
    rows = "".join(f"{day} ม.ค. 2567,{100 + day}\n" for day in range(1, 21))
    panel, report = take("วันที่,ยอดขาย\n" + rows)
    assert (panel.freq.alias, report.first, series(panel)) == ("D", "2024-01-01", [100.0 + day for day in range(1, 21)])
    assert any(found.what == "calendar" and "Buddhist" in found.value for found in report.found)


def test_a_first_column_of_dates_in_an_unknown_language_stops(take):
    rows = "".join(f"ጥር{day} 2016,{100 + day}\n" for day in range(1, 21))
    with pytest.raises(DataError, match="not a date in a known format"):
        take("x,y\n" + rows)
    kept, _ = take("x,y\n" + "".join(f"obs{day:02d},{100 + day}\n" for day in range(1, 21)))
    assert kept.freq.alias == "step"


def test_words_with_two_digits_stop_only_as_a_first_column(take):
    labels = [f"{name} {year}" for year in range(20, 25) for name in ("Ichi", "Ni", "San", "Shi")]
    with pytest.raises(DataError, match="not a date in a known format"):
        take("x,y\n" + "".join(f"{label},{k}\n" for k, label in enumerate(labels)))
    panel, _ = take("ds,value,label\n" + "".join(f"{k},{3 * k % 7},{label}\n" for k, label in enumerate(labels)))
    assert panel.freq.alias == "step"
