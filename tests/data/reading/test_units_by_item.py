"""Columns whose unit depends on the item."""

from __future__ import annotations

import pytest

from tests.data.reading.kinds import ISO, LARGE, series, table
from tsattn.errors import DataError

DAYS = [d for d in ISO for _ in range(2)]
NAMES = ["temp", "hum"] * 20


def readings(first: str, second: str) -> list[str]:
    return [text for v in LARGE for text in (first.format(v), second.format(v))]


@pytest.mark.parametrize(("first", "second"), [("{} °C", "{} %"), ("${}", "{}%"), ("{} kWh", "{} l")])
def test_each_item_has_its_own_unit(take, first, second):
    panel, report = take(table("date,sensor,value", DAYS, NAMES, readings(first, second)))
    assert (panel.item_ids, series(panel), series(panel, 1)) == (("temp", "hum"), LARGE, LARGE)
    assert any(r.what == "units that depend on column 'sensor' removed" for r in report.repaired)


def test_two_units_of_one_item_are_an_error(take):
    mixed = [f"{v} °C" if k % 4 else f"{v} %" for k, v in enumerate(LARGE * 2)]
    with pytest.raises(DataError, match="the column has the units"):
        take(table("date,sensor,value", DAYS, NAMES, mixed))
