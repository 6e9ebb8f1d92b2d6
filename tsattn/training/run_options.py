"""Options of one training run: one frozen object, passed whole from the workflows to the trainer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tsattn.nn.network import Network
    from tsattn.training.profiler import Timeline


@dataclass(frozen=True)
class Progress:
    """Progress of a training, sent after every step. loss is smoothed, validation the newest, best the lowest; times in seconds.

    phase: the part of a run that has several. share: of the whole run, 0 to 1; None where only this part is known.
    """

    step: int
    steps: int
    loss: float
    validation: float | None
    windows_per_second: float
    seconds: float
    remaining: float
    phase: str = "training"
    best: float | None = None
    share: float | None = None


@dataclass(frozen=True)
class RunOptions:
    """`state`: the folder that `resume` continues from. `start`: the first weights (nn/warm_start.py).

    on_progress is called after every step, on_interrupt after the first Ctrl-C. `pause`: seconds after which the run ends like
    after a Ctrl-C. `horizon`: steps of a validation window, by default the network's. `timeline` adds up where the time goes.
    """

    state: Path
    resume: bool = False
    on_progress: Callable[[Progress], None] | None = None
    on_interrupt: Callable[[], None] | None = None
    logger: str | None = None
    pause: float | None = None
    start: Network | None = None
    horizon: int | None = None
    timeline: Timeline | None = None

    def report(self, now: Progress) -> None:
        """Call on_progress, where there is one."""
        if self.on_progress is not None:
            self.on_progress(now)
