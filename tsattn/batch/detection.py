"""The key `detect` of a job: score the newest rows of its input, log the anomalies, write the scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from tsattn.batch.bad_items import NAMED
from tsattn.batch.block_forecast import Block, Work, read_piece
from tsattn.batch.jobs import Job, JobFile
from tsattn.batch.secrets import filled
from tsattn.data.panel import Panel
from tsattn.errors import DataError
from tsattn.events import Listener
from tsattn.workspace import ModelRef

if TYPE_CHECKING:
    from tsattn.workflows.detect import Detected

TOLD = 20  # anomalies that are logged; the others are in the run record


def detect_blocks(
    job: Job, file: JobFile, ref: ModelRef, work: Work, blocks: Iterable[Block], warn: Callable[[str], None]
) -> dict[str, Any]:
    """Score the newest rows of every block: the entries of the run record. warn: logs a line."""
    assert job.detect is not None
    found = [one for block in blocks if (one := _in_block(job, ref, work, block)) is not None]
    anomalies = [row for one in found for row in one.to_mapping()["anomalies"]]
    for row in anomalies[:TOLD]:
        flat = ", flat for {flat_rows:,} rows" if row["flat_rows"] else ""
        warn(f"anomaly: {{item_id}} at {{timestamp}}: {{value:g}}, expected {{low:g}} … {{high:g}}{flat}".format(**row))
    if len(anomalies) > TOLD:
        warn(f"{len(anomalies) - TOLD:,} more anomalies: tsattn runs --json")
    if job.detect.output is not None and found:
        import pyarrow as pa

        from tsattn.data.result_files import write_results
        from tsattn.data.sinks import checked_suffix

        path = checked_suffix(file.local(filled(job.detect.output)), per_item=True)
        write_results(pa.concat_tables([one.to_arrow() for one in found]), path)
    return {
        "anomalies": anomalies[:NAMED],
        "anomalous_rows": len(anomalies),
        "scored_rows": sum(len(one.scores) for one in found),
    }


def _in_block(job: Job, ref: ModelRef, work: Work, block: Block) -> Detected | None:
    """The scores of a block; None when none of its rows can be scored."""
    from tsattn.workflows.detect import Order, detect_in

    assert job.detect is not None
    panel = block if isinstance(block, Panel) else read_piece(work, block)[0]
    if panel is None:
        return None
    last = job.detect.last or max(1, panel.freq.season_length)
    try:
        return detect_in(ref, work.card, panel, Order(level=job.detect.level, last=last, members=job.members), Listener())
    except DataError:  # every item is too short
        return None
