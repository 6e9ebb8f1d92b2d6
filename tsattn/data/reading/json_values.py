"""Values within JSON documents: times, numbers, lists and names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Record = dict[str, Any]

DEEPEST = 12  # levels of nesting in which tables are looked for
NAMED = ("name", "label", "title", "key", "code", "id", "type")  # keys of the name of a series
TIMES = {"timestamp", "timestamps", "time", "times", "date", "dates", "x", "labels", "datetime", "t"}
_DATE = re.compile(r"\d{4}-\d\d(?:-\d\d.*)?|\d{4}-?[MQWHK]\d{1,2}|\d{8}|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*")
_JAVASCRIPT = re.compile(
    r"(?:new )?Date\((\d{4}), ?(\d{1,2}), ?(\d{1,2})(?:, ?(\d{1,2}), ?(\d{1,2})(?:, ?(\d{1,2}))?(?:, ?\d+)?)?\)"
)
_EPOCH = (1e8, 1e19)  # numbers that may be seconds to nanoseconds since 1970


def nodes(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield (path, value) of a document and of everything within it; * stands for the place in a list."""
    yield path, value
    if len(path) >= DEEPEST:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from nodes(inner, (*path, key))
    elif isinstance(value, list) and not are_scalars(value):
        for inner in value:
            if isinstance(inner, (dict, list)):
                yield from nodes(inner, (*path, "*"))


def leaves(value: Any) -> list[Any]:
    """Return the values of a document that are no lists and no objects, in their order."""
    if isinstance(value, dict):
        if set(value) == {"v", "f"}:  # a value and its formatted text
            return [value["v"]]
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value]


def numbers_within(value: Any, depth: int = 0) -> int:
    """Return the number of numbers, and of texts that are numbers, at any depth of a document."""
    if isinstance(value, dict):
        return sum(numbers_within(v, depth + 1) for v in value.values()) if depth < 60 else 0
    if isinstance(value, list):
        return sum(numbers_within(v, depth + 1) for v in value) if depth < 60 else 0
    return int(is_amount(value))


def is_dated_table(records: list[Record]) -> bool:
    """Return True for three records or more that have a time under one key."""
    some = records[:20]
    return len(some) > 2 and any(are_times([r.get(key) for r in some]) for key in some[0])


def are_times(values: list[Any]) -> bool:
    """Return True if all values are dates or epochs."""
    return all(map(is_time, values))


def is_time(value: Any) -> bool:
    if isinstance(value, str):
        if _DATE.fullmatch(value) or _JAVASCRIPT.fullmatch(value):
            return True
        return (value.isdigit() or "E" in value) and is_amount(value) and _is_epoch(float(value))
    return _is_epoch(value)


def _is_epoch(value: Any) -> bool:
    return is_amount(value) and not isinstance(value, str) and _EPOCH[0] <= abs(value) < _EPOCH[1]


def is_amount(value: Any) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def are_scalars(value: Any) -> bool:
    """Return True for a list of two or more values that are no lists and no objects."""
    return isinstance(value, list) and len(value) > 1 and not any(isinstance(x, (list, dict)) for x in value)


def is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and not any(isinstance(x, (list, dict)) for x in value)


def from_javascript(text: str) -> str | None:
    """Return a date such as Date(2024, 0, 31), whose months begin at 0, as ISO 8601; None for other texts."""
    found = _JAVASCRIPT.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    return f"{year:04d}-{month + 1:02d}-{day:02d}" + (f"T{hour:02d}:{minute:02d}:{second:02d}" if found[4] else "")
