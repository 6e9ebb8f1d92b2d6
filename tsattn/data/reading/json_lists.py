"""JSON documents with lists of values beside the list of their times, and lists of pairs."""

from __future__ import annotations

from typing import Any

from tsattn.data.reading.json_values import NAMED, TIMES, Record, are_scalars, are_times, is_amount, is_pair, leaves, nodes


def of_matrix(found: Any) -> list[Record] | None:
    """Read {"times": [...], "values": [[...], [...]], "series": [...]}: the times of all series, and the values of each."""
    for _, node in nodes(found):
        if not isinstance(node, dict):
            continue
        times = [v for k, v in node.items() if k.lower() in TIMES and are_scalars(v) and are_times(v)]
        length = len(times[0]) if len(times) == 1 else 0
        grids = [v for v in node.values() if isinstance(v, list) and v and all(are_scalars(x) and len(x) == length for x in v)]
        if len(grids) != 1 or len(grids[0]) == length:
            continue
        names = _labels_of(node, len(grids[0]))
        return [{"timestamp": t, **dict(zip(names, row, strict=True))} for t, *row in zip(times[0], *grids[0], strict=True)]
    return None


def _labels_of(node: Record, count: int) -> list[str]:
    """Return the names of `count` series from a list of as many texts or descriptions beside their values, else numbers."""
    for some in node.values():
        if isinstance(some, list) and len(some) == count and all(isinstance(x, (str, dict)) for x in some):
            texts = [[x for x in leaves(one) if isinstance(x, str)] for one in some]
            names = [next((one[k] for k in NAMED if k in one), None) if isinstance(one, dict) else one for one in some]
            names = [name if isinstance(name, str) else next(iter(t), "") for name, t in zip(names, texts, strict=True)]
            if all(names) and len(set(names)) == count:
                return [str(name) for name in names]
    return [f"series {k + 1}" for k in range(count)]


def of_parallel_lists(found: Any) -> list[Record] | None:
    """Read lists of one length at different depths of one object, one of which holds its times, as in charts of prices."""
    best: list[Record] | None = None
    for _, node in nodes(found):
        if not isinstance(node, dict):
            continue
        times = next((k for k, v in node.items() if k.lower() in TIMES and are_scalars(v) and are_times(v)), None)
        if times is None:
            continue
        length = len(node[times])
        inside = nodes({k: v for k, v in node.items() if k != times})
        columns = _named_by_path([(path, inner) for path, inner in inside if are_scalars(inner) and len(inner) == length])
        if columns and (best is None or length * len(columns) > len(best) * (len(best[0]) - 1)):
            rows = zip(node[times], *columns.values(), strict=True)
            best = [{times: t, **dict(zip(columns, row, strict=True))} for t, *row in rows]
    return best


def _named_by_path(lists: list[tuple[tuple[str, ...], list[Any]]]) -> dict[str, list[Any]]:
    """Return lists by their last key, by all of their keys where several have the same, or numbered where all keys agree."""
    whole = [".".join(key for key in path if key != "*") for path, _ in lists]
    short = [next((key for key in reversed(path) if key != "*"), "value") for path, _ in lists]
    names = short if len(set(short)) == len(short) else whole
    if len(set(names)) < len(names):
        names = [f"{name} {k + 1}" for k, name in enumerate(names)]
    return dict(zip(names, (inner for _, inner in lists), strict=True))


def of_deep_pairs(found: Any) -> list[Record] | None:
    """Return the longest list of pairs of a time and a number."""
    lists = [v for _, v in nodes(found) if isinstance(v, list) and len(v) > 2 and all(map(is_pair, v))]
    lists = [v for v in lists if are_times([one for one, _ in v]) and any(is_amount(two) for _, two in v)]
    sizes = sorted(map(len, lists), reverse=True)
    if not lists or sizes[:1] == sizes[1:2]:
        return None
    return [{"timestamp": t, "value": value} for t, value in max(lists, key=len)]
