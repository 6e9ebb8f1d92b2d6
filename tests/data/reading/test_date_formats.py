"""Texts and numbers as timestamps."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.arrow import strings
from tsattn.data.reading.date_parts import NAIVE
from tsattn.data.reading.date_texts import parse_texts
from tsattn.data.reading.numeric_dates import parse_numbers

_HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2000-01-31", "2000-01-31"),
        ("2000/1/5", "2000-01-05"),
        ("2000.01.05 7:08", "2000-01-05T07:08"),
        ("2000-01-31T05:06:07.123456789", "2000-01-31T05:06:07.123456"),
        ("2000-01-31 05:06:07,25", "2000-01-31T05:06:07.250000"),
        ("2020-01-01 24:00", "2020-01-02"),
        ("2020-01-01 12:00 AM", "2020-01-01"),
        ("2020-01-01 12:30 pm", "2020-01-01T12:30"),
        ("Jan 1 2000", "2000-01-01"),
        ("Jan-1-1995", "1995-01-01"),
        ("January 5, 2001", "2001-01-05"),
        ("Mon, 05 Feb 2001 10:00:00", "2001-02-05T10:00"),
        ("1 Jan 2000", "2000-01-01"),
        ("1-Jan-95", "1995-01-01"),
        ("3rd May 2001", "2001-05-03"),
        ("2000 Jan 4", "2000-01-04"),
        ("Jan 2000", "2000-01-01"),
        ("Sept 1999", "1999-09-01"),
        ("2000 Dec", "2000-12-01"),
        ("Jan-95", "1995-01-01"),
        ("2000-01", "2000-01-01"),
        ("200012", "2000-12-01"),
        ("2000M01", "2000-01-01"),
        ("2000:03", "2000-03-01"),
        ("24OCT2021", "2021-10-24"),
        ("24OCT2021:05:00:00", "2021-10-24T05"),
        ("3aug2021", "2021-08-03"),
        ("3APR21", "2021-04-03"),
        ("1o abril 2021", "2021-04-01"),
        ("2000:3", "2000-07-01"),
        ("12/2000", "2000-12-01"),
        ("2000Q3", "2000-07-01"),
        ("2000-Q3", "2000-07-01"),
        ("Q4 2000", "2000-10-01"),
        ("2020-W53", "2020-12-28"),
        ("19580329", "1958-03-29"),
        ("20200101T050600Z", "2020-01-01T05:06"),
        ("1700", "1700-01-01"),
        ("0001-01-01", "0001-01-01"),
        ("9999-12-31", "9999-12-31"),
    ],
)
def test_a_written_form_is_understood(text: str, wanted: str) -> None:
    parsed = parse_texts(strings([text]))
    assert not parsed.failed[0]
    assert parsed.wall[0] == np.datetime64(wanted, "us")


@pytest.mark.parametrize(
    "text", ["2000-02-30", "31/02/2000", "2000-13-01", "2000-01-01 25:00", "2000-01-01 13:00 PM", "hello", "12", "007"]
)
def test_what_is_no_date_fails(text: str) -> None:
    parsed = parse_texts(strings([text]))
    assert parsed.failed[0]
    assert np.isnat(parsed.wall[0])


@pytest.mark.parametrize("text", ["", "NA", ".", "null", "-"])
def test_a_missing_marker_is_missing_and_no_failure(text: str) -> None:
    parsed = parse_texts(strings(["2000-01-01", text]))
    assert not parsed.failed.any()
    assert np.isnat(parsed.wall[1])


@pytest.mark.parametrize(("text", "hours"), [("+02:00", 2), ("-0330", -3.5), ("Z", 0), (" UTC", 0), ("+05", 5)])
def test_an_offset_is_kept_as_written(text: str, hours: float) -> None:
    parsed = parse_texts(strings(["2000-01-01 05:00" + text, "2000-01-01 05:00"]))
    assert parsed.offset.tolist() == [int(hours * _HOUR), NAIVE]
    assert (parsed.wall == np.datetime64("2000-01-01T05:00")).all()


def test_day_and_month_are_given_both_ways_round() -> None:
    parsed = parse_texts(strings(["1/2/2000", "13/1/2000"]))
    assert parsed.wall.astype("datetime64[D]").astype(str).tolist() == ["2000-02-01", "2000-01-13"]
    assert parsed.other is not None
    assert parsed.other[0] == np.datetime64("2000-01-02")
    assert np.isnat(parsed.other[1])


def test_in_the_order_ymd_two_digits_are_a_year() -> None:
    assert parse_texts(strings(["99/12/31"]), "ymd").wall[0] == np.datetime64("1999-12-31")


@pytest.mark.parametrize(
    ("numbers", "first", "form"),
    [
        ([19580329, 19580405], "1958-03-29", "20000131"),
        ([194901, 194902], "1949-01-01", "200001"),
        ([2020010100, 2020010123], "2020-01-01", "2000013123"),
        ([1700, 1701], "1700-01-01", "2000"),
        ([1577836800, 1577840400], "2020-01-01", "epoch s"),
        ([1577836800.5, 1577840400], "2020-01-01T00:00:00.500000", "epoch s"),
        ([1577836800e3, 1577840400e3], "2020-01-01", "epoch ms"),
        ([1577836800e6, 1577840400e6], "2020-01-01", "epoch us"),
        ([1577836800e9, 1577840400e9], "2020-01-01", "epoch ns"),
    ],
)
def test_numbers_are_dates_or_epochs(numbers: list[float], first: str, form: str) -> None:
    found = parse_numbers(np.array([*numbers, np.nan]))
    assert found is not None
    assert (found[0][0], found[1]) == (np.datetime64(first, "us"), form)
    assert np.isnat(found[0][2])


@pytest.mark.parametrize("numbers", [[1.5, 2.5], [-5, 7], [20001331, 20001332, 12], [np.nan], [1e300], [1e17, 5]])
def test_other_numbers_are_no_dates(numbers: list[float]) -> None:
    assert parse_numbers(np.array(numbers, float)) is None


@pytest.mark.parametrize(
    ("texts", "first", "second"),
    [
        (["Year ending March 2010", "Year ending March 2011"], "2010-03-01", "2011-03-01"),
        (["12 months to Jun 2020", "12 months to Jun 2021"], "2020-06-01", "2021-06-01"),
        (["2005 to 2006", "2006 to 2007"], "2005-01-01", "2006-01-01"),
        (["1/86", "12/90"], "1986-01-01", "1990-12-01"),
        (["2023/08", "2023/09", "2023/10 p1/"], "2023-08-01", "2023-10-01"),
    ],
)
def test_periods_and_flags_of_statistical_offices_are_dates(texts, first, second):
    parsed = parse_texts(strings(texts))
    assert not parsed.failed.any()
    assert np.datetime_as_string(parsed.wall[[0, -1]], "D").tolist() == [first, second]
