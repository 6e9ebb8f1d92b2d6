"""Exports of web services, loggers and statistics offices: rows of totals, headers of several rows, notes below the table."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.reading.kinds import ISO, LARGE, series, table
from tsattn.errors import DataError

MONTHS = [str(np.datetime64("2020-01") + k) for k in range(30)]
PLAYERS = [30_000.5 + 37 * k for k in range(30)]


def test_a_row_of_totals_below_the_header_names_nothing(take):
    lines = [f"{m}\t{p:,.1f}0\t+{k}.50%\n" for k, (m, p) in enumerate(zip(MONTHS, PLAYERS, strict=True))]
    panel, report = take("Month\tAvg. Players\t% Gain\nLast 30 Days\t50,996.50\t+0.10%\n" + "".join(lines))
    assert panel.item_ids == ("Avg. Players", "% Gain")
    assert series(panel) == PLAYERS
    assert any("a row of numbers in the header left out" in str(r) for r in report.repaired)


def test_totals_and_their_dates_below_the_header_name_nothing(take):
    lines = [f"{d},Brand,{v},{v / 8},{d}\n" for d, v in zip(ISO, LARGE, strict=True)]
    panel, _ = take("Day,Campaign,Reach,Spent,Ends\n,,29040,3630.5,2024-01-20\n" + "".join(lines))
    assert [name.split("/")[-1] for name in panel.item_ids] == ["Reach", "Spent"]


def test_extremes_in_a_line_above_the_rows_are_no_names(take):
    head = "Property,Temperature,Humidity\nType,TGP-4500,TGP-4500\nMaximum,41.25 °C,80.5 %RH\n"
    panel, _ = take(
        head + "".join(f"{k + 1},{d},{v / 40} °C,{50 + k}.5 %RH\n" for k, (d, v) in enumerate(zip(ISO, LARGE, strict=True)))
    )
    assert not any("41.25" in name for name in panel.item_ids)
    assert series(panel) == [v / 40 for v in LARGE]


def test_three_rows_of_names_begin_with_the_name_of_a_logger(take):
    head = "z6-12345,Port 1,Port 2\n96 records,TEROS 11,PYR Solar\nTimestamps, m³/m³ Water Content, W/m² Solar Radiation\n"
    panel, report = take(
        head + "".join(f"{d} 00:00:00,0.{k + 10},{v}\n" for k, (d, v) in enumerate(zip(ISO, LARGE, strict=True)))
    )
    assert [name.split("/")[0] for name in panel.item_ids] == ["Port 1", "Port 2"]
    assert report.first == "2024-01-01"


@pytest.mark.parametrize(
    "notes", ['"footnoteSeqID","Footnote"\n"1","Provisional estimate"', '"Code","Meaning"\n"p","Provisional"']
)
def test_footnotes_below_a_blank_line_are_left_out(take, notes):
    lines = "".join(f'"Austria","{1990 + k}","{v}","1"\n' for k, v in enumerate(LARGE))
    panel, _ = take(f'"Country","Year","Value","Footnotes"\n{lines}\n{notes}\n')
    assert series(panel) == LARGE


@pytest.mark.parametrize("marker", ["Nulo", "(D)", "(NA)", "(X)"])
def test_markers_of_offices_are_missing(take, marker):
    panel, report = take(table("date,value", ISO, [*LARGE[:9], marker, *LARGE[10:]]))
    assert (report.missing, len(panel)) == (1, 1)


def test_among_prices_of_a_day_the_closing_price_is_the_target(take):
    rows = "".join(
        f'{d},"EQ","{v - 3:,}.00","{v + 9:,}.00","{v - 9:,}.00","{v:,}.00","{v * 7:,}.00"\n'
        for d, v in zip(ISO, LARGE, strict=True)
    )
    panel, _ = take("Date,series,OPEN,HIGH,LOW,close,VALUE\n" + rows)
    assert series(panel) == LARGE


def test_bytes_of_no_known_encoding_ask_for_one(tmp_path):
    from tsattn.data.reading.read import read

    path = tmp_path / "data.csv"
    path.write_bytes(
        b"date,value\n" + b"".join(f"{d},{v}\n".encode() for d, v in zip(ISO, LARGE, strict=True)) + b"\x81\x8d\x90,\xff\n"
    )
    with pytest.raises(DataError, match="encoding") as stop:
        read(path)
    assert "--encoding" in stop.value.hint


def test_a_table_with_dates_above_the_table_that_is_read_is_named(take):
    hours = "".join(f"2023/5/2,{h}:00,{3000 + h},{3050 + h},57\n" for h in range(24))
    minutes = "".join(f"2023/5/2,{k // 12}:{k % 12 * 5:02d},{3000 + k}\n" for k in range(288))
    panel, report = take("DATE,TIME,hourly,forecast,use\n" + hours + "\nDATE,TIME,load\n" + minutes)
    assert panel.freq.alias == "5min"
    assert any("lines above the header hold a table with dates" in w for w in report.warnings)


def test_settings_with_a_date_above_the_header_are_no_table(take):
    head = "Start,2024-01-01,3\nStop,2024-01-20,3\nInterval,1440\n"
    _, report = take(head + "date,value\n" + "".join(f"{d},{v}\n" for d, v in zip(ISO, LARGE, strict=True)))
    assert not report.warnings
