"""Tables deep within the answers of databases and web services."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.data.reading.kinds import ISO, LARGE, series
from tsattn.errors import DataError

EPOCHS = [1704067200 + 86_400 * k for k in range(20)]
MILLIS = [1000 * t for t in EPOCHS]
TWICE = [2 * v for v in LARGE]
PAIRS = list(zip(ISO, LARGE, strict=True))
MONTHS = [str(np.datetime64("2022-01") + k) for k in range(20)]

ONE = {
    "InfluxDB": {"results": [{"statement_id": 0, "series": [{"name": "cpu", "columns": ["time", "mean"], "values": PAIRS}]}]},
    "Grafana": {
        "results": {
            "A": {
                "status": 200,
                "frames": [{"schema": {"fields": [{"name": "Time"}, {"name": "Value"}]}, "data": {"values": [MILLIS, LARGE]}}],
            }
        }
    },
    "Graphite": [{"target": "load", "datapoints": [[v, t] for t, v in zip(EPOCHS, LARGE, strict=True)]}],
    "OpenTSDB": [{"metric": "cpu", "tags": {"host": "a"}, "dps": {str(t): v for t, v in zip(EPOCHS, LARGE, strict=True)}}],
    "the data of a chart": {"labels": ISO, "datasets": [{"label": "kWh", "data": LARGE}]},
    "CKAN": {
        "success": True,
        "result": {
            "fields": [{"id": "_id", "type": "int"}, {"id": "day", "type": "timestamp"}],
            "records": [{"_id": k + 1, "day": d, "count": v} for k, (d, v) in enumerate(PAIRS)],
        },
    },
    "records within lists": {
        "value": {
            "queryInfo": {"note": []},
            "timeSeries": [
                {
                    "variable": {"noDataValue": -999999.0},
                    "values": [
                        {"value": [{"value": str(v), "qualifiers": ["P"], "dateTime": f"{d}T00:00:00Z"} for d, v in PAIRS]}
                    ],
                }
            ],
        }
    },
}


@pytest.mark.parametrize("source", ONE)
def test_one_series_of_a_web_service_is_read(take, source):
    panel, report = take(json.dumps(ONE[source]), name="data.json")
    assert (len(panel), panel.freq.alias, report.first[:10], series(panel)) == (1, "D", "2024-01-01", LARGE)


def test_lists_at_different_depths_with_the_length_of_the_times_are_columns(take):
    quote = {"quote": [{"close": LARGE, "volume": TWICE}]}
    chart = {"chart": {"result": [{"meta": {"price": 5.5}, "timestamp": EPOCHS, "indicators": quote}], "error": None}}
    panel, _ = take(json.dumps(chart), name="data.json")
    assert (panel.item_ids, series(panel), series(panel, 1)) == (("close", "volume"), LARGE, TWICE)


def test_lists_of_pairs_with_equal_times_are_columns(take):
    lists = {"prices": list(zip(MILLIS, LARGE, strict=True)), "volumes": list(zip(MILLIS, TWICE, strict=True))}
    panel, _ = take(json.dumps(lists), name="data.json")
    assert (panel.item_ids, series(panel, 1)) == (("prices", "volumes"), TWICE)


@pytest.mark.parametrize("sparse", [False, True])
def test_a_dataset_of_json_stat_is_read(take, sparse):
    values = [*LARGE, *TWICE]
    dataset = {
        "class": "dataset",
        "id": ["unit", "geo", "time"],
        "size": [1, 2, 20],
        "dimension": {
            "unit": {"category": {"label": {"I15": "Index"}}},
            "geo": {"category": {"index": {"AT": 0, "DE": 1}}},
            "time": {"category": {"index": {m: k for k, m in enumerate(MONTHS)}}},
        },
        "value": {str(k): v for k, v in enumerate(values)} if sparse else values,
    }
    panel, report = take(json.dumps(dataset), name="data.json")
    assert (panel.item_ids, panel.freq.alias, report.first) == (("AT", "DE"), "MS", "2022-01-01")
    assert (series(panel), series(panel, 1)) == (LARGE, TWICE)


def test_a_table_that_leaves_out_most_numbers_stops(take):
    with pytest.raises(DataError, match="has an unknown structure: it holds 41 numbers, but the table found in it only 1"):
        take(json.dumps({"rows": [{"version": 7}], "a": {"b": {"c": [[v, [v]] for v in LARGE]}}}), name="data.json")


def test_shapes_beside_dated_records_do_not_stop(take):
    area = {"type": "Polygon", "coordinates": [[[float(k), float(k)] for k in range(50)]]}
    features = [{"type": "Feature", "geometry": area, "properties": {"day": d, "value": v}} for d, v in PAIRS]
    panel, _ = take(json.dumps({"type": "FeatureCollection", "features": features}), name="data.json")
    assert series(panel) == LARGE


CELLS = {
    "GA4": {
        "dimensionHeaders": [{"name": "date"}],
        "metricHeaders": [{"name": "users", "type": "TYPE_INTEGER"}, {"name": "views", "type": "TYPE_INTEGER"}],
        "rows": [
            {"dimensionValues": [{"value": d.replace("-", "")}], "metricValues": [{"value": str(v)}, {"value": str(2 * v)}]}
            for d, v in PAIRS
        ],
        "rowCount": 20,
        "kind": "analyticsData#runReport",
    },
    "Universal Analytics": {
        "reports": [
            {
                "columnHeader": {"dimensions": ["ga:date"], "metricHeader": {"entries": [{"name": "users"}, {"name": "views"}]}},
                "data": {
                    "rows": [
                        {"dimensions": [d.replace("-", "")], "metrics": [{"values": [str(v), str(2 * v)]}]} for d, v in PAIRS
                    ],
                    "totals": [{"values": ["1", "2"]}],
                },
            }
        ]
    },
    "SQL": {
        "columns": [{"name": "ts", "type": "datetime"}, {"name": "users"}, {"name": "views"}],
        "rows": [[d, v, 2 * v] for d, v in PAIRS],
    },
    "Socrata": {
        "meta": {"view": {"id": "abcd", "name": "x", "columns": [{"name": "day"}, {"name": "users"}, {"name": "views"}]}},
        "data": [[d, str(v), str(2 * v)] for d, v in PAIRS],
    },
    "BigQuery": {
        "schema": {"fields": [{"name": "day", "type": "DATE"}, {"name": "users"}, {"name": "views"}]},
        "rows": [{"f": [{"v": d}, {"v": str(v)}, {"v": str(2 * v)}]} for d, v in PAIRS],
    },
    "BigQuery with timestamps": {
        "schema": {"fields": [{"name": "ts", "type": "TIMESTAMP"}, {"name": "users"}, {"name": "views"}]},
        "rows": [
            {"f": [{"v": f"{t / 1e9:.7f}E9"}, {"v": str(v)}, {"v": str(2 * v)}]} for t, v in zip(EPOCHS, LARGE, strict=True)
        ],
    },
    "Google Charts": {
        "cols": [{"id": "", "label": name, "type": "number"} for name in ("day", "users", "views")],
        "rows": [
            {"c": [{"v": f"Date(2024, 0, {k + 1})", "f": f"{k + 1}/1/2024"}, {"v": v}, {"v": 2 * v}]} for k, v in enumerate(LARGE)
        ],
    },
    "Kusto": {
        "Tables": [
            {
                "TableName": "Table_0",
                "Columns": [{"ColumnName": name, "DataType": "Double"} for name in ("Timestamp", "users", "views")],
                "Rows": [[f"{d}T00:00:00Z", v, 2 * v] for d, v in PAIRS],
            }
        ]
    },
    "TDengine": {
        "code": 0,
        "column_meta": [["ts", "TIMESTAMP", 8], ["users", "FLOAT", 4], ["views", "FLOAT", 4]],
        "data": [[f"{d}T00:00:00.000Z", v, 2 * v] for d, v in PAIRS],
        "rows": 20,
    },
    "PxWeb": {
        "columns": [{"code": "Tid", "type": "t"}, {"code": "users", "type": "c"}, {"code": "views", "type": "c"}],
        "data": [{"key": [d], "values": [str(v), str(2 * v)]} for d, v in PAIRS],
    },
}


@pytest.mark.parametrize("source", CELLS)
def test_rows_of_cells_take_their_names_from_the_descriptions_of_the_columns(take, source):
    panel, report = take(json.dumps(CELLS[source]), name="data.json")
    assert (report.first[:10], series(panel), series(panel, 1)) == ("2024-01-01", LARGE, TWICE)


SERIES = {
    "energy-charts": {
        "unix_seconds": EPOCHS,
        "production_types": [{"name": "users", "data": LARGE}, {"name": "views", "data": TWICE}],
        "deprecated": False,
    },
    "ECharts": {
        "xAxis": {"type": "category", "data": ISO},
        "series": [{"name": "users", "type": "line", "data": LARGE}, {"name": "views", "type": "line", "data": TWICE}],
    },
    "Chart.js": {"data": {"labels": ISO, "datasets": [{"label": "users", "data": LARGE}, {"label": "views", "data": TWICE}]}},
    "Highcharts": {
        "series": [
            {"name": name, "pointStart": MILLIS[0], "pointInterval": 86_400_000, "data": values}
            for name, values in (("users", LARGE), ("views", TWICE))
        ]
    },
    "Highcharts in days": {
        "series": [
            {"name": name, "pointStart": MILLIS[0], "pointInterval": 1, "pointIntervalUnit": "day", "data": values}
            for name, values in (("users", LARGE), ("views", TWICE))
        ]
    },
    "ThingsBoard": {
        name: [{"ts": m, "value": str(v)} for m, v in zip(MILLIS, values, strict=True)]
        for name, values in (("users", LARGE), ("views", TWICE))
    },
    "KairosDB": {
        "queries": [
            {
                "sample_size": 40,
                "results": [
                    {
                        "name": "hits",
                        "group_by": [{"name": "type", "type": "number"}],
                        "tags": {"host": [name]},
                        "values": list(zip(MILLIS, values, strict=True)),
                    }
                    for name, values in (("users", LARGE), ("views", TWICE))
                ],
            }
        ]
    },
    "REE": {
        "data": {"type": "x", "attributes": {"title": "x"}},
        "included": [
            {
                "type": name,
                "attributes": {"title": name, "values": [{"value": v, "datetime": d} for v, d in zip(values, ISO, strict=True)]},
            }
            for name, values in (("users", LARGE), ("views", TWICE))
        ],
    },
    "Frost": {
        "data": [
            {
                "sourceId": "SN18700:0",
                "referenceTime": f"{d}T00:00:00.000Z",
                "observations": [
                    {"elementId": "users", "value": v, "unit": "1", "timeOffset": "PT0H"},
                    {"elementId": "views", "value": 2 * v, "unit": "1", "timeOffset": "PT6H"},
                ],
            }
            for d, v in PAIRS
        ]
    },
}


@pytest.mark.parametrize("source", SERIES)
def test_named_series_of_charts_and_services_are_read(take, source):
    panel, report = take(json.dumps(SERIES[source]), name="data.json")
    assert (panel.freq.alias, report.first[:10], panel.item_ids) == ("D", "2024-01-01", ("users", "views"))
    assert (series(panel), series(panel, 1)) == (LARGE, TWICE)


def test_series_without_times_stop_unless_the_rows_are_to_be_numbered(take):
    text = json.dumps({"series": [{"name": "users", "data": LARGE}, {"name": "views", "data": TWICE}]})
    with pytest.raises(DataError, match="'data' is a list of numbers without times") as stop:
        take(text, name="data.json")
    assert "--timestamp none" in stop.value.hint
    assert series(take(text, name="data.json", timestamp="none")[0]) == LARGE


def test_numbers_in_a_list_of_each_record_are_columns_if_they_change(take):
    records = [{"locked": 0, "d": d, "v": [v, 2 * v], "place": [16.5, 48.5]} for d, v in PAIRS]
    panel, _ = take(json.dumps(records), name="data.json", target=("v.0", "v.1"))
    assert (series(panel), series(panel, 1)) == (LARGE, TWICE)
    assert take(json.dumps(records), name="data.json")[0].item_ids == ("locked", "v.0", "v.1")


def test_the_only_record_within_a_dated_record_belongs_to_it(take):
    records = [{"results": [{"count": v}], "beginTimeSeconds": t} for t, v in zip(EPOCHS, LARGE, strict=True)]
    panel, _ = take(json.dumps({"timeSeries": records}), name="data.json")
    assert series(panel) == LARGE


def test_buckets_within_buckets_are_series(take):
    def hosts(v: int) -> dict[str, object]:
        counts = [{"key": "a", "doc_count": v}, {"key": "b", "doc_count": 2 * v}]
        return {"doc_count_error_upper_bound": 0, "sum_other_doc_count": 0, "buckets": counts}

    buckets = [
        {"key_as_string": f"{d}T00:00:00.000Z", "key": m, "doc_count": 3 * v, "hosts": hosts(v)}
        for m, (d, v) in zip(MILLIS, PAIRS, strict=True)
    ]
    panel, _ = take(json.dumps({"took": 1, "aggregations": {"days": {"buckets": buckets}}}), name="data.json")
    assert (panel.item_ids, series(panel), series(panel, 1)) == (("a", "b"), LARGE, TWICE)


def test_a_dataset_of_json_stat_1_is_read(take):
    dimension = {
        "id": ["time"],
        "size": [20],
        "role": {"time": ["time"]},
        "time": {"category": {"index": {m: k for k, m in enumerate(MONTHS)}}},
    }
    panel, report = take(json.dumps({"dataset": {"dimension": dimension, "label": "x", "value": LARGE}}), name="data.json")
    assert (series(panel), report.first) == (LARGE, "2022-01-01")


def test_times_beside_a_list_of_lists_are_the_times_of_each_of_them(take):
    tags = [{"group_tags": [f"host:{h}"], "query_index": 0, "unit": [{"name": "percent"}]} for h in "ab"]
    answer = {"data": {"id": "0", "attributes": {"series": tags, "times": MILLIS, "values": [LARGE, TWICE]}}}
    panel, _ = take(json.dumps(answer), name="data.json")
    assert (panel.item_ids, series(panel), series(panel, 1)) == (("host:a", "host:b"), LARGE, TWICE)


def test_lists_under_equal_keys_are_all_read(take):
    panel, _ = take(json.dumps({"x": {"time": ISO, "a": {"v": LARGE}, "b": {"v": TWICE}}}), name="data.json")
    assert (panel.item_ids, series(panel, 1)) == (("a.v", "b.v"), TWICE)


def test_a_single_list_of_pairs_beside_metadata_is_a_series(take):
    panel, report = take(json.dumps({"meta_data": {"version": 1}, "series": [*map(list, zip(MILLIS, LARGE, strict=True))]}))
    assert (series(panel), report.first[:10], panel.tz) == (LARGE, "2024-01-01", "UTC")


def test_an_object_in_place_of_a_number_is_a_missing_value(take):
    state = {"Name": "No Data", "Value": 248, "IsSystem": True}
    items = [{"Timestamp": d, "Value": state if k == 4 else v, "Good": k != 4} for k, (d, v) in enumerate(PAIRS)]
    panel, report = take(json.dumps({"Links": {}, "Items": items}), name="data.json")
    assert (panel.item_ids, report.missing) == (("Value",), 1)


def test_flags_beside_a_number_are_no_series(take):
    lines = [json.dumps({"time": d, "kw": v / 10, "grid_ok": k != 4}) for k, (d, v) in enumerate(PAIRS)]
    panel, _ = take("\n".join(lines), name="data.jsonl")
    assert series(panel) == [v / 10 for v in LARGE]


def test_flags_alone_are_a_series(take):
    panel, _ = take(json.dumps([{"time": d, "motion": k % 3 == 0} for k, d in enumerate(ISO)]), name="data.json")
    assert series(panel) == [float(k % 3 == 0) for k in range(20)]


@pytest.mark.parametrize("empty", [[], {}, None])
def test_dates_without_values_are_missing(take, empty):
    days = {d: {"visits": v, "bounces": k} for k, (d, v) in enumerate(PAIRS)} | {ISO[4]: empty}
    panel, report = take(json.dumps(days), name="data.json")
    assert (panel.item_ids, report.missing, panel.freq.alias) == (("visits", "bounces"), 2, "D")


def test_times_of_a_day_below_each_date_are_one_series(take):
    days = {ISO[d]: {f"{h:02d}:00": 100 * d + h for h in range(24)} for d in range(3)}
    panel, _ = take(json.dumps(days), name="data.json")
    assert (len(panel), panel.freq.alias) == (1, "h")
    assert series(panel) == [100 * d + h for d in range(3) for h in range(24)]


def test_the_numbers_of_rows_of_a_result_are_left_out(take):
    lines = [
        json.dumps({"preview": False, "offset": k, "result": {"_time": d, "count": str(v)}}) for k, (d, v) in enumerate(PAIRS)
    ]
    panel, _ = take("\n".join(lines), name="data.json")
    assert series(panel) == LARGE
    assert len(panel) == 1


def test_dates_with_lists_of_numbers_have_a_column_for_each_place(take):
    rows = {str(t): [v, 2 * v] for t, v in zip(EPOCHS, LARGE, strict=True)}
    panel, _ = take(json.dumps({"body": rows, "status": "ok"}), name="data.json")
    assert (panel.item_ids, series(panel), series(panel, 1)) == (("value 1", "value 2"), LARGE, TWICE)


def test_days_with_lists_of_hours_are_one_series(take):
    panel, _ = take(json.dumps({ISO[d]: [100 * d + h for h in range(24)] for d in range(3)}), name="data.json")
    assert (panel.freq.alias, series(panel)) == ("h", [100 * d + h for d in range(3) for h in range(24)])


def test_records_below_one_key_with_lists_of_descriptions_are_read(take):
    values = [{"value": v, "datetime": f"{d}T00:00:00Z", "geo_id": 3, "geo_name": "Spain"} for d, v in PAIRS]
    inner = {"name": "price", "id": 600, "magnitude": [{"name": "price", "id": 23}], "values": values}
    panel, _ = take(json.dumps({"indicator": inner}), name="data.json")
    assert series(panel) == LARGE


def test_of_two_lists_of_records_the_dated_one_is_read(take):
    entries = [{"start": f"{d}T00:00:00Z", "areas": {"SE3": v, "SE4": 2 * v}} for d, v in PAIRS]
    document = {"date": "2024-01-01", "version": 3, "entries": entries, "blocks": [{"name": "peak", "price": {"SE3": 5.5}}]}
    panel, _ = take(json.dumps(document), name="data.json")
    assert (panel.item_ids, series(panel, 1)) == (("areas.SE3", "areas.SE4"), TWICE)
