"""Files of loggers whose settings stand beside the first reading."""

from __future__ import annotations

import pytest

from tests.data.reading.kinds import ISO, LARGE, series
from tsattn.errors import DataError


@pytest.mark.parametrize(
    ("header", "extra", "named"),
    [
        ("EasyLog,Time,Celsius(°C),Serial Number", ",010012345", "'Serial Number'"),
        ("Store,Time,Celsius(°C),High Alarm,Low Alarm", ',"30,5",5.0', "'High Alarm', 'Low Alarm'"),
    ],
)
def test_fields_that_only_the_first_row_has_are_left_out(take, header, extra, named):
    lines = [f"{k + 1},{day} 00:00:00,{v}.5" for k, (day, v) in enumerate(zip(ISO, LARGE, strict=True))]
    panel, report = take("\n".join([header, lines[0] + extra, *lines[1:]]) + "\n")
    assert panel.item_ids == ("Celsius(°C)",)
    assert series(panel) == [v + 0.5 for v in LARGE]
    assert any("extra fields of the first row left out" in str(r) and named in str(r) for r in report.repaired)


def test_names_and_settings_above_the_header_are_not_cut(take):
    body = "".join(f"{day};{v}\n" for day, v in zip(ISO, LARGE, strict=True))
    panel, report = take("name;lat;lon\nRoom;48.2;16.3\nday;level\n" + body)
    assert panel.item_ids == ("level",)
    assert not any("first row" in str(r) for r in report.repaired)


def test_a_row_with_a_field_too_many_still_stops(take):
    body = "".join(f"{day},{v}\n" for day, v in zip(ISO[1:], LARGE[1:], strict=True))
    with pytest.raises(DataError, match="line 2"):
        take(f"day,level\n{ISO[0]},1100,7\n{body}")
