"""Numbers as tools write them: marks, units, currencies, flags and what marks a missing value."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from tests.data.reading.kinds import AMERICAN, GERMAN, ISO, LARGE, MIXED, commas, points, quoted, series, table
from tsattn.data.reading.read import read
from tsattn.errors import DataError

_EUROS = [points(v) + " €" for v in MIXED]
READ = {
    "points among whole numbers": (table("Datum;Umsatz", GERMAN, map(points, MIXED), sep=";"), MIXED),
    "points and a currency": (table("Datum;Umsatz", GERMAN, _EUROS, sep=";"), MIXED),
    "commas in a file of semicolons": (table("Date;Sales", ISO, map(commas, MIXED), sep=";"), MIXED),
    "points in every value, dates with points": (table("Datum;Umsatz", GERMAN, map(points, LARGE), sep=";"), LARGE),
    "commas in every value, American dates": (table("Date,Sales", AMERICAN, quoted(map(commas, LARGE))), LARGE),
    "two points": (table("Datum;x", GERMAN, [points(v * 1000) for v in LARGE], sep=";"), [v * 1000 for v in LARGE]),
    "another column has decimal commas": (
        table("Datum;Umsatz;Preis", ISO, map(points, LARGE), [f"{k},5" for k in range(20)], sep=";"),
        LARGE,
    ),
    "spaces": (table("Date;x", ISO, [f"{v:,}".replace(",", " ") + ",5" for v in LARGE], sep=";"), [v + 0.5 for v in LARGE]),
    "narrow spaces": (table("Date;x", ISO, [f"{v:,}".replace(",", "\u202f") for v in LARGE], sep=";"), LARGE),
    "apostrophes": (
        table("Date;x", GERMAN, [f"{v:,}".replace(",", "'") + ".50" for v in LARGE], sep=";"),
        [v + 0.5 for v in LARGE],
    ),
    "lakhs": (table("Date,x", ISO, [f'"1,23,{k:03d}"' for k in range(20)]), [123_000 + k for k in range(20)]),
    "a zero before a comma": (
        table("date,kwh", ISO, [f'"0,{k + 123}"' for k in range(20)]),
        [(k + 123) / 1000 for k in range(20)],
    ),
    "three decimals in a file of commas": (table("Date,x", ISO, [f"{v / 1000:.3f}" for v in LARGE]), [v / 1000 for v in LARGE]),
    "en dashes before numbers": (table("Date;x", ISO, [f"\u2013{v},5" for v in LARGE], sep=";"), [-v - 0.5 for v in LARGE]),
    "signs of minus": (table("Date;x", ISO, [f"\u2212{v},5" for v in LARGE], sep=";"), [-v - 0.5 for v in LARGE]),
    "millions of a currency": (
        table("Date;x", ISO, [f"{v},5 Mio. \u20ac" for v in LARGE], sep=";"),
        [(v + 0.5) * 1e6 for v in LARGE],
    ),
    "zeros of accounting formats": (
        table("Date;x", ISO, ['" $-   "', *(f'"${v:,}.00"' for v in LARGE[1:])], sep=";"),
        [0, *LARGE[1:]],
    ),
    "marks of estimates": (table("Date;x", ISO, [f"~{LARGE[0]}", *LARGE[1:]], sep=";"), LARGE),
    "letters before numbers": (table("Date;x", ISO, [f"p{LARGE[0]}", *LARGE[1:]], sep=";"), LARGE),
    "blanks around quotes": (table('"Date" , "x"', quoted(ISO), quoted(LARGE), sep=" , "), LARGE),
    "three decimals in a file of tabs": (
        table("Date\tx", ISO, [f"{v / 1000:.3f}" for v in LARGE], sep="\t"),
        [v / 1000 for v in LARGE],
    ),
    "reais": (table("data;valor", GERMAN, [f"R$ {points(v)},50" for v in LARGE], sep=";"), [v + 0.5 for v in LARGE]),
    "a code of a currency": (table("Date,price", ISO, [f"EUR {v}.50" for v in LARGE]), [v + 0.5 for v in LARGE]),
    "a unit": (table("Datum;Verbrauch", GERMAN, [f"{k},5 kWh" for k in range(20)], sep=";"), [k + 0.5 for k in range(20)]),
    "degrees": (table("date,t", ISO, [f"{k}.5 °C" for k in range(20)]), [k + 0.5 for k in range(20)]),
    "negative amounts": (
        table("Date,profit", ISO, [f'"(${v:,})"' if k % 2 else f'"${v:,}"' for k, v in enumerate(LARGE)]),
        [-v if k % 2 else v for k, v in enumerate(LARGE)],
    ),
    "a sign before the currency": (
        table("Date,profit", ISO, [f"-${v}" if k % 2 else f"${v}" for k, v in enumerate(LARGE)]),
        [-v if k % 2 else v for k, v in enumerate(LARGE)],
    ),
    "thousands and millions": (table("Date,Vol.", AMERICAN, ["1.2M", "950K"] * 10), [1_200_000, 950_000] * 10),
    "flags": (table("date,v", ISO, [f"{v}.5 p" if v > 1700 else f"{v}.5" for v in LARGE]), [v + 0.5 for v in LARGE]),
    "a star beside a value like a year": (
        table("visitors,date", [f"{v + 700}{'*' * (v == 1137)}" for v in LARGE], ISO),
        [v + 700 for v in LARGE],
    ),
    "sixteen digits": (
        table("date,gdp_lcu", ISO, [f"{k + 1}{'0' * 16}" for k in range(20)]),
        [(k + 1) * 1e16 for k in range(20)],
    ),
}


@pytest.mark.parametrize("kind", READ)
def test_numbers_are_read_for_what_they_mean(take, kind):
    text, expected = READ[kind]
    panel, _ = take(text)
    assert str(panel.start[0])[:10] == "2024-01-01"
    assert series(panel) == pytest.approx(expected, rel=1e-6)


OPEN = {
    "points, ISO dates, semicolons": (table("Date;x", ISO, map(points, LARGE), sep=";"), ",", ".", LARGE),
    "commas, ISO dates, semicolons": (table("Date;x", ISO, map(commas, LARGE), sep=";"), ".", ",", LARGE),
    "whole numbers beside points, decimals elsewhere": (
        table("Date;x;price", ISO, map(points, MIXED), [f"{k}.5" for k in range(20)], sep=";"),
        ",",
        ".",
        MIXED,
    ),
}


@pytest.mark.parametrize("kind", OPEN)
def test_marks_with_two_readings_stop_and_the_option_of_the_hint_settles_them(take, kind):
    text, thousands, decimals, expected = OPEN[kind]
    with pytest.raises(DataError, match=r"data\.csv, line \d+, column 'x': '1.\d{3}' may have three decimals") as stopped:
        take(text)
    assert f"--decimal {thousands} if" in stopped.value.hint
    assert f"--decimal {decimals} if" in stopped.value.hint
    assert series(take(text, decimal=thousands, target=("x",))[0]) == expected
    small = [v if v < 1000 else v / 1000 for v in expected]
    assert series(take(text, decimal=decimals, target=("x",))[0]) == pytest.approx(small)


def test_a_late_thousands_mark_among_whole_numbers_is_no_decimal(take):
    stamps = [f"{k // 8760 + 1000}-{k // 730 % 12 + 1:02d}-{k // 30 % 24 + 1:02d} {k % 24:02d}:00" for k in range(24_000)]
    rows = [f"{s};900" for s in dict.fromkeys(stamps)]
    text = "\n".join(["time;v", *rows, "2024-01-01 00:00;1.080"]) + "\n"
    assert len(text) > 1 << 18
    panel, _ = take(text, timestamp="none")
    assert panel.target[-1] == 1080
    late = text.replace("1.080", "1.5")
    assert take(late, timestamp="none")[0].target[-1] == 1.5


def test_two_units_in_one_column_stop_with_the_line(take):
    with pytest.raises(DataError, match=r"line 3, column 'power': '950 kWh': the column has the units"):
        take(table("Date,power", ISO, ["1.2 kW", "950 kWh"] * 10))


def test_names_with_numbers_stay_names(take):
    panel, _ = take(table("meter,date,v", ["12b", "12c"] * 10, sorted(ISO[:10] * 2), range(20)))
    assert panel.item_ids == ("12b", "12c")


@pytest.mark.parametrize("marker", ["unavailable", "unknown", "***", ":", "n/d", "—"])
def test_usual_markers_are_missing(take, marker):
    panel, report = take(table("date,v", ISO, [marker if k == 5 else k for k in range(20)]))
    assert report.missing == 1
    assert math.isnan(panel.target[5])


def test_limits_are_missing_and_reported(take):
    _, report = take(table("Month,skiing", ISO, ["<1" if k in (5, 6) else k for k in range(20)]))
    assert report.missing == 2
    assert "repaired: limits treated as missing: 2 (first: column 'skiing', such as '<1')" in map(str, report.repaired)


@pytest.mark.parametrize(("limit", "said"), [("<1", "too high.*half the limit"), ("> 100", "too low.*the limit")])
@pytest.mark.parametrize("count", [1, 5])
def test_many_limits_are_warned_of_with_the_bias_of_leaving_them_out(take, limit, said, count):
    _, report = take(table("Month,skiing", ISO, [limit if 5 <= k < 5 + count else k for k in range(20)]))
    assert [bool(re.search(said, w)) for w in report.warnings] == [True] * (count > 1)


def test_an_unknown_marker_stops_and_the_option_of_the_hint_makes_it_missing(take):
    text = table("date,v", ISO, ["ERR" if k == 3 else "no signal" if k == 4 else k for k in range(20)])
    with pytest.raises(DataError, match=r"line 5, column 'v': 'ERR' is not a number") as stopped:
        take(text)
    assert stopped.value.hint.endswith("--missing 'ERR,no signal'")
    assert take(text, missing=("ERR", "no signal"))[1].missing == 2


def test_named_numbers_are_missing_in_values_and_not_in_items_or_dates(take):
    text = table("date,shop,v", sorted(ISO[:10] * 2), [7, 8] * 10, [7 if k == 4 else k + 20 for k in range(20)])
    panel, report = take(text, missing=("7",))
    assert panel.item_ids == ("7", "8")
    assert report.missing == 1
    assert ("values named with --missing: treated as missing", 1) in [(r.what, r.count) for r in report.repaired]


def test_named_numbers_are_missing_beside_texts_too(take):
    text = table("date,v", ISO, ["n/a" if k == 3 else "-999" if k == 4 else f"{k} kWh" for k in range(20)])
    assert take(text, missing=("-999",))[1].missing == 2


def test_the_evidence_for_marks_is_in_the_report(take):
    _, report = take(READ["points among whole numbers"][0])
    found = {e.what: e for e in report.evidence}
    assert "three digits after the mark" in found["marks of 'Umsatz'"].why
    assert found["delimiter"].taken.startswith("semicolon")


def test_when_only_some_values_have_thousands_separators_then_the_report_counts_these(tmp_path):
    path = tmp_path / "money.csv"
    rows = [f'2024-01-{day:02d},"${1000 * day + 5:,}"' if day <= 3 else f"2024-01-{day:02d},$9{day}" for day in range(1, 21)]
    path.write_text("\n".join(["date,v", *rows]))
    _, report = read(path)
    counts = {repair.what: repair.count for repair in report.repaired}
    assert (counts["thousands separators removed"], counts["currency signs removed"]) == (3, 20)


def test_each_repair_counts_only_the_cells_that_needed_it(take):
    texts = ["(130)", "1,170", "(2,250)", "EUR 90"] + [f"{100 + k}" for k in range(16)]
    _, report = take(table("date;v", ISO, texts, sep=";"))
    counts = {repair.what: repair.count for repair in report.repaired}
    assert counts == {"parentheses read as minus": 2, "thousands separators removed": 2, "currency EUR removed": 1}


def test_a_repair_of_several_columns_is_one_line_with_the_total_and_the_number_of_columns(take):
    rows = [f"{day};{k}%;{k + 1}%;{k + 2}" for k, day in enumerate(ISO)]
    _, report = take("\n".join(["date;a;b;c", *rows]))
    assert [str(repair) for repair in report.repaired] == [
        f"repaired: percent signs removed: {2 * len(ISO)} in 2 columns (first: column 'a')"
    ]


def test_repairs_in_a_table_with_a_row_per_series_cover_all_columns_of_steps(take):
    months = [f"2023-{month:02d}" for month in range(1, 13)]
    rows = [";".join(["north", *("1,170" if k else "90" for k in range(12))]), ";".join(["south", *("(80)" for _ in range(12))])]
    _, report = take("\n".join([";".join(["shop", *months]), *rows]))
    assert {(repair.what, repair.count, repair.columns) for repair in report.repaired} == {
        ("thousands separators removed", 11, 11),
        ("parentheses read as minus", 12, 12),
    }


def test_two_decimal_marks_in_one_column_stop_with_both(take):
    texts = [f"{v},5" for v in LARGE[:10]] + [f"{v}.5" for v in LARGE[10:]]
    with pytest.raises(DataError, match=r"line 12, column 'x': '1470\.5' has a different decimal mark from '1100,5'"):
        take(table("Date;x", ISO, texts, sep=";"))


def test_on_and_off_of_further_languages_are_one_and_zero(take):
    panel, _ = take(table("Date;x", ISO, ["Ein", "Aus"] * 10, sep=";"))
    assert series(panel) == [1, 0] * 10


@pytest.mark.parametrize("marker", ["#NV", "brak", "\u6b20\u6e2c", "I/O Timeout", "<LOD"])
def test_further_markers_are_missing(take, marker):
    panel, report = take(table("Date;x", ISO, [LARGE[0], marker, *LARGE[2:]], sep=";"))
    assert (report.missing, series(panel)[2:]) == (1, LARGE[2:])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2,818·10^2", 281.8),
        ("2,818x10^2", 281.8),
        ("%48,5", 48.5),
        ("$1342.4K", 1342400),
        ("152.5万", 1525000),
        ("2.5 lakh", 250000),
    ],
)
def test_numbers_in_further_spellings_are_read(take, text, value):
    panel, _ = take(table("date;v", ISO, [text] * 20, sep=";"), decimal="," if "," in text else ".")
    assert series(panel) == pytest.approx([value] * 20)


@pytest.mark.parametrize("mark", ["[1]", " (1)", "^1", " \u00b9)"])
def test_numbers_of_footnotes_are_removed(take, mark):
    panel, report = take(table("date,v", ISO, [f"{v}{mark if k % 6 == 4 else ''}" for k, v in enumerate(LARGE)]))
    assert series(panel) == LARGE
    assert any("footnote numbers" in r.what for r in report.repaired)


@pytest.mark.parametrize("name", ["Store Sales", "Site power", "Filiale Umsatz", "Product Sales"])
def test_numbers_with_thousands_marks_are_amounts_under_any_name(take, name):
    panel, _ = take(table(f"date,{name},visits", ISO, quoted(map(commas, LARGE)), MIXED))
    assert panel.schema.target == (name, "visits")
    assert series(panel) == LARGE
    assert take(table(f"date,{name}", ISO, quoted(map(commas, LARGE))))[0].schema.target == (name,)


def test_a_column_of_numbers_that_is_read_as_names_is_not_dropped_in_silence(take):
    panel, report = take(table("date,Site load,visits", ISO, ['"1,200"', '"1,300"'] * 10, MIXED))
    assert panel.schema.target == ("visits",)
    assert any("'Site load': '1,200' is read as a name" in w and '--target "Site load"' in w for w in report.warnings)
    named, _ = take(table("date,Site load,visits", ISO, ['"1,200"', '"1,300"'] * 10, MIXED), target=("Site load",))
    assert series(named)[:2] == [1200, 1300]


@pytest.mark.parametrize("name", ["ENTRIES", "count", "odometer"])
def test_zero_padded_numbers_of_a_measure_are_numbers(take, name):
    assert series(take(table(f"date,{name}", ISO, [f"{v:010d}" for v in LARGE]))[0]) == LARGE


def test_zero_padded_numbers_that_rise_are_a_counter_if_nothing_else_is_a_number(take):
    assert series(take(table("date,dial", ISO, [f"{v:010d}" for v in LARGE]))[0]) == LARGE
    assert take(table("date,dial,temp", ISO, [f"{v:010d}" for v in LARGE], MIXED))[0].item_ids == ("temp",)


@pytest.mark.parametrize(("name", "cells"), [("icon", ["10d", "01d"] * 10), ("size", ["500 ml"] * 20)])
def test_codes_and_sizes_beside_values_are_no_series(take, name, cells):
    assert take(table(f"date,{name},qty", ISO, cells, LARGE))[0].item_ids == ("qty",)


@pytest.mark.parametrize("written", ["R {:,.2f}", "R{:,.2f}", "R {:.2f}"])
def test_amounts_in_south_african_rand_are_numbers(take, written):
    panel, report = take(table("date;sales", ISO, [written.format(v + 0.5) for v in LARGE], sep=";"))
    assert series(panel) == [v + 0.5 for v in LARGE]
    assert any(r.what == "currency R removed" for r in report.repaired)


def test_codes_with_the_letter_r_stay_names(take):
    cells = [f"R{k % 3 + 1}" for k in range(60)]
    panel, _ = take(table("date,room,value", [day for day in ISO for _ in range(3)], cells, range(60)))
    assert panel.item_ids == ("R1", "R2", "R3")


@pytest.mark.parametrize("plain", ["{}", "{} kWh", "${}", "{} €"])
@pytest.mark.parametrize("note", [" est.", " (provisional)", "garbage,x"])
def test_a_number_with_unknown_text_behind_it_stops_with_its_line_instead_of_losing_the_column(take, plain, note):
    one, two = ([plain.format(k + 20 + more) for k in range(40)] for more in (0, 100))
    two[7] += note
    days = np.datetime_as_string(np.datetime64("2024-01-01") + np.arange(40))
    text = table("date;north;south", days, one, two, sep=";")
    for target in ((), ("north", "south")):
        with pytest.raises(DataError, match=r"line 9, column 'south'") as stopped:
            take(text, target=target)
        assert repr(two[7]) in stopped.value.message
    panel, report = take(text, missing=(two[7],))
    assert panel.item_ids == ("north", "south")
    assert report.missing == 1


@pytest.mark.parametrize("name", ["sku", "store_id", "comment"])
@pytest.mark.parametrize("odd", ["1234-X", "1001 old", "150 approx"])
def test_a_name_or_a_comment_that_begins_with_a_number_does_not_stop_the_rest(take, name, odd):
    codes = [odd if k == 7 else 1000 + k for k in range(40)]
    days = np.datetime_as_string(np.repeat(np.datetime64("2024-01-01") + np.arange(30), 40))
    panel, _ = take(table(f"date,{name},v", days, codes * 30, [k % 97 + 1 for k in range(1200)]))
    assert len(panel) == 40
    assert odd in panel.item_ids


def test_whole_numbers_that_repeat_with_one_odd_text_are_left_out_with_a_warning(take):
    days = np.datetime_as_string(np.datetime64("2024-01-01") + np.arange(200))
    values = ["12 est." if k == 90 else k % 30 for k in range(200)]
    _, report = take(table("date,north,south", days, [k % 30 for k in range(200)], values))
    assert any("column 'south' is left out: '12 est.'" in warning for warning in report.warnings)


def test_many_numbers_with_unknown_text_behind_them_are_no_numbers(take):
    days = np.datetime_as_string(np.datetime64("2024-01-01") + np.arange(40))
    panel, _ = take(table("date,v,address", days, range(40), [f"{k} Main St" if k % 3 else k for k in range(40)]))
    assert panel.item_ids == ("v",)
