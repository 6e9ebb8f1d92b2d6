"""Crontab lines and systemd units that run a job file from anywhere, with nothing set in the environment."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from tsattn.batch.cron import USUAL
from tsattn.batch.jobs import JobFile
from tsattn.batch.secrets import variables
from tsattn.data.names import printable
from tsattn.errors import ConfigError

_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Entry:
    """Line of a crontab, or a timer and its service: a command and its schedule."""

    fields: str  # five cron fields
    about: str
    words: tuple[str, ...]
    suffix: str = ""  # of the units' names


def entries(file: JobFile, workspace: Path) -> list[Entry]:
    """Return the jobs by schedule, in the order of the file, then the monitor where it has one. Every path is absolute."""
    for path in (file.path, workspace):
        if printable(path) != str(path):  # a line break in the path would start a new line of the file
            raise ConfigError(f"{printable(path)}: neither cron nor systemd takes such a path", "rename the folder or the file")
    found: dict[str, tuple[str, ...]] = {}
    for job in file.jobs:
        found[job.cron] = (*found.get(job.cron, ()), job.name)
    made = []
    for number, (fields, names) in enumerate(found.items(), 1):
        chosen = [word for name in names for word in ("--job", name)] if len(names) < len(file.jobs) else []
        words = _command("run", file, workspace, chosen)
        made.append(Entry(fields, ", ".join(names), words, f"-{number}" if len(found) > 1 else ""))
    if file.monitor.schedule:
        made.append(Entry(file.monitor.schedule, "monitor", _command("monitor", file, workspace, []), "-monitor"))
    return made


def assumption(file: JobFile) -> str:
    """Return a note on the assumed schedule and its jobs; "" where every job names its own."""
    jobs = [job.name for job in file.jobs if job.schedule is None]
    if not jobs:
        return ""
    minute, hour = map(int, USUAL.split()[:2])
    change = f'to change it, write schedule = "{USUAL}" in the job file'
    return f"{hour:02d}:{minute:02d} every day is assumed for {', '.join(jobs)}: {change}"


def _command(verb: str, file: JobFile, workspace: Path, more: list[str]) -> tuple[str, ...]:
    words = (sys.executable, "-m", "tsattn", verb, str(file.path), "--workspace", str(workspace.absolute()))
    return (*words, "--json", "--json-logs", *more)  # every line of the log is JSON


def crontab(file: JobFile, workspace: Path) -> str:
    """A crontab: a line for each schedule in the file."""
    secrets = _secrets(file)
    lines = [f"# {assumed}"] if (assumed := assumption(file)) else []
    lines += [f"# set above these lines, for cron knows no environment: {', '.join(secrets)}"] if secrets else []
    log = shlex.quote(str(file.path.with_suffix(".log")))
    for entry in entries(file, workspace):
        command = f"cd {shlex.quote(str(file.folder))} && {shlex.join(entry.words)} >>{log} 2>&1"
        lines.append(f"{entry.fields} " + command.replace("%", r"\%"))  # cron reads a bare % as a new line
    return "\n".join(lines) + "\n"


def units(file: JobFile, workspace: Path) -> dict[str, str]:
    """Return systemd units by file name: a service and a timer per schedule. Raises ConfigError for one that systemd lacks."""
    made = {}
    assumed = f"# {said}\n" if (said := assumption(file)) else ""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", file.path.stem)  # the characters allowed in a unit's name
    for entry in entries(file, workspace):
        stem = f"tsattn-{plain}{entry.suffix}"
        command = " ".join(_quoted(word) for word in entry.words)
        environment = f"EnvironmentFile={_escaped(file.path.with_suffix('.env'))}\n" if _secrets(file) else ""
        made[f"{stem}.service"] = (
            f"[Unit]\nDescription=tsattn: {entry.about}\n\n[Service]\nType=oneshot\n"
            f"WorkingDirectory={_escaped(file.folder)}\n{environment}ExecStart={command}\n"
        )
        made[f"{stem}.timer"] = (
            f"{assumed if entry.fields == USUAL else ''}"
            f"[Unit]\nDescription=tsattn: {entry.about}\n\n[Timer]\nOnCalendar={calendar(entry.fields)}\nPersistent=true\n\n"
            "[Install]\nWantedBy=timers.target\n"
        )
    return made


def calendar(fields: str) -> str:
    """Five cron fields as systemd's OnCalendar. Raises ConfigError for a day of the month together with one of the week."""
    minute, hour, day, month, weekday = fields.split()
    if day != "*" and weekday != "*":
        raise ConfigError(
            f"{fields!r}: cron runs on either day, systemd on days that are both",
            "give a day of the month or of the week, not both",
        )
    days = "" if weekday == "*" else _weekdays(weekday) + " "
    date = f"*-{_field(month, 1)}-{_field(day, 1)}"
    return f"{days}{date} {_field(hour, 0)}:{_field(minute, 0)}:00"


def _field(text: str, first: int) -> str:
    parts = []
    for part in text.split(","):
        span, _, step = part.partition("/")
        span = span.replace("-", "..")
        parts.append(f"{first if span == '*' else span}/{step}" if step else span)
    return ",".join(parts)


def _weekdays(text: str) -> str:
    chosen: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        low, _, high = ("0-6" if span == "*" else span).partition("-")
        chosen |= set(range(int(low), int(high or low) + 1, int(step or 1)))
    return ",".join(dict.fromkeys(_DAYS[n] for n in sorted(chosen)))


def _secrets(file: JobFile) -> list[str]:
    return sorted({name for text in file.texts() for name in variables(text)})


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")


def _quoted(word: str) -> str:
    """Quote a word of ExecStart: systemd expands % and $."""
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{word}"' if any(c in word for c in " \t;\"'") else word
