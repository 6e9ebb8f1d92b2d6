"""Headers, notes, totals, delimiters, layouts and JSON, as tools write them."""

from __future__ import annotations

import json

import pytest

from tests.data.reading.kinds import ISO, LARGE, points, series, table
from tsattn.config import ReadOptions
from tsattn.data.reading.read import read
from tsattn.errors import DataError

_TWO = (ISO, LARGE, range(20))
HEADERS = {
    "columns of pandas, their level and the index": ("Price,Close,High\nTicker,ABC,ABC\nDate,,", _TWO, ("Close", "High")),
    "two levels": (",north,south\n,sales,sales\nday,,", _TWO, ("north", "south")),
    "two levels without an index": (
        ",north,south,south\n,sales,sales,stock",
        (*_TWO, LARGE),
        ("north/sales", "south/sales", "south/stock"),
    ),
    "merged cells above": (",A,,B\ndate,x,y,x", (*_TWO, LARGE), ("A/x", "A/y", "B/x")),
    "units": ("date,temp,hum\n,°C,%", _TWO, ("temp", "hum")),
    "units in brackets": ("date,temp,hum\n[UTC],[degC],[%]", _TWO, ("temp", "hum")),
    "formats of dates and units": ("timestamp,P,Q\nyyyy-mm-dd,kW,kvar", _TWO, ("P", "Q")),
    "transformation codes": ("sasdate,RPI,UNRATE\nTransform:,5,2", _TWO, ("RPI", "UNRATE")),
    "site, quantity, unit": ("site,A,B\nvar,temp,temp\nunit,C,C", _TWO, ("A", "B")),
    "comments with quotes": ("# it's a \"test\n# units: kW, h\ndate,temp,hum", _TWO, ("temp", "hum")),
    "a comment that names the columns": ("# made by a logger\n#date,temp,hum", _TWO, ("temp", "hum")),
    "a block above": ("Station: X\nLat 12.5\n\ndate,temp,hum", _TWO, ("temp", "hum")),
}


@pytest.mark.parametrize("kind", HEADERS)
def test_header_rows_name_the_columns_and_are_no_data(take, kind):
    header, columns, items = HEADERS[kind]
    panel, report = take(table(header, *columns))
    assert panel.item_ids == items
    assert series(panel) == LARGE
    assert (report.first, report.last) == ("2024-01-01", "2024-01-20")


def test_rows_of_formats_and_comments_of_an_rdb_file_are_left_out(take):
    head = "# U.S. Geological Survey\n# retrieved\nagency_cd\tsite_no\tdatetime\t69928_00060\n5s\t15s\t20d\t14n"
    text = table(head, ["USGS"] * 20, ["01646500"] * 20, [f"2024-05-06 {k:02d}:00" for k in range(20)], LARGE, sep="\t")
    panel, report = take(text, name="data.rdb")
    assert (panel.freq.alias, series(panel)) == ("h", LARGE)
    assert any("formats" in r.what and r.where.endswith("line 4") for r in report.repaired)


FOOTERS = {
    "a total": ("Total,31000\n", "totals"),
    "a total with money": ('Grand Total,"$31,000.00"\n', "totals"),
    "a total without a date": (f",{sum(LARGE)}\n", "totals"),
    "mean and maximum": ("Average,1\nMax,3\n", "totals"),
    "a source below a blank line": ("\nSource: ERP export 2024-05-20\n", "notes"),
    "a source and a total": ("Total,31000\nSource: ERP, 2024\n", "totals"),
    "a comment": ("# end of file\n", "notes"),
}


@pytest.mark.parametrize("kind", FOOTERS)
def test_lines_below_the_table_are_left_out_and_reported(take, kind):
    tail, what = FOOTERS[kind]
    panel, report = take(table("Date,Sales", ISO, LARGE, tail=tail))
    assert series(panel) == LARGE
    assert any(what in r.what for r in report.repaired)


def test_headers_that_come_again_and_totals_between_rows_are_left_out(take):
    again = table("Date,Sales", ISO[:10], LARGE[:10], tail=table("Date,Sales", ISO[10:], LARGE[10:]))
    assert series(take(again)[0]) == LARGE
    parts = table("Date,Sales", ISO[:10], LARGE[:10], tail="Total,1\n" + table(f"{ISO[10]},{LARGE[10]}", ISO[11:], LARGE[11:]))
    assert series(take(parts)[0]) == LARGE


