"""One job: lock, read, cut, choose the model, forecast, write, record. All jobs of a file run, even after another failed."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tsattn import interrupts
from tsattn.batch.bad_items import BadItems
from tsattn.batch.block_forecast import Block, Part, Work, frozen, joint_fingerprint
from tsattn.batch.blocks import Source, source_of
from tsattn.batch.detection import detect_blocks
from tsattn.batch.engines import Engine, engine_of
from tsattn.batch.inputs import TimeAxis, missing, on_grid, opened, parse_as_of, parse_moment
from tsattn.batch.item_counts import count_bad, count_skipped
from tsattn.batch.job_file import read_jobs
from tsattn.batch.jobs import Job, JobFile
from tsattn.batch.outputs import Delivered, check_columns, deliver
from tsattn.batch.parquet_blocks import Piece
from tsattn.batch.previous_run import lost_series, signs_of_loss
from tsattn.batch.records import Records
from tsattn.batch.records import now as present
from tsattn.batch.reported import Cutoffs, Key
from tsattn.batch.retrain import fresh_model
from tsattn.batch.run_log import Log, tell
from tsattn.batch.runs import JobRun, Order, Ran, Tick
from tsattn.batch.secrets import Redactor
from tsattn.batch.series_names import SeriesEnds, SeriesNames, path_of
from tsattn.batch.shared_records import SharedRecords, records_of
from tsattn.batch.spool import Spool
from tsattn.data.as_of import as_of_name
from tsattn.errors import DataError, LockedError, TsattnError, reason
from tsattn.events import WARNING
from tsattn.model.card import CARD
from tsattn.render.format import duration
from tsattn.workflows.cleaning_notes import Finding, merged, notes_on
from tsattn.workflows.effect_notes import effect_notes
from tsattn.workflows.results import plain
from tsattn.workflows.training_data import as_of_warning
from tsattn.workspace import ModelRef, Workspace


def place_of(workspace: str | Path | None, file: JobFile) -> Workspace:
    """The workspace named, else TSATTN_WORKSPACE, else `.tsattn` beside the job file."""
    named = workspace or os.environ.get("TSATTN_WORKSPACE")
    return Workspace.at(named if named else file.folder / ".tsattn")


@dataclass(frozen=True)
class Call:
    """Settings and services that all jobs of one call share."""

    file: JobFile
    place: Workspace
    order: Order
    engine: Engine
    hide: Redactor
    log: Log
    tick: Callable[[Tick], None]

    def note(self, job: Job, level: str = "info") -> Callable[[str], None]:
        """Return a function that logs one line about a job, without its secrets. "warning: " before a line becomes its level."""

        def log(text: str) -> None:
            warns = text.startswith(WARNING)
            self.log("warning" if warns else level, self.hide(text.removeprefix(WARNING)), job=job.name)

        return log


def run(
    path: str | Path,
    order: Order,
    *,
    workspace: str | Path | None = None,
    log: Log,
    tick: Callable[[Tick], None] = lambda _: None,
) -> Ran:
    """Run the jobs of a file. Raises ConfigError, before anything runs, for every mistake in it; a job never raises."""
    file = read_jobs(path)
    jobs = file.only(order.jobs)
    if order.as_of is not None:
        parse_as_of(order.as_of)
    with engine_of(order.engine, order.ray_address) as engine:
        call = Call(file, place_of(workspace, file), order, engine, Redactor(file.texts()), log, tick)
        for job in jobs[1:]:  # the first one itself says so at once
            if lacking := missing(job, file):
                call.note(job, "warning")(f"{file.path.name}, job on line {job.line}: {lacking.message} ({lacking.hint})")
        made = []
        with interrupts.held(), ExitStack() as locks:
            # all jobs are locked before the first begins: a second run of the file does not do a part of them again
            refused = {} if order.dry_run else {job.name: _locked(job, call, locks) for job in jobs}
            for job in jobs:
                interrupts.check()
                made.append(run_job(job, call, refused.get(job.name)))
        return Ran(tuple(made), order.dry_run)


def run_job(job: Job, call: Call, refused: TsattnError | OSError | None = None) -> JobRun:
    """Run one job, and record what it did. Every failure in it is in the result, and named in the log.

    A signal ends it before it is delivered, or between two outputs; once the last output is written, the job is done. The job's
    lock must be held; refused: the error if it is not, such as that of another run.
    """
    made, began = JobRun(job.name, as_of=call.order.as_of), time.perf_counter()
    records = records_of(call.place.root, call.file.records(job), call.order.lock_wait, job.keep_records)
    number = 0
    reported: dict[Key, Cutoffs] = {}
    try:
        if isinstance(refused, LockedError):
            number = records.begin(job.name, call.order.as_of, os.getpid(), status="locked")
        if refused is not None:
            raise refused
        if not call.order.dry_run:
            number = records.begin(job.name, call.order.as_of, os.getpid())
        call.log("info", f"begins{_as_of(call.order)}", job=job.name)
        reported = _work(job, call, made, records)
    except LockedError as error:
        made.status, made.error = "locked", error.message
    except KeyboardInterrupt:
        made.status, made.error = "interrupted", "interrupted"
        raise
    except TsattnError as error:
        made.error = call.hide(f"{error.message}{f' ({error.hint})' if error.hint else ''}")
    except MemoryError:
        made.error = "out of memory (fewer rows at a time: block_rows)"
    except OSError as error:
        made.error = call.hide(f"{error.filename or job.input}: {reason(error)}")
    except Exception as error:  # a fault of tsattn; the other jobs go on in any case
        made.log = str(call.place.keep_fault(error, [f"job {job.name}"], call.hide))
        said = (str(error).strip().splitlines() or [""])[0][:300]
        made.error = call.hide(
            f"tsattn failed in a way it should not: {type(error).__name__}: {said}; the details are in {made.log}"
        )
    finally:
        made.seconds, made.peak_mib = round(time.perf_counter() - began, 3), _peak()
        made.details = {key: call.hide.within(value) for key, value in made.details.items()}
        if number:
            made = _recorded(records, number, made, reported, call.hide)
        tell(made, call.log)
    return made


def _as_of(order: Order) -> str:
    """Format `--as-of` for the log, such as `, as of the end of 2024-01-31`; "" without it."""
    return "" if order.as_of is None else f", as of {as_of_name(order.as_of)}"


def _locked(job: Job, call: Call, locks: ExitStack) -> TsattnError | OSError | None:
    """Lock a job until `locks` closes. Returns the error if that fails, such as if another run holds the lock after --wait."""
    try:
        with interrupts.allowed():
            locks.enter_context(call.place.job_lock(job.name, call.order.wait or 0))
    except (TsattnError, OSError) as error:
        return error
    return None


def _work(job: Job, call: Call, made: JobRun, records: Records | SharedRecords) -> dict[Key, Cutoffs]:
    """Forecast, write, and score the newest rows. Returns the anomalies that the record of the run keeps for later runs."""
    order, note, started = call.order, call.note(job), present()
    reported: dict[Key, Cutoffs] = {}
    moment = None if order.as_of is None else parse_as_of(order.as_of)
    with ExitStack() as stack:
        with interrupts.allowed():
            data = stack.enter_context(opened(job, call.file, call.order.lock_wait))
            spool = stack.enter_context(_spool(job, call))
            if job.retrain is not None and job.model is not None and moment is None and not order.dry_run:
                ref: ModelRef | None = fresh_model(job, job.model, data, call.place, note)
            else:
                ref = find_model(job, call.file, call.place)
            source = source_of(job, data, ref, call.place, moment, note)
        made.model, made.version = source.ref.name, source.ref.version
        check_columns(job, job.quantiles or source.card.quantiles)
        # with a date alone in --as-of, max_age is measured at its start: the missed run may have been at any time that day
        now = dt.datetime.now().astimezone() if order.as_of is None else parse_moment(order.as_of)
        if source.newest is not None and source.clock is not None:
            _check_age(job, source.newest, source.clock, now)
        work = Work(
            card=source.card,
            model=str(source.ref),
            members=job.members,
            read=source.read,
            moment=moment,
            horizon=source.horizon if job.horizon is None else job.horizon,
            quantiles=job.quantiles,
            min_history=job.min_history,
            bad_items=job.bad_items,
            skip_ended=job.ended_items == "skip",
            joint=job.joint,
            levels=source.levels,
        )
        newest, clock, series = _forecast(job, call, source, work, spool, made)
        _check_age(job, newest, clock, now)
        if clock.tz is not None and clock.freq.is_subdaily:
            made.details["timezone"] = clock.tz
        here = SeriesNames.of(started, series, newest, clock)
        if moment is None:
            _compare(job, call, records, made, here)
        else:
            for line in as_of_warning(source.card, str(source.ref), on_grid(moment, clock), clock):
                note(line)
        made.run_id = _run_id(job, source, spool)
        done = Delivered()
        if not order.dry_run:
            about = {"job": job.name, "model": made.model, "version": made.version, "run_id": made.run_id}
            try:
                rows, late = spool.labelled(about), moment is not None
                deliver(job, call.file, rows, done, call.order.lock_wait, late, here.ended or ())
            finally:
                made.details |= done.to_mapping()
            made.rows = spool.rows if done.written else 0
            if job.detect is not None:
                entries, reported = _detected(job, call, data, source, work, newest, records)
                made.details |= entries
    incomplete = "lost_series" in made.details or done.behind
    if not (order.dry_run or moment is not None or incomplete):
        here.write(path_of(call.place.root, job.name))
    made.status = "partial" if made.fallback or made.failed or incomplete else "done"
    return reported


def _compare(job: Job, call: Call, records: Records | SharedRecords, made: JobRun, here: SeriesNames) -> None:
    """Log what changed in the input since the last run. If many series are missing, the record says so and the run is partial.

    The series of such a run are not kept: the next run is compared with the last one whose input was complete.
    """
    before = SeriesNames.read(path_of(call.place.root, job.name))
    for line in signs_of_loss(records, made, before, here):
        call.note(job)(line)
    if why := lost_series(before, here, job.max_lost_series):
        made.details["lost_series"] = why


def _detected(
    job: Job,
    call: Call,
    data: Any,
    source: Source,
    work: Work,
    newest: np.datetime64,
    records: Records | SharedRecords,
) -> tuple[dict[str, Any], dict[Key, Cutoffs]]:
    """Score the newest rows of the input; see detect_blocks."""
    again = source_of(job, data, source.ref, call.place, work.moment, lambda _: None)
    return detect_blocks(
        job,
        call.file,
        source.ref,
        work,
        again.blocks,
        cutoff=newest,
        earlier=lambda since: records.anomalies(job.name, since),
        note=lambda level, text: call.note(job, level)(text),
    )


@contextmanager
def _spool(job: Job, call: Call) -> Iterator[Spool]:
    """Yield the spool. A dry run uses a temporary folder; else the lock is held, and a killed run's spool is overwritten."""
    if call.order.dry_run:
        with tempfile.TemporaryDirectory(prefix="tsattn-") as folder, Spool(Path(folder) / "rows.parquet") as spool:
            yield spool
        return
    with Spool(call.place.root / "jobs" / f"{job.name}.rows.parquet") as spool:
        yield spool


