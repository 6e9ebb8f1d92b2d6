"""Rows whose clock drifts by the same small amount at each step."""

from __future__ import annotations

import numpy as np
import pytest

START = np.datetime64("2024-03-01T00:00:00.000")


def rows(count: int, step_ms: int) -> str:
    return "t,x\n" + "".join(f"{str(START + k * step_ms).replace('T', ' ')},{k}\n" for k in range(count))


@pytest.mark.parametrize("step_ms", [300_001, 299_998])
def test_a_small_drift_is_moved_to_the_step_of_clocks_and_reported(take, step_ms):
    panel, report = take(rows(200, step_ms))
    assert (panel.freq.alias, panel.start[0]) == ("5min", START)
    assert panel.history(0).tolist() == [float(k) for k in range(200)]
    assert any("clock that drifts" in repair.what for repair in report.repaired)


def test_a_drift_of_a_large_part_of_a_step_keeps_its_step(take):
    assert take(rows(600, 300_200))[0].freq.alias == "300200ms"


def test_a_step_of_seconds_that_is_no_step_of_clocks_is_kept(take):
    assert take(rows(50, 310_000))[0].freq.alias == "310s"
