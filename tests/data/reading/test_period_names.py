"""Columns named by periods between other words: rows are items, and the columns are their steps."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.reading.kinds import series
from tsattn.data.reading.period_names import holds_period, periods_within
from tsattn.errors import DataError

ITEMS = ("Coffee", "Tea", "Cake", "Juice")


def by_columns(head: str, *names: str) -> str:
    """A table with a row per item, which holds 100, 101, … in the first, 110, 111, … in the second, …"""
    rows = [[item, *(100 + 10 * k + j for j in range(len(names)))] for k, item in enumerate(ITEMS)]
    return "\n".join([",".join([head, *names]), *(",".join(map(str, row)) for row in rows)]) + "\n"


STEPS = {
    "letters for actual values": (("2018A", "2019A", "2020A", "2021A"), "YS", "2018-01-01"),
    "fiscal years": (("FY21A", "FY22A", "FY23A"), "YS", "2021-01-01"),
    "a unit": (("2019 (€m)", "2020 (€m)", "2021 (€m)"), "YS", "2019-01-01"),
    "a measure behind months": (("Jan-23 Sales", "Feb-23 Sales", "Mar-23 Sales"), "MS", "2023-01-01"),
    "a measure before years": (("POPESTIMATE2020", "POPESTIMATE2021", "POPESTIMATE2022"), "YS", "2020-01-01"),
    "every tenth year": (("year_1960", "year_1970", "year_1980", "year_1990"), "10YS", "1960-01-01"),
    "years with gaps": (("year_1990", "year_2000", "year_2005"), "5YS", "1990-01-01"),
    "names of R": (("X2022.01", "X2022.02", "X2022.03"), "MS", "2022-01-01"),
    "quarters": (("Sales Q1 FY22", "Sales Q2 FY22", "Sales Q3 FY22"), "QS", "2022-01-01"),
    "months of offices behind a measure": (("CPI 2017M11", "CPI 2017M12", "CPI 2018M01"), "MS", "2017-11-01"),
    "a base year before months": (
        ("Index (2015=100) 2017M01", "Index (2015=100) 2017M02", "Index (2015=100) 2017M03"),
        "MS",
        "2017-01-01",
    ),
    "a base year behind years": (("2019 Index (2015=100)", "2020 Index (2015=100)", "2021 Index (2015=100)"), "YS", "2019-01-01"),
}


@pytest.mark.parametrize("kind", STEPS)
def test_columns_named_by_periods_are_the_steps_of_items(take, kind):
    names, freq, first = STEPS[kind]
    panel, _ = take(by_columns("Item", *names))
    assert (panel.item_ids, panel.freq.alias) == (ITEMS, freq)
    assert panel.start[0] == np.datetime64(first)
    assert [value for value in series(panel, 1) if value == value] == [110.0 + j for j in range(len(names))]


def test_budgets_and_estimates_after_actual_values_are_left_out_and_reported(take):
    panel, report = take(by_columns("Metric", "2020 Actual", "2021 Actual", "2022 Actual", "2023 Budget"))
    assert series(panel) == [100, 101, 102]
    assert any("budgets and estimates" in r.what and r.where == "'2023 Budget'" for r in report.repaired)
    panel, _ = take(by_columns("Metric", "2020A", "2021A", "2022A", "2023E", "2024E"))
    assert (series(panel), panel.freq.alias) == ([100, 101, 102], "YS")


@pytest.mark.parametrize(
    "head",
    [
        ["Account,Jan-23,,Feb-23,,Mar-23,", ",Actual,Budget,Actual,Budget,Actual,Budget"],
        [",Jan-23,Jan-23,Feb-23,Feb-23,Mar-23,Mar-23", "Account,Actual,Budget,Actual,Budget,Actual,Budget"],
        ["Account,Jan 2023 Actual,Jan 2023 Budget,Feb 2023 Actual,Feb 2023 Budget,Mar 2023 Actual,Mar 2023 Budget"],
    ],
)
def test_measures_of_each_month_become_series(take, head):
    rows = ["Revenue,900,905,901,906,902,907", "COGS,500,505,501,506,502,507", "Opex,300,305,301,306,302,307"]
    panel, _ = take("\n".join([*head, *rows]) + "\n")
    assert panel.item_ids[:3] == ("Revenue/Actual", "Revenue/Budget", "COGS/Actual")
    assert (panel.freq.alias, series(panel), series(panel, 1)) == ("MS", [900, 901, 902], [905, 906, 907])


@pytest.mark.parametrize(
    "names", [("2022", "Q1 2023", "Q2 2023", "Q3 2023", "Q4 2023", "2023"), ("Q1 FY22", "Q2 FY22", "Q3 FY22", "FY22")]
)
def test_years_beside_their_quarters_are_left_out_and_reported(take, names):
    panel, report = take(by_columns("USD m", *names))
    assert panel.freq.alias == "QS"
    assert series(panel) == [100.0 + k for k, name in enumerate(names) if "Q" in name]
    assert any(r.what == "columns of years beside their quarters or months left out" for r in report.repaired)


WITHOUT_YEAR = {
    "months": ("Jan", "Feb", "Mar", "Apr", "May"),
    "quarters": ("Q1", "Q2", "Q3", "Q4"),
}


@pytest.mark.parametrize("what", WITHOUT_YEAR)
def test_months_without_a_year_are_numbered_steps_of_items_with_a_warning(take, what):
    names = WITHOUT_YEAR[what]
    panel, report = take(by_columns("Item", *names, "Total"))
    assert (panel.item_ids, panel.freq.alias) == (ITEMS, "step")
    assert series(panel, 1) == [110.0 + j for j in range(len(names))]
    assert any(f"are {what} without a year: the steps are numbered" in warning for warning in report.warnings)


def test_five_questions_are_no_quarters(take):
    names = ("Q1", "Q2", "Q3", "Q4", "Q5")
    assert take(by_columns("Person", *names))[0].item_ids == names


def test_numbered_weeks_are_steps_of_items(take):
    panel, _ = take(by_columns("Item", "Week 1", "Week 2", "Week 3", "Week 4"))
    assert (panel.item_ids, series(panel, 2)) == (ITEMS, [120, 121, 122, 123])


def test_columns_with_years_beside_dates_are_series(take):
    rows = "".join(f"2024-01-{k:02d},{k},{2 * k},{3 * k}\n" for k in range(1, 21))
    panel, _ = take("date,plant_2020,plant_2021,plant_2022\n" + rows)
    assert (panel.item_ids, panel.freq.alias) == (("plant_2020", "plant_2021", "plant_2022"), "D")


def test_columns_of_months_beside_rows_of_one_name_stay_series(take):
    rows = "".join(f"A,{k},{2 * k},{3 * k}\n" for k in range(1, 21))
    assert take("site,Jan,Feb,Mar\n" + rows)[0].item_ids == ("A/Jan", "A/Feb", "A/Mar")


def test_a_text_among_the_numbers_of_dated_columns_stops_with_its_line(take):
    text = by_columns("Item", "Jan 2023", "Feb 2023", "Mar 2023", "Apr 2023").replace("112", "withheld")
    with pytest.raises(DataError, match=r"line 3, column 'Mar 2023': 'withheld' is not a number") as stopped:
        take(text)
    assert "missing=" in str(stopped.value)


def test_names_without_periods_have_none():
    assert periods_within(["a", "b", "c"]) is None
    assert periods_within(["item", "shop_2019", "shop_2024", "shop_2021"]) is None  # they do not follow each other
    assert holds_period("Sales 2020")
    assert not holds_period("shop_12345")


def test_many_names_that_hold_no_period_are_passed_over_quickly():
    assert periods_within([f"shop_{k:05d}" for k in range(20_000)]) is None


def test_names_with_many_brackets_are_tested_fast():
    assert not any(map(holds_period, ("(a)" * 60, "(" * 60, "a (b) " * 20 + "12")))
