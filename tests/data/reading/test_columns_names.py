"""Item ids with blanks at their ends."""

from __future__ import annotations

import pytest

from tsattn import api


@pytest.mark.parametrize(
    ("ids", "wanted"),
    [
        ((" lead", "trail ", "\u00a0both\u00a0 ", "plain"), (" lead", "trail ", "\u00a0both\u00a0 ", "plain")),
        ((" a", " b"), ("a", "b")),  # a blank after every delimiter
        (("a  ", "bcd", "ab "), ("a", "bcd", "ab")),  # a column of one width
    ],
)
def test_when_ids_have_blanks_then_they_keep_them_unless_the_file_is_laid_out_with_blanks(tmp_path, ids, wanted):
    path = tmp_path / "data.csv"
    lines = [f"{name},2024-01-{day:02d},{day}" for name in ids for day in range(1, 20)]
    path.write_text("\n".join(["shop,day,y", *lines]) + "\n", "utf-8")
    assert api.ingest(str(path)).panel.item_ids == wanted
