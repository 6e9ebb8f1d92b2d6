"""Comparison of a run with the previous one: signs that the input lost series or rows, which a forecast does not show."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from tsattn.batch.cutoffs import is_earlier
from tsattn.batch.records import Records, now
from tsattn.batch.runs import JobRun
from tsattn.batch.series_names import SeriesNames
from tsattn.batch.shared_records import SharedRecords
from tsattn.errors import DataError
from tsattn.events import WARNING
from tsattn.render.format import count

NAMED = 3  # series that a line names
FEWEST = 2  # series lost at once that make a run partial: a single one may have been removed on purpose


def signs_of_loss(
    records: Records | SharedRecords, made: JobRun, before: SeriesNames | None, here: SeriesNames
) -> tuple[str, ...]:
    """Return lines on series that are gone, ended or new since the last run, and a warning if the input ends earlier.

    before: the series of the last run whose input was complete. Without it, the numbers of series are compared. A damaged
    record, which `tsattn runs` reports, is no reason for a job to fail.
    """
    last = None
    with suppress(DataError):
        last = next(iter(records.good_runs(made.job, now(), 1)), None)
    lines = [] if last is None else _ends_earlier(last, made)
    if before is not None:
        return (*_changed(before, here), *lines)
    if last is not None and (lost := (last["items"] or 0) - made.items) > 0:
        fewer = f"the input has {count(made.items, 'series', 'series')}, {lost:,} fewer than {_run(last['started'])}"
        lines = [f"{WARNING}{fewer}", *lines]
    return tuple(lines)


def lost_series(before: SeriesNames | None, here: SeriesNames, most: float) -> str:
    """Return why an input seems incomplete; "" if it does not.

    It does if at least FEWEST series, and at least the share `most`, of those with new values in the last run are gone or ended
    long ago now: series end one by one, but a file that is cut off loses many at once.
    """
    if before is None or not before.fresh or here.fresh is None or here.ended is None:
        return ""
    gone, ended = before.fresh - here.every, before.fresh & here.ended
    lost = len(gone) + len(ended)
    if lost < FEWEST or lost < most * len(before.fresh):
        return ""
    how = " and ".join(part for part in (_some("gone", gone), _some("ended long ago", ended)) if part)
    return (
        f"{lost:,} of the {len(before.fresh):,} series that had new values {_run(before.started)} are missing ({how}): "
        'the input may be incomplete; if it is not, run the job once with max_lost_series = "any"'
    )


def _ends_earlier(last: Mapping[str, Any], made: JobRun) -> list[str]:
    if last["cutoff"] and made.cutoff and is_earlier(made.cutoff, last["cutoff"]):
        return [f"{WARNING}the input ends at {made.cutoff}; {_run(last['started'])}, it ended at {last['cutoff']}"]
    return []


def _changed(before: SeriesNames, here: SeriesNames) -> list[str]:
    """Return lines that name series that are gone, ended or new."""
    if before.digest == here.digest and before.fresh == here.fresh:
        return []
    run, has = _run(before.started), f"the input has {count(here.count, 'series', 'series')}"
    fewer = f", {before.count - here.count:,} fewer than {run}" if here.count < before.count else ""
    if here.fresh is None or before.fresh is None:
        return [f"{WARNING}{has}{fewer or f', with other names than {run}'}"]
    gone, new = before.every - here.every, here.every - before.every
    ended = before.fresh & (here.ended or frozenset())
    parts = [part for part in (_some("gone", gone), _some("new", new)) if part]
    lines = []
    if parts:
        since = fewer or ("" if before.count == here.count else f", {here.count - before.count:,} more than {run}")
        lines = [f"{WARNING if gone else ''}{has}{since or f', as many as {run}'}: {'; '.join(parts)}"]
    if ended:
        lines.append(f"{WARNING}{_some('ended long ago', ended)}, with new values {run}")
    return lines


def _some(what: str, names: Collection[str]) -> str:
    """Format a number of series with the first names, such as `2 gone: a, b`; "" for none."""
    if not names:
        return ""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return f"{len(names):,} {what}: {', '.join(sorted(names)[:NAMED])}{more}"


def _run(started: Any) -> str:
    return f"in the last run ({str(started)[:16].replace('T', ' ')})"
