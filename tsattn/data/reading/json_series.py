"""JSON records that each hold a whole series, converted to one record for each step."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.freq import Freq
from tsattn.data.reading.json_steps import STARTS, stepped_times
from tsattn.errors import DataError

SERIES = ("target", "values", "value", "y", "data")  # keys under which a record holds a whole series
_ITEMS = ("item_id", "id", "name", "series_id", "unique_id", "series", "metric", "label", "title", "target", "code", "key")
_DAY_PARTS = (24, 48, 96, 144, 288, 1440)  # values of a day, in a list beside its date
_IS_DAY = re.compile(r"\d{4}-\d\d-\d\d(?:T00:00:00(?:\.0+)?)?")
_CHART_UNITS = {"ms": None, "day": "D", "month": "MS", "year": "YS"}


def series_key(records: list[dict[str, Any]]) -> str | None:
    """Return the key under which each record holds a list of numbers, beside its start."""
    some = records[:20]
    if not some or not all(isinstance(r, dict) for r in some):
        return None
    for key in SERIES:
        if all(isinstance(r.get(key), list) and all(is_number(v) for v in r[key][:20]) for r in some):
            return key
    return None


def unfolded(records: list[dict[str, Any]], series: str, options: ReadOptions, name: str) -> list[dict[str, Any]]:
    """Make a record for each step of each series. The step is --freq, or one that the record states.

    Raises DataError where a record has neither times nor a step.
    """
    item_key = next((k for k in _ITEMS if k in records[0] and not isinstance(records[0][k], list)), None)
    day_key = _day_key(records, series)
    out: list[dict[str, Any]] = []
    for k, record in enumerate(records):
        item = str(record[item_key]) if item_key else "value" if day_key else f"series {k + 1}"
        stamps = _times_of(record, series, day_key, options, f"{name}, record {k + 1}")
        values = [None if v == "NaN" else v for v in record[series]]
        out += [{"item_id": item, "timestamp": s, "target": v} for s, v in zip(stamps, values, strict=True)]
    return out


def _times_of(record: dict[str, Any], series: str, day_key: str | None, options: ReadOptions, place: str) -> list[str]:
    """Return the times of the values of a record. day_key: the key of its day, if the values are those of one day."""
    count = len(record[series])
    times = record.get("timestamp") or record.get("timestamps") or record.get("time") or record.get("x")
    if isinstance(times, list) and len(times) == count:
        return [str(t) for t in times]
    if isinstance(record.get("pointStart"), (int, float)):
        return _chart_times(record, count, place)
    if day_key is not None:
        day, every = np.datetime64(record[day_key][:10], "us"), np.timedelta64(86_400_000_000 // count, "us")
        return [str(day + j * every) for j in range(count)]
    start_key = next((k for k in STARTS if k in record), None)
    if start_key is not None:
        found = stepped_times(record, count, options.freq or record.get("freq"))
        if found is not None:
            return found
        raise DataError(
            f"{place}: the series starts at {record[start_key]!r}, but states no step", "specify it, for example: --freq D"
        )
    if options.timestamp is None:
        raise DataError(
            f"{place}: {series!r} is a list of numbers without times",
            'add a list of times beside it, as "timestamp"; or number the values: --timestamp none',
        )
    return [str(j) for j in range(count)]


def _day_key(records: list[dict[str, Any]], series: str) -> str | None:
    """Return the key of the day of each record, if its list holds the values of the hours, or of finer steps, of that day."""
    key = next((k for k, v in records[0].items() if isinstance(v, str) and _IS_DAY.fullmatch(v)), None)
    if key is None or not is_day_of_values(records[0][key], records[0][series]):
        return None
    same = all(len(r[series]) == len(records[0][series]) and _IS_DAY.fullmatch(str(r.get(key))) for r in records)
    return key if same and len({(r.get(key), *map(str, map(r.get, _ITEMS))) for r in records}) == len(records) else None


def is_day_of_values(day: str, values: list[Any]) -> bool:
    """Return True for the date of a day and as many values as it has hours, or finer steps."""
    return _IS_DAY.fullmatch(day) is not None and len(values) in _DAY_PARTS


def _chart_times(record: dict[str, Any], count: int, name: str) -> list[str]:
    """Return the times of a Highcharts series from its pointStart (milliseconds since 1970), pointInterval and its unit."""
    every, unit = record.get("pointInterval"), record.get("pointIntervalUnit", "ms")
    if not isinstance(every, (int, float)) or every <= 0 or unit not in _CHART_UNITS:
        raise DataError(
            f"{name}: the series has pointStart {record['pointStart']!r}, but no valid pointInterval",
            'add a list of times, as "timestamp"',
        )
    start = np.datetime64(int(record["pointStart"]), "ms").astype("datetime64[us]")
    freq = _CHART_UNITS[unit]
    if freq is None:
        return [f"{start + np.timedelta64(int(k * every * 1000), 'us')}Z" for k in range(count)]
    return [f"{s}Z" for s in Freq.parse(freq).advance(np.repeat(start, count), np.arange(count) * int(every))]


def is_number(value: Any) -> bool:
    return value is None or value == "NaN" or (isinstance(value, (int, float)) and not isinstance(value, bool))
