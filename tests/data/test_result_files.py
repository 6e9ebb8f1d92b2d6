"""Results with the reader's own column names, in one file or a file for each series."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from tsattn.data.result_files import item_files, renamed, write_results
from tsattn.errors import ConfigError

TABLE = pa.table({"item_id": ["a/b", "c", "c"], "timestamp": [1, 1, 2], "0.5": [1.5, 2.5, 3.5]})


def test_when_the_name_holds_item_id_then_each_series_has_a_file(tmp_path):
    files = write_results(TABLE, tmp_path / "by_{item_id}.csv")
    assert [path.name for path in files] == ["by_a_b.csv", "by_c.csv"]
    assert files[1].read_text() == "item_id,timestamp,0.5\nc,1,2.5\nc,2,3.5\n"


def test_when_columns_are_renamed_then_the_file_has_the_new_names(tmp_path):
    (path,) = write_results(TABLE, tmp_path / "all.csv", {"item_id": "sku", "0.5": "median"})
    assert path.read_text().splitlines()[0] == "sku,timestamp,median"


@pytest.mark.parametrize(("columns", "said"), [({"item": "sku"}, "no column 'item'"), ({"item_id": "0.5"}, "named '0.5'")])
def test_when_a_new_name_is_wrong_then_nothing_is_written(tmp_path, columns, said):
    with pytest.raises(ConfigError, match=said):
        write_results(TABLE, tmp_path / "all.csv", columns)
    assert not list(tmp_path.iterdir())
    assert renamed(["a"], {}) == ["a"]


def test_when_series_have_odd_names_then_their_files_stay_in_the_folder_and_differ():
    items = ["../up", "..", "a:b", "a b", "A_B", "", "x" * 500, "line\nbreak"]
    files = item_files(Path("out/{item_id}.csv"), items)
    assert len({str(path).lower() for path in files.values()}) == len(items)
    assert {path.parent for path in files.values()} == {Path("out")}
    assert all(len(path.name) < 150 and "\n" not in path.name for path in files.values())


def test_when_a_series_has_the_name_of_the_input_then_the_input_is_not_replaced(tmp_path):
    source = tmp_path / "c.csv"
    source.write_text("precious")
    with pytest.raises(ConfigError):
        write_results(TABLE, tmp_path / "{item_id}.csv", data=str(source))
    assert [path.name for path in tmp_path.iterdir()] == ["c.csv"]
    assert source.read_text() == "precious"
