"""Time zones: grid clock, wall clock, instants; daylight-saving changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsattn.data.freq import Freq
from tsattn.data.timezone import canonical, instants, is_doubled, to_local, to_utc, utc_offsets, zone
from tsattn.errors import ConfigError

HOUR = np.timedelta64(1, "h")
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "UTC",
    "+05:30",
    "-03:00",
)


def stamps(*names: str) -> np.ndarray:
    return np.array(names, "datetime64[us]")


def test_an_hourly_grid_crosses_the_autumn_change_with_one_wall_clock_hour_doubled() -> None:
    utc = np.datetime64("2024-10-26T23:00", "us") + HOUR * np.arange(4)
    assert (
        to_local(utc, "Europe/Berlin").tolist()
        == stamps("2024-10-27T01", "2024-10-27T02", "2024-10-27T02", "2024-10-27T03").tolist()
    )


def test_an_hourly_grid_crosses_the_spring_change_with_one_wall_clock_hour_skipped() -> None:
    utc = np.datetime64("2024-03-31T00:00", "us") + HOUR * np.arange(3)
    assert to_local(utc, "Europe/Berlin").tolist() == stamps("2024-03-31T01", "2024-03-31T03", "2024-03-31T04").tolist()


@pytest.mark.parametrize(
    ("name", "local", "utc"),
    [("Europe/Berlin", "2024-10-27T02:30", "2024-10-27T00:30"), ("America/New_York", "2024-11-03T01:30", "2024-11-03T05:30"),
     ("Australia/Lord_Howe", "2024-04-07T01:45", "2024-04-06T14:45")],
)  # fmt: skip
def test_a_doubled_wall_clock_time_is_read_as_the_first(name: str, local: str, utc: str) -> None:
    assert to_utc(stamps(local), name)[0] == np.datetime64(utc)


@pytest.mark.parametrize(
    ("name", "local", "utc"),
    [("Europe/Berlin", "2024-03-31T02:30", "2024-03-31T01:30"), ("America/New_York", "2024-03-10T02:30", "2024-03-10T07:30"),
     ("America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T03:00")],
)  # fmt: skip
def test_a_skipped_wall_clock_time_is_read_as_if_the_clock_had_not_moved(name: str, local: str, utc: str) -> None:
    assert to_utc(stamps(local), name)[0] == np.datetime64(utc)


@settings(deadline=None)
@given(st.sampled_from(ZONES), st.integers(0, 60 * 365 * 96))
def test_every_wall_clock_time_comes_back_from_utc_or_is_the_earlier_of_two(name: str, quarter: int) -> None:
    utc = np.array([np.datetime64("1975-01-01", "us") + np.timedelta64(15 * quarter, "m")])
    local = to_local(utc, name)
    back = to_utc(local, name)
    assert to_local(back, name) == local
    assert back <= utc


def test_offsets_keep_the_shape_of_what_is_asked() -> None:
    grid = np.datetime64("2024-01-01", "us") + HOUR * np.arange(6).reshape(2, 3)
    for name in ZONES:
        assert utc_offsets(grid, name).shape == (2, 3)
    assert utc_offsets(grid[:0], "Europe/Berlin").shape == (0, 3)


def test_when_a_zone_is_unknown_then_the_hint_shows_the_two_ways() -> None:
    for name in ("Mars/Olympus", "", "+2", "../etc"):
        with pytest.raises(ConfigError) as error:
            zone(name)
        assert "+02:00" in error.value.hint


def test_zoned_hours_are_instants_already_and_zoned_days_stand_on_the_wall_clock() -> None:
    grid = stamps("2024-03-30T00:00", "2024-03-31T00:00", "2024-04-01T00:00")
    assert (instants(grid, Freq.parse("h"), "Europe/Berlin") == grid).all()
    expected = stamps("2024-03-29T23:00", "2024-03-30T23:00", "2024-03-31T22:00")
    assert (instants(grid, Freq.parse("D"), "Europe/Berlin") == expected).all()
    assert (instants(grid, Freq.parse("B"), "Europe/Berlin") == expected).all()
    assert (instants(grid, Freq.parse("D"), None) == grid).all()


def test_a_zone_has_one_spelling() -> None:
    assert [canonical(n) for n in ("Z", "UTC", "+00:00", "+0530", "-03:00", "Europe/Berlin")] == [
        "UTC", "UTC", "UTC", "+05:30", "-03:00", "Europe/Berlin"
    ]  # fmt: skip


def test_when_clocks_are_set_back_then_exactly_the_hours_before_occur_twice():
    berlin = stamps(
        "2026-10-25T01:59", "2026-10-25T02:00", "2026-10-25T02:59", "2026-10-25T03:00", "2026-03-29T02:30", "2026-07-01T02:30"
    )
    assert is_doubled(berlin, "Europe/Berlin").tolist() == [False, True, True, False, False, False]
    island = stamps("2026-04-05T01:29", "2026-04-05T01:30", "2026-04-05T01:59", "2026-04-05T02:00")
    assert is_doubled(island, "Australia/Lord_Howe").tolist() == [False, True, True, False]
    assert not is_doubled(berlin, "+01:00").any()
