"""The job file: TOML -> frozen Jobs. Every mistake is reported at once, with its line, before anything runs."""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
import re
import shlex
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tsattn.batch.cron import checked_cron
from tsattn.batch.job_values import (
    NO_DATABASES,
    Output,
    dataset_folder,
    is_database,
    scheme_of,
    sqlite_file,
)
from tsattn.batch.jobs import Detection, Job, JobFile, Monitor
from tsattn.batch.secrets import expanded, filled, shown
from tsattn.batch.toml_lines import Lines
from tsattn.config import HierarchyConfig, ModelConfig, ReadOptions, TrainConfig, from_mapping, to_mapping
from tsattn.data.overwrites import refuse_input
from tsattn.durations import seconds
from tsattn.errors import ConfigError
from tsattn.forecasting.ensemble.ensemble import member_names
from tsattn.workspace import ZERO_SHOT

_CHOICES = {"bad_items": ("fallback", "skip", "fail"), "ended_items": ("forecast", "skip")}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def read_jobs(path: str | Path) -> JobFile:
    """Read a job file. Raises ConfigError that lists every mistake with its line and what to write instead."""
    place = Path(path).absolute()
    try:
        text = place.read_text("utf-8-sig")  # editors on Windows begin a file with a byte order mark
        values = tomllib.loads(text)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file", "name the job file: tsattn run jobs.toml") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text", "save the job file as UTF-8") from None
    except RecursionError:
        raise ConfigError(f"{path}: arrays or tables are nested too deeply") from None
    except (ValueError, OSError) as error:  # tomllib also raises a plain ValueError for a number of thousands of digits
        raise ConfigError(f"{path}: {shown(str(error))[:300]}") from None
    check = _Check(Lines(text), place)
    check.unknown(values, ("defaults", "job", "monitor"), "", 0)
    defaults, monitor = check.table(values.get("defaults", {}), "defaults"), check.table(values.get("monitor", {}), "monitor")
    jobs = values.get("job", [])
    if not isinstance(jobs, list) or not jobs or not all(isinstance(job, dict) for job in jobs):
        check.problem(check.lines.of("", 0, "job"), "there is no [[job]] table")
        jobs = []
    check.unknown(defaults, _KEYS, "defaults", 0)
    made = [check.job(number, job, defaults) for number, job in enumerate(jobs)]
    watch = check.monitor(monitor)
    check.apart(jobs, made)
    if check.problems:
        said = [f"  line {line}: {message}" for line, message in sorted(set(check.problems))]
        many = f"{len(said)} mistakes" if len(said) > 1 else "1 mistake"
        raise ConfigError(f"{path}: {many}:\n" + "\n".join(said), "nothing was run")
    return JobFile(place, tuple(job for job in made if job), watch)


_KEYS = tuple(f.name for f in dataclasses.fields(Job) if f.name != "line")
_LEVELS = {"hierarchy": (), "sums": (), "reconcile": HierarchyConfig.reconcile}
_DURATIONS = ("max_age", "max_gap", "retrain", "keep_records")
_ENDLESS = {"max_age": "never", "keep_records": "forever", "max_lost_series": "any"}  # texts that stand for infinity
_TEXTS = ("name", "input", "future", "model", "query", *_CHOICES, "records", "schedule", "reconcile")
_SHARES = ("max_mase_ratio", "coverage_drop", "max_lost_series")
_ANOMALIES = "max_new_anomalies"
_COUNTS = ("horizon", "min_history", "keep", "retries", "block_rows")


