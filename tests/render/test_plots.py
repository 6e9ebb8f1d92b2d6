from __future__ import annotations

import xml.etree.ElementTree as ET
from io import StringIO

import pytest
from rich.console import Console

from tsattn.errors import ConfigError
from tsattn.render.plots import PLOTS, draw, save_plot, svg_text, views
from tsattn.render.terminal import HEIGHT, draw_terminal


@pytest.mark.parametrize("suffix", list(PLOTS))
def test_when_a_forecast_is_drawn_then_the_file_is_of_its_kind(make_forecast, tmp_path, suffix):
    forecast, panel = make_forecast(2)
    path = save_plot(forecast, panel, tmp_path / f"plot{suffix}")
    start = {".png": b"\x89PNG", ".svg": b"<?xml", ".html": b"<!doctype html>"}[suffix]
    assert path.read_bytes().startswith(start)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_when_the_suffix_is_unknown_then_nothing_is_written_and_the_error_lists_the_known(make_forecast, tmp_path):
    forecast, panel = make_forecast()
    with pytest.raises(ConfigError) as caught:
        save_plot(forecast, panel, tmp_path / "plot.jpg")
    assert ".png" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_when_there_are_many_items_then_at_most_twelve_panels_are_drawn_and_the_title_says_so(make_forecast):
    forecast, panel = make_forecast(15)
    figure = draw(forecast, panel)
    assert sum(axes.get_visible() for axes in figure.axes) == 12
    assert "the first 12 of 15" in figure.get_suptitle()


def test_when_the_same_forecast_is_drawn_twice_then_the_svg_is_the_same_and_well_formed(make_forecast):
    forecast, panel = make_forecast(1)
    text = svg_text(forecast, panel)
    assert text == svg_text(forecast, panel)
    assert ET.fromstring(text).tag.endswith("svg")


def test_when_an_item_is_named_like_markup_then_the_page_shows_it_as_text(make_forecast, tmp_path):
    forecast, panel = make_forecast(2)
    text = save_plot(forecast, panel, tmp_path / "plot.html").read_text("utf-8")
    assert "item &lt;0&gt; [b]" in text
    assert "<0>" not in text


def test_when_a_forecast_is_viewed_then_its_history_ends_at_the_cutoff(make_forecast):
    forecast, panel = make_forecast(1, length=200)
    view = views(forecast, panel)[0]
    assert view.past_stamps[-1] == forecast.cutoffs[0]
    assert len(view.past) == len(view.past_stamps) == 40
    assert view.past[-1] == pytest.approx(panel.target[-1])


@pytest.mark.parametrize(
    ("series", "freq", "horizon", "length"), [(1, "D", 7, 60), (6, "MS", 12, 40), (1, "step", 1, 3), (1, "h", 48, 1)]
)
def test_when_a_forecast_is_drawn_in_the_terminal_then_every_line_fits_and_nothing_is_markup(
    make_forecast, series, freq, horizon, length
):
    forecast, panel = make_forecast(series, freq, horizon, length)
    out = StringIO()
    draw_terminal(Console(file=out, width=80, force_terminal=True, color_system=None, markup=False), forecast, panel)
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("┤" in line for line in lines) == HEIGHT * min(series, 4)
    assert "item <0> [b]" in lines[0]


def test_when_only_the_median_is_asked_for_then_it_is_drawn_without_an_interval(make_forecast, tmp_path):
    forecast, panel = make_forecast(1, quantiles=[0.5])
    assert views(forecast, panel)[0].bands == ()
    assert save_plot(forecast, panel, tmp_path / "plot.svg").is_file()


def test_when_bands_lie_on_each_other_then_the_legend_shows_each_in_the_shade_that_is_drawn(make_forecast):
    forecast, panel = make_forecast(1, quantiles=[0.1, 0.3, 0.5, 0.7, 0.9])
    bands = draw(forecast, panel).axes[0].collections
    assert len(bands) == 2
    assert all(band.get_facecolor()[0, 3] == 1.0 for band in bands)  # opaque: nothing below shines through
