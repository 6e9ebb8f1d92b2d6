"""Whatever the bytes are, reading gives a panel or an error that a user can act on: no other exception, no hang.

`make soak` runs many more examples; TSATTN_SOAK says how many.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.messy import BAD, GOOD, days
from tsattn.config import ReadOptions
from tsattn.data.reading.read import read
from tsattn.errors import TsattnError

_quick = settings(max_examples=60, deadline=120_000, suppress_health_check=list(HealthCheck), derandomize=True)
_soak = settings(_quick, max_examples=int(os.environ.get("TSATTN_SOAK", "5000")), derandomize=False)
_FILES = sorted({**GOOD, **BAD}.items())

_cells = st.one_of(
    st.integers(-(10**19), 10**19).map(str),
    st.floats().map(str),
    st.dates().map(str),
    st.datetimes().map(str),
    st.sampled_from(
        ["", "NA", ".", "-", "1,5", "1.234,5", "12%", "$3", "1/2/2024", "13/1/2024", "Jan 1 2000", "2000Q1", "Q9 2000"]
    ),
    st.sampled_from(
        ["2024-03-31T02:30:00+02:00", "2024-01-01T00:00Z", "24:00", "20240131", "1700", "9999", "0001-01-01", "inf", "a", '"']
    ),
    st.text(max_size=6),
)
_choices = {
    "timestamp": ["none", "date", "b"],
    "item": [("a",), ("a", "b"), ("id",)],
    "target": [("value",), ("b",), ("a", "value")],
    "past": [("c",), ("value",)],
    "known": [("c",), ("b",)],
    "static": [("c",), ("id",)],
    "freq": ["h", "D", "B", "W", "MS", "QE", "step", "1us"],
    "layout": ["long", "wide", "single", "year-month", "rows"],
    "date_order": ["ymd", "dmy", "mdy"],
    "timezone": ["Europe/Berlin", "+05:30"],
    "on_duplicate": ["first", "last", "mean", "sum"],
    "resample": ["h", "D", "B", "W", "ME", "QS", "step"],
    "agg": ["sum", "last"],
    "delimiter": [",", ";", "tab"],
    "decimal": [".", ","],
    "encoding": ["utf-8", "utf-16", "cp1252"],
}
_names = st.lists(st.sampled_from(sorted(_choices)), max_size=2, unique=True)
_options = st.fixed_dictionaries({}, optional={n: st.sampled_from(v) for n, v in _choices.items()}).flatmap(
    lambda chosen: _names.map(lambda names: ReadOptions(**{n: v for n, v in chosen.items() if n in names}))
)
_any_options = st.one_of(st.just(ReadOptions()), _options)


def _read(content: bytes, options: ReadOptions, suffix: str = ".csv") -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"data{suffix}"
        path.write_bytes(content)
        try:
            panel, report = read(path, options)
        except TsattnError:
            return
        assert report.items == len(panel) > 0
        assert report.rows == int(panel.lengths.sum())
        assert not np.isinf(panel.target).any()
        assert not np.isnat(panel.start).any()
        report.to_mapping()


def _random_bytes(data: st.DataObject) -> None:
    _read(data.draw(st.binary(max_size=2000)), data.draw(_any_options))


def _random_table(data: st.DataObject) -> None:
    header = st.sampled_from(["date", "value", "a", "b", "c", "id", "year", "Jan", "", "%"])
    names = data.draw(st.lists(header, min_size=1, max_size=6))
    kinds = [data.draw(st.sampled_from([_cells, st.dates().map(str), st.integers(0, 99).map(str)])) for _ in names]
    columns = [data.draw(st.lists(kind, min_size=8, max_size=8)) for kind in kinds]
    if data.draw(st.booleans()):  # a sane first column lets the others be looked at
        names[0], columns[0] = "date", days("2024-02-27", 8)
    rows = [names, *zip(*columns, strict=True)][: data.draw(st.integers(1, 9))]
    delimiter = data.draw(st.sampled_from([",", ";", "\t"]))
    _read("\n".join(delimiter.join(row) for row in rows).encode("utf-8", "replace"), data.draw(_any_options))


def _mutated_file(data: st.DataObject) -> None:
    _, one = data.draw(st.sampled_from(_FILES))
    content = bytearray(one.content[:20_000])
    some = st.one_of(
        st.binary(max_size=4), _cells.map(lambda c: c.encode("utf-8", "replace")), st.sampled_from([b"\n", b",", b'"'])
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(content) - 1, 0)))
        piece = data.draw(st.one_of(st.sampled_from([b"0", b"1", b"7", b"9", b"-", b".", b"x"]), some))
        content[at : at + data.draw(st.sampled_from([len(piece), len(piece), 0, 5]))] = piece
    own = st.just(ReadOptions(**one.options))
    _read(bytes(content), data.draw(st.one_of(own, own, _options)), one.suffix)


_KINDS = {"bytes": _random_bytes, "tables": _random_table, "mutations": _mutated_file}


@pytest.mark.parametrize("kind", _KINDS)
def test_anything_is_read_or_refused(kind: str) -> None:
    _quick(given(st.data())(_KINDS[kind]))()


@pytest.mark.soak
@pytest.mark.parametrize("kind", _KINDS)
def test_anything_is_read_or_refused_for_long(kind: str) -> None:
    _soak(given(st.data())(_KINDS[kind]))()
