"""Long tables in which some series hold only texts: these are left out, and the others are forecast."""

from __future__ import annotations

import pytest

from tests.data.reading.kinds import ISO
from tsattn.errors import DataError

ROOMS = {
    "sensor.attic": [f"{20 + k / 10:.1f}" for k in range(20)],
    "sensor.cellar": ["unavailable" if k == 4 else f"{12 + k / 10:.1f}" for k in range(20)],
    "binary_sensor.door": ["unavailable" if k == 7 else "on" if k % 2 else "off" for k in range(20)],
    "weather.home": ["sunny" if k % 3 else "rainy" for k in range(20)],
}


def long(series: dict[str, list[str]], head: str = "entity_id,state,last_changed") -> str:
    rows = [f"{name},{value},{day}" for name, values in series.items() for day, value in zip(ISO, values, strict=True)]
    return "\n".join([head, *rows]) + "\n"


@pytest.mark.parametrize("options", [{}, {"item": ("entity_id",)}, {"target": ("state",)}])
def test_series_of_texts_are_left_out_and_told(take, options):
    panel, report = take(long(ROOMS), **options)
    assert panel.item_ids == ("sensor.attic", "sensor.cellar")
    assert panel.history(0)[0] == 20
    (note,) = [r for r in report.repaired if "series without numbers" in r.what]
    assert note.count == 40
    assert "binary_sensor.door" in note.where
    assert "weather.home" in note.where


def test_a_text_within_a_series_of_numbers_still_stops(take):
    broken = {**ROOMS, "sensor.attic": [*ROOMS["sensor.attic"][:5], "open", *ROOMS["sensor.attic"][6:]]}
    with pytest.raises(DataError):
        take(long(broken))


def test_names_beside_numbers_keep_their_rows(take):
    rows = [f"{shop},{grade},{day},{k}" for shop, grade in (("a", "1"), ("b", "best")) for k, day in enumerate(ISO)]
    panel, report = take("shop,grade,date,sales\n" + "\n".join(rows) + "\n")
    assert len(panel) == 2
    assert not any("without numbers" in r.what for r in report.repaired)
