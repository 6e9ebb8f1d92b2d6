"""Units, currencies, multipliers and flags beside numbers: detection, and the parts that can be removed from a column."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

_CODES = (
    "USD|EUR|GBP|CHF|JPY|CNY|RMB|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|RUB|UAH|BRL|MXN|ARS|CLP|COP|PEN|INR|IDR|KRW|"
    "SGD|HKD|TWD|THB|MYR|PHP|VND|ZAR|EGP|NGN|KES|ILS|SAR|AED|BTC|ETH|USDT"
)
_SIGNS = (
    r"[$€£¥￥₹₽₺₩₪₴₫đ฿¢]|(?:US|A|C|NZ|HK|R|MX|S|NT)\$|kr\.?|Kč|zł|Ft|lei|лв\.?|руб\.?|Rs\.?|Fr\.?|Rp\.?|RM|TL|Euro|dollars?"
    r"|円|元|원|\\"  # the backslash is the yen sign of Japanese text, and the won sign of Korean text
)
_CURRENCY = f"(?:{_SIGNS}|{_CODES})"
CURRENCY = re.compile(_CURRENCY)
DASH_ZERO = rf"^(?:{_CURRENCY})\s*-+$|^-+\s*(?:{_CURRENCY})$"  # as spreadsheets write zero in accounting formats
_SCALE_OF_CURRENCY = re.compile(rf"(.+?)\s*{_CURRENCY}")
UNITS = frozenset(
    word
    for line in (
        "% %RH ° °C °F ºC ºF ℃ ℉ C F K kWh MWh GWh TWh Wh kW MW GW W Wp VA kVA kvar V mV kV A mA Hz kHz MHz GHz",
        "m km cm mm nm µm um m2 m² km2 km² ha ft ft2 ft² sqft in mi yd m3 m³ Nm3 Nm³ l L ml mL cl hl dl gal bbl",
        "kg g mg µg ug t kt Mt lb lbs oz h hr hrs hours hour min mins minutes s sec secs seconds ms ns d day days",
        "pcs pc PC pieces piece ST EA KG KAR PAL Stk Stk. Stück units unit u. ppm ppb hPa mbar bar Pa kPa MPa psi inHg mmHg",
        "km/h kmh kph m/s mph kn kt knots W/m2 W/m² kWh/m2 kWh/m² µg/m3 µg/m³ ug/m3 mg/m3 mg/m³ mg/l mg/L g/l g/kg kg/m3",
        "m3/s m³/s m3/h m³/h l/s l/min l/h L/s L/min L/h cfs kB KB MB GB TB kbps Mbps Gbps",
        "rpm lx lux dB dBA dBm J kJ MJ GJ kcal cal",
        "B/s kB/s KB/s MB/s GB/s TB/s KiB MiB GiB TiB KiB/s MiB/s GiB/s b/s kb/s Mb/s Gb/s bps TB PB",
        "req/s ops/s msg/s iops rps qps x",
        "cents ct people persons visitors users orders mm/h mm/day pts bps EUR/MWh €/MWh $/MWh MMBtu Btu",
    )
    for word in line.split()
)
_SCALES = {
    **{"k": 1e3, "K": 1e3, "M": 1e6, "mn": 1e6, "mln": 1e6, "Mio": 1e6, "Mio.": 1e6, "MM": 1e6, "million": 1e6, "m.": 1e6},
    **{
        "B": 1e9,
        "bn": 1e9,
        "Mrd": 1e9,
        "Mrd.": 1e9,
        "mld": 1e9,
        "mld.": 1e9,
        "\u043c\u043b\u043d": 1e6,
        "\u043c\u043b\u0440\u0434": 1e9,
        "billion": 1e9,
        "T": 1e12,
        "trillion": 1e12,
        "Tsd.": 1e3,
        "Tsd": 1e3,
        "lakh": 1e5,
        "lakhs": 1e5,
        "lac": 1e5,
        "crore": 1e7,
        "crores": 1e7,
        "\u5343": 1e3,
        "\u842c": 1e4,
        "\u4e07": 1e4,
        "\u5104": 1e8,
        "\u4ebf": 1e8,
    },
}
_BYTES = {"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
_METRIC = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "m": 1e-3, "\u00b5": 1e-6, "\u03bc": 1e-6, "u": 1e-6, "n": 1e-9}
# base unit -> its multiples and their factors; dashboards choose one for each cell: 950 B, 12.3 kB, 1.52 MB
_FAMILIES: dict[str, dict[str, float]] = {
    **{f"B{per}": {f"{p}B{per}": f for p, f in {**_BYTES, **_BINARY}.items()} for per in ("", "/s")},
    **{f"b{per}": {f"{p}b{per}": f for p, f in {**_BYTES, **_BINARY}.items()} for per in ("/s", "ps")},
    **{unit: {p + unit: f for p, f in _METRIC.items()} for unit in ("W", "Wh", "s", "Hz", "V", "A", "g")},
}
_FEW = 9  # distinct texts that may be the names of bins, such as 100 ms and 1 s
_FLAG = re.compile(r"[bcdefinprsuz]{1,3}|\*{1,4}|[†‡§¶#^~!\u00b9\u00b2\u00b3]|\([a-zA-Z]{1,2}\)|\[\w{1,2}\]")
_PLAIN_DECIMAL = re.compile(r"([+-]?\d+[.,](\d+))")
_CAPITAL_FLAG = re.compile(r"([+-]?\d+[.,](\d+))([A-Z])")
_FEW_ODD = 0.05  # share of the distinct texts with unknown text behind the number, in a column that is still one of numbers
_FEW_MARKED = 0.5  # most numbers with a flag for each without one
# sign, currency, sign, number, the rest
SPLIT = re.compile(
    rf"(?P<neg>[+-]?)\s*(?P<pre>{_CURRENCY})?\s*(?P<num>[+-]?(?:\d[\d.,'\u2019\u00a0\u202f\u2009 ]*|[.,]\d+)(?:[eE][+-]?\d+)?)"
    r"\s*(?P<post>[^\d\s,][^\d]{0,18}(?:[23](?:/\w+)?)?)?"
)
# the same groups for Arrow, whose regular expressions do not support \u escapes, and whose \s is ASCII
_ARROW_BLANK = r"[\s\x{a0}\x{202f}\x{2009}]*"
SPLIT_ARROW = (
    "^" + re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), SPLIT.pattern).replace(r"\s*", _ARROW_BLANK) + "$"
)


@dataclass(frozen=True)
class Affixes:
    """Text beside the numbers of a column. kind: "none", "unit", "scale" or "flags"; done: what is removed, in words;
    clash: two units that cannot both be removed, or None. factors: factor of each suffix of a scale. odd: suffixes of a
    few texts, such as "est.", that are therefore not read as numbers."""

    kind: str = "none"
    done: tuple[str, ...] = ()
    clash: tuple[str, str] | None = None
    factors: Mapping[str, float] = field(default_factory=dict)
    odd: frozenset[str] = frozenset()


def beside(texts: Sequence[str]) -> Affixes | None:
    """Detect the affixes of the numbers in these distinct texts; return None where the texts are names or something else."""
    found = _beside(texts)
    if found is not None:
        return found
    behind = {text: (match["post"] or "").strip() for text in texts if (match := SPLIT.fullmatch(text))}
    odd = {suffix for suffix in set(behind.values()) if not _is_known(suffix)}
    others = [text for text in texts if behind.get(text, "") not in odd]
    if not 0 < len(texts) - len(others) <= _FEW_ODD * len(texts) or (found := _beside(others)) is None:
        return None
    return replace(found, odd=frozenset(odd))


def _is_known(suffix: str) -> bool:
    """Return True if a suffix is empty, a currency, a unit, a scale or a flag."""
    known = suffix in UNITS or suffix in _SCALES or bool(CURRENCY.fullmatch(suffix)) or bool(_scales_of_currencies([suffix]))
    return not suffix or known or _FLAG.fullmatch(suffix.replace(" ", "")) is not None


def _beside(texts: Sequence[str]) -> Affixes | None:
    prefixes: set[str] = set()
    suffixes: dict[str, int] = {}
    matched = 0
    plain = False  # a number without a suffix, other than 0
    for text in texts:
        found = SPLIT.fullmatch(text)
        if found is None:
            continue
        matched += 1
        prefixes.add(found["pre"] or "")
        post = (found["post"] or "").strip()
        suffixes[post] = suffixes.get(post, 0) + 1
        plain |= not post and found["num"].strip("0.,") != ""
    if not matched or matched < 0.5 * len(texts):
        return None
    signs = {p for p in prefixes if p} | {s for s in suffixes if CURRENCY.fullmatch(s)}
    done = (
        []
        if not signs
        else ["currency signs" if len(signs) > 1 or not signs & {*_CODES.split("|")} else f"currency {min(signs)}"]
    )
    rest = {s for s in suffixes if s and s not in signs}
    if rest and not signs and _are_quality_flags(texts):
        return Affixes("flags", (*done, f"flags such as {min(rest)!r}"))
    if len({_same(s) for s in signs}) > 1:
        one, two = sorted(signs)[:2]
        return Affixes(clash=(one, two))
    if not rest:
        return Affixes("unit" if signs else "none", tuple(done))
    if rest <= {"%"}:
        if plain:  # 5% and 0.05
            return Affixes(clash=("%", ""))
        return Affixes("unit", (*done, "percent signs"))
    if len(rest) == 1 and next(iter(rest)) in UNITS and not (("" in suffixes or signs) and next(iter(rest)) in _SCALES):
        return Affixes("unit", (*done, f"unit {min(rest)!r}"))
    if rest <= set(_SCALES) and (len(rest) > 1 or "" in suffixes or signs or not rest <= UNITS):
        what = f"factors {', '.join(sorted(rest))} (thousands, millions, billions)"
        return Affixes("scale", (*done, what), factors=_SCALES)
    if (scaled := _scales_of_currencies(rest)) and set(scaled) | set(_SCALES) >= rest:
        what = f"factors {', '.join(sorted(rest))} (thousands, millions, billions)"
        return Affixes("scale", (*done, what), factors={**_SCALES, **scaled})
    if len(rest) > 1 and "" not in suffixes and len(texts) > _FEW and (base := _family(rest)):
        return Affixes("scale", (*done, f"units {', '.join(sorted(rest))} converted to {base}"), factors=_FAMILIES[base])
    if all(_FLAG.fullmatch(s.replace(" ", "")) for s in rest):
        return Affixes("flags", (*done, f"flags such as {min(rest)!r}"))
    if all(s in UNITS or s in _SCALES for s in rest):
        one, two = sorted(rest)[:2]
        return Affixes(clash=(one, two))
    return None


def _are_quality_flags(texts: Sequence[str]) -> bool:
    """Return True if the suffixes are capital letters of quality directly behind a few of the numbers, as in 12.345N and 8.12M.

    The numbers have as many decimals as those without a letter. If the letters were factors such as M for millions, no value
    would lie within a decade above the others.
    """
    marked = [m for m in map(_CAPITAL_FLAG.fullmatch, texts) if m]
    bare = [m for m in map(_PLAIN_DECIMAL.fullmatch, texts) if m]
    if not 0 < len(marked) <= _FEW_MARKED * len(bare) or len(marked) + len(bare) < len(texts):
        return False
    if len({len(m[2]) for m in (*marked, *bare)}) > 1:
        return False
    highest = max(abs(float(m[1].replace(",", "."))) for m in bare)
    scaled = [abs(float(m[1].replace(",", "."))) * _SCALES.get(m[3], float("inf")) for m in marked]
    return highest > 0 and all(value == 0 or value > 10 * highest for value in scaled)


def _scales_of_currencies(suffixes: Collection[str]) -> dict[str, float]:
    """Return the factors of the suffixes that are a scale before a currency, such as Mio. €."""
    found = {s: _SCALE_OF_CURRENCY.fullmatch(s) for s in suffixes}
    return {s: _SCALES[m[1].strip()] for s, m in found.items() if m and m[1].strip() in _SCALES}


def bare(text: str) -> str:
    """Return the number of a text without its affixes; the text itself where it is not a number."""
    found = SPLIT.fullmatch(text)
    return (found["neg"] + found["num"]).strip() if found else text


def _same(sign: str) -> str:
    """Return one code for all signs of a currency."""
    return {"€": "EUR", "Euro": "EUR", "$": "USD", "US$": "USD", "dollar": "USD", "dollars": "USD", "£": "GBP"}.get(sign, sign)


def _family(suffixes: Collection[str]) -> str:
    """Return the base unit of which all suffixes are multiples, "" if there is none."""
    return next((base for base, multiples in _FAMILIES.items() if set(suffixes) <= set(multiples)), "")
