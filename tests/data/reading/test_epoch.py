"""Whole numbers of seconds since 1970 are the timestamp, whatever their column's place and the order of the rows."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from tsattn.config import ReadOptions
from tsattn.data.panel import Panel
from tsattn.data.reading.read import read
from tsattn.errors import DataError

_START = 1_679_270_400  # 2023-03-20T00:00Z
_HOURS = [_START + 3600 * k for k in range(60)]
_NAMES = ("ts", "t", "time", "created_at", "createdAt", "event_time", "event_ts", "timestamp", "updated_at", "epoch")


@pytest.fixture
def csv(tmp_path: Path):
    def take(header: tuple[str, ...], rows: list[tuple], options: ReadOptions = ReadOptions()) -> tuple[Panel, str]:
        path = tmp_path / "data.csv"
        path.write_text("\n".join(",".join(map(str, row)) for row in (header, *rows)) + "\n")
        panel, report = read(path, options)
        return panel, next(f.value for f in report.found if f.what == "timestamp")

    return take


def _shuffled(rows: list[tuple]) -> list[tuple]:
    return random.Random(0).sample(rows, len(rows))


def _is_hourly(panel: Panel) -> bool:
    starts = panel.start == np.datetime64("2023-03-20T00:00", "us")
    return panel.freq.alias == "h" and bool(starts.all()) and panel.tz == "UTC"


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("name", _NAMES)
def test_epochs_of_one_series_are_the_timestamp(csv, name: str, last: bool, shuffle: bool) -> None:
    rows = [(50 + k / 4, e) if last else (e, 50 + k / 4) for k, e in enumerate(_HOURS)]
    panel, found = csv(("value", name) if last else (name, "value"), _shuffled(rows) if shuffle else rows)
    assert found == f"column {name!r}, written as epoch s"
    assert _is_hourly(panel)
    assert panel.item_ids == ("value",)
    np.testing.assert_array_equal(panel.history(0), np.float32(50 + np.arange(60) / 4))


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("header", [(n, "sensor", "value") for n in _NAMES] + [("sensor", n, "value") for n in _NAMES])
def test_epochs_of_a_long_table_are_the_timestamp(csv, header: tuple[str, ...], shuffle: bool) -> None:
    cells = [
        {"sensor": s, "value": 100 * n + k, header[0]: e, header[1]: e} for k, e in enumerate(_HOURS) for n, s in enumerate("ab")
    ]
    rows = [tuple({**row, "sensor": s}[name] for name in header) for row, s in zip(cells, "ab" * 60, strict=True)]
    panel, found = csv(header, _shuffled(rows) if shuffle else rows)
    assert "written as epoch s" in found
    assert _is_hourly(panel)
    for i, item in enumerate(panel.item_ids):
        np.testing.assert_array_equal(panel.history(i), 100 * "ab".index(item) + np.arange(60))


def test_a_first_column_of_epochs_on_a_grid_is_the_timestamp_whatever_its_name_and_order(csv) -> None:
    panel, _ = csv(("x", "value"), _shuffled([(e, k) for k, e in enumerate(_HOURS)]))
    assert _is_hourly(panel)
    assert panel.history(0).tolist() == list(range(60))


def test_a_repeated_epoch_is_merged_where_its_rows_agree_and_refused_where_they_do_not(csv) -> None:
    rows = [(e, k) for k, e in enumerate(_HOURS)]
    panel, _ = csv(("ts", "value"), [*rows, rows[7]])
    assert _is_hourly(panel)
    assert panel.history(0).tolist() == list(range(60))
    with pytest.raises(DataError, match="duplicate timestamp 2023-03-20 07:00:00 with different values"):
        csv(("ts", "value"), [*rows, (rows[7][0], 5)])


@pytest.mark.parametrize("unit", [1_000, 1_000_000])
def test_epochs_in_finer_units_are_the_timestamp(csv, unit: int) -> None:
    panel, _ = csv(("sensor", "created_at", "value"), _shuffled([(s, e * unit, k) for k, e in enumerate(_HOURS) for s in "ab"]))
    assert _is_hourly(panel)
    assert sorted(panel.item_ids) == ["a", "b"]


@pytest.mark.parametrize("name", ["ts_id", "revenue", "count_at", "flat"])
def test_large_whole_numbers_under_another_name_stay_a_series(csv, name: str) -> None:
    days = [str(d) for d in np.datetime64("2024-01-01") + np.arange(30)]
    numbers = [1_700_000_000 + 977 * (k * k % 31) for k in range(30)]
    panel, found = csv(("date", name), list(zip(days, numbers, strict=True)))
    assert panel.item_ids == (name,)
    assert "'date'" in found
    panel, found = csv(("a", name), list(zip(range(30, 60), numbers, strict=True)))
    assert name in panel.item_ids
    assert found == "none: the rows are numbered"


def test_small_numbers_in_a_column_called_ts_stay_a_series(csv) -> None:
    panel, _ = csv(("value", "ts"), [(k * k % 7, 1990 + k % 5) for k in range(30)])
    assert panel.item_ids == ("value", "ts")
    assert not panel.freq.has_clock
