"""Jobs and the monitor's settings, as a job file gives them."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tsattn.batch.cron import USUAL
from tsattn.batch.job_values import Output, is_database, scheme_of
from tsattn.batch.secrets import filled
from tsattn.config import HierarchyConfig, ReadOptions
from tsattn.errors import ConfigError

KEEP_RECORDS = 400 * 86400.0  # seconds: a year, and the month that is compared with the same one of the year before


@dataclass(frozen=True)
class Detection:
    """Settings for scoring the newest rows; see tsattn.detect. last: rows per item, None = one usual cycle. output: a file."""

    level: float = 0.99
    last: int | None = None
    output: str | None = None


@dataclass(frozen=True)
class Job:
    """Settings of a `[[job]]`. Times are in seconds; ${NAME}s in `outputs` and `sources` are filled in when they are used."""

    name: str
    input: str  # a path, a folder, a glob, a URL that fsspec reads, or a database URL together with `query`
    outputs: tuple[Output, ...]
    model: str | None = None  # a name of the workspace, name/version, a folder, or "zero-shot"; None = as `tsattn forecast`
    members: tuple[str, ...] | None = None  # ensemble members; None = as `tsattn forecast`
    query: str | None = None
    future: str | None = None  # future rows of known covariates: a path, a folder, a glob, or a URL that fsspec reads
    read: ReadOptions = ReadOptions()
    horizon: int | None = None  # None = the model's; for "zero-shot", the usual one of the frequency
    quantiles: tuple[float, ...] | None = None  # None = the model's
    hierarchy: tuple[str, ...] = ()  # item columns from top to bottom, the sums of which are forecast too
    sums: tuple[str, ...] = ()  # formulas such as "total=a+b" of sums that are forecast too
    reconcile: str = HierarchyConfig.reconcile  # how forecasts of sums and parts are made to add up
    joint: bool = False  # whether series inform each other's forecasts
    max_age: float | None = None  # of the newest input row; infinite = "never"; None = monitored by frequency and schedule
    max_gap: float | None = None  # between good runs, for `tsattn monitor`; None = the schedule's longest and two hours
    max_mase_ratio: float | None = None  # for `tsattn monitor`; None = that of [monitor]
    coverage_drop: float | None = None
    max_new_anomalies: float | None = None
    max_lost_series: float = 1 / 3  # of the series with new values in the last run; infinite = "any"
    min_history: int = 3  # observed values that an item needs to be forecast by the model
    bad_items: str = "fallback"  # what becomes of an item that cannot be forecast: "fallback", "skip" or "fail"
    ended_items: str = "forecast"  # what becomes of an item that ended long before the others: "forecast" or "skip"
    retrain: float | None = None  # retrain when the model is older
    keep: int = 3  # versions of the model that stay after a promotion
    network: dict[str, Any] = field(default_factory=dict)  # ModelConfig fields for retraining
    training: dict[str, Any] = field(default_factory=dict)  # TrainConfig fields for retraining
    detect: Detection | None = None  # also score the newest rows
    keep_records: float = KEEP_RECORDS  # seconds that run records stay; infinite = "forever"
    records: str | None = None  # the database of run records, `#table` optional; None = runs.db of the workspace
    schedule: str | None = None  # cron fields, for `tsattn schedule`; None = cron.USUAL
    retries: int = 5  # attempts at a database
    block_rows: int = 1 << 20  # of a sorted Parquet dataset that are in memory at a time, give or take a row group
    line: int = 1

    @property
    def sources(self) -> tuple[str, ...]:
        """The input, and the future rows where they have a source of their own."""
        return (self.input,) if self.future is None else (self.input, self.future)

    @property
    def levels(self) -> HierarchyConfig:
        """The sums of series, and how their forecasts are made to add up."""
        return HierarchyConfig(self.hierarchy, self.sums, self.reconcile)

    @property
    def whole(self) -> bool:
        """True if all series are forecast together, as sums and joint forecasts need."""
        return self.joint or self.levels.asked

    @property
    def cron(self) -> str:
        """The schedule, or the usual one where the job names none."""
        return self.schedule or USUAL


@dataclass(frozen=True)
class Monitor:
    """The `[monitor]` table: receiver of alerts, and limits of the checks."""

    alert: str | None = None  # a command, given JSON on its stdin, or an http(s) address
    fallback_jump: float = 0.1  # of the share of fallbacks over that of the runs before
    max_mase_ratio: float = 1.5  # of the MASE since, to that of the model's backtest
    coverage_drop: float = 0.2  # of the 80 % interval's coverage, at any step, from 0.8 or from the backtest's
    max_new_anomalies: float = 0  # of the runs since the monitor last ran by its schedule; infinite = "any"
    schedule: str | None = None  # cron fields, for `tsattn schedule`; None = `tsattn monitor` is not scheduled
    least: int = 30  # scored dates below which nothing is said about accuracy, unless it is far off


@dataclass(frozen=True)
class JobFile:
    """A checked job file: relative paths in it start from its folder."""

    path: Path
    jobs: tuple[Job, ...]
    monitor: Monitor = Monitor()

    @property
    def folder(self) -> Path:
        return self.path.parent

    def only(self, names: tuple[str, ...]) -> tuple[Job, ...]:
        """Return the jobs of these names, or all jobs when none is given. Raises ConfigError for an unknown one."""
        known = [job.name for job in self.jobs]
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
                raise ConfigError(f"{self.path}: no job {name!r}", hint)
        return tuple(job for job in self.jobs if not names or job.name in names)

    def local(self, text: str) -> str:
        """A path of the file from anywhere; URLs (SQLite's too) are made absolute where they name a local file."""
        if is_database(text):
            found = re.fullmatch(r"(sqlite[^:]*:///)(?!/|[A-Za-z]:)(?!:memory:)(.+)", text)
            return f"{found.group(1)}{(self.folder / found.group(2)).as_posix()}" if found else text
        if scheme_of(text):
            return text
        try:
            return str(self.folder / Path(text).expanduser())
        except RuntimeError:  # no such user, or no home: as in a shell, the ~ is then a part of the name
            return str(self.folder / text)

    def paths(self, job: Job) -> list[str]:
        """Return the local paths, folders and globs that a job reads."""
        return [self.local(source) for source in map(filled, job.sources) if not scheme_of(source)]

    def records(self, job: Job) -> str | None:
        """The database of a job's run records; None for runs.db of the workspace."""
        return None if job.records is None else self.local(filled(job.records))

    def texts(self) -> list[str]:
        """Return all texts that may hold a secret."""
        found = [text for job in self.jobs for text in (*job.sources, job.query or "", job.records or "")]
        found += [output.text for job in self.jobs for output in job.outputs]
        return found + ([self.monitor.alert] if self.monitor.alert else [])
