"""Files with quotes around each whole line."""

from __future__ import annotations

from tests.data.reading.kinds import ISO, LARGE, commas, quoted, series, table


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
