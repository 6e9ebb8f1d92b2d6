"""The time limit of a training run: most of it goes into training, the rest into scoring and saving."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

TRAINING = 0.7  # share of --max-time for training
LEAST = 0.5  # share that training gets even when reading the data was slow
BARELY = 0.25  # share that training gets even when scoring is slow
FEWEST = 16  # windows that are scored even if time is up
FEWEST_BESIDE = 4  # windows on which zero-shot is scored too even if time is up
ENSEMBLES = 4  # forecasts by an ensemble of FEWEST windows in a run: two candidates, the saved model, zero-shot


@dataclass(frozen=True)
class TimeBudget:
    """`seconds` from now on, None for no limit. `spent`: seconds that earlier runs of a resumed training took."""

    seconds: float | None = None
    spent: float = 0.0
    clock: Callable[[], float] = time.monotonic
    began: float = field(default=math.nan)

    def __post_init__(self) -> None:
        if math.isnan(self.began):
            object.__setattr__(self, "began", self.clock())

    @property
    def elapsed(self) -> float:
        return self.clock() - self.began

    @property
    def over(self) -> bool:
        """Return True if the time is over."""
        return self.seconds is not None and self.elapsed >= self.seconds

    @property
    def left(self) -> float:
        """Seconds left; infinite without a limit."""
        return math.inf if self.seconds is None else self.seconds - self.elapsed

    def training(self, window: float = 0.0) -> float | None:
        """Seconds of training, earlier runs included, as in `TrainConfig.max_time`.

        window: seconds that an ensemble takes for a window. Time to score FEWEST windows ENSEMBLES times is left for scoring.
        """
        if self.seconds is None:
            return None
        usual = max(LEAST * self.seconds, TRAINING * self.seconds - self.elapsed)
        more = ENSEMBLES * FEWEST * window - (1 - TRAINING) * self.seconds  # than the usual rest
        return self.spent + max(BARELY * self.seconds, usual - max(0.0, more))

    def fewest_beside(self, window: float) -> int:
        """Return how many windows zero-shot, which takes `window` seconds each, can score in the time left.

        At least FEWEST_BESIDE and at most FEWEST, the number of windows in the first round of scoring.
        """
        if self.seconds is None or window <= 0:
            return FEWEST
        return int(min(FEWEST, max(FEWEST_BESIDE, self.left / window)))


class TimeIsOver(Exception):
    """The time limit passed while a model was scored."""
