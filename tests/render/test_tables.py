"""Tables and sentences in unusual cases."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from tsattn.data.report import Finding, ReadReport
from tsattn.render import tables
from tsattn.render.console import stdout


def drawn() -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, width=120, color_system=None), text


def test_when_nothing_of_a_training_was_kept_then_it_does_not_count_steps():
    console, text = drawn()
    fitted = {"steps": 0, "seconds": 0.0, "stopped": "finished", "device": "cpu", "precision": "fp32", "best_step": 0}
    tables.trained(
        console, {**fitted, "parameters": 5, "validation": None}, "m/1", Path("here"), "training did not beat zero-shot"
    )
    assert text.getvalue().splitlines() == [
        "training did not beat zero-shot",
        "saved: m/1 in here",
        "next: tsattn forecast",
    ]


def test_when_zero_shot_is_better_than_the_trained_model_then_the_next_command_uses_it():
    console, text = drawn()
    fitted = {"steps": 0, "stopped": "finished", "best_step": 0, "validation": None}
    tables.trained(console, fitted, "m/1", Path("here"), options="--model zero-shot")
    assert text.getvalue().splitlines()[-1] == "next: tsattn forecast --model zero-shot"


def test_when_scores_are_shown_then_the_table_fits_80_columns_and_the_metrics_can_be_chosen():
    row = {"MASE": 10.8637, "WQL": 0.0769, "RMSE": 1234.18, "sMAPE": 0.194, "MAE": 4.5, "coverage": 1.0}
    rows = [{"model": name, **row, "skill_MASE": -0.475, "skill_WQL": -1.239} for name in ("m" * 40 + " + members", "naive")]
    console, text = drawn()
    tables.scores(console, rows, "Backtest")
    lines = text.getvalue().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 80
    assert "mmm…" in lines[4]  # a long name is cut in the middle
    assert lines[4].rstrip().endswith("-123.9 %")
    console, text = drawn()
    tables.scores(console, [{**row, "coverage_95": 0.951} for row in rows], "Backtest", tables.WIDE_COLUMNS)
    assert max(len(line.rstrip()) for line in text.getvalue().splitlines()) <= 80
    assert "95 %" in text.getvalue().splitlines()[1]
    console, text = drawn()
    tables.scores(console, rows, columns=("MAE",))
    assert [line.split()[-1] for line in text.getvalue().splitlines() if "MAE" in line or "mmm" in line] == ["MAE", "4.500"]
    assert "MASE" not in text.getvalue()


def test_when_data_are_monthly_then_the_report_shows_months_as_the_forecasts_do():
    for day, freq, ends in (
        ("01", "MS", "2024-01 to 2024-12"),
        ("31", "ME", "2024-01 to 2024-12"),
        ("31", "D", "2024-01-31 to 2024-12-31"),
    ):
        console, text = drawn()
        found = (Finding("frequency", freq),)
        tables.report(console, ReadReport("a.csv", found, items=1, rows=12, first=f"2024-01-{day}", last=f"2024-12-{day}"))
        assert ends in text.getvalue()


def test_when_a_table_goes_through_a_pipe_then_a_row_of_any_length_is_one_line(capsys):
    made = tables.table("what", "why")
    made.add_row("row", "because " * 40 + "end")
    tables.show(stdout(), made)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[-1].rstrip().endswith("end")


def test_when_a_table_is_printed_then_only_show_sets_its_width():
    """All tables wrap alike, on a terminal only."""
    folder = Path(tables.__file__).parent
    sources = {path.name: path.read_text("utf-8") for path in folder.glob("*.py")}
    assert [name for name, text in sources.items() if "print(" in text and "width=max(NARROW" in text] == ["tables.py"]
    around = re.compile(r"console\.print\((drawn|made|found|shown|tree)\)|console\.print\(table\(")
    assert not [name for name, text in sources.items() if around.search(text)]
