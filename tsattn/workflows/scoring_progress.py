"""Progress of a backtest, a forecast or an explanation, as events."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from tsattn.events import Listener, Work
from tsattn.workflows.time_budget import TimeBudget, TimeIsOver

PATIENCE = 3.0  # seconds after which a forecast shows its progress
MANY = 512  # series of a batch of `predict`


class Scoring:
    """Turn the calls of a backtest, (model, windows done, total windows), into Work events that count all models' forecasts.

    Raises TimeIsOver.
    """

    def __init__(self, listener: Listener, models: int, budget: TimeBudget | None = None) -> None:
        self.listener, self.models, self.budget = listener, models, budget
        self.began = time.monotonic()
        self.seen: dict[str, int] = {}

    def __call__(self, model: str, done: int, windows: int) -> None:
        if self.budget is not None and self.budget.over:
            raise TimeIsOver
        self.seen[model] = done
        all_done = sum(self.seen.values())
        spent = max(time.monotonic() - self.began, 1e-9)
        total = self.models * windows
        left = spent * (total - all_done) / max(all_done, 1)
        self.listener.progress(Work("scoring", model, all_done, total, all_done / spent, left, unit="forecasts"))


class Forecasting:
    """Turn the calls of a forecast, (series done, total series), into Work events once it takes longer than PATIENCE.

    A forecast of many series sends an event at its start, since the first batch may take a minute.
    """

    def __init__(self, listener: Listener, model: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.listener, self.model, self.clock, self.began = listener, model, clock, clock()

    def __call__(self, done: int, series: int) -> None:
        spent = max(self.clock() - self.began, 1e-9)
        if spent < PATIENCE and not (done == 0 and series > MANY):
            return
        left = spent * (series - done) / done if done else math.nan
        self.listener.progress(Work("forecasting", self.model, done, series, done / spent, left, unit="series"))


class Measuring:
    """Turn the calls of Importance, with the number of parts measured, into Work events once they take longer than PATIENCE."""

    def __init__(self, listener: Listener, model: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.listener, self.model, self.clock, self.began = listener, model, clock, clock()
        self.done, self.total = 0, 0

    def __call__(self, parts: int) -> None:
        self.done += parts
        spent = max(self.clock() - self.began, 1e-9)
        if spent >= PATIENCE:
            left = spent * (self.total - self.done) / self.done
            work = Work("explaining", self.model, self.done, self.total, self.done / spent, left, unit="inputs")
            self.listener.progress(work)


class Reconciling:
    """Turn the numbers of hold-out forecasts that a reconciliation makes into Work events once they take longer than PATIENCE.

    total: forecasts at all hold-out cutoffs; a short history has fewer. Many are announced, as in Forecasting.
    """

    def __init__(self, listener: Listener, model: str, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.listener, self.model, self.clock, self.began = listener, model, clock, clock()
        self.done, self.total = 0, total
        if total > MANY:
            self.tell(math.nan)

    def __call__(self, forecasts: int) -> None:
        self.done += forecasts
        spent = self.clock() - self.began
        if spent >= PATIENCE:
            self.tell(spent / max(self.done, 1))

    def tell(self, one: float) -> None:
        """Send an event; `one` forecast takes so many seconds, NaN if unknown."""
        total = max(self.total, self.done)
        left, rate = one * (total - self.done), 1 / one if one > 0 else 0.0
        self.listener.progress(Work("reconciling", self.model, self.done, total, rate, left, unit="forecasts"))
