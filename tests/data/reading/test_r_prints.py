"""Prints of R: ts, mts, zoo, xts, vectors, tibbles and tsibbles are read with the dates that R prints, or stop with R code."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.reading.read import read
from tsattn.errors import DataError

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@pytest.fixture
def panel_of(tmp_path):
    def read_text(text: str):
        path = tmp_path / "print.txt"
        path.write_text(text, encoding="utf-8")
        return read(path)

    return read_text


def calendar(names: list[str], first_year: int, first: int, values: list[float], width: int = 6, per_block: int = 0) -> str:
    """The print of a ts object: `first` cells of the first year are blank, and so are those after the last value."""
    cells = [" " * width] * first + [f"{v:{width}.1f}" for v in values]
    cells += [" " * width] * (-len(cells) % len(names))
    years = [cells[k : k + len(names)] for k in range(0, len(cells), len(names))]
    lines = []
    for at in range(0, len(names), per_block or len(names)):
        block = slice(at, at + (per_block or len(names)))
        lines.append("    " + "".join(f"{n:>{width}}" for n in names[block]))
        lines += [f"{first_year + k}" + "".join(row[block]) for k, row in enumerate(years)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("first", [0, 1, 2, 3])
@pytest.mark.parametrize("rows", [9, 12, 14, 41])
def test_quarters_of_unfinished_years_stay_in_order(panel_of, first, rows):
    values = [10 + k % 4 + k / 10 for k in range(rows)]
    panel, _ = panel_of(calendar(["Qtr1", "Qtr2", "Qtr3", "Qtr4"], 2010, first, values))
    assert panel.freq.alias == "QS"
    assert len(panel) == 1
    assert panel.start[0] == np.datetime64(f"2010-{3 * first + 1:02d}-01")
    np.testing.assert_allclose(panel.history(0), values, rtol=1e-6)


@pytest.mark.parametrize("per_block", [0, 5, 9])
@pytest.mark.parametrize(("first", "rows"), [(3, 69), (0, 39), (11, 60), (7, 30)])
@pytest.mark.parametrize("sign", ["", "## ", "#> "])
def test_months_of_unfinished_years_stay_in_order_also_in_blocks_of_columns(panel_of, first, rows, per_block, sign):
    values = [100 + k % 12 + k / 10 for k in range(rows)]
    text = calendar(_MONTHS, 2018, first, values, per_block=per_block)
    panel, report = panel_of("".join(f"{sign}{line}\n" for line in text.splitlines()))
    assert panel.freq.alias == "MS"
    assert panel.start[0] == np.datetime64(f"2018-{first + 1:02d}-01")
    np.testing.assert_allclose(panel.history(0), values, rtol=1e-6)
    assert any("print of a ts object" in found.value for found in report.found)


def test_decimal_commas_and_prompts_around_the_print_are_read(panel_of):
    text = calendar(["Qtr1", "Qtr2", "Qtr3", "Qtr4"], 2010, 2, [k + 0.5 for k in range(30)]).replace(".", ",")
    panel, _ = panel_of(f"> x\n{text}> \n")
    np.testing.assert_allclose(panel.history(0), [k + 0.5 for k in range(30)])


def test_missing_values_within_the_years_stay_missing(panel_of):
    text = "> print(x)\n" + calendar(_MONTHS, 2018, 3, list(range(1, 70))).replace("  30.0", "    NA")
    panel, _ = panel_of(text)
    assert np.isnan(panel.history(0)[29])
    assert panel.history(0)[30] == 31


def indexed(values: list[float], start: str, end: str, frequency: str) -> str:
    lines = [f"Time Series:\nStart = {start} \nEnd = {end} \nFrequency = {frequency} "]
    for k in range(0, len(values), 10):
        lines.append(f"{f'[{k + 1}]':>5} " + " ".join(f"{v:5.1f}" for v in values[k : k + 10]))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("start", "frequency", "alias", "first", "warned"),
    [
        ("1871", "1", "YS", "1871-01-01", False),
        ("c(2020, 3)", "4", "QS", "2020-07-01", False),
        ("c(2020, 12)", "12", "MS", "2020-12-01", False),
        ("c(2020, 2)", "52", "W", "2020-01-08", True),
        ("c(2020, 32)", "365", "D", "2020-02-01", True),
    ],
)
def test_series_with_start_and_frequency_are_dated(panel_of, start, frequency, alias, first, warned):
    values = [20 + k % 7 + k / 10 for k in range(60)]
    panel, report = panel_of(indexed(values, start, "9999", frequency))
    assert panel.freq.alias.startswith(alias)
    assert panel.start[0] == np.datetime64(first)
    np.testing.assert_allclose(panel.history(0), values, rtol=1e-6)
    assert bool(report.warnings) == warned


@pytest.mark.parametrize("text", ["Time Series:\nStart = c(1, 1) \nEnd = c(3, 12) \nFrequency = 24 \n", ""])
def test_series_without_dates_are_numbered(panel_of, text):
    values = [20 + k % 7 + k / 10 for k in range(60)]
    body = indexed(values, "1", "60", "1").split("\n", 4)[4]
    panel, _ = panel_of(text + body)
    assert not panel.freq.has_clock
    np.testing.assert_allclose(panel.history(0), values, rtol=1e-6)


@pytest.mark.parametrize("label", ["{month} {year}", "{year} Q{quarter}"])
def test_matrices_of_series_are_read_by_their_row_labels(panel_of, label):
    names = [
        label.format(month=_MONTHS[k % 12], year=2020 + k // 12, quarter=k % 4 + 1)
        if "month" in label
        else label.format(year=2020 + k // 4, quarter=k % 4 + 1)
        for k in range(30)
    ]
    text = "            sales   cost\n" + "".join(f"{n:10} {100 + k:6.1f} {50 - k:6.1f}\n" for k, n in enumerate(names))
    panel, _ = panel_of(text)
    assert list(panel.item_ids) == ["sales", "cost"]
    assert panel.freq.alias == ("MS" if "month" in label else "QS")
    np.testing.assert_allclose(panel.history(1), [50 - k for k in range(30)], rtol=1e-6)


@pytest.mark.parametrize("name", ["load", "[,1]"])
def test_an_xts_object_with_times_of_day_keeps_the_name_of_its_column(panel_of, name):
    times = np.arange("2024-01-01", "2024-01-03", np.timedelta64(1, "h"), "datetime64[m]").astype(str)
    panel, _ = panel_of(f"{name:>26}\n" + "".join(f"{t.replace('T', ' ')}:00 {100 + k / 2:6.1f}\n" for k, t in enumerate(times)))
    assert list(panel.item_ids) == ["load" if name == "load" else "value"]
    assert panel.freq.alias == "h"


def test_an_xts_object_without_a_name_is_called_value(panel_of):
    days = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")
    panel, _ = panel_of("           [,1]\n" + "".join(f"{d} {100 + k / 2:.1f}\n" for k, d in enumerate(days)))
    assert list(panel.item_ids) == ["value"]
    assert panel.freq.alias == "D"


def test_a_zoo_object_may_have_times_of_day(panel_of):
    times = [f"2024-01-0{1 + k // 24} {k % 24:02d}:00:00" for k in range(48)]
    lines = [
        line
        for k in range(0, 48, 3)
        for line in (" ".join(times[k : k + 3]) + " ", " ".join(f"{100 + k + i:19.1f}" for i in range(3)) + " ")
    ]
    panel, _ = panel_of("\n".join(lines) + "\n")
    assert panel.freq.alias == "h"
    np.testing.assert_allclose(panel.history(0), 100 + np.arange(48))


@pytest.mark.parametrize("monthly", [False, True])
def test_a_zoo_object_has_its_dates_above_the_values(panel_of, monthly):
    days = np.arange("2024-01-01", "2024-02-26", dtype="datetime64[D]").astype(str)
    labels = [f"{_MONTHS[k % 12]} {2018 + k // 12}" for k in range(56)] if monthly else list(days)
    lines = []
    for k in range(0, 56, 7):
        lines.append("".join(f"{x:>11}" for x in labels[k : k + 7]))
        lines.append("".join(f"{100 + k + i / 2:11.1f}" for i in range(7)))
    panel, _ = panel_of("\n".join(lines) + "\n")
    assert panel.freq.alias == ("MS" if monthly else "D")
    np.testing.assert_allclose(panel.history(0)[:8], [100, 100.5, 101, 101.5, 102, 102.5, 103, 107])


_TSIBBLE = "# A tsibble: {n} x 3 [1Q]\n# Key:       Region, State [2]\n   Quarter Region       State           Trips\n"
_TSIBBLE += "     <qtr> <chr>        <chr>           <dbl>\n"


def tsibble(n: int) -> str:
    rows = [
        f"{i * n + k + 1:>2} {2010 + k // 4} Q{k % 4 + 1} {region:12} {state:15} {100 * (i + 1) + k:4}. \n"
        for i, (region, state) in enumerate((("Alice", "Northern Terr"), ("Gold Coast", "Queensland")))
        for k in range(n)
    ]
    return _TSIBBLE.format(n=2 * n) + "".join(rows)


def test_a_tsibble_is_read_by_its_types(panel_of):
    panel, report = panel_of(tsibble(24))
    assert panel.freq.alias == "QS"
    assert len(panel) == 2
    assert list(panel.item_ids) == ["Alice", "Gold Coast"]
    np.testing.assert_allclose(panel.history(0), [100 + k for k in range(24)])
    assert any("3 significant digits" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    "text",
    [
        tsibble(24) + "# ℹ 38 more rows\n",
        calendar(["Qtr1", "Qtr2", "Qtr3", "Qtr4"], 2010, 0, list(range(40)))
        + ' [ reached getOption("max.print") -- omitted 40 rows ]\n',
    ],
)
def test_a_print_without_all_rows_stops_with_the_code_to_type_in_r(panel_of, text):
    with pytest.raises(DataError, match=r"R printed only some of the rows") as stop:
        panel_of(text)
    assert "write.csv(" in stop.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "Jan Feb Mar\n" + "".join(f"{k + 1} {k + 2} {k + 3}\n" for k in range(20)),  # values that are no years
        calendar(_MONTHS, 2018, 0, list(range(48))).replace("2019", "2024"),  # a year out of order
    ],
)
def test_tables_of_months_that_r_did_not_print_are_left_to_other_readers(panel_of, text):
    try:
        _, report = panel_of(text)
    except DataError:
        return
    assert not any("print of" in found.value for found in report.found)
