"""Numbers with leading zeros: codes, or the values of a counter."""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np

from tsattn.data.names import words
from tsattn.data.reading.columns import Column
from tsattn.data.reading.items import is_item_name
from tsattn.data.reading.target_names import TARGET_NAMES, plain

_PADDED_CODE = re.compile(r"0\d+[A-Za-z]{1,3}")  # 01d, the name of an icon
_COUNTED_WORDS = {"entries", "exits", "counter", "odometer", "reading", "cumulative", "total"}
_RISING = 0.9  # share of steps of a counter that do not fall
_FEWEST_ROWS = 20  # fewest rows that show that a column is a counter


def is_code(column: Column, done: Collection[str]) -> str:
    """ "zero" for codes such as 007 and 01d, "long" for those of more than 15 digits, "" for amounts."""
    texts = column.labels.slice(0, 100).to_pylist() if column.labels is not None else []
    if any(map(_PADDED_CODE.fullmatch, texts)):
        return "zero"
    digits = [t for t in texts if t.isdigit()]
    if done or not digits:
        return ""
    if any(len(t) > 1 and t[0] == "0" for t in digits):
        return "zero"
    return "long" if any(len(t) > 15 for t in digits) else ""


def is_named_measure(name: str) -> bool:
    """Return True for names of amounts and counters, whose zero-padded numbers are no codes."""
    return not is_item_name(name) and (plain(name) in TARGET_NAMES or bool(set(words(name)) & _COUNTED_WORDS))


def is_counter(values: np.ndarray) -> bool:
    """Return True for zero-padded numbers that rise with few exceptions, as meters do; row numbers rise by one."""
    steps = np.diff(values.astype(np.float64))
    rising = len(values) >= _FEWEST_ROWS and np.mean(steps >= 0) >= _RISING and 2 * len(np.unique(values)) > len(values)
    return bool(rising and np.median(steps) != 1)
