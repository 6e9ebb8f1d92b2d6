"""Events that a long call sends to its caller while it runs. Each handler does nothing by default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsattn.data.report import ReadReport
    from tsattn.training.profiler import Timeline


def _ignore(_: Any) -> None:
    return None


@dataclass(frozen=True)
class Work:
    """Progress of a scoring run: `done` of `total` windows over all models, `rate` in windows a second, `remaining` seconds."""

    phase: str
    name: str
    done: int
    total: int
    rate: float
    remaining: float

    @property
    def share(self) -> float:
        """Share of the work that is done, 0 to 1."""
        return self.done / max(self.total, 1)


@dataclass(frozen=True)
class Listener:
    """Handlers: `report` gets each ReadReport, `note` a line of text, `progress` each training step or Work, and `trial`
    each trial of a search when it begins and ends. `timeline` sums up the time that each part of a training step takes.
    """

    report: Callable[[ReadReport], None] = _ignore
    note: Callable[[str], None] = _ignore
    progress: Callable[[Any], None] = _ignore
    trial: Callable[[Any], None] = _ignore
    timeline: Timeline | None = None
