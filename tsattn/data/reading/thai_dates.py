"""Thai months, digits and years in dates."""

from __future__ import annotations

import re
from typing import Any

from tsattn.data import arrow

_MONTHS = (
    "มกราคม/ม.ค. กุมภาพันธ์/ก.พ. มีนาคม/มี.ค. เมษายน/เม.ย. พฤษภาคม/พ.ค. มิถุนายน/มิ.ย. กรกฎาคม/ก.ค. สิงหาคม/ส.ค. กันยายน/ก.ย."
    " ตุลาคม/ต.ค. พฤศจิกายน/พ.ย. ธันวาคม/ธ.ค."
)
_ENGLISH = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_LETTERS = r"[\x{0e01}-\x{0e3a}\x{0e50}-\x{0e59}]"
_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
_NAMES = {name: english for names, english in zip(_MONTHS.split(), _ENGLISH, strict=True) for name in names.split("/")}
_NAMES |= {name.replace(".", ""): english for name, english in _NAMES.items()}
_NAME = re.compile("|".join(sorted(map(re.escape, _NAMES), key=len, reverse=True)))
_BUDDHIST = re.compile(r"(?<!\d)2[456]\d\d(?!\d)")
_SHORT = re.compile(r"(?<=[^\d:])\d\d$")  # a year of two digits at the end
_ERA, _FIRST_SHORT, _CENTURY = 543, 43, 2500  # years from 2543, 2000 of the common era, are written as 43 or with four digits


def is_thai(texts: Any) -> bool:
    """Return True if one of the first texts holds Thai letters or digits."""
    import pyarrow.compute as pc

    return bool(pc.any(pc.match_substring_regex(texts.slice(0, 20), _LETTERS)).as_py())


def from_thai(texts: Any) -> Any:
    """Return dates with Thai months, 1 ม.ค. 2567 and ม.ค.-67, with English months and years of the common era: 1 jan 2024.

    Years of the Buddhist era have four digits, 2567, or two from 43 on; others are left as they are.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not is_thai(texts):
        return texts
    converted = [_converted(text or "") for text in texts.to_pylist()]
    return pc.if_else(pc.is_null(texts), pa.scalar(None, pa.string()), arrow.strings(converted))


def _converted(text: str) -> str:
    text = text.translate(_DIGITS)
    named = _NAME.sub(lambda found: _NAMES[found[0]], text.replace("พ.ศ.", "").replace("วันที่", "")).strip()
    if named == text:
        return text
    full = _BUDDHIST.sub(lambda year: str(int(year[0]) - _ERA), named, count=1)
    if full != named:
        return full
    return _SHORT.sub(lambda year: str(_CENTURY + int(year[0]) - _ERA) if int(year[0]) >= _FIRST_SHORT else year[0], named)
