"""Options of a call of `tsattn run`, and the outcomes of its jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tsattn.errors import ExitCode

LOCK_WAIT = 60.0  # seconds, unless --wait says otherwise


@dataclass(frozen=True)
class Order:
    """Options of one call of `tsattn run`."""

    jobs: tuple[str, ...] = ()
    as_of: str | None = None
    dry_run: bool = False
    wait: float | None = None  # seconds for another run of the job (None = 0), and for a locked database (None = 60)
    engine: str = "local"  # or "ray"
    ray_address: str | None = None

    @property
    def lock_wait(self) -> float:
        """Seconds to wait for a database that another program has locked."""
        return LOCK_WAIT if self.wait is None else self.wait


@dataclass
class JobRun:
    """Outcome of one job. status: "done", "partial" (some rows are not the model's), "failed", "locked" or "interrupted".

    done: items without fallbacks. fallback: items with some; details["fallback_rows"] counts their flagged rows. failed: items
    without a forecast. Of both, those that ended long before the others count as `ended_items`.
    """

    job: str
    status: str = "failed"
    run_id: str | None = None
    as_of: str | None = None
    cutoff: str | None = None
    items: int = 0
    done: int = 0
    fallback: int = 0
    failed: int = 0
    ended_items: int = 0
    rows: int = 0
    model: str | None = None
    version: int | None = None
    fingerprint: str | None = None
    seconds: float = 0.0
    peak_mib: float | None = None
    error: str | None = None
    log: str | None = None  # where the traceback of a fault of tsattn is
    details: dict[str, Any] = field(default_factory=dict)

    def to_mapping(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Ran:
    """Outcomes of all jobs of one call."""

    runs: tuple[JobRun, ...]
    dry_run: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """DONE; LOCKED or FAILED when every job ended so (BUG where one failed by a fault of tsattn); else PARTIAL."""
        found = {run.status for run in self.runs}
        if found <= {"done"}:
            return ExitCode.DONE
        if found == {"failed"}:
            return ExitCode.BUG if any(run.log for run in self.runs) else ExitCode.FAILED
        return ExitCode.LOCKED if found == {"locked"} else ExitCode.PARTIAL

    def to_mapping(self) -> dict[str, Any]:
        return {"dry_run": self.dry_run, "exit_code": int(self.exit_code), "jobs": [run.to_mapping() for run in self.runs]}


@dataclass(frozen=True)
class Tick:
    """Progress of a job: `share` of its rows, and items of the model per second."""

    job: str
    items: int
    share: float
    rate: float
    remaining: float | None  # seconds
