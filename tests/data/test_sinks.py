from __future__ import annotations

import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from tsattn.data.freq import Freq
from tsattn.data.output_formats import FORMATS, Format
from tsattn.data.sinks import checked_suffix, write_table
from tsattn.errors import ConfigError
from tsattn.forecasting.frame import Forecast


def zoned() -> Forecast:
    """Two hours across the end of summer time in Berlin."""
    stamps = np.array([["2024-10-27T00:00", "2024-10-27T01:00"]], "datetime64[us]")
    values = np.array([[[0.1, 1.0], [0.2, 2.0]]], np.float32)
    return Forecast(("a, b",), stamps[:, 0] - np.timedelta64(1, "h"), stamps, (0.1, 0.5), values, Freq("h"), "Europe/Berlin")


def read_back(path) -> list[dict[str, str]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    text = path.read_text("utf-8")
    return json.loads(text) if path.suffix == ".json" else [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl"])
def test_when_a_forecast_is_written_as_text_then_offsets_and_short_numbers_come_back(tmp_path, suffix):
    rows = read_back(write_table(zoned().to_arrow(), tmp_path / f"out{suffix}"))
    assert [row["timestamp"] for row in rows] == ["2024-10-27T02:00:00+02:00", "2024-10-27T02:00:00+01:00"]
    assert [str(row["0.1"]) for row in rows] == ["0.1", "0.2"]
    assert rows[0]["item_id"] == "a, b"


def test_when_a_forecast_is_written_as_parquet_then_its_zone_and_types_are_kept(tmp_path):
    table = pq.read_table(write_table(zoned().to_arrow(), tmp_path / "out.parquet"))
    assert table.schema.field("timestamp").type.tz == "Europe/Berlin"
    assert str(table.schema.field("0.5").type) == "float"


def test_when_every_timestamp_is_a_midnight_then_dates_are_written(tmp_path):
    stamps = np.array([["2024-01-01", "2024-02-01"]], "datetime64[us]")
    made = Forecast(("x",), stamps[:, 0], stamps, (0.5,), np.ones((1, 2, 1), np.float32), Freq("M"))
    rows = read_back(write_table(made.to_arrow(), tmp_path / "out.csv"))
    assert [row["timestamp"] for row in rows] == ["2024-01-01", "2024-02-01"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_when_there_is_a_format_then_it_reads_back_the_rows_it_wrote(tmp_path, suffix):
    path = write_table(zoned().to_arrow(), tmp_path / f"out{suffix}")
    rows = list(FORMATS[suffix].read(path))
    assert [row["item_id"] for row in rows] == ["a, b", "a, b"]
    assert [row["0.5"] for row in rows] == [1.0, 2.0]


def test_when_there_is_no_row_then_json_is_an_empty_list(tmp_path):
    assert read_back(write_table(zoned().to_arrow().slice(0, 0), tmp_path / "out.json")) == []


@pytest.mark.parametrize("name", ["out", "out.xlsx", "out.csv.bak"])
def test_when_the_suffix_is_unknown_then_the_error_lists_the_known(tmp_path, name):
    with pytest.raises(ConfigError) as caught:
        write_table(zoned().to_arrow(), tmp_path / name)
    assert all(suffix in caught.value.hint for suffix in FORMATS)


def test_when_the_suffix_is_that_of_a_spreadsheet_or_a_page_is_written_then_the_error_names_the_file_to_write(tmp_path):
    with pytest.raises(ConfigError) as caught:
        checked_suffix(tmp_path / "out.xlsx")
    assert caught.value.hint.startswith(f"write {tmp_path / 'out.csv'}, which spreadsheet programs open; or use one of .csv")
    with pytest.raises(ConfigError) as caught:
        checked_suffix(tmp_path / "out.xlsx", (".html",))
    assert caught.value.hint == f"name it {tmp_path / 'out.html'}"


def test_when_the_folder_is_missing_then_the_error_says_how_to_make_it(tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        write_table(zoned().to_arrow(), tmp_path / "no" / "out.csv")


def test_when_writing_fails_then_the_old_file_stays_whole(tmp_path, monkeypatch):
    path = write_table(zoned().to_arrow(), tmp_path / "out.csv")
    before = path.read_bytes()

    def fail(table, beside):
        beside.write_text("half")
        raise OSError("disk full")

    monkeypatch.setitem(FORMATS, ".csv", Format(fail, lambda _: iter(())))
    with pytest.raises(OSError, match="disk full"):
        write_table(zoned().to_arrow(), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


def test_when_a_zoned_timestamp_is_missing_then_it_is_written_as_missing(tmp_path):
    import pyarrow as pa

    table = pa.table({"cutoff": pa.array([None, 0], pa.timestamp("us", "Europe/Berlin"))})
    rows = read_back(write_table(table, tmp_path / "out.jsonl"))
    assert [row["cutoff"] for row in rows] == [None, "1970-01-01T01:00:00+01:00"]


@pytest.mark.parametrize(
    ("item", "written"), [("plain", "plain,"), ("a, b", '"a, b",'), ('say "x"', '"say ""x""",'), ("", '"",')]
)
def test_when_text_is_written_as_csv_then_it_is_quoted_only_where_it_must_be(tmp_path, item, written):
    import pyarrow as pa

    path = write_table(pa.table({"item_id": pa.array([item, None]), "value": pa.array([1.5, 2.0])}), tmp_path / "out.csv")
    assert path.read_text("utf-8").splitlines()[1].startswith(written)


def test_when_the_output_is_the_data_itself_then_nothing_is_overwritten(tmp_path):
    data, other = tmp_path / "a.csv", tmp_path / "b.txt.d" / "b.csv"
    data.write_text("day,y\n")
    other.parent.mkdir()
    (tmp_path / "link.csv").symlink_to(data)
    (tmp_path / "hard.csv").hardlink_to(data)
    for source in (data, str(data), [data], tmp_path, str(tmp_path / "*.csv")):
        for path in (data, tmp_path / "link.csv", tmp_path / "hard.csv"):
            with pytest.raises(ConfigError, match="is the data itself"):
                checked_suffix(path, data=source)
        assert checked_suffix(other, data=source) == other
    assert checked_suffix(data, data="-") == data


def test_when_a_name_holds_a_placeholder_then_it_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match=r"by_\{item_id\}\.csv: \{item_id\} is not filled in: all series go into one file"):
        checked_suffix(tmp_path / "by_{item_id}.csv")


def test_when_a_format_is_added_then_every_output_takes_it_and_the_help_names_it(tmp_path, monkeypatch):
    def write(tables, path):
        path.write_text("\n".join(str(table.num_rows) for table in tables()), "utf-8")

    monkeypatch.setitem(FORMATS, ".rows", Format(write, lambda path: iter(())))
    path = checked_suffix(tmp_path / "out.rows")
    assert write_table(zoned().to_arrow(), path).read_text("utf-8") == "2"
    with pytest.raises(ConfigError) as caught:
        checked_suffix(tmp_path / "out.xlsx")
    assert ".rows" in caught.value.hint
