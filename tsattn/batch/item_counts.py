"""Counts and names of the items of a run that its model did not forecast, and of those that ended and are left out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tsattn.batch.bad_items import NAMED, BadItems
from tsattn.batch.blocks import Source
from tsattn.batch.ended_items import EndedItems, ended_in, ended_rows
from tsattn.batch.inputs import TimeAxis
from tsattn.batch.jobs import Job
from tsattn.batch.runs import JobRun
from tsattn.batch.spool import Spool
from tsattn.errors import DataError


def count_skipped(
    ended: EndedItems,
    source: Source,
    spool: Spool,
    newest: np.datetime64,
    clock: TimeAxis,
    made: JobRun,
    note: Callable[[str], None],
) -> None:
    """Count and name the items that ended long ago and are left out.

    Of data that is read block by block, only now is the newest row known: earlier blocks may hold more of them.
    """
    if source.newest is None and spool.rows:
        late, rows = ended_in(spool.tables(("item_id", "cutoff", "fallback")), newest, clock)
        spool.leave_out(lambda table: ended_rows(table, newest, clock), rows)
        made.done -= late.count
        ended += late
    made.ended_items += ended.count
    if ended.count:
        made.details["ended"] = ended.to_mapping()
        note(ended.note())


def count_bad(
    job: Job, made: JobRun, bad: dict[str, BadItems], horizon: int, newest: np.datetime64 | None, clock: TimeAxis | None
) -> None:
    """Count and name the items without a forecast of the model, those that ended long ago apart from the others.

    Only the newest row of all blocks shows which ended. Raises DataError for an item that is to fail the job.
    """
    named, counts = {}, {}
    for kind, items in bad.items():
        named[kind], ended = items.judged(newest, clock)
        made.ended_items += ended
        counts[kind] = len(items) - ended
    made.fallback, made.failed = counts["fallbacks"], counts["failures"] + counts["lost"]
    made.details["horizon"] = horizon
    made.details["fallback_rows"] = int(bad["fallbacks"].rows[~bad["fallbacks"].over(newest, clock)].sum())
    made.details["fallbacks"] = [one.to_mapping() for one in named["fallbacks"]]
    made.details["failures"] = [one.to_mapping() for one in (*named["lost"], *named["failures"])][:NAMED]
    if job.bad_items == "fail" and counts["failures"]:
        first = next((one for one in named["failures"] if not one.ended), named["failures"][0])
        raise DataError(
            f"{counts['failures']} bad items, such as {first.item_id}: {first.reason}", 'set bad_items = "fallback" to continue'
        )
