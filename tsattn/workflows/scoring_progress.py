"""Progress of a backtest, as events."""

from __future__ import annotations

import time

from tsattn.events import Listener, Work
from tsattn.workflows.time_budget import TimeBudget, TimeIsOver


class Scoring:
    """Turns the calls of a backtest, (model, windows done, windows in all), into Work events. Raises TimeIsOver."""

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
        self.listener.progress(Work("scoring", model, all_done, total, all_done / spent, left))
