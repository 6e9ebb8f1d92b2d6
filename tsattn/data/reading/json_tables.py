"""JSON and JSON Lines: records, columns of lists, and series that are lists, as one table."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.names import listed
from tsattn.data.reading.json_nested import deepest_table, nested_table
from tsattn.data.reading.json_series import SERIES, is_day_of_values, is_number, series_key, unfolded
from tsattn.data.reading.json_steps import STARTS
from tsattn.data.reading.json_values import are_times, from_javascript, is_dated_table, numbers_within
from tsattn.data.reading.source import Part
from tsattn.data.report import Notes
from tsattn.errors import DataError

_LARGEST = 1 << 29
_IS_DATE = re.compile(r"\d{4}-\d\d(?:-\d\d.*)?|\d{10}(?:\d{3})?")  # a key of {date: value}
_NUMBER_TEXT = re.compile(r"[+-]?\d+(?:\.\d+)?")
_SMALL_PART = 0.2  # share of the numbers: a table with fewer holds only totals of dated records nested in its rows
_EPOCH_TEXT = re.compile(r"\d{9,10}\.\d{3,9}")  # seconds since 1970, as brokers write them
_TICKS = re.compile(r"/Date\((-?\d{9,14})(?:[+-]\d{4})?\)/")  # milliseconds since 1970, as .NET writes dates
_WIDEST = 64  # numbers in a list that is spread over columns
_FEWER = 20  # numbers within a record for each of its own, if it is no row


def json_table(part: Part, options: ReadOptions, notes: Notes) -> Any:
    """Read a JSON document or JSON Lines into an Arrow table. Raises DataError where it holds no table."""
    with part.open() as stream:
        raw = stream.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise DataError(f"{part.name}: more than {_LARGEST >> 20} MB of JSON", "save it as Parquet or CSV, and pass that file")
    try:
        text = bytes(raw).decode(options.encoding or "utf-8-sig")
    except (UnicodeDecodeError, LookupError) as error:
        raise DataError(f"{part.name}: not UTF-8: {error}", "name another encoding with --encoding") from None
    try:
        found, lines = _parsed(text, part.name)
    except RecursionError:
        raise DataError(f"{part.name}: nested too deeply to be a table", "write an array of records, one per row") from None
    records = _table_of(found, options, part.name, notes)
    notes.find("format", "JSON Lines" if lines else "JSON")
    return _arrow(records, part.name)


def holds_series(table: Any) -> bool:
    """Return True for an Arrow table with a series in each row: a column of lists of numbers named as a target, or no number
    outside of such lists."""
    import pyarrow as pa

    types = dict(zip(table.column_names, table.schema.types, strict=True))
    lists = {
        n for n, t in types.items() if _is_list(t) and (pa.types.is_floating(t.value_type) or pa.types.is_integer(t.value_type))
    }
    numbers = any(pa.types.is_floating(t) or pa.types.is_integer(t) or pa.types.is_decimal(t) for t in types.values())
    return bool(lists & set(SERIES)) or (bool(lists) and not numbers)


def unfolded_series(table: Any, options: ReadOptions, name: str, notes: Notes) -> Any:
    """Return an Arrow table with a row for each step of the series that the rows of `table` hold in lists; see `json_table`."""
    import pyarrow as pa

    columns = {}
    for key, kind in zip(table.column_names, table.schema.types, strict=True):
        inner = kind.value_type if _is_list(kind) else kind
        if pa.types.is_temporal(inner):
            text = pa.list_(pa.string()) if _is_list(kind) else pa.string()
            columns[key] = table.column(key).cast(text)
        else:
            columns[key] = table.column(key)
    return _arrow(_table_of(pa.table(columns).to_pylist(), options, name, notes), name)


def _is_list(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _table_of(found: Any, options: ReadOptions, name: str, notes: Notes) -> list[dict[str, Any]]:
    """Return the rows of a document. Raises DataError for a table without dates that leaves out most of its numbers."""
    if (records := nested_table(found)) is not None:
        return _flattened(records)
    inner, problem = Notes(), None
    try:
        records = _records(found, name, inner)
        series = series_key(records)
        if series is not None:
            records = unfolded(records, series, options, name)
            inner.weigh("layout", "a series in each record", f"every {series!r} is a list of numbers")
        else:
            records = _spread([row for record in records for row in _rows_of(record)])
    except DataError as error:
        problem, records = error, []
    whole = numbers_within(found)
    below = deepest_table(found)
    few = _amounts(records) < _SMALL_PART * whole and below is not None and is_dated_table(below)
    if problem is not None or few or not (inner.warnings or is_dated_table(records) or _amounts(records) >= 0.5 * whole):
        deep = _flattened(below or [])
        if deep and _amounts(deep) >= 0.5 * whole:
            return deep
        raise problem or DataError(
            f"{name}: this JSON has an unknown structure: it holds {whole:,} numbers, but the table found in it only "
            f"{_amounts(records):,}",
            'write records, [{"date": "2000-01-31", "value": 1}, …], or one record per line; or save it as CSV',
        )
    notes.extend(inner)
    return records


def _amounts(records: list[dict[str, Any]]) -> int:
    """Return the number of numbers in the fields of records, as a table has them."""
    return sum(numbers_within([v for v in r.values() if not isinstance(v, (list, dict))]) for r in records)


def _parsed(text: str, name: str) -> tuple[Any, bool]:
    """Parse JSON or JSON Lines; return the document or the list of its lines, and True if it was lines."""
    try:
        found = json.loads(text)
        if not (isinstance(found, dict) and series_key([found]) and any(k in found for k in STARTS)):
            return found, False
        return [found], False
    except json.JSONDecodeError as error:
        whole = error
    records = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                records.append(json.loads(line))
            except json.JSONDecodeError as error:
                if number == 1 or not records:
                    raise DataError(f"{name}, line {whole.lineno}: not JSON: {whole.msg}", "correct that line") from None
                raise DataError(f"{name}, line {number}: not JSON: {error.msg}", "correct or remove that line") from None
    return records, True


def _records(found: Any, name: str, notes: Notes) -> list[dict[str, Any]]:
    """Return the records of a document of any supported shape."""
    if isinstance(found, dict):
        if (rows := _of_dated_rows(found)) is not None:
            return rows
        lists = {k: v for k, v in found.items() if isinstance(v, list)}
        if {"columns", "data"} <= set(lists):  # pandas, orient="split"
            rows, index = found["data"], found.get("index")
            if not isinstance(index, list) or len(index) != len(rows) or index == list(range(len(rows))):
                return [dict(zip(map(str, found["columns"]), row, strict=False)) for row in rows]
            return [
                {"index": k, **dict(zip(map(str, found["columns"]), row, strict=False))}
                for k, row in zip(index, rows, strict=True)
            ]
        tables = [v for v in lists.values() if v and all(isinstance(r, dict) for r in v)]
        if len(tables) == 1:
            return _flattened(tables[0])
        even = {k: v for k, v in lists.items() if not any(isinstance(x, (dict, list)) for x in v)}
        if len(even) >= 2 and len({len(v) for v in even.values()}) == 1:
            return [dict(zip(even, row, strict=True)) for row in zip(*even.values(), strict=True)]
        if len(found) > 2 and _is_dated(found):
            return [{"index": k, "value": v} for k, v in found.items()]
        if len(found) > 2 and all(_IS_DATE.fullmatch(k) for k in found) and any(v in ([], {}, None) for v in found.values()):
            found = {k: v for k, v in found.items() if v not in ([], {}, None)}  # dates without values
        inner = [v for v in found.values() if isinstance(v, dict) and v]
        plain = any(not isinstance(x, (dict, list)) for v in inner[:1] for x in v.values())
        plain &= not any(_is_records(x) for v in inner[:1] for x in v.values())
        labels = len(found) > 1 or all(k.isdigit() or _IS_DATE.fullmatch(k) for v in inner for k in v)  # of rows or columns
        if len(inner) == len(found) and plain and labels and all(list(v) == list(inner[0]) for v in inner):
            return _of_mappings(found, inner)
        if len(inner) == len(found) > 1 and all(_is_dated(v) for v in inner):  # series of different lengths
            return [{"item_id": key, "timestamp": k, "value": v} for key, values in found.items() for k, v in values.items()]
        below: dict[str, list[dict[str, Any]]] = {}
        for key, value in found.items():  # one level further down: {"hourly": {"time": [...], "temperature": [...]}}
            if isinstance(value, dict) and value:
                with contextlib.suppress(DataError):
                    below[key] = _records(value, name, notes)
        if below:
            taken = max(below, key=lambda key: len(below[key]))
            if others := [key for key, rows in below.items() if key != taken and len(rows) > 1]:
                notes.warn(f"{name}: the file holds {len(others) + 1} tables; {taken!r} is read; left out: {listed(others)}")
            return below[taken]
        arrays = [v for v in lists.values() if len(v) > 2 and all(isinstance(r, list) and len(r) > 2 for r in v)]
        if len(arrays) == 1:
            return _records(arrays[0], name, notes)
    elif isinstance(found, list) and found and all(isinstance(r, dict) for r in found):
        return _flattened(found)
    elif isinstance(found, list) and any(_is_records(part) for part in found):  # [{"page": 1}, [{"date": ...}, ...]]
        return _flattened(max((part for part in found if _is_records(part)), key=len))
    elif isinstance(found, list) and found and all(isinstance(r, list) for r in found):
        width = max(map(len, found))
        if all(len(r) == width and not any(isinstance(x, (list, dict)) for x in r) for r in found):
            named = all(isinstance(x, str) for x in found[0]) and not any(_NUMBER_TEXT.fullmatch(x) for x in found[0])
            head = found[0] if named and len(found) > 1 else None
            names = [str(x) for x in head] if head else [f"column_{k + 1}" for k in range(width)]
            return [dict(zip(names, r, strict=True)) for r in (found[1:] if head else found)]
    raise DataError(
        f"{name}: this JSON holds no table",
        'write records, [{"date": "2000-01-31", "value": 1}, …], or one record per line; or save it as CSV',
    )


def _of_dated_rows(found: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return the records of {date: [number, ...]}: a column for each place in the lists, or the list of a day."""
    first = next(iter(found.values()), None)
    if len(found) < 3 or not all(map(_IS_DATE.fullmatch, found)) or not isinstance(first, list):
        return None
    if not first or not all(_is_row(v, first) for v in found.values()):
        return None
    if is_day_of_values(next(iter(found)), first):
        return [{"date": k, "values": v} for k, v in found.items()]
    return [{"timestamp": k, **{f"value {i + 1}": x for i, x in enumerate(v)}} for k, v in found.items()]


