"""Holidays as known covariates of weeks and months: counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import tsattn
from tsattn.data.panel import Panel
from tsattn.data.reading.read import read
from tsattn.errors import ConfigError

pytest.importorskip("holidays")

WEEKDAYS, WORKED = "weekday holidays DE", "working days DE"
EASTER, WEEKENDS = "Easter difference DE", "weekend holidays DE"


def counts(panel: Panel, name: str, item: int = 0) -> dict[str, float]:
    """Values of a known covariate that are not 0, by the date of the row."""
    rows = slice(panel.indptr[item], panel.indptr[item + 1])
    values = panel.known[rows, panel.schema.known_features.index(name)]
    days = panel.timestamps(item).astype("datetime64[D]").astype(str)
    return {str(day): float(value) for day, value in zip(days, values, strict=True) if value}


def table(days: pd.DatetimeIndex, column: str = "week") -> pd.DataFrame:
    return pd.DataFrame({column: days, "sales": np.random.default_rng(0).normal(100, 5, len(days))})


def within(found: dict[str, float], year: str) -> dict[str, float]:
    return {day: value for day, value in found.items() if day.startswith(year)}


def test_when_steps_are_weeks_then_holidays_on_weekdays_and_on_weekends_are_counted_in_each():
    found = tsattn.ingest(table(pd.date_range("2022-01-03", periods=120, freq="W-MON")), holidays="DE")
    panel = found.panel
    assert panel.schema.known_features == (WEEKDAYS, EASTER, WEEKENDS)
    assert within(counts(panel, WEEKDAYS), "2023") == {
        **{"2023-04-03": 1, "2023-04-10": 1, "2023-05-01": 1, "2023-05-15": 1, "2023-05-29": 1},  # Good Friday … Whit Monday
        **{"2023-10-02": 1, "2023-12-25": 2},
    }
    assert within(counts(panel, EASTER), "2023") == {"2023-04-03": 1, "2023-04-10": 1}
    assert within(counts(panel, WEEKENDS), "2022") == {"2022-04-25": 1, "2022-12-19": 1, "2022-12-26": 1}
    assert "2025-12-22" in counts(panel, WEEKDAYS), "known in the future"
    (said,) = [one.value for one in found.report.found if one.what == "holidays"]
    assert said == "DE, counted in each step: known in the future"


def test_when_dates_end_their_weeks_then_the_holidays_of_the_days_before_are_counted():
    sundays = tsattn.ingest(table(pd.date_range("2022-01-09", periods=100, freq="W-SUN")), holidays="DE").panel
    assert within(counts(sundays, EASTER), "2023") == {"2023-04-09": 1, "2023-04-16": 1}
    mondays = tsattn.ingest(table(pd.date_range("2022-01-03", periods=100, freq="W-MON"), "week ending"), holidays="DE").panel
    assert within(counts(mondays, EASTER), "2023") == {"2023-04-10": 2}


@pytest.mark.parametrize(("freq", "march", "april"), [("MS", "-03-01", "-04-01"), ("ME", "-03-31", "-04-30")])
def test_when_steps_are_months_then_working_days_are_counted_and_easter_where_it_falls(freq: str, march: str, april: str):
    panel = tsattn.ingest(table(pd.date_range("2020-01-31", periods=60, freq=freq), "month"), holidays="DE").panel
    assert panel.schema.known_features == (WORKED, EASTER, WEEKENDS)
    found = counts(panel, EASTER)
    assert within(found, "2024") == {f"2024{march}": 1, f"2024{april}": 1}  # 29 March and 1 April
    assert within(found, "2023") == {f"2023{april}": 2}
    worked = counts(panel, WORKED)
    assert (worked[f"2024{march}"], worked[f"2024{april}"]) == (20, 21)  # 21 and 22 from Monday to Friday


def test_when_a_region_keeps_orthodox_easter_then_that_is_counted():
    panel = tsattn.ingest(table(pd.date_range("2022-01-03", periods=100, freq="W-MON")), holidays="GR").panel
    assert within(counts(panel, "Easter difference GR"), "2023") == {"2023-04-10": 1, "2023-04-17": 1}  # 14 and 17 April


def test_when_a_region_has_no_holiday_at_easter_then_there_is_no_such_column():
    panel = tsattn.ingest(table(pd.date_range("2022-01-03", periods=100, freq="W-MON")), holidays="JP").panel
    assert panel.schema.known_features == ("weekday holidays JP", "weekend holidays JP")


def test_when_a_region_has_another_weekend_then_its_holidays_count_as_such():
    panel = tsattn.ingest(table(pd.date_range("2022-01-03", periods=100, freq="W-MON")), holidays="SA").panel
    assert within(counts(panel, "weekend holidays SA"), "2022") == {"2022-07-04": 2, "2022-09-19": 1}  # Fridays and a Saturday
    assert counts(panel, "weekday holidays SA")["2022-09-19"] == 1  # the Thursday off for National Day


def test_when_offices_work_from_sunday_to_thursday_then_those_are_working_days():
    panel = tsattn.ingest(table(pd.date_range("2022-01-01", periods=36, freq="MS"), "month"), holidays="SA").panel
    assert counts(panel, "working days SA")["2023-04-01"] == 17  # 21 from Sunday to Thursday, less four holidays


def test_when_series_have_regions_of_their_own_then_each_counts_its_own_holidays():
    weeks = pd.date_range("2022-01-03", periods=100, freq="W-MON")
    frame = pd.concat([table(weeks).assign(shop=name) for name in ("de", "fr")])
    panel = tsattn.ingest(frame, item="shop", target="sales", holidays=["de=DE", "fr=FR"]).panel
    bastille, unity = "2022-07-11", "2022-10-03"  # Thursday 14 July, Monday 3 October
    assert [bastille in counts(panel, "weekday holidays FR", item) for item in (0, 1)] == [False, True]
    assert [unity in counts(panel, WEEKDAYS, item) for item in (0, 1)] == [True, False]


def test_a_model_that_was_trained_with_counts_reads_the_same_columns():
    frame = table(pd.date_range("2022-01-03", periods=100, freq="W-MON"))
    panel = tsattn.ingest(frame, holidays="DE").panel
    again, _ = read(frame, schema=panel.schema)
    np.testing.assert_array_equal(again.known, panel.known)


def test_when_rows_have_no_dates_then_holidays_are_refused():
    frame = table(pd.date_range("2022-01-03", periods=100, freq="W-MON"))[["sales"]]
    with pytest.raises(ConfigError, match="the rows have no dates"):
        tsattn.ingest(frame, timestamp="none", freq="W", holidays="DE")


def test_when_offices_close_on_holidays_then_weekly_forecasts_apply_the_effect(shipped, own_workspace):
    import holidays

    rng, days = np.random.default_rng(0), pd.date_range("2019-01-07", "2023-04-02")
    shut = np.isin(days.strftime("%Y-%m-%d"), [str(day) for day in holidays.country_holidays("DE", years=range(2019, 2024))])
    visits = rng.normal(100, 8, len(days)) * (days.dayofweek < 5) * ~shut
    weeks = pd.DataFrame({"week": days - pd.to_timedelta(days.dayofweek, unit="D"), "visits": visits})
    frame = weeks.groupby("week", as_index=False).visits.sum()
    plain = tsattn.forecast(frame, horizon=3, members="all")
    known = tsattn.forecast(frame, horizon=3, members="all", holidays="DE")
    effects = {one.name: one for one in known.effects}
    assert effects[WEEKDAYS].clear
    assert -0.24 < effects[WEEKDAYS].effect < -0.16, "a fifth of the week"
    assert not effects[EASTER].clear, "no difference from other holidays"
    easter = np.array([400.0, 400.0])  # the weeks of Good Friday and of Easter Monday
    error = [np.abs(found.forecast.median[0, :2] - easter).mean() for found in (plain, known)]
    assert error[1] < 0.7 * error[0]  # without holidays, Easter is found by date
