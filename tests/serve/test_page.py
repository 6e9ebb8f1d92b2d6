"""The page in a headless Chromium: drop a file, see the table and the chart, read an error, use the keyboard."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serve.conftest import TOKEN

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(BROWSER is None or DRIVER is None, reason="no Chromium with its driver")
PATIENCE = 120
DROP = """
const file = new File([arguments[0]], arguments[1], {type: "text/csv"}), data = new DataTransfer();
data.items.add(file);
for (const name of ["dragenter", "dragover", "drop"])
  document.getElementById("drop").dispatchEvent(new DragEvent(name, {dataTransfer: data, bubbles: true, cancelable: true}));
"""


@contextlib.contextmanager
def running(**settings: Any) -> Iterator[str]:
    """A server in a thread: its address."""
    import uvicorn

    from tsattn.serve import ServeConfig, create_app

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        app = create_app(ServeConfig(workers=1, **settings))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_for(lambda: server.started or not thread.is_alive())
            assert server.started
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


def wait_for(true: Any, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def address(zero_shot: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TSATTN_ZERO_SHOT", str(zero_shot))
        with running(workspace=tmp_path_factory.mktemp("workspace")) as found:
            yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1100,1400"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER)) as made:
        yield made


class Page:
    """What a person sees and does."""

    def __init__(self, browser: Any, address: str) -> None:
        self.browser = browser
        browser.get(address)

    def find(self, name: str) -> Any:
        return self.browser.find_element("id", name)

    def all(self, selector: str) -> list[Any]:
        return self.browser.find_elements("css selector", selector)

    def drop(self, text: str, name: str = "sales.csv") -> None:
        self.browser.execute_script(DROP, text, name)

    def wait(self, name: str) -> Any:
        wait_for(lambda: self.find(name).is_displayed())
        wait_for(lambda: self.find("go").is_enabled())
        return self.find(name)

    def cells(self) -> list[list[str]]:
        return [[cell.text for cell in row.find_elements("css selector", "th, td")] for row in self.all("#table tbody tr")]


@pytest.fixture
def page(browser, address) -> Page:
    return Page(browser, address)


def test_when_a_file_is_dropped_then_its_forecast_is_shown_as_a_table_and_a_chart(page, csv_text):
    page.find("f-horizon").send_keys("5")
    page.drop(csv_text)
    page.wait("result")
    assert page.find("result-title").text == "2 series, the next 5 days by zero-shot"
    rows = page.cells()
    assert [row[0] for row in rows] == [f"2024-03-0{day}" for day in range(1, 6)]
    assert all(float(low) <= float(middle) <= float(high) for _, low, middle, high in rows)
    for part in ("c-history", "c-median", "c-band"):
        (path,) = page.all(f"#chart path.{part}")
        assert path.get_attribute("d").count("L") >= 5
        assert "NaN" not in path.get_attribute("d")
    assert page.all("#chart text")
    assert "60 past values and 5 forecast steps" in page.find("chart").get_attribute("aria-label")
    assert not page.find("error").is_displayed()


def test_when_there_are_several_series_then_one_is_chosen(page, csv_text):
    page.drop(csv_text)
    page.wait("result")
    north = page.cells()
    assert [option.text for option in page.all("#series option")] == ["north", "south"]
    page.find("series").send_keys("south")
    wait_for(lambda: page.cells() != north)
    assert page.all("#table caption")[0].text == "Forecast of south"
    one = "date,sales\n" + "".join(f"2024-01-{day:02d},{day % 7}\n" for day in range(1, 31))
    page.drop(one, "one.csv")
    wait_for(lambda: page.find("result-title").text.startswith("1 series"))
    assert not page.find("chooser").is_displayed()


def test_when_a_file_cannot_be_read_then_the_page_shows_the_error_the_hint_and_the_field(page):
    dates = ("01/02/2024", "02/03/2024", "03/04/2024", "04/05/2024")
    page.drop("date,sales\n" + "".join(f"{date},{k}\n" for k, date in enumerate(dates)), "mine.csv")
    page.wait("error")
    assert "mine.csv, line 2" in page.find("error-message").text
    assert "date_order=dmy" in page.find("error-hint").text
    assert page.find("f-date_order").is_displayed()
    assert [box.get_attribute("data-name") for box in page.all(".field.wanted")] == ["date_order"]
    page.find("f-date_order").send_keys("dmy\n")
    page.wait("result")
    assert not page.find("error").is_displayed()
    assert not page.all(".field.wanted")


def test_when_names_in_the_file_are_html_then_they_are_text_on_the_page(page):
    name = "<img src=x onerror=document.title='broken'>"
    lines = [f'2024-01-{day:02d},"{name}",{day % 5}' for day in range(1, 31)]
    page.drop("date,shop,sales\n" + "\n".join(lines), f"{name}.csv")
    page.wait("result")
    assert name in page.all("#table caption")[0].text
    assert not page.all("#result img, #drop img")
    assert page.browser.title == "tsattn: forecast a file"


def test_when_only_the_keyboard_is_used_then_a_forecast_is_made_and_the_chart_is_read(page):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    order: list[str] = []
    while "example" not in order:
        ActionChains(page.browser).send_keys(Keys.TAB).perform()
        order.append(page.browser.switch_to.active_element.get_attribute("id"))
        assert len(order) < 12
    assert order == ["file", "example"]
    ActionChains(page.browser).send_keys(Keys.ENTER).perform()
    page.wait("result")
    chart = page.find("chart")
    chart.send_keys(Keys.ARROW_RIGHT)
    first = page.find("readout").text
    assert first.startswith("2025-01-01: ")
    assert "…" in first
    chart.send_keys(Keys.ARROW_LEFT)
    assert page.find("readout").text.startswith("2024-12-01: ")
    chart.send_keys(Keys.END)
    assert page.find("readout").text.startswith("2025-12-01: ")
    chart.send_keys(Keys.ESCAPE)
    assert page.find("readout").text == ""


def test_when_the_page_is_used_then_every_field_has_a_label_and_the_console_has_no_error(page, csv_text):
    page.drop(csv_text)
    page.wait("result")
    unlabelled = page.browser.execute_script(
        "return [...document.querySelectorAll('input, select')].filter((one) => !one.labels.length).map((one) => one.id)"
    )
    assert unlabelled == []
    assert [entry for entry in page.browser.get_log("browser") if "status of 4" not in entry["message"]] == []


def test_when_the_server_needs_a_token_then_the_page_asks_for_it(browser, zero_shot, tmp_path, csv_text, monkeypatch):
    monkeypatch.setenv("TSATTN_ZERO_SHOT", str(zero_shot))
    with running(token=TOKEN, workspace=tmp_path) as address:
        page = Page(browser, address)
        wait_for(lambda: page.all("#f-token"))
        page.drop(csv_text)
        page.wait("error")
        assert "token" in page.find("error-message").text
        page.find("f-token").send_keys(f"{TOKEN}\n")
        page.wait("result")
        assert page.cells()


def test_when_the_forecast_is_saved_then_the_file_holds_every_series(page, browser, csv_text, tmp_path):
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    page.find("f-horizon").send_keys("2")
    page.drop(csv_text)
    page.wait("result")
    page.find("save-csv").click()
    wait_for(lambda: "forecast.csv" in os.listdir(tmp_path))
    lines = (tmp_path / "forecast.csv").read_text().splitlines()
    assert lines[0] == "item_id,cutoff,timestamp,0.1,0.5,0.9"
    assert [line.partition(",")[0] for line in lines[1:]] == ["north", "north", "south", "south"]
