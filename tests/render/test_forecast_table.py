"""The table of a forecast: figures, quantiles, sparklines and names in the width there is."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from tsattn.data.panel import Panel
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.frame import DEFAULT_QUANTILES, Forecast
from tsattn.forecasting.predict import predict
from tsattn.render import forecast_table


def drawn() -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, width=120, color_system=None), text


def lines_of(made: Forecast, panel: Panel, **options: bool) -> list[str]:
    console, text = drawn()
    forecast_table.forecast(console, made, panel, "naive", **options)
    return [line.rstrip() for line in text.getvalue().splitlines()]


def sales(scale: float = 1.0, quantiles: tuple[float, ...] = DEFAULT_QUANTILES) -> tuple[Forecast, Panel]:
    """A forecast of small counts, times `scale`."""
    counts = scale * np.random.default_rng(0).poisson(3, 140)
    panel = Panel.from_arrays([counts], freq="D", item_ids=["kiosk"])
    return predict(SeasonalNaive(7), panel, horizon=7, quantiles=quantiles)[0], panel


def test_when_one_value_is_far_out_then_the_line_still_shows_the_others():
    week = np.tile(np.arange(7.0), 12) + np.random.default_rng(0).random(84) / 10
    odd = week.copy()
    odd[70] = 500
    lines = []

    class Cleaned(SeasonalNaive):
        raw_history = False  # reads what models read

    for series in (week, odd):
        panel = Panel.from_arrays([series], freq="D")
        made, _ = predict(Cleaned(7), panel, horizon=7)
        console, text = drawn()
        forecast_table.forecast(console, made, panel, "naive")
        lines.append(next(line for line in text.getvalue().splitlines() if "|" in line and "█" in line).split("2000")[0])
    assert len(set(lines[0])) >= 8
    assert sum(a != b for a, b in zip(*lines, strict=True)) <= 1  # the value itself is left blank


def test_when_names_are_long_then_the_sparkline_is_shorter_and_the_table_fits_80_columns():
    panel = Panel.from_arrays(
        [np.arange(100.0), np.arange(100.0)], freq="D", item_ids=["total/north/harbour", "total/south/hills"]
    )
    made, _ = predict(SeasonalNaive(7), panel, horizon=7)
    console, text = drawn()
    forecast_table.forecast(console, made, panel, "naive", level=dict.fromkeys(made.item_ids, "region"))
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "harbour" in text.getvalue()
    assert any("|" in line and "█" in line for line in lines)


def test_when_the_history_and_the_forecast_are_whole_numbers_then_no_decimals_are_shown():
    row = lines_of(*sales())[3].split()
    assert [float(word) for word in (row[-4], row[-3], row[-1])] == [int(word) for word in (row[-4], row[-3], row[-1])]
    made, panel = sales()
    halves = Panel.from_arrays([panel.history(0) + 0.5], freq="D", item_ids=["kiosk"])
    assert "." in lines_of(made, halves)[3].split()[-1]
    assert "." in lines_of(*sales(0.5))[3].split()[-1]


def test_when_quantiles_are_asked_for_then_each_has_a_column():
    made, panel = sales(quantiles=(0.5, 0.95))
    assert lines_of(made, panel, every_quantile=True)[1].split()[-3:] == ["timestamp", "median", "0.95"]
    assert lines_of(made, panel)[1].split()[-2:] == ["timestamp", "median"]
    assert lines_of(*sales(quantiles=(0.25, 0.75)), every_quantile=True)[1].split()[-3:] == ["timestamp", "0.25", "0.75"]
    first = lines_of(made, panel, every_quantile=True)[3].split()[-2:]
    assert first == [f"{value:.0f}" for value in made.values[0, 0]]


def test_when_the_interval_shows_all_asked_quantiles_then_it_is_kept():
    for quantiles in ((0.025, 0.5, 0.975), (0.1, 0.5, 0.9)):
        made, panel = sales(quantiles=quantiles)
        assert lines_of(made, panel, every_quantile=True) == lines_of(made, panel)


@pytest.mark.parametrize(
    ("scale", "spark", "said"), [(1.0, False, ["0.1", "0.9"]), (1234567.8, True, ["80 % interval", "6 more quantiles"])]
)
def test_when_nine_quantiles_are_asked_for_then_the_table_fits_80_columns(scale, spark, said):
    made, panel = sales(scale)
    lines = lines_of(made, panel, every_quantile=True)
    assert max(map(len, lines)) <= 80
    assert ("history" in lines[1]) == spark
    assert all(text in "\n".join(lines) for text in said)


def test_when_names_differ_only_in_the_middle_then_each_row_shows_the_difference_and_a_note_the_rest():
    names = [f'node_load_average{{instance="web-{k:02d}:9100", job="node"}}' for k in range(8)]
    panel = Panel.from_arrays([np.arange(100.0) + k for k in range(8)], freq="h", item_ids=names)
    made, _ = predict(SeasonalNaive(24), panel, horizon=2)
    console, text = drawn()
    forecast_table.forecast(console, made, panel, "naive")
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    assert [line.split()[0] for line in lines if "web" in line] == [f"web-{k:02d}:9100" for k in range(8)]
    assert 'series: node_load_average{instance="…", job="node"}' in lines
    assert max(map(len, lines)) <= 80


def test_when_the_names_of_the_rows_fit_then_a_long_name_below_them_does_not_shorten_them():
    names = [*(f"shop/{k:02d}" for k in range(20)), "shop/the one at the end of the road behind the old mill by the river"]
    panel = Panel.from_arrays([np.arange(100.0) + k for k in range(21)], freq="D", item_ids=names)
    made, _ = predict(SeasonalNaive(7), panel, horizon=2)
    assert [line.split()[0] for line in lines_of(made, panel) if "shop" in line] == names[:20]
