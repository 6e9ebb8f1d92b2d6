"""Days around yearly events: a shape is one event, found in few years of one series, and as wide as it is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.forecasting.ensemble.test_calendar_screen import all_in_one, sales
from tsattn.forecasting.ensemble.calendar_events import events_between
from tsattn.forecasting.ensemble.calendar_screen import Found, find_events
from tsattn.forecasting.ensemble.event_windows import GAP, SHAPES, Shape, neighbours, responses, weights_of

DAYS = np.datetime64("2021-01-01") + np.arange(365 * 3)


def before_christmas(days: np.ndarray, width: int) -> np.ndarray:
    """Share of the peak on each day: 1 on 24 December, falling to 0 `width` days before it."""
    eve = (days.astype("datetime64[Y]").astype("datetime64[M]") + 11).astype("datetime64[D]") + 23
    left = (eve - days).astype(np.int64)
    return np.where((left >= 0) & (left < width), 1 - left / width, 0.0)


def found_in(width: int, seed: int, count: int = 1) -> tuple[Found, np.ndarray]:
    past, days = sales(count, 3, seed)
    return find_events(past * (1 + 1.2 * before_christmas(days[0][: past.shape[1]], width)), days, all_in_one(count), (7,)), days


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("width", [10, 14, 21])
def test_when_sales_rise_for_days_before_christmas_then_that_is_one_event_of_about_this_width(width, count):
    found, days = found_in(width, seed=1, count=count)
    first = found.names[0] if len(found.names) == 1 else next(name for name in found.names if "building up" in name)
    assert first.startswith("24 December, building up over ")
    on = found.on[found.names.index(first), found.place[0]]
    truth = before_christmas(days[0], width)
    assert np.abs(on - truth).max() < 0.35
    assert len(np.unique(on)) <= 11  # few sizes: the response is not bent


def test_when_only_the_day_itself_peaks_then_it_is_a_single_day():
    past, days = sales(1, 3)
    eve = before_christmas(days[0][: past.shape[1]], 1) > 0
    assert find_events(past * np.where(eve, 2.0, 1.0), days, all_in_one(1), (7,)).names == ("24 December",)


def test_when_a_shape_is_placed_then_it_peaks_at_the_event_and_fades_on_its_side():
    first = int(DAYS[0].astype(np.int64))
    events = events_between(first, first + len(DAYS) - 1)[1]
    which = events.names.index("24 December")
    for shape in SHAPES:
        weights = weights_of(events, which, shape, len(DAYS))
        peaks = np.flatnonzero(weights == weights.max())
        assert set(events.at[which][events.at[which] >= 0].tolist()) <= set(peaks.tolist())
        at = int(events.at[which][0])
        sign = 1 if shape.after else -1
        if at + sign * shape.days < len(DAYS):
            assert weights[at + sign * (shape.days - 1)] > 0
            assert weights[at + sign * shape.days] == 0
            assert weights[at - sign] == 0


@pytest.mark.parametrize("shape", [Shape(7, False), Shape(14, True)])
def test_when_residuals_follow_a_shape_then_the_response_is_largest_where_it_is_placed(shape):
    z = np.random.default_rng(0).normal(0, 0.1, (2, 300))
    place = 150 + (1 if shape.after else -1) * np.arange(shape.days)
    z[1, place] += shape.weights()
    found = responses(z, shape, 14)
    assert int(np.nanargmax(found[1])) == 150
    z[1, place[: shape.days // 2]] = np.nan
    assert np.isnan(responses(z, shape, 14)[1, 150])


@pytest.mark.parametrize(("factor", "count"), [(1.5, 1), (1.5, 4), (0.7, 4)])
def test_when_sales_are_as_high_on_each_day_of_a_window_then_that_is_one_event_and_none_has_another_sign(factor, count):
    past, days = sales(count, 2, 2)
    text = days[0].astype(str)[: past.shape[1]]
    window = np.array(["12-10" <= day[5:] <= "12-23" for day in text.tolist()])
    found = find_events(past * np.where(window, factor, 1.0), days, all_in_one(count), (7,))
    assert found.names == ("10 December, lasting 14 days",)
    np.testing.assert_array_equal(found.on[0, found.place[0]][: len(window)] > 0, window)


def test_when_shops_close_after_a_window_of_high_sales_then_both_are_found_and_nothing_else():
    past, days = sales(4, 2, 3)
    text = days[0].astype(str)[: past.shape[1]]
    window = np.array(["12-10" <= day[5:] <= "12-23" for day in text.tolist()])
    shut = np.array([day[5:] in ("12-25", "12-26") for day in text.tolist()])
    found = find_events(past * np.where(window, 1.5, 1.0) * np.where(shut, 0.05, 1.0), days, all_in_one(4), (7,))
    on = (found.on[:, found.place[0]][:, : len(window)] > 0).any(0)
    np.testing.assert_array_equal(on, window | shut)


def two_christmases(end: str, peak: float, after: float, horizon: int = 28, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Daily sales (1, L) from November 2021 to `end`, with a rise over 21 days before 24 December and 8 days at a share of it."""
    past, days = sales(1, 3, seed)
    begin, cutoff = (int((np.datetime64(day) - days[0, 0]).astype(np.int64)) for day in ("2021-11-01", end))
    days = days[:, begin : cutoff + 1 + horizon]
    past = past[:, begin : cutoff + 1]
    own = days[0][: past.shape[1]]
    since = np.array([day[5:] >= "12-25" or day[5:] == "01-01" for day in own.astype(str).tolist()])
    return past * (1 + (peak - 1) * before_christmas(own, 21)) * np.where(since, after, 1.0), days


@pytest.mark.parametrize("end", ["2023-11-25", "2023-12-05", "2023-12-15"])
@pytest.mark.parametrize("peak", [2.0, 4.0])
def test_when_sales_fall_below_normal_after_a_long_rise_then_both_are_found_in_two_years(end, peak):
    past, days = two_christmases(end, peak, after=0.6)
    found = find_events(past, days, all_in_one(1), (7,))
    assert {"24 December, building up over 21 days", "25 December, lasting 8 days"} <= set(found.names)


@pytest.mark.parametrize("end", ["2023-12-05", "2023-12-12"])
def test_when_the_history_ends_during_a_rise_then_the_rise_is_found_and_nothing_after_it(end):
    past, days = two_christmases(end, 2.5, after=1.0)
    assert find_events(past, days, all_in_one(1), (7,)).names == ("24 December, building up over 21 days",)


def test_when_the_horizon_ends_before_the_event_then_the_rise_before_it_is_in_the_forecast():
    past, days = two_christmases("2023-11-25", 2.5, after=1.0)
    found = find_events(past, days, all_in_one(1), (7,))
    assert str(days[0, -1]) == "2023-12-23"
    on = found.on[found.names.index("24 December, building up over 21 days"), found.place[0]]
    np.testing.assert_allclose(on[-21:], before_christmas(days[0], 21)[-21:], atol=0.1)


def test_when_an_event_has_neighbours_then_they_are_the_events_just_after_or_before_it_in_every_year():
    first = int(DAYS[0].astype(np.int64))
    events = events_between(first, first + len(DAYS) - 1)[1]
    eve = events.names.index("24 December")
    for after, dates in ((False, ("25", "26", "27")), (True, ("23", "22", "21"))):
        found = [events.names[k] for k in neighbours(events, eve, after, len(DAYS))]
        assert [name for name in found if name.endswith(" December") and name[0].isdigit() and len(name) == 11] == sorted(
            f"{day} December" for day in dates
        )
        assert len(dates) == GAP
