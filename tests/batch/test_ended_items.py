"""The key `ended_items`: series that ended long ago are forecast, or left out of outputs, counts and detection."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.batch.conftest import rows, write_csv
from tests.batch.test_parquet_blocks import table
from tsattn.batch.ended_items import without_ended
from tsattn.batch.job_file import read_jobs
from tsattn.cli.main import main
from tsattn.data.panel import Panel
from tsattn.errors import ConfigError

JOB = """
[[job]]
name = "a"
input = "data.csv"
model = "tiny"
horizon = 12
outputs = "f.parquet"
"""
SKIP = 'ended_items = "skip"\n'
STREAMED = JOB.replace("data.csv", "data.parquet") + "block_rows = 90\n"


def run(path, capsys) -> tuple[dict, str]:
    assert main(["run", str(path), "--json"]) == 0
    said = capsys.readouterr()
    return json.loads(said.out)["jobs"][0], said.err


def written(house) -> dict[str, list[float]]:
    """The medians in the output, by item."""
    found: dict[str, list[float]] = {}
    for row in pq.read_table(house / "f.parquet").to_pylist():
        found.setdefault(row["item_id"], []).append(row["0.5"])
    return found


def test_when_ended_items_are_skipped_then_only_the_others_are_written_and_their_forecasts_stay(jobs, house, capsys):
    write_csv(house / "data.csv", [*rows(), *rows(1, 100, lead="shut")])
    run(jobs(JOB), capsys)
    every = written(house)
    assert set(every) == {"a00", "a01", "shut00"}
    made, log = run(jobs(JOB + SKIP), capsys)
    assert written(house) == {item: every[item] for item in ("a00", "a01")}
    counts = [made[key] for key in ("items", "done", "fallback", "failed", "ended_items", "rows")]
    assert counts == [3, 2, 0, 0, 1, 24]
    assert made["details"]["ended"] == [{"item_id": "shut00", "end": "2024-01-05 03:00"}]
    assert "1 series ended long ago and left out, such as shut00 at 2024-01-05 03:00" in log
    assert "its forecast begins where it ends" not in log


def test_when_a_kept_forecast_is_of_a_series_that_ended_then_the_note_names_the_key_that_leaves_it_out(
    jobs, house, capsys, monkeypatch
):
    from tsattn.batch import outputs

    write_csv(house / "data.csv", [*rows(), *rows(1, 100, lead="shut")])
    path = jobs(JOB.replace("f.parquet", "f-{item_id}.csv"))
    for kept, named in ((["shut00"], True), (["shut00", "a00"], False)):
        monkeypatch.setattr(outputs, "better_stored", lambda *_, kept=kept: kept)
        made, _ = run(path, capsys)
        assert ('ended_items = "skip" leaves such series out' in made["details"]["kept"][0]) is named


def test_when_the_clock_has_a_zone_then_the_cutoff_in_the_log_has_it(jobs, house, capsys):
    write_csv(house / "data.csv", [line.replace(":00,", ":00+00:00,") for line in rows()])
    _, log = run(jobs(JOB), capsys)
    assert ", cutoff 2024-01-09 07:00:00+00:00 UTC" in log


def test_when_blocks_are_read_one_by_one_then_those_before_the_newest_row_leave_out_ended_items_too(jobs, house, capsys):
    data = pa.concat_tables([table(["a", "b"], 40), table(["c"], 100), table(["d"], 50), table(["e"], 110)])
    pq.write_table(data, house / "data.parquet", row_group_size=10)
    made, _ = run(jobs(STREAMED), capsys)
    every = written(house)
    assert (made["done"], set(every)) == (5, set("abcde"))
    made, log = run(jobs(STREAMED + SKIP + "detect = { level = 0.999, last = 10 }\n"), capsys)
    assert written(house) == {item: every[item] for item in "ce"}
    assert [made[key] for key in ("items", "done", "failed", "ended_items", "rows")] == [5, 2, 0, 3, 24]
    assert {one["item_id"] for one in made["details"]["ended"]} == set("abd")
    assert made["details"]["scored_rows"] == 20
    assert "3 series ended long ago and left out" in log


def test_when_an_ended_item_cannot_be_forecast_then_its_fallback_is_not_written_and_it_counts_once(jobs, house, capsys):
    data = pa.concat_tables([table(["a"], 2), table(["b"], 100), table(["c"], 100)])
    pq.write_table(data, house / "data.parquet", row_group_size=1)
    made, _ = run(jobs(STREAMED.replace("90", "101") + SKIP), capsys)
    assert [made[key] for key in ("items", "done", "fallback", "ended_items", "rows")] == [3, 2, 0, 1, 24]
    assert set(written(house)) == {"b", "c"}


def test_when_no_item_ended_or_a_late_one_did_then_all_are_written(jobs, house, capsys):
    write_csv(house / "data.csv", [*rows(), *rows(1, 180, lead="late")])
    made, log = run(jobs(JOB + SKIP), capsys)
    assert set(written(house)) == {"a00", "a01", "late00"}
    assert (made["ended_items"], "ended" in made["details"]) == (0, False)
    assert "left out" not in log


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('ended_items = "drop"', "ended_items: must be one of forecast, skip, not 'drop'"),
        ("ended_items = true", "ended_items: must be a text"),
        (
            'ended_items = "skip"\nsums = "total=a00+a01"',
            'sums need all their parts, so "skip" cannot be combined with hierarchy or sums',
        ),
    ],
)
def test_when_the_key_makes_no_sense_then_the_mistake_is_named_with_its_line(jobs, house, keys, said):
    with pytest.raises(ConfigError, match=r"line 8: ended_items") as caught:
        read_jobs(jobs(f"{JOB}{keys}\n"))
    assert said in str(caught.value)


def test_when_a_block_is_older_than_the_newest_row_then_all_of_its_items_have_ended():
    panel = Panel.from_arrays([np.ones(10), np.ones(3)], freq="D", start="2024-01-01", item_ids=["x", "y"])
    assert without_ended(panel)[0].count == 0
    ended, left = without_ended(panel, np.datetime64("2024-02-01", "us"))
    assert (ended.count, ended.named, len(left)) == (2, (("x", "2024-01-10"), ("y", "2024-01-03")), 0)
