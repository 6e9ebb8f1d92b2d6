"""Checks of jobs: last good run, new anomalies, age of the data, accuracy of stored forecasts. Alerts when a check fails."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shlex
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from tsattn.batch.accuracy import Accuracy, score
from tsattn.batch.blocks import sample, usual_horizon
from tsattn.batch.cron import longest_gap
from tsattn.batch.detection import described
from tsattn.batch.inputs import newest, on_grid, opened
from tsattn.batch.job_file import read_jobs
from tsattn.batch.job_values import scheme_of
from tsattn.batch.jobs import Job, JobFile, Monitor
from tsattn.batch.records import Records, moment
from tsattn.batch.run import find_model, place_of
from tsattn.batch.secrets import Redactor, expanded
from tsattn.batch.shared_records import SharedRecords, records_of
from tsattn.data.names import printable
from tsattn.data.panel import Panel
from tsattn.errors import TsattnError
from tsattn.forecasting.predict import show
from tsattn.model.card import ANY_FREQ, Card
from tsattn.render.format import count, duration
from tsattn.workspace import Workspace

DAY = 86400.0  # seconds; a row or a run may lie so far in the future
STEPS, SCHEDULES = 3, 2  # steps of the data and gaps of the schedule that the newest row may be old
LISTED = 20  # new anomalies that the result names
USUAL = 15  # newest good runs, whose shares of fallbacks are compared
CHANCE = 0.01  # probability of a false alarm about any part of the horizon
GRACE = 7200.0  # seconds that a run may be late, or take longer than the one before


@dataclass
class Verdict:
    """Problems found with a job, and the values that were checked."""

    job: str
    problems: list[str] = field(default_factory=list)
    last_good: str | None = None
    newest_row: str | None = None
    fallback_share: float | None = None
    mase: float | None = None
    coverage: float | None = None
    coverage_of_step: list[float | None] = field(default_factory=list)
    worst_item: dict[str, Any] | None = None  # with the lowest coverage, if it is far below the backtest's
    scored: int = 0
    new_anomalies: int | None = None  # None for a job that does not detect any
    anomalies: list[dict[str, Any]] = field(default_factory=list)  # the first LISTED of the new ones


@dataclass(frozen=True)
class Watched:
    """The verdicts on all jobs."""

    verdicts: tuple[Verdict, ...]

    @property
    def good(self) -> bool:
        return not any(verdict.problems for verdict in self.verdicts)

    def to_mapping(self) -> dict[str, Any]:
        return {"good": self.good, "jobs": [dict(vars(verdict)) for verdict in self.verdicts]}


def watch(path: str | Path, names: tuple[str, ...], *, workspace: Any, alert: bool, log: Callable[..., None]) -> Watched:
    """Check the jobs of a file, and call its alert when something is wrong. Raises ConfigError for a bad job file."""
    file = read_jobs(path)
    place, hide = place_of(workspace, file), Redactor(file.texts())
    found = []
    for job in file.only(names):
        verdict = Verdict(job.name)
        try:
            limits = limits_of(job, file)
            since = moment(DAY if limits.schedule is None else longest_gap(limits.schedule))
            good = _runs(job, records_of(place.root, file.records(job)), limits, since, verdict)
            if job.detect is not None:
                _anomalies(good, limits, since, verdict)
            _data(job, file, place, limits, verdict)
        except (TsattnError, OSError) as error:
            verdict.problems.append(error.message if isinstance(error, TsattnError) else str(error))
        except Exception as error:  # a fault of tsattn; the other jobs are checked all the same
            kept = place.keep_fault(error, [f"monitor of the job {job.name}"], hide)
            verdict.problems.append(
                f"cannot be looked at, by a fault of tsattn: {type(error).__name__}; the details are in {kept}"
            )
        verdict.problems = [hide(problem) for problem in verdict.problems]
        found.append(verdict)
    watched = Watched(tuple(found))
    if alert and file.monitor.alert and not watched.good:
        try:
            _tell(file.monitor.alert, file.folder, watched)
        except (OSError, subprocess.SubprocessError, urllib.error.URLError, ValueError) as error:
            log("error", hide(f"the alert could not be sent: {error}"))
    return watched


def limits_of(job: Job, file: JobFile) -> Monitor:
    """Return the limits of [monitor], with those that the job sets itself."""
    keys = ("max_mase_ratio", "coverage_drop", "max_new_anomalies")
    return dataclasses.replace(file.monitor, **{key: own for key in keys if (own := getattr(job, key)) is not None})


def _runs(job: Job, records: Records | SharedRecords, limits: Monitor, since: str, verdict: Verdict) -> list[dict[str, Any]]:
    """Check the age of the last good run, and its share of fallbacks for a jump.

    Returns the good runs, newest first: all that ended at `since` or later, and some before. Few records are read, since a job
    may have a hundred thousand.
    """
    newest_run, good = records.newest(job.name), records.good_runs(job.name, since, USUAL)
    last = f" (the last run failed: {newest_run['error']})" if newest_run and newest_run["status"] == "failed" else ""
    if not good:
        verdict.problems.append(f"no good run yet{last}{_uncounted(job, records, good)}")
        return []
    verdict.last_good = good[0]["ended"]
    age = (dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(good[0]["ended"])).total_seconds()
    allowed = longest_gap(job.cron) + GRACE if job.max_gap is None else job.max_gap
    if age < -DAY:
        verdict.problems.append(f"its last good run lies {duration(-age)} in the future: check the clock of this machine")
    if age > allowed:
        by = "its schedule" if job.max_gap is None else "max_gap"
        verdict.problems.append(
            f"no good run for {duration(age)}, {by} allows {duration(allowed)}{last}{_uncounted(job, records, good)}"
        )
    if why := (good[0]["details"] or {}).get("lost_series"):
        verdict.problems.append(f"the last run: {why}")
    shares = [fallback_share(run) for run in good[:USUAL]]
    verdict.fallback_share = shares[0]
    usual = float(np.median(shares[1:])) if shares[1:] else 0.0
    if shares[0] > usual + limits.fallback_jump:
        before = f", {usual:.0%} before" if shares[1:] else ""
        verdict.problems.append(f"{shares[0]:.0%} of the forecast rows are fallbacks or missing{before}")
    return good


def _uncounted(job: Job, records: Records | SharedRecords, good: list[dict[str, Any]]) -> str:
    """Return a remark on the runs with --as-of since the last good run, which show nothing about the schedule; "" without any."""
    since = good[0]["number"] if good else 0
    found = sum(run["as_of"] is not None and run["number"] > since for run in records.runs((job.name,), USUAL))
    return f" ({count(found, 'run')} with --as-of {'is' if found == 1 else 'are'} not counted)" if found else ""


def fallback_share(run: dict[str, Any]) -> float:
    """Return the share of the rows of a run, a horizon for each item, that are fallbacks or missing.

    Records of older versions count no rows: there, all rows of an item with fallbacks count.
    """
    details = run["details"] or {}
    items = details["fallback_rows"] / details["horizon"] if "fallback_rows" in details else run["fallback"]
    return float((items + run["failed"]) / max(1, run["items"]))


def _anomalies(good: list[dict[str, Any]], limits: Monitor, since: str, verdict: Verdict) -> None:
    """Check the number of new anomalies: those of the last good run, and of earlier ones `since` the monitor was last due.

    Of several runs with the same cutoff, which find the same new anomalies, only the newest counts.
    """
    recent = [run for i, run in enumerate(good) if i == 0 or run["ended"] >= since]
    by_cutoff = {run["cutoff"]: run["details"] or {} for run in reversed(recent)}  # a later run replaces an earlier one
    found = [details for details in by_cutoff.values() if "new_anomalies" in details]
    if not found:
        return
    verdict.new_anomalies = sum(details["new_anomalies"] for details in found)
    verdict.anomalies = [row for details in found for row in details["anomalies"] if row["new"]][:LISTED]
    if verdict.new_anomalies > limits.max_new_anomalies:
        chance, rows = (sum(details[key] for details in found) for key in ("expected_by_chance", "scored_rows"))
        runs = "the last run" if len(found) == 1 else f"the last {len(found)} runs"
        told = f"max_new_anomalies allows {limits.max_new_anomalies:,.0f}; {chance:.2g} of {rows:,} rows expected by chance"
        such = f", such as {described(verdict.anomalies[:1])}" if verdict.anomalies else ""
        verdict.problems.append(f"{count(verdict.new_anomalies, 'new anomaly', 'new anomalies')} in {runs}{such} ({told})")


def _data(job: Job, file: JobFile, place: Workspace, limits: Monitor, verdict: Verdict) -> None:
    """The age of the newest row, and how the stored forecasts fared against the rows that came since."""
    ref = find_model(job, file, place)
    with opened(job, file) as data:
        found = sample(job, data, ref, place)
    card, panel = found.card, found.panel
    last = newest(panel)
    verdict.newest_row = show(panel, last)
    if panel.dated:
        verdict.problems += staleness(job, panel, last, on_grid(dt.datetime.now().astimezone(), panel))
    horizon = usual_horizon(card, panel) if job.horizon is None else job.horizon
    scored = score(job, file, panel, horizon, limits.least)
    if scored is None:
        return
    verdict.mase, verdict.coverage, verdict.scored = scored.mase, scored.coverage, scored.count
    verdict.coverage_of_step = scored.coverage_of_step
    _accuracy(scored, card, limits, verdict)


def staleness(job: Job, panel: Panel, last: np.datetime64, now: np.datetime64) -> list[str]:
    """Return what is wrong with the age of the newest row: too old, or in the future, where it would hide missing rows.

    Without `max_age`, STEPS steps of the data and SCHEDULES gaps of the job's schedule are allowed.
    """
    age = float((now - last) / np.timedelta64(1, "s"))
    if age < -DAY and _ahead(panel, now, 1) < last:
        return [f"its newest row lies {duration(-age)} in the future: check its timestamps and the clock of this machine"]
    if job.max_age is not None and age <= job.max_age:  # "never" is infinite
        return []
    if job.max_age is not None:
        allowed, why = job.max_age, f"max_age allows {duration(job.max_age)}"
    else:
        steps = float((_ahead(panel, last, STEPS) - last) / np.timedelta64(1, "s"))
        allowed = steps + SCHEDULES * longest_gap(job.cron)
        usual = f"expected at most {duration(allowed)} for its frequency {panel.freq.plain.alias} and schedule"
        why = f'{usual} (set max_age, to "never" for data that does not grow)'
    return [f"its input is stale: {duration(age)} old, {why}"] if age > allowed else []


def _ahead(panel: Panel, stamp: np.datetime64, steps: int) -> np.datetime64:
    """Return the timestamp a number of steps after another."""
    moved: np.datetime64 = panel.freq.advance(np.array([stamp]), np.array([steps]))[0]
    return moved


def _accuracy(found: Accuracy, card: Card, limits: Monitor, verdict: Verdict) -> None:
    # a model of any frequency was scored on other data than these
    mine = () if card.freq == ANY_FREQ else card.scores
    own = next((row for row in mine if row.get("model") == card.name), {})
    usual = own.get("MASE")
    enough = found.dates >= limits.least
    if enough and found.mase is not None and usual and found.mase > limits.max_mase_ratio * usual:
        allowed = f"max_mase_ratio allows {limits.max_mase_ratio:g} times as much"
        verdict.problems.append(f"MASE {found.mase:.3f} on what came since, {usual:.3f} in its backtest ({allowed})")
    expected = min(0.8, own.get("coverage") or 0.8)
    low = expected - limits.coverage_drop
    sure = enough or (found.count >= limits.least and _unmistakable(found.coverage, expected, found.dates))
    if sure and found.coverage is not None and found.coverage < low:
        verdict.problems.append(f"the 80 % interval held {found.coverage:.0%} of what came since, {expected:.0%} in its backtest")
    verdict.problems += _narrow_steps(found, expected, limits)
    if found.worst is not None and found.worst.coverage < low:
        verdict.worst_item = dataclasses.asdict(found.worst)


def _narrow_steps(found: Accuracy, expected: float, limits: Monitor) -> list[str]:
    """Return a problem for the parts of the horizon whose intervals are too narrow, by more than chance explains.

    The level CHANCE is shared by all parts (Bonferroni), and forecasts that overlap count as one.
    """
    tested = [block for block in found.blocks if block.dates >= limits.least]
    if not tested:
        return []
    errors = NormalDist().inv_cdf(1 - CHANCE / len(tested))
    bad = [
        block
        for block in tested
        if block.coverage < expected - limits.coverage_drop
        and expected - block.coverage > errors * (expected * (1 - expected) / block.windows) ** 0.5
    ]
    if not bad:
        return []
    steps = ", ".join(f"{b.first} to {b.last}" if b.last > b.first else str(b.first) for b in bad)
    worst = min(block.coverage for block in bad)
    return [f"the 80 % interval is too narrow {steps} steps ahead: it held {worst:.0%} there, {expected:.0%} in its backtest"]


def _unmistakable(coverage: float | None, expected: float, dates: int) -> bool:
    """Return True for a coverage that lies more than three standard errors (of this number of dates) below the expected one."""
    return coverage is not None and expected - coverage > 3 * (expected * (1 - expected) / max(1, dates)) ** 0.5


def _tell(alert: str, folder: Path, watched: Watched) -> None:
    """POST the verdicts to an address, or give them to a command on its stdin, in the job file's folder, within half a minute."""
    document = json.dumps(watched.to_mapping(), ensure_ascii=False, default=str).encode()
    if scheme_of(alert) in ("http", "https"):
        request = urllib.request.Request(expanded(alert), document, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30):
            return
    words = [expanded(word) for word in shlex.split(alert)]  # in this order: a secret may hold blanks and quotes
    subprocess.run(words, input=document, cwd=folder, timeout=30, check=True, stdout=subprocess.DEVNULL)