def _forecast(
    job: Job, call: Call, source: Source, work: Work, spool: Spool, made: JobRun
) -> tuple[np.datetime64, TimeAxis, list[SeriesEnds]]:
    """Forecast every block into the spool, and count: (newest row, clock, series). Raises DataError if no item has a forecast."""
    began, rows = time.perf_counter(), 0
    newest, clock, marks = None, None, []
    before: set[str] = set()
    effects: list[Any] = []
    cleaned: tuple[Finding, ...] = ()
    bad = {"fallbacks": BadItems(), "failures": BadItems(), "lost": BadItems.of(source.lost)}
    ended, series = source.ended, [source.series]
    made.items = len(source.lost) + ended.count
    for block, part in call.engine(work, source.ref.path, source.blocks):
        clock = frozen(part, clock, block)
        if part.table is not None:
            before = _apart(before, part, block)
            spool.add(part.table)
        if part.newest is not None and (newest is None or part.newest > newest):
            newest, made.cutoff = part.newest, part.shown
        made.items, made.done = made.items + part.items, made.done + part.done
        bad = {kind: found + getattr(part, kind) for kind, found in bad.items()}
        ended += part.ended
        series.append(part.series)
        marks += [part.fingerprint] if part.fingerprint else []
        rows += block.rows if isinstance(block, Piece) else int(block.lengths.sum())
        interrupts.check()
        call.tick(_tick(job, made.items, rows / max(1, source.rows), time.perf_counter() - began))
        cleaned = merged((cleaned, part.findings))
        if part.effects and not effects:
            effects = [plain(effect.to_mapping()) for effect in part.effects]
            for line in effect_notes(part.effects):
                call.note(job)(line)
    spool.close()
    made.fingerprint = joint_fingerprint(marks) if marks else None
    made.details = {"effects": effects} if effects else {}
    for line in notes_on(cleaned):
        made.details.setdefault("cleaning", []).append(line)
        call.note(job)(line)
    count_bad(job, made, bad, work.horizon, newest, clock)
    if newest is None or clock is None:
        raise DataError(f"there is no observed value{'' if work.moment is None else ' up to --as-of'}")
    if work.skip_ended:
        count_skipped(ended, source, spool, newest, clock, made, call.note(job))
    if not spool.rows:
        raise DataError("no item can be forecast: {item_id}: {reason}".format(**made.details["failures"][0]))
    return newest, clock, series


