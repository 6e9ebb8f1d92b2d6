"""Columns from Arrow: many of one type at once, as one by one."""

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from tests.data.reading.kinds import ISO, LARGE, series
from tsattn.data.reading import arrow_columns
from tsattn.data.reading.arrow_columns import columns_of
from tsattn.data.reading.read import read
from tsattn.errors import DataError

RNG = np.random.default_rng(0)
KINDS = {
    "float64": pa.float64(),
    "float32": pa.float32(),
    "int64": pa.int64(),
    "int8": pa.int8(),
    "bool": pa.bool_(),
    "text": pa.string(),
}


def table(chunks):
    values = RNG.integers(0, 2, (7, len(KINDS), 30))
    arrays = {}
    for k in range(30):
        for j, (name, kind) in enumerate(KINDS.items()):
            cells = [None if k % 4 == 1 and i == 3 else v for i, v in enumerate(values[:, j, k].tolist())]
            arrays[f"{name} {k}"] = pa.array(cells).cast(kind)
    made = pa.table({**arrays, "list": pa.array([[1]] * 7)})
    return pa.concat_tables([made] * chunks) if chunks else made.slice(0, 0)


@pytest.mark.parametrize("chunks", [0, 1, 3])
def test_many_columns_of_one_type_are_what_each_is_alone(chunks, monkeypatch):
    source = table(chunks)
    together = columns_of(source, "t")
    monkeypatch.setattr(arrow_columns, "_TOGETHER", 10_000)
    alone = columns_of(source, "t")
    assert list(together) == list(alone) == [name for name in source.column_names if name != "list"]
    for name, column in alone.items():
        assert (together[name].kind, together[name].values.dtype) == (column.kind, column.values.dtype)
        np.testing.assert_array_equal(together[name].values, column.values)


def test_two_columns_of_one_name_are_an_error():
    twice = pa.Table.from_arrays([pa.array([1.0]), pa.array([2.0])], ["a", "a"])
    with pytest.raises(DataError, match="two columns are called 'a'"):
        columns_of(twice, "t")


def _stream(made, path):
    with pa.ipc.new_stream(path, made.schema) as stream:
        stream.write_table(made)


WRITERS = {
    "data.parquet": lambda made, path: pyarrow.parquet.write_table(made, path),
    "data.feather": lambda made, path: pyarrow.feather.write_feather(made, path),
    "data.arrow": _stream,
}


@pytest.mark.parametrize("name", WRITERS)
def test_files_of_arrow_are_read(tmp_path, name):
    WRITERS[name](pa.table({"date": ISO, "sales": LARGE}), str(tmp_path / name))
    assert series(read(tmp_path / name)[0]) == LARGE
    assert series(read(tmp_path)[0]) == LARGE  # the folder


def test_a_boolean_beside_a_number_is_no_series():
    panel, _ = read(pa.table({"date": ISO, "kw": LARGE, "ok": [k != 4 for k in range(20)]}))
    assert series(panel) == LARGE
    assert len(panel) == 1


@pytest.mark.parametrize("timed", [False, True])
def test_series_in_lists_are_read_step_by_step(timed):
    times = (
        {"timestamp": [np.array(ISO, "datetime64[us]"), np.array(ISO[:10], "datetime64[us]")]}
        if timed
        else {"start": ["2024-01-01"] * 2, "freq": ["D"] * 2}
    )
    panel, report = read(pa.table({"item_id": ["a", "b"], **times, "target": [LARGE, LARGE[:10]]}))
    assert (panel.item_ids, series(panel), series(panel, 1)) == (("a", "b"), LARGE, LARGE[:10])
    assert (panel.freq.alias, report.first) == ("D", "2024-01-01")


def test_lists_beside_numbers_are_left_out():
    panel, _ = read(pa.table({"date": ISO, "sales": LARGE, "embedding": [[0.5, 1.5]] * 20}))
    assert (panel.item_ids, series(panel)) == (("sales",), LARGE)


@pytest.mark.parametrize(
    ("freq", "alias", "first"), [("M", "MS", "2019-01-01"), ("Q", "QS", "2019-01-01"), ("D", "D", "2019-01-01")]
)
def test_the_periods_of_a_pandas_index_in_parquet_are_times(tmp_path, freq, alias, first):
    pd = pytest.importorskip("pandas")
    path = tmp_path / "periods.parquet"
    pd.DataFrame({"v": np.arange(20.0)}, index=pd.period_range("2019-01-01", periods=20, freq=freq)).to_parquet(path)
    panel, report = read(path)
    assert (panel.freq.alias, report.first[: len(first)] in (first, first[:7])) == (alias, True)
