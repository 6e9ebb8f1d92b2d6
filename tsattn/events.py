"""What a caller may want to hear while a verb runs. Every part does nothing unless it is given."""

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
class Listener:
    """`report` hears what reading found, `note` one line of text, `progress` each Progress of a training run,
    `trial` each trial of a search, when it begins and when it ends. `timeline` adds up where the time of a training goes.
    """

    report: Callable[[ReadReport], None] = _ignore
    note: Callable[[str], None] = _ignore
    progress: Callable[[Any], None] = _ignore
    trial: Callable[[Any], None] = _ignore
    timeline: Timeline | None = None
