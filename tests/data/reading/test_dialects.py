"""A known table, written in random dialects, is read correctly or refused, never misread."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tsattn.data.reading.read import read
from tsattn.errors import ConfigError, DataError

_quick = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
_soak = settings(_quick, max_examples=int(os.environ.get("TSATTN_SOAK", "2400")), derandomize=False)
_STARTS = {"D": "2023-03-05", "h": "2023-03-05T00", "MS": "2015-01"}
_UNITS = {"D": "D", "h": "h", "MS": "M"}
_DATES = {
    "iso": "%Y-%m-%d",
    "slashed": "%Y/%m/%d",
    "german": "%d.%m.%Y",
    "american": "%m/%d/%Y",
    "british": "%d/%m/%Y",
    "named": "%d %b %Y",
    "compact": "%Y%m%d",
}
# (decimal mark, thousands mark)
_MARKS = [(".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", "'")]


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    marks: tuple[str, str]
    dates: str
    layout: str
    marker: str
    header: str
    footer: str
    beside: str


@dataclass(frozen=True, eq=False)
class Known:
    """freq, start, and the values (series, rows), NaN = missing, with the names of the series."""

    freq: str
    names: tuple[str, ...]
    values: np.ndarray
    decimals: int

    @property
    def stamps(self) -> np.ndarray:
        start = np.datetime64(_STARTS[self.freq], _UNITS[self.freq])
        return (start + np.arange(self.values.shape[1])).astype("datetime64[s]")


@st.composite
def tables(draw: st.DrawFn) -> tuple[Known, Dialect]:
    layout = draw(st.sampled_from(["single", "wide", "long", "year-month", "times", "rows"]))
    freq = {"year-month": "MS", "times": "h"}.get(layout) or draw(st.sampled_from(["D", "h", "MS"]))
    series = 1 if layout in ("single", "year-month", "times") else draw(st.integers(2, 3))
    size = {"year-month": 48, "times": 24 * 16}.get(layout, 40)
    decimals = draw(st.sampled_from([0, 1, 2, 3]))
    level = draw(st.sampled_from([3.0, 400.0, 900.0, 30_000.0, 2_000_000.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = np.round(level * (1 + 0.3 * rng.standard_normal((series, size))), decimals)
    marker = draw(st.sampled_from(["", "NA", "***", "unavailable", "-"]))
    if draw(st.booleans()):
        values[rng.random(values.shape) < 0.1] = np.nan
        values[:, [0, -1]] = level
    dialect = Dialect(
        delimiter=draw(st.sampled_from([",", ";", "\t", "|"])),
        marks=draw(st.sampled_from(_MARKS)),
        dates=draw(st.sampled_from(sorted(_DATES))) if layout != "rows" else "iso",
        layout=layout,
        marker=marker,
        header=draw(st.sampled_from(["plain", "title", "comment", "units"])),
        footer=draw(st.sampled_from(["", "", "total", "source"])),
        beside=draw(st.sampled_from(["", "", "", " kWh", "€ "])),
    )
    assume(not _is_another_table(decimals, dialect))
    return Known(freq, tuple("abc"[:series]), values, decimals), dialect


def _is_another_table(decimals: int, dialect: Dialect) -> bool:
    """Return True if every number reads as a thousandth or thousandfold in the usual dialect of its delimiter and dates."""
    decimal, thousands = dialect.marks
    american, german = dialect.dates == "american", dialect.dates == "german"
    if decimals == 0 and thousands == ".":
        return dialect.delimiter != ";"  # 1.080 is a decimal number in a file of commas or tabs
    if decimals == 0 and thousands == ",":
        return dialect.delimiter == ";" and german  # 1,080 is a decimal number there
    if decimals == 3 and decimal == ",":
        return dialect.delimiter == "," or (dialect.delimiter != ";" and american)  # 1,080 is a thousand there
    return decimals == 3 and dialect.delimiter == ";" and german  # as 1.080 is there


def _number(value: float, known: Known, dialect: Dialect) -> str:
    if np.isnan(value):
        return dialect.marker
    decimal, thousands = dialect.marks
    text = f"{value:,.{known.decimals}f}".translate({ord(","): thousands, ord("."): decimal})
    text = f"{dialect.beside}{text}" if dialect.beside.endswith(" ") else f"{text}{dialect.beside}"
    return f'"{text}"' if dialect.delimiter in text else text


def _date(stamp: np.datetime64, known: Known, dialect: Dialect) -> str:
    moment = stamp.item()
    return moment.strftime(_DATES[dialect.dates] + (" %H:%M" if known.freq == "h" and dialect.layout != "times" else ""))


def written(known: Known, dialect: Dialect) -> str:
    """The table as text in the dialect."""
    dates = [_date(s, known, dialect) for s in known.stamps]
    cells = [[_number(v, known, dialect) for v in row] for row in known.values]
    rows: list[list[str]]
    if dialect.layout in ("single", "wide"):
        head, rows = ["date", *known.names], [[d, *values] for d, *values in zip(dates, *cells, strict=True)]
    elif dialect.layout == "long":
        head = ["item", "date", "value"]
        rows = [[n, d, v] for n, row in zip(known.names, cells, strict=True) for d, v in zip(dates, row, strict=True)]
    elif dialect.layout == "year-month":
        head = ["Year", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        rows = [[str(2015 + k), *cells[0][12 * k : 12 * k + 12]] for k in range(len(cells[0]) // 12)]
    elif dialect.layout == "times":
        head = ["date", *(f"{h:02d}:00" for h in range(24))]
        rows = [[dates[24 * k], *cells[0][24 * k : 24 * k + 24]] for k in range(len(cells[0]) // 24)]
    else:
        head, rows = ["item", *dates], [[n, *row] for n, row in zip(known.names, cells, strict=True)]
    above = {
        "plain": [],
        "title": [["Report of the plant", *[""] * (len(head) - 1)]],
        "comment": [['# it\'s "raw" data']],
        "units": [],
    }[dialect.header]
    units = [["", *["kW"] * (len(head) - 1)]] if dialect.header == "units" and dialect.layout in ("single", "wide") else []
    below = {
        "": [],
        "total": [["Total", *[""] * (len(head) - 2), "1"]] if dialect.layout in ("single", "wide", "year-month", "times") else [],
        "source": [["Source: export of the plant"]],
    }[dialect.footer]
    return "".join(dialect.delimiter.join(row) + "\n" for row in [*above, head, *units, *rows, *below])


def _check(drawn: tuple[Known, Dialect]) -> bool:
    """Return True if the table was read, and check that it was read correctly."""
    known, dialect = drawn
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        path.write_text(written(known, dialect), "utf-8")
        try:
            panel, _ = read(path)
        except (DataError, ConfigError):
            return False
    assert len(panel) == len(known.names)
    assert panel.freq.alias == known.freq
    for k in range(len(panel)):
        assert panel.start[k] == known.stamps[0]
        np.testing.assert_allclose(panel.history(k), known.values[k], rtol=1e-6, equal_nan=True)
    return True


def _share_found(how: settings) -> float:
    """Try as many draws as `how` says; return the share that was read, not refused."""
    found: list[bool] = []

    @how
    @given(tables())
    def run(drawn: tuple[Known, Dialect]) -> None:
        found.append(_check(drawn))

    run()
    print(f"{len(found):,} draws: {sum(found):,} read, {len(found) - sum(found):,} refused")
    return sum(found) / len(found)


def test_a_known_table_is_found_again_in_every_dialect_or_refused() -> None:
    assert _share_found(_quick) > 0.8  # refusing everything would be no reading


@pytest.mark.soak
def test_a_known_table_is_found_again_in_every_dialect_or_refused_for_long() -> None:
    assert _share_found(_soak) > 0.8
