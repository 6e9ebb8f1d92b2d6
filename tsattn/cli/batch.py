"""`tsattn run`, `runs`, `schedule` and `monitor`: unattended forecasts."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tsattn.cli import options
from tsattn.cli.option_groups import uses
from tsattn.cli.session import Session
from tsattn.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from rich.console import Console

JobFile = Annotated[str, typer.Argument(metavar="JOBS", help="Job file, such as jobs.toml.")]
Jobs = Annotated[
    options.Many, typer.Option("--job", metavar="NAME,…", show_default=False, help="Names of the jobs.  [default: all]")
]
_CRON = "add them with crontab -e; for systemd units: --systemd"
JsonLogs = Annotated[bool, typer.Option("--json-logs", help="Write the log on stderr as JSON lines.")]


@uses(session=options.session)
def run(
    session: Session,
    path: JobFile,
    jobs: Jobs = None,
    as_of: options.AsOf = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Forecast without writing outputs or run records.")] = False,
    wait: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Seconds to wait for another run of the same job (default: 0) and for a locked database (default: 60).",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[str, typer.Option(metavar="ENGINE", help="Engine: local, or ray for a Ray cluster.")] = "local",
    ray_address: Annotated[
        options.Text,
        typer.Option(metavar="HOST:PORT", help="Address of the Ray cluster.  [default: RAY_ADDRESS, else a new local one]"),
    ] = None,
    json_logs: JsonLogs = False,
) -> int:
    """Run the jobs of a job file.

    Each job reads its input, forecasts, writes every row exactly once and records the run. A failed job does not stop the
    others. Rows of a series that cannot be forecast are flagged with the reason.

    \b
    Examples:
      tsattn run jobs.toml
      tsattn run jobs.toml --job sales --as-of 2024-05-01T06:00
    """
    from tsattn import interrupts
    from tsattn.batch.run import run as run_jobs
    from tsattn.batch.runs import Order, Ran
    from tsattn.render import batch as drawn
    from tsattn.render.console import stderr

    order = Order(options.listed(jobs), as_of, dry_run, wait, engine, ray_address)
    log = _log(session, json_logs)
    stray: Any = _Stray(log)  # only results belong on stdout, and Ray prints there when a node fails
    with interrupts.held():  # once all jobs are done, a signal changes neither their records nor the exit code
        with contextlib.redirect_stdout(stray), drawn.progress(stderr(), log, quiet=session.quiet, plain=json_logs) as tick:
            made: Ran = run_jobs(path, order, workspace=session.workspace, log=log, tick=tick)
        session.show(made, lambda console, found: drawn.runs(console, [one.to_mapping() for one in found.runs]))
    return int(made.exit_code)


@uses(session=options.session)
def runs(
    session: Session,
    path: Annotated[
        options.Text,
        typer.Argument(metavar="JOBS", help="Job file, needed only if it stores run records in a database.", show_default=False),
    ] = None,
    jobs: Jobs = None,
    last: Annotated[int, typer.Option("--last", "-n", min=1, metavar="N", help="Number of runs.")] = 20,
) -> int:
    """List the latest runs, newest first.

    \b
    Examples:
      tsattn runs
      tsattn runs --job sales -n 5 --json
    """
    from tsattn.batch.run_history import history
    from tsattn.render import batch as drawn

    rows = history(path, options.listed(jobs), last, session.workspace)
    return session.show(_Mapping({"runs": rows}), lambda console, found: drawn.runs(console, found.values["runs"]))


@uses(session=options.session)
def schedule(
    session: Session,
    path: JobFile,
    cron: Annotated[bool, typer.Option("--cron", help="Print crontab lines.  [default]", show_default=False)] = False,
    systemd: Annotated[bool, typer.Option("--systemd", help="Print timer and service units.")] = False,
) -> int:
    """Print crontab lines or systemd units for the jobs.

    \b
    Examples:
      tsattn schedule jobs.toml
      tsattn schedule jobs.toml --systemd
    """
    from tsattn.batch.job_file import read_jobs
    from tsattn.batch.run import place_of
    from tsattn.batch.schedule import crontab, units

    if cron and systemd:
        raise ConfigError("--cron and --systemd exclude each other", f"for example: tsattn schedule {path} --systemd")
    file = read_jobs(path)
    workspace = place_of(session.workspace, file).root
    if not systemd:
        text = crontab(file, workspace)
        values: dict[str, Any] = {"crontab": text.splitlines()}
    else:
        made = units(file, workspace)
        text = "\n".join(f"# /etc/systemd/system/{name}\n{unit}" for name, unit in made.items())
        values = {"units": made}
    if not session.quiet:
        what, do = ("systemd units", "save each under its name, and enable the timers") if systemd else ("crontab lines", _CRON)
        typer.echo(f"{what}: {do}", err=True)
    return session.show(_Mapping(values), lambda *_: typer.echo(text, nl=False))


@uses(session=options.session)
def monitor(
    session: Session,
    path: JobFile,
    jobs: Jobs = None,
    prometheus: Annotated[bool, typer.Option("--prometheus", help="Print Prometheus metrics instead of a table.")] = False,
    no_alert: Annotated[bool, typer.Option("--no-alert", help="Do not run the alert command of the job file.")] = False,
    json_logs: JsonLogs = False,
) -> int:
    """Check that jobs run on time and stay accurate.

    Checks the last good run of each job, its new anomalies, the age of its data, and the accuracy of stored forecasts. The exit
    code is 0 when all checks pass, 1 when a job fails one, and 65 when the checks cannot run.

    \b
    Examples:
      tsattn monitor jobs.toml
      tsattn monitor jobs.toml --prometheus --no-alert
    """
    from tsattn.batch.monitor import prometheus_text, watch
    from tsattn.render import batch as drawn

    found = watch(path, options.listed(jobs), workspace=session.workspace, alert=not no_alert, log=_log(session, json_logs))

    def render(console: Console, made: Any) -> None:
        if prometheus:
            typer.echo(prometheus_text(made), nl=False)
        else:
            drawn.verdicts(console, made.to_mapping()["jobs"])

    session.show(found, render)
    return int(ExitCode.DONE if found.good else ExitCode.FOUND)


class _Stray(io.TextIOBase):
    """Turns text that libraries print into log lines."""

    def __init__(self, log: Callable[..., None]) -> None:
        self.log, self.rest = log, ""

    def write(self, text: str) -> int:
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            if said := re.sub(r"\x1b\[[0-9;]*m", "", line).strip():
                self.log("info", said)
        return len(text)


class _Mapping:
    """A result made of plain values."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def to_mapping(self) -> dict[str, Any]:
        return self.values


def _log(session: Session, as_json: bool) -> Callable[..., None]:
    """Return a function that logs to stderr, as JSON or as text; with --quiet only warnings and errors."""
    import datetime as dt

    from tsattn.data.names import printable, printable_json

    def log(level: str, message: str, **about: Any) -> None:
        if session.quiet and level == "info":
            return
        now = dt.datetime.now().astimezone()
        if as_json:
            line = {"time": now.isoformat(timespec="milliseconds"), "level": level, "message": message, **about}
            text = printable_json(json.dumps(line, ensure_ascii=False))
        else:
            who = f" {about['job']}" if "job" in about else ""
            text = printable(f"{now:%Y-%m-%d %H:%M:%S} {level}{who}: {message}")
        print(text, file=sys.stderr, flush=True)

    return log
