"""Data as of an earlier moment: later values are removed."""

from __future__ import annotations

import datetime as dt
import re
from typing import Protocol

import numpy as np

from tsattn.data.freq import Freq
from tsattn.data.panel import Panel
from tsattn.data.periods import days_of, spans_days
from tsattn.data.timezone import to_local, to_utc
from tsattn.errors import ConfigError, DataError

_MONTH, _WEEK = r"\d{4}-\d\d", r"\d{4}-?W\d\d"


class NothingYet(DataError):
    """Error: no item had a value at the requested moment."""


class HasClock(Protocol):
    """A frequency and a zone: a Panel, or a stand-in for one."""

    @property
    def freq(self) -> Freq: ...
    @property
    def tz(self) -> str | None: ...


def parse_moment(text: str, option: str = "--as-of") -> dt.datetime:
    """Parse `2024-01-31` or `2024-01-31T06:00`, with `Z`, an offset or neither; `2024-01` is a first day.

    Raises ConfigError that names the option.
    """
    text = text.strip()
    try:
        moment = dt.datetime.fromisoformat(_first_day(text))
    except ValueError:
        raise ConfigError(
            f"{option} {text!r} is not a time", "write it as 2024-01-31 or 2024-01-31T06:00, optionally followed by +02:00 or Z"
        ) from None
    if not dt.MINYEAR + 1 < moment.year < dt.MAXYEAR - 1:  # beyond, it has no counterpart in other time zones
        raise ConfigError(f"{option} {text!r} is outside the supported years", "use a year from 3 to 9997")
    return moment


def _first_day(text: str) -> str:
    return f"{text.strip()}-01" if re.fullmatch(_MONTH, text.strip()) else text.strip()


def parse_as_of(text: str) -> dt.datetime:
    """Parse `--as-of`: a date, month (`2024-01`) or ISO week without a time means its last moment, as in pandas slicing.

    A date with a time means that moment. Raises ConfigError as `parse_moment` does.
    """
    moment = parse_moment(text)
    return _after(text, moment) - dt.timedelta(microseconds=1) if _is_period(text) else moment


def as_of_name(text: str) -> str:
    """Return `the end of 2024-01-31` for a date, month or week alone, and any other text unchanged."""
    return f"the end of {text.strip()}" if _is_period(text) else text.strip()


def _is_period(text: str) -> bool:
    """Return True for a date, month or week without a time of day."""
    try:
        dt.date.fromisoformat(_first_day(text))
    except ValueError:
        return False
    return True


def _after(text: str, start: dt.datetime) -> dt.datetime:
    """Return the moment after a period that begins at `start`."""
    if re.fullmatch(_MONTH, text.strip()):
        return (start + dt.timedelta(days=31)).replace(day=1)
    return start + dt.timedelta(days=7 if re.fullmatch(_WEEK, text.strip()) else 1)


def on_grid(moment: dt.datetime, panel: HasClock) -> np.datetime64:
    """Convert a moment to the panel's clock. Without an offset, the moment is in the time zone that the data are printed in.

    With an offset, data without a zone are taken to be in this machine's zone.
    """
    if not panel.freq.has_clock:
        raise ConfigError("the data have no timestamps, so --as-of and max_age do not apply", "remove --as-of and max_age")
    if moment.tzinfo is None:
        stamp = np.datetime64(moment, "us")
        return to_utc(np.array([stamp]), panel.tz)[0] if panel.tz and panel.freq.is_subdaily else stamp
    if panel.tz is None:
        return np.datetime64(moment.astimezone().replace(tzinfo=None), "us")
    if panel.freq.is_subdaily:
        return np.datetime64(moment.astimezone(dt.UTC).replace(tzinfo=None), "us")
    utc = np.datetime64(moment.astimezone(dt.UTC).replace(tzinfo=None), "us")
    return to_local(np.array([utc]), panel.tz)[0]


def known_at(panel: Panel, moment: np.datetime64) -> Panel:
    """The panel as of a moment on its clock: values after it are removed, known covariates stay.

    A value of a step longer than a day, such as a week or a month, is known once its last day is over (see periods.py).
    Each item ends at its last observed value; an item without one is left out. Raises NothingYet when none is left.
    """
    first = panel.indptr[:-1]
    steps, _ = panel.freq.steps_between(panel.start, np.full(len(panel), moment))
    if spans_days(panel.freq) and not panel.freq.is_subdaily:
        after = days_of(panel.freq.advance(panel.start, steps), panel.freq, panel.schema.timestamp)[1]
        steps = steps - (after > moment + np.timedelta64(1, "us"))
    rows = np.clip(first + steps + 1, first, panel.origin)
    observed = np.where(np.isnan(panel.target), -1, np.arange(len(panel.target)))
    newest_before = np.maximum.accumulate(observed)[np.maximum(rows, 1) - 1]
    ends = np.minimum(np.maximum(newest_before + 1, first), rows)
    began = np.flatnonzero(ends > first)
    if not len(began):
        raise NothingYet(f"there is no observed value up to {np.datetime_as_string(moment, 's')}", "give a later --as-of")
    return panel.before(ends).select(began)