def test_a_last_row_that_is_cut_off_or_has_a_wrong_date_stops(take):
    with pytest.raises(DataError, match="line 22: 2 fields where the header has 3"):
        take(table("date,item,v", ISO, ["a"] * 20, LARGE, tail="2024-01-21,a"))
    with pytest.raises(DataError, match="line 22, column 'date': '2024-01-32'"):
        take(table("date,v", ISO, LARGE, tail="2024-01-32,5\n"))


DELIMITERS = {
    "semicolons in a text": table("date,value,note", ISO, LARGE, ["ok;checked"] * 20),
    "commas in a text": table("date;value;note", ISO, LARGE, ["a, b, c"] * 20, sep=";"),
    "a quoted delimiter": table("date,value,note", ISO, LARGE, ['"a,b;c|d"'] * 20),
    "bars": table("date|value|note", ISO, LARGE, ["a,b"] * 20, sep="|"),
    "tabs and decimal commas": table("date\tvalue\tx", ISO, LARGE, [f"{k},5" for k in range(20)], sep="\t"),
}


@pytest.mark.parametrize("kind", DELIMITERS)
def test_the_delimiter_is_the_one_that_makes_a_table(take, kind):
    assert series(take(DELIMITERS[kind], target=("value",))[0]) == LARGE


def test_a_blank_within_a_timestamp_is_no_delimiter(take):
    stamps = [f"{d.replace('-', '')} {hour:02d}:00" for d in ISO for hour in (0, 6, 12, 18)]
    panel, _ = take(table("date,value", stamps, [k % 5 for k in range(80)]))
    assert (panel.freq.alias, series(panel)[:6]) == ("6h", [0, 1, 2, 3, 4, 0])


def test_a_first_row_of_grouped_numbers_is_data(take):
    head = ",".join(["date", *(f"{hour:02d}:00" for hour in range(24))])
    rows = [
        [f"{v // 1000} {v % 1000:03d}" if v > 999 else v for v in (995 + (7 * d + h) % 11 for h in range(24))] for d in range(20)
    ]
    rows[0] = [f"1 {h:03d}" if h % 2 else 990 + h % 9 for h in range(24)]
    panel, _ = take(table(head, *zip(*[(d.replace("-", ""), *row) for d, row in zip(ISO, rows, strict=True)], strict=True)))
    assert (panel.freq.alias, len(panel.history(0)), series(panel)[1]) == ("h", 480, 1001)


def test_one_column_of_decimal_commas_is_one_column(take):
    panel, _ = take("value\n" + "".join(f"{k},5\n" for k in range(20)))
    assert series(panel) == [k + 0.5 for k in range(20)]


def _by_hour(names: list[str]) -> str:
    rows = [",".join([d, *(str(100 * i + k) for k in range(len(names)))]) for i, d in enumerate(ISO)]
    return "\n".join([",".join(["Date", *names]), *rows]) + "\n"


_HALVES = [f"{k // 2:02d}:{30 * (k % 2):02d}" for k in range(48)]
DAYS = {
    "half-hours": (_HALVES, "30min"),
    "half-hours with seconds": ([f"{h}:00" for h in _HALVES], "30min"),
    "quarter-hours": ([f"{k // 4:02d}:{15 * (k % 4):02d}" for k in range(96)], "15min"),
    "spans": ([f"{k:02d}:00-{k + 1:02d}:00" for k in range(24)], "h"),
    "hours": ([f"H{k}" for k in range(1, 25)], "h"),
    "hours ending": ([f"HE{k:02d}" for k in range(1, 25)], "h"),
    "hours from zero": ([str(k) for k in range(24)], "h"),
    "settlement periods": ([f"SP{k}" for k in range(1, 49)], "30min"),
}


@pytest.mark.parametrize("kind", DAYS)
def test_a_column_per_time_of_day_is_one_series(take, kind):
    names, step = DAYS[kind]
    panel, report = take(_by_hour(names))
    assert (len(panel), panel.freq.alias, report.first) == (1, step, "2024-01-01")
    assert series(panel) == [100 * i + k for i in range(20) for k in range(len(names))]


def test_columns_that_may_be_hours_or_series_stop_and_both_options_work(take):
    text = _by_hour([str(k) for k in range(1, 25)])
    with pytest.raises(DataError, match="may be the 24 steps of a day, or 24 series") as stopped:
        take(text)
    assert "--layout times" in stopped.value.hint
    assert "--layout wide" in stopped.value.hint
    assert len(take(text, layout="times")[0]) == 1
    assert len(take(text, layout="wide")[0]) == 24


