from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.panel import Panel
from tsattn.events import Listener
from tsattn.forecasting.baselines.simple import Naive
from tsattn.forecasting.hierarchy.coherent import BaseForecasts
from tsattn.forecasting.predict import predict
from tsattn.workflows.scoring_progress import Forecasting, Reconciling, Scoring
from tsattn.workflows.time_budget import TimeBudget, TimeIsOver


def test_when_several_models_are_scored_then_their_windows_add_up():
    heard = []
    scoring = Scoring(Listener(progress=heard.append), 2)
    for model, done in (("a", 5), ("a", 10), ("b", 10)):
        scoring(model, done, 10)
    assert [(now.name, now.done, now.total) for now in heard] == [("a", 5, 20), ("a", 10, 20), ("b", 20, 20)]
    assert [now.share for now in heard] == [0.25, 0.5, 1.0]
    assert {now.unit for now in heard} == {"forecasts"}  # not windows, of which each model has ten


def test_when_the_time_is_over_then_scoring_stops():
    with pytest.raises(TimeIsOver):
        Scoring(Listener(), 1, TimeBudget(0.0))("a", 1, 10)


class Clock:
    """A clock that goes on by a second for every look."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


def test_a_forecast_shows_progress_once_it_takes_longer_than_a_moment():
    heard = []
    hear = Forecasting(Listener(progress=heard.append), "ensemble", Clock())
    for done in (0, 1, 2, 3, 4):
        hear(done, 4)
    assert [(work.phase, work.done, work.total, work.unit) for work in heard] == [
        ("forecasting", 2, 4, "series"),
        ("forecasting", 3, 4, "series"),
        ("forecasting", 4, 4, "series"),
    ]
    assert [work.remaining for work in heard] == [3.0, 4 / 3, 0.0]


def test_a_forecast_of_many_series_is_announced_at_its_start():
    heard = []
    hear = Forecasting(Listener(progress=heard.append), "ensemble", Clock())
    hear(0, 3000)
    hear(512, 3000)
    assert [work.done for work in heard] == [0]


def test_a_forecast_in_batches_tells_how_far_it_is():
    heard = []
    panel = Panel.from_arrays([np.arange(20.0) + k for k in range(5)])
    predict(Naive(), panel, horizon=2, batch=2, on_progress=lambda *now: heard.append(now))
    assert heard == [(0, 5), (2, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(("total", "shown"), [(600, [0, 450, 600]), (300, [225, 300])])
def test_a_reconciliation_counts_its_hold_out_forecasts_and_announces_many(total, shown):
    heard = []
    hear = Reconciling(Listener(progress=heard.append), "ensemble", total, Clock())
    for _ in range(4):
        hear(total // 4)
    assert [(work.phase, work.done, work.total, work.unit) for work in heard] == [
        ("reconciling", done, total, "forecasts") for done in shown
    ]
    assert heard[-1].remaining == 0


def test_when_sums_are_reconciled_then_progress_counts_every_hold_out_forecast():
    panel = Panel.from_arrays([np.arange(40.0) + k for k in range(3)], freq="D")
    heard = []
    base = BaseForecasts(Naive(), panel, 4, (0.5,), heard.append)
    for back in (0, 4, 8):
        base.at(back)
        base.at(back)
    assert sum(heard) == 9
