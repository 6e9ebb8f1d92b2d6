"""Parquet datasets in pieces of whole items: what can be streamed, and that it gives what reading it whole gives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.batch.conftest import environment, start
from tests.batch.test_run import stored
from tsattn.batch.parquet_blocks import files_of, groups_of, pieces
from tsattn.cli.main import main

JOB = """
[[job]]
name = "a"
input = "{data}"
model = "tiny"
horizon = 12
outputs = ["out/f.csv", "out/f.parquet", "out/ds/", "sqlite:///out/f.db#t"]
block_rows = {rows}
"""
COLUMNS = ("item_id", "timestamp", "target")


def table(items: list[str], hours: int = 100, seed: int = 0) -> pa.Table:
    """Hourly waves, one item after the other."""
    rng = np.random.default_rng(seed)
    stamps = np.datetime64("2024-01-01T00:00", "us") + np.arange(hours) * np.timedelta64(3600, "s")
    wave = 10 + 3 * np.sin(np.arange(hours) * 2 * np.pi / 24)
    values = np.tile(wave, len(items)) + rng.normal(0, 0.3, hours * len(items))
    names = [name for name in items for _ in range(hours)]
    return pa.table({"item_id": names, "timestamp": pa.array(np.tile(stamps, len(items))), "target": values.astype(np.float32)})


def in_pieces(data: Path | str, rows: int, item: str = "item_id"):
    return pieces(groups_of(files_of(data)), item, COLUMNS, rows)


@pytest.mark.parametrize("names", [[f"i{n:02d}" for n in range(10)], [f"i{n}" for n in range(12)]], ids=["sorted", "by number"])
@pytest.mark.parametrize("group", [70, 250, 1000])
def test_when_items_stand_together_then_pieces_hold_each_item_whole_and_once(tmp_path, names, group):
    whole = table(names)
    pq.write_table(whole, tmp_path / "data.parquet", row_group_size=group)
    made = in_pieces(tmp_path / "data.parquet", 300)
    read = [piece.read() for piece in made]
    assert len(read) > 1 or group == 1000
    assert pa.concat_tables([t.cast(whole.schema) for t in read if t.num_rows]).equals(whole)
    kept = [set(t["item_id"].to_pylist()) for t in read]
    assert sum(map(len, kept)) == len(set().union(*kept)) == len(names)
    assert all(piece.rows <= max(300, group) for piece in made)


def test_when_one_item_spans_many_row_groups_then_it_is_in_one_piece(tmp_path):
    whole = pa.concat_tables([table(["a"], 50), table(["b"], 1000), table(["c"], 50)])
    pq.write_table(whole, tmp_path / "data.parquet", row_group_size=90)
    read = [piece.read() for piece in in_pieces(tmp_path / "data.parquet", 100)]
    assert [t.num_rows for t in read if "b" in t["item_id"].to_pylist()] == [1050]
    assert sum(t.num_rows for t in read) == 1100


def test_when_files_follow_each_other_in_any_order_then_they_are_sorted_by_what_they_hold(tmp_path):
    for name, items in (("1.parquet", ["c", "d"]), ("2.parquet", ["a", "b"])):
        pq.write_table(table(items), tmp_path / name)
    read = [piece.read()["item_id"][0].as_py() for piece in in_pieces(tmp_path, 200)]
    assert read == ["a", "c"]


def test_when_an_item_is_in_two_places_then_it_is_said_and_nothing_is_cut(tmp_path):
    pq.write_table(table(["a", "c", "b", "a"]), tmp_path / "data.parquet", row_group_size=200)
    assert "two places" in in_pieces(tmp_path / "data.parquet", 100)
    by_time = table(["a", "b"]).sort_by("timestamp")
    pq.write_table(by_time, tmp_path / "data.parquet", row_group_size=100)
    assert "not sorted by item_id" in in_pieces(tmp_path / "data.parquet", 100)


def test_when_items_stand_in_the_path_then_they_are_a_column(tmp_path):
    for name in ("x y", "z"):
        folder = tmp_path / f"item_id={name.replace(' ', '%20')}"
        folder.mkdir()
        pq.write_table(table([name]).drop_columns(["item_id"]), folder / "part-0.parquet")
    read = [piece.read() for piece in in_pieces(tmp_path, 100)]
    assert [set(t["item_id"].to_pylist()) for t in read] == [{"x y"}, {"z"}]


def results(folder: Path) -> list[object]:
    partitions = {
        str(p.relative_to(folder)): pq.read_table(p, partitioning=None) for p in sorted(folder.glob("ds/*/*/*.parquet"))
    }
    return [(folder / "f.csv").read_text("utf-8"), pq.read_table(folder / "f.parquet"), partitions, stored(folder / "f.db", "t")]


@pytest.mark.parametrize("as_of", [(), ("--as-of", "2024-01-04T12:00")])
def test_when_a_dataset_is_streamed_then_its_results_are_those_of_the_whole(jobs, house, as_of, capsys):
    # an item that begins late, one that is too short, one that has no value, and one that ends early
    odd = [
        table(["late"], 3).set_column(
            1, "timestamp", pa.array(np.array(["2024-01-05"] * 3, "datetime64[us]") + np.arange(3) * 3_600_000_000)
        )
    ]
    odd += [table(["short"], 2), table(["early"], 90)]
    odd += [table(["void", "w"]).set_column(2, "target", pa.nulls(200, pa.float32()))]
    whole = pa.concat_tables([table([f"i{n:03d}" for n in range(30)]), *odd]).sort_by([("item_id", "ascending")])
    pq.write_table(whole, house / "data.parquet", row_group_size=230)
    (house / "whole").mkdir()
    found = []
    for rows in (300, 10**6):
        assert main(["run", str(jobs(JOB.format(data="data.parquet", rows=rows))), "--json", *as_of]) == 4
        said = capsys.readouterr()
        run = json.loads(said.out)["jobs"][0]
        assert "read into memory" not in said.err
        found.append(
            [
                results(house / "out"),
                {k: run[k] for k in ("items", "done", "fallback", "failed", "rows", "cutoff", "run_id", "details")},
            ]
        )
    assert found[0][1] == found[1][1]
    assert found[0][0] == found[1][0]
    assert {bad["item_id"] for bad in run["details"]["failures"]} == {"void", "w"}


def test_when_a_dataset_cannot_be_streamed_then_it_is_read_whole_and_that_is_said(jobs, house, capsys):
    pq.write_table(table(["a", "b"]).sort_by("timestamp"), house / "data.parquet", row_group_size=100)
    assert main(["run", str(jobs(JOB.format(data="data.parquet", rows=100)))]) == 0
    assert "all rows are read into memory:" in capsys.readouterr().err


def test_when_a_later_file_lacks_a_column_then_it_is_named_and_nothing_is_written(jobs, house, capsys):
    (house / "data").mkdir()
    pq.write_table(table(["a"]), house / "data" / "1.parquet")
    pq.write_table(table(["b"]).rename_columns(["item_id", "timestamp", "other"]), house / "data" / "2.parquet")
    assert main(["run", str(jobs(JOB.format(data="data", rows=100))), "--json", "-q"]) == 1
    assert "2.parquet: no column 'target'" in json.loads(capsys.readouterr().out)["jobs"][0]["error"]
    assert not (house / "out").exists()


def test_when_a_dataset_has_ten_times_the_items_then_memory_does_not_grow(jobs, house):
    peaks = []
    for items in (120, 1200):
        pq.write_table(table([f"i{n:05d}" for n in range(items)], 500), house / "data.parquet", row_group_size=20_000)
        child = start("run", jobs(JOB.format(data="data.parquet", rows=20_000)), "--json", "-q")
        run = json.loads(child.communicate(timeout=600)[0])["jobs"][0]
        assert run["done"] == items
        peaks.append(run["peak_mib"])
    assert peaks[1] < peaks[0] + 40, f"MiB at 120 and 1200 items: {peaks}"  # read whole, it grows by more than 60


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on a process's memory")
def test_when_memory_is_limited_then_a_dataset_of_many_times_its_size_is_forecast(jobs, house):
    """A quarter of the 2 GiB that a million items may take: see benchmarks/batch.py for those."""
    pq.write_table(table([f"i{n:05d}" for n in range(3000)], 500), house / "data.parquet", row_group_size=20_000)
    code = "import resource, runpy; resource.setrlimit(resource.RLIMIT_DATA, (512 << 20, 512 << 20)); "
    code += "runpy.run_module('tsattn', run_name='__main__')"
    path = jobs(JOB.format(data="data.parquet", rows=20_000))
    command = [sys.executable, "-c", code, "run", str(path), "--json", "-q"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)["jobs"][0]
    assert run["done"] == 3000