def _apart(before: set[str], part: Part, block: Block) -> set[str]:
    """The items of a part. Raises DataError when one of them was in the part before: then the files' statistics are wrong."""
    import pyarrow.compute as pc

    here = set(pc.unique(part.table["item_id"]).to_pylist()) if part.table is not None else set()
    if both := before & here:
        raise DataError(f"{block}: the rows of {min(both)} are not contiguous", "sort the dataset by item")
    return here


def _tick(job: Job, items: int, share: float, seconds: float) -> Tick:
    share = min(1.0, share)
    return Tick(job.name, items, share, items / max(seconds, 1e-9), seconds * (1 - share) / share if share > 0 else None)


def find_model(job: Job, file: JobFile, place: Workspace) -> ModelRef | None:
    """The model that a job names; None when it names none."""
    if job.model is None:
        return None
    folder = Path(file.local(job.model))
    return place.find(folder if (folder / CARD).is_file() else job.model)


def _check_age(job: Job, newest: np.datetime64, clock: TimeAxis, moment: dt.datetime) -> None:
    if job.max_age is None:
        return
    age = float((on_grid(moment, clock) - newest) / np.timedelta64(1, "s"))
    if age > job.max_age:
        raise DataError(f"the input is stale: its newest row is {duration(age)} old", f"max_age allows {duration(job.max_age)}")


def _run_id(job: Job, source: Source, spool: Spool) -> str:
    """Return the id of a run: the same model and results give the same id, so that a late run has the rows of a timely one."""
    parts = (job.name, str(sorted(source.card.files.items())), str(source.ref.version), spool.digest)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _recorded(
    records: Records | SharedRecords, number: int, made: JobRun, reported: dict[Key, Cutoffs], hide: Redactor
) -> JobRun:
    """Store the record and the anomalies that were reported; a run without a record is a failed run."""
    columns = {key: value for key, value in made.to_mapping().items() if key not in ("job", "as_of")}
    try:
        records.end(number, columns, reported)
    except TsattnError as error:
        made.status, made.error = "failed", hide(f"{made.error + '; ' if made.error else ''}{error.message}")
    return made


def _peak() -> float | None:
    """Peak memory of this process in MiB; None if the system does not report it."""
    import sys

    try:  # getrusage counts memory inherited from the parent's fork; this does not
        status = Path("/proc/self/status").read_text("ascii")
        return round(int(status.partition("VmHWM:")[2].split()[0]) / 1024, 1)
    except (OSError, ValueError, IndexError):
        pass
    try:
        import resource
    except ImportError:
        return None
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)
