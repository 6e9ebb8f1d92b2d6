"""Tables inside zip and xz files."""

from __future__ import annotations

import io
import lzma
import zipfile

import pytest

from tests.data.reading.kinds import ISO, LARGE, series, table
from tsattn.data.reading.read import read
from tsattn.errors import DataError

TEXT = table("date,sales", ISO, LARGE)


def _zip(**members: str) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in members.items():
            packed.writestr(name.replace("__", "/").replace("_dot_", "."), text)
    return raw.getvalue()


def _read(folder, name: str, raw: bytes):
    path = folder / name
    path.write_bytes(raw)
    return read(path)


def test_the_one_table_of_a_zip_file_is_read(tmp_path):
    panel, _ = _read(tmp_path, "data.zip", _zip(data_dot_csv=TEXT))
    assert series(panel) == LARGE
    panel, _ = _read(
        tmp_path, "data.zip", _zip(out__data_dot_csv=TEXT, readme_dot_txt="Sales of a shop", _dot_hidden_dot_csv="a")
    )
    assert series(panel) == LARGE


def test_json_in_a_zip_file_is_read(tmp_path):
    records = ",".join(f'{{"date": "{d}", "sales": {v}}}' for d, v in zip(ISO, LARGE, strict=True))
    assert series(_read(tmp_path, "data.zip", _zip(data_dot_json=f"[{records}]"))[0]) == LARGE


def test_an_xz_file_is_read(tmp_path):
    assert series(_read(tmp_path, "data.csv.xz", lzma.compress(TEXT.encode()))[0]) == LARGE


def test_zip_files_of_several_tables_and_of_none_are_refused_with_their_names(tmp_path):
    with pytest.raises(DataError, match=r"holds 2 tables: a\.csv, b\.csv"):
        _read(tmp_path, "data.zip", _zip(a_dot_csv=TEXT, b_dot_csv=TEXT))
    with pytest.raises(DataError, match=r"holds no tables: photo\.png"):
        _read(tmp_path, "data.zip", _zip(photo_dot_png="x"))


def test_an_excel_file_is_refused_by_its_name(tmp_path):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    with pytest.raises(DataError, match="an Excel or OpenDocument file") as stopped:
        _read(tmp_path, "book.xlsx", raw.getvalue())
    assert "save it as CSV" in stopped.value.hint


@pytest.mark.parametrize("cut", ["zip", "xz"])
def test_a_damaged_archive_is_an_error_of_the_data(tmp_path, cut):
    raw = _zip(data_dot_csv=TEXT) if cut == "zip" else lzma.compress(TEXT.encode())
    with pytest.raises(DataError, match="cannot be read"):
        _read(tmp_path, f"data.{cut}", raw[: len(raw) // 2])
