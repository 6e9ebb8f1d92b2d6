"""Keys, row numbers, marks of quality and lengths of steps beside values are no series."""

from __future__ import annotations

import pytest

from tests.data.reading.kinds import ISO, LARGE, series, table

MARKS = [k % 3 for k in range(20)]
KEYS = [9_000_017 * (k * 7 % 20) + 31 for k in range(20)]
RISING = [3 * k + k % 2 for k in range(20)]


@pytest.mark.parametrize("name", ["id", "idhod", "_id", "OBJECTID", "record_id", "transaction_no", "ns"])
def test_a_column_of_keys_is_left_out_and_reported(take, name):
    panel, report = take(table(f"{name},date,value", KEYS, ISO, LARGE))
    assert (panel.item_ids, series(panel)) == (("value",), LARGE)
    assert any(r.what.startswith("columns of ids left out; to forecast one") and r.where == repr(name) for r in report.repaired)


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "index", "X", "No."])
def test_a_first_column_without_a_name_that_rises_is_no_series(take, name):
    assert take(table(f"{name},date,value", RISING, ISO, LARGE))[0].item_ids == ("value",)


@pytest.mark.parametrize(
    "name", ["qc", "quality_code", "QA flag", "value_qc", "valueQ", "value_status", "Qualit\u00e4t", "qualifier"]
)
def test_a_column_of_quality_marks_is_no_series(take, name):
    panel, report = take(table(f"date,value,{name}", ISO, LARGE, MARKS))
    assert panel.item_ids == ("value",)
    assert any("quality marks left out" in r.what for r in report.repaired)


@pytest.mark.parametrize(
    ("name", "values"), [("air_quality", MARKS), ("quality", LARGE), ("idle", KEYS), ("id_count", KEYS), ("passenger_no", KEYS)]
)
def test_measurements_with_such_words_stay_series(take, name, values):
    assert take(table(f"date,value,{name}", ISO, LARGE, values))[0].item_ids == ("value", name)


def test_a_column_of_keys_is_forecast_where_it_is_named(take):
    assert series(take(table("id,date,value", RISING, ISO, LARGE), target=("id",))[0]) == RISING


@pytest.mark.parametrize("name", ["Daily Obs Count", "Days of accumulation", "NM_BASE_YR", "POC", "MDL", "BuKr", "ind", "ivalue"])
def test_a_column_that_never_changes_and_says_how_a_value_was_made_is_no_series(take, name):
    panel, report = take(table(f"date,value,{name}", ISO, LARGE, [4] * 20))
    assert panel.item_ids == ("value",)
    assert any("never change left out" in r.what and r.where == repr(name) for r in report.repaired)
    assert take(table(f"date,value,{name}", ISO, LARGE, LARGE[::-1]))[0].item_ids == ("value", name)


def test_columns_of_nines_only_are_left_out_if_there_are_two(take):
    text = "".join(f"2024-01-{k + 1:02d},{k * k},99,999\n" for k in range(20))
    assert take("date,value,vis,tide\n" + text)[0].item_ids == ("value",)
    assert take(table("date,value,price_of_tea", ISO, LARGE, [99] * 20))[0].item_ids[0] == "value"


def test_a_nearly_constant_interval_is_the_length_of_a_step(take):
    seconds = [600 + k % 3 - 1 for k in range(20)]
    assert take(table("interval,date,value", seconds, ISO, LARGE))[0].item_ids == ("value",)
    assert take(table("interval,date,value", LARGE, ISO, LARGE))[0].item_ids == ("interval", "value")


@pytest.mark.parametrize(
    ("name", "value"),
    [("NMI", 6102345678), ("PRM", 19512345678901), ("Zählernummer", 12345), ("imei", 356938035643809), ("Statut", 16), ("F", 0)],
)
def test_a_column_of_one_id_or_code_is_no_series(take, name, value):
    panel, report = take(table(f"{name},date,north,south", [value] * 20, ISO, LARGE, RISING))
    assert panel.item_ids == ("north", "south")
    assert any(r.what == "columns that never change left out" and r.where == repr(name) for r in report.repaired)


def test_both_coordinates_of_one_place_are_no_series(take):
    panel, _ = take(table("date,value,X,Y", ISO, LARGE, ["713748.8"] * 20, ["5748949.5"] * 20))
    assert panel.item_ids == ("value",)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("weather_id", "columns of codes"),
        ("nanos", "columns of parts of a second"),
        ("気温/品質情報", "columns of quality marks"),
    ],
)
def test_codes_and_parts_of_a_second_are_no_series(take, name, what):
    panel, report = take(table(f"date,value,{name}", ISO, LARGE, [8 - (k % 7 == 0) for k in range(20)]))
    assert panel.item_ids == ("value",)
    assert any(r.what.startswith(what) and r.where == repr(name) for r in report.repaired)


@pytest.mark.parametrize(("name", "value"), [("pumps", 4), ("budget", 1_500_000_000)])
def test_constant_columns_of_usual_names_stay_series(take, name, value):
    assert take(table(f"date,value,{name}", ISO, LARGE, [value] * 20))[0].item_ids == ("value", name)


def test_a_series_of_zeros_among_series_named_by_letters_stays(take):
    assert take(table("date,A,B", ISO, LARGE, [0] * 20))[0].item_ids == ("A", "B")


def test_a_day_of_the_month_repeats_the_date(take):
    assert take(table("date,dom,sales", ISO, range(1, 21), LARGE))[0].item_ids == ("sales",)
