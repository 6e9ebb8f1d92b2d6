"""Frequencies: names, calendars, cycles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsattn.data.freq import Freq, calendar_features, calendar_names
from tsattn.errors import ConfigError

ALIASES = (
    "us",
    "ms",
    "s",
    "15min",
    "7min",
    "h",
    "6h",
    "36h",
    "D",
    "2D",
    "W",
    "2W",
    "B",
    "2B",
    "MS",
    "ME",
    "QS",
    "QE",
    "YS",
    "YE",
    "step",
)


def days(*names: str) -> np.ndarray:
    return np.array(names, "datetime64[us]")


@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_is_printed_as_it_is_read(alias: str) -> None:
    assert Freq.parse(alias).alias == alias
    assert str(Freq.parse(f" {alias} ")) == alias


@pytest.mark.parametrize(
    ("text", "alias"),
    [("H", "h"), ("15T", "15min"), ("1D", "D"), ("W-SUN", "W"), ("QS-OCT", "QS"), ("M", "MS"), ("Q", "QS"), ("A", "YS"),
     ("daily", "D"), ("Monthly", "MS"), ("business", "B"), ("4MS", "4MS"), ("12MS", "YS"), ("ms", "ms")],
)  # fmt: skip
def test_other_names_mean_the_same(text: str, alias: str) -> None:
    assert Freq.parse(text).alias == alias


@pytest.mark.parametrize(
    ("text", "near"), [("hurly", "hourly"), ("weakly", "weekly"), ("15mins", "min"), ("", "15min"), ("3.5h", "h")]
)
def test_when_a_frequency_is_unknown_then_the_error_names_a_near_one(text: str, near: str) -> None:
    with pytest.raises(ConfigError) as error:
        Freq.parse(text)
    assert near in error.value.hint


@pytest.mark.parametrize("text", ["0h", "0D"])
def test_a_step_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="positive"):
        Freq.parse(text)


def test_business_days_skip_weekends_both_ways() -> None:
    walked = Freq.parse("B").advance(np.datetime64("2024-05-03T16:00"), np.arange(-2, 3))  # from a Friday
    assert walked.tolist() == days("2024-05-01T16", "2024-05-02T16", "2024-05-03T16", "2024-05-06T16", "2024-05-07T16").tolist()


def test_month_ends_stay_month_ends_and_the_31st_falls_back() -> None:
    ends = Freq.parse("ME").advance(np.datetime64("2024-01-31"), np.arange(4))
    assert ends.tolist() == days("2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30").tolist()
    april = Freq.parse("MS").advance(np.datetime64("2024-01-31"), np.arange(4))
    assert april[1] == np.datetime64("2024-02-29")
    assert april[3] == np.datetime64("2024-04-30")


def test_quarters_and_years_keep_their_month_before_1800_too() -> None:
    assert Freq.parse("QS").advance(np.datetime64("1999-10-01"), 1) == np.datetime64("2000-01-01")
    assert Freq.parse("YS").advance(np.datetime64("1749-01-01"), 3) == np.datetime64("1752-01-01")


@settings(deadline=None)
@given(st.sampled_from(ALIASES), st.integers(-3000, 3000), st.integers(0, 700))
def test_steps_between_undoes_advance(alias: str, steps: int, day: int) -> None:
    freq = Freq.parse(alias)
    start = np.datetime64("2020-01-01T06:30", "us") + np.timedelta64(day, "D")
    start = freq.advance(start, 0)  # a Saturday belongs to no business day, the 5th is no month's end
    found, on_grid = freq.steps_between(start, freq.advance(start, steps))
    assert bool(on_grid)
    assert int(found) == steps


@settings(deadline=None)
@given(st.sampled_from(ALIASES[:-1]), st.integers(-500_000, 500_000))
def test_steps_between_rounds_down_off_the_grid(alias: str, minutes: int) -> None:
    freq, start = Freq.parse(alias), np.datetime64("2024-03-29T06:30", "us")
    start = freq.advance(start, 0)
    stamp = start + np.timedelta64(minutes, "m")
    steps, on_grid = freq.steps_between(start, stamp)
    low, high = freq.advance(start, steps), freq.advance(start, steps + 1)
    assert low <= stamp < high
    assert bool(on_grid) == bool(low == stamp)


def test_a_weekend_lies_on_no_business_day() -> None:
    steps, on_grid = Freq.parse("B").steps_between(
        np.datetime64("2024-05-03"), days("2024-05-03", "2024-05-04", "2024-05-05", "2024-05-06")
    )
    assert steps.tolist() == [0, 0, 0, 1]
    assert on_grid.tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("alias", "cycles"),
    [("h", (24, 168)), ("15min", (96, 672)), ("min", (60, 1440, 10080)), ("D", (7,)), ("W", (52,)), ("2W", (26,)), ("B", (5,)),
     ("MS", (12,)), ("QS", (4,)), ("YS", ()), ("step", ()), ("7h", (24,)), ("2D", ()), ("5MS", ()), ("2B", ())],
)  # fmt: skip
def test_cycles_are_whole_numbers_of_steps(alias: str, cycles: tuple[int, ...]) -> None:
    freq = Freq.parse(alias)
    assert freq.season_lengths == cycles
    assert freq.season_length == (cycles[0] if cycles else 1)


@pytest.mark.parametrize(
    ("alias", "steps"),
    [("h", 8766), ("15min", 35064), ("D", 365.25), ("2D", 182.625), ("W", 365.25 / 7), ("B", 5 * 365.25 / 7), ("MS", 12),
     ("QE", 4), ("YS", 1), ("step", 0), ("D@Mon-Sat", 6 * 365.25 / 7)],
)  # fmt: skip
def test_a_year_is_a_number_of_steps(alias: str, steps: float) -> None:
    assert Freq.parse(alias).year == pytest.approx(steps)


@pytest.mark.parametrize("alias", ALIASES)
def test_every_frequency_has_a_horizon(alias: str) -> None:
    assert 6 <= Freq.parse(alias).default_horizon <= 48


@pytest.mark.parametrize("alias", ALIASES)
def test_calendar_features_match_their_names_and_lie_on_the_unit_circle(alias: str) -> None:
    freq = Freq.parse(alias)
    stamps = freq.advance(np.datetime64("2024-01-01"), np.arange(50).reshape(2, 25))
    waves = calendar_features(stamps, freq)
    names = calendar_names(freq)
    assert waves.shape == (2, 25, len(names))
    assert waves.dtype == np.float32
    for i in range(0, len(names), 2):
        assert names[i].replace("sin", "cos") == names[i + 1]
        np.testing.assert_allclose(waves[..., i] ** 2 + waves[..., i + 1] ** 2, 1, atol=1e-6)


def test_the_week_begins_on_monday_and_the_day_at_midnight() -> None:
    freq = Freq.parse("h")
    waves = dict(zip(calendar_names(freq), calendar_features(days("2024-05-06T00", "2024-05-06T06"), freq).T, strict=True))
    np.testing.assert_allclose(waves["cos_of_week"][0], 1)
    np.testing.assert_allclose(waves["cos_of_day"][0], 1)
    np.testing.assert_allclose(waves["sin_of_day"][1], 1)


def test_yearly_data_and_numbered_steps_have_no_calendar() -> None:
    assert calendar_names(Freq.parse("YS")) == ()
    assert calendar_names(Freq.parse("step")) == ()
    assert calendar_names(Freq.parse("MS")) == ("sin_of_year", "cos_of_year")
