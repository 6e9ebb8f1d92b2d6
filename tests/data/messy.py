"""Messy files, one kind each, with what reading them must give. `write(folder)` writes them all."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Messy:
    """content: the file's bytes. The rest is what the panel must be; None = not looked at. `found` and `repaired` must occur
    in the report's texts."""

    content: bytes
    freq: str
    items: tuple[str, ...]
    rows: int  # of all items, first to last observed
    first: str
    last: str
    missing: int = 0
    values: tuple[float, ...] | None = None  # of the first item, from its start
    tz: str | None = None
    found: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()
    suffix: str = ".csv"
    options: dict[str, Any] = field(default_factory=dict)


def lines(*rows: object, end: str = "\n") -> bytes:
    return (end.join(str(r) for r in rows) + end).encode()


def days(start: str, count: int, step: int = 1) -> list[str]:
    return [str(d) for d in np.datetime64(start) + step * np.arange(count)]


_D = days("2024-01-28", 8)
_V = [3, 1, 4, 1, 5, 9, 2, 6]
_PLAIN = {
    "freq": "D",
    "items": ("value",),
    "rows": 8,
    "first": "2024-01-28",
    "last": "2024-02-04",
    "values": tuple(map(float, _V)),
}
_HOURS = [str(h).replace("T", " ") for h in np.datetime64("2024-01-01T00:00:00") + np.arange(6).astype("timedelta64[h]")]
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _csv(header: str, stamps: list[str], *columns: list[Any], sep: str = ",", end: str = "\n") -> bytes:
    return lines(header, *(sep.join(map(str, row)) for row in zip(stamps, *columns, strict=True)), end=end)


def _us(day: str) -> str:
    y, m, d = day.split("-")
    return f"{int(m)}/{int(d)}/{y}"


def _named(day: str, pattern: str) -> str:
    y, m, d = day.split("-")
    return pattern.format(y=y, mon=_MONTHS[int(m) - 1], d=int(d))


def _business(count: int, holidays: tuple[str, ...]) -> list[str]:
    every = np.busday_offset(np.datetime64("2024-01-01"), np.arange(count), roll="forward")
    return [str(d) for d in every if str(d) not in holidays]


_B = _business(20, ("2024-01-15",))
_DST = [  # Berlin, 2024-10-27: 02:00 comes twice
    "2024-10-27T00:00:00+02:00",
    "2024-10-27T01:00:00+02:00",
    "2024-10-27T02:00:00+02:00",
    "2024-10-27T02:00:00+01:00",
    "2024-10-27T03:00:00+01:00",
]