def _is_records(found: Any) -> bool:
    return isinstance(found, list) and bool(found) and all(isinstance(r, dict) for r in found)


def _is_dated(found: dict[str, Any]) -> bool:
    """Return True for {date: number}."""
    return all(_IS_DATE.fullmatch(k) for k in found) and all(is_number(v) for v in found.values())


def _of_mappings(found: dict[str, Any], inner: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the records of {column: {row: value}}, as pandas writes by default, or of {date: {column: value}}."""
    keys = list(inner[0])
    days = all(map(_IS_DATE.fullmatch, found)) and not any(map(_IS_DATE.fullmatch, keys))
    if not days and (all(k.isdigit() for k in keys) or len(keys) > len(found)):
        counted = all(k.isdigit() and not _IS_DATE.fullmatch(k) for k in keys)  # the numbers of the rows
        return [{**({} if counted else {"index": int(k) if k.isdigit() else k}), **{c: found[c][k] for c in found}} for k in keys]
    return [{"index": k, **v} for k, v in found.items()]


def _flattened(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Flatten records. An object in place of a number, such as {"Name": "No Data"}, is a missing value and has no fields."""
    numbers = {k for r in records for k, v in r.items() if isinstance(v, (int, float)) and not isinstance(v, bool)}
    states = {k for r in records for k, v in r.items() if k in numbers and isinstance(v, dict)}
    return [_flat({k: None if k in states and isinstance(v, dict) else v for k, v in r.items()}) for r in records]


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """Flatten a record: the fields of its inner records become its own, {"a": {"b": 1}} -> {"a.b": 1}; {date: number} stays."""
    out: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict) and not (len(value) > 2 and _is_dated(value)):
            out.update({f"{key}.{k}": v for k, v in _flat(value).items()})
        else:
            out[key] = value
    return out


