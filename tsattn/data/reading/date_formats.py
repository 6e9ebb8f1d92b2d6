"""Formats of dates, each one regular expression over the texts of a column."""

from __future__ import annotations

_ZONE = r"(?P<z>[zZ]|[A-Za-z]{3,4}|(?:utc|UTC|gmt|GMT)? ?[+\x{2212}-]\d{1,2}(?::?\d{2})?)?(?: ?[\[(][^\])]*[\])])?$"
_TIME = (
    r"(?P<h>\d{1,2})(?:[:h.](?P<mi>\d{2})(?:[:.](?P<s>\d{2})(?:[.,:](?P<f>\d{1,9}))?)?)?"
    r"\s*(?:[Uu]hr|h\b|(?P<ap>[AaPp]\.?[Mm]\.?))?"
)
_CLOCK = rf"(?:[tT ,:_@]+(?:- )?{_TIME})?\s*" + _ZONE
_NAME = r"(?P<mon>\p{L}{2,14})"
_SEP = r"[ ./,'-]*"
_DAY = r"(?P<d>\d{1,2})(?:(?:st|nd|rd|th|er|o|a)\b)?"  # without \b, 24OCT2021 would be a day 24o
_DATE_SEP = r"[-/.]"
_DOT_SEP = r" ?[-/.] ?"
_Y2 = r"(?P<y>\d{4}|\d{2})"
# style -> pattern of texts in lower case, without accents, with single spaces. They are tried in this order; a text belongs to
# the first that matches it and gives a real date. The groups are those of DateParts: to add a format, add a line.
FORMATS: dict[str, str] = {
    "2000-01-31": rf"^(?P<y>\d{{4}}){_DATE_SEP}(?P<m>\d{{1,2}}){_DATE_SEP}(?P<d>\d{{1,2}})" + _CLOCK,
    "2000-01-31-23.59.59": r"^(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
    r"-(?P<h>\d{2})\.(?P<mi>\d{2})\.(?P<s>\d{2})(?:\.(?P<f>\d{1,9}))?$",
    "2000. 1. 31.": r"^(?P<y>\d{4})\. ?(?P<m>\d{1,2})\. ?(?P<d>\d{1,2})\." + _CLOCK,
    "day/month": rf"^(?P<a>\d{{1,2}}){_DOT_SEP}(?P<b>\d{{1,2}}){_DOT_SEP}{_Y2}\.?" + _CLOCK,
    "00:00:00 31/01/2000": rf"^{_TIME}[ ,]+(?P<a>\d{{1,2}})[-/.](?P<b>\d{{1,2}})[-/.](?P<y>\d{{4}})$",
    "00:00:00 2000-01-31": rf"^{_TIME}[ ,]+(?P<y>\d{{4}})[-/.](?P<m>\d{{1,2}})[-/.](?P<d>\d{{1,2}})$",
    "31:01:2000": r"^(?P<d>\d{2}):(?P<m>\d{2}):(?P<y>\d{4})(?: (?P<h>\d{2}):(?P<mi>\d{2}):(?P<s>\d{2}))?$",
    "2000 01 31 00": r"^(?P<y>[12]\d{3}) (?P<m>\d{1,2}) (?P<d>\d{1,2})(?: (?P<h>\d{1,2})(?:[ :](?P<mi>\d{2}))?)?$",
    "Jan 31 2000": rf"^{_NAME}{_SEP}{_DAY}(?:,\s*|[ -/]+)(?P<y>\d{{4}})" + _CLOCK,
    "31 Jan 2000": rf"^{_DAY}{_SEP}{_NAME}{_SEP}{_Y2}" + _CLOCK,
    "2000 Jan 31": rf"^(?P<y>\d{{4}}){_SEP}{_NAME}{_SEP}(?P<d>\d{{1,2}})\.?" + _CLOCK,
    "00:00:00 Jan 31 2000": rf"^{_TIME}[ ,]+{_NAME} +(?P<d>\d{{1,2}}),? +(?P<y>\d{{4}})$",
    "Jan 31 00:00:00 2000": rf"^{_NAME} +(?P<d>\d{{1,2}}) +{_TIME} *(?P<z>[a-z]{{3,4}})? +(?P<y>\d{{4}})$",
    "Jan 2000": rf"^{_NAME}{_SEP}(?P<y>\d{{4}})$",
    "2000 Jan": rf"^(?P<y>\d{{4}}){_SEP}{_NAME}\.?$",
    "Jan-00": rf"^{_NAME}[-./' ]+(?P<y>\d{{2}})$",
    "2000-01": r"^(?P<y>\d{4})(?:[-/.][m]?(?P<m>\d{1,2})|m{0,2}(?P<mm>\d{2}))$",
    "2000JJ00": r"^(?P<y>\d{4})jj00$",
    "2000:01": r"^(?P<y>(?:1[89]|20)\d{2}):(?P<m>\d{2})$",
    "2000:1": r"^(?P<y>(?:1[89]|20)\d{2}):(?P<q>[1-4])$",
    "2000m1": r"^(?P<y>\d{4})[- ]?m(?P<m>\d{1,2})$",
    "m1 2000": r"^m(?P<m>\d{1,2})[- /](?P<y>\d{4})$",
    "01/2000": r"^0?(?P<m>\d{1,2})[-/.](?P<y>\d{4})$",
    "1/86": r"^(?P<m>0?[1-9]|1[0-2])/(?P<y>[7-9]\d)$",
    "2000/01": r"^(?:fy ?)?(?P<y>\d{4})(?: ?[-/\x{2013}] ?| to )(?P<y2>\d{4}|\d{2})$",
    "FY2000": r"^fy[ '-]?(?P<y>\d{4}|\d{2})$",
    "FY00/01": r"^fy[ '-]?(?P<y>\d{2})[-/](?P<y2>\d{2})$",
    "FY00P01": r"^fy[ '-]?(?P<y>\d{4}|\d{2})[-_ /]*p(?:er(?:iod)?)?[ .]?(?P<m>\d{1,2})$",
    "2000P01": r"^(?P<y>\d{4})[-_ /]*p(?:er(?:iod)?)?[ .]?(?P<m>\d{1,2})$",
    "P01 FY00": r"^p(?:er(?:iod)?)?[ .]?(?P<m>\d{1,2})[-_ /,]+fy[ '-]?(?P<y>\d{4}|\d{2})$",
    "P01 2000": r"^p(?:er(?:iod)?)?[ .]?(?P<m>\d{1,2})[-_ /,]+(?P<y>\d{4})$",
    "2000Q1": r"^(?:fy ?)?(?P<y>\d{4})[-_ /:.,]*(?:[qtk]|qtr ?|quarter ?|trim(?:estre)? ?|quartal ?)(?P<q>[1-4])$",
    "2000/01 Q1": r"^(?P<y>\d{4})[/-]\d{2}[ ,:/-]*q(?P<q>[1-4])$",
    "2000 1Q": r"^(?:fy ?)?(?P<y>\d{4})[-_ /:.]+(?P<q>[1-4])[.o]?[ -]?(?:[qtk]|quarter|trimestre|quartal|vj\.?)$",
    "Q1 2000": r"^(?:f?q|[tkτ] ?|kv\.? ?|кв\.? ?"
    r"|qtr ?|quarter ?|trim(?:estre)? ?|quartal ?)(?P<q>[1-4])[-_ /:.,']*(?:fy ?)?(?P<y>\d{4})$",
    "Q1/00": r"^[qtk](?P<q>[1-4])[-_ /:.']+(?:fy ?)?(?P<y>\d{2})$",
    "1Q00": r"^(?P<q>[1-4])[qtk][-_ /.']*(?:fy ?)?(?P<y>\d{4}|\d{2})$",
    "FY00Q1": r"^fy[ '-]?(?P<y>\d{2})[- /]?q(?P<q>[1-4])$",
    "1. Quartal 2000": r"^(?P<q>[1-4])(?:\.?o|\.|st|nd|rd|th|er|e|eme|-(?:и|шы|ci|in))? ?"
    r"(?:qtr|quarter|trim(?:estre)?\.?|quartal|kwartaal|kwartal|kv(?:artal|t|\.)?\.?|q\.|vj\.?"
    r"|кв(?:артал|\.)|трим(?:есечие|\.)|cet(?:rtletje|\.)"
    r"|ceyrek|nelj(?:annes|\.)|ketv(?:irtis|\.)),?[ /]*(?P<y>\d{4})\.?$",
    "1e kw 2000": r"^(?P<q>[1-4])(?:e|er|o|eme) ?kw[. ]*(?P<y>\d{4})$",
    "2000H1": r"^(?:fy ?)?(?P<y>\d{4})[-_ /:.]*(?:h|s|hy)(?P<hf>[12])$",
    "H1 2000": r"^(?:h|s|hy|semester ?|semestre ?)(?P<hf>[12])[-_ /:.']+(?:fy ?)?(?P<y>\d{4}|\d{2})$",
    "H12000": r"^h(?P<hf>[12])(?P<y>\d{4})$",
    "1H00": r"^(?P<hf>[12])(?:h|s|hy)[-_ /.']*(?P<y>\d{4}|\d{2})$",
    "1. Halbjahr 2000": r"^(?P<hf>[12])(?:\.|st|nd|er|o|e|eme)? ?(?:half|semestre|halbjahr|hj\.?|sem\.?)[ /]*(?P<y>\d{4})$",
    "2000-W01": r"^(?P<y>\d{4})[-_ /]?(?:w|kw|cw|wk|u|v|week|woche|uge|vecka) ?(?P<w>\d{1,2})(?:-?(?P<wd>[1-7]))?$",
    "2000-S01": r"^(?P<y>\d{4})[- ]?(?:s|sem|semaine|semana) ?(?P<w>\d{2})$",
    "W01 2000": r"^(?:w|kw|cw|wk|week|woche|uge|vecka|semaine|semana|settimana|tydzien|viikko|hafta)[ .]*(?P<w>\d{1,2})"
    r"[-_ /,.]+(?P<y>\d{4})$",
    "S01 2000": r"^(?:s|sem\.?) ?(?P<w>\d{2})[-_ /]+(?P<y>\d{4})$",
    "1. KW 2000": r"^(?P<w>\d{1,2})\.? ?(?:kw|woche|week|semaine|semana|settimana|tydzien|uge|vecka)[ /]*(?P<y>\d{4})$",
    "2000-031": r"^(?P<y>\d{4})[-/ ]?(?P<doy>\d{3})(?:[t ](?P<h>\d{2}):(?P<mi>\d{2})(?::(?P<s>\d{2}))?)?$",
    "20000131": r"^(?P<y>[1-9]\d{3})(?P<m>\d{2})(?P<d>\d{2})"
    r"(?:[t _:-]?(?P<h>\d{2}):?(?P<mi>\d{2})?:?(?:(?P<s>\d{2})(?:\.?(?P<f>\d{3}|\d{6}))?)?)?(?P<z>z|[+-]\d{2}:?\d{2})?$",
    "31012000": r"^(?P<a>\d{2})(?P<b>\d{2})(?P<y>(?:19|20)\d{2})(?:[ _]+(?P<h>\d{2}):?(?P<mi>\d{2}))?$",
    "2000": r"^(?P<y>[1-9]\d{3})$",
    "2000年1月31日": r"^(?P<y>\d{4}) ?[年년]\.? ?(?P<m>\d{1,2}) ?[月월]份?(?: ?(?P<d>\d{1,2}) ?[日일])?(?: \(.\))?"
    r"(?: *(?P<h>\d{1,2}) ?[:時时시]"
    r" ?(?:(?P<mi>\d{1,2}) ?[分분]?)?(?::?(?P<s>\d{2}) ?[秒초]?)?)?$",
    "2000年1季度": r"^(?P<y>\d{4}) ?[年년] ?第?(?P<q>[1-4]) ?(?:季度?|분기)$",
    "2000年": r"^(?P<y>\d{4}) ?[年년]度?$",
}
BOTH_WAYS = ("day/month", "00:00:00 31/01/2000", "31012000")
SHORT_YEAR_FIRST = {
    "00-01-31": rf"^(?P<y>\d{{2}}){_DATE_SEP}(?P<m>\d{{1,2}}){_DATE_SEP}(?P<d>\d{{1,2}})" + _CLOCK,
    "00-Jan-31": rf"^(?P<y>\d{{2}}){_SEP}{_NAME}{_SEP}(?P<d>\d{{1,2}})" + _CLOCK,
    "000131": r"^(?P<y>\d{2})(?P<m>\d{2})(?P<d>\d{2})$",
}
# styles so short that they may be product codes: they need a column name for time, or an even grid
COMPACT = frozenset(
    (
        "1Q00",
        "1H00",
        "Q1/00",
        "FY2000",
        "FY00/01",
        "FY00Q1",
        "2000/01",
        "2000-031",
        "Jan-00",
        "1/86",
        "H1 2000",
        "31012000",
        "FY00P01",
        "2000P01",
        "P01 FY00",
        "P01 2000",
    )
)
RANGES = (
    r"^(?P<first>.{6,}?) (?:-|\x{2013}|\x{2014}|to|bis|au|al) (?P<last>.{4,}?) ?\((?P<zone>[a-z]{3,4})(?P<other>/[a-z]{3,4})?\)$",
    r"^[\[(]?(?P<first>.{6,}?) (?:-|\x{2013}|\x{2014}|to|bis|until|till|au|al|ate|do|~) (?P<last>.{4,}?)[\])]?$",
    r"^[\[(](?P<first>.{8,}?), ?(?P<last>.{8,}?)[\])]$",
    r"^(?P<first>\d{4}-\d{2}-\d{2}[^/]*)/(?P<last>[^/]{8,})$",
    r"^(?P<first>.{8,}?\d) ?[-\x{2013}] ?(?P<last>\d{1,2}[:.]\d{2}(?:[:.]\d{2})?)$",
)
_WORD = r"\p{L}{3,12}\.?"
_TO = r" ?(?:[-\x{2013}\x{2014}]|to|bis) ?"
# a range whose start takes its year, or its month, from the end -> how the start and the end are written in full
SHORT_RANGES: tuple[tuple[str, str, str], ...] = (
    (rf"^(\d{{1,2}}\.? {_WORD}){_TO}(\d{{1,2}}\.? {_WORD}),? (\d{{4}})$", r"\1 \3", r"\2 \3"),  # 13 May - 19 May 2024
    (rf"^({_WORD} \d{{1,2}}){_TO}({_WORD} \d{{1,2}}),? (\d{{4}})$", r"\1, \3", r"\2, \3"),  # Oct 7 - Oct 13, 2024
    (rf"^(\d{{1,2}})\.?{_TO}(\d{{1,2}})\.? ({_WORD}),? (\d{{4}})$", r"\1 \3 \4", r"\2 \3 \4"),  # 8-14 Jan 2024
    (rf"^({_WORD}) (\d{{1,2}}){_TO}(\d{{1,2}}),? (\d{{4}})$", r"\1 \2, \4", r"\1 \3, \4"),  # Nov 18-24, 2019
    (rf"^({_WORD}){_TO}({_WORD}) (\d{{4}})$", r"\1 \3", r"\2 \3"),  # Jan-Mar 2010
    (rf"^(\d{{4}}) ({_WORD}){_TO}({_WORD})$", r"\2 \1", r"\3 \1"),  # 2010 Jan-Mar
    (rf"^(\d{{1,2}})\.(\d{{1,2}})\.{_TO}(\d{{1,2}}\.\d{{1,2}}\.(\d{{4}}))$", r"\1.\2.\4", r"\3"),  # 22.02.-28.02.2021
    (rf"^(\d{{1,2}}/\d{{1,2}}){_TO}(\d{{1,2}}/\d{{1,2}}/(\d{{4}}))$", r"\1/\3", r"\2"),  # 03/13-03/19/2023
    (rf"^(\d{{1,2}}[./]\d{{1,2}}[./](?:\d{{4}}|\d{{2}})){_TO}(\d{{1,2}}[./]\d{{1,2}}[./](?:\d{{4}}|\d{{2}}))$", r"\1", r"\2"),
    (rf"^(\d{{8}}){_TO}(\d{{8}})$", r"\1", r"\2"),
    (rf"^(\d{{1,2}}/\d{{4}}){_TO}(\d{{1,2}}/\d{{4}})$", r"\1", r"\2"),
)
TIME_OF_DAY = rf"^{_TIME}(?: ?(?:-|\x{{2013}}|to|bis) ?\d{{1,2}}(?:[:h.]\d{{2}})?(?:[:.]\d{{2}})?\s*(?:[ap]m)?)?$"