class _Check:
    """Collects mistakes instead of stopping at the first."""

    def __init__(self, lines: Lines, path: Path) -> None:
        self.lines, self.file = lines, JobFile(path, ())
        self.problems: list[tuple[int, str]] = []

    def problem(self, line: int, message: str) -> None:
        self.problems.append((line, message))

    def table(self, value: Any, name: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self.problem(self.lines.of("", 0, name), f"{name!r} must be a table: write [{name}] on a line of its own")
        return {}

    def unknown(self, table: dict[str, Any], known: tuple[str, ...], path: str, number: int) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
                self.problem(self.lines.of(path, number, key), f"unknown key {key!r}: {hint}")

    def job(self, number: int, own: dict[str, Any], defaults: dict[str, Any]) -> Job | None:
        before = len(self.problems)
        self.unknown(own, _KEYS, "job", number)
        values = {key: value for key, value in {**defaults, **own}.items() if key in _KEYS}
        line = self.lines.of("job", number)
        for key in ("name", "input", "outputs"):
            if key not in values:
                self.problem(line, f"the job has no {key!r}")
        made: dict[str, Any] = {}
        for key, value in values.items():
            where = self.where(number, key, own)
            try:
                made[key] = _value(key, value)
            except ConfigError as error:
                self.problem(where, f"{key}: {error.message}" + (f" ({error.hint})" if error.hint else ""))
        if "input" in made and is_database(made["input"]) != ("query" in made):
            says = "a database as input needs a query" if is_database(made["input"]) else "a query needs a database URL as input"
            self.problem(line, says)
        try:
            HierarchyConfig(*(made.get(key, default) for key, default in _LEVELS.items()))
        except ConfigError as error:
            self.problem(line, error.message)
        if made.get("ended_items") == "skip" and any(made.get(key) for key in ("hierarchy", "sums")):
            self.problem(
                self.where(number, "ended_items", own),
                'ended_items: sums need all their parts, so "skip" cannot be combined with hierarchy or sums (write "forecast")',
            )
        if made.get("retrain") is not None and (why := _untrainable(made.get("model"))):
            self.problem(self.where(number, "retrain", own), f"retrain: {why}")
        for key in ("input", "query", "future", "outputs", "records"):
            where = self.where(number, key, own)
            parts = [o.text for o in made.get(key, ())] if key == "outputs" else [made.get(key) or ""]
            if key != "query" and any(map(is_database, parts)) and not _has_databases():
                self.problem(where, f"{key}: {NO_DATABASES} (pip install 'tsattn[sql]')")
            for part in parts:
                try:
                    expanded(part)
                except ConfigError as error:
                    self.problem(where, f"{key}: {error.message} ({error.hint})")
        return Job(**made, line=line) if len(self.problems) == before else None

    def apart(self, tables: list[dict[str, Any]], jobs: list[Job | None]) -> None:
        """Report two jobs of one name, and outputs that would replace what a job reads or the file of another job."""
        names = [table.get("name") for table in tables]
        for number, name in enumerate(names):
            if isinstance(name, str) and name in names[:number]:
                self.problem(self.where(number, "name", tables[number]), f"two jobs are called {name!r}")
        writer: dict[str, tuple[str, str]] = {}  # the kind of output and the job, by the file that is written
        for number, job in enumerate(jobs):
            for output in job.outputs if job else ():
                said = self.conflict(job, output, writer) if job else ""
                if said:
                    self.problem(self.where(number, "outputs", tables[number]), f"outputs: {said}")
            if job and job.detect and job.detect.output:
                own = job.detect.output in [output.text for output in job.outputs]
                said = self.conflict(job, Output.parse(job.detect.output), writer)
                if said := "it is an output of the forecasts too" if own else said:
                    self.problem(self.where(number, "detect", tables[number]), f"detect: {said}")

    def conflict(self, job: Job, output: Output, writer: dict[str, tuple[str, str]]) -> str:
        """Return why an output is refused: the job reads it, or it is the file of another job; "" if it is accepted."""
        place = self.file.local(filled(output.place))
        path = Path(place) if output.kind == "file" else sqlite_file(place) if output.kind == "database" else None
        if output.kind == "dataset":
            path = dataset_folder(place, job.name)
        if path is None:
            return ""
        try:
            refuse_input(path, self.file.paths(job), dataset=output.kind == "dataset", said=str(output))
        except ConfigError as error:
            return f"{error.message} ({error.hint})"
        kind, first = writer.setdefault(os.path.realpath(path), (output.kind, job.name))
        if first != job.name and "file" in (kind, output.kind):
            return f"{output} is written by job {first!r} too, which would be lost"
        return ""

    def where(self, number: int, key: str, own: dict[str, Any]) -> int:
        """The line of a job's key: its own, or that of [defaults]."""
        return self.lines.of("job", number, key) if key in own else self.lines.of("defaults", 0, key)

    def monitor(self, values: dict[str, Any]) -> Monitor:
        self.unknown(values, tuple(f.name for f in dataclasses.fields(Monitor)), "monitor", 0)
        known = {k: v for k, v in values.items() if k in {f.name for f in dataclasses.fields(Monitor)}}
        try:
            if _ANOMALIES in known:
                known[_ANOMALIES] = _most_anomalies(known[_ANOMALIES], f"{_ANOMALIES} ")
            made = from_mapping(Monitor, known, "[monitor]")
            if made.alert:
                expanded(made.alert)
                shlex.split(made.alert)
            return made if made.schedule is None else dataclasses.replace(made, schedule=checked_cron(made.schedule))
        except ConfigError as error:
            self.problem(self.lines.of("monitor"), error.message)
            return Monitor()
        except ValueError as error:
            self.problem(self.lines.of("monitor", 0, "alert"), f"alert: not a command: {error}")
            return Monitor()


def _value(key: str, value: Any) -> Any:
    """Check and return one value of a job. Raises ConfigError."""
    if key in _TEXTS and (not isinstance(value, str) or not value.strip() or "\0" in value):
        raise ConfigError("must be a text")
    if key in _ENDLESS and value == _ENDLESS[key]:
        return math.inf
    if key in _DURATIONS:
        return seconds(str(value))
    if key in _SHARES:
        if type(value) not in (int, float) or not value > 0:
            raise ConfigError(f"must be a positive number, not {value!r}")
        return float(value)
    if key == _ANOMALIES:
        return _most_anomalies(value)
    if key in _COUNTS and (type(value) is not int or value < 1):
        raise ConfigError(f"must be a whole number of at least 1, not {value!r}")
    if key == "name" and not _NAME.fullmatch(value):
        raise ConfigError(f"{value!r} cannot name a job (use letters, digits, '.', '_' and '-')")
    if key == "schedule":
        return checked_cron(value)
    if key in _CHOICES and value not in _CHOICES[key]:
        raise ConfigError(f"must be one of {', '.join(_CHOICES[key])}, not {value!r}")
    if key == "input" and scheme_of(value) and "#" in value and is_database(value):
        raise ConfigError("a database as input has no #table: write a query")
    if key == "future" and is_database(value):
        raise ConfigError(
            "must be a file, a folder, a glob or a URL of files, not a database",
            "write the future rows to a file; or add them to the query of the input, with a blank target",
        )
    if key == "records" and not is_database(value):
        raise ConfigError(f"{shown(value)!r} is not a database", "write postgresql://… or sqlite:///…, or leave it out")
    if key == "outputs":
        places = [value] if isinstance(value, (str, dict)) else value
        if (
            not isinstance(places, list)
            or not places
            or not all(isinstance(p, (str, dict)) and "\0" not in str(p) for p in places)
        ):
            raise ConfigError("must be a string, a table or a list of these, without NUL characters")
        return tuple(Output.of(place) for place in places)
    if key == "joint" and type(value) is not bool:
        raise ConfigError("must be true or false")
    if key == "quantiles":
        return _levels(value)
    if key in ("hierarchy", "sums"):
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not names or not all(isinstance(name, str) and name.strip() for name in names):
            raise ConfigError("must be a list of texts")
        return tuple(names)
    if key == "members":
        if not isinstance(value, str) and not (isinstance(value, list) and all(isinstance(name, str) for name in value)):
            raise ConfigError('must be a list of names, "all" or "network"')
        return member_names(value)
    if key == "read":
        return _read(value)
    if key == "detect":
        return _detection(value)
    if key in ("network", "training"):
        if not isinstance(value, dict):
            raise ConfigError("must be a table")
        return {k: v for k, v in to_mapping(from_mapping(_KINDS[key], value, f"[{key}]")).items() if k in value}
    return value


def _has_databases() -> bool:
    return all(find_spec(name) is not None for name in ("sqlalchemy", "tenacity"))


def _untrainable(model: str | None) -> str:
    """Return why a model cannot be retrained; "" when it can."""
    if model == ZERO_SHOT:
        return f"{ZERO_SHOT!r} is the model in the package, which is never retrained: name another one"
    if model is None or not _NAME.fullmatch(model):
        return "only a model named in the workspace is trained anew, not a version or a folder"
    return ""


_KINDS: dict[str, type] = {"network": ModelConfig, "training": TrainConfig}


def _levels(value: Any) -> tuple[float, ...]:
    numbers = value if isinstance(value, list) else [None]
    if not numbers or not all(type(n) is float and 0 < n < 1 for n in numbers) or len(set(numbers)) != len(numbers):
        raise ConfigError("must be a list of different numbers between 0 and 1, such as [0.1, 0.5, 0.9]")
    return tuple(sorted(numbers))


def _most_anomalies(value: Any, key: str = "") -> float:
    """Return the number of new anomalies at which a check still passes. key: for the error, where nothing else names it."""
    if value == "any":
        return math.inf
    if type(value) is not int or value < 0:
        raise ConfigError(f'{key}must be a whole number of at least 0, or "any", not {value!r}')
    return float(value)


def _detection(value: Any) -> Detection:
    from tsattn.data.sinks import FORMATS

    table = {"level": value} if isinstance(value, float) else value
    if not isinstance(table, dict):
        raise ConfigError(
            'must be a level, such as 0.999, or a table, such as { level = 0.999, last = 24, output = "scores.csv" }'
        )
    made = from_mapping(Detection, table, "detect")
    if not 0.5 <= made.level < 1:
        raise ConfigError(f"the level must lie between 0.5 and 1, not {made.level:g}")
    if made.last is not None and made.last < 1:
        raise ConfigError(f"last must be at least 1, not {made.last}")
    if made.output is not None and Path(made.output).suffix.lower() not in FORMATS:
        raise ConfigError(f"{made.output!r} is not a file of a known format", f"use one of {', '.join(FORMATS)}")
    return made


def _read(value: Any) -> ReadOptions:
    if not isinstance(value, dict):
        raise ConfigError('must be a table, such as { timestamp = "day", item = "shop" }')
    return from_mapping(ReadOptions, value, "read")
