"""`tsattn report`: one page that is complete in itself, escapes names, and answers the pointer in a browser."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

import tsattn
from tsattn.cli.main import main
from tsattn.errors import ConfigError
from tsattn.render.charts import Chart, Line, Values, round_ticks, svg

HOSTILE = "<script>document.title='owned'</script>&\"'"


def write(path, items: int = 2, rows: int = 200, gap: bool = True, names=None):
    rng = np.random.default_rng(0)
    frames = []
    for i in range(items):
        y = 10 + i + 3 * np.sin(np.arange(rows) * 2 * np.pi / 24) + rng.normal(0, 0.3, rows)
        if gap and i == 0:
            y[50:60] = np.nan
        name = names[i] if names else f"shop {i}"
        time = pd.date_range("2024-01-01", periods=rows, freq="h")
        frames.append(pd.DataFrame({"item": name, "time": time, "y": y.round(3)}))
    pd.concat(frames).to_csv(path, index=False)
    return str(path)


@pytest.fixture(scope="module")
def made(tmp_path_factory, saved):
    """A report on two series, one of a hostile name and with a gap."""
    place = tmp_path_factory.mktemp("report")
    data = write(place / "data.csv", names=[HOSTILE, "calm"])
    found = tsattn.report(data, output=place / "report.html", model=saved, windows=2)
    return found, (place / "report.html").read_text("utf-8")


def test_when_a_report_is_made_then_it_holds_every_section_and_what_repeats_it(made):
    found, page = made
    for name in ("Forecast", "Backtest", "Calibration", "What the forecast rests on", "Data and repairs", "How to repeat it"):
        assert f"<h2>{name}</h2>" in page
    assert page.count("<figure data-series") == 2
    assert found.repeat.startswith("tsattn report ")
    assert found.repeat.endswith("report.html")
    assert "--windows 2" in found.repeat
    assert found.fingerprint in page
    assert "By series" in page
    assert "seasonal-naive" in page


def test_when_a_page_is_opened_then_it_asks_the_network_for_nothing(made):
    page = made[1]
    assert "default-src 'none'" in page
    assert not re.findall(r"""(?:src|href)=["']?(?!#|data:)[^"'\s>]+""", page)
    assert "http://" not in page
    assert "https://" not in page


def test_when_a_series_has_markup_in_its_name_then_it_is_text(made):
    page = made[1]
    assert "<script>document" not in page
    assert "&lt;script&gt;document.title" in page
    values = page.partition('id="chart-values">')[2].partition("</script>")[0]
    assert json.loads(values)["charts"]


def test_when_there_are_tables_then_they_have_captions_and_scoped_heads(made):
    page = made[1]
    assert page.count("<table>") == page.count("<caption>") > 5
    assert not re.findall(r"<th(?! scope)", page.replace("<thead", ""))
    assert page.count("<svg") == page.count('role="img" aria-label=')


def test_when_the_command_line_is_used_then_json_names_the_page_and_holds_the_scores(tmp_path, saved, capsys):
    data, out = write(tmp_path / "data.csv"), tmp_path / "page.html"
    words = ["report", data, "--model", str(saved), "-o", str(out), "--windows", "1", "--series", "shop 1", "--horizon", "6"]
    assert main([*words, "--title", "One & only", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["written"] == [str(out)]
    assert (found["series"], found["horizon"]) == (["shop 1"], 6)
    assert found["backtest"]["scores"][0]["MASE"] > 0
    assert "--series 'shop 1'" in found["repeat"]
    assert "<h1>One &amp; only</h1>" in out.read_text("utf-8")


def test_when_the_series_are_too_short_for_a_backtest_then_the_page_says_so(tmp_path, saved):
    data = write(tmp_path / "short.csv", rows=11, gap=False)
    found = tsattn.report(data, output=tmp_path / "short.html", model=saved)
    assert found.scores is None
    assert "There is no backtest" in (tmp_path / "short.html").read_text("utf-8")


def test_when_the_output_is_no_page_or_a_series_is_unknown_then_the_error_says_so(tmp_path, saved):
    data = write(tmp_path / "data.csv")
    with pytest.raises(ConfigError, match=r"\.pdf"):
        tsattn.report(data, output=tmp_path / "report.pdf", model=saved)
    with pytest.raises(ConfigError, match="no series"):
        tsattn.report(data, output=tmp_path / "report.html", model=saved, series="shop 9")


def test_when_an_explanation_is_asked_for_then_the_page_has_it(tmp_path, saved):
    data = write(tmp_path / "data.csv")
    found = tsattn.report(data, output=tmp_path / "report.html", model=saved, windows=1, explain=True)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert found.explained is not None
    assert "Parts of the past" in page
    assert "Add <code>--explain" not in page


def test_when_fifty_series_are_reported_then_the_page_is_below_two_megabytes_and_can_be_searched(tmp_path, saved):
    data = write(tmp_path / "many.csv", items=50)
    tsattn.report(data, output=tmp_path / "many.html", model=saved, windows=1, horizon=48)
    page = tmp_path / "many.html"
    assert page.stat().st_size < 2_000_000
    assert page.read_text("utf-8").count("<figure data-series") == 50
    assert 'id="search"' in page.read_text("utf-8")


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3, 7), (1e-9, 2e-9), (0, 123456), (99.5, 100.1), (-5, -1)])
def test_when_an_axis_is_drawn_then_its_ticks_are_round_and_cover_the_values(low, high):
    ticks = round_ticks(low, high)
    assert 2 <= len(ticks) <= 7
    assert ticks[0] <= low + 1e-12
    assert ticks[-1] >= high - 1e-12
    np.testing.assert_allclose(np.diff(ticks), ticks[1] - ticks[0])


