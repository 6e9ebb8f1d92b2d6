"""Comparison of a run with the previous one: signs that the input lost series or rows, which a forecast does not show."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tsattn.batch.records import Records, now
from tsattn.batch.runs import JobRun
from tsattn.batch.shared_records import SharedRecords
from tsattn.errors import DataError
from tsattn.events import WARNING
from tsattn.render.format import count


def signs_of_loss(records: Records | SharedRecords, made: JobRun) -> tuple[str, ...]:
    """Return warnings if the last good run of a job had more series or a later end of the input.

    A damaged record, which `tsattn runs` reports, is no reason for a job to fail.
    """
    before = None
    with suppress(DataError):
        before = next(iter(records.good_runs(made.job, now(), 1)), None)
    return () if before is None else _compared(before, made)


def _compared(before: Mapping[str, Any], made: JobRun) -> tuple[str, ...]:
    lines, run = [], f"in the last run ({str(before['started'])[:16].replace('T', ' ')})"
    if (lost := (before["items"] or 0) - made.items) > 0:
        lines.append(f"the input has {count(made.items, 'series', 'series')}, {lost:,} fewer than {run}")
    # cutoffs are compared as text, which needs one format: those of equal length have it
    if before["cutoff"] and made.cutoff and len(before["cutoff"]) == len(made.cutoff) and made.cutoff < before["cutoff"]:
        lines.append(f"the input ends at {made.cutoff}; {run}, it ended at {before['cutoff']}")
    return tuple(f"{WARNING}{line}" for line in lines)
