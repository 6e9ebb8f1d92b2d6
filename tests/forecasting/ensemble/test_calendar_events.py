"""Events of the calendar fall on the right days."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.forecasting.ensemble.calendar_events import Events, easter, events_between, ordinal

FIRST, LAST = (int(np.datetime64(day).astype(int)) for day in ("2021-01-01", "2024-12-31"))
DAYS = {
    "1st of the month": ("2021-01-01", "2021-02-01", "2021-03-01"),
    "28th of the month": ("2021-01-28", "2021-02-28"),
    "last day of the month": ("2021-01-31", "2021-02-28", "2021-03-31"),
    "2nd last day of the month": ("2021-01-30", "2021-02-27"),
    "1st working day of the month": ("2021-01-01", "2021-02-01", "2021-03-01", "2021-04-01", "2021-05-03"),
    "last working day of the month": ("2021-01-29", "2021-02-26", "2021-03-31"),
    "3rd last working day of the month": ("2021-01-27", "2021-02-24"),
    "last day of the quarter": ("2021-03-31", "2021-06-30", "2021-09-30", "2021-12-31"),
    "1st working day of the quarter": ("2021-01-01", "2021-04-01", "2021-07-01", "2021-10-01", "2022-01-03"),
    "24 December": ("2021-12-24", "2022-12-24", "2023-12-24", "2024-12-24"),
    "29 February": ("2024-02-29",),
    "Good Friday": ("2021-04-02", "2022-04-15", "2023-04-07", "2024-03-29"),
    "Whit Monday": ("2021-05-24", "2022-06-06"),
    "Black Friday": ("2021-11-26", "2022-11-25", "2023-11-24", "2024-11-29"),
    "Cyber Monday": ("2021-11-29", "2022-11-28", "2023-11-27", "2024-12-02"),
    "2nd Sunday of May": ("2021-05-09", "2022-05-08", "2023-05-14", "2024-05-12"),
    "last Monday of May": ("2021-05-31", "2022-05-30", "2023-05-29", "2024-05-27"),
    "4th Thursday of November": ("2021-11-25", "2022-11-24", "2023-11-23", "2024-11-28"),
}


def every() -> dict[str, tuple[Events, int]]:
    return {name: (events, k) for events in events_between(FIRST, LAST) for k, name in enumerate(events.names)}


@pytest.mark.parametrize("name", DAYS)
def test_when_an_event_is_named_then_it_falls_on_its_days(name):
    events, k = every()[name]
    on = np.flatnonzero(events.on(np.array([k]), LAST - FIRST + 1)[0])
    days = (FIRST + on).astype("datetime64[D]").astype(str).tolist()
    assert days[: len(DAYS[name])] == list(DAYS[name])
    assert bool(events.yearly[k]) == ("month" not in name and "quarter" not in name)


def test_when_days_are_listed_then_names_are_unique_and_yearly_events_come_once_a_year_at_most():
    _, yearly = events_between(FIRST, LAST)
    assert len(every()) == sum(len(events) for events in events_between(FIRST, LAST))
    for place in yearly.at:
        years = (FIRST + place[place >= 0]).astype("datetime64[D]").astype("datetime64[Y]")
        assert len(np.unique(years)) == len(years)


def test_when_easter_is_computed_then_it_is_that_of_dateutil():
    known = pytest.importorskip("dateutil.easter")
    years = np.arange(1950, 2080)
    assert easter(years).astype(str).tolist() == [str(known.easter(year)) for year in years.tolist()]


@pytest.mark.parametrize(
    ("n", "said"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (13, "13th"), (22, "22nd")]
)
def test_when_a_number_is_an_ordinal_then_its_ending_is_right(n, said):
    assert ordinal(n) == said
