"""A first row of data that lacks a field, or has one too many."""

from __future__ import annotations

import pytest

from tsattn import api
from tsattn.data.reading.read import read
from tsattn.errors import DataError


@pytest.mark.parametrize("row", ["s0,2024-01-01T00:00,10.0", "s0,2024-01-01T00:00,10.0,1,7"])
def test_when_the_first_row_of_data_is_ragged_then_it_is_no_header_and_is_reported(tmp_path, row):
    path = tmp_path / "data.csv"
    lines = [f"s0,2024-01-{1 + h // 24:02d}T{h % 24:02d}:00,{h % 24}.25,{h % 2}" for h in range(1, 60)]
    path.write_text("\n".join(["shop,time,sales,promo", row, *lines]) + "\n", "utf-8")
    with pytest.raises(DataError, match="line 2"):
        api.ingest(str(path))


def test_one_column_below_two_header_rows_is_read(tmp_path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("value\nvalue\n1\n3\n4\n1\n5\n9\n2\n6\n", "utf-8")
    panel, _ = read(path)
    assert panel.history(0).tolist() == [1, 3, 4, 1, 5, 9, 2, 6]
