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


def test_when_a_second_level_is_blank_and_an_id_ends_with_a_blank_then_both_are_read(tmp_path):
    path = tmp_path / "data.csv"
    rows = [f"north,{city},2024-01-{day:02d},{day + k}" for k, city in enumerate(("", "Bonn ", "Kiel")) for day in range(1, 20)]
    path.write_text("\n".join(["region,city,day,y", *rows]) + "\n", "utf-8")
    assert api.ingest(str(path)).panel.item_ids == ("north", "north/Bonn ", "north/Kiel")
