"""Values of a job file: durations, URLs and outputs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tsattn.batch.secrets import filled, shown
from tsattn.data.output_formats import FORMATS
from tsattn.data.result_files import PER_ITEM
from tsattn.errors import ConfigError

_DATABASES = ("sqlite", "postgresql")
_TABLE = 'write { path = "forecasts.csv", columns = { timestamp = "date", "0.5" = "forecast" } }'
NO_DATABASES = "databases need SQLAlchemy, which is not installed"


@dataclass(frozen=True)
class Output:
    """Destination of results. kind: "file" (format by suffix), "dataset" (a Parquet folder) or "database" (with a table).

    columns: (old, new) names of columns, for a file. A file whose name holds `{item_id}` stands for one file per series.
    """

    text: str
    kind: str
    place: str
    table: str = ""
    columns: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, value: Any) -> Output:
        """Read a string, or a table `{ path = "out.csv", columns = { timestamp = "date" } }`. Raises ConfigError."""
        if not isinstance(value, dict):
            return cls.parse(value)
        columns = value.get("columns", {})
        texts = isinstance(columns, dict) and all(isinstance(new, str) and new.strip() for new in columns.values())
        if set(value) - {"path", "columns"} or not isinstance(value.get("path"), str) or not texts:
            raise ConfigError("an output table takes the keys path and columns, whose values are strings", _TABLE)
        made = cls.parse(value["path"])
        if columns and made.kind != "file":
            raise ConfigError(f"{made}: columns can be renamed in files only", "remove columns, or write to a file")
        return replace(made, columns=tuple(columns.items()))

    @classmethod
    def parse(cls, text: str) -> Output:
        """Read `out.csv`, `out.jsonl`, `folder/`, `sqlite:///out.db#table`, `postgresql://…#table`. Raises ConfigError."""
        scheme = scheme_of(text)
        if scheme:
            place, _, table = text.rpartition("#")
            if not is_database(text):
                raise ConfigError(f"cannot write to {scheme}://", f"outputs are files, folders/, {' and '.join(_DATABASES)} URLs")
            if not place or not table or "\0" in table or len(table.encode()) > 63:
                raise ConfigError(f"{shown(text)}: the table is missing", "name it after a #: sqlite:///out.db#forecasts")
            return cls(text, "database", place, table)
        folder, _, name = text.rpartition("/")
        if found := re.search(r"(?<!\$)\{\w*\}", f"{folder}/{name.replace(PER_ITEM, '')}"):
            raise ConfigError(
                f"{text!r}: {found.group()} is not filled in; only {PER_ITEM} in a file name is",
                f"write forecasts/{PER_ITEM}.csv for one file per series, or remove {found.group()}",
            )
        if filled(text).endswith(("/", "\\")):
            return cls(text, "dataset", text)
        if not filled(text).lower().endswith(tuple(FORMATS)):
            raise ConfigError(
                f"{text!r} is not an output format",
                f"write a file ({', '.join(FORMATS)}), a Parquet dataset (folder/) or a database URL",
            )
        return cls(text, "file", text)

    def __str__(self) -> str:
        return shown(self.text)


def dataset_folder(place: str | Path, job: str) -> Path:
    """The folder of a Parquet dataset that holds the forecasts of one job."""
    return Path(place) / f"job={quote(job)}"


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite URL; None for any other URL, and for a database in memory."""
    found = re.match(r"sqlite[^:]*:///(?!:memory:)([^?#]+)", url)
    return Path(found.group(1)) if found else None


def scheme_of(text: str) -> str:
    """The scheme of a URL, which may come from the environment; "" for a path."""
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", filled(text))
    return found.group(1).lower() if found else ""


def is_database(text: str) -> bool:
    """Return True for the URL of a database."""
    return scheme_of(text).partition("+")[0] in _DATABASES
