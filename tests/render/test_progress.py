from __future__ import annotations

from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from tsattn.events import Work
from tsattn.render.progress import Lines, LiveLine


def step(**values: Any) -> Any:
    usual = {"phase": "fine-tuning", "step": 120, "steps": 900, "share": 0.43, "loss": 0.1234, "validation": 0.14, "best": 0.1301}
    return SimpleNamespace(**{**usual, "windows_per_second": 812.0, "remaining": 63.0, **values})


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (step(), "fine-tuning  ━━━━━━━  43 %  loss 0.1234, best 0.1301, 812 win/s, 1:03 left"),
        (step(share=None, best=None, validation=None), "fine-tuning  ━━━━━━━  13 %  loss 0.1234, 812 win/s, 1:03 left"),
        (Work("scoring", "naive", 150, 600, 90.0, 5.0), "scoring      ━━━━━━━  25 %  naive, 90 win/s, 0:05 left"),
        (
            Work("forecasting", "ensemble", 512, 1024, 9.0, 57.0, unit="series"),
            "forecasting  ━━━━━━━  50 %  ensemble, 9 series/s, 0:57 left",
        ),
        (Work("scoring", "naive", 15, 600, 0.0764, 5.0), "scoring      ━━━━━━━   2 %  naive, 0.076 win/s, 0:05 left"),
        (step(windows_per_second=0.0, share=0.0), "fine-tuning  ━━━━━━━   0 %  loss 0.1234, best 0.1301, 1:03 left"),
        (
            Work("reconciling", "ensemble", 0, 1794, 0.0, float("nan"), unit="forecasts"),
            "reconciling  ━━━━━━━   0 %  ensemble",
        ),
        (Work("forecasting", "ensemble", 0, 3000, 0.0, float("nan"), unit="series"), "forecasting  ━━━━━━━   0 %  ensemble"),
        (
            step(phase="from scratch", windows_per_second=12812.0, remaining=3663.0),
            "from scratch ━━━━━━━  43 %  loss 0.1234, best 0.1301, 12,812 win/s, 1:01:03 left",
        ),
    ],
)
def test_when_a_step_is_over_then_the_live_line_fits_80_columns_and_shows_phase_share_scores_rate_and_time(now, said):
    line = LiveLine(Console(file=StringIO(), width=80))
    line.now = now
    assert line.text().plain == said
    assert len(said) <= 80


def test_when_a_run_ends_on_a_terminal_then_the_live_line_is_gone():
    out = StringIO()
    line = LiveLine(Console(file=out, width=80, force_terminal=True))
    line(step())
    line.stop()
    assert "fine-tuning" in out.getvalue()
    assert out.getvalue().endswith("\x1b[2K")  # the line is erased


def test_when_there_is_no_terminal_then_only_the_last_step_of_a_short_run_is_a_line():
    out = StringIO()
    lines = Lines(Console(file=out, width=200).print)
    for number in (1, 2, 3):
        lines(step(step=number, steps=3))
    lines(Work("scoring", "naive", 600, 600, 90.0, 0.0))
    assert out.getvalue().splitlines() == [
        "fine-tuning, step 3 of 3: loss 0.1234, best 0.1301, 812 win/s, 1 min 3 s left",
        "scoring, 600 of 600 windows: naive, 90 win/s, 0.0 s left",
    ]


def test_when_there_is_no_terminal_then_a_step_that_is_announced_is_a_line():
    out = StringIO()
    Lines(Console(file=out, width=200).print)(Work("reconciling", "ensemble", 0, 1794, 0.0, float("nan"), unit="forecasts"))
    assert out.getvalue() == "reconciling, 0 of 1,794 forecasts: ensemble\n"
