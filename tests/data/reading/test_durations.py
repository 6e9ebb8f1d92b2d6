"""Durations as values: seconds, with a note, and a stop where a text has two readings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import tsattn
from tests.data.reading.kinds import ISO
from tsattn.errors import DataError

SECONDS = [160 + 97 * k for k in range(len(ISO))]


def clock(s: int) -> str:
    return f"{s // 3600}:{s // 60 % 60:02d}:{s % 60:02d}"


WAYS = {
    "clock": clock,
    "clock with days": lambda s: f"{s // 1000} days {clock(s % 1000).zfill(8)}",
    "negative": lambda s: f"-{clock(s)}",
    "ISO 8601": lambda s: f"PT{s // 3600}H{s // 60 % 60}M{s % 60}S",
    "words": lambda s: f"{s // 3600}h {s // 60 % 60}m {s % 60}s",
    "words without blanks": lambda s: f"{s // 60}min{s % 60}sec",
    "minutes and seconds beside hours": lambda s: f"{s // 60}:{s % 60:02d}" if s < 600 else clock(s),
}
MEANT = {"clock with days": lambda s: s // 1000 * 86_400 + s % 1000, "negative": lambda s: -s}


@pytest.mark.parametrize("way", WAYS)
def test_durations_are_read_as_seconds_with_a_note(table, way):
    panel, report = table("day,spent", [f"{day},{WAYS[way](s)}" for day, s in zip(ISO, SECONDS, strict=True)])
    assert panel.target.tolist() == [MEANT.get(way, lambda s: s)(s) for s in SECONDS]
    (note,) = [one for one in report.repaired if "duration" in one.what]
    assert note.what == "durations read as seconds"
    assert note.where == f"column 'spent', such as {WAYS[way](SECONDS[0])!r}"


def test_amounts_in_hours_or_minutes_are_one_column_of_durations_and_missing_values_stay_missing(table):
    cells = ["2 h", "45 min", "n/a", "1.5 h", *["30 min"] * (len(ISO) - 4)]
    panel, _ = table("day,spent", [f"{day},{cell}" for day, cell in zip(ISO, cells, strict=True)])
    np.testing.assert_array_equal(panel.target[:5], np.float32([7200, 2700, np.nan, 5400, 1800]))


def test_amounts_of_one_unit_keep_their_unit(table):
    panel, report = table("day,depth", [f"{day},{20 + k} m" for k, day in enumerate(ISO)])
    assert panel.target[0] == 20
    assert not [one for one in report.repaired if "duration" in one.what]


@pytest.mark.parametrize(("header", "size"), [("pace (mm:ss)", 1), ("open_hh:mm", 60)])
def test_a_header_says_what_the_parts_of_a_pair_are(table, header, size):
    panel, _ = table(f"day,{header}", [f"{day},{10 + k}:30" for k, day in enumerate(ISO)])
    assert panel.target[:2].tolist() == [size * (60 * 10 + 30), size * (60 * 11 + 30)]


def test_a_pair_with_two_readings_stops_with_its_line_and_what_to_write(table):
    with pytest.raises(
        DataError, match="line 2, column 'pace': '10:30' may be minutes and seconds, or hours and minutes"
    ) as error:
        table("day,pace", [f"{day},{10 + k}:30" for k, day in enumerate(ISO)])
    assert "'pace (mm:ss)'" in error.value.hint


def test_a_text_among_durations_stops_with_its_line(table):
    cells = ["1:02:30", "soon", *["0:10:00"] * (len(ISO) - 2)]
    with pytest.raises(DataError, match="line 3, column 'spent': 'soon' is not a duration, but '1:02:30' is") as error:
        table("day,spent", [f"{day},{cell}" for day, cell in zip(ISO, cells, strict=True)])
    assert "--missing soon" in error.value.hint


def test_times_beside_numbers_are_read_only_where_they_are_named(table):
    rows = [f"{day},0:{10 + k}:07,{k}" for k, day in enumerate(ISO)]
    assert table("day,spent,km", rows)[0].schema.target == ("km",)
    panel, _ = table("day,spent,km", rows, target=("km",), past=("spent",))
    assert panel.past[:2, 0].tolist() == [607, 667]
    assert table("day,spent,km", rows, target=("spent",))[0].target[0] == 607


def test_times_of_day_stay_texts_where_they_are_no_target(table):
    rows = [f"{day},{8 + k % 3:02d}:30,{'yes' if k % 2 else 'no'}" for k, day in enumerate(ISO)]
    panel, _ = table("day,opens,busy", rows)
    assert panel.schema.target == ("busy",)
    numbered = [f"{row},{k}" for k, row in enumerate(rows)]
    panel, _ = table("day,opens,busy,sold", numbered, target=("sold",), known=("opens",))
    assert panel.schema.known_features == ("opens=09:30", "opens=10:30")


def test_time_deltas_of_a_data_frame_are_seconds():
    spent = pd.to_timedelta([90.5, np.nan, -3, *range(10)], unit="s")
    frame = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=13), "spent": spent})
    found = tsattn.ingest(frame)
    np.testing.assert_array_equal(found.panel.target[:4], np.float32([90.5, np.nan, -3, 0]))
    assert any(str(one).endswith("(first: column 'spent', such as 'PT90.5S')") for one in found.report.repaired)
