"""Texts of dates brought to one spelling, before the formats are tried."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from tsattn.data import arrow

_FEW = 500
_CODED_MONTH = r"^(\p{L}[\p{L}\d]*[-_:])((?:19|20)\d{2})(0[1-9]|1[0-2])$"
# the year before the first year of each era, and of the Republic of China
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "中華民國": 1911, "民國": 1911, "民国": 1911}
_ERA_LETTERS = {"R": "令和", "H": "平成", "S": "昭和"}
_SHORT_ERA = re.compile(r"([RHS])(\d{1,2})[./](\d{1,2})[./](\d{1,2})")  # R6.4.7
_MINGUO = re.compile(
    r"^(1\d\d)(?= ?年|/\d\d/\d\d$)"
)  # 104年1月, 104/01/31: only the Republic of China counts years of three digits
_NUMERALS = "〇一二三四五六七八九"
_WRITTEN = re.compile(rf"[{_NUMERALS}零十]+(?=[年月日季])")
_OTHER_YEARS = rf"{'|'.join(_ERAS)}|^[RHS]\d{{1,2}}[./]|^1\d\d(?: ?年|/\d\d/\d\d$)|[{_NUMERALS}]年|[一二三四]季"


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
    text = pc.replace_substring_regex(text, r" (?:(?:de|del|of|do|den) |(?:d|ta)['\x{2019}] ?)", " ")
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
_WEEK_WORDS = r"^(?:1 )?(?:w/?[ecb]|(?:week|wk)s? (?:ending|ended|commencing|beginning|starting|of)|week-ending)[ :.]+"
# words before the last month of a period: Year ending March 2010, 12 months to Jun 2020
_PERIOD_WORDS = r"^(?:year|quarter|month|(?:three|3|six|6|twelve|12) months)s? (?:ending|ended|end|to)[ :]+"
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
# "of the year" in Slavic languages, Kazakh, Armenian and Lithuanian; below, the dot of an ordinal number
_YEAR_SIGN = r"(\d{4}|[./-]\d{2})(?: ?(?:г(?:\.|ода?)?|р(?:\.|оку)?|ж\.?|թ[.\x{2024}]?)| m\.)(,?(?: .*|$))"
_YEAR_DOT = r"(\D[ .]*\d{4})\.( .*|$)"  # 3. siječnja 2023.
_IN_BRACKETS = r"^(?:\[([^\[\],]*\d:\d{2}[^\[\],]*)\]|<(\d{4}-\d{2}-\d{2}[^<>]*)>)$"
# weekdays, and markers of years, months and days, in Chinese, Japanese, Korean, Latvian, Vietnamese, Irish, Lithuanian, French,
# Basque and Hebrew; isodate('…') of MongoDB, and +0000 utc
_LOCAL = (
    (r" ?(?:星期|周|週)[一二三四五六日天]$", ""),
    (r" ?(?:[月火水木金土日]曜日?|[월화수목금토일]요일)$", ""),
    (r" ?\([月火水木金土日월화수목금토일]\)$", ""),
    (r"月分$", "月"),
    (r"(q[1-4])季$", r"\1"),
    (r"^(\d{4}[.-]\d{1,2}) ?[月월]$", r"\1"),
    (r"^(\d{4})\.? (?:gada\.?|g\.|ж\.?) (\d{1,2})\.? (\p{L}+\.?)", r"\2 \3 \1"),
    (r"^(\d{4})\.? (?:gada\.?|g\.) ", r"\1 "),
    (r"^(?:thang|thg) (\d{1,2})[, ]*(?:nam)?[ /-]+(\d{4})$", r"m\1 \2"),
    (r"^(?:ngay )?(\d{1,2}) (?:thang|thg) (\d{1,2}),?(?: nam)? (\d{4})", r"\3-\2-\1"),
    (r"(^| )(m|d)(?:ean|eireadh) fomhair", r"\1\2fomh"),
    (r"^(\d{4}) m\.? ", r"\1 "),
    (r"^(\d{4})\.$", r"\1"),
    (r"(\d) d\.(,?)", r"\1\2"),
    (r" (\d{1,2}) h (\d{2})(?: min (\d{2}) s)?$", r" \1:\2:\3"),
    (r"^(.*:\d{2}):$", r"\1"),
    (r" \((\d{1,2}:\d{2}(?::\d{2})?)\)$", r" \1"),
    (r"\(?e\)?ko ", " "),
    (r"(\d)\(a\)", r"\1"),
    (r"(\p{L})[׳'](?: |$)", r"\1 "),
    (r"^isodate\(['\x{0022}]?(.*?)['\x{0022}]?\)$", r"\1"),
    (r" ([+-]\d{2}:?\d{2}) (?:utc|gmt)$", r" \1"),
)


_RARE = (
    rf"{_MORNING}|{_AFTERNOON}|\d ?[ap]$| (?:π\.?μ|μ\.?μ|ص$|م$)|\d ?[гржթ]| m\. |\d\.(?:$| )| d\."
    r"|ko | fomhair|\d h \d| \(\d|\(a\)|[׳']"
    r"|^(?:1 )?w|^(?:year|quarter|month|\w+ months?)s? (?:end|to)|^[\[<]|^i[iv ./-]|[ /.-]i[iv]{0,2}\b| k|/p| um "
    r"|星期|周|週|[月火水木金土日월화수목금토일]\)$|曜|요일|月分$|季$|\d ?[月월]$"
    r"| g(?:ada)?\.? |th(?:an)?g \d|^isodate|\d (?:utc|gmt)$"
)  # texts that one of the patterns above may match


def _respelled(text: Any) -> Any:
    """Replace words for morning and afternoon with am and pm; remove words such as "week ending" and brackets around the date."""
    import pyarrow.compute as pc

    for pattern, written in (
        *_HALVES,
        (_WEEK_WORDS, ""),
        (_PERIOD_WORDS, ""),
        (_IN_BRACKETS, r"\1\2"),
        *_LOCAL,
        (_YEAR_SIGN, r"\1\2"),
        (_YEAR_DOT, r"\1\2"),
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
    """Convert years of Japanese eras and of the Republic of China, and Chinese numerals: 令和6年 becomes 2024年."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pc.any(pc.match_substring_regex(texts.slice(0, 20), _OTHER_YEARS)).as_py():
        return texts

    def year(found: re.Match[str]) -> str:
        return f"{_ERAS[found[1]] + (1 if found[2] == '元' else int(found[2]))}年"

    era = re.compile(rf"({'|'.join(_ERAS)}) ?(元|\d{{1,3}}) ?年")

    def converted(text: str) -> str:
        if short := _SHORT_ERA.fullmatch(text):
            text = f"{_ERA_LETTERS[short[1]]}{short[2]}年{short[3]}月{short[4]}日"
        text = era.sub(year, _WRITTEN.sub(_digits, text))
        return _MINGUO.sub(lambda found: str(int(found[1]) + 1911), text) if text[:4].rstrip("年 /").isdigit() else text

    return pc.if_else(
        pc.is_null(texts), pa.scalar(None, pa.string()), arrow.strings([converted(t or "") for t in texts.to_pylist()])
    )


def _digits(found: re.Match[str]) -> str:
    """Return a Chinese numeral in digits: 二〇二四 is 2024, 二十一 is 21."""
    text = found[0].replace("零", "〇")
    if "十" in text:
        tens, ones = text.split("十", 1)
        return str(10 * (_NUMERALS.index(tens) if tens else 1) + (_NUMERALS.index(ones) if ones else 0))
    return "".join(str(_NUMERALS.index(c)) for c in text)


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


def without_code(texts: Any) -> Any:
    """Return months without the prefix that all share, VPIZR-202401 -> 2024-01; other texts unchanged.

    There must be more than twelve texts with one prefix: among so many, consecutive numbers would exceed 12.
    """
    import pyarrow.compute as pc

    if len(texts) <= 12 or not pc.all(pc.match_substring_regex(texts, _CODED_MONTH)).as_py():
        return texts
    codes = pc.unique(pc.replace_substring_regex(texts, _CODED_MONTH, r"\1"))
    return pc.replace_substring_regex(texts, _CODED_MONTH, r"\2-\3") if len(codes) == 1 else texts
