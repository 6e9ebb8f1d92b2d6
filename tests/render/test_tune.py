from __future__ import annotations

import io

import pytest
from rich.console import Console

from tsattn.render.tune import Board, changed, line, table, tried
from tsattn.workflows.tune import Tried


def trials(count: int = 30) -> list[Tried]:
    """The usual settings, then ever better ones; every third pruned."""
    made = [Tried(0, "done", 1.0, {}, 12.0)]
    for n in range(1, count):
        pruned = n % 3 == 0
        made.append(
            Tried(
                n, "pruned" if pruned else "done", None if pruned else 1 - n / 100, {"learning_rate": 0.00123, "layers": n}, 2.0
            )
        )
    return made


def text(thing: object) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(thing)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_when_there_are_many_trials_then_the_usual_settings_the_best_and_the_newest_are_shown():
    shown = [int(row.split()[0]) for row in text(table(trials())).splitlines() if row.split() and row.split()[0].isdecimal()]
    assert shown[0] == 0
    assert shown[-1] == 29
    assert {19, 20, 22, 23, 25, 26, 28, 29} & set(shown)
    assert len(shown) <= 13


def test_when_a_search_ends_then_the_gain_over_the_usual_settings_is_reported():
    console = Console(file=io.StringIO(), width=200)
    tried(console, trials(5), trials(5)[4])
    assert "trial 4 is the best: 4.0 % lower validation error than the default settings" in console.file.getvalue()
    tried(console, trials(1), trials(1)[0])
    assert "no trial was better than the default settings" in console.file.getvalue()


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (Tried(3, "running", None, {"front_end": "gru"}, 0.0), "trial 3: front end gru"),
        (Tried(0, "running", None, {}, 0.0), "trial 0: defaults"),
        (Tried(3, "done", 0.5, {}, 61.0), "trial 3: done, error 0.5000 after 1 min 1 s"),
        (Tried(3, "pruned", None, {}, 2.0), "trial 3: pruned after 2.0 s"),
    ],
)
def test_when_there_is_no_terminal_then_a_trial_is_a_line(one, said):
    assert line(one) == said


def test_when_a_trial_begins_then_the_board_forgets_how_far_the_last_one_was():
    board = Board()
    board.now = "step 3 of 4"
    board.trial(Tried(0, "running", None, {}, 0.0))
    assert board.now == ""
    assert "running" in text(board)
    board.trial(Tried(0, "done", 0.7, {}, 3.0))
    assert "0.7000" in text(board)
    assert changed({"learning_rate": 0.0012345}) == "learning rate 0.00123"
