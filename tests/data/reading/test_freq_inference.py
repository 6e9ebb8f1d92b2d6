"""The frequency of timestamps."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.freq import Freq
from tsattn.data.reading.freq_inference import Uneven, differing, infer, near_months, snapped


def _items(*items: list[str]) -> tuple[np.ndarray, np.ndarray]:
    stamps = np.concatenate([np.array(i, "datetime64[us]") for i in items])
    return stamps, np.concatenate([[0], np.cumsum([len(i) for i in items])])


def _walk(alias: str, start: str, count: int) -> list[str]:
    return [str(t) for t in Freq.parse(alias).advance(np.datetime64(start, "us"), np.arange(count))]


@pytest.mark.parametrize(
    ("alias", "start"),
    [
        *(("100ms", "2024-01-01"), ("s", "2024-01-01"), ("10s", "2024-01-01"), ("15min", "2024-01-01"), ("h", "2024-01-01")),
        *(("12h", "2024-01-01"), ("D", "2024-01-05"), ("2D", "2024-01-05"), ("B", "2024-01-05"), ("W", "2024-01-05")),
        *(("2W", "2024-01-05"), ("MS", "2024-01-01"), ("MS", "2024-01-15"), ("ME", "2024-01-31"), ("QS", "2024-01-01")),
        *(("QE", "2024-03-31"), ("YS", "1799-01-01"), ("YE", "1799-12-31"), ("2MS", "2024-01-01"), ("10YS", "1800-01-01")),
    ],
)
def test_a_regular_walk_is_found_again(alias: str, start: str) -> None:
    stamps, indptr = _items(_walk(alias, start, 30), _walk(alias, start, 7))
    assert infer(stamps, indptr) == Freq.parse(alias)
    some = np.random.default_rng(1).permutation(30)[:22]
    some.sort()
    assert infer(stamps[some], np.array([0, 22])) == Freq.parse(alias)


def test_items_of_one_row_have_no_frequency_of_their_own() -> None:
    assert infer(*_items(["2024-01-01"], ["2024-02-01"])) is None
    assert infer(*_items(["2024-01-01"], _walk("h", "2024-02-01", 3))) == Freq("h")


def test_weekdays_within_one_week_are_days() -> None:
    assert infer(*_items(_walk("D", "2024-01-01", 5))) == Freq("D")


def test_a_step_that_is_no_multiple_of_the_usual_one_is_named() -> None:
    with pytest.raises(Uneven) as stopped:
        infer(*_items([*_walk("h", "2024-01-01", 6), "2024-01-01T05:30:00"]))
    assert (stopped.value.kind, stopped.value.row, stopped.value.usual, stopped.value.finest) == (
        "mixed",
        6,
        Freq("h"),
        Freq("min", 30),
    )


def test_items_without_rows_do_not_hide_uneven_steps() -> None:
    stamps, indptr = _items([], [*_walk("h", "2024-01-01", 6), "2024-01-01T05:30:00"], [], [])
    with pytest.raises(Uneven) as stopped:
        infer(stamps, indptr)
    assert stopped.value.row == 6


def test_two_items_of_different_frequencies_are_found() -> None:
    assert differing(*_items(_walk("D", "2024-01-01", 20), _walk("MS", "2024-01-01", 20))) == (0, Freq("D"), 1, Freq("M"))
    assert differing(*_items(_walk("D", "2024-01-01", 20), _walk("D", "2024-05-01", 20))) is None


def test_last_working_days_stand_for_months() -> None:
    stamps, indptr = _items(["2024-03-29", "2024-04-30", "2024-05-31", "2024-06-28"])
    freq = near_months(stamps, indptr)
    assert freq == Freq("M", 1, month_end=True)
    assert snapped(stamps, freq).astype("datetime64[D]").astype(str).tolist() == [
        "2024-03-31",
        "2024-04-30",
        "2024-05-31",
        "2024-06-30",
    ]
    assert near_months(*_items(["2024-03-13", "2024-04-18", "2024-05-02", "2024-06-28"])) is None
