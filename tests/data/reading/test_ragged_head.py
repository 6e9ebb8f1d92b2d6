"""A first row of data that lacks a field, or has one too many."""

from __future__ import annotations

import pytest

from tsattn import api
from tsattn.errors import DataError


@pytest.mark.parametrize("row", ["s0,2024-01-01T00:00,10.0", "s0,2024-01-01T00:00,10.0,1,7"])
def test_when_the_first_row_of_data_is_ragged_then_it_is_no_header_and_is_told(tmp_path, row):
    path = tmp_path / "data.csv"
    lines = [f"s0,2024-01-{1 + h // 24:02d}T{h % 24:02d}:00,{h % 24}.25,{h % 2}" for h in range(1, 60)]
    path.write_text("\n".join(["shop,time,sales,promo", row, *lines]) + "\n", "utf-8")
    with pytest.raises(DataError, match="line 2"):
        api.ingest(str(path))