def test_when_a_line_has_gaps_or_one_step_then_it_is_still_drawn():
    nan = float("nan")
    values = Values()
    drawn = svg(Chart("a", ["1", "2", "3", "4"], [Line("x", np.array([1, nan, 2, 3.0]), "own")]), values)
    assert (drawn.count("<circle"), drawn.count("<polyline")) == (1, 1)
    assert values.charts[0]["lines"][0]["values"] == ["1", None, "2", "3"]
    one = svg(
        Chart("b", ["1"], [Line("x", np.array([5.0]), "own")], [("band", np.array([4.0]), np.array([6.0]), "band")]), values
    )
    assert "<rect" in one
    empty = svg(Chart("c", ["1", "2"], [Line("x", np.full(2, nan), "own")]), values)
    assert "nan" not in drawn + one + empty


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; skips where there is none."""
    chromium = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    webdriver = pytest.importorskip("selenium.webdriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium with its driver is installed")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(driver))
    yield opened
    opened.quit()


def test_when_the_page_is_opened_in_a_browser_then_the_pointer_and_the_keys_show_values_and_nothing_fails(made, browser):
    from selenium.webdriver import ActionChains, Keys

    found, _ = made
    browser.get(found.written[0].resolve().as_uri())
    chart, tip = browser.find_elements("css selector", "svg[data-chart]")[1], browser.find_element("id", "tip")
    assert not tip.is_displayed()
    ActionChains(browser).move_to_element(chart).perform()
    assert re.fullmatch(r"2024-01-\d\d \d\d:\d\d\nobserved: \d+\.\d+", tip.text)
    chart.send_keys(Keys.END)
    last = tip.text
    assert "median: " in last
    assert "80 % interval, low: " in last
    chart.send_keys(Keys.ARROW_LEFT)
    assert tip.is_displayed()
    assert tip.text != last
    assert browser.title != "owned"
    assert browser.get_log("browser") == []


def test_when_the_page_is_narrow_or_printed_then_nothing_is_wider_than_it(made, browser):
    found, _ = made
    browser.get(found.written[0].resolve().as_uri())
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    )
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert browser.execute_script("return getComputedStyle(document.querySelector('nav')).display") == "none"
    assert browser.execute_cdp_cmd("Page.printToPDF", {})["data"]
