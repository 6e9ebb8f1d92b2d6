"""Files of other formats are refused with their name and the way to convert them."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import tarfile

import pyarrow as pa
import pyarrow.orc
import pytest

from tests.data.reading.kinds import ISO, LARGE, series, table
from tsattn.data.reading.read import read
from tsattn.errors import DataError

TEXT = table("date,sales", ISO, LARGE)
TEXTS = {
    "a web page": "<!DOCTYPE html>\n<html><body><h1>Not found</h1></body></html>\n",
    "an XML document": '<?xml version="1.0"?>\n<Workbook><Worksheet/></Workbook>\n',
    "a Git LFS pointer": "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    "a JavaScript function": '/*O_o*/\ngoogle.visualization.Query.setResponse({"table": {"cols": [], "rows": []}});\n',
    "an SQL dump": "--\n-- PostgreSQL database dump\n--\n\nCOPY public.m (ts, v) FROM stdin;\n2024-01-01\t1\n\\.\n",
    "NEM12": "100,NEM12,202404010000,MDP1,RETAILER\n200,6001234567,E1,1,E1,N1,M1,kWh,30,\n300,20240301,1,2,3\n900\n",
    "GHCN-Daily": "USW00094728202301TMAX" + "  140  W" * 31 + "\nUSW00094728202302TMAX" + "  135  W" * 31 + "\n",
    "sar or iostat": "Linux 5.15.0 (web-1) \t02/04/2024 \t_x86_64_\t(4 CPU)\n\n12:00:01 AM  CPU  %user\n12:10:01 AM  all  3.1\n",
    "line protocol": "".join(f"cpu,host=web1 usage={v},idle=2 17040672{k:02d}000000000\n" for k, v in enumerate(LARGE)),
    "Graphite's raw format": "a.load,1704067200,1704139200,3600|1.0,2.0,None\nb.load,1704067200,1704139200,3600|3.0,4.0,5.0\n",
    "Prometheus metrics": '# HELP load Load.\n# TYPE load gauge\nload{cpu="0"} 0.21\nload{cpu="1"} 0.25\n',
    ".tsf or .ts": "@relation m\n@attribute series_name string\n@frequency daily\n@data\nT1:2020-01-01 00-00-00:1,2,3\nT2:1,2\n",
    "key=value": "".join(f"time={d}T00:00:00Z level=info temp={v} hum=40\n" for d, v in zip(ISO, LARGE, strict=True)),
    "records of several lines": "".join(f"Date: {d}\nSales: {v}\n\n" for d, v in zip(ISO, LARGE, strict=True)),
}


@pytest.mark.parametrize("what", TEXTS)
def test_a_text_of_another_format_stops_with_its_name_and_a_hint(take, what):
    with pytest.raises(DataError, match=f"data.csv: this is .*{what}") as stopped:
        take(TEXTS[what])
    assert stopped.value.hint


def test_lines_of_names_and_values_above_a_table_are_no_records(take):
    panel, _ = take("Station: A\nUnit: mm\n\nSource: office\n\n" + TEXT)
    assert series(panel) == LARGE


def _tar(how: str) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode=how) as packed:
        member = tarfile.TarInfo("data.csv")
        member.size = len(TEXT)
        packed.addfile(member, io.BytesIO(TEXT.encode()))
    return raw.getvalue()


def _orc() -> bytes:
    raw = io.BytesIO()
    pyarrow.orc.write_table(pa.table({"date": ISO, "sales": LARGE}), raw)
    return raw.getvalue()


BYTES = {
    "a tar archive": lambda: _tar("w"),
    "a tar archive, packed": lambda: _tar("w:gz"),
    "an ORC file": _orc,
    "a Python pickle": lambda: pickle.dumps([1.0, 2.0]),
    "a NetCDF file": lambda: b"CDF\x01" + bytes(200),
    "a Stata file": lambda: b"<stata_dta><header>" + bytes(200),
    "a Stata file, of an old version": lambda: b"\x72\x02\x01\x00" + bytes(200),
}


@pytest.mark.parametrize("what", BYTES)
def test_a_binary_file_stops_with_its_format(tmp_path, what):
    path = tmp_path / "data.bin"
    path.write_bytes(BYTES[what]())
    with pytest.raises(DataError, match=f"data.bin: this is {what.split(',')[0]}") as stopped:
        read(path)
    assert stopped.value.hint


@pytest.mark.parametrize("lines", [False, True])
def test_packed_json_is_read_as_json(tmp_path, lines):
    records = [{"date": d, "sales": v} for d, v in zip(ISO, LARGE, strict=True)]
    text = "\n".join(map(json.dumps, records)) if lines else json.dumps(records)
    path = tmp_path / "data.json.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert series(read(path)[0]) == LARGE


def test_text_in_utf_32_is_read(tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(TEXT.encode("utf-32"))
    assert series(read(path)[0]) == LARGE
