"""Whatever the bytes are, reading gives a panel or an error that a user can act on: no other exception, no hang.

TSATTN_SOAK=5000 runs that many examples of each.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.messy import BAD, GOOD
from tsattn.config import ReadOptions
from tsattn.data.read import read
from tsattn.errors import TsattnError

_EXAMPLES = int(os.environ.get("TSATTN_SOAK", "60"))
_soak = settings(
    max_examples=_EXAMPLES, deadline=20_000, suppress_health_check=list(HealthCheck), derandomize="TSATTN_SOAK" not in os.environ
)
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


@_soak
@given(content=st.binary(max_size=2000), options=st.one_of(st.just(ReadOptions()), _options))
def test_random_bytes_are_read_or_refused(content: bytes, options: ReadOptions) -> None:
    _read(content, options)


@_soak
@given(data=st.data(), width=st.integers(1, 6), options=st.one_of(st.just(ReadOptions()), _options))
def test_random_tables_are_read_or_refused(data: st.DataObject, width: int, options: ReadOptions) -> None:
    names = data.draw(
        st.lists(st.sampled_from(["date", "value", "a", "b", "c", "id", "year", "Jan", "", "%"]), min_size=width, max_size=width)
    )
    columns = [
        data.draw(
            st.lists(
                data.draw(st.sampled_from([_cells, st.dates().map(str), st.integers(0, 99).map(str)])), min_size=8, max_size=8
            )
        )
        for _ in names
    ]
    sep = data.draw(st.sampled_from([",", ";", "\t"]))
    rows = [names, *zip(*columns, strict=True)][: data.draw(st.integers(1, 9))]
    _read("\n".join(sep.join(row) for row in rows).encode("utf-8", "replace"), options)


@_soak
@given(data=st.data(), which=st.integers(0, len(_FILES) - 1), options=st.one_of(st.just(None), _options))
def test_mutations_of_good_files_are_read_or_refused(data: st.DataObject, which: int, options: ReadOptions | None) -> None:
    _, one = _FILES[which]
    content = bytearray(one.content[:20_000])
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, max(len(content) - 1, 0)))
        piece = data.draw(
            st.one_of(
                st.binary(max_size=4), _cells.map(lambda c: c.encode("utf-8", "replace")), st.sampled_from([b"\n", b",", b'"'])
            )
        )
        length = data.draw(st.integers(0, 12))
        content[at : at + length] = piece
    _read(bytes(content), options or ReadOptions(**one.options), one.suffix)
