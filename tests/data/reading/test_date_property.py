"""A known sequence of timestamps, written in a format drawn at random, is read back exactly, or the reading stops."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tsattn.config import ReadOptions
from tsattn.data.reading.month_names import MONTHS, months_among
from tsattn.data.reading.numeric_dates import DIGITS, parse_numbers
from tsattn.data.reading.read import read
from tsattn.errors import TsattnError

Writer = Callable[[dt.datetime, np.random.Generator], str]


def _name(stamp: dt.datetime, language: str, which: int) -> str:
    forms = MONTHS[language].split()[stamp.month - 1].split("/")
    return forms[which % len(forms)]


def _named(pattern: str, language: str, which: int) -> Writer:
    def write(t: dt.datetime, _: np.random.Generator) -> str:
        parts = {"d": t.day, "dd": f"{t.day:02d}", "y": t.year, "yy": f"{t.year % 100:02d}"}
        return pattern.format(**parts, mon=_name(t, language, which))

    return write


def _plain(pattern: str) -> Writer:
    return lambda t, _: t.strftime(pattern)


def _range(t: dt.datetime, _: np.random.Generator) -> str:
    return f"{t:%d.%m.%Y %H:%M} - {t + dt.timedelta(hours=1):%d.%m.%Y %H:%M}"


def _twelve(t: dt.datetime, _: np.random.Generator) -> str:
    return f"{t:%Y-%m-%d} {t.hour % 12 or 12}:{t:%M}\u202f{'p' if t.hour > 11 else 'a'}.m."


_DAYS = {
    "iso": _plain("%Y-%m-%d"),
    "slashes": _plain("%m/%d/%Y"),
    "dots": _plain("%d.%m.%Y"),
    "short-slashes": _plain("%d/%m/%y"),
    "short-year-first": _plain("%y/%m/%d"),
    "digits": _plain("%Y%m%d"),
    "digits-day-first": _plain("%d%m%Y"),
    "day-of-year": _plain("%Y-%j"),
    "day-of-year-digits": _plain("%Y%j"),
    "iso-week-day": _plain("%G-W%V-%u"),
    "weekday": _plain("%a, %d %b %Y"),
    "chinese": lambda t, _: f"{t.year}年{t.month}月{t.day}日",
    "serial": lambda t, _: str((t - dt.datetime(1899, 12, 30)).days),
}
_HOURS = {
    "iso": _plain("%Y-%m-%d %H:%M"),
    "zulu": _plain("%Y-%m-%dT%H:%M:%SZ"),
    "range": _range,
    "twelve": _twelve,
    "digits-10": _plain("%Y%m%d%H"),
    "digits-12": _plain("%Y%m%d%H%M"),
    "digits-14": _plain("%Y%m%d%H%M%S"),
    "epoch": lambda t, _: str(int(t.replace(tzinfo=dt.UTC).timestamp())),
    "epoch-mixed": lambda t, g: str(int(t.replace(tzinfo=dt.UTC).timestamp()) * int(g.choice([1, 1000, 1_000_000]))),
    "serial": lambda t, _: f"{(t - dt.datetime(1899, 12, 30)).total_seconds() / 86400:.6f}",
}
_PERIODS = {
    "month": _plain("%Y-%m"),
    "month-digits": _plain("%Y%m"),
    "month-first": _plain("%m/%Y"),
    "stata": lambda t, _: f"{t.year}m{t.month}",
    "short-name": _plain("%b-%y"),
    "decimal-year": lambda t, _: f"{t.year + (t.month - 1) / 12:.4f}",
    "month-colon": _plain("%Y:%m"),
    "quarter-colon": lambda t, _: f"{t.year}:{(t.month + 2) // 3}",
    "quarter": lambda t, _: f"{(t.month + 2) // 3}Q{t.year % 100:02d}",
    "quarter-long": lambda t, _: f"{t.year}-Q{(t.month + 2) // 3}",
    "half": lambda t, _: f"H{(t.month + 5) // 6} {t.year}",
    "fiscal": lambda t, _: f"FY{t.year}",
    "season": lambda t, _: f"{t.year}/{(t.year + 1) % 100:02d}",
}
_COLUMNS = ("date", "Datum", "Fecha", "Data", "Zeit", "time", "Año", "period", "Quartal", "x", "ts", "jour")


def _months(step: int, start: dt.datetime, size: int) -> list[dt.datetime]:
    first = start.year * 12 + (start.month - 1) // step * step
    return [dt.datetime((first + k * step) // 12, (first + k * step) % 12 + 1, 1) for k in range(size)]


def _draw(seed: int) -> tuple[list[dt.datetime], list[str]]:
    """A sequence, and how it is written."""
    g = np.random.default_rng(seed)
    start = dt.datetime(int(g.integers(1995, 2028)), int(g.integers(1, 13)), int(g.integers(1, 29)))
    size = int(g.integers(4, 40))
    kind = g.choice(["days", "named-days", "hours", "periods", "named-months"])
    language = str(g.choice(list(MONTHS)))
    if kind in ("days", "named-days"):
        stamps = [start + dt.timedelta(days=k) for k in range(size)]
        pattern = str(g.choice(["{d}. {mon} {y}", "{dd}-{mon}-{y}", "{mon} {d}, {y}", "{d} {mon} {y}", "{dd}-{mon}-{yy}"]))
        write = _DAYS[str(g.choice(list(_DAYS)))] if kind == "days" else _named(pattern, language, int(g.integers(4)))
    elif kind == "hours":
        stamps = [start + dt.timedelta(hours=k) for k in range(size)]
        write = _HOURS[str(g.choice(list(_HOURS)))]
    else:
        name = str(g.choice(list(_PERIODS)))
        step = {"quarter": 3, "quarter-colon": 3, "quarter-long": 3, "half": 6, "fiscal": 12, "season": 12}.get(name, 1)
        pattern = str(g.choice(["{mon} {y}", "{y} {mon}", "{mon}-{yy}", "{mon}. {y}"]))
        write = _PERIODS[name] if kind == "periods" else _named(pattern, language, int(g.integers(4)))
        stamps = _months(step if kind == "periods" else 1, start, size)
    return stamps, [write(t, g) for t in stamps]


@pytest.mark.parametrize("block", range(10))
def test_a_sequence_is_read_back_exactly_or_stops(tmp_path: Path, block: int) -> None:
    stopped = silent = 0
    for seed in range(block * 12, block * 12 + 12):
        stamps, texts = _draw(seed)
        g = np.random.default_rng(seed)
        name = str(g.choice(_COLUMNS))
        path = tmp_path / f"{seed}.csv"
        lines = [f'{name};"value"', *(f'"{t}";{100 + k}' for k, t in enumerate(texts))]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        try:
            panel, report = read(path, ReadOptions(target=("value",)))
        except TsattnError as stop:
            stopped += bool(stop.hint)
            silent += not stop.hint
            continue
        where = f"seed {seed}: column {name!r}, {texts[:3]} became {report.first}"
        if not panel.freq.has_clock or not panel.dated:
            # rows may be numbered only beside a column that says nothing, and then none of its numbers is forecast
            assert name == "x", where
            continue
        assert report.rows == len(stamps), where
        assert report.first[:19].replace("T", " ") == str(stamps[0]).removesuffix(" 00:00:00")[:19] or (
            report.first[:16] == f"{stamps[0]:%Y-%m-%dT%H:%M}"
        ), where
        assert panel.history(0).tolist() == [100 + k for k in range(len(stamps))], where
    assert (silent, stopped <= 1) == (0, True)


def test_the_names_of_a_language_mean_its_months() -> None:
    for language, names in MONTHS.items():
        assert len(names.split()) == 12, language
        numbers = months_among(form for forms in names.split() for form in forms.split("/"))
        for number, forms in enumerate(names.split(), 1):
            assert {numbers[form] for form in forms.split("/")} == {number}, (language, forms)


@pytest.mark.parametrize("style", DIGITS)
def test_every_style_of_digits_reads_its_own_name(style: str) -> None:
    """The key of a format is an example of it, so that a new line in the dict is tested as well."""
    found = parse_numbers(np.array([float(style), float(style)]))
    assert found is not None
    assert found[1] in (style, "200001")
