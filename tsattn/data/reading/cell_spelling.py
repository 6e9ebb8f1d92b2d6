"""Normalization of cells: ="…", quoted texts and texts after an apostrophe lose these marks, and digits become 0 to 9."""

from __future__ import annotations

from typing import Any

_FORMULA = r'^="([^"]*)"$'
_APOSTROPHES = r"^'([^']+)'$"
_TEXT_MARK = r"^'([-+$€£¥]?\d[\d.,/: -]*)$"  # '01/03/2024: the mark of a text in a spreadsheet
_DIGITS = str.maketrans(
    {chr(zero + k): str(k) for zero in (0x660, 0x6F0, 0x966, 0xFF10) for k in range(10)} | {"\u066b": ".", "\u066c": ","}
)  # Arabic, Persian, Devanagari and full-width digits; the Arabic marks of decimals and thousands
_DIRECTION = "[\u200e\u200f\u061c\u2066-\u2069]"  # text-direction marks
_OTHER_DIGIT = "[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\uff10-\uff19]"


def plain_cells(texts: Any) -> Any:
    """Convert an Arrow array of texts; return the array itself if no text changes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if _any(texts, _FORMULA):
        texts = pc.replace_substring_regex(texts, _FORMULA, r"\1")
    if _any(texts, _APOSTROPHES):
        texts = pc.replace_substring_regex(texts, _APOSTROPHES, r"\1")
    if _any(texts, _TEXT_MARK):
        texts = pc.replace_substring_regex(texts, _TEXT_MARK, r"\1")
    if pc.all(pc.string_is_ascii(texts)).as_py():
        return texts
    if _any(texts, _DIRECTION):
        texts = pc.replace_substring_regex(texts, _DIRECTION, "")
    if _any(texts, _OTHER_DIGIT):
        return pa.array([None if t is None else t.translate(_DIGITS) for t in texts.to_pylist()], pa.string())
    return texts


def _any(texts: Any, pattern: str) -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())