GOOD: dict[str, Messy] = {
    "plain": Messy(_csv("date,value", _D, _V), **_PLAIN),
    "newest-first": Messy(_csv("date,value", _D[::-1], _V[::-1]), **_PLAIN, repaired=("newest first",)),
    "unsorted": Messy(
        _csv("date,value", [_D[i] for i in (3, 0, 1, 2, 7, 4, 6, 5)], [_V[i] for i in (3, 0, 1, 2, 7, 4, 6, 5)]),
        **_PLAIN,
        repaired=("sorted",),
    ),
    "value-before-date": Messy(_csv("value,date", [str(v) for v in _V], _D), **_PLAIN),
    "slashed-ymd": Messy(_csv("date,value", [d.replace("-", "/") for d in _D], _V), **_PLAIN),
    "us-unpadded": Messy(_csv("date,value", [_us(d) for d in _D], _V), **_PLAIN, found=("mdy",)),
    "us-padded-with-time": Messy(
        _csv("date,value", [f"{d[5:7]}/{d[8:]}/{d[:4]} 12:00 AM" for d in _D], _V), **_PLAIN, found=("mdy",)
    ),
    "european-dots": Messy(
        _csv("Datum;value", [".".join(reversed(d.split("-"))) for d in _D], _V, sep=";"), **_PLAIN, found=("dmy",)
    ),
    "month-order-by-regularity": Messy(
        _csv("date,value", [f"{m % 12 + 1}/1/{2023 + m // 12}" for m in range(16)], _V + _V),
        freq="MS",
        items=("value",),
        rows=16,
        first="2023-01-01",
        last="2024-04-01",
        found=("mdy",),
    ),
    "named-months": Messy(_csv("date,value", [_named(d, "{mon} {d} {y}") for d in _D], _V), **_PLAIN),
    "named-months-dashes": Messy(_csv("date,value", [_named(d, "{mon}-{d}-{y}") for d in _D], _V), **_PLAIN),
    "day-first-names": Messy(_csv("date,value", [_named(d, "{d} {mon} {y}") for d in _D], _V), **_PLAIN),
    "month-and-year": Messy(
        _csv("date,value", [f"{m} 2000" for m in _MONTHS[:8]], _V),
        freq="MS",
        items=("value",),
        rows=8,
        first="2000-01-01",
        last="2000-08-01",
    ),
    "integers": Messy(_csv("date,value", [d.replace("-", "") for d in _D], _V), **_PLAIN),
    "bare-years": Messy(
        _csv("Year,value", [str(1700 + i) for i in range(8)], _V),
        freq="YS",
        items=("value",),
        rows=8,
        first="1700-01-01",
        last="1707-01-01",
    ),
    "quarters": Messy(
        _csv("period,value", [f"{2000 + i // 4}Q{i % 4 + 1}" for i in range(8)], _V),
        freq="QS",
        items=("value",),
        rows=8,
        first="2000-01-01",
        last="2001-10-01",
    ),
    "quarters-turned": Messy(
        _csv("period,value", [f"Q{i % 4 + 1} {2000 + i // 4}" for i in range(8)], _V),
        freq="QS",
        items=("value",),
        rows=8,
        first="2000-01-01",
        last="2001-10-01",
    ),
    "months": Messy(
        _csv("month,value", [f"2000-{i + 1:02d}" for i in range(8)], _V),
        freq="MS",
        items=("value",),
        rows=8,
        first="2000-01-01",
        last="2000-08-01",
    ),
    "month-ends": Messy(
        _csv("date,value", ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"], _V[:4]),
        freq="ME",
        items=("value",),
        rows=4,
        first="2024-01-31",
        last="2024-04-30",
    ),
    "last-working-days": Messy(
        _csv("date,value", ["2024-01-31", "2024-02-29", "2024-03-29", "2024-04-30", "2024-05-31", "2024-06-28"], _V[:6]),
        freq="ME",
        items=("value",),
        rows=6,
        first="2024-01-31",
        last="2024-06-30",
        repaired=("moved to the end",),
    ),
    "epoch-seconds": Messy(
        _csv("time,value", [str(1704067200 + 3600 * i) for i in range(8)], _V),
        freq="h",
        items=("value",),
        rows=8,
        first="2024-01-01T00:00:00+00:00",
        last="2024-01-01T07:00:00+00:00",
        tz="UTC",
    ),
    "epoch-milliseconds": Messy(
        _csv("ts,value", [str((1704067200 + 60 * i) * 1000) for i in range(8)], _V),
        freq="min",
        items=("value",),
        rows=8,
        first="2024-01-01T00:00:00+00:00",
        last="2024-01-01T00:07:00+00:00",
        tz="UTC",
    ),
    "zulu": Messy(
        _csv("time,value", [h.replace(" ", "T") + "Z" for h in _HOURS], _V[:6]),
        freq="h",
        items=("value",),
        rows=6,
        first="2024-01-01T00:00:00+00:00",
        last="2024-01-01T05:00:00+00:00",
        tz="UTC",
    ),
    "offset": Messy(
        _csv("time,value", [h + "+05:30" for h in _HOURS], _V[:6]),
        freq="h",
        items=("value",),
        rows=6,
        first="2024-01-01T00:00:00+05:30",
        last="2024-01-01T05:00:00+05:30",
        tz="+05:30",
    ),
    "offsets-over-a-clock-change": Messy(
        _csv("time,value", _DST, _V[:5]),
        freq="h",
        items=("value",),
        rows=5,
        first="2024-10-27T00:00:00+02:00",
        last="2024-10-27T03:00:00+01:00",
        tz="Europe/Berlin",
    ),
    "daily-with-two-offsets": Messy(
        _csv(
            "time,value",
            ["2024-10-25T00:00:00+02:00", "2024-10-26T00:00:00+02:00", "2024-10-27T00:00:00+02:00", "2024-10-28T00:00:00+01:00"],
            _V[:4],
        ),
        freq="D",
        items=("value",),
        rows=4,
        first="2024-10-25",
        last="2024-10-28",
        tz="Europe/Berlin",
    ),
    "spring-gap-of-a-naive-clock": Messy(
        _csv(
            "time,value",
            ["2024-03-31 00:00", "2024-03-31 01:00", "2024-03-31 03:00", "2024-03-31 04:00", "2024-03-31 05:00"],
            _V[:5],
        ),
        freq="h",
        items=("value",),
        rows=6,
        first="2024-03-31",
        last="2024-03-31T05:00:00",
        missing=1,
        repaired=("missing rows",),
    ),
    "spring-gap-of-a-known-zone": Messy(
        _csv(
            "time,value",
            ["2024-03-31 00:00", "2024-03-31 01:00", "2024-03-31 03:00", "2024-03-31 04:00", "2024-03-31 05:00"],
            _V[:5],
        ),
        freq="h",
        items=("value",),
        rows=5,
        first="2024-03-31T00:00:00+01:00",
        last="2024-03-31T05:00:00+02:00",
        tz="Europe/Berlin",
        options={"timezone": "Europe/Berlin"},
    ),
    "autumn-of-a-known-zone": Messy(
        _csv("time,value", [d[:16].replace("T", " ") for d in _DST], _V[:5]),
        freq="h",
        items=("value",),
        rows=5,
        first="2024-10-27T00:00:00+02:00",
        last="2024-10-27T03:00:00+01:00",
        tz="Europe/Berlin",
        values=(3, 1, 4, 1, 5),
        options={"timezone": "Europe/Berlin"},
    ),
    "no-date": Messy(
        lines("value", *_V), freq="step", items=("value",), rows=8, first="0", last="7", values=tuple(map(float, _V))
    ),
    "no-header": Messy(
        _csv(f"{days('2024-01-27', 1)[0]},7", _D, _V),
        freq="D",
        items=("column_2",),
        rows=9,
        first="2024-01-27",
        last="2024-02-04",
        found=("numbered",),
    ),
    "spreadsheet-titles": Messy(
        lines("Sales,", "as of: 2024-02-04,", ",") + _csv("date,value", _D, _V), **_PLAIN, repaired=("before the header",)
    ),
    "crlf-and-bom": Messy(b"\xef\xbb\xbf" + _csv("date,value", _D, _V, end="\r\n"), **_PLAIN),
    "quoted": Messy(
        _csv('"date","value","a, note"', [f'"{d}"' for d in _D], [f'"{v}"' for v in _V], ['"x, ""y"""'] * 8), **_PLAIN
    ),
    "semicolons-and-decimal-commas": Messy(
        _csv("date;value", _D, [f"{v},5" for v in _V], sep=";"),
        **{**_PLAIN, "values": tuple(v + 0.5 for v in _V)},
        found=("semicolon", "comma"),
    ),
    "tabs": Messy(_csv("date\tvalue", _D, _V, sep="\t"), **_PLAIN, suffix=".tsv", found=("tab",)),
    "thousands": Messy(
        _csv("date,value", _D, [f'"{v},234.5"' for v in _V]),
        **{**_PLAIN, "values": tuple(1000.0 * v + 234.5 for v in _V)},
        repaired=("thousands",),
    ),
    "points-for-thousands": Messy(
        _csv("date;value", _D, [f"{v}.234,5" for v in _V], sep=";"), **{**_PLAIN, "values": tuple(1000.0 * v + 234.5 for v in _V)}
    ),
    "percent": Messy(_csv("date,value", _D, [f"{v}%" for v in _V]), **_PLAIN, repaired=("percent",)),
    "missing-markers": Messy(
        _csv("date,value", _D, [3, ".", "NA", "-", "", "null", 2, 6]), **{**_PLAIN, "values": None}, missing=5
    ),
    "odd-names": Messy(
        _csv("The date.,% humidity,#cars,a b.c", _D, _V, _V, _V),
        freq="D",
        items=("% humidity", "#cars", "a b.c"),
        rows=24,
        first="2024-01-28",
        last="2024-02-04",
    ),
    "half-empty-column": Messy(
        _csv("date,full,half", _D, _V, ["", "", "", "", 1.5, 2, 3, 4]),
        freq="D",
        items=("full", "half"),
        rows=12,
        first="2024-01-28",
        last="2024-02-04",
    ),
    "business-days": Messy(
        _csv("date,close", _B, list(range(len(_B)))),
        freq="B",
        items=("close",),
        rows=20,
        first="2024-01-01",
        last="2024-01-26",
        missing=1,
    ),
    "missing-rows": Messy(
        _csv("date,value", _D[:3] + _D[5:], _V[:3] + _V[5:]), **{**_PLAIN, "values": None}, missing=2, repaired=("missing rows",)
    ),
    "uneven-items": Messy(
        lines(
            "symbol,date,price", *(f"A,{d},{v}" for d, v in zip(_D, _V, strict=True)), f"B,{_D[6]},1000000", f"B,{_D[7]},2000000"
        ),
        freq="D",
        items=("A", "B"),
        rows=10,
        first="2024-01-28",
        last="2024-02-04",
    ),
    "two-item-columns": Messy(
        lines("store,dept,date,sales", *(f"{s},{p},{d},{i}" for s in "xy" for p in ("a", "b") for i, d in enumerate(_D))),
        freq="D",
        items=("x/a", "x/b", "y/a", "y/b"),
        rows=32,
        first="2024-01-28",
        last="2024-02-04",
    ),
    "agreeing-duplicates": Messy(
        lines("date,value", *(f"{d},{v}" for d, v in zip(_D, _V, strict=True)), f"{_D[3]},{_V[3]}"),
        **_PLAIN,
        repaired=("duplicate",),
    ),
    "year-by-month": Messy(
        lines(
            "Year," + ",".join(_MONTHS),
            "2022," + ",".join(map(str, range(12))),
            "2023," + ",".join(map(str, range(12, 22))) + ",,",
        ),
        freq="MS",
        items=("value",),
        rows=22,
        first="2022-01-01",
        last="2023-10-01",
        values=tuple(map(float, range(22))),
    ),
    "row-per-item": Messy(
        lines("id," + ",".join(f"V{i}" for i in range(1, 13)), "a," + ",".join(map(str, range(12))), "b,1,2,3" + "," * 9),
        freq="step",
        items=("a", "b"),
        rows=15,
        first="0",
        last="11",
    ),
    "dates-as-columns": Messy(
        lines("country," + ",".join(_us(d) for d in _D), "Chad," + ",".join(map(str, _V)), "Peru," + ",".join(map(str, _V))),
        freq="D",
        items=("Chad", "Peru"),
        rows=16,
        first="2024-01-28",
        last="2024-02-04",
    ),
    "index-column": Messy(_csv(",date,value", [str(i) for i in range(8)], _D, _V), **_PLAIN, repaired=("counts the rows",)),
    "wide-with-a-text-column": Messy(
        _csv("date,rain,wind,weather", _D, _V, _V, ["sun"] * 4 + ["rain"] * 4),
        freq="D",
        items=("rain", "wind"),
        rows=16,
        first="2024-01-28",
        last="2024-02-04",
        found=("--past weather",),
    ),
    "blank-lines-and-rows": Messy(
        lines(
            "date,value",
            *(f"{d},{v}\n" for d, v in zip(_D[:4], _V[:4], strict=True)),
            ",",
            *(f"{d},{v}" for d, v in zip(_D[4:], _V[4:], strict=True)),
            ",",
            "  ",
        ),
        **_PLAIN,
        repaired=("empty rows",),
    ),
    "preamble": Messy(lines("Daily figures of the station") + lines("") + _csv("date,value,flag", _D, _V, ["ok"] * 8), **_PLAIN),
    "date-and-time": Messy(
        _csv("Date,Time,value", ["2024-01-01"] * 6, [h[11:] for h in _HOURS], _V[:6]),
        freq="h",
        items=("value",),
        rows=6,
        first="2024-01-01",
        last="2024-01-01T05:00:00",
    ),
    "year-and-month-columns": Messy(
        _csv("year,month,value", ["2023"] * 8, list(range(1, 9)), _V),
        freq="MS",
        items=("value",),
        rows=8,
        first="2023-01-01",
        last="2023-08-01",
    ),
    "calendar-columns": Messy(
        _csv("date,year,month,value", _D, [d[:4] for d in _D], [int(d[5:7]) for d in _D], _V),
        **_PLAIN,
        found=("repeat the timestamp",),
    ),
    "latin-1": Messy(
        "date,größe\n".encode("cp1252") + _csv("x", _D, _V)[2:], **{**_PLAIN, "items": ("größe",)}, found=("cp1252",)
    ),
    "utf-16": Messy(_csv("date,value", _D, _V).decode().encode("utf-16"), **_PLAIN, found=("utf-16",)),
    "gzip": Messy(gzip.compress(_csv("date,value", _D, _V)), **_PLAIN, suffix=".csv.gz"),
    "weeks": Messy(
        _csv("week,value", days("2024-01-01", 8, 7), _V),
        freq="W",
        items=("value",),
        rows=8,
        first="2024-01-01",
        last="2024-02-19",
    ),
    "fractions": Messy(
        _csv("time,value", [f"2024-01-01T00:00:00.{i}00" for i in range(8)], _V),
        freq="100ms",
        items=("value",),
        rows=8,
        first="2024-01-01",
        last="2024-01-01T00:00:00.700000",
    ),
}


@dataclass(frozen=True)
class Bad:
    """content, and texts that the error must hold. usage: whether it is the user's call that is wrong (exit code 2)."""

    content: bytes
    says: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)
    usage: bool = False
    suffix: str = ".csv"


