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

from tests.data.messy import BAD, GOOD
from tsattn.config import ReadOptions
from tsattn.data.read import read
from tsattn.errors import TsattnError

_quick = settings(max_examples=60, deadline=20_000, suppress_health_check=list(HealthCheck), derandomize=True)
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
_options = st.builds(
    ReadOptions,
    timestamp=st.sampled_from([None, None, None, "none", "date", "b"]),
    item=st.sampled_from([(), (), (), ("a",), ("a", "b")]),
    target=st.sampled_from([(), (), (), ("value",), ("b",), ("a", "value")]),
    past=st.sampled_from([(), (), (), ("c",)]),
    known=st.sampled_from([(), (), (), ("c",)]),
    static=st.sampled_from([(), (), (), ("c",)]),
    freq=st.sampled_from([None, None, "h", "D", "B", "W", "MS", "QE", "step", "1us"]),
    layout=st.sampled_from([None, None, "long", "wide", "single", "year-month", "rows"]),
    date_order=st.sampled_from([None, "ymd", "dmy", "mdy"]),
    timezone=st.sampled_from([None, None, "Europe/Berlin", "+05:30"]),
    on_duplicate=st.sampled_from([None, "first", "last", "mean", "sum"]),
    resample=st.sampled_from([None, None, None, "h", "D", "B", "W", "ME", "QS", "step"]),
    agg=st.sampled_from(["mean", "sum", "last"]),
    delimiter=st.sampled_from([None, None, ",", ";", "tab"]),
    decimal=st.sampled_from([None, None, ".", ","]),
    encoding=st.sampled_from([None, None, "utf-8", "utf-16", "cp1252"]),
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
    rows = [names, *zip(*columns, strict=True)][: data.draw(st.integers(1, 9))]
    delimiter = data.draw(st.sampled_from([",", ";", "\t"]))
    _read("\n".join(delimiter.join(row) for row in rows).encode("utf-8", "replace"), data.draw(_any_options))


def _mutated_file(data: st.DataObject) -> None:
    _, one = data.draw(st.sampled_from(_FILES))
    content = bytearray(one.content[:20_000])
    some = st.one_of(
        st.binary(max_size=4), _cells.map(lambda c: c.encode("utf-8", "replace")), st.sampled_from([b"\n", b",", b'"'])
    )
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, max(len(content) - 1, 0)))
        content[at : at + data.draw(st.integers(0, 12))] = data.draw(some)
    own = st.just(ReadOptions(**one.options))
    _read(bytes(content), data.draw(st.one_of(own, _options)), one.suffix)


_KINDS = {"bytes": _random_bytes, "tables": _random_table, "mutations": _mutated_file}


@pytest.mark.parametrize("kind", _KINDS)
def test_anything_is_read_or_refused(kind: str) -> None:
    _quick(given(st.data())(_KINDS[kind]))()


@pytest.mark.soak
@pytest.mark.parametrize("kind", _KINDS)
def test_anything_is_read_or_refused_for_long(kind: str) -> None:
    _soak(given(st.data())(_KINDS[kind]))()
