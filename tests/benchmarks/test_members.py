"""Table of ensemble members and the ensemble, on the windows before the test windows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.members import main, summary


def test_the_summary_compares_the_ensemble_with_its_best_member() -> None:
    rows = [
        {"set": "a", "model": "x", "MASE": 2.0, "WQL": 0.2, "coverage": 0.9},
        {"set": "a", "model": "y", "MASE": 1.0, "WQL": 0.4, "coverage": 0.9},
        {"set": "a", "model": "ensemble", "MASE": 1.1, "WQL": 0.1, "coverage": 0.8},
    ]
    assert summary(rows) == [{"set": "a", "coverage": 0.8, "MASE": 1.1, "WQL": 0.5}]


def test_a_small_set_is_scored_before_its_test_windows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng, hours = np.random.default_rng(0), np.arange(330)
    for piece, (start, end) in {"train": (0, 282), "test": (282, 330)}.items():
        lines = ["id," + ",".join(f"V{i}" for i in range(end - start))]
        for i in range(3):
            y = 20 + 5 * np.sin(2 * np.pi * hours / 24 + i) + 0.2 * rng.normal(size=330)
            lines.append(f"H{i}," + ",".join(map(str, y[start:end])))
        (tmp_path / f"M4-Hourly-{piece}.csv").write_text("\n".join(lines))
    options = ["--data", str(tmp_path), "--model", "naive", "--set", "m4_hourly", "--members", "seasonal-naive,ridge", "--json"]
    assert main([*options, "--before"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [row["model"] for row in report["rows"]] == ["naive", "seasonal-naive", "ridge", "naive + members"]
    assert report["summary"][0]["MASE"] < 1.05
