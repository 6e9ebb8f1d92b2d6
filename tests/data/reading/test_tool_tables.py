"""Tables, numbers and JSON as dashboards, database clients and spreadsheets write them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.data.reading.kinds import ISO, LARGE, commas, quoted, series, table
from tsattn.errors import DataError

HOURS = [str(np.datetime64("2024-01-13T00") + k).replace("T", " ") + ":00" for k in range(20)]


# two tables in one file


def test_a_second_table_below_is_left_out_with_a_warning(take):
    panel, report = take(table("Date,Sales", ISO, LARGE, tail="\n\nRegion,Sales\nNorth,12\nSouth,34\n"))
    assert series(panel) == LARGE
    assert any("line 24: a second table, with the columns 'Region', 'Sales', is left out" in w for w in report.warnings)


def test_a_second_table_of_dates_stops(take):
    below = table("Date,Visitors", ISO, range(20))
    with pytest.raises(DataError, match="line 22: a second table begins, with the columns 'Date', 'Visitors'"):
        take(table("Date,Sales", ISO, LARGE, tail=below))
    with pytest.raises(DataError, match="line 23: a second table begins below 'South'"):
        take("North\n" + table("Date,Sales", ISO[:19], LARGE[:19], tail="\nSouth\n" + table("Date,Sales", ISO, LARGE)))


def test_a_header_that_comes_again_in_other_words_is_no_second_table(take):
    panel, report = take(table("Date,Sales", ISO[:9], LARGE[:9], tail=table("DATE,SALES (EUR)", ISO[9:], LARGE[9:])))
    assert (series(panel), report.repaired[0].what) == (LARGE, "repeated headers left out")


def test_tables_side_by_side_are_read_one_at_a_time(take):
    later = [d.replace("2024", "2025") for d in ISO]
    text = table("Date,Sales,,Date,Visitors", ISO, LARGE, [""] * 20, later, range(20))
    with pytest.raises(DataError, match="2 columns could be the timestamp: 'Date', 'Date_2'"):
        take(text)
    panel, report = take(text, timestamp="Date")
    assert (panel.item_ids, report.first, series(panel)) == (("Sales",), "2024-01-01", LARGE)
    panel, report = take(text, timestamp="Date_2")
    assert (panel.item_ids, report.first, series(panel)) == (("Visitors",), "2025-01-01", list(range(20)))


def test_the_start_of_a_span_is_the_timestamp(take):
    ends = [f"{d} 00:10" for d in ISO]
    panel, _ = take(table("endDate,startDate,value", ends, [f"{d} 00:00" for d in ISO], LARGE))
    assert series(panel) == LARGE


# totals


def test_grand_totals_of_a_pivot_table_are_no_series(take):
    double = [2 * v for v in LARGE]
    total = [3 * v for v in LARGE]
    tail = f"Grand Total,{sum(LARGE)},{sum(double)},{sum(total)}\n"
    panel, report = take(table("Row Labels,North,South,Grand Total", ISO, LARGE, double, total, tail=tail))
    assert panel.item_ids == ("North", "South")
    assert any("'Grand Total'" in r.where for r in report.repaired)
    panel, _ = take(table("Row Labels,North,South,Grand Total", ISO, LARGE, double, double))
    assert panel.item_ids == ("North", "South", "Grand Total")


def test_subtotals_below_each_group_are_left_out(take):
    north = table("Region,Day,Sales", ["North", *[""] * 19], ISO, LARGE, tail="North Total,,29030\n")
    south = table("", ["South", *[""] * 19], ISO, LARGE, tail="South Total,,29030\nGrand Total,,58060\n").lstrip("\n")
    panel, report = take(north + south)
    assert (panel.item_ids, series(panel)) == (("North", "South"), LARGE)
    assert any(r.what == "rows of totals left out" and r.count == 3 for r in report.repaired)


# numbers


def test_units_of_one_family_are_converted(take):
    cells = ["950 B", "12.3 kB", "1.5 MB", "2 GB", *[f"{k} kB" for k in range(16)]]
    panel, report = take(table("Time,rx", HOURS, cells))
    assert series(panel)[:5] == [950, 12300, 1.5e6, 2e9, 0]
    assert any("converted to B" in r.what for r in report.repaired)


def test_units_of_two_families_stop(take):
    with pytest.raises(DataError, match="units 'kB' and 'kW'"):
        take(table("Time,rx", HOURS, ["1 kB", "2 kW"] * 10))


def test_percent_signs_beside_fractions_stop(take):
    cells = [f"{k}.5%" if k < 15 else f"0.{k}" for k in range(20)]
    with pytest.raises(DataError, match=r"line 17, column 'rate': '0\.15' has no '%', but other values do"):
        take(table("date,rate", ISO, cells))
    assert series(take(table("date,rate", ISO, ["0", *cells[:14], *cells[:5]]))[0])[:2] == [0, 0.5]


def test_exponents_of_fortran_are_read(take):
    panel, _ = take(table("date,flux", ISO, [f"{v:.3E}".replace("E", "D") for v in LARGE]))
    assert series(panel) == LARGE


def test_yes_and_no_are_one_and_zero_where_they_are_the_target(take):
    flags = ["TRUE", "FALSE"] * 10
    assert series(take(table("date,open", ISO, flags))[0]) == [1, 0] * 10
    assert series(take(table("date,open,sales", ISO, flags, LARGE), target="open")[0]) == [1, 0] * 10
    assert take(table("date,open,sales", ISO, flags, LARGE))[0].item_ids == ("sales",)


def test_a_padded_number_with_a_flag_behind_a_comma_stops(take):
    text = table("DATE,TMP", ISO, quoted(f"+{100 + k:05d},1" for k in range(20)))
    with pytest.raises(DataError, match=r"a zero-padded number with a flag after the comma") as stopped:
        take(text)
    assert "--decimal ," in stopped.value.hint
    assert series(take(text, decimal=",")[0])[:2] == [100.1, 101.1]
    assert series(take(table("date,v", ISO, quoted(f"{k},5" for k in range(20))))[0])[:2] == [0.5, 1.5]


# tables


def test_listings_of_database_clients_are_read(take):
    rows = "\n".join(f"{d} {v:>10}" for d, v in zip(ISO, LARGE, strict=True))
    panel, _ = take(f"\nTRX_DATE       AMOUNT\n---------- ----------\n{rows}\n\n20 rows selected.\n")
    assert series(panel) == LARGE
    rows = "\n".join(f" {d} | {v}" for d, v in zip(ISO, LARGE, strict=True))
    panel, _ = take(f"    day     | amount\n------------+--------\n{rows}\n(20 rows)\n", target="amount")
    assert series(panel) == LARGE


def test_names_in_a_table_of_blanks_are_items(take):
    rows = "\n".join(
        f"{s:<8}{d.replace('-', '')}{v:9.1f}{k:6d}"
        for s in ("KNYC", "KBOS")
        for k, (d, v) in enumerate(zip(ISO, LARGE, strict=True))
    )
    panel, _ = take(f"STATION DATE      TEMP  PRCP\n{rows}\n", name="data.txt", target="TEMP")
    assert (panel.item_ids, series(panel)) == (("KNYC", "KBOS"), LARGE)


def test_a_row_of_blanks_that_is_cut_off_stops(take):
    rows = "".join(f"KNYC  {d}  {v}.5  0.1\n" for d, v in zip(ISO, LARGE, strict=True))
    with pytest.raises(DataError, match="line 22: 1 fields where the header has 4"):
        take(f"STATION DATE TEMP PRCP\n{rows}KNYC\n", name="data.txt")


def test_years_of_twelve_unnamed_columns_are_months(take):
    years = [f" {y} " + " ".join(f"{(y - 2000) * 12 + m:7.2f}" for m in range(12)) for y in range(2000, 2030)]
    panel, report = take("  2000 2029\n" + "\n".join(years) + "\n  -99.9\n  nina34\n  http://example.org\n", name="data.txt")
    assert (panel.freq.alias, report.first, series(panel)) == ("MS", "2000-01-01", list(range(360)))


def test_the_records_of_a_market_operator_are_the_rows(take):
    rows = "\n".join(f'D,DREGION,,1,"{h}:00",NSW1,{v}' for h, v in zip(HOURS, LARGE, strict=True))
    text = f"C,NEMP,DISPATCHIS,AEMO,2024/01/13,04:05:00\nI,DREGION,,1,SETTLEMENTDATE,REGIONID,RRP\n{rows}\nC,END OF REPORT,22\n"
    panel, _ = take(text, target="RRP")
    assert series(panel) == LARGE


def test_padding_below_the_last_line_is_left_out(tmp_path, take):
    from tsattn.data.reading.read import read

    for tail in (b"\x00" * 64, b"\x1a"):
        path = tmp_path / "padded.csv"
        path.write_bytes(table("date,a,b", ISO, LARGE, LARGE).encode() + tail)
        assert series(read(path)[0]) == LARGE


def test_years_below_groups_of_columns_are_their_names(take):
    rows = "".join(
        f"{name},{k}.0,{k + 1}.0,{k + 2}.0,{k + 3}.0,{k + 4}.0\n" for k, name in enumerate(("GDP", "CPI", "PCE", "OIL"))
    )
    panel, report = take(f"(Percent)\n,Actual,,,Projected,\n,2020,2021,2022,2023,2024\n{rows}")
    assert (panel.item_ids, panel.freq.alias, report.first) == (("GDP", "CPI", "PCE", "OIL"), "YS", "2020-01-01")
    assert series(panel, 1) == [1, 2, 3, 4, 5]


def test_years_with_a_letter_and_columns_of_flags_are_the_steps(take):
    head = "Area,Item," + ",".join(f"Y{y},Y{y}F" for y in range(1990, 2020))
    rows = [f"{a},Wheat," + ",".join(f"{v},A" for v in range(k, k + 30)) for k, a in enumerate(("Austria", "Belgium"))]
    panel, report = take("\n".join([head, *rows]) + "\n")
    assert (panel.item_ids, panel.freq.alias, report.first) == (("Austria", "Belgium"), "YS", "1990-01-01")
    assert series(panel, 1) == list(range(1, 31))


def test_sentences_with_commas_below_a_blank_line_are_notes(take):
    tail = "\nG(i): irradiance on the plane (W/m2)\nPVGIS (c) European Union, 2001-2024\n"
    stamps = [f"20240101:{k:02d}10" for k in range(20)]
    panel, report = take(table("time,G(i),T2m,WS10m", stamps, LARGE, LARGE, LARGE, tail=tail), target="G(i)")
    assert (panel.freq.alias, report.first, series(panel)) == ("h", "2024-01-01T00:10:00", LARGE)


def test_a_counter_of_entries_is_no_series(take):
    panel, report = take(table("created_at,entry_id,field1", HOURS, range(5, 25), LARGE))
    assert (panel.item_ids, series(panel)) == (("field1",), LARGE)
    assert any(r.where == "'entry_id'" for r in report.repaired)


# JSON

_SHAPES = {
    "dates as keys": dict(zip(ISO, LARGE, strict=True)),
    "epochs as keys of columns": {"sales": {str(1704067200000 + 86_400_000 * k): v for k, v in enumerate(LARGE)}},
    "ticks": [{"Date": f"/Date({1704067200000 + 86_400_000 * k})/", "Value": v} for k, v in enumerate(LARGE)],
    "buckets": {
        "hits": {"total": {"value": 0}},
        "aggregations": {"days": {"buckets": [{"key": d, "doc_count": v} for d, v in zip(ISO, LARGE, strict=True)]}},
    },
}


_SHAPES |= {
    "records below a page": [{"page": 1}, [{"date": d, "value": v} for d, v in zip(ISO, LARGE, strict=True)]],
    "records in a record": {"series": [{"id": "a", "data": [{"date": d, "value": v} for d, v in zip(ISO, LARGE, strict=True)]}]},
}


@pytest.mark.parametrize("kind", _SHAPES)
def test_json_of_further_shapes_is_read(take, kind):
    panel, report = take(json.dumps(_SHAPES[kind]), name="data.json")
    assert (panel.freq.alias, report.first[:10], series(panel)) == ("D", "2024-01-01", LARGE)


def test_series_of_different_lengths_in_json_are_an_item_each(take):
    text = json.dumps({"a": dict(zip(ISO, LARGE, strict=True)), "b": dict(zip(ISO[5:], LARGE[5:], strict=True))})
    panel, _ = take(text, name="data.json")
    assert (panel.item_ids, series(panel), series(panel, 1)) == (("a", "b"), LARGE, LARGE[5:])


def test_of_two_tables_in_json_the_longer_is_read_with_a_warning(take):
    hours = {"time": HOURS, "t": LARGE}
    _, report = take(json.dumps({"daily": {"time": ISO[:5], "t": LARGE[:5]}, "hourly": hours}), name="data.json")
    assert (report.rows, report.first) == (20, "2024-01-13")
    assert any("'hourly' is read; left out: 'daily'" in w for w in report.warnings)


def test_a_list_of_tags_in_a_record_makes_no_rows(take):
    tags = [{"key": "a"}, {"key": "b"}]
    text = json.dumps([{"date": d, "value": v, "tags": tags} for d, v in zip(ISO, LARGE, strict=True)])
    panel, report = take(text, name="data.json")
    assert (len(panel), series(panel), report.repaired) == (1, LARGE, ())


def test_row_numbers_of_a_data_frame_are_no_series(take):
    text = json.dumps({"date": {str(k + 5): d for k, d in enumerate(ISO)}, "v": {str(k + 5): v for k, v in enumerate(LARGE)}})
    assert take(text, name="data.json")[0].item_ids == ("v",)


def test_thousands_in_quotes_are_no_quoted_lines(take):
    panel, _ = take(table("date,sales", ISO, quoted(map(commas, LARGE))))
    assert series(panel) == LARGE
