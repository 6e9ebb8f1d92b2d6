"""Texts that are numbers: thousands separators, decimal commas, percent and currency signs, missing markers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tsattn.data import arrow
from tsattn.data.reading.columns import Column
from tsattn.data.reading.dialect import NULLS

_SIGNS = r"[$€£¥%]|\b(?:USD|EUR|GBP)\b"


@dataclass(frozen=True)
class Numbers:
    """A text column read as numbers. `done` says what was taken off, for the report; `bad` is the row of the first text
    that is no number, None where there is none."""

    column: Column
    done: tuple[str, ...]
    bad: int | None = None


def as_numbers(column: Column, decimal: str = ".", tolerance: float = 0.0) -> Numbers | None:
    """A column as numbers, or None when it holds none, or more than a share `tolerance` of its texts are something else."""
    if column.kind == "number":
        return Numbers(column, ())
    if column.kind != "text" or column.labels is None:
        return None
    if not len(column.labels):
        return Numbers(replace(column, kind="number", values=np.full(len(column), np.nan, np.float32), labels=None), ())
    parsed = _parse(column.labels, decimal)
    if parsed is None:
        return None
    values, failed, done = parsed
    if failed.sum() > tolerance * len(failed) or failed.all():
        return None
    padded = np.append(values, np.nan)  # code -1 finds the NaN at the end
    rows = padded[column.values]
    bad = None
    if failed.any():
        bad = int(np.flatnonzero(np.append(failed, False)[column.values])[0])
    return Numbers(Column(column.name, "number", rows), done, bad)


def _parse(labels: Any, decimal: str) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]] | None:
    """(values, which are no number, what was taken off) of distinct texts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    null = arrow.values(pc.is_in(labels, value_set=arrow.strings(NULLS)))
    head = labels.filter(arrow.bits(~null)).slice(0, 200)
    if (
        len(head)
        and not pc.any(
            pc.match_substring_regex(head, r"^[^A-Za-z]*\d[\d.,' \x{00a0}\x{202f}]*([eE][+-]?\d+)?[^A-Za-z]*$|(?i)inf")
        ).as_py()
    ):
        return None  # cheaper than trying to convert a million names
    done = []
    text = labels
    if pc.any(pc.match_substring_regex(text, _SIGNS)).as_py():
        bare = pc.utf8_trim_whitespace(pc.replace_substring_regex(text, _SIGNS, ""))
        done.append("percent signs" if pc.any(pc.match_substring(text, "%")).as_py() else "currency signs")
        text = bare
    if pc.any(pc.match_substring_regex(text, r"^\(.*\)$")).as_py():
        text = pc.replace_substring_regex(text, r"^\((.*)\)$", r"-\1")
    text = pc.replace_substring(text, "\u2212", "-")
    text, taken = _plain(text, decimal, ~null)
    done += taken
    number = pc.match_substring_regex(text, r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$|^(?i)[+-]?inf(inity)?$")
    good = arrow.values(number, False) & ~null
    clean = pc.replace_substring_regex(pc.if_else(arrow.bits(good), text, arrow.text(None)), r"^\+", "")
    values = arrow.values(clean.cast(pa.float64()), np.nan)
    return values, ~good & ~null, tuple(done)


def _plain(text: Any, decimal: str, counted: np.ndarray) -> tuple[Any, list[str]]:
    """Numbers with a decimal point and no thousands separators."""
    import pyarrow as pa
    import pyarrow.compute as pc

    seen = text.filter(arrow.bits(counted))

    def share(pattern: str) -> float:
        return float(pc.mean(pc.match_substring_regex(seen, pattern).cast(pa.float64())).as_py() or 0.0) if len(seen) else 0.0

    thousands = "." if decimal == "," else ","
    t, d = "\\" + thousands, "\\" + decimal
    done = []
    grouped = rf"^[+-]?\d{{1,3}}({t}\d{{3}})+({d}\d*)?$"
    spaced = rf"^[+-]?\d{{1,3}}([ '\x{{00a0}}\x{{202f}}]\d{{3}})+({d}\d*)?$"
    if share(rf"{t}") and share(grouped) + share(rf"^[^{t}]*$") >= 0.999:
        text, done = pc.replace_substring(text, thousands, ""), ["thousands separators"]
    elif share(spaced) and share(spaced) + share(r"^[^ '\x{00a0}\x{202f}]*$") >= 0.999:
        text, done = pc.replace_substring_regex(text, r"[ '\x{00a0}\x{202f}]", ""), ["thousands separators"]
    elif decimal == "." and share(r"^[+-]?\d*,\d+$") and share(r"^[+-]?\d*,?\d+$") >= 0.999:
        return pc.replace_substring(text, ",", "."), ["decimal commas"]
    elif decimal == "." and share(r"^[+-]?\d{1,3}(\.\d{3})*,\d+$") and share(r"^[+-]?\d{1,3}(\.\d{3})*(,\d+)?$") >= 0.999:
        return pc.replace_substring(pc.replace_substring(text, ".", ""), ",", "."), ["thousands separators", "decimal commas"]
    if decimal == ",":
        text = pc.replace_substring(text, ",", ".")
    return text, done
