"""Names from data, printed."""

from __future__ import annotations

import json

import pytest

from tsattn.data.names import most_similar, nearest, printable, printable_json, printable_lines


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("plain, Größe, 販売, 🏬, e\u0301, سلام", "plain, Größe, 販売, 🏬, e\u0301, سلام"),
        ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x9b31m", r"\x9b31m"),
        ("abc\u202egnp", r"abc\u202egnp"),
        ("\u2028\u2066\ud800\ufffe", r"\u2028\u2066\ud800\ufffe"),
    ],
)
def test_when_a_name_holds_what_a_terminal_obeys_then_it_is_written_out(name, wanted):
    assert printable(name) == wanted
    assert json.loads(printable_json(json.dumps({name: [name]}, ensure_ascii=False))) == {name: [name]}


def test_when_a_message_has_several_lines_then_none_but_the_first_begins_at_the_margin():
    assert printable_lines("error: \x1b[1mx\nhint: forged\n  ours") == "error: \\x1b[1mx\n  hint: forged\n  ours"


def test_when_a_name_is_misspelt_then_the_most_similar_come_first_and_case_alone_decides():
    names = ["market", "kiosk 11", "kiosk 1", "Kiosk 2"]
    assert most_similar("kiosk_1", names, 2) == ["kiosk 1", "kiosk 11"]
    assert most_similar("kiosk 2", names, 3) == ["Kiosk 2"]
    assert nearest("kiosk_1", names) == "kiosk 1"
    assert nearest("warehouse", names) == ""
