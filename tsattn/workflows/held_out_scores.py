"""Scores of a trained model on the test windows, which training did not see: all of them, or as many as time allows."""

from __future__ import annotations

import dataclasses
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
from tsattn.forecasting.forecast_memory import ForecastMemory
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.joint.joint_regression import MOST_SERIES
from tsattn.forecasting.scores import SKILLS, Backtest
from tsattn.model.card import Card
from tsattn.render.format import count
from tsattn.workflows.candidates import LED, PROBE
from tsattn.workflows.joint import joint_verdicts, with_and_without
from tsattn.workflows.loaded_model import with_leads, with_members
from tsattn.workflows.scoring_progress import Scoring
from tsattn.workflows.time_budget import FEWEST, TimeBudget, TimeIsOver
from tsattn.workflows.validation_windows import ValidationWindows
from tsattn.workflows.verdict import Comparison, compared, usual_baselines
from tsattn.workspace import ModelRef, shipped

if TYPE_CHECKING:
    from tsattn.workflows.plan import Plan

BESIDE = 256  # test windows on which the saved model is compared with zero-shot, an ensemble that costs ten times a network
BATCH = 64  # windows that are scored between two checks of the clock, if there is a time limit
GROWTH = 8  # each round of scoring has at most this many times the windows of the one before
WORTH = 1.25  # a further round has at least this many times the windows, or all of them
SAFETY = 0.8  # share of the time left that a round may be expected to take
ALL = "score all of them with: tsattn backtest DATA"

Models = Callable[[], Sequence[Forecaster]]
Saved = Callable[[], ForecastMemory]  # returns the same one each time; raises TsattnError if it cannot be loaded


def saved_model(ref: ModelRef, panel: Panel, horizon: int) -> ForecastMemory:
    """Load a saved model that keeps its forecasts of the test windows."""
    from tsattn.model import runtime

    loaded = runtime.load(ref.path)
    return ForecastMemory(with_leads(loaded.card, with_members(loaded.card, loaded, None), None, panel, horizon))


def score_tail(saved: Saved, panel: Panel, made: Plan, listener: Listener, budget: TimeBudget) -> tuple[Backtest | None, str]:
    """Score the saved model and the baselines on the test windows, or on some of them if time is short.

    Returns the scores and a note if some windows were left out, or None and the reason if there are no scores.
    """
    if made.windows < 1:
        return None, "no test windows were held back (--test-windows 0, or the series are too short for one)"
    if not np.any(made.test_start < panel.origin):
        return None, f"the series are too short for a test window of {made.horizon} steps"
    listener.note("scoring on the held-back test windows")
    names = usual_baselines(panel, BacktestConfig().baselines)
    try:
        own = saved()
        found, windows = score_in_time(lambda: [own, *map(baseline, names)], panel, made.horizon, made.windows, listener, budget)
    except TsattnError as error:
        return None, error.message
    found = dataclasses.replace(found, seconds={**found.seconds, own.name: own.seconds})
    if found.windows == windows:
        return found, ""
    return found, f"scored on {found.windows:,} of {windows:,} test windows, for lack of time; {ALL}"


def beside_zero_shot(
    saved: Saved, card: Card, panel: Panel, made: Plan, listener: Listener, budget: TimeBudget, fewest: int | None = None
) -> tuple[Comparison, ...]:
    """Compare the saved model with zero-shot on the test windows; nothing if zero-shot was saved.

    fewest: test windows that are scored even if time is up, default FEWEST.

    A joint run adds zero-shot with `--joint`, unless that was saved, and the saved model with it if that reads each series
    alone. Both need at most as many series as `--joint` reads.
    """
    from tsattn.model import runtime

    zero, joint = shipped(), made.model.across > 0 and len(panel) <= MOST_SERIES
    same, alone = card.is_unchanged, joint and not (card.model.across or card.leads)
    if zero is None or (same and not joint):
        return ()
    try:
        own, zero_shot = saved(), runtime.load(zero.path)
        other = ForecastMemory(with_members(zero_shot.card, zero_shot, None))
        pairs = [(own, alone)] if same and alone else [(own, alone), (other, joint and not same)]

        def models() -> Sequence[Forecaster]:
            return [model for one, both in pairs for model in (with_and_without([one], panel, made.horizon) if both else [one])]

        windows, origins = _compared_windows(own, panel, made, LED if joint else 1, budget)
        found, _ = score_in_time(models, panel, made.horizon, made.windows, listener, budget, fewest, origins)
    except TsattnError:
        return ()
    flags = ("--model zero-shot", "--model zero-shot --joint")
    names = found.models[2 if alone else 1 :]
    name, rows = found.models[0], found.table()
    lines = [
        compared(rows, name, one, flag, {metric: found.standard_error(name, one, metric) for metric in SKILLS})
        for one, flag in zip(names, flags, strict=False)
    ]
    lines += [Comparison(line) for line in joint_verdicts(found, found.models[:1], "forecast with --joint")] if alone else []
    few = f" (on {count(found.windows, 'window')}, for lack of time)" if found.windows < windows else ""
    return tuple(one._replace(line=one.line + few) for one in lines)


