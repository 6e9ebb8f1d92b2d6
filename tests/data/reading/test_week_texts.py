"""Years with a number in columns that are named for weeks."""

from __future__ import annotations

import pytest

from tests.data.reading.kinds import series

FORMS = {"2024-05": "{y}-{w:02d}", "5/2024": "{w}/{y}", "05.2024": "{w:02d}.{y}", "2024 5": "{y} {w}"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["week", "Kalenderwoche", "Calendar Year/Week", "Year-Week"])
@pytest.mark.parametrize("weeks", [8, 52])
def test_a_year_and_a_number_in_a_column_of_weeks_are_a_week(table, form, name, weeks):
    rows = [f"{FORMS[form].format(y=2024, w=k + 1)};{100 + k}" for k in range(weeks)]
    panel, report = table(f"{name};sales", rows)
    assert (panel.freq.alias, report.first, series(panel)) == ("W", "2024-01-01", [100 + k for k in range(weeks)])


@pytest.mark.parametrize("name", ["month", "period", "date", "Year/Month/Week"])
def test_in_other_columns_they_are_months(table, name):
    panel, _ = table(f"{name};sales", [f"2024-{k + 1:02d};{100 + k}" for k in range(8)])
    assert panel.freq.alias == "MS"