BAD: dict[str, Bad] = {
    "empty": Bad(b"", ("empty",)),
    "blank": Bad(b"\n\n  \n", ("blank",)),
    "header-only": Bad(b"date,value\n", ("no rows",)),
    "binary": Bad(bytes(range(256)) * 8, ("binary",)),
    "excel": Bad(b"PK\x03\x04" + bytes(100), ("Excel",)),
    "one-line-of-10-MB": Bad(b"1," * 5_000_000, ("line 1", "MB")),
    "broken-gzip": Bad(gzip.compress(_csv("date,value", _D, _V) * 50)[:60], ("complete",), suffix=".csv.gz"),
    "two-timestamps": Bad(
        _csv("ordered,shipped,value", _D, days("2024-02-28", 8), _V), ("'ordered', 'shipped'", "--timestamp ordered")
    ),
    "open-day-order": Bad(
        lines("date,value", "01/02/2024,1", "05/03/2024,2", "04/07/2024,3", "09/11/2024,4"), ("line 2", "'date'", "--date-order")
    ),
    "clashing-day-order": Bad(lines("date,value", "13/01/2024,1", "01/14/2024,2"), ("line 2", "line 3", "order")),
    "differing-duplicates": Bad(
        lines("symbol,date,price", *(f"{s},{d},{v}" for s in "AB" for d, v in zip(_D, _V, strict=True)), f"B,{_D[2]},99"),
        ("line 12", "line 18", "'B'", "2024-01-30", "--on-duplicate"),
    ),
    "autumn-of-an-unknown-zone": Bad(
        _csv("time,value", [d[:16].replace("T", " ") for d in _DST], _V[:5]), ("line 4", "line 5", "--timezone", "--on-duplicate")
    ),
    "no-number": Bad(_csv("date,weather", _D, ["sun"] * 8), ("no numeric column", "--target")),
    "mixed-frequencies": Bad(
        _csv("time,value", days("2024-01-01", 12) + days("2024-01-19", 10, 7), list(range(22))),
        ("line 14", "--resample", "--freq"),
    ),
    "irregular": Bad(
        lines(
            "time,value",
            *(
                f"2024-01-01 0{i}:{m:02d}:{s:02d},{i}"
                for i, (m, s) in enumerate([(0, 7), (3, 1), (1, 2), (9, 9), (4, 8), (2, 3), (8, 1)])
            ),
        ),
        ("line 3", "irregular", "--resample 1h"),
    ),
    "frequencies-of-items": Bad(
        lines("id,date,value", *(f"a,{d},1" for d in days("2024-01-01", 30)), *(f"b,{d},1" for d in days("2024-01-01", 12, 7))),
        ("'a'", "'b'", "W", "D", "--resample"),
    ),
    "infinite": Bad(_csv("date,value", _D, [*_V[:5], "inf", 2, 6]), ("line 7", "'value'", "infinite")),
    "too-large": Bad(_csv("date,value", _D, [*_V[:5], "1e300", 2, 6]), ("line 7", "'value'", "too large")),
    "ragged": Bad(lines("date,value", "2024-01-01,1", "2024-01-02,2,3", "2024-01-03,4"), ("line 3", "3 fields", "2")),
    "no-such-day": Bad(_csv("date,value", [*_D[:4], "2024-02-31", *_D[5:]], _V), ("line 6", "'date'", "2024-02-31")),
    "no-timestamp": Bad(_csv("date,value", [*_D[:4], "", *_D[5:]], _V), ("line 6", "'date'")),
    "text-among-numbers": Bad(_csv("date,value", _D, [*_V[:5], "broken", 2, 6]), ("line 7", "'value'", "broken")),
    "typo-in-a-year": Bad(_csv("date,value", [*_D[:7], "2924-02-04"], _V), ("line 9", "2924-02-04", "empty")),
    "unknown-offsets": Bad(_csv("time,value", [*[h + "Z" for h in _HOURS[:3]], *_HOURS[3:]], _V[:6]), ("line 5", "offset")),
    "no-item": Bad(lines("id,date,value", *(f"{s},{d},1" for s in ("a", "b") for d in _D), ",2024-02-01,3"), ("line 18", "'id'")),
    "several-targets": Bad(
        lines("id,date,p,q", *(f"{s},{d},{i},{9 - i}" for s in ("a", "b") for i, d in enumerate(_D))), ("'p', 'q'", "--target")
    ),
    "unread-dates": Bad(_csv("date,value", [f"day {i}" for i in range(8)], _V), ("line 2", "'date'", "--timestamp none")),
    "all-missing": Bad(_csv("date,value", _D, ["NA"] * 8), ("numeric",)),
    "unknown-target": Bad(_csv("date,value", _D, _V), ("--target", "price", "'value'"), {"target": ("price",)}, usage=True),
    "unknown-zone": Bad(_csv("date,value", _D, _V), ("Mars/Base",), {"timezone": "Mars/Base"}, usage=True),
    "unknown-freq": Bad(_csv("date,value", _D, _V), ("fortnight",), {"freq": "fortnight"}, usage=True),
    "unknown-encoding": Bad(_csv("date,value", _D, _V), ("--encoding",), {"encoding": "klingon"}, usage=True),
    "missing-covariate": Bad(_csv("date,value", _D, _V), ("--known", "promo"), {"known": ("promo",)}, usage=True),
}


def path_of(folder: Path, name: str, one: Messy | Bad) -> Path:
    return folder / f"{name}{one.suffix}"


def write(folder: Path) -> None:
    """Write every messy file into `folder`."""
    for name, one in {**GOOD, **BAD}.items():
        path_of(folder, name, one).write_bytes(one.content)
