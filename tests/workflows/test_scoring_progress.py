from __future__ import annotations

import pytest

from tsattn.events import Listener
from tsattn.workflows.scoring_progress import Scoring
from tsattn.workflows.time_budget import TimeBudget, TimeIsOver


def test_when_several_models_are_scored_then_their_windows_add_up():
    heard = []
    scoring = Scoring(Listener(progress=heard.append), 2)
    for model, done in (("a", 5), ("a", 10), ("b", 10)):
        scoring(model, done, 10)
    assert [(now.name, now.done, now.total) for now in heard] == [("a", 5, 20), ("a", 10, 20), ("b", 20, 20)]
    assert [now.share for now in heard] == [0.25, 0.5, 1.0]


def test_when_the_time_is_over_then_scoring_stops():
    with pytest.raises(TimeIsOver):
        Scoring(Listener(), 1, TimeBudget(0.0))("a", 1, 10)
