"""Cutoffs in the order of time: local times repeat when clocks are set back, so they give no order, nor do their texts."""

from __future__ import annotations

import datetime as dt
from typing import Any


def instant_of(value: Any) -> Any:
    """Convert a cutoff of any format for comparison: to a naive datetime in UTC, or the number of a step; None for no cutoff.

    Raises ValueError for a text that is neither a step nor a date or a timestamp in ISO 8601.
    """
    if isinstance(value, str):
        value = int(value) if value.lstrip("-").isdecimal() else dt.datetime.fromisoformat(value)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = dt.datetime.combine(value, dt.time())
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    return value if isinstance(value, (dt.datetime, int)) else None


def is_earlier(one: str, other: str) -> bool:
    """Return True if the first of two shown cutoffs is certainly earlier.

    Texts of different lengths have different formats, such as one with a UTC offset and one without, and cannot be compared.
    """
    if len(one) != len(other):
        return False
    try:
        return bool(instant_of(one) < instant_of(other))
    except ValueError:  # months and quarters, which sort as text
        return one < other
