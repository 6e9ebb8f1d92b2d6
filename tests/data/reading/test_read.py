"""Reading: sources other than a single file, options, and the requirements of a model's schema."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data.messy import GOOD, days
from tsattn.config import ReadOptions
from tsattn.data.panel import Panel, Schema
from tsattn.data.reading.read import read
from tsattn.data.report import ReadReport
from tsattn.errors import ConfigError, DataError

_D = days("2024-01-01", 8)


@pytest.fixture
def csv(tmp_path: Path):
    def take(text: str, options: ReadOptions = ReadOptions(), schema: Schema | None = None) -> tuple[Panel, ReadReport]:
        path = tmp_path / "data.csv"
        path.write_text(text)
        return read(path, options, schema=schema)

    return take


def _table(header: str, *columns: list) -> str:
    return "\n".join([header, *(",".join(map(str, row)) for row in zip(*columns, strict=True))]) + "\n"


_SHOP = _table("day,sales,promo,sky", _D, range(8), [0, 1] * 4, ["sun", "rain"] * 4)
_ROLES = ReadOptions(target=("sales",), known=("promo",), past=("sky",))


# -- sources -----------------------------------------------------------------------------------------------------------


def _folder(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


@pytest.mark.parametrize("how", ["folder", "glob", "list"])
def test_files_of_the_same_days_are_one_item_each(tmp_path: Path, how: str) -> None:
    folder = _folder(tmp_path, A=_table("date,v", _D, range(8)), B=_table("date,v", _D, range(10, 18)))
    (folder / "README.md").write_text("no data")
    (folder / ".hidden.csv").write_text("no data")
    source = {"folder": folder, "glob": str(folder / "*.csv"), "list": [folder / "A.csv", folder / "B.csv"]}[how]
    panel, _ = read(source)
    assert panel.item_ids == ("A", "B")
    assert panel.history(1)[0] == 10


def test_files_that_follow_each_other_are_one_table(tmp_path: Path) -> None:
    folder = _folder(
        tmp_path, a=_table("date,v,w", _D[:4], range(4), range(4)), b=_table("date,v,w", _D[4:], range(4, 8), range(4))
    )
    panel, _ = read(folder)
    assert panel.item_ids == ("v", "w")
    assert panel.history(0).tolist() == list(range(8))


def test_an_error_in_the_second_file_names_that_file_and_its_line(tmp_path: Path) -> None:
    folder = _folder(tmp_path, a=_table("date,v", _D, range(8)), b=_table("date,v", _D, [1, 2, "inf", 4, 5, 6, 7, 8]))
    with pytest.raises(DataError, match=r"b\.csv, line 4, column 'v'"):
        read(folder)


def test_files_of_different_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="different columns: 'v', 'w'"):
        read(_folder(tmp_path, a="date,v\n2024-01-01,1\n", b="date,w\n2024-01-01,1\n"))


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no CSV"):
        read(tmp_path)


@pytest.mark.parametrize("source", ["nowhere.csv", "no*where.csv", "https://example.org/a.csv", "\x00"])
def test_what_is_not_there_is_an_error_that_names_it(source: str) -> None:
    with pytest.raises(DataError, match=r"no such file|no file matches|only local|not a path"):
        read(source)


@pytest.mark.parametrize("source", [None, 5, {"a": 1}, []])
def test_what_is_no_source_is_refused(source: object) -> None:
    with pytest.raises((ConfigError, DataError), match=r"no data|cannot be read as data"):
        read(source)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["plain", "gzip", "utf-16"])
def test_stdin_is_read_as_a_file_is(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD[name].content)))
    panel, report = read("-")
    assert (report.source, report.rows, panel.freq.alias) == ("stdin", 8, "D")


def test_zstandard_is_unpacked(tmp_path: Path) -> None:
    with pa.CompressedOutputStream(str(tmp_path / "a.csv.zst"), "zstd") as file:
        file.write(GOOD["plain"].content)
    assert read(tmp_path / "a.csv.zst")[1].rows == 8


def test_parquet_of_any_tool_is_read(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"id": pd.Categorical(["a"] * 4 + ["b"] * 4), "when": list(pd.date_range("2024", periods=4)) * 2, "y": range(8)}
    )
    frame.to_parquet(tmp_path / "x.parquet")
    panel, _ = read(tmp_path / "x.parquet")
    assert (panel.item_ids, panel.freq.alias, panel.history(1).tolist()) == (("a", "b"), "D", [4, 5, 6, 7])
    pq.write_table(pa.table({"y": pa.array([], pa.float64())}), tmp_path / "empty.parquet")
    with pytest.raises(DataError, match="no rows"):
        read(tmp_path / "empty.parquet")


def test_frames_and_arrow_tables_are_read() -> None:
    stamps = pd.date_range("2024-03-30", periods=60, freq="h", tz="Europe/Berlin")
    for source in (
        pd.DataFrame({"ds": stamps, "y": np.arange(60.0)}),
        pd.Series(np.arange(60.0), index=stamps, name="y"),
        pa.Table.from_pandas(pd.DataFrame({"ds": stamps, "y": np.arange(60.0)})),
    ):
        panel, report = read(source)
        assert (panel.freq.alias, panel.tz, report.missing) == ("h", "Europe/Berlin", 0)
        assert (report.first, report.last) == ("2024-03-30T00:00:00+01:00", "2024-04-01T12:00:00+02:00")


def test_a_frame_with_a_multi_index_or_periods_is_read() -> None:
    index = pd.MultiIndex.from_product([["a", "b"], pd.date_range("2024", periods=3)], names=["id", "day"])
    assert read(pd.DataFrame({"y": range(6)}, index=index))[0].item_ids == ("a", "b")
    assert read(pd.Series(range(5), index=pd.period_range("2024-01", periods=5, freq="M")))[0].freq.alias == "MS"


def test_a_frame_of_mixed_things_is_refused() -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read(pd.DataFrame({"a": [1, "x", [1]]}))


def test_reading_a_csv_does_not_import_pandas(tmp_path: Path) -> None:
    for name in (
        "plain",
        "named-months",
        "thousands",
        "uneven-items",
        "offset",
        "latin-1",
        "year-by-month",
        "us-padded-with-time",
    ):
        (tmp_path / f"{name}.csv").write_bytes(GOOD[name].content)
    code = (
        "import sys, pathlib\nfrom tsattn.data.reading.read import read\n"
        f"for path in sorted(pathlib.Path({str(tmp_path)!r}).glob('*.csv')):\n"
        "    read(path)\n    assert 'pandas' not in sys.modules, path\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# -- roles and covariates ----------------------------------------------------------------------------------------------


def test_covariates_become_features_and_known_ones_go_on_after_the_last_target(csv) -> None:
    panel, _ = csv(_SHOP + "2024-01-09,,1,\n2024-01-10,,0,\n", _ROLES)
    assert panel.schema.past_features == ("sky=sun",)
    assert panel.schema.references == ("sky=rain",)
    assert panel.schema.known_features == ("promo",)
    assert (panel.origin[0], panel.indptr[1]) == (8, 10)
    assert panel.known[:, 0].tolist() == [0, 1] * 4 + [1, 0]
    assert panel.past[:2].tolist() == [[1], [0]]
    assert np.isnan(panel.past[8:]).all()


def test_the_most_frequent_text_of_a_covariate_is_the_reference_level(csv) -> None:
    options = ReadOptions(target=("sales",), known=("kind",))
    panel, _ = csv(_table("day,sales,kind", _D, range(8), ["b", "c", "b", "a", "b", "", "c", "b"]), options)
    assert (panel.schema.known_features, panel.schema.references) == (("kind=a", "kind=c"), ("kind=b",))
    assert panel.known[[0, 1, 3]].tolist() == [[0, 0], [0, 1], [1, 0]]
    assert np.isnan(panel.known[5]).all()
    panel, _ = csv(_table("day,sales,kind", _D, range(8), ["b"] * 8), options)
    assert (panel.schema.known_features, panel.schema.references) == (("kind=b",), ())


def test_the_features_of_an_earlier_model_without_reference_levels_are_made_again(csv) -> None:
    earlier = Schema(target=("sales",), past=("sky",), past_features=("sky=rain", "sky=sun"))
    panel, report = csv(_SHOP.replace("rain", "snow", 1), schema=earlier)
    assert panel.past[:4].tolist() == [[0, 1], [0, 0], [0, 1], [1, 0]]
    assert "'snow' did not occur in training; encoded as all zeros" in report.warnings[0]


def test_without_known_covariates_rows_after_the_last_target_are_left_out(csv) -> None:
    panel, _ = csv(_SHOP + "2024-01-09,,1,\n", ReadOptions(target=("sales",), past=("promo",)))
    assert panel.origin[0] == panel.indptr[1] == 8


def test_a_schema_gives_the_same_features_again(csv) -> None:
    trained, _ = csv(_SHOP, _ROLES)
    panel, report = csv(_SHOP.replace("rain", "snow"), schema=trained.schema)
    assert panel.schema == trained.schema
    assert panel.past[:2].tolist() == [[1], [0]]
    assert "'snow' did not occur in training; treated as 'rain'" in report.warnings[0]
    panel, report = csv(_SHOP, schema=trained.schema)
    assert not report.warnings
    with pytest.raises(DataError, match="no column 'promo', a known covariate"):
        csv(_SHOP.replace("promo", "offer"), schema=trained.schema)
    with pytest.raises(DataError, match=r"line 2, column 'promo': 'no' is not a number"):
        csv(_table("day,sales,promo,sky", _D, range(8), ["no"] * 8, ["sun"] * 8), schema=trained.schema)


def test_a_schema_does_not_stand_in_the_way_of_other_data(csv) -> None:
    wide, _ = csv(_table("date,a,b", _D, range(8), range(8)))
    panel, _ = csv(_table("when,c", _D, range(8)), schema=wide.schema)
    assert panel.item_ids == ("c",)


@pytest.mark.parametrize(
    "name", ["year-by-month", "year-and-month-columns", "row-per-item", "date-and-time", "two-item-columns", "no-date"]
)
def test_a_source_reads_the_same_with_its_own_schema(csv, name: str) -> None:
    text = GOOD[name].content.decode()
    panel, _ = csv(text)
    again, _ = csv(text, schema=panel.schema)
    assert again.item_ids == panel.item_ids
    assert again.target.tobytes() == panel.target.tobytes()
    assert again.schema == panel.schema


def test_static_covariates_are_one_value_an_item(csv) -> None:
    text = _table("id,date,y,size", ["a"] * 8 + ["b"] * 8, _D * 2, range(16), ["L"] * 8 + ["S"] * 8)
    panel, _ = csv(text, ReadOptions(target=("y",), static=("size",)))
    assert panel.schema.static_features == ("size=L", "size=S")
    assert panel.static.tolist() == [[1, 0], [0, 1]]
    with pytest.raises(DataError, match="changes within"):
        csv(_SHOP, ReadOptions(target=("sales",), static=("sky",)))


def test_a_text_covariate_of_too_many_values_is_refused(csv) -> None:
    stamps = days("2024-01-01", 40)
    with pytest.raises(DataError, match="40 different texts"):
        csv(_table("date,y,note", stamps, range(40), [f"n{i}" for i in range(40)]), ReadOptions(past=("note",)))


def test_several_targets_of_a_long_table_are_items_of_their_own(csv) -> None:
    text = _table("id,date,p,q", ["a"] * 8 + ["b"] * 8, _D * 2, range(16), range(16, 32))
    panel, _ = csv(text, ReadOptions(target=("p", "q")))
    assert panel.item_ids == ("a/p", "b/p", "a/q", "b/q")
    assert panel.history(3)[0] == 24


def test_a_well_known_name_is_the_target_of_a_stock_table(csv) -> None:
    text = _table("symbol,date,open,high,close,volume", ["A"] * 8 + ["B"] * 8, _D * 2, *([range(16)] * 4))
    panel, report = csv(text)
    assert panel.schema.target == ("close",)
    assert ("target", "column 'close'", "--target") in [(f.what, f.value, f.flag) for f in report.found]


def test_one_column_in_two_roles_is_refused(csv) -> None:
    with pytest.raises(ConfigError, match="as target and as past"):
        csv(_SHOP, ReadOptions(target=("sales",), past=("sales",)))


def test_items_without_any_value_are_left_out_and_reported(csv) -> None:
    panel, report = csv(_table("id,date,y", ["a"] * 8 + ["b"] * 8, _D * 2, [*range(8), *[""] * 8]))
    assert panel.item_ids == ("a",)
    assert "'b'" in report.warnings[0]


def test_a_step_named_too_fine_is_warned_of(csv) -> None:
    rows = _table("day,v", _D, range(8))
    assert not csv(rows)[1].warnings
    panel, report = csv(rows, ReadOptions(freq="h"))
    assert panel.lengths.tolist() == [169]
    assert "only 8 of 169 steps of h have a row" in report.warnings[0]


def test_when_one_timestamp_is_years_off_then_the_warning_names_the_rows_around_the_gap(tmp_path):
    path = tmp_path / "d.csv"
    rows = [f"2024-01-{i:02d},{100 + i}" for i in range(1, 31)]
    path.write_text("\n".join(["day,sales", *rows, "2042-01-31,131"]) + "\n", "utf-8")
    _, report = read(path)
    (warning,) = [one for one in report.warnings if "have a row" in one]
    assert "line 31 and" in warning
    assert "line 32; check these timestamps" in warning


def test_an_item_called_na_is_no_missing_one(csv) -> None:
    panel, _ = csv(_table("country,date,value", ["NA"] * 8 + ["DE"] * 8, _D * 2, range(16)))
    assert panel.item_ids == ("NA", "DE")


# -- duplicates, resampling, frequency ---------------------------------------------------------------------------------

_TWICE = "date,v\n2024-01-01,1\n2024-01-02,2\n2024-01-02,4\n2024-01-03,3\n"


@pytest.mark.parametrize(("how", "value"), [("first", 2), ("last", 4), ("mean", 3), ("sum", 6)])
def test_differing_duplicates_are_combined_as_asked(csv, how: str, value: float) -> None:
    assert csv(_TWICE, ReadOptions(on_duplicate=how))[0].target.tolist() == [1, value, 3]


@pytest.mark.parametrize(("how", "value"), [("first", 4), ("last", 2)])
def test_first_and_last_mean_the_order_of_the_file_when_it_is_newest_first(csv, how: str, value: float) -> None:
    head, *rows = _TWICE.split()
    assert csv("\n".join([head, *rows[::-1]]), ReadOptions(on_duplicate=how))[0].target.tolist() == [1, value, 3]


@pytest.mark.parametrize(("agg", "first"), [("mean", 1), ("sum", 3), ("last", 2)])
def test_irregular_rows_are_brought_to_a_frequency(csv, agg: str, first: float) -> None:
    stamps = [f"2024-01-01 0{h}:{m}" for h in range(4) for m in ("03", "17", "44")]
    panel, _ = csv(_table("t,v", stamps, range(12)), ReadOptions(resample="1h", agg=agg))
    assert (panel.freq.alias, len(panel.target), panel.target[0]) == ("h", 4, first)
    assert panel.start[0] == np.datetime64("2024-01-01")


def test_weeks_start_on_monday_and_month_ends_are_last_days(csv) -> None:
    text = _table("t,v", days("2024-01-03", 40), [1] * 40)
    week, _ = csv(text, ReadOptions(resample="W", agg="sum"))
    assert (str(week.start[0])[:10], week.target.tolist()) == ("2024-01-01", [5, 7, 7, 7, 7, 7])
    month, _ = csv(text, ReadOptions(resample="ME", agg="sum"))
    assert (str(month.start[0])[:10], month.target.tolist()) == ("2024-01-31", [29, 11])


def test_a_frequency_that_is_asked_for_is_kept_to(csv) -> None:
    panel, report = csv(_table("t,v", days("2024-01-01", 4, 2), [1, 2, 3, 4]), ReadOptions(freq="D"))
    assert (panel.freq.alias, report.missing) == ("D", 3)
    with pytest.raises(DataError, match=r"line 7: 2024-01-06 is a weekend day"):
        csv(_table("t,v", _D, range(8)), ReadOptions(freq="B"))
    with pytest.raises(DataError, match=r"line 3: 2024-01-02 is not on the grid of W"):
        csv(_table("t,v", _D, range(8)), ReadOptions(freq="W"))


def test_one_row_needs_a_frequency(csv) -> None:
    with pytest.raises(DataError, match='freq="D"'):
        csv("d,v\n2024-01-01,5\n")
    assert csv("d,v\n2024-01-01,5\n", ReadOptions(freq="D"))[1].rows == 1


def test_numbered_rows_with_a_frequency_get_an_invented_start_and_say_so(csv) -> None:
    panel, report = csv("v\n1\n2\n3\n", ReadOptions(freq="h"))
    assert (panel.freq.alias, str(panel.start[0])[:10]) == ("h", "2000-01-03")
    assert "invented" in report.warnings[0]


def test_days_in_a_zone_stay_days_of_its_wall_clock(csv) -> None:
    panel, report = csv(_table("t,v", days("2024-03-29", 5), range(5)), ReadOptions(timezone="Europe/Berlin"))
    assert (panel.freq.alias, panel.tz, report.first, report.missing) == ("D", "Europe/Berlin", "2024-03-29", 0)


def test_a_late_value_of_another_type_does_not_spoil_the_column(csv) -> None:
    stamps = days("1950-01-01", 30_000)
    panel, _ = csv(_table("d,v", stamps, [*range(29_999), "1.5"]))
    assert panel.target[-1] == 1.5
    with pytest.raises(DataError, match=r"line 30001, column 'v': 'oops'"):
        csv(_table("d,v", stamps, [*range(29_999), "oops"]))


def test_big_unsorted_tables_are_put_in_order(csv) -> None:
    order = np.random.default_rng(0).permutation(3000)
    stamps = np.array(days("1990-01-01", 1000))
    rows = [(f"i{k // 1000}", stamps[k % 1000], k) for k in order.tolist()]
    panel, report = csv(_table("id,date,y", *map(list, zip(*rows, strict=True))))
    assert sorted(panel.item_ids) == ["i0", "i1", "i2"]
    for item, name in enumerate(panel.item_ids):
        np.testing.assert_array_equal(panel.history(item), np.float32(int(name[1]) * 1000 + np.arange(1000)))
    assert report.repaired[0].what.startswith("rows out of order")


def test_the_report_is_plain_values(csv) -> None:
    mapping = csv(_SHOP, _ROLES)[1].to_mapping()
    assert (mapping["items"], mapping["rows"], mapping["missing"], mapping["first"], mapping["last"]) == (
        1,
        8,
        0,
        "2024-01-01",
        "2024-01-08",
    )
    assert {"what": "frequency", "value": "D", "flag": "--freq"} in mapping["found"]


@pytest.mark.parametrize(("options", "near"), [({"target": ("Vale",)}, "value"), ({"timestamp": "dat"}, "date")])
def test_when_a_column_is_misspelt_then_the_nearest_is_named(csv, options, near):
    with pytest.raises(ConfigError, match=r"no such column|no column 'dat'") as caught:
        csv(_table("date,value", _D, range(8)), ReadOptions(**options))
    assert f"did you mean {near!r}?" in caught.value.hint


def test_when_a_file_is_missing_then_the_nearest_names_come_first(tmp_path):
    for name in ("a.csv", "b.csv", "c.csv", "d.csv", "e.csv", "weather.csv"):
        (tmp_path / name).write_text("x")
    with pytest.raises(DataError) as caught:
        read(tmp_path / "wether.csv")
    assert caught.value.hint.startswith("the folder has weather.csv, ")


def test_when_covariates_are_asked_for_then_the_report_lists_them_and_how_far_they_are_known(csv):
    text = _table("date,value,promo,rain", _D, [*range(5), "", "", ""], range(8), range(8))
    _, report = csv(text, ReadOptions(target=("value",), known=("promo",), past=("rain",)))
    found = {f.what: f.value for f in report.found}
    assert found["known covariates"] == "'promo'"
    assert found["past covariates"] == "'rain'"
    assert found["future rows"].startswith("3 ")


def test_when_dates_are_texts_then_the_report_shows_one_of_the_files_own(csv):
    _, report = csv(_table("date,value", [d.replace("-", "/") for d in _D], range(8)))
    assert {f.what: f.value for f in report.found}["timestamp"] == "column 'date', such as 2024/01/01"


@pytest.mark.parametrize("option", ["layout", "date_order", "date_system", "on_duplicate", "agg"])
def test_when_an_option_has_an_unknown_value_then_it_is_an_error_even_where_it_would_not_matter(csv, option):
    with pytest.raises(ConfigError, match=f"`{option}` must be .* or .*, not 'xyz'"):
        csv(_table("date,value", _D, range(8)), ReadOptions(**{option: "xyz"}))


def test_when_one_timestamp_comes_twice_then_the_count_reads_as_english(csv):
    with pytest.raises(DataError, match=r"with different values\n"):
        csv(_table("date,value", [*_D, _D[0]], range(9)))


@pytest.mark.parametrize("name", ["sku_{:02d}", "store_{}", "{}"])
def test_when_numbered_columns_stand_beside_dates_in_american_order_then_a_row_is_a_step(tmp_path, name):
    days = pd.date_range("2023-01-02", periods=60)
    columns = {name.format(k): np.arange(60) + k for k in range(1, 13)}
    pd.DataFrame({"date": days.strftime("%m/%d/%Y"), **columns}).to_csv(tmp_path / "wide.csv", index=False)
    panel, _ = read(tmp_path / "wide.csv")
    assert panel.item_ids == tuple(columns)
    assert panel.freq.alias == "D"
    assert panel.start[0] == np.datetime64("2023-01-02")
