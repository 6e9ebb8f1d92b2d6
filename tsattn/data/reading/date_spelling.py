"""Texts of dates brought to one spelling, before the formats are tried."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from tsattn.data import arrow

_FEW = 500
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925}  # the year before the first year of each era


def normalized(texts: Any) -> Any:
    """Convert texts to lower case, without accents, with single spaces, "am" for "a.m.", and without "de", "of" and the like."""
    import pyarrow.compute as pc

    text = pc.utf8_lower(texts)
    if not pc.all(pc.string_is_ascii(text)).as_py():
        text = pc.replace_substring_regex(pc.utf8_normalize(text, form="NFKD"), r"\p{M}+", "")
        text = pc.utf8_normalize(text, form="NFC")
        text = pc.replace_substring_regex(text, r"[\x{200e}\x{200f}\x{feff}\x{00a0}\x{202f}]+", " ")
    if _any(text, _RARE):
        text = _respelled(text)
    if not may_match(r"[\s.'][^\d]", text):
        return text
    text = pc.replace_substring_regex(text, r"\s+", " ")
    text = pc.replace_substring_regex(text, r"([\d ])([ap])\.? ?m\b\.?", r"\1\2m")
    text = pc.replace_substring_regex(text, r" (?:(?:de|del|of|do|den) |d')", " ")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(text, r"^ ?(?:den|le|am|el|il|vom|du|dne) ", ""))


# words for morning and afternoon: before the time in Korean, Chinese and Japanese, after it in Greek and Arabic
_MORNING, _AFTERNOON = "오전|上午|午前", "오후|下午|午後"
_HALVES = (
    (rf"(?:{_MORNING}) ?(\d{{1,2}}:\d{{2}}(?::\d{{2}})?)", r"\1 am"),
    (rf"(?:{_AFTERNOON}) ?(\d{{1,2}}:\d{{2}}(?::\d{{2}})?)", r"\1 pm"),
    (r"(\d{1,2}:\d{2}(?::\d{2})?) (?:π\.?μ\.?|ص)$", r"\1 am"),
    (r"(\d{1,2}:\d{2}(?::\d{2})?) (?:μ\.?μ\.?|م)$", r"\1 pm"),
    (r"(\d:\d{2}) ?([ap])$", r"\1\2m"),  # 12:30a, as weather stations write it
)
# words before the first or last day of a week: W/E 01/06/24, 1 w/e Jan 06, 2024, Week Ending 01-06-24, w/c 01/01/2024
_WEEK_WORDS = r"^(?:1 )?(?:w/e|w/c|w/b|(?:week|wk)s? (?:ending|ended|commencing|beginning|starting|of)|week-ending)[ :.]+"
# quarters with Roman numbers: I/2012, 2012-IV, III kw. 2012
_QUARTER_WORD = r"(?:kw|kv|кв|trim(?:estre)?|quartal|kwartal|q)?\.?"
_ROMAN = tuple(
    rule
    for k, roman in enumerate(("i", "ii", "iii", "iv"), 1)
    for rule in (
        (rf"^{roman}[ /.-]+{_QUARTER_WORD}[ /]*(\d{{4}})\.?$", rf"q{k} \1"),
        (rf"^(\d{{4}})[ /.-]+{roman}[ .]*{_QUARTER_WORD}$", rf"q{k} \1"),
    )
)
_OCLOCK = (r" (?:klo|kl\.?|um) (\d{1,2}[:.]\d{2})", r" \1")  # before the time in Finnish, Danish and German
_DURATION = (r"^(\d{4}-\d{2}-\d{2}[^/]*)/p[\dtymwdhs.]+$", r"\1")  # of an ISO 8601 interval
_YEAR_SIGN = r"(\d{4}) ?г(?:\.|ода?)?$"  # "of the year" in Russian
_IN_BRACKETS = r"^\[([^\[\],]*\d:\d{2}[^\[\],]*)\]$"


_RARE = (
    rf"{_MORNING}|{_AFTERNOON}|\d ?[ap]$| (?:π\.?μ|μ\.?μ|ص$|م$)|г\.?$|года?$"
    r"|^(?:1 )?w|^\[|^i[iv ./-]|[ /.-]i[iv]{0,2}\b| k|/p| um "
)  # texts that one of the patterns above may match


def _respelled(text: Any) -> Any:
    """Replace words for morning and afternoon with am and pm; remove words such as "week ending" and brackets around the date."""
    import pyarrow.compute as pc

    for pattern, written in (
        *_HALVES,
        (_WEEK_WORDS, ""),
        (_IN_BRACKETS, r"\1"),
        (_YEAR_SIGN, r"\1"),
        _OCLOCK,
        _DURATION,
        *_ROMAN,
    ):
        if may_match(pattern, text):
            text = pc.replace_substring_regex(text, pattern, written)
    return text


def _any(texts: Any, pattern: str) -> bool:
    """Return True if one of the texts matches."""
    import pyarrow.compute as pc

    if len(texts) <= _FEW:
        return may_match(pattern, texts)
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())


def western(texts: Any) -> Any:
    """Convert years of Japanese eras: 令和6年 becomes 2024年."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pc.any(pc.match_substring_regex(texts.slice(0, 20), "|".join(_ERAS))).as_py():
        return texts

    def year(found: re.Match[str]) -> str:
        return f"{_ERAS[found[1]] + (1 if found[2] == '元' else int(found[2]))}年"

    era = re.compile(rf"({'|'.join(_ERAS)}) ?(元|\d{{1,2}}) ?年")
    return pc.if_else(
        pc.is_null(texts), pa.scalar(None, pa.string()), arrow.strings([era.sub(year, t or "") for t in texts.to_pylist()])
    )


def spaced_ranges(texts: Any) -> Any:
    """Write "00:00-01:00" as "00:00 - 01:00" where three or more ends occur, so that none is taken for a UTC offset."""
    import pyarrow.compute as pc

    pattern = r"(\d{2}:\d{2})-(\d{2}:\d{2})$"
    if not pc.any(pc.match_substring_regex(texts.slice(0, 20), pattern)).as_py():
        return texts
    ends = pc.extract_regex(texts, r"\d{2}:\d{2}-(?P<end>\d{2}:\d{2})$").drop_null()
    if len(pc.unique(pc.struct_field(ends, "end"))) < 3:
        return texts
    return pc.replace_substring_regex(texts, pattern, r"\1 - \2")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile the pattern for Python's engine, once; Arrow compiles it at each call."""
    return re.compile(re.sub(r"\\x\{(\w{4})\}", r"\\u\1", pattern.replace(r"\p{L}", r"[^\W\d_]")))


def may_match(pattern: str, texts: Any) -> bool:
    """Return False if none of a few texts matches; True for many texts, which Arrow tests faster."""
    return len(texts) > _FEW or any(map(_compiled(pattern).search, texts.to_pylist()))