def test_half_hours_of_several_meters_are_a_series_each(take):
    head = ",".join(["meter", "Date", *_HALVES])
    rows = [",".join([m, d, *(str(k) for k in range(48))]) for d in ISO for m in ("a", "b")]
    panel, _ = take("\n".join([head, *rows]) + "\n")
    assert (panel.item_ids, panel.lengths.tolist()) == (("a", "b"), [960, 960])


def test_a_column_per_quarter_and_per_day_of_the_month(take):
    quarters = "Year,Q1,Q2,Q3,Q4\n" + "".join(f"{y},{y},{y + 1},{y + 2},{y + 3}\n" for y in range(2000, 2010))
    panel, report = take(quarters)
    assert (panel.freq.alias, report.first, series(panel)[:5]) == ("QS", "2000-01-01", [2000, 2001, 2002, 2003, 2001])
    days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    rows = [
        ",".join([str(y), str(m), *(str(100 * m + d) if d <= days[m - 1] else "" for d in range(1, 32))])
        for y in (2021, 2022)
        for m in range(1, 13)
    ]
    panel, report = take("\n".join(["Year,Month," + ",".join(map(str, range(1, 32))), *rows]) + "\n")
    assert (panel.freq.alias, report.rows, report.missing, series(panel)[31]) == ("D", 730, 0, 201)


def test_months_of_other_languages_share_their_marks(take):
    head = "Jahr;Jan;Feb;Mrz;Apr;Mai;Jun;Jul;Aug;Sep;Okt;Nov;Dez"
    rows = [";".join([str(y), *(points(900 + 30 * m) for m in range(12))]) for y in range(2000, 2010)]
    panel, report = take("\n".join([head, *rows]) + "\n")
    assert (panel.freq.alias, report.first) == ("MS", "2000-01-01")
    assert series(panel)[:6] == [900, 930, 960, 990, 1020, 1050]


def test_dummy_variables_of_months_are_not_a_row_per_year(take):
    names = "jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec"
    rows = [
        f"{y},{m},{y + m / 7:.2f}," + ",".join("01"[m == k] for k in range(1, 13)) for y in (2021, 2022) for m in range(1, 13)
    ]
    panel, _ = take(f"year,month,sales,{names}\n" + "\n".join(rows) + "\n", target="sales")
    assert (str(panel.freq), panel.item_ids) == ("MS", ("sales",))
    assert panel.history(0)[:2] == pytest.approx([2021.14, 2021.29], abs=0.01)


def test_stars_for_months_to_come_are_missing(take):
    rows = [f"{y}," + ",".join("***" if y == 2009 and m > 6 else str(m) for m in range(12)) for y in range(2000, 2010)]
    panel, _ = take("Year,Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec\n" + "\n".join(rows) + "\n")
    assert (panel.freq.alias, len(series(panel))) == ("MS", 115)


def test_dates_as_columns_with_flags_and_colons_are_read(take):
    head = "freq,unit,geo\\TIME_PERIOD\t" + "\t".join(f"2014-{m:02d} " for m in range(1, 13))
    row = "\t".join([": " if m == 3 else f"{100 + m}.0 p" if m > 9 else f"{100 + m}.0 " for m in range(1, 13)])
    panel, report = take(f"{head}\nM,I15,AT\t{row}\nM,I15,DE\t{row}\n", name="data.tsv")
    assert panel.item_ids == ("M,I15,AT", "M,I15,DE")
    assert (panel.freq.alias, report.missing, panel.target[11]) == ("MS", 2, 112)


_RECORDS = [{"date": d, "value": v} for d, v in zip(ISO, LARGE, strict=True)]
JSON = {
    "records": json.dumps(_RECORDS),
    "lines": "\n".join(map(json.dumps, _RECORDS)) + "\n",
    "columns": json.dumps({"date": ISO, "value": LARGE}),
    "pandas": json.dumps({"date": {str(k): d for k, d in enumerate(ISO)}, "value": {str(k): v for k, v in enumerate(LARGE)}}),
    "split": json.dumps({"columns": ["date", "value"], "index": list(range(20)), "data": [list(r.values()) for r in _RECORDS]}),
    "an answer of a service": json.dumps({"status": "ok", "data": _RECORDS}),
    "columns one level down": json.dumps({"latitude": 52.5, "daily": {"time": ISO, "value": LARGE}}),
    "records of records": json.dumps([{"date": r["date"], "reading": {"value": r["value"]}} for r in _RECORDS]),
    "a series a line, with its step": json.dumps({"item_id": "A", "start": ISO[0], "freq": "D", "target": LARGE}) + "\n",
}