def _rows_of(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a record that holds parallel lists, {"Timestamps": [...], "Values": [...]}, a list of pairs or one of
    records; otherwise the record alone."""
    record = _with_single_values(record)
    lists = {k: v for k, v in record.items() if isinstance(v, list) and v}
    rest = {k: v for k, v in record.items() if not isinstance(v, list)}
    even = {k: v for k, v in lists.items() if not any(isinstance(x, (list, dict)) for x in v)}
    dated = any(are_times([v]) for v in rest.values() if not isinstance(v, dict)) and not any(map(are_times, even.values()))
    if len(even) >= 2 and len({len(v) for v in even.values()}) == 1 and not dated:
        return [{**rest, **dict(zip(even, row, strict=True))} for row in zip(*even.values(), strict=True)]
    inner = [v for v in lists.values() if _is_records(v)]
    if len(inner) == 1 and len(lists) == 1 and _is_around(rest, inner[0]):
        flat = [{**rest, **_flat(one)} for one in inner[0]]
        return [row for one in flat for row in _rows_of(one)] if len(flat) > 1 else flat
    pairs = [v for v in lists.values() if all(isinstance(x, list) and len(x) == 2 for x in v)]
    if len(pairs) == 1 and not any(isinstance(x, (list, dict)) for pair in pairs[0] for x in pair):
        turned = are_times([two for _, two in pairs[0]]) and not are_times(
            [one for one, _ in pairs[0]]
        )  # Graphite: [value, time]
        return [{**rest, "timestamp": b if turned else a, "value": a if turned else b} for a, b in pairs[0]]
    mappings = [k for k, v in record.items() if isinstance(v, dict) and len(v) > 2 and _is_dated(v)]
    if len(mappings) == 1:  # {"metric": "cpu", "dps": {"1700000000": 1.5, ...}}, as OpenTSDB answers
        rest = {k: v for k, v in rest.items() if k != mappings[0]}
        return [{**rest, "timestamp": k, "value": v} for k, v in record[mappings[0]].items()]
    return [record]


def _with_single_values(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with lists of one value replaced by it and, if dated, lists of one record by its fields."""
    lists = {k: v for k, v in record.items() if isinstance(v, list) and v}
    dated = any(are_times([v]) for v in record.values() if not isinstance(v, (list, dict)))
    single = {k for k, v in lists.items() if len(v) == 1 and not isinstance(v[0], list) and (dated or not isinstance(v[0], dict))}
    nested = any(isinstance(v[0], (list, dict)) for k, v in lists.items() if k not in single)
    if not single or not (dated or nested):
        return record
    return _flat({k: v[0] if k in single else v for k, v in record.items()})


def _is_around(rest: dict[str, Any], inner: list[dict[str, Any]]) -> bool:
    """Return True if a record is not a row itself: its own fields belong to each of the records within it.

    It has no numbers, or few beside theirs; if it has a date, they have none.
    """
    numbers = sum(isinstance(v, (int, float)) and not isinstance(v, bool) for v in rest.values())
    if numbers * _FEWER > numbers_within(inner):
        return False
    within = [v for one in inner for v in one.values()]
    dated = any(isinstance(v, str) and _is_measured(v) for v in rest.values())
    return not (dated and (numbers or any(isinstance(v, str) and _is_measured(v) for v in within)))


def _spread(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return dated records with a field for each number of their lists, {"v": [1, 2]} -> {"v.0": 1, "v.1": 2}.

    Lists that never change, such as coordinates, stay.
    """
    if not is_dated_table(records):
        return records
    lists = [k for k, v in records[0].items() if isinstance(v, list) and 1 < len(v) <= _WIDEST]
    kept = {
        k
        for k in lists
        if any(r.get(k) != records[0][k] for r in records) and all(_is_row(r.get(k), records[0][k]) for r in records)
    }
    return [
        {k: v for k, v in r.items() if k not in kept} | {f"{k}.{i}": one for k in kept for i, one in enumerate(r[k])}
        for r in records
    ]


def _is_row(value: Any, first: list[Any]) -> bool:
    """Return True for a list of as many numbers as the first."""
    return isinstance(value, list) and len(value) == len(first) and all(map(is_number, value))


def _is_measured(value: Any) -> bool:
    """Return True for a number or a date; a record that holds one is itself a row."""
    if isinstance(value, str):
        return re.match(r"\d{4}-\d\d|\d{1,2}[./]\d{1,2}[./]\d", value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _arrow(records: list[dict[str, Any]], name: str) -> Any:
    import pyarrow as pa

    names = list(dict.fromkeys(k for r in records for k in r))
    columns = {}
    for key in names:
        values = [r.get(key) for r in records]
        kinds = {type(v) for v in values if v is not None}
        if kinds & {list, dict}:
            continue
        if kinds == {bool}:
            columns[key] = pa.array(values)
        elif kinds <= {int, float}:
            columns[key] = pa.array([float(v) if v is not None else None for v in values] if kinds != {int} else values)
        else:
            texts = [None if v is None else str(v) for v in values]
            ticks = [None if t is None else _TICKS.fullmatch(t) for t in texts]
            dates = [None if t is None else from_javascript(t) for t in texts]
            if all(dates):
                texts = dates
            elif all(t is not None and _EPOCH_TEXT.fullmatch(t) for t in texts):
                columns[key] = pa.array([float(t) for t in texts if t is not None])
                continue
            elif all(ticks):
                texts = [str(np.datetime64(int(t[1]), "ms")) + "Z" for t in ticks if t]
            columns[key] = pa.array(texts, pa.string())
    if not columns:
        raise DataError(f"{name}: this JSON holds no table", "write one record per line, with a date and a value")
    return pa.table(columns)
