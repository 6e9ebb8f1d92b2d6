"""Roles of columns whose names do not reveal them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.data.reading.kinds import ISO, LARGE, MIXED, quoted, series, table
from tsattn.config import ReadOptions
from tsattn.data.reading.read import read
from tsattn.errors import ConfigError, DataError


def _each(days: list[str], items: int) -> list[str]:
    return [d for d in days for _ in range(items)]


def test_whole_numbers_that_make_timestamps_unique_are_items(take):
    panel, _ = take(table("date,shop_id,sales", _each(ISO, 3), [1, 2, 13] * 20, range(60)))
    assert panel.item_ids == ("1", "2", "13")
    assert series(panel, 2)[:3] == [2, 5, 8]


def test_whole_numbers_of_an_unknown_name_are_items_where_each_is_there_at_every_time(take):
    panel, _ = take(table("date,grp,v", _each(ISO, 3), [1, 2, 3] * 20, [7 * k % 17 for k in range(60)]))
    assert panel.item_ids == ("1", "2", "3")


def test_a_number_and_a_text_are_items_together_and_the_counter_is_left_out(take):
    text = table(
        "id,date,store_nbr,family,sales,onpromotion",
        range(80),
        _each(ISO, 4),
        [1, 1, 2, 2] * 20,
        ["AUTO", "BEVERAGES"] * 40,
        range(80),
        [k % 3 for k in range(80)],
    )
    panel, report = take(text)
    assert panel.item_ids == ("1/AUTO", "1/BEVERAGES", "2/AUTO", "2/BEVERAGES")
    assert panel.schema.target == ("sales",)
    assert series(panel, 3)[:2] == [3, 7]
    assert any("300" not in e.why and e.what == "item" for e in report.evidence)


def test_three_item_columns_are_joined(take):
    text = table(
        "date,country,store,sku,v", _each(ISO, 8), (["DE"] * 4 + ["AT"] * 4) * 20, [1, 1, 2, 2] * 40, [5, 6] * 80, range(160)
    )
    panel, _ = take(text)
    assert panel.item_ids[:3] == ("DE/1/5", "DE/1/6", "DE/2/5")


def test_a_blank_second_name_is_the_whole_of_the_first(take):
    for region in (["N"] * 3, ["N", "N", "S"]):
        panel, _ = take(table("date,region,city,v", _each(ISO, 3), region * 20, ["", "x", "y"] * 20, range(60)))
        assert panel.item_ids == (region[0], f"{region[1]}/x", f"{region[2]}/y")


def test_merged_names_are_filled_from_above(take):
    rows = "".join(f"{name if i == 0 else ''},{d},{100 * k + i}\n" for k, name in enumerate("AB") for i, d in enumerate(ISO))
    panel, report = take("item,date,v\n" + rows)
    assert panel.item_ids == ("A", "B")
    assert series(panel, 1) == [100 + i for i in range(20)]
    assert any("filled from the row above" in r.what for r in report.repaired)


def test_two_columns_of_unknown_names_that_split_rows_in_different_ways_stop(take):
    one, two = ["a", "b"] * 20, ["x", "y"] * 5 + ["y", "x"] * 15
    text = table("date,alpha,beta,v", _each(ISO, 2), one, two, range(40))
    with pytest.raises(DataError, match="2 columns could name the series: 'alpha', 'beta'") as stopped:
        take(text)
    assert "--item alpha" in stopped.value.hint
    assert take(text, item=("alpha",))[0].item_ids == ("a", "b")


@pytest.mark.parametrize("names", [",", "Unnamed: 0,", "Unnamed: 0.1,Unnamed: 0,", "index,"])
def test_counters_of_rows_are_left_out(take, names):
    count = names.count(",")
    panel, _ = take(table(f"{names}date,value", *([range(20)] * count), ISO, LARGE))
    assert panel.item_ids == ("value",)


def test_price_is_not_the_target_beside_sales(take):
    text = table("item_id,date,price,sales", ["a"] * 10 + ["b"] * 10, ISO[:10] * 2, [5] * 20, LARGE)
    assert take(text)[0].schema.target == ("sales",)


AHEAD = {
    "price and sales": ("price,sales", "sales"),
    "names that say nothing": ("foo,bar", "bar"),
    "a target that is called a price": ("demand,price", "price"),
}


@pytest.mark.parametrize("kind", AHEAD)
def test_the_column_that_is_blank_in_the_future_rows_is_the_target(take, kind):
    names, target = AHEAD[kind]
    filled, blank = [5 + k % 3 for k in range(20)], [v if k < 15 else "" for k, v in enumerate(LARGE)]
    single = table(f"date,{names}", ISO, filled, blank)
    long = table(f"item_id,date,{names}", ["a"] * 20 + ["b"] * 20, ISO * 2, filled * 2, blank * 2)
    if kind != "a target that is called a price":  # a name alone may not turn two series into one
        panel, report = take(single)
        assert (panel.schema.target, report.rows) == ((target,), 15)
        assert "known covariates" in {f.what for f in report.found}
    panel, _ = take(long)
    assert panel.schema.target == (target,)


@pytest.mark.parametrize("names", ["a,b", "sensor_1,sensor_2", "north,south"])
def test_series_of_one_kind_of_which_one_ends_sooner_stay_series(take, names):
    shorter = [v if k < 15 else "" for k, v in enumerate(LARGE)]
    gap = ["" if k == 4 else v for k, v in enumerate(shorter)]
    panel, _ = take(table(f"date,{names}", ISO, LARGE, gap))
    assert panel.item_ids == tuple(names.split(","))


@pytest.mark.parametrize(("rows", "ended"), [(400, 280), (400, 340), (60, 20), (60, 58)])
def test_measured_columns_do_not_become_known_covariates_of_a_series_that_ended(take, rows, ended):
    days = [date(2022, 1, 1) + timedelta(k) for k in range(rows)]
    values = [1.07 + k * 37 % 91 / 100 for k in range(rows)]
    panel, _ = take(table("date,USD,CHF,HRK", days, values, values[::-1], [v if k < ended else "" for k, v in enumerate(values)]))
    assert panel.item_ids == ("USD", "CHF", "HRK")


def ends_before(rows, *columns):
    return [[v if k < rows else "" for k, v in enumerate(column)] for column in columns]


@pytest.mark.parametrize("newest_first", [False, True])
def test_counts_that_go_on_where_most_series_end_are_a_plan_and_one_series_may_have_ended_before(take, newest_first):
    blank = [*ends_before(15, LARGE, LARGE, LARGE), *ends_before(9, LARGE)]
    days_off = [k % 4 for k in range(20)]
    rows = list(zip(ISO, *blank, days_off, strict=True))
    panel, report = take(table("date,north,south,east,west,days off", *zip(*rows[:: -1 if newest_first else 1], strict=True)))
    assert panel.item_ids == ("north", "south", "east", "west")
    assert ("known covariates", "'days off'") in [(f.what, f.value) for f in report.found]


def test_values_that_go_on_where_most_series_end_are_series_with_a_hint_at_known(take):
    panel, report = take(table("date,north,south,east,west", ISO, *ends_before(15, LARGE, LARGE, LARGE), LARGE))
    assert len(panel) == 4
    assert [w for w in report.warnings if "set --known west" in w]
    _, quiet = take(table("date,north,south,east,west", ISO, *ends_before(15, LARGE), LARGE, LARGE, LARGE))
    assert not [w for w in quiet.warnings if "--known" in w]


def _plan(*columns: list, names: str, items: int = 1) -> str:
    """A table of 60 days whose first 50 have `sales`, a column that repeats no calendar; each item has the same rows."""
    days = [date(2024, 1, 1) + timedelta(k) for k in range(60)]
    sales = [k * 37 % 91 if k < 50 else "" for k in range(60)]
    rows = [",".join(map(str, (n, *row))) for row in zip(days, sales, *columns, strict=True) for n in "abc"[:items]]
    return "\n".join([f"shop,date,sales,{names}", *rows]) + "\n"


FLAG = ["ja" if k % 9 in (2, 5) else "nein" for k in range(60)]
OTHER_TEXTS = {
    "an attribute": ["north"] * 60,
    "a text that is only in future rows": ["actual" if k < 50 else "forecast" for k in range(60)],
    "a text of each row": [f"text {k}" for k in range(60)],
    "a text with gaps": ["ja" if k % 2 else "" for k in range(60)],
}


@pytest.mark.parametrize("items", [1, 2])
def test_a_column_of_few_texts_that_goes_on_after_the_target_is_a_known_covariate(take, items):
    panel, report = take(_plan(FLAG, names="promo", items=items))
    assert panel.schema.known_features == ("promo=ja",)
    assert panel.known_ahead().tolist() == [10] * items
    assert ("known covariates", "'promo'", "--known none") in [(f.what, f.value, f.flag) for f in report.found]


@pytest.mark.parametrize("kind", OTHER_TEXTS)
def test_texts_whose_effect_cannot_be_estimated_are_not_used(take, kind):
    panel, report = take(_plan(OTHER_TEXTS[kind], FLAG, names="other,promo", items=2))
    assert panel.schema.known == ("promo",)
    assert ("not used", "'other'") in [(f.what, f.value) for f in report.found]


def test_a_text_that_repeats_the_weekday_is_a_calendar_column(take):
    days = [date(2024, 1, 1) + timedelta(k) for k in range(60)]
    panel, report = take(_plan([f"{day:%a}" for day in days], FLAG, names="other,promo", items=2))
    assert panel.schema.known == ("promo",)
    assert ("calendar columns", "'other' repeat the timestamp: not used") in [(f.what, f.value) for f in report.found]


@pytest.mark.parametrize("target", [(), ("sales",), ("sales", "orders")])
def test_in_a_table_with_items_all_columns_that_go_on_after_the_target_are_known(take, target):
    orders = ["" if k == 7 or k >= 50 else k * 31 % 89 for k in range(60)]
    text = _plan(orders, LARGE * 3, LARGE * 3, names="orders,solar_fc,cloudless", items=2)
    panel, _ = take(text, target=target)
    assert panel.schema.known == ("solar_fc", "cloudless")
    assert panel.known_ahead().tolist() == [10] * 2 * max(len(target), 1)


def test_a_named_target_may_have_gaps_beside_a_plan(take):
    sales = [v if k < 15 and k != 4 else "" for k, v in enumerate(LARGE)]
    panel, report = take(table("date,takings,solar_fc", ISO, sales, LARGE), target=("takings",))
    assert panel.schema.known == ("solar_fc",)
    assert not report.warnings


def test_columns_that_may_be_series_and_are_not_used_are_named_with_what_to_type(take):
    shorter = [v if k < 15 else "" for k, v in enumerate(LARGE)]
    text = table("date,sensor_1,sensor_2", ISO, LARGE, shorter)
    panel, report = take(text, target=("sensor_2",))
    assert panel.schema.known == ()
    (warning,) = report.warnings
    assert "'sensor_1' has values after the last of 'sensor_2', but is not used" in warning
    assert "--known sensor_1, otherwise --known none" in warning
    assert ("not used", "--known sensor_1") in [(f.what, f.flag) for f in report.found]
    assert not take(text, target=("sensor_2",), known=("none",))[1].warnings


COVARIATES = {
    "temperature and holiday": ("sales,temperature,holiday", ("sales",)),
    "a load and its temperature": ("load,temperature,is_holiday", ("load",)),
    "flags alone": ("clicks,views,is_holiday", ("clicks", "views")),
    "weather": ("temperature,humidity,wind", ("temperature", "humidity", "wind")),
}


@pytest.mark.parametrize("kind", COVARIATES)
def test_columns_that_explain_a_target_are_no_targets(take, kind):
    names, targets = COVARIATES[kind]
    third = [k % 2 for k in range(20)] if "holiday" in names else LARGE
    panel, _ = take(table(f"date,{names}", ISO, LARGE, [v + 1 for v in LARGE], third))
    assert panel.schema.target == targets


def test_a_part_of_a_date_is_neither_item_nor_target(take):
    panel, _ = take(table("date,week,v", ISO, [k // 7 + 1 for k in range(20)], LARGE))
    assert panel.item_ids == ("v",)


def test_a_table_without_numbers_shows_the_cell_that_comes_nearest(take):
    with pytest.raises(DataError, match=r"no numeric column to forecast; line 2, column 'v' holds '0 of 20'"):
        take(table("date,v", ISO, [f"{k} of 20" for k in range(20)]))


def test_a_counter_is_left_out_where_the_decimal_mark_is_the_delimiter(take):
    panel, _ = take(table(",date,north,", range(20), ISO, quoted(f"{v},5" for v in LARGE), [""] * 20))
    assert panel.item_ids == ("north",)


def test_months_with_a_year_of_two_digits_are_no_days_of_one_year(take):
    months = [f"01-{m}-{y}" for y in (15, 16, 17) for m in ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep")]
    panel, _ = take(table("date,sales", months, range(100, 127)))
    assert (panel.freq.alias, str(panel.start[0])[:10]) == ("MS", "2015-01-01")


def _of_days(head: str, *cells: str) -> str:
    """A table of 40 days whose first column is v, varied numbers, and whose other columns are the same in each row."""
    rows = [",".join((f"2024-{1 + k // 28:02d}-{1 + k % 28:02d}", str(k * 37 % 91), *cells)) for k in range(40)]
    return "\n".join([f"date,v,{head}", *rows]) + "\n"


@pytest.mark.parametrize(
    "name", ["LAT", "Longitude (x)", "STATIONS_ID", "QN_9", "Qv", "Duration", "TKNR", "STAID", "decimal", "altitud", "ignore"]
)
def test_a_place_or_quality_that_never_changes_is_no_series(take, name):
    panel, report = take(_of_days(name, "7"))
    assert panel.schema.target == ("v",)
    assert any(r.what == "columns that never change left out" for r in report.repaired)


def test_a_column_of_minus_999_is_no_series(take):
    assert take(_of_days("pressure", "-999"))[0].schema.target == ("v",)


def test_a_series_that_never_changes_stays_a_series(take):
    assert take(_of_days("snow,spare", "0", "12"))[0].schema.target == ("v", "snow", "spare")


def test_all_numbers_of_one_named_item_are_series(take):
    panel, _ = take(_of_days("station,rltv_temp", "S1", "5").replace(",5\n", ",4\n", 20))
    assert panel.schema.target == ("v", "rltv_temp")


def test_a_column_that_never_changes_is_no_target_of_many_items(take):
    rows = [f"2024-01-{day:02d},{name},{day * 7 % 30},3" for day in range(1, 29) for name in "ab"]
    assert take("\n".join(["date,name,one,two", *rows]) + "\n")[0].schema.target == ("one",)


def test_entry_ids_that_rise_are_no_series(take):
    rows = [f"2024-01-{day:02d},{day * day},{day * 7 % 30}" for day in range(1, 29)]
    assert take("\n".join(["date,entry_id,v", *rows]) + "\n")[0].schema.target == ("v",)


def test_weeks_and_hours_of_another_rule_repeat_the_timestamp(take):
    rows = [f"2024-01-{1 + k // 24:02d} {k % 24:02d}:00,{(k - 8) % 24 + 1},{k * 37 % 91}" for k in range(240)]
    assert take("\n".join(["time,OPR_HR,v", *rows]) + "\n")[0].schema.target == ("v",)


def test_when_a_column_is_a_part_of_the_name_of_a_series_then_it_may_be_a_static_covariate_too(tmp_path):
    days = [date(2024, 1, 1) + timedelta(days=k) for k in range(30)]
    rows = [f"{day},{shop},{kind},{k}" for shop in "ab" for kind in ("bread", "wine") for k, day in enumerate(days)]
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(["day,shop,kind,units", *rows]) + "\n")
    panel, _ = read(path, ReadOptions(item=("shop", "kind"), static=("kind",)))
    assert panel.item_ids == ("a/bread", "a/wine", "b/bread", "b/wine")
    assert panel.static[0].tolist() == panel.static[2].tolist() != panel.static[1].tolist()
    with pytest.raises(ConfigError, match="'kind' is set as"):
        read(path, ReadOptions(item=("shop",), static=("kind",), known=("kind",)))


@pytest.mark.parametrize("names", [("region", "note"), ("region", "currency")])
def test_weeks_that_begin_on_sunday_have_no_repeated_hour(take, names):
    weeks = [date(2022, 1, 2) + timedelta(weeks=k) for k in range(40)]
    notes = {"note": ("", "late", "promo"), "currency": ("EUR",)}[names[1]]
    rows = [f"{week},{region},{notes[k % len(notes)]},{k * 7 % 31}" for k, week in enumerate(weeks) for region in ("N", "S")]
    panel, _ = take("\n".join([f"week,{','.join(names)},sales", *rows]) + "\n")
    assert (panel.item_ids, panel.freq.alias) == (("N", "S"), "W")


def test_weeks_that_begin_on_sunday_may_have_two_columns_of_names_with_two_texts_each(take):
    weeks = [date(2022, 1, 2) + timedelta(weeks=k) for k in range(40)]
    rows = [f"{week},{store},{dept},{k * 7 % 31}" for k, week in enumerate(weeks) for store in (1, 2) for dept in (10, 20)]
    panel, _ = take("\n".join(["date,store,dept,sales", *rows]) + "\n")
    assert panel.item_ids == ("1/10", "1/20", "2/10", "2/20")


def test_a_first_column_without_a_name_that_counts_the_rows_of_each_item_is_no_target(take):
    rows = [f"{k},{date(2024, 1, 1) + timedelta(days=k)},{place},{k * 7 % 31}" for place in "ab" for k in range(30)]
    panel, _ = take("\n".join([",date,place,boxes", *rows]) + "\n")
    assert (panel.item_ids, panel.schema.target) == (("a", "b"), ("boxes",))


@pytest.mark.parametrize("ended", [38, 30])
@pytest.mark.parametrize(
    "names", ["UNRATE,CPIAUCSL", "temperature,humidity", "Biomass [MWh],Wind [MWh]", "gas price,oil price", "Old,New"]
)
def test_of_two_measured_series_the_one_that_goes_on_is_no_covariate_of_the_other(take, names, ended):
    days = [date(2024, 1, 1) + timedelta(days=k) for k in range(40)]
    measured = [20.7 + k * 37 % 91 / 10 for k in range(40)]
    panel, report = take(table(f"date,{names}", days, measured, [v if k < ended else "" for k, v in enumerate(measured[::-1])]))
    assert (panel.item_ids, panel.schema.known) == (tuple(names.split(",")), ())
    assert len(panel.history(0)) == 40
    assert any("--known" in w for w in report.warnings)


@pytest.mark.parametrize("name", ["temperature_fc", "promo", "planned shifts", "Budget"])
def test_a_plan_beside_one_series_is_a_known_covariate_also_beside_a_measured_one(take, name):
    days = [date(2024, 1, 1) + timedelta(days=k) for k in range(40)]
    ahead = [20.7 + k * 37 % 91 / 10 for k in range(40)]
    takings = [v if k < 30 else "" for k, v in enumerate(ahead[::-1])]
    panel, _ = take(table(f"date,takings,{name}", days, takings, ahead))
    assert (panel.schema.target, panel.schema.known) == (("takings",), (name,))


def test_an_empty_cell_in_one_of_two_columns_of_names_is_left_out_of_the_name(take):
    days = [f"{1 + k // 28}/{1 + k % 28}/20" for k in range(40)]
    places = [("", "Italy"), ("Alberta", "Canada"), ("Ontario", "Canada"), ("", "Japan")]
    rows = [f"{a},{b},1.5,2.5," + ",".join(str(100 * i + k * k) for k in range(40)) for i, (a, b) in enumerate(places)]
    text = "\n".join(["Province/State,Country/Region,Lat,Long," + ",".join(days), *rows]) + "\n"
    for options in ({}, {"item": ("Province/State", "Country/Region")}):
        assert take(text, **options)[0].item_ids == ("Italy", "Alberta/Canada", "Ontario/Canada", "Japan")
    with pytest.raises(DataError, match="no item in columns"):
        take(text.replace(",Italy", ","), item=("Province/State", "Country/Region"))


def test_a_date_that_never_changes_is_no_timestamp_beside_one_that_does(take):
    panel, _ = take(table("realtime_start,realtime_end,date,value", ["2024-03-04"] * 20, ["2024-03-04"] * 20, ISO, LARGE))
    assert (str(panel.start[0])[:10], len(panel.history(0))) == (ISO[0], 20)


def test_the_start_of_a_span_is_the_timestamp_not_the_time_at_which_its_record_was_written(take):
    start = [1714953600 + 3600 * k for k in range(20)]
    panel, _ = take(table("created_ts,start_ts,mean", [s + 3610 + 0.25 * k for k, s in enumerate(start)], start, LARGE))
    assert (panel.freq.alias, str(panel.start[0])[:13]) == ("h", "2024-05-06T00")


def test_wind_beside_solar_power_is_a_series_and_no_weather(take):
    rows = "".join(f"{day},{LARGE[k] if k < 16 else ''},{MIXED[k]}\n" for k, day in enumerate(ISO))
    panel, _ = take("date,Solar,Wind onshore\n" + rows)
    assert panel.item_ids == ("Solar", "Wind onshore")
