"""Files as more than a hundred tools write them: each is read rightly, or stops with advice that works."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.data.reading.exports import (
    calendars,
    energy,
    further_kinds,
    markets_and_contests,
    meters_and_registers,
    spreadsheets,
    statistical_offices,
    statistics_programs,
    systems,
    weather,
)
from tests.data.reading.exports.made import CASES, Case
from tsattn.config import ReadOptions
from tsattn.data.panel import Panel
from tsattn.data.reading.read import read
from tsattn.errors import TsattnError

_MODULES = (
    calendars,
    energy,
    further_kinds,
    markets_and_contests,
    meters_and_registers,
    spreadsheets,
    statistical_offices,
    statistics_programs,
    systems,
    weather,
)  # importing them fills CASES
_WARNED = ("buddhist", "jalali")


@pytest.fixture
def written(tmp_path):
    def write(case: Case):
        path = tmp_path / case.name
        path.write_bytes(case.text.encode("cp1250" if case.encoding == "cp1250" else case.encoding))
        return path

    return write


def assert_is(panel: Panel, case: Case) -> None:
    assert panel.freq.alias == case.freq
    assert len(panel) == len(case.series), panel.item_ids
    if panel.freq.has_clock:
        assert panel.start[0] == np.datetime64(case.first)
    for item, wanted in enumerate(case.series):
        np.testing.assert_allclose(panel.history(item), np.array(wanted, np.float64), rtol=1e-5)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.stop and name not in _WARNED])
def test_an_export_is_read_for_what_it_is(written, name):
    case = CASES[name]
    assert_is(read(written(case), ReadOptions(**case.options))[0], case)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.stop])
def test_an_export_with_two_readings_stops_with_advice_that_works(written, name):
    case = CASES[name]
    with pytest.raises(TsattnError) as stopped:
        read(written(case), ReadOptions(**case.options))
    assert re.search(case.stop, f"{stopped.value.message}\n{stopped.value.hint}", re.DOTALL)
    if case.settle is not None:
        assert_is(read(written(case), ReadOptions(**case.options, **case.settle))[0], case)
    elif "--timestamp none" in case.stop:
        panel, _ = read(written(case), ReadOptions(**case.options, timestamp="none"))
        assert panel.freq.alias == "step"
        assert len(panel) <= 3


@pytest.mark.parametrize("name", _WARNED)
def test_years_of_other_calendars_are_read_with_a_warning(written, name):
    panel, report = read(written(CASES[name]))
    assert any("calendar" in warning for warning in report.warnings)
    assert len(panel.history(0)) == len(CASES[name].series[0])
