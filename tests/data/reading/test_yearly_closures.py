"""Dates of the year on which all series are closed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tsattn.config import ReadOptions
from tsattn.data.reading.read import read
from tsattn.data.reading.yearly_closures import closed_dates, listed_dates
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.predict import predict

EVERY = set(range(7))


def days(first: str, last: str) -> np.ndarray:
    return np.arange(np.datetime64(first), np.datetime64(last) + 1).astype(np.int64)


def without(all_days: np.ndarray, *dates: str) -> np.ndarray:
    """The days that are not on these dates, such as 12-25."""
    return all_days[[str(day)[5:] not in dates for day in all_days.astype("datetime64[D]")]]


def test_dates_without_a_value_in_each_of_two_years_are_closed():
    open_days = without(days("2022-11-01", "2024-12-05"), "12-25", "01-01")
    found = closed_dates(open_days, EVERY)
    assert found.tolist() == [101, 1225]
    assert listed_dates(found) == "1 January, 25 December"
    assert closed_dates(without(days("2022-11-01", "2023-12-05"), "12-25", "01-01"), EVERY).tolist() == []


def test_a_date_with_a_value_in_one_year_is_open():
    open_days = without(days("2021-01-01", "2024-12-31"), "12-25", "01-01")
    once = np.sort(np.append(open_days, np.datetime64("2022-12-25").astype(np.int64)))
    assert closed_dates(once, EVERY).tolist() == [101]


def test_a_date_on_a_closed_weekday_is_no_evidence():
    open_days = without(days("2022-01-03", "2023-12-31"), "12-25", "05-01")  # both are a Sunday and a Monday
    open_days = open_days[(open_days + 3) % 7 < 6]
    assert closed_dates(open_days, set(range(6))).tolist() == []
    more = np.append(open_days, without(days("2024-01-01", "2024-12-31"), "12-25", "05-01"))
    assert closed_dates(more[(more + 3) % 7 < 6], set(range(6))).tolist() == [501, 1225]


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_days_that_are_missing_by_chance_and_seasons_are_no_closed_dates(share):
    rng, every = np.random.default_rng(0), days("2020-01-01", "2023-12-31")
    for years in (2, 3, 4):
        some = every[: years * 365]
        assert closed_dates(some[rng.random(len(some)) > share], EVERY).tolist() == []
    summer = every[np.isin(every.astype("datetime64[M]").astype(np.int64) % 12, (4, 5, 6, 7, 8))]
    assert closed_dates(summer, EVERY).tolist() == []


@pytest.fixture
def shops(tmp_path: Path) -> Path:
    """Two shops closed on 25 December and 1 January, to 5 December, and a plan of promotions that has both dates."""
    rows = []
    for day in days("2022-11-01", "2025-01-04").astype("datetime64[D]"):
        ahead, shut = day > np.datetime64("2024-12-05"), str(day)[5:] in ("12-25", "01-01")
        rows += [
            f"{day},{shop},{'' if ahead else int(day.astype(int)) % 7},{k % 3}"
            for k, shop in enumerate("ab")
            if ahead or not shut
        ]
    path = tmp_path / "shops.csv"
    path.write_text("day,shop,sales,promo\n" + "\n".join(rows) + "\n")
    return path


def test_closed_dates_have_no_forecast_and_need_no_plan(shops: Path):
    panel, report = read(shops)
    assert ("open slots", "Mon-Sun, closed on 1 January, 25 December") in [(f.what, f.value) for f in report.found]
    assert ("rows on closed dates left out", 4) in [(r.what, r.count) for r in report.repaired]
    assert panel.known_ahead().tolist() == [28, 28]
    made, _ = predict(SeasonalNaive(), panel, horizon=28)
    ahead = {str(stamp)[:10] for stamp in made.timestamps[0]}
    assert not ahead & {"2024-12-25", "2025-01-01"}
    assert {"2024-12-24", "2024-12-26", "2025-01-02", "2025-01-04"} <= ahead


def test_all_days_are_open_on_request(shops: Path):
    for options in (ReadOptions(calendar="none"), ReadOptions(freq="D"), ReadOptions(fill=0.0)):
        panel, _ = read(shops, options)
        assert panel.freq.alias == "D"
