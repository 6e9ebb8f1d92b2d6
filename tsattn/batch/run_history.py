"""Records of the latest runs, from any place where runs are recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tsattn.batch.job_file import read_jobs
from tsattn.batch.records import Records
from tsattn.batch.run import place_of
from tsattn.batch.secrets import Redactor
from tsattn.batch.shared_records import records_of
from tsattn.errors import TsattnError
from tsattn.workspace import Workspace


def history(path: str | Path | None, names: tuple[str, ...], last: int, workspace: str | Path | None) -> list[dict[str, Any]]:
    """Return the latest runs of a job file's jobs, newest first; without a file, those in the workspace's own records."""
    if path is None:
        return Records(Workspace.at(workspace).root / "runs.db").runs(names, last)
    file = read_jobs(path)
    places: dict[str | None, list[str]] = {}
    for job in file.only(names):
        places.setdefault(file.records(job), []).append(job.name)
    root = place_of(workspace, file).root
    try:
        rows = [row for url, jobs in places.items() for row in records_of(root, url).runs(jobs, last)]
    except TsattnError as error:
        raise type(error)(Redactor(file.texts())(error.message), error.hint) from None
    return sorted(rows, key=lambda row: (row["started"], row["number"]), reverse=True)[:last]
