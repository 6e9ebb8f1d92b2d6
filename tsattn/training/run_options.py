"""Options and progress of a training run."""

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
    """Progress of a training run, reported after every step. Times are in seconds.

    loss: smoothed training loss. validation: newest validation loss. best: lowest validation loss. phase: current part of a run
    with several parts. share: completed share of the whole run, 0 to 1; None if only this part is known.
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
    """Options of a training run.

    state: folder of the run's state, from which `resume` continues. on_progress: called after every step. on_interrupt: called
    after the first Ctrl-C. logger: "tensorboard" or None. pause: seconds after which the run stops as after a Ctrl-C. start:
    network with the initial weights (nn/warm_start.py). horizon: steps of a validation window, by default the network's.
    timeline: collects times by part. later: folders of the state of phases that start from the weights of this one.
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
    later: tuple[Path, ...] = ()

    def report(self, now: Progress) -> None:
        """Call on_progress, if set."""
        if self.on_progress is not None:
            self.on_progress(now)
