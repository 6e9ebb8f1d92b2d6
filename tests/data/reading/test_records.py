"""Tables of records, plans and levels: what is one series, what is known ahead, and what a sum does not mean."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.reading.kinds import series, table
from tsattn.data.reading.read import read
from tsattn.errors import DataError

DAYS = [str(np.datetime64("2024-01-01") + k) for k in range(60)]


def orders() -> tuple[str, dict[str, int]]:
    """Two orders a day, each of another of 40 customers, and the sum of each day."""
    rng = np.random.default_rng(1)
    rows = [(day, f"C{rng.permutation(40)[k]:03d}", int(rng.integers(10, 90))) for day in DAYS for k in range(2)]
    rows = [(day, f"C{(7 * k) % 40:03d}", amount) for k, (day, _, amount) in enumerate(rows)]
    sums = {day: sum(amount for other, _, amount in rows if other == day) for day in DAYS}
    return table("order_date,customer_id,amount", *zip(*rows, strict=True)), sums


def test_orders_of_customers_are_not_made_a_series_each_and_the_hint_sums_them(take):
    text, sums = orders()
    with pytest.raises(DataError, match=r'(?s)40 series.*item="none", resample="D", agg="sum".*item="customer_id"'):
        take(text)
    panel, _ = take(text, item="none", resample="D", agg="sum")
    assert series(panel) == list(sums.values())
    assert len(take(text, item="customer_id", calendar="none")[0]) == 40


def test_orders_of_customers_with_some_twice_a_day_are_not_made_a_series_each_either(take):
    rng = np.random.default_rng(2)
    days = np.sort(rng.integers(0, 180, 300))
    rows = [(k, str(np.datetime64("2023-01-01") + day), rng.gamma(2, 30), rng.integers(0, 75)) for k, day in enumerate(days)]
    rows += [(300, rows[-1][1], 9.5, rows[-1][3])]  # twice on one day
    text = table("order_id,date,amount,customer", *zip(*rows, strict=True))
    with pytest.raises(DataError, match=r"(?s)column 'customer' would make 7\d series.*item=.none., resample=.D., agg=.sum."):
        take(text)
    assert len(take(text, item="none", target="amount", resample="D", agg="sum")[0]) == 1


def test_stores_with_one_row_twice_stay_series_and_the_row_is_named(take):
    rows = [(day, store, 10 * store + k) for k, day in enumerate(DAYS) for store in range(1, 31)] + [(DAYS[5], 3, 99)]
    with pytest.raises(DataError, match=r"item '3', duplicate timestamp 2024-01-06"):
        take(table("date,store,sales", *zip(*rows, strict=True)))


def test_item_none_makes_one_series_of_rows_with_one_timestamp(take):
    text, sums = orders()
    panel, _ = take(text, item="none", on_duplicate="sum")
    assert series(panel) == list(sums.values())


def plan(ahead: int) -> str:
    sales = [str(100 + k % 7) if k < 60 - ahead else "" for k in range(60)]
    return table("date,sales,promo,price", DAYS, sales, [k % 3 // 2 for k in range(60)], [9 + k % 4 / 2 for k in range(60)])


def test_columns_that_are_filled_ahead_of_the_target_are_known_covariates(take):
    panel, report = take(plan(14))
    assert panel.schema.target == ("sales",)
    assert panel.schema.known == ("promo", "price")
    assert panel.known_ahead().tolist() == [14]
    assert any(f.what == "known covariates" and f.flag == "--known none" for f in report.found)


def test_known_none_uses_no_covariate(take):
    assert take(plan(14), known="none")[0].schema.known == ()


def test_one_row_without_a_target_is_no_plan(take):
    assert take(plan(1))[0].schema.known == ()


def test_a_sum_of_a_level_is_warned_of(take):
    stamps = [f"{day} {hour:02d}:00" for day in DAYS[:20] for hour in (8, 12, 16)]
    values = [1000 + 3 * k for k in range(60)]
    warned = [
        any("level" in w for w in take(table(f"time,{name}", stamps, values), resample="D", agg="sum")[1].warnings)
        for name in ("balance", "sales")
    ]
    assert warned == [True, False]


def test_a_first_period_whose_rows_begin_late_is_warned_of(take):
    days = [str(np.datetime64("2024-01-18") + k) for k in range(135)]
    _, report = take(table("date,sales", days, range(135)), resample="MS", agg="sum")
    assert any("2024-01-01, may be incomplete" in warning for warning in report.warnings)
    _, report = take(table("date,sales", days[14:], range(121)), resample="MS", agg="sum")
    assert not any("incomplete" in warning for warning in report.warnings)


def test_a_rent_each_monday_is_no_sentinel_and_a_repeated_fault_is(take):
    rng = np.random.default_rng(0)
    usual = np.round(rng.normal(40, 6, 60), 2)
    weekly = [500.0 if k % 7 == 0 else v for k, v in enumerate(usual)]
    faulty = [500.0 if k in (3, 4, 20, 41) else v for k, v in enumerate(usual)]
    assert series(take(table("date,v", DAYS, weekly))[0])[:8:7] == [500.0, 500.0]
    assert np.isnan(take(table("date,v", DAYS, faulty))[0].history(0)[[3, 4, 20, 41]]).all()


def test_a_date_is_no_target_where_rows_are_numbered_on_request(take):
    panel, _ = take(table("DATE,sales", range(23376, 23396), range(20)), timestamp="none")
    assert panel.schema.target == ("sales",)


def test_json_nested_deeper_than_it_can_be_parsed_is_an_error_of_the_data(tmp_path):
    for name, text in (("deep.json", "[" * 100_000), ("deep.jsonl", '{"day": "2020-01-01", "value": 1}\n' + '{"a":' * 100_000)):
        (tmp_path / name).write_text(text, "utf-8")
        with pytest.raises(DataError, match="nested too deeply"):
            read(tmp_path / name)


def test_when_all_rows_have_one_time_of_day_of_four_digits_then_they_are_read(tmp_path):
    path = tmp_path / "noon.csv"
    path.write_text("date,hour,value\n" + "".join(f"2024-01-{day:02d},1430,{day % 5}\n" for day in range(1, 29)), "utf-8")
    panel, _ = read(path)
    assert (len(panel), panel.freq.alias, int(panel.lengths[0])) == (1, "D", 28)


def test_rows_of_events_are_advised_to_be_added_up(take):
    times = [f"2024-01-{1 + k // 8:02d} {8 + k * k % 11:02d}:{k * 17 % 60:02d}" for k in range(80)]
    rows = [(t, f"{84406 + k % 5}{'AB'[k % 2]}", 3 * k + j, 1.5 + j) for k, t in enumerate(times) for j in range(2)]
    with pytest.raises(DataError, match="duplicate timestamp") as stopped:
        take(table("InvoiceDate,StockCode,Quantity,UnitPrice", *zip(*rows, strict=True)), target="Quantity", item="none")
    assert "--item none --resample D --agg sum" in stopped.value.hint
    hourly = [(f"2024-01-{1 + k // 24:02d} {k % 24:02d}:00", j) for k in range(80) for j in range(2)]
    with pytest.raises(DataError, match="duplicate timestamp") as stopped:
        take(table("time,v", *zip(*hourly, strict=True)))
    assert "--resample" not in stopped.value.hint


def test_codes_with_letters_that_are_units_are_names(take):
    codes = [f"{84406 + k}{'AB'[k % 2]}" for k in range(20)]
    assert take(table("date,StockCode,sold", DAYS[:20], codes, range(20)))[0].schema.target == ("sold",)


def test_a_number_that_is_no_month_is_named_where_months_are_not_read(take):
    months = [f"{2015 + k // 13}{1 + k % 13:02d}" for k in range(39)]
    with pytest.raises(DataError, match="line 14, column 'YYYYMM': '201513'") as stopped:
        take(table("YYYYMM,v", months, range(39)), timestamp=None)
    assert "sums of a year" in stopped.value.hint


def test_of_several_columns_of_a_long_table_the_hint_names_the_most_usual_target(take):
    rows = [(d, s, 270 + k % 9, k * 37 % 91, 5 + k * k % 17) for k, d in enumerate(DAYS[:30]) for s in "ab"]
    with pytest.raises(DataError, match="could be the target") as stopped:
        take(table("date,road,clouds_all,traffic_volume,lanes_used", *zip(*rows, strict=True)))
    assert stopped.value.hint.endswith("--target traffic_volume")
