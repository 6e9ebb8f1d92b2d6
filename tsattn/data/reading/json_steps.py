"""JSON series that state their start and step, or the offsets of their values from a start, in place of timestamps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tsattn.data.freq import Freq
from tsattn.data.reading.durations import seconds_of
from tsattn.errors import ConfigError

Record = dict[str, Any]
Ancestors = tuple[tuple[str, Any], ...]

STARTS = ("start", "start_date", "start_time", "begin", "beg_time", "from")
_LASTS = ("last", "end", "end_date", "end_time", "to", "until")
_STEPS = ("step", "step_time", "interval", "resolution", "granularity")
_VALUES = ("data", "values", "target", "value", "y")
_LEGENDS = ("legend", "columns", "names", "labels")
_NAMES = ("name", "label", "title", "target", "metric", "code", "id", "key")
_DEEPEST = 12  # levels of nesting in which series are looked for
_FEWEST = 3  # fewest values of a series
_ZONED = re.compile(r"(\d{4}-\d\d(?:-\d\d)?(?:[T ]\d\d:?\d\d(?::?\d\d(?:\.\d+)?)?)?)\s*(Z|[+-]\d\d:?\d\d)?")
_LEAST_MILLIS = 1e11  # least number that is milliseconds since 1970, not seconds


def of_steps(found: Any) -> list[Record] | None:
    """Read series such as {"start": ..., "step": 300, "data": [...]}, in one object or with the start and step in a part of it.

    Rows of several values have the names of a legend: RRDtool writes {"meta": {"start", "step", "legend"}, "data": [[...]]}.
    None if there is no such series, or if the step does not lead from the start to the end of one that states both.
    """
    made: list[tuple[str, list[Record]]] = []
    for node, around in _objects(found):
        frames = [node, *(v for v in node.values() if isinstance(v, dict))]
        frame = next((f for f in frames if _get(f, STARTS) is not None and _get(f, _STEPS) is not None), None)
        values = next((node[k] for k in _VALUES if isinstance(node.get(k), list) and len(node[k]) >= _FEWEST), None)
        if frame is None or values is None or (columns := _columns(values, frame)) is None:
            continue
        times = stepped_times(frame, len(values))
        if times is None:
            return None
        rows = [
            {"timestamp": t, **dict(zip(columns, row, strict=True))} for t, *row in zip(times, *columns.values(), strict=True)
        ]
        made.append((_name(node, around), rows))
    return _joined(made)


def of_offsets(found: Any) -> list[Record] | None:
    """Read {"Start": ..., "End": ..., ..., "Values": {"0": 1.5, "300": 1.6, ...}}: values by their offset from a start.

    The end decides the unit of the offsets: seconds, milliseconds or minutes.
    """
    made: list[tuple[str, list[Record]]] = []
    for node, around in _objects(found):
        if len(node) < _FEWEST or not all(k.isdigit() and len(k) < 10 for k in node) or not all(map(_is_number, node.values())):
            continue
        offsets = np.array([int(k) for k in node], np.int64)
        frame = next((f for _, f in reversed(around) if isinstance(f, dict) and _get(f, STARTS) is not None), None)
        times = None if frame is None else _offset_times(frame, offsets)
        if times is not None:
            rows = [{"timestamp": t, "value": v} for t, v in zip(times, node.values(), strict=True)]
            made.append((_path_name(around), rows))
    return _joined(made)


def stepped_times(frame: Record, count: int, step: Any = None) -> list[str] | None:
    """Return the timestamps of `count` values of a series whose start and step an object states.

    step: replaces the step of the object. None where they are not known, or where the step does not lead to the stated end.
    """
    start, zone = _moment(_get(frame, STARTS))
    last, _ = _moment(_get(frame, _LASTS))
    if start is None:
        return None
    for freq in _readings(_get(frame, ("freq", *_STEPS)) if step is None else step, _get(frame, STARTS)):
        stamps = freq.advance(np.repeat(start, count + 1), np.arange(count + 1))
        if step is not None or last is None or stamps[-2] <= last <= stamps[-1]:
            return [f"{s}{zone}" for s in stamps[:-1]]
    return None


def _readings(step: Any, start: Any) -> Iterator[Freq]:
    """Yield the steps that a number or a text such as 5m, PT15M or 1 hour may mean, the likelier first."""
    if isinstance(step, str) and step.isdigit():
        step = int(step)
    if _is_number(step) and step is not None and step > 0:
        units = ("ms", "s") if _is_number(start) and start >= _LEAST_MILLIS else ("s", "ms", "min")
        if step == int(step):
            yield from (Freq(unit, int(step)) for unit in units)
    elif isinstance(step, str):
        seconds = seconds_of(step)
        try:
            yield Freq.parse(step)
        except ConfigError:
            if seconds is None or seconds <= 0 or seconds != int(seconds):
                return
            yield Freq("s", int(seconds))


def _offset_times(frame: Record, offsets: np.ndarray) -> list[str] | None:
    """Return the timestamps of offsets (n,) from the start that an object states, in the unit that ends at its end."""
    start, zone = _moment(_get(frame, STARTS))
    last, _ = _moment(_get(frame, _LASTS))
    if start is None or last is None or np.any(np.diff(offsets) <= 0):
        return None
    step = int(np.median(np.diff(offsets)))
    for us in (1_000_000, 1_000, 60_000_000):
        end = start + np.timedelta64(int(offsets[-1]) * us, "us")
        if end <= last <= end + np.timedelta64(step * us, "us"):
            return [f"{start + np.timedelta64(int(k) * us, 'us')}{zone}" for k in offsets]
    return None


def _moment(value: Any) -> tuple[np.datetime64 | None, str]:
    """Return a date or an epoch as a timestamp, and its zone as text; None for other values."""
    if _is_number(value) and value is not None and value >= 1e8:
        return np.datetime64(int(value * (1e3 if value >= _LEAST_MILLIS else 1e6)), "us"), "Z"
    found = _ZONED.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None, ""
    try:
        return np.datetime64(found[1].replace(" ", "T"), "us"), found[2] or ""
    except ValueError:
        return None, ""


def _columns(values: list[Any], frame: Record) -> dict[str, list[Any]] | None:
    """Return the columns of numbers in a list of numbers, or in one of rows, whose names a legend may give."""
    if all(map(_is_number, values)):
        return {"value": values}
    width = len(values[0]) if isinstance(values[0], list) else 0
    if not width or any(not isinstance(row, list) or len(row) != width or not all(map(_is_number, row)) for row in values):
        return None
    legend = _get(frame, _LEGENDS)
    named = isinstance(legend, list) and len(legend) == width == len(set(map(str, legend)))
    names = map(str, legend) if named else (f"value {k + 1}" for k in range(width))
    return dict(zip(names, map(list, zip(*values, strict=True)), strict=True))


def _objects(value: Any, around: Ancestors = ()) -> Iterator[tuple[Record, Ancestors]]:
    """Yield each object of a document with the objects and lists around it, each with the key under which the next one lies."""
    if len(around) > _DEEPEST:
        return
    if isinstance(value, dict):
        yield value, around
        for key, inner in value.items():
            if isinstance(inner, (dict, list)):
                yield from _objects(inner, (*around, (key, value)))
    elif isinstance(value, list) and any(isinstance(x, (dict, list)) for x in value[:_FEWEST]):
        for inner in value:
            yield from _objects(inner, (*around, ("", value)))


def _get(node: Record, keys: Sequence[str]) -> Any:
    """Return the first value under one of the keys, in any case of letters, that is neither an object nor None."""
    lower = {k.lower(): v for k, v in node.items() if v is not None and not isinstance(v, dict)}
    return next((lower[k] for k in keys if k in lower), None)


def _name(node: Record, around: Ancestors) -> str:
    """Return the name that an object, or the nearest one around it, states as text; "" if there is none."""
    for one in (node, *(outer for _, outer in reversed(around))):
        if isinstance(one, dict) and (found := next((one[k] for k in _NAMES if isinstance(one.get(k), str)), None)):
            return str(found)
    return ""


def _path_name(around: Ancestors) -> str:
    """Return the keys that lead to an object, without those that only hold values."""
    return "/".join(key for key, _ in around if key and key.lower() not in {"values", "data", "body"})


def _joined(made: list[tuple[str, list[Record]]]) -> list[Record] | None:
    """Return the rows of all series, with the name of each if there are several."""
    if len(made) < 2:
        return made[0][1] if made else None
    names = [name for name, _ in made]
    if not all(names) or len(set(names)) < len(names):
        names = [f"series {k + 1}" for k in range(len(made))]
    return [{"series": name, **row} for name, (_, rows) in zip(names, made, strict=True) for row in rows]


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
