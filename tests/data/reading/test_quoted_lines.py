"""Files with quotes around each whole line."""

from __future__ import annotations

import pytest

from tests.data.reading.kinds import ISO, LARGE, commas, quoted, series, table
from tsattn.errors import DataError


def test_quotes_around_whole_lines_are_removed_and_reported(take):
    lines = table("date,shop,sales", ISO, ['""A, B""'] * 20, LARGE).splitlines()
    panel, report = take("".join(f'"{line}"\n' for line in lines), item="shop")
    assert (panel.item_ids, series(panel)) == (("A, B",), LARGE)
    assert any(f.what == "quotes" for f in report.found)


def test_a_column_of_quoted_numbers_with_thousands_separators_stays_one_column(take):
    panel, _ = take("sales\n" + "\n".join(quoted(map(commas, LARGE))) + "\n")
    assert series(panel) == LARGE
    panel, _ = take('"sales"\n' + "\n".join(quoted(map(commas, LARGE))) + "\n")
    assert series(panel) == LARGE


@pytest.mark.parametrize(
    ("dates", "start"),
    [
        ([f"{m}, {y}" for y in (2015, 2016) for m in ("January", "February", "March", "April", "May", "June")], "2015-01-01"),
        ([f"Week {k}, 2022" for k in range(1, 21)], "2022-01-03"),
        ([f"June {k}, 2024" for k in range(1, 21)], "2024-06-01"),
        ([f"{('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[k % 7]}, July {k + 1}, 2024" for k in range(20)], "2024-07-01"),
    ],
)
def test_a_date_with_a_comma_without_quotes_is_one_field(take, dates, start):
    panel, report = take(table("when,sales", dates, LARGE[: len(dates)]))
    assert (panel.item_ids, report.first[:10]) == (("sales",), start)
    assert [v for v in series(panel) if v == v] == LARGE[: len(dates)]
    assert any(f.what == "dates" for f in report.found)


def test_a_decimal_comma_without_quotes_stops(take):
    with pytest.raises(DataError, match="line 2: 3 fields where the header has 2, and the dates are not in 'date'"):
        take(table("date,value", ISO, [f"{v},5" for v in LARGE]))
