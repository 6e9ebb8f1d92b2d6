from __future__ import annotations

from types import SimpleNamespace

from tsattn.events import Listener
from tsattn.workflows.outlook import Outlook


def train(losses: list[float], every: float, remaining: float = 120.0) -> list[str]:
    """The notes of a run that validates every so many seconds."""
    notes: list[str] = []
    at = [0.0]
    outlook = Outlook(Listener(note=notes.append), clock=lambda: at[0])
    best = float("inf")
    for loss in losses:
        at[0] += every
        best = min(best, loss)
        outlook(SimpleNamespace(phase="fine-tuning", validation=loss, best=best, remaining=remaining))
    return notes


def test_when_a_minute_has_passed_then_one_note_says_what_the_rest_may_gain_and_how_to_stop():
    notes = train([0.40, 0.38, 0.37, 0.36, 0.355], every=15)
    assert len(notes) == 1
    # from 0.38 at 30 s to 0.36 at 60 s: 5.3 % with one doubling of the time; 120 s more are log2(3) doublings
    assert notes[0] == (
        "1 min of training: best validation loss 0.3600, 10.0 % below the first; "
        "the remaining 2 min may lower it by about 8.3 %. Ctrl-C stops now and saves the best weights"
    )


def test_when_the_run_is_short_or_nearly_over_then_there_is_no_note():
    assert train([0.40, 0.38, 0.37], every=10) == []
    assert train([0.40, 0.38, 0.37, 0.36], every=20, remaining=5.0) == []
