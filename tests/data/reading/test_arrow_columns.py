"""Columns from Arrow: many of one type at once, as one by one."""

import numpy as np
import pyarrow as pa
import pytest

from tsattn.data.reading import arrow_columns
from tsattn.data.reading.arrow_columns import columns_of
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
