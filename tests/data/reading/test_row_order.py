"""Rows in any order: every value stays at its own time, or the file is refused as its ascending twin is."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tsattn.config import ReadOptions
from tsattn.data.panel import Panel
from tsattn.data.reading.read import read
from tsattn.data.report import ReadReport
from tsattn.errors import DataError

Row = tuple[str, ...]
Read = dict[tuple[str, str], float]


@dataclass(frozen=True)
class Written:
    """A table in order of time. rows: cells, the time in column `at`; values: what they say of each item and time."""

    header: str
    rows: list[Row]
    at: int
    values: Read

    def text(self, rows: list[Row]) -> str:
        return "\n".join([self.header, *map(",".join, rows)]) + "\n"


def _values(panel: Panel) -> Read:
    found = {}
    for i, item in enumerate(panel.item_ids):
        history = panel.history(i)
        stamps = panel.freq.advance(panel.start[i], np.arange(len(history)))
        seen = ~np.isnan(history)
        found |= {(item, str(t)[:16]): float(v) for t, v in zip(stamps[seen], history[seen], strict=True)}
    return found


def _repairs(report: ReadReport) -> dict[str, int]:
    return {repair.what: repair.count for repair in report.repaired}


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("order") / "data.csv"

    def take(text: str, options: ReadOptions = ReadOptions()) -> tuple[Panel, ReadReport]:
        path.write_text(text)
        return read(path, options)

    return take


# -- any order, by property --------------------------------------------------------------------------------------------


def _long(times: list[str], names: list[str], value: dict[tuple[str, int], float], by_time: bool) -> Written:
    keys = [(name, k) for name in names for k in range(len(times)) if (name, k) in value]
    if by_time:
        keys.sort(key=lambda key: key[1])
    rows = [(name, times[k], f"{value[name, k]:g}") for name, k in keys]
    return Written("item,time,value", rows, 1, {(name, times[k]): value[name, k] for name, k in keys})


def _wide(times: list[str], names: list[str], value: dict[tuple[str, int], float]) -> Written:
    # the first column has a value in each row: an empty line would say nothing of any item
    rows = [(t, *(f"{value[n, k]:g}" if (n, k) in value else "" for n in names)) for k, t in enumerate(times)]
    return Written(f"time,{','.join(names)}", rows, 0, {(n, times[k]): v for (n, k), v in value.items()})


@st.composite
def tables(draw: st.DrawFn) -> Written:
    """Daily or hourly tables of one to three items: long by item, long by time, wide or of one series; some have gaps."""
    count, items = draw(st.integers(15, 40)), draw(st.integers(1, 3))
    unit = draw(st.sampled_from(["D", "h"]))
    stamps = np.datetime64("2023-12-29T00:00", "m") + np.arange(count).astype(f"timedelta64[{unit}]").astype("timedelta64[m]")
    times, names = [str(s) for s in stamps], ["a", "b", "c"][:items]
    value = {(name, k): 1000.0 * i + k for i, name in enumerate(names) for k in range(count)}
    if draw(st.booleans()):  # the first item keeps all of its times
        value.pop((names[-1], draw(st.integers(1, count - 2))) if items > 1 else ("", 0), None)
    kind = draw(st.sampled_from(["by item", "by time", "wide"]))
    return _wide(times, names, value) if kind == "wide" else _long(times, names, value, kind == "by time")


def _moved(rows: list[Row], source: int, to: int) -> list[Row]:
    rest = rows[:source] + rows[source + 1 :]
    return [*rest[:to], rows[source], *rest[to:]]


@st.composite
def orders(draw: st.DrawFn, rows: list[Row]) -> list[Row]:
    """The rows shuffled, or newest first or oldest first, maybe rotated, maybe with a row or two out of place."""
    if draw(st.booleans()):
        rows = rows[::-1]
    how = draw(st.sampled_from(["as it is", "rotated", "one out of place", "two out of place", "swapped", "shuffled"]))
    place = st.integers(0, len(rows) - 1)
    if how == "rotated":
        k = draw(place)
        return rows[k:] + rows[:k]
    if how == "shuffled":
        rows = list(rows)
        random.Random(draw(st.integers(0, 10_000))).shuffle(rows)
        return rows
    if how == "swapped":
        k = draw(st.integers(0, len(rows) - 2))
        return [*rows[:k], rows[k + 1], rows[k], *rows[k + 2 :]]
    for _ in range({"one out of place": 1, "two out of place": 2}.get(how, 0)):
        rows = _moved(rows, draw(place), draw(place))
    return rows


_MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_MANY
@given(data=st.data())
def test_every_value_is_read_at_its_own_time_in_whatever_order_the_rows_are(csv, data: st.DataObject) -> None:
    table = data.draw(tables())
    panel, report = csv(table.text(data.draw(orders(table.rows))))
    read_values = _values(panel)
    if panel.item_ids == ("value",):
        read_values = {("a", time): value for (_, time), value in read_values.items()}
    assert read_values == table.values
    assert all(count > 0 for count in _repairs(report).values())
    assert report.rows - report.missing == len(table.values)


@_MANY
@given(data=st.data())
def test_exact_duplicates_are_dropped_and_counted_in_whatever_order_the_rows_are(csv, data: st.DataObject) -> None:
    table = data.draw(tables())
    again = data.draw(st.lists(st.sampled_from(table.rows), min_size=1, max_size=3))
    twin = sorted(table.rows + again, key=lambda row: row[table.at])
    first, first_report = csv(table.text(twin))
    panel, report = csv(table.text(data.draw(orders(twin))))
    assert _values(panel) == _values(first)
    assert set(_values(panel).values()) == set(table.values.values())
    for repairs in (_repairs(first_report), _repairs(report)):
        assert repairs["duplicate rows that agree: merged"] == len(again)
        assert all(count > 0 for count in repairs.values())


@_MANY
@given(data=st.data())
def test_contradicting_duplicates_are_refused_in_whatever_order_the_rows_are(csv, data: st.DataObject) -> None:
    table = data.draw(tables())
    row = data.draw(st.sampled_from([r for r in table.rows if r[-1]]))
    twin = sorted([*table.rows, (*row[:-1], "77777")], key=lambda r: r[table.at])
    for rows in (twin, data.draw(orders(twin))):
        with pytest.raises(DataError, match=f"duplicate timestamp {row[table.at][:10]}") as caught:
            csv(table.text(rows))
        assert "--on-duplicate" in caught.value.hint


# -- the shapes that were read wrong -----------------------------------------------------------------------------------

_DAYS = [str(d) for d in np.datetime64("2024-01-01") + np.arange(40)]
_NEWEST_FIRST = [(d, str(1000 + k)) for k, d in enumerate(_DAYS)][::-1]
_HEADER = Written("date,y", [], 0, {})


@pytest.mark.parametrize("at", [0, 1, 3, 20, 39, 40])
@pytest.mark.parametrize("day", ["2023-12-29", "2024-02-10"])
def test_a_row_out_of_place_in_a_newest_first_file_is_read_at_its_own_day(csv, day: str, at: int) -> None:
    panel, report = csv(_HEADER.text([*_NEWEST_FIRST[:at], (day, "5"), *_NEWEST_FIRST[at:]]))
    found = _values(panel)
    assert found.pop(("y", f"{day}T00:00")) == 5
    assert found == {("y", f"{d}T00:00"): float(v) for d, v in _NEWEST_FIRST}
    assert _repairs(report)["rows were newest first: put in order"] == 41


@pytest.mark.parametrize("at", [0, 1, 20, 40])
def test_a_correction_in_a_newest_first_file_is_refused_and_both_lines_are_named(csv, at: int) -> None:
    with pytest.raises(DataError, match="duplicate timestamp 2024-01-20 with different values") as caught:
        csv(_HEADER.text([*_NEWEST_FIRST[:at], ("2024-01-20", "77777"), *_NEWEST_FIRST[at:]]))
    lines = sorted([at + 2, 22 if at > 20 else 22 + (at <= 20)])
    assert f"line {lines[0]} and line {lines[1]}:" in str(caught.value)


def test_when_one_row_is_out_of_place_the_report_counts_it_and_names_its_neighbourhood(csv) -> None:
    _, report = csv(_HEADER.text([_NEWEST_FIRST[1], _NEWEST_FIRST[0], *_NEWEST_FIRST[2:]]))
    repairs = {repair.what: (repair.count, repair.where.rpartition(", ")[2]) for repair in report.repaired}
    assert repairs == {"rows were newest first: put in order": (40, "line 4"), "rows out of order: sorted": (1, "line 3")}


def test_when_items_take_turns_newest_first_the_report_says_so(csv) -> None:
    rows = [(d, item, str(k)) for k, d in enumerate(_DAYS) for item in "ab"][::-1]
    _, report = csv(Written("date,item,y", [], 0, {}).text(rows))
    assert _repairs(report) == {"rows were newest first: put in order": 80}


# -- the hour that comes twice in autumn -------------------------------------------------------------------------------

_UTC = np.datetime64("2023-10-28T18:00", "m") + np.arange(24).astype("timedelta64[h]").astype("timedelta64[m]")
_AUTUMN = [str(t + np.timedelta64(2 if t < np.datetime64("2023-10-29T01:00") else 1, "h")) for t in _UTC]
_BERLIN = ReadOptions(timezone="Europe/Berlin")
_LONG = Written("time,item,y", [(w, i, str(100 * n + k)) for k, w in enumerate(_AUTUMN) for n, i in enumerate("ab")], 0, {})


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("by_item", [False, True])
def test_the_doubled_hour_is_in_the_order_of_its_own_items_rows(csv, backwards: bool, by_item: bool) -> None:
    rows = _LONG.rows[::-1] if backwards else _LONG.rows
    rows = sorted(rows, key=lambda row: row[1]) if by_item else rows
    panel, _ = csv(_LONG.text(rows), _BERLIN)
    for i, item in enumerate(panel.item_ids):
        np.testing.assert_array_equal(panel.history(i), 100 * "ab".index(item) + np.arange(24))


def test_the_doubled_hour_is_refused_where_rows_are_in_no_order(csv) -> None:
    rows = list(_LONG.rows)
    random.Random(1).shuffle(rows)
    with pytest.raises(DataError, match=r"line \d+ and line \d+: both rows are of 2023-10-29 02:00:00") as caught:
        csv(_LONG.text(rows), _BERLIN)
    assert "sort the rows by time" in str(caught.value)


@pytest.mark.parametrize("naive", [False, True])
def test_when_half_hours_are_summed_by_local_day_then_the_doubled_hour_of_autumn_is_in_order(take, naive):
    times = pd.date_range("2024-10-25 22:00", periods=48 * 5 + 2, freq="30min", tz="UTC")
    stamps = times.tz_convert("Europe/Berlin").strftime("%Y-%m-%d %H:%M") if naive else times.strftime("%Y-%m-%dT%H:%MZ")
    text = "time,load\n" + "".join(f"{t},{k % 48 + 1}\n" for k, t in enumerate(stamps))
    panel, report = take(text, timezone="Europe/Berlin", resample="D", agg="sum")
    assert panel.history(0)[1] == 48 * 49 / 2 + 1 + 2
    assert not any("out of order" in r.what for r in report.repaired)
    lines = text.splitlines()
    lines[5], lines[9] = lines[9], lines[5]
    _, report = take("\n".join(lines) + "\n", timezone="Europe/Berlin", resample="D", agg="sum")
    assert any("out of order" in r.what for r in report.repaired)
