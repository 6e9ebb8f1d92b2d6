"""Results -> files and Parquet datasets, each written beside and renamed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from tsattn.data.atomic import write_atomic
from tsattn.errors import DataError
from tsattn.out.sinks import iso, write_table

if TYPE_CHECKING:
    import pyarrow as pa

PART = "forecast.parquet"


def write_file(place: str, table: pa.Table) -> int:
    """Replace one file by the whole of a run's results. Returns the number of rows."""
    path = Path(place)
    _prepare(path)
    write_table(table, path)
    return int(table.num_rows)


def write_dataset(place: str, table: pa.Table) -> int:
    """Write a Parquet dataset, `job=…/cutoff=…/`. An item's rows of one cutoff are replaced by those of a later run.

    Items that a run did not forecast from this cutoff (they have newer rows by now) keep theirs. Returns the number of rows.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    cutoff = table["cutoff"]
    texts = pa.array(iso(cutoff) if pa.types.is_timestamp(cutoff.type) else [str(c) for c in cutoff.to_pylist()])
    for text in sorted(set(texts.to_pylist())):
        part = table.filter(pc.equal(texts, text))
        folder = Path(place) / f"job={quote(part['job'][0].as_py())}" / f"cutoff={quote(text)}"
        part = part.drop_columns(["job", "cutoff"])
        _prepare(folder / PART)
        if (folder / PART).exists():
            part = _merged(folder / PART, part)
        with write_atomic(folder / PART) as beside:
            pq.write_table(part, beside, compression="zstd")
    return int(table.num_rows)


def read_dataset(place: str, job: str) -> list[dict[str, object]]:
    """The rows that a job has in a dataset; [] when there is none. Raises DataError when it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows: list[dict[str, object]] = []
    for path in sorted((Path(place) / f"job={quote(job)}").glob(f"cutoff=*/{PART}")):
        try:
            cutoff = _cutoff(unquote(path.parent.name.partition("=")[2]))
            rows += [{**row, "cutoff": cutoff} for row in pq.ParquetFile(path).read().to_pylist()]
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{path}: cannot be read: {error}") from None
    return rows


def _cutoff(text: str) -> dt.datetime | int:
    return int(text) if text.lstrip("-").isdecimal() else dt.datetime.fromisoformat(text)


def _merged(path: Path, part: pa.Table) -> pa.Table:
    """New rows, and the old ones of items that have none, in the order of the items' names."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        old = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: cannot be read: {error}", "move it away, and run again") from None
    rest = old.filter(pc.invert(pc.is_in(old["item_id"], value_set=pc.unique(part["item_id"]))))
    return pa.concat_tables([part, rest], promote_options="default") if rest.num_rows else part


def _prepare(path: Path) -> None:
    """Make the folder, and remove what a killed run left beside the file: the job's lock is held, so nobody is writing it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{path.parent}: cannot be made: {error.strerror or error}") from None
    for left in path.parent.glob(f".{path.name[:80]}.*.tmp"):
        left.unlink(missing_ok=True)
