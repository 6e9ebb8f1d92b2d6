"""Durations as texts."""

from __future__ import annotations

import pytest

from tsattn.durations import seconds
from tsattn.errors import ConfigError


@pytest.mark.parametrize(("text", "wanted"), [("90s", 90), ("30min", 1800), ("26h", 93600), ("7d", 604800), ("1d12h", 129600)])
def test_when_a_duration_is_written_then_it_is_read_in_seconds(text, wanted):
    assert seconds(text) == wanted


@pytest.mark.parametrize("text", ["", "7", "7 days", "h", "-1d"])
def test_when_a_duration_is_none_then_it_is_refused(text):
    with pytest.raises(ConfigError, match="not a duration"):
        seconds(text)


def test_when_a_number_has_no_unit_then_it_has_that_of_the_caller():
    assert (seconds("7", "d"), seconds(" 1.5 ", "s"), seconds("1D 12H", "s")) == (604800, 1.5, 129600)
