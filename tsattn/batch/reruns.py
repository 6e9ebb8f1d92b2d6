"""Reruns of a cutoff: the stored forecast of an item is kept if the new one has fewer rows without fallback.

A rerun after its weather file became stale, for example, would otherwise replace good rows with fallbacks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from tsattn.batch.cutoffs import instant_of
from tsattn.batch.job_values import Output
from tsattn.batch.jobs import Job
from tsattn.batch.secrets import expanded
from tsattn.batch.stored_forecasts import rows_at
from tsattn.data.output_formats import Tables
from tsattn.data.result_files import PER_ITEM
from tsattn.forecasting.frame import is_quantile_name

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 5000  # rows of a file that are read back at a time


class Made(NamedTuple):
    """Cutoff of an item, as `instant_of` gives it, and the number of its rows that are not fallbacks."""

    cutoff: Any
    good: int


def with_fallbacks(tables: Tables) -> dict[str, Made]:
    """Return the items that have fallback rows in the results of a run."""
    import pyarrow.compute as pc

    bad: set[str] = set()
    for table in tables():
        bad.update(pc.unique(table["item_id"].filter(table["fallback"])).to_pylist())
    found: dict[str, Made] = {}
    for table in tables() if bad else ():
        counts = table.group_by(["item_id", "cutoff"]).aggregate([("fallback", "sum"), ("fallback", "count")])
        for row in counts.to_pylist():
            if (item := row["item_id"]) in bad:
                before = found[item].good if item in found else 0
                found[item] = Made(instant_of(row["cutoff"]), before + row["fallback_count"] - row["fallback_sum"])
    return found


def better_stored(job: Job, output: Output, place: str, tables: Tables, made: Mapping[str, Made], wait: float) -> list[str]:
    """Return the items whose stored forecast from the same cutoff has more rows that are not fallbacks.

    Rows that lack a quantile of the tables do not count. An output that cannot be read back has no stored rows.
    """
    if not made:
        return []
    cutoffs = {item: one.cutoff for item, one in made.items()}
    levels = [name for name in next(tables()).column_names if is_quantile_name(name)]
    if output.kind == "database":
        from tsattn.batch.database import good_rows

        counts = good_rows(place, expanded(output.table), (job.name, cutoffs, levels), job.retries, wait)
    else:
        counts = dict.fromkeys(made, 0)
        for row in rows_at(job, output, place, cutoffs):
            counts[row["item_id"]] += not row.get("fallback") and all(row.get(name) is not None for name in levels)
    return [item for item, one in made.items() if counts.get(item, 0) > one.good]


def without_worse(
    job: Job, output: Output, place: str, tables: Tables, made: Mapping[str, Made], kept: Sequence[str]
) -> Tables | None:
    """Return what to write so that the items `kept` keep their stored forecasts; None if there is nothing to write.

    A single file is replaced as a whole, so the stored rows are written again; other outputs keep them.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    items = pa.array(kept, pa.string())

    def others() -> Iterator[pa.Table]:
        for table in tables():
            rest = table.filter(pc.invert(pc.is_in(table["item_id"], items)))
            if rest.num_rows:
                yield rest

    if output.kind != "file" or PER_ITEM in output.place:
        return None if next(others(), None) is None else others
    schema, cutoffs = next(tables()).schema, {item: made[item].cutoff for item in kept}

    def every() -> Iterator[pa.Table]:
        yield from others()
        stored = rows_at(job, output, place, cutoffs)
        while rows := list(islice(stored, _ROWS)):
            yield _table(rows, schema)

    return every


def _table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return rows that were read back as a table of the results."""
    import pyarrow as pa

    columns = []
    for field in schema:
        values = [row.get(field.name) for row in rows]
        if field.name in ("cutoff", "timestamp"):
            values = [instant_of(value) for value in values]
            if pa.types.is_timestamp(field.type):  # in UTC, if the results have a zone
                columns.append(pa.array(values, pa.timestamp("us")).cast(pa.timestamp("us", field.type.tz)).cast(field.type))
                continue
        columns.append(pa.array(values, field.type))
    return pa.table(columns, schema=schema)
