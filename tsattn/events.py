"""Events that a long-running call sends to its caller. Every handler does nothing by default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsattn.data.report import ReadReport
    from tsattn.training.profiler import Timeline

WARNING = "warning: "  # at the start of a note that warns


def _ignore(_: Any) -> None:
    return None


@dataclass(frozen=True)
class Work:
    """Progress of scoring models, of a forecast, or of an explanation.

    done, total: windows, over all models, series, or inputs: see `unit`. rate: of these per second. remaining: seconds.
    """

    phase: str
    name: str
    done: int
    total: int
    rate: float
    remaining: float
    unit: str = "windows"

    @property
    def share(self) -> float:
        """Completed share of the work, 0 to 1."""
        return self.done / max(self.total, 1)


@dataclass(frozen=True)
class Listener:
    """Handlers of events.

    report: each ReadReport. note: lines of text. progress: `Progress` of each training step, or `Work`. trial: each trial of a
    search, when it begins and when it ends. timeline: collects the time of each part of a training step.
    """

    report: Callable[[ReadReport], None] = _ignore
    note: Callable[[str], None] = _ignore
    progress: Callable[[Any], None] = _ignore
    trial: Callable[[Any], None] = _ignore
    timeline: Timeline | None = None