def prometheus_text(watched: Watched) -> str:
    """The verdicts in the text format that Prometheus reads (node_exporter's textfile collector takes it)."""
    jobs = {v.job: printable(v.job).replace("\\", r"\\").replace('"', r"\"") for v in watched.verdicts}  # as labels
    lines = ["# HELP tsattn_job_good Whether nothing is wrong with a job.", "# TYPE tsattn_job_good gauge"]
    lines += [f'tsattn_job_good{{job="{jobs[v.job]}"}} {int(not v.problems)}' for v in watched.verdicts]
    lines += ["# HELP tsattn_job_last_good_seconds When a job last ran well.", "# TYPE tsattn_job_last_good_seconds gauge"]
    for v in watched.verdicts:
        if v.last_good:
            lines.append(
                f'tsattn_job_last_good_seconds{{job="{jobs[v.job]}"}} {dt.datetime.fromisoformat(v.last_good).timestamp():.0f}'
            )
    for name, about in (
        ("fallback_share", "of rows that are fallbacks or missing"),
        ("mase", "MASE since"),
        ("coverage", "of 80 % intervals"),
        ("new_anomalies", "anomalies that no earlier run reported"),
    ):
        lines += [f"# HELP tsattn_job_{name} {about}.", f"# TYPE tsattn_job_{name} gauge"]
        found = ((jobs[v.job], getattr(v, name)) for v in watched.verdicts)
        lines += [f'tsattn_job_{name}{{job="{job}"}} {value:.10g}' for job, value in found if value is not None]
    return "\n".join(lines) + "\n"