def _compared_windows(own: ForecastMemory, panel: Panel, made: Plan, cost: int, budget: TimeBudget) -> tuple[int, Origins]:
    """Return how many windows to compare with unlimited time, and the origins of those that are compared.

    They are the last windows of evenly spread series, at most BESIDE / cost; or, if time was too short to score the saved model
    on all of these, as many of the windows that it was scored on.
    """
    items = np.arange(0, len(panel), -(-len(panel) // BESIDE))
    each = max(1, min(made.windows, BESIDE // (len(items) * cost)))
    wanted = rolling_origins(panel, made.horizon, each)
    wanted = scorable(panel, made.horizon, wanted[np.isin(wanted.item, items)], len(items) * each)[0]
    if budget.seconds is None or own.holds(wanted).all():
        return len(wanted), wanted
    every = rolling_origins(panel, made.horizon, made.windows)
    scored = every[own.holds(every)]
    return len(wanted), scored.spread(len(wanted)) if len(scored) else wanted


def score_in_time(
    models: Models,
    panel: Panel,
    horizon: int,
    windows: int,
    listener: Listener,
    budget: TimeBudget,
    fewest: int | None = None,
    origins: Origins | None = None,
) -> tuple[Backtest, int]:
    """Score `models` on windows of a panel; return (scores, number of scorable windows).

    origins: of the windows; default: the last `windows` of each series. With a time limit, the first round scores `fewest` of
    them (default FEWEST), evenly spread, even if time is up. Each later round adds as many windows as time allows at the speed of
    the round before; if it finishes in time, its scores replace the earlier ones. A ForecastMemory among the models forecasts
    only the windows that are new. Raises DataError if no window can be scored.
    """

    def score(some: Origins | None, limit: TimeBudget | None, **size: Any) -> Backtest:
        made = models()
        hear = Scoring(listener, len(made), limit)
        return backtest(made, panel, horizon=horizon, windows=windows, on_progress=hear, origins=some, **size)

    if budget.seconds is None:
        whole = score(origins, None)
        return whole, whole.windows
    asked = rolling_origins(panel, horizon, windows) if origins is None else origins
    every, _, _ = scorable(panel, horizon, asked, len(asked))
    found: Backtest | None = None
    chosen = np.zeros(0, np.int64)
    more = min(FEWEST if fewest is None else fewest, len(every))
    while True:
        began = budget.clock()
        before, chosen = len(chosen), _further(chosen, more, len(every))
        some = origins if len(chosen) == len(every) else every[chosen]
        try:
            found = score(some, None if found is None else budget, batch=BATCH)
        except TimeIsOver:
            break
        one = (budget.clock() - began) / (len(chosen) - before)
        affordable = len(chosen) + int(SAFETY * budget.left / max(one, 1e-9))
        more = min(len(every), GROWTH * len(chosen), affordable)
        if more <= len(chosen) or more < min(len(every), WORTH * len(chosen)):
            break
    assert found is not None  # the first round has no limit
    return found, len(every)


def _further(chosen: np.ndarray, count: int, total: int) -> np.ndarray:
    """Return `count` of the numbers below `total`, in order: those `chosen` and others, evenly spread over the rest."""
    rest = np.setdiff1d(np.arange(total), chosen)
    added = rest[np.linspace(0, len(rest) - 1, count - len(chosen)).astype(np.int64)]
    return np.sort(np.concatenate([chosen, added]))


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