@pytest.mark.parametrize("kind", JSON)
def test_json_is_read_as_a_table(take, kind):
    panel, report = take(JSON[kind], name="data.json")
    assert (panel.freq.alias, report.first, series(panel)) == ("D", "2024-01-01", LARGE)


def test_series_without_a_step_stop_and_the_option_of_the_hint_reads_them(take):
    text = "".join(json.dumps({"item_id": f"A{k}", "start": ISO[0], "target": LARGE}) + "\n" for k in range(3))
    with pytest.raises(DataError, match="record 1: the series starts at '2024-01-01', but states no step") as stopped:
        take(text, name="data.jsonl")
    assert "--freq D" in stopped.value.hint
    panel, _ = take(text, name="data.jsonl", freq="D")
    assert (panel.item_ids, series(panel, 2)) == (("A0", "A1", "A2"), LARGE)


@pytest.mark.parametrize(
    ("text", "says"),
    [('{"a": 1}', "holds no table"), ('[{"a": 1}, {]', "line 1: not JSON"), ('{"a": 1}\n{"a": 2}\n{"a"\n', "line 3: not JSON")],
)
def test_json_that_is_no_table_stops(take, text, says):
    with pytest.raises(DataError, match=says):
        take(text, name="data.json")


def test_a_saved_reading_of_standard_options_has_no_missing_markers(tmp_path):
    assert ReadOptions().missing == ()
    (tmp_path / "a.csv").write_text(table("date,v", ISO, LARGE))
    assert read(tmp_path / "a.csv")[1].missing == 0


TOTALS_FIRST = {
    "a blank code": ("Code,Line,2018,2019,2020", ",Total,310,320,330"),
    "a text code": ("Code,Line,2018,2019,2020", "T,Total,310,320,330"),
    "months": ("Code,Line,Jan-23,Feb-23,Mar-23", ",Total,310,320,330"),
    "thousands marks": ("Code,Line,Jan. 2023,Feb. 2023,Mar. 2023", ',Total,"3,310","3,320","3,330"'),
}


@pytest.mark.parametrize("kind", TOTALS_FIRST)
def test_a_first_row_with_a_total_is_no_header(take, kind):
    header, total = TOTALS_FIRST[kind]
    panel, report = take(f"{header}\n{total}\n10,Coffee,100,105,110\n20,Tea,200,205,210\n30,Cake,300,305,310\n")
    found = {name: series(panel, k) for k, name in enumerate(panel.item_ids)}
    coffee = next(name for name in found if "Coffee" in name or name == "10")
    assert found[coffee] == [100, 105, 110]
    assert report.first.startswith(("2018", "2023"))


def test_a_row_of_years_above_a_row_of_months_names_months(take):
    months = ["January", "February", "March", "April"]
    head = [",Order Date" + "," * 7, "," + ",".join(["2022"] * 4 + ["2023"] * 4), "Category," + ",".join(months * 2)]
    rows = [f"{name}," + ",".join(f"${100 + 10 * k + j}" for j in range(8)) for k, name in enumerate(["A", "B", "C"])]
    panel, _ = take("\n".join([*head, *rows]) + "\n")
    assert panel.item_ids == ("A", "B", "C")
    assert str(panel.start[0])[:7] == "2022-01"
    assert series(panel, 1)[:4] == [110, 111, 112, 113]


def test_row_names_of_r_above_which_the_header_is_one_field_shorter(take):
    rows = "".join(f'"{k + 1}" "{day}" {LARGE[k]} "A"\n' for k, day in enumerate(ISO))
    panel, _ = take('"date" "sales" "store"\n' + rows, name="data.txt")
    assert (panel.freq.alias, series(panel)) == ("D", LARGE)


def test_rows_of_descriptions_above_complete_names_are_left_out_and_reported(take):
    head = "Name,Place,Module\nParis,2.35,Salon\nTimestamp,USDCAD,EURCAD"
    panel, report = take(table(head, ISO, LARGE, [v / 4 for v in LARGE]))
    assert panel.item_ids == ("USDCAD", "EURCAD")
    assert [(r.what, r.count) for r in report.repaired] == [("a row of descriptions in the header left out", 2)]


def test_names_above_a_rule_one_field_shorter_than_the_rows_are_kept(take):
    rows = "".join(f"{day} 00:00:00.000{value + 0.5:>24}\n" for day, value in zip(ISO, LARGE, strict=True))
    panel, _ = take(f"day                     total                  \n{'-' * 23} {'-' * 23}\n{rows}", name="data.txt")
    assert (panel.item_ids, series(panel)) == (("total",), [v + 0.5 for v in LARGE])
