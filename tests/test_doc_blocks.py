"""The code blocks of README and docs run, and print what the pages show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doc_blocks import ROOT, SKIPPED, blocks_of, matches, refresh, run_page

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_when_a_page_shows_a_command_then_it_prints_what_the_page_shows(page, tmp_path, monkeypatch):
    monkeypatch.delenv("TSATTN_ZERO_SHOT", raising=False)
    for _, line, command, expected, printed in run_page(page, tmp_path):
        shown = "\n".join(printed)
        assert matches(expected, printed), f"{page.name}:{line}: $ {command}\nnow prints\n{shown}"


def test_when_a_figure_changes_then_the_output_no_longer_matches():
    assert matches(("MASE 0.7353 in 3.1 s",), ("MASE 0.7354  in 2 min 9 s",))
    assert not matches(("MASE 0.7353",), ("MASE 0.7453",))
    assert not matches(("MASE 0.7353",), ("WQL 0.7353",))
    assert not matches(("one",), ("one", "two"))


def test_when_lines_are_left_out_then_the_others_still_have_to_match():
    assert matches(("first", "…", "last"), ("first", "a", "b", "last"))
    assert matches(("model: …/x (new)",), ("model: /home/you/x (new)",))
    assert not matches(("first", "…", "last"), ("first", "a", "b"))


def test_when_a_page_is_refreshed_then_only_what_differs_is_written(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# A page\n\n```console\n$ echo one\nold\n$ echo two\ntwo\n```\n{SKIPPED}\n```console\n$ false\nx\n```\n")
    assert refresh(page) == 1
    assert [line for block in blocks_of(page.read_text()) for line in block.lines] == [
        "$ echo one",
        "one",
        "$ echo two",
        "two",
        "$ false",
        "x",
    ]


def test_when_a_block_has_a_title_then_it_is_a_file_for_the_commands_after_it(tmp_path):
    page = Path(tmp_path, "page.md")
    page.write_text('```csv title="a.csv"\nx\n1\n```\n```console\n$ cat a.csv\nx\n1\n```\n')
    (_, _, command, expected, printed) = next(iter(run_page(page, tmp_path / "run")))
    assert (command, expected) == ("cat a.csv", printed)
