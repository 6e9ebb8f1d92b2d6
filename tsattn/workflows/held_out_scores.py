"""Scores of a trained model on the test windows, which training did not see: all of them, or as many as time allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.config import BacktestConfig
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, rolling_origins
from tsattn.errors import TsattnError
from tsattn.events import Listener
from tsattn.forecasting.backtest import backtest, scorable
from tsattn.forecasting.baselines import baseline
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.scores import SKILLS, Backtest
from tsattn.model.card import Card
from tsattn.workflows.candidates import LED, PROBE
from tsattn.workflows.joint import joint_verdicts, with_and_without
from tsattn.workflows.loaded_model import with_leads, with_members
from tsattn.workflows.scoring_progress import Scoring
from tsattn.workflows.time_budget import FEWEST, TimeBudget, TimeIsOver
from tsattn.workflows.validation_windows import ValidationWindows
from tsattn.workflows.verdict import compared, usual_baselines
from tsattn.workspace import ModelRef, shipped

if TYPE_CHECKING:
    from tsattn.workflows.plan import Plan

BESIDE = 256  # test windows on which the saved model is compared with zero-shot, an ensemble that costs ten times a network
BATCH = 64  # windows that are scored between two checks of the clock, if there is a time limit
GROWTH = 8  # each round of scoring has at most this many times the windows of the one before
SAFETY = 0.8  # share of the time left that a round may be expected to take
ALL = "score all of them with: tsattn backtest DATA"

Models = Callable[[], Sequence[Forecaster]]  # creates new ones, because an ensemble keeps totals of earlier windows


def score_tail(ref: ModelRef, panel: Panel, made: Plan, listener: Listener, budget: TimeBudget) -> tuple[Backtest | None, str]:
    """Score the saved model and the baselines on the test windows, or on some of them if time is short.

    Returns the scores and a note if some windows were left out, or None and the reason if there are no scores.
    """
    from tsattn.model import runtime

    if made.windows < 1:
        return None, "no test windows were held back (--test-windows 0, or the series are too short for one)"
    if not np.any(made.test_start < panel.origin):
        return None, f"the series are too short for a test window of {made.horizon} steps"
    listener.note("scoring on the held-back test windows")
    names = usual_baselines(panel, BacktestConfig().baselines)
    try:
        loaded = runtime.load(ref.path)

        def models() -> Sequence[Forecaster]:
            own = with_members(loaded.card, loaded, None)
            return [with_leads(loaded.card, own, None, panel, made.horizon), *map(baseline, names)]

        found, windows = score_in_time(models, panel, made.horizon, made.windows, listener, budget)
    except TsattnError as error:
        return None, error.message
    if found.windows == windows:
        return found, ""
    return found, f"scored on {found.windows:,} of {windows:,} test windows, for lack of time; {ALL}"


def beside_zero_shot(
    ref: ModelRef, card: Card, panel: Panel, made: Plan, listener: Listener, budget: TimeBudget, fewest: int | None = None
) -> tuple[str, ...]:
    """Return a line that compares the saved model with zero-shot on the test windows; none if zero-shot was saved.

    fewest: test windows that are scored even if time is up, default FEWEST.

    A joint run adds a line for zero-shot with `--joint`, unless that was saved, and one for the saved model with it if that reads
    each series alone.
    """
    from tsattn.model import runtime

    zero, joint = shipped(), made.model.across > 0
    same, alone = card.is_unchanged, joint and not (card.model.across or card.leads)
    if zero is None or (same and not joint):
        return ()
    items = np.arange(0, len(panel), -(-len(panel) // BESIDE))
    windows = max(1, min(made.windows, BESIDE // (len(items) * (LED if joint else 1))))
    try:
        saved, zero_shot = runtime.load(ref.path), runtime.load(zero.path)

        def models() -> Sequence[Forecaster]:
            own, other = (with_members(one.card, one, None) for one in (saved, zero_shot))
            own = with_leads(card, own, None, panel, made.horizon)
            pairs = [(own, alone)] if same and alone else [(own, alone), (other, joint and not same)]
            return [model for one, both in pairs for model in (with_and_without([one], panel, made.horizon) if both else [one])]

        found, total = score_in_time(models, panel.select(items), made.horizon, windows, listener, budget, fewest)
    except TsattnError:
        return ()
    flags = ("--model zero-shot", "--model zero-shot --joint")
    names = found.models[2 if alone else 1 :]
    own, rows = found.models[0], found.table()
    lines = [
        compared(rows, own, name, flag, {metric: found.standard_error(own, name, metric) for metric in SKILLS})
        for name, flag in zip(names, flags, strict=False)
    ]
    lines += joint_verdicts(found, found.models[:1], "forecast with --joint") if alone else []
    few = f" (on {found.windows} windows, for lack of time)" if found.windows < total else ""
    return tuple(line + few for line in lines)


def score_in_time(
    models: Models, panel: Panel, horizon: int, windows: int, listener: Listener, budget: TimeBudget, fewest: int | None = None
) -> tuple[Backtest, int]:
    """Score `models` on the last `windows` windows of each series; return (scores, number of scorable windows).

    With a time limit, the first round scores `fewest` windows (default FEWEST), evenly spread over all of them, even if time is
    up. Each later round scores as many windows as time allows at the speed of the round before; if it finishes in time, its
    scores replace the earlier ones. Raises DataError when no window can be scored.
    """

    def score(origins: Origins | None, limit: TimeBudget | None, **size: Any) -> Backtest:
        made = models()
        hear = Scoring(listener, len(made), limit)
        return backtest(made, panel, horizon=horizon, windows=windows, on_progress=hear, origins=origins, **size)

    if budget.seconds is None:
        whole = score(None, None)
        return whole, whole.windows
    every, _, _ = scorable(panel, horizon, rolling_origins(panel, horizon, windows), windows * len(panel))
    found: Backtest | None = None
    count = min(FEWEST if fewest is None else fewest, len(every))
    while True:
        began = budget.clock()
        some = None if count == len(every) else every.spread(count)
        try:
            found = score(some, None if found is None else budget, batch=BATCH)
        except TimeIsOver:
            break
        one = (budget.clock() - began) / count
        more = min(len(every), GROWTH * count, int(SAFETY * budget.left / max(one, 1e-9)))
        if more <= count:
            break
        count = more
    assert found is not None  # the first round has no limit
    return found, len(every)


def seconds_of_window(panel: Panel, horizon: int) -> float:
    """Return the seconds that the zero-shot ensemble takes for a window, measured on PROBE windows at the end of a panel.

    Candidates and test scores cost about as much. 0 without a model in the package, or a window to measure.
    """
    from tsattn.model import runtime

    zero = shipped()
    origins = rolling_origins(panel, horizon, 1)
    if zero is None or not len(origins):
        return 0.0
    loaded = runtime.load(zero.path)
    some = origins.spread(PROBE)
    began = time.monotonic()
    ValidationWindows(panel, some, horizon).forecast(with_members(loaded.card, loaded, None))
    return (time.monotonic() - began) / len(some)
