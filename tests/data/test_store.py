"""Saved panels come back bit by bit, and other tools can read them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data.messy import GOOD
from tsattn.config import ReadOptions
from tsattn.data.panel import Panel, Schema
from tsattn.data.reading.read import read
from tsattn.data.store import load_panel, save_panel
from tsattn.errors import ConfigError, DataError, TsattnError

_TABLE = (
    "shop,day,sales,promo,sky,size\n"
    + "".join(
        f"{s},2024-01-{d:02d},{'' if d > 9 else d},{d % 2},{'sun' if d % 3 else 'rain'},{len(s)}\n"
        for s in ("a", "bb")
        for d in range(1, 13)
    )
)  # fmt: skip
_OPTIONS = ReadOptions(target=("sales",), known=("promo",), past=("sky",), static=("size",))


def _same(one: Panel, two: Panel) -> None:
    for field in dataclasses.fields(Panel):
        a, b = getattr(one, field.name), getattr(two, field.name)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype
            assert a.shape == b.shape
            assert a.tobytes() == b.tobytes(), field.name
        else:
            assert a == b


@pytest.fixture
def panel(tmp_path: Path) -> Panel:
    (tmp_path / "shops.csv").write_text(_TABLE)
    return read(tmp_path / "shops.csv", _OPTIONS)[0]


def test_a_panel_with_covariates_comes_back_bit_by_bit(panel: Panel, tmp_path: Path) -> None:
    save_panel(panel, tmp_path / "p.parquet")
    _same(load_panel(tmp_path / "p.parquet"), panel)


@pytest.mark.parametrize(
    "name", ["offsets-over-a-clock-change", "month-ends", "business-days", "no-date", "bare-years", "uneven-items", "fractions"]
)
def test_every_kind_of_grid_comes_back(name: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(GOOD[name].content)
    panel, _ = read(tmp_path / "x.csv")
    save_panel(panel, tmp_path / "p.parquet")
    _same(load_panel(tmp_path / "p.parquet"), panel)


def test_read_takes_a_saved_panel_as_it_is(panel: Panel, tmp_path: Path) -> None:
    save_panel(panel, tmp_path / "p.parquet")
    again, report = read(tmp_path / "p.parquet")
    _same(again, panel)
    assert (report.items, report.rows) == (2, 18)
    with pytest.raises(ConfigError, match="already ingested"):
        read(tmp_path / "p.parquet", ReadOptions(freq="h"))


def test_a_saved_panel_gives_a_model_the_covariates_it_was_trained_with(panel: Panel, tmp_path: Path) -> None:
    save_panel(panel, tmp_path / "p.parquet")
    fewer, _ = read(tmp_path / "p.parquet", schema=Schema(past=("sky",), past_features=("sky=sun",)))
    assert fewer.schema.past_features == ("sky=sun",)
    assert panel.schema.past_features == ("sky=rain",)
    np.testing.assert_array_equal(fewer.past, 1 - panel.past)
    earlier, _ = read(tmp_path / "p.parquet", schema=Schema(past=("sky",), past_features=("sky=rain", "sky=sun")))
    np.testing.assert_array_equal(earlier.past, np.concatenate([panel.past, 1 - panel.past], 1))
    assert earlier.schema.references == ()
    assert fewer.known.shape == (len(panel.target), 0)
    with pytest.raises(DataError, match="no known covariate 'price'"):
        read(tmp_path / "p.parquet", schema=Schema(known=("price",), known_features=("price",)))


def test_other_tools_find_items_timestamps_and_values(panel: Panel, tmp_path: Path) -> None:
    save_panel(panel, tmp_path / "p.parquet")
    table = pq.read_table(tmp_path / "p.parquet")
    assert table.column_names == ["item_id", "timestamp", "target", "past:sky=rain", "known:promo"]
    row = table.slice(13, 1).to_pylist()[0]
    assert (row["item_id"], str(row["timestamp"]), row["target"], row["known:promo"]) == ("bb", "2024-01-02 00:00:00", 2.0, 0.0)


def test_a_damaged_or_foreign_file_is_refused(panel: Panel, tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    save_panel(panel, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="cannot be read"):
        load_panel(path)
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(DataError, match="not a panel"):
        load_panel(path)
    for meta in (b"{}", b"[", b'{"format_version": 99}'):
        pq.write_table(pa.table({"a": [1]}).replace_schema_metadata({b"tsattn": meta}), path)
        with pytest.raises(DataError, match=r"damaged|format 99"):
            load_panel(path)
    with pytest.raises(DataError, match="no such file"):
        load_panel(tmp_path / "none.parquet")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("schema", True), ("static", [True]), ("indptr", "x"), ("item_ids", None), ("freq", []), ("start", ["x"])],
        ("tz", ["x"]),
    ],
)
def test_when_a_panels_metadata_is_mutated_then_the_error_names_the_file(tmp_path, key, value):
    import json

    import pyarrow.parquet as pq

    path = tmp_path / "p.parquet"
    save_panel(Panel.from_arrays([np.arange(20.0)], freq="h"), path)
    table = pq.read_table(path)
    meta = {**json.loads(table.schema.metadata[b"tsattn"]), key: value}
    pq.write_table(table.replace_schema_metadata({b"tsattn": json.dumps(meta)}), path)
    with pytest.raises(TsattnError, match=r"p\.parquet"):
        load_panel(path)


def test_when_a_series_holds_objects_that_are_no_numbers_then_it_is_an_error():
    with pytest.raises(DataError, match="not an array of numbers"):
        Panel.from_arrays([np.array(["a", 1, None], object)])
