"""Names of the series in a job's input, kept from one run to the next."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tsattn.atomic import write_atomic
from tsattn.batch.inputs import TimeAxis
from tsattn.data.panel import Panel, discontinued

MOST = 100_000  # series whose names are kept; of more, their number and a hash


@dataclass(frozen=True, eq=False)
class SeriesEnds:
    """Series of a part of the input. ends: (n,) datetime64[us], NaT if unknown. empty: the names of series without a value."""

    names: tuple[str, ...] = ()
    ends: np.ndarray = field(default_factory=lambda: np.zeros(0, "datetime64[us]"))
    empty: tuple[str, ...] = ()

    @classmethod
    def of(cls, panel: Panel, empty: Iterable[str] = ()) -> SeriesEnds:
        return cls(panel.item_ids, panel.last_seen().astype("datetime64[us]"), tuple(empty))

    def split(self, newest: np.datetime64, clock: TimeAxis) -> tuple[list[str], list[str]]:
        """Return the names of the series with new values, and of those that ended long before `newest` or have no value."""
        over = discontinued(self.ends, newest, clock.freq)
        names = np.array(self.names, object)
        return names[~over].tolist(), [*names[over].tolist(), *self.empty]


@dataclass(frozen=True)
class SeriesNames:
    """Series of an input. started: when the run began, ISO 8601. fresh: those with new values; None for more than MOST."""

    started: str
    count: int
    digest: str
    fresh: frozenset[str] | None
    ended: frozenset[str] | None

    @classmethod
    def of(cls, started: str, parts: Iterable[SeriesEnds], newest: np.datetime64, clock: TimeAxis) -> SeriesNames:
        """Collect the series of all parts; `newest` is the newest row of all."""
        fresh: set[str] = set()
        ended: set[str] = set()
        for part in parts:
            here, over = part.split(newest, clock)
            fresh.update(here)
            ended.update(over)
        ended -= fresh
        every = sorted(fresh | ended)
        digest = hashlib.sha256("\0".join(every).encode("utf-8", "surrogatepass")).hexdigest()
        named = len(every) <= MOST
        return cls(started, len(every), digest, frozenset(fresh) if named else None, frozenset(ended) if named else None)

    @property
    def every(self) -> frozenset[str]:
        """All names; none for more than MOST series."""
        return (self.fresh or frozenset()) | (self.ended or frozenset())

    def write(self, path: Path) -> None:
        """Replace the file that keeps the series of the last run."""
        values = {"started": self.started, "count": self.count, "digest": self.digest}
        lists = {key: None if names is None else sorted(names) for key, names in (("fresh", self.fresh), ("ended", self.ended))}
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_atomic(path) as beside:
            beside.write_text(json.dumps({**values, **lists}), "utf-8")

    @classmethod
    def read(cls, path: Path) -> SeriesNames | None:
        """Return what the last run kept; None without it, or if the file is damaged."""
        try:
            values = json.loads(path.read_text("utf-8"))
            fresh, ended = (None if values[key] is None else frozenset(map(str, values[key])) for key in ("fresh", "ended"))
            return cls(str(values["started"]), int(values["count"]), str(values["digest"]), fresh, ended)
        except (OSError, ValueError, KeyError, TypeError):
            return None


def path_of(root: Path, job: str) -> Path:
    """Return the file in a workspace that keeps the series of a job's last run."""
    return root / "jobs" / f"{job}.series.json"
