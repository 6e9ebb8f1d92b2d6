"""Short names of series: what differs stays, and what all names share is said once."""

from __future__ import annotations

import pytest

from tsattn.render.short_names import ShortNames

METRICS = [f'cpu_usage{{instance="web-{k:02d}:9100", job="node"}}' for k in range(20)]


@pytest.mark.parametrize(
    ("names", "most", "shown", "note"),
    [
        (METRICS, 12, "web-00:9100", 'series: cpu_usage{instance="…", job="node"}'),
        (METRICS, 60, METRICS[0], ""),  # there is room
        (METRICS, 10, "00", 'series: cpu_usage{instance="web-…:9100", job="node"}'),
        (["total/north/harbour", "total/south/hills"], 13, "north/harbour", "series: total/…"),
        (["plant_east_line_01_temp", "plant_east_line_12_temp"], 12, "01", "series: plant_east_line_…_temp"),
        ([f"{k:02d}-of-a-very-long-name" for k in range(3)], 12, "00", "series: …-of-a-very-long-name"),
        (["a/b/c/d/e/f/g/h", "a"], 8, "a/b/…g/h", ""),  # nothing would be left of the second name
        (["one long name alone"], 12, "one lo…alone", ""),
        ([], 12, None, ""),
    ],
)
def test_names_lose_what_all_of_them_share_up_to_a_border(names, most, shown, note):
    short = ShortNames.of(names, most)
    assert short.note == note
    assert not names or short(names[0]) == shown
    assert all(len(short(name)) <= most for name in names)
    assert len({short(name) for name in names}) == len(names)


def test_when_names_are_still_too_long_then_the_cut_keeps_the_part_that_differs():
    starts = [f"{k:02d}0123456789abcdefghij-x" for k in range(9)] + ["z"]
    ends = [f"x-abcdefghij0123456789{k:02d}" for k in range(9)] + ["z"]
    middles = [f"abcdefghijkl{k}mnopqrstuvw" for k in range(9)]
    for names in (starts, ends):
        short = ShortNames.of(names, 8)
        assert len({short(name) for name in names}) == len(names)
        assert max(len(short(name)) for name in names) <= 8
    assert ShortNames.of(middles, 16)(middles[3]) == "…jkl3mnopqrstuvw"


def test_characters_with_a_meaning_to_a_terminal_are_escaped_before_names_are_compared():
    names = [f"host\x1b[31m/{k} of the rack in the cellar" for k in (1, 2)]
    short = ShortNames.of(names, 12)
    assert (short(names[1]), short.note) == ("2", "series: host\\x1b[31m/… of the rack in the cellar")
