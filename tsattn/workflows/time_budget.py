"""The time limit of a training run: most of it goes into training, the rest into scoring and saving."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

TRAINING = 0.7  # share of --max-time for training
LEAST = 0.5  # share that training gets even when reading the data was slow
FEWEST = 16  # windows that are scored even if time is up


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

    def training(self) -> float | None:
        """Seconds of training, earlier runs included: what `TrainConfig.max_time` means."""
        if self.seconds is None:
            return None
        return self.spent + max(LEAST * self.seconds, TRAINING * self.seconds - self.elapsed)


class TimeIsOver(Exception):
    """The time limit passed while a model was scored."""
