"""Tables that database clients and data frame libraries draw with box characters, and lines in which they count rows."""

from __future__ import annotations

import pytest

from tests.data.reading.kinds import ISO, LARGE, series, table

ROWS = list(zip(ISO, LARGE, strict=True))


def _box(vertical: str, rules: tuple[str, str, str], head: list[str], tail: str = "") -> str:
    def rule(corners: str) -> str:
        return f"{corners[0]}{'─' * 12}{corners[1]}{'─' * 7}{corners[2]}"

    def line(cells: tuple[object, object]) -> str:
        return f"{vertical} {cells[0]!s:>10} {vertical} {cells[1]!s:>5} {vertical}"

    top, middle, bottom = map(rule, rules)
    return "\n".join([top, *head, middle, *map(line, ROWS), bottom, tail]) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        _box("│", ("┌┬┐", "├┼┤", "└┴┘"), ["│ day        │ sales │"]),
        _box("║", ("╔╦╗", "╠╬╣", "╚╩╝"), ["║ day        ║ sales ║"]),
        _box("│", ("┌┬┐", "├┼┤", "└┴┘"), ["│ day        │ sales │", "│ date       │ int64 │"]),  # DuckDB
        _box(
            "│", ("┌┬┐", "╞╪╡", "└┴┘"), ["│ day        ┆ sales │", "│ ---        ┆ ---   │", "│ date       ┆ i64   │"]
        ),  # polars
    ],
)
def test_a_table_drawn_with_box_characters_is_read(take, text):
    panel, report = take(text, "data.txt")
    assert (series(panel), panel.freq.alias, panel.item_ids) == (LARGE, "D", ("sales",))
    assert any(f.value == "a table drawn with box characters" for f in report.found)


def test_names_within_the_upper_rule_are_read(take):
    body = "".join(f"│ {d} │  {v} │\n" for d, v in ROWS)
    panel, _ = take(f"┌─day────────┬─sales─┐\n{body}└────────────┴───────┘\n\n20 rows in set. Elapsed: 0.003 sec.\n", "data.txt")
    assert (series(panel), panel.item_ids) == (LARGE, ("sales",))


def test_a_vertical_rule_beside_row_numbers_is_a_blank(take):
    body = "".join(f" {k:>3} │ {d}  {v:>6}\n" for k, (d, v) in enumerate(ROWS, 1))
    panel, _ = take(
        f"20×2 DataFrame\n Row │ day         sales\n     │ Date        Int64\n─────┼──────────────────\n{body}", "data.txt"
    )
    assert series(panel) == LARGE


def test_box_characters_in_one_note_leave_a_table_as_it_is(take):
    assert series(take("# ───────\n" + table("date,v", ISO, LARGE))[0]) == LARGE


@pytest.mark.parametrize("count", ["(20 rows affected)", "20 rows selected.", "[20 rows x 2 columns]"])
def test_the_line_that_counts_the_rows_is_left_out(take, count):
    body = "\n".join(f"{d}  {v} {k:>4}" for k, (d, v) in enumerate(ROWS))
    panel, _ = take(f"day  sales  rank\n{body}\n\n{count}\n", "data.txt", target=("sales",))
    assert series(panel) == LARGE
