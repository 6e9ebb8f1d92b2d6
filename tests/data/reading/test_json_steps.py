"""JSON series that state a start and a step, or offsets from a start, in place of timestamps."""

from __future__ import annotations

import json

import pytest

from tests.data.reading.kinds import LARGE, series
from tsattn.errors import DataError

HALVES = [v / 2 for v in LARGE]
START = 1704067200  # 2024-01-01 00:00 UTC
LAST = START + 19 * 300


def history(name: str, interval: str, last: str, values: list) -> dict:
    inner = {"start": "2024-01-01T00:00:00+10:00", "last": last, "interval": interval, "data": values}
    return {"id": f"au.nem.{name}", "type": "power", "units": "MW", "history": inner}


ONE_STEP = {
    "seconds since 1970": ({"start": START, "end": LAST, "step": 300, "data": LARGE}, "5min", "UTC"),
    "an end after the last step": ({"start": START, "end": LAST + 300, "step": 300, "values": LARGE}, "5min", "UTC"),
    "rows of one value": (
        {"body": [{"beg_time": START, "step_time": 300, "value": [[v] for v in LARGE]}], "status": "ok"},
        "5min",
        "UTC",
    ),
    "milliseconds": ({"start": 1000 * START, "end": 1000 * LAST, "interval": 300_000, "data": LARGE}, "5min", "UTC"),
    "minutes by the end": ({"start": START, "end": LAST, "interval": 5, "data": LARGE}, "5min", "UTC"),
    "a duration of ISO 8601": ({"start": "2024-01-01T00:00:00Z", "resolution": "PT15M", "data": LARGE}, "15min", "UTC"),
    "words": ({"start": "2024-01-01", "interval": "1 hour", "data": LARGE}, "h", None),
    "months": ({"data": [history("coal", "1M", "2025-08-01T00:00:00+10:00", LARGE)]}, "MS", "+10:00"),
}


@pytest.mark.parametrize("what", ONE_STEP)
def test_a_series_is_dated_by_its_start_and_step(take, what):
    document, freq, zone = ONE_STEP[what]
    panel, report = take(json.dumps(document), name="data.json")
    assert (series(panel), panel.freq.alias, panel.tz, report.first[:10]) == (LARGE, freq, zone, "2024-01-01")


def test_several_series_have_the_names_that_their_objects_state(take):
    last = "2024-01-01T01:35:00+10:00"
    document = {"version": "3", "data": [history("coal", "5m", last, LARGE), history("wind", "5m", last, HALVES)]}
    panel, report = take(json.dumps(document), name="data.json")
    assert panel.item_ids == ("au.nem.coal", "au.nem.wind")
    assert (panel.freq.alias, panel.tz, report.first) == ("5min", "+10:00", "2024-01-01T00:00:00+10:00")


def test_rows_of_values_have_the_names_of_a_legend(take):
    rows = [[v, None if k == 3 else h] for k, (v, h) in enumerate(zip(LARGE, HALVES, strict=True))]
    meta = {"start": START, "end": LAST, "step": 300, "legend": ["in", "out"]}
    panel, report = take(json.dumps({"about": "RRDtool", "meta": meta, "data": rows}), name="data.json")
    assert (panel.item_ids, series(panel), report.missing) == (("in", "out"), LARGE, 1)


def test_a_step_that_does_not_lead_to_the_end_is_an_error(take):
    document = {"start": START, "end": START + 86_400, "step": 300, "data": LARGE}
    with pytest.raises(DataError, match="states no step"):
        take(json.dumps(document), name="data.json")


def channel(values: list) -> dict:
    return {"Unit": "Wh", "Values": {str(300 * k): v for k, v in enumerate(values)}, "_comment": "channelId=1"}


def test_values_by_their_offset_from_a_start_are_series(take):
    device = {"Start": "2024-01-01T00:00:00+02:00", "End": "2024-01-01T01:35:00+02:00"}
    device["Data"] = {"Energy": channel(LARGE), "Voltage": channel(HALVES)}
    document = {"Body": {"Data": {"inverter/1": device}}, "Head": {"Timestamp": "2024-01-02T00:00:00+02:00"}}
    panel, report = take(json.dumps(document), name="data.json")
    assert panel.item_ids == ("inverter/1/Energy", "inverter/1/Voltage")
    assert (series(panel, 1), panel.freq.alias, report.first) == (HALVES, "5min", "2024-01-01T00:00:00+02:00")


@pytest.mark.parametrize("values", [24, 48])
def test_a_list_of_the_hours_beside_each_date_is_one_series(take, values):
    counted = [[float(100 * d + k) for k in range(values)] for d in range(3)]
    panel, _ = take(json.dumps([{"date": f"2024-01-0{d + 1}", "values": v} for d, v in enumerate(counted)]), name="data.json")
    assert (len(panel), panel.freq.alias) == (1, "h" if values == 24 else "30min")
    assert series(panel) == [v for day in counted for v in day]
