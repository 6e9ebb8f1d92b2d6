"""Logs of events: steps without rows are missing, or have the value that --fill names."""

from __future__ import annotations

import numpy as np

from tsattn.data.reading.read import read

DAYS = [1, 2, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 26, 27, 28]
LOG = "time,orders\n" + "".join(f"2024-02-{d:02d} {h}:17,{d}\n" for d in DAYS for h in ("09", "15"))


def test_with_fill_the_steps_without_rows_have_its_value(take):
    panel, report = take(LOG, resample="D", agg="sum", fill=0.0)
    assert panel.history(0).tolist() == [2.0 * d if d in DAYS else 0.0 for d in range(1, 29)]
    assert any("filled with 0" in r.what for r in report.repaired)


def test_without_fill_they_are_missing_and_a_warning_names_the_option(take):
    panel, report = take(LOG, resample="D", agg="sum", calendar="none")
    assert np.isnan(panel.history(0)).sum() == 8
    assert any("--fill 0" in w for w in report.warnings)


def test_the_report_names_the_longest_gap_with_its_series_and_no_gap_of_one_row(tmp_path):
    days = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-01-31"))
    lines = [
        f"{day},{name},{k}"
        for name, gaps in (("a", {3, 4}), ("b", {7, 12, 13, 14}))
        for k, day in enumerate(days)
        if k not in gaps
    ]
    path = tmp_path / "gaps.csv"
    path.write_text("\n".join(["date,item,value", *lines]) + "\n")
    _, report = read(str(path))
    said = [repair.where for repair in report.repaired if repair.what.startswith("missing rows")]
    assert len(said) == 1
    assert said[0].endswith("gaps.csv, line 5; longest: 3 rows from 2024-01-13 in item 'b'")
    path.write_text("date,value\n" + "".join(f"{day},{k}\n" for k, day in enumerate(days) if k != 7))
    _, report = read(str(path))
    assert not any("longest" in repair.where for repair in report.repaired)
