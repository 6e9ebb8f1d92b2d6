"""One job: lock, read, cut, choose the model, forecast, write, record. And all jobs of a file, none of which stops another."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tsattn.batch.inputs import known_at, missing, newest, on_grid, opened, parse_moment
from tsattn.batch.items import Outcome, forecast_items
from tsattn.batch.jobs import Job, JobFile, read_jobs
from tsattn.batch.records import Records
from tsattn.batch.retrain import fresh_model
from tsattn.batch.values import Output, Redactor, expanded
from tsattn.data.panel import Panel
from tsattn.errors import DataError, ExitCode, LockedError, TsattnError
from tsattn.forecast.predict import Failure, show
from tsattn.model import runtime
from tsattn.model.card import Card, read_card
from tsattn.out.words import duration
from tsattn.verbs.predictor import check_fits, read_for
from tsattn.verbs.training import fingerprint
from tsattn.workspace import ModelRef, Workspace

Log = Callable[..., None]  # log(level, message, job=…, …)
EMPTY = "items without any value left out"


@dataclass(frozen=True)
class Order:
    """What one call of `tsattn run` asks for."""

    jobs: tuple[str, ...] = ()
    as_of: str | None = None
    dry_run: bool = False
    wait: float = 0.0


@dataclass
class JobRun:
    """What became of one job. status: "done", "partial" (some items are not the model's), "failed" or "locked"."""

    job: str
    status: str = "failed"
    run_id: str | None = None
    as_of: str | None = None
    cutoff: str | None = None
    items: int = 0
    done: int = 0
    fallback: int = 0
    failed: int = 0
    rows: int = 0
    model: str | None = None
    version: int | None = None
    fingerprint: str | None = None
    seconds: float = 0.0
    peak_mib: float | None = None
    error: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def to_mapping(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Ran:
    """All jobs of one call."""

    runs: tuple[JobRun, ...]
    dry_run: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """DONE; LOCKED or FAILED when that became of every job; else PARTIAL."""
        found = {run.status for run in self.runs}
        if found <= {"done"}:
            return ExitCode.DONE
        return {frozenset({"locked"}): ExitCode.LOCKED, frozenset({"failed"}): ExitCode.FAILED}.get(
            frozenset(found), ExitCode.PARTIAL
        )

    def to_mapping(self) -> dict[str, Any]:
        return {"dry_run": self.dry_run, "exit_code": int(self.exit_code), "jobs": [run.to_mapping() for run in self.runs]}


def place_of(workspace: str | Path | None, file: JobFile) -> Workspace:
    """The workspace named, else TSATTN_WORKSPACE, else `.tsattn` beside the job file."""
    named = workspace or os.environ.get("TSATTN_WORKSPACE")
    return Workspace.at(named if named else file.folder / ".tsattn")


def run(path: str | Path, order: Order, *, workspace: str | Path | None = None, log: Log) -> Ran:
    """Run the jobs of a file. Raises ConfigError, before anything runs, for every mistake in it; a job never raises."""
    file = read_jobs(path)
    jobs, place, hide = file.only(order.jobs), place_of(workspace, file), Redactor(file.texts())
    if order.as_of is not None:
        parse_moment(order.as_of)
    for job in jobs:
        if why := missing(job, file):
            log("warning", hide(f"line {job.line}: {why}"), job=job.name)
    return Ran(tuple(run_job(job, file, place, order, hide, log) for job in jobs), order.dry_run)


def run_job(job: Job, file: JobFile, place: Workspace, order: Order, hide: Redactor, log: Log) -> JobRun:
    """Run one job, and record what it did. Whatever fails within it is in the result, and named in the log."""
    made, began = JobRun(job.name, as_of=order.as_of), time.perf_counter()
    records, number = Records(place.root / "runs.db"), 0
    try:
        with _lock(place, job, order):
            if not order.dry_run:
                number = records.begin(job.name, order.as_of, os.getpid())
            log("info", "begins", job=job.name)
            _work(job, file, place, order, made, lambda text: log("info", hide(text), job=job.name))
    except LockedError as error:
        made.status, made.error = "locked", error.message
    except KeyboardInterrupt:
        made.status, made.error = "interrupted", "interrupted"
        raise
    except TsattnError as error:
        made.error = hide(f"{error.message}{f' ({error.hint})' if error.hint else ''}")
    except Exception as error:  # whatever it is, the other jobs go on
        made.error = hide(f"{type(error).__name__}: {error}")
    finally:
        made.seconds, made.peak_mib = round(time.perf_counter() - began, 3), _peak()
        made.details = {key: _hidden(value, hide) for key, value in made.details.items()}
        if number:
            made = _recorded(records, number, made, hide)
        _tell(made, log)
    return made


@contextmanager
def _lock(place: Workspace, job: Job, order: Order) -> Iterator[None]:
    if order.dry_run:
        yield
        return
    with place.job_lock(job.name, order.wait):
        yield


def _work(job: Job, file: JobFile, place: Workspace, order: Order, made: JobRun, note: Callable[[str], None]) -> None:
    with opened(job, file) as data:
        retrain = job.retrain is not None and order.as_of is None and not order.dry_run
        ref = fresh_model(job, data, place, note) if retrain else find_model(job, file, place)
        card = read_card(ref.path)
        made.model, made.version = ref.name, ref.version
        panel, report = read_for(card, data, job.read)
    check_fits(card, panel, str(ref))
    moment = dt.datetime.now().astimezone() if order.as_of is None else parse_moment(order.as_of)
    if order.as_of is not None:
        panel = known_at(panel, on_grid(moment, panel))
    made.cutoff, made.items, made.fingerprint = show(panel, newest(panel)), len(panel), fingerprint(panel)
    _check_age(job, panel, moment)
    horizon = card.horizon if job.horizon is None else job.horizon
    found = forecast_items(runtime.load(ref.path), panel, horizon, job.quantiles, job.min_history, job.bad_items)
    made.run_id = _run_id(job, card, ref, found)
    made.done, made.fallback = len(found.forecast) - len(found.fallbacks), len(found.fallbacks)
    empty = sum(repair.count for repair in report.repaired if repair.what == EMPTY)
    lost = [{"item_id": bad.item_id, "reason": bad.reason} for bad in found.failures]
    lost += [{"item_id": repair.where.strip("'"), "reason": "has no value"} for repair in report.repaired if repair.what == EMPTY]
    made.failed, made.items = len(found.failures) + empty, made.items + empty
    made.details = {"fallbacks": [_mapping(bad) for bad in found.fallbacks[:1000]], "failures": lost[:1000]}
    if not order.dry_run:
        made.rows = _write(job, file, found, made)
    made.status = "partial" if made.fallback or made.failed else "done"


def find_model(job: Job, file: JobFile, place: Workspace) -> ModelRef:
    folder = Path(file.local(job.model))
    return place.find(folder if (folder / "config.json").is_file() else job.model)


def _check_age(job: Job, panel: Panel, moment: dt.datetime) -> None:
    if job.max_age is None:
        return
    age = (on_grid(moment, panel) - newest(panel)) / np.timedelta64(1, "s")
    if age > job.max_age:
        raise DataError(
            f"the input is stale: its newest row, {show(panel, newest(panel))}, is {duration(float(age))} old",
            f"max_age allows {duration(job.max_age)}",
        )


def _run_id(job: Job, card: Card, ref: ModelRef, found: Outcome) -> str:
    """The same model and the same results give the same id, so that a run made up for has the rows it would have had."""
    made = found.forecast
    parts = (job.name, str(sorted(card.files.items())), str(ref.version), str(made.quantiles), *made.item_ids)
    digest = hashlib.sha256("\0".join(parts).encode())
    for array in (made.cutoffs.astype(np.int64), made.timestamps.astype(np.int64), made.values):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def _write(job: Job, file: JobFile, found: Outcome, made: JobRun) -> int:
    """Write to every output, also after one failed. Returns the rows of one. Raises DataError that names those that failed."""
    table = found.table({"job": job.name, "model": made.model, "version": made.version, "run_id": made.run_id})
    failed, written = [], []
    for output in job.outputs:
        try:
            _write_one(output, file, table, job.retries)
            written.append(str(output))
        except (TsattnError, OSError) as error:
            failed.append(f"{output}: {error.message if isinstance(error, TsattnError) else error.strerror or error}")
    made.details["written"] = written
    if failed:
        raise DataError("; ".join(failed))
    return int(table.num_rows)


def _write_one(output: Output, file: JobFile, table: Any, retries: int) -> None:
    from tsattn.batch import files

    place = file.local(expanded(output.place))
    if output.kind == "database":
        from tsattn.batch.database import upsert

        upsert(place, expanded(output.table), table, retries)
    else:
        (files.write_dataset if output.kind == "dataset" else files.write_file)(place, table)


def _recorded(records: Records, number: int, made: JobRun, hide: Redactor) -> JobRun:
    """Store the record; a run without one is a failed run."""
    columns = {key: value for key, value in made.to_mapping().items() if key not in ("job", "as_of")}
    try:
        records.end(number, columns)
    except TsattnError as error:
        made.status, made.error = "failed", hide(f"{made.error + '; ' if made.error else ''}{error.message}")
    return made


def _tell(made: JobRun, log: Log) -> None:
    level = {"done": "info", "partial": "warning"}.get(made.status, "error")
    counts = f"{made.done} items of the model, {made.fallback} fallbacks, {made.failed} failed, {made.rows} rows"
    said = f"{made.status}: {made.error}" if made.error else f"{made.status}: {counts}, cutoff {made.cutoff}"
    about = {
        key: value for key, value in made.to_mapping().items() if key not in ("details", "error", "job") and value is not None
    }
    log(level, said, job=made.job, **about)
    for kind, what in (("fallbacks", "fallback"), ("failures", "failed")):
        for bad in made.details.get(kind, [])[:20]:
            log("warning", f"{what}: {bad['item_id']}: {bad['reason']}", job=made.job)


def _mapping(bad: Failure) -> dict[str, str]:
    return {"item_id": bad.item_id, "reason": bad.reason}


def _hidden(value: Any, hide: Redactor) -> Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, list):
        return [_hidden(one, hide) for one in value]
    return {k: _hidden(v, hide) for k, v in value.items()} if isinstance(value, dict) else value


def _peak() -> float | None:
    """The most memory this process ever held, in MiB; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    import sys

    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)
