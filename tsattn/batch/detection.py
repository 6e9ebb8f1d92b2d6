"""The key `detect` of a job: score the newest rows of its input, tell new anomalies from reported ones, write the scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.batch.bad_items import NAMED
from tsattn.batch.block_forecast import Block, Work, read_piece
from tsattn.batch.ended_items import without_ended
from tsattn.batch.jobs import Job, JobFile
from tsattn.batch.reported import Cutoffs, Key, Reported
from tsattn.batch.secrets import filled
from tsattn.data.panel import Panel
from tsattn.errors import DataError
from tsattn.events import Listener
from tsattn.forecasting.anomalies import expected_by_chance
from tsattn.render.format import count
from tsattn.workspace import ModelRef

if TYPE_CHECKING:
    import pyarrow as pa

    from tsattn.workflows.detect import Detected

TOLD = 20  # runs of anomalies that are logged; the others are in the run record

Note = Callable[[str, str], None]  # level, text
Earlier = Callable[[int], Mapping[Key, Cutoffs]]  # anomalies that earlier runs of the job reported, from a time on


@dataclass(frozen=True)
class Anomaly:
    """Anomalous row. run: its block and its number in it among the runs of consecutive anomalous rows. row: as in the JSON."""

    key: Key
    run: tuple[int, int]
    row: dict[str, Any]


@dataclass(frozen=True)
class Scored:
    """Scores of a block: the anomalies, the number of scored rows, and all of them as a table if they are to be written.

    at: (n,) int64, of all scored rows, like Key.at.
    """

    anomalies: tuple[Anomaly, ...]
    rows: int
    table: pa.Table | None
    at: np.ndarray


def detect_blocks(
    job: Job,
    file: JobFile,
    ref: ModelRef,
    work: Work,
    blocks: Iterable[Block],
    *,
    cutoff: np.datetime64,
    earlier: Earlier,
    note: Note,
) -> tuple[dict[str, Any], dict[Key, Cutoffs]]:
    """Score the newest rows of every block: the entries of the run record, and the anomalies to keep for later runs.

    cutoff: the newest row of the input. note: logs a line.
    """
    assert job.detect is not None
    found = [one for number, block in enumerate(blocks) if (one := _in_block(job, ref, work, block, number, cutoff)) is not None]
    anomalies = [one for part in found for one in part.anomalies]
    since = min((one.key.at for one in anomalies), default=0)
    reported = Reported(int(cutoff.astype("datetime64[us]").astype(np.int64)), earlier(since) if anomalies else {})
    if job.detect.output is not None and found:
        _write(file.local(filled(job.detect.output)), found, reported)
    rows = sum(part.rows for part in found)
    _log(anomalies, reported, rows, note)
    return _record(anomalies, reported, rows, job.detect.level), reported.after(one.key for one in anomalies)


def _record(anomalies: Sequence[Anomaly], reported: Reported, rows: int, level: float) -> dict[str, Any]:
    """Return the entries of the run record; at most NAMED anomalies are listed, new ones first."""
    listed = sorted(anomalies, key=lambda one: not reported.is_new(one.key))[:NAMED]
    new = sum(reported.is_new(one.key) for one in anomalies)
    return {
        "anomalies": [{**one.row, "new": reported.is_new(one.key)} for one in listed],
        "anomalous_rows": len(anomalies),
        "new_anomalies": new,
        "reported_anomalies": len(anomalies) - new,
        "scored_rows": rows,
        "expected_by_chance": round(expected_by_chance(level, rows), 6),
    }


def _log(anomalies: Sequence[Anomaly], reported: Reported, rows: int, note: Note) -> None:
    """Log both counts, and a warning for each run of anomalies that no run of the job has reported."""
    new = [one for one in anomalies if reported.is_new(one.key)]
    unseen = [one for one in new if reported.is_unseen(one.key)]
    again = f"{len(new) - len(unseen):,} of them reported for the same cutoff, " if len(new) > len(unseen) else ""
    known = f"{len(anomalies) - len(new):,} reported before"
    counts = f"{count(len(new), 'new anomaly', 'new anomalies')}, {again}{known}, in {count(rows, 'scored row')}"
    note("warning" if unseen else "info", counts)
    runs = [list(run) for _, run in groupby(unseen, key=lambda one: one.run)]
    for run in runs[:TOLD]:
        note("warning", f"anomaly: {described([one.row for one in run])}")
    if len(runs) > TOLD:
        note("warning", f"{len(runs) - TOLD:,} more runs of anomalies: tsattn runs --json")


def described(rows: Sequence[Mapping[str, Any]]) -> str:
    """Describe consecutive anomalous rows of one series in a line, with the values of the strongest."""
    row = max(rows, key=lambda one: float(one["score"]))
    flat = f", flat for {row['flat_rows']:,} rows" if row["flat_rows"] else ""
    values = f"{row['value']:g}, expected {row['low']:g} … {row['high']:g}{flat}"
    if len(rows) == 1:
        return f"{row['item_id']} at {row['timestamp']}: {values}"
    span = f"{row['item_id']} from {rows[0]['timestamp']} to {rows[-1]['timestamp']}, {len(rows):,} rows"
    return f"{span}, strongest at {row['timestamp']}: {values}"


def _write(place: str, found: Sequence[Scored], reported: Reported) -> None:
    """Write all scored rows, with a column `new`."""
    import pyarrow as pa

    from tsattn.data.result_files import write_results
    from tsattn.data.sinks import checked_suffix

    tables = []
    for part in found:
        assert part.table is not None
        new = {(one.key.item_id, one.key.at) for one in part.anomalies if reported.is_new(one.key)}
        rows = zip(part.table["item_id"].to_pylist(), part.at.tolist(), strict=True)
        tables.append(part.table.append_column("new", pa.array([row in new for row in rows], pa.bool_())))
    write_results(pa.concat_tables(tables), checked_suffix(place, per_item=True))


def _in_block(job: Job, ref: ModelRef, work: Work, block: Block, number: int, newest: np.datetime64) -> Scored | None:
    """The scores of a block; None when none of its rows can be scored. newest: the newest row of all blocks."""
    from tsattn.workflows.detect import Order, detect_in

    assert job.detect is not None
    panel = block if isinstance(block, Panel) else read_piece(work, block)[0]
    if panel is None:
        return None
    if work.skip_ended:
        panel = without_ended(panel, newest)[1]
    if not len(panel):
        return None
    last = job.detect.last or max(1, panel.freq.season_length)
    try:
        found = detect_in(ref, work.card, panel, Order(level=job.detect.level, last=last, members=job.members), Listener())
    except DataError:  # every item is too short
        return None
    at = panel.instants(found.timestamps).astype("datetime64[us]").astype(np.int64)
    return Scored(_anomalies(found, at, number), len(found.scores), found.to_arrow() if job.detect.output else None, at)


def _anomalies(found: Detected, at: np.ndarray, block: int) -> tuple[Anomaly, ...]:
    """Return the anomalous rows of a block, by series and time."""
    which = [number for number, run in enumerate(found.runs) for _ in run]
    rows = found.to_mapping()["anomalies"]
    return tuple(
        Anomaly(Key(row["item_id"], moment, row["kind"]), (block, run), row)
        for row, moment, run in zip(rows, at[found.anomalous].tolist(), which, strict=True)
    )
