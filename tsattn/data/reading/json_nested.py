"""Tables deep within JSON documents: the answers of databases and of web services, as records."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from tsattn.data.reading.json_lists import of_deep_pairs, of_matrix, of_parallel_lists
from tsattn.data.reading.json_steps import of_offsets, of_steps
from tsattn.data.reading.json_values import (
    DEEPEST,
    NAMED,
    TIMES,
    Record,
    are_scalars,
    are_times,
    is_amount,
    is_dated_table,
    is_pair,
    is_time,
    leaves,
    nodes,
)


def nested_table(found: Any) -> list[Record] | None:
    """Return the records of a document in one of the nested shapes below; None if it has none of them."""
    shapes = (
        *(_of_jsonstat, _of_columns, _of_frames, of_steps, of_offsets, of_matrix, _of_named_series, _of_pairs, _of_buckets),
        *(_of_named_cells, _of_named_records),
    )
    for shape in shapes:
        if (records := shape(found)) is not None:
            return records
    return None


def deepest_table(found: Any) -> list[Record] | None:
    """Return the records of the largest list of dated records, of parallel lists with times, or of pairs, at any depth.

    None if there is none, or if two of different structure are equally large.
    """
    return of_parallel_lists(found) or _of_deep_records(found) or of_deep_pairs(found)


def _of_columns(found: Any) -> list[Record] | None:
    """Read {"columns": ["time", "mean"], "values": [[...], ...], "name": ..., "tags": {...}}, as InfluxDB answers."""
    out: list[Record] = []
    for _, node in nodes(found):
        if not isinstance(node, dict) or not are_scalars(node.get("columns")) or not isinstance(node.get("values"), list):
            continue
        names, rows = [str(c) for c in node["columns"]], node["values"]
        if not rows or not all(isinstance(row, list) and len(row) == len(names) for row in rows):
            continue
        tags: Any = node.get("tags")
        told: Record = {"name": node["name"]} if isinstance(node.get("name"), str) else {}
        told |= tags if isinstance(tags, dict) else {}
        out += [{**told, **dict(zip(names, row, strict=True))} for row in rows]
    return out or None


def _of_frames(found: Any) -> list[Record] | None:
    """Read {"schema": {"fields": [{"name": ...}, ...]}, "data": {"values": [[...], ...]}}, as Grafana answers."""
    out: list[Record] = []
    for _, node in nodes(found):
        schema, data = (node.get("schema"), node.get("data")) if isinstance(node, dict) else (None, None)
        fields = schema.get("fields") if isinstance(schema, dict) else None
        columns = data.get("values") if isinstance(data, dict) else None
        if not isinstance(fields, list) or not isinstance(columns, list) or len(fields) != len(columns):
            continue
        if not all(isinstance(f, dict) and "name" in f for f in fields) or not all(isinstance(c, list) for c in columns):
            continue
        labels = {k: v for f in fields for k, v in (f.get("labels") or {}).items()}
        names = [str(f["name"]) for f in fields]
        out += [{**labels, **dict(zip(names, row, strict=True))} for row in zip(*columns, strict=False)]
    return out or None


def _of_jsonstat(found: Any) -> list[Record] | None:
    """Read a dataset of JSON-stat, as Eurostat and other offices answer: a record for each cell that has a value.

    Version 1 has the dataset under a key, and the names of the dimensions with them.
    """
    inner = found.get("dataset") if isinstance(found, dict) else None
    if isinstance(inner, dict) and isinstance(inner.get("dimension"), dict):
        found = {**inner["dimension"], **inner}
    if not (isinstance(found, dict) and {"id", "size", "dimension", "value"} <= set(found) and _has_dimensions(found)):
        return None
    axes = []
    for name in found["id"]:
        category = found["dimension"][name].get("category", {})
        index, labels = category.get("index"), category.get("label") or {}
        if index is None:  # a dimension of one category has only its label
            index = list(labels)
        keys = sorted(index, key=index.__getitem__) if isinstance(index, dict) else list(index)
        axes.append([str(key) for key in keys])
    if [len(a) for a in axes] != list(found["size"]):
        return None
    values = found["value"]
    cells = {int(k): v for k, v in values.items()} if isinstance(values, dict) else dict(enumerate(values))
    wide = [k for k, axis in enumerate(axes) if len(axis) > 1 or found["id"][k].lower() in TIMES | {"time_period"}]
    return [
        {**{found["id"][k]: keys[k] for k in wide}, "value": cells[at]}
        for at, keys in enumerate(itertools.product(*axes))
        if at in cells
    ] or None


def _has_dimensions(found: Record) -> bool:
    """Return True if the dimensions of a document are those of JSON-stat."""
    return (
        isinstance(found["id"], list)
        and isinstance(found["size"], list)
        and isinstance(found["dimension"], dict)
        and isinstance(found["value"], (list, dict))
        and all(isinstance(found["dimension"].get(name), dict) for name in found["id"])
    )


def _of_named_series(found: Any) -> list[Record] | None:
    """Read series such as {"name": ..., "data": [...]} beside the one list of their times, as charts have them.

    The times may lie anywhere in the document: {"labels": [...], "datasets": [{"label": ..., "data": [...]}]}.
    """
    for path, node in nodes(found):
        if not isinstance(node, list) or not node or not all(isinstance(one, dict) for one in node):
            continue
        key = next((k for k in _SERIES if all(are_scalars(one.get(k)) for one in node)), None)
        if key is None or len({len(one[key]) for one in node}) != 1 or are_times(node[0][key]):
            continue
        length = len(node[0][key])
        around = [inner for at, inner in nodes(found) if at[: len(path) + 1] != (*path, "*") and are_scalars(inner)]
        times = [inner for inner in around if len(inner) == length and are_times(inner)]
        if len(times) != 1 or any(
            isinstance(v, list) and v is not one[key] and are_scalars(v) for one in node for v in one.values()
        ):
            continue
        names = [str(next((one[k] for k in NAMED if k in one), f"series {k + 1}")) for k, one in enumerate(node)]
        if len(set(names)) < len(names):
            names = [f"series {k + 1}" for k in range(len(node))]
        return [
            {"time": t, **dict(zip(names, row, strict=True))}
            for t, *row in zip(times[0], *(one[key] for one in node), strict=True)
        ]
    return None


def _of_named_records(found: Any) -> list[Record] | None:
    """Read {"temperature": [{"ts": ..., "value": ...}, ...], "humidity": [...]}: one series per list, of two or more lists."""
    if not isinstance(found, dict):
        return None
    lists = {k: v for k, v in found.items() if isinstance(v, list) and v and all(isinstance(x, dict) for x in v)}
    if len(lists) < 2 or len(lists) < len(found) or not all(is_dated_table(some) for some in lists.values()):
        return None
    if len({tuple(sorted(record)) for some in lists.values() for record in some}) != 1:
        return None
    return [{"series": name, **record} for name, some in lists.items() for record in some]


def _of_pairs(found: Any) -> list[Record] | None:
    """Read {"prices": [[time, value], ...], "volumes": [[time, value], ...]}: a column for each list, if the times agree."""
    if not isinstance(found, dict):
        return None
    lists = {k: v for k, v in found.items() if isinstance(v, list) and v and all(is_pair(x) for x in v)}
    if len(lists) < 2:
        return None
    times = [[one for one, _ in pairs] for pairs in lists.values()]
    if not are_times(times[0]) or any(t != times[0] for t in times):
        return None
    columns = [[two for _, two in pairs] for pairs in lists.values()]
    return [{"timestamp": t, **dict(zip(lists, row, strict=True))} for t, *row in zip(times[0], *columns, strict=True)]


def _of_buckets(found: Any) -> list[Record] | None:
    """Read nested buckets, as Elasticsearch aggregates: a record for each innermost bucket, with the keys of those around it."""
    inside = found.get("aggregations") if isinstance(found, dict) else None
    if not isinstance(inside, dict):
        return None
    rows = _bucket_rows(inside, {})
    nested = len({len(row) for row in rows}) == 1 and len(rows) > 1
    return rows if nested and any(is_time(v) for v in rows[0].values()) else None


def _bucket_rows(aggregations: Record, around: Record) -> list[Record]:
    """Return the records of the aggregations of one level; around: the keys of the buckets that hold it."""
    out: list[Record] = []
    for name, one in aggregations.items():
        buckets = one.get("buckets") if isinstance(one, dict) else None
        if isinstance(buckets, dict):
            buckets = [{"key": key, **bucket} for key, bucket in buckets.items() if isinstance(bucket, dict)]
        for bucket in buckets if isinstance(buckets, list) else ():
            if not isinstance(bucket, dict):
                continue
            key = bucket.get("key_as_string", bucket.get("key"))
            keys = {**around, **(key if isinstance(key, dict) else {name: key})}
            inner = _bucket_rows({k: v for k, v in bucket.items() if isinstance(v, dict) and "buckets" in v}, keys)
            values = {k: v["value"] for k, v in bucket.items() if isinstance(v, dict) and "value" in v}
            out += inner or [{**keys, "doc_count": bucket.get("doc_count"), **values}]
    return out


_SERIES = ("data", "values", "value", "y")  # keys of lists of numbers
_HEADINGS = (
    "name",
    "ColumnName",
    "columnName",
    "column_name",
    "label",
    "code",
    "fieldName",
    "id",
)  # keys under which a description of a column has its name


def _of_named_cells(found: Any) -> list[Record] | None:
    """Read rows of cells beside descriptions of the columns, such as {"columns": [{"name": ...}], "rows": [[...], ...]}.

    Answers of databases and of web analytics have this shape. The cells of a row may be nested: only their order counts.
    """
    tables: list[tuple[tuple[str, ...], list[Record]]] = []
    for path, node in nodes(found):
        if not isinstance(node, dict) or "index" in node:  # pandas, orient="split"
            continue
        cells = max((v for v in node.values() if isinstance(v, list) and len(v) > 2), key=len, default=[])
        rows = [leaves(row) for row in cells]
        width = len(rows[0]) if rows else 0
        if width < 2 or any(len(row) != width for row in rows) or _is_described(cells[0]):
            continue
        near, far = _headings(node, cells), _headings(found, cells)[:width]
        names = near if len(near) == width else far
        if len(set(names)) == width and any(map(is_time, rows[0])):
            tables.append((path, [dict(zip(names, map(_plain, row), strict=True)) for row in rows]))
    alone = tables and all(path != tables[0][0] for path, _ in tables[1:])  # else one table for each of several series
    return tables[0][1] if alone else None


def _plain(value: Any) -> Any:
    """Return an epoch written as 1.704067200E9 as a number, and other values unchanged."""
    return float(value) if isinstance(value, str) and "E" in value and is_amount(value) and is_time(value) else value


def _is_described(row: Any) -> bool:
    """Return True for a row whose cells have names of their own: a record."""
    return isinstance(row, dict) and sum(not isinstance(v, (list, dict)) for v in row.values()) > 1


def _headings(value: Any, cells: list[Any], depth: int = 0) -> list[str]:
    """Return the names of the columns that descriptions in lists give, in their order; cells: the rows, which are left out."""
    if depth > DEEPEST or value is cells:
        return []
    if isinstance(value, list) and value and all(isinstance(x, dict) and any(h in x for h in _HEADINGS) for x in value):
        return [str(next(x[h] for h in _HEADINGS if h in x)) for x in value]
    if isinstance(value, list) and value and all(isinstance(x, str) for x in value):
        return value
    if isinstance(value, list) and value and all(isinstance(x, list) and len(x) > 1 and isinstance(x[0], str) for x in value):
        return [x[0] for x in value]  # [name, type, width]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [name for one in inner for name in _headings(one, cells, depth + 1)]


def _follow_each_other(lists: list[list[Record]]) -> bool:
    """Return True if each list of records begins after the last one ended, as the hours of consecutive days do."""
    key = next((k for k, v in lists[0][0].items() if is_time(v)), "")
    times = [[record.get(key) for record in some] for some in lists]
    dated = all(map(are_times, times))
    return dated and all(max(map(str, one)) < min(map(str, two)) for one, two in itertools.pairwise(times))


def _of_deep_records(found: Any) -> list[Record] | None:
    """Return the largest list of records with a time and a number; if several lists lie at one path, all of them, numbered."""
    lists: dict[tuple[str, ...], list[list[Record]]] = {}
    for path, node in nodes(found):
        if isinstance(node, list) and len(node) > 1 and all(isinstance(x, dict) for x in node) and _is_dated_record(node[0]):
            lists.setdefault(path, []).append(node)
    if not lists:
        return None
    called = dict(_names_of_lists(found))
    sizes = sorted((sum(map(len, some)) for some in lists.values()), reverse=True)
    if len(sizes) > 1 and sizes[0] == sizes[1]:
        return None
    chosen = max(lists.values(), key=lambda some: sum(map(len, some)))
    names = [called[id(some)] for some in chosen]
    if len(chosen) == 1 or (not all(names) and _follow_each_other(chosen)):
        return [record for some in chosen for record in some]
    names = names if all(names) and len(set(names)) == len(names) else [f"series {k + 1}" for k in range(len(chosen))]
    return [{"series": name, **record} for name, some in zip(names, chosen, strict=True) for record in some]


def _names_of_lists(value: Any, name: str = "", depth: int = 0) -> Iterator[tuple[int, str]]:
    """Yield (id, name) of each list in a document; the name is that of the nearest enclosing object with a name."""
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        name = next((value[k] for k in NAMED if isinstance(value.get(k), str)), name)
        for inner in value.values():
            yield from _names_of_lists(inner, name, depth + 1)
    elif isinstance(value, list) and not are_scalars(value):
        yield id(value), name
        for inner in value:
            yield from _names_of_lists(inner, name, depth + 1)


def _is_dated_record(record: Record) -> bool:
    inner = [v for one in record.values() for v in (one.values() if isinstance(one, dict) else [one])]
    values = [v for v in inner if not isinstance(v, (list, dict))]
    dated = [v for v in values if is_time(v)]
    return bool(dated) and any(is_amount(v) for v in values if v is not dated[0])
