"""A job's rows as blocks of whole items, and their model. Settings found in the first rows apply to reading the rest."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.batch.block_forecast import ITEMS, Block, chunks, without_value
from tsattn.batch.ended_items import EndedItems, without_ended
from tsattn.batch.inputs import TimeAxis, known_at, newest, on_grid
from tsattn.batch.jobs import Job
from tsattn.batch.parquet_blocks import Group, files_of, groups_of, head, pieces, whole
from tsattn.batch.secrets import shown
from tsattn.batch.series_names import SeriesEnds
from tsattn.config import ReadOptions
from tsattn.data.panel import Panel
from tsattn.data.reading.future_rows import WithFuture
from tsattn.errors import DataError
from tsattn.events import WARNING, Listener
from tsattn.forecasting.predict import Failure
from tsattn.model.card import ANY_FREQ, Card
from tsattn.workflows.find_model import ModelAndData, choose
from tsattn.workflows.loaded_model import behind, horizon_for, stale_future
from tsattn.workflows.sums import Summed, with_sums
from tsattn.workspace import ModelRef, Workspace

if TYPE_CHECKING:
    import pyarrow as pa

Note = Callable[[str], None]


@dataclass(frozen=True)
class Source:
    """`blocks` of a job, which hold `rows` rows in all, and are read with `read`; `lost` items were left out in reading.

    newest, clock and `ended`, the items that ended long ago and are left out, are known before anything is forecast where all
    was read at once.
    """

    ref: ModelRef
    card: Card
    horizon: int  # where the job says none
    read: ReadOptions
    blocks: Iterable[Block]
    rows: int
    lost: tuple[Failure, ...] = ()
    newest: np.datetime64 | None = None
    clock: TimeAxis | None = None
    levels: Summed | None = None
    ended: EndedItems = field(default_factory=EndedItems)
    series: SeriesEnds = field(default_factory=SeriesEnds)  # that are in no block: those that are left out


def source_of(job: Job, data: Any, ref: ModelRef | None, place: Workspace, moment: dt.datetime | None, note: Note) -> Source:
    """Choose the model, where none is named, and cut the data into blocks.

    A Parquet dataset of more than `block_rows` rows is read block by block where its items stand together and there is no
    future file; all other data at once. Raises DataError, ConfigError and ArtifactError as `tsattn forecast` does.
    """
    groups = _groups(data)
    if sum(group.rows for group in groups) > job.block_rows and not job.whole:
        found = _streamed(job, groups, ref, place, note) if job.future is None else "future rows are matched to all items"
        if not isinstance(found, str):
            return found
        note(f"all rows are read into memory: {found}")
    if any(group.keys for group in groups):
        data = _with_rows(data, whole(groups))
    found_whole = _chosen(job, data, ref, place)
    _tell(found_whole, ref, note)
    # the warnings are about the newest rows, which a run with --as-of ignores
    for said in found_whole.report.warnings if moment is None else ():
        note(f"{WARNING}{said}")
    panel = found_whole.panel
    if moment is not None:
        panel = known_at(panel, on_grid(moment, panel))
    ended, lost = EndedItems(), without_value(found_whole.report)
    series = SeriesEnds(empty=tuple(one.item_id for one in lost))
    if job.ended_items == "skip":
        series = SeriesEnds.of(panel.select(np.flatnonzero(panel.discontinued())), series.empty)
        ended, panel = without_ended(panel)
    levels = with_sums(panel, job.levels)
    for said in () if levels is None else levels.notes:
        note(said)
    panel = panel if levels is None else levels.panel
    horizon = usual_horizon(found_whole.card, panel)
    stale = () if job.future is None else stale_future(panel, shown(job.future))
    for said in (*_shortened(job, found_whole.card, panel, horizon), *stale, *behind(panel, job.horizon or horizon)):
        note(said)
    return Source(
        ref=found_whole.ref,
        card=found_whole.card,
        horizon=horizon,
        read=job.read,
        blocks=chunks(panel, len(panel) if job.whole else ITEMS),
        rows=int(panel.lengths.sum()),
        lost=lost,
        newest=newest(panel),
        clock=TimeAxis(panel.freq, panel.tz),
        levels=levels,
        ended=ended,
        series=series,
    )


def usual_horizon(card: Card, panel: Panel) -> int:
    """Return the default horizon of a job: the model's; for zero-shot, the frequency's, cut to the reach of the known covariates.

    Their reach is that of most series: steps at which a series lacks one are forecast without it.
    """
    reach = panel.known_reach()
    reach = reach[(reach > 0) | ~panel.ended()]
    if card.freq != ANY_FREQ or not panel.known.shape[1] or not len(reach):
        return horizon_for(card, panel)
    return min(panel.freq.default_horizon, int(np.median(reach)) or panel.freq.default_horizon)


def _shortened(job: Job, card: Card, panel: Panel, horizon: int) -> tuple[str, ...]:
    """Return a note if the job sets no horizon and the known covariates end before the usual one."""
    usual = panel.freq.default_horizon
    if job.horizon is not None or card.freq != ANY_FREQ or horizon >= usual:
        return ()
    return (f"horizon {horizon}, not {usual}: the future values of known covariates end there (horizon = N sets it)",)


def sample(job: Job, data: Any, ref: ModelRef | None, place: Workspace) -> ModelAndData:
    """The data read for the job's model, with its sums; of a Parquet dataset of more than `block_rows` rows its first ones."""
    groups = _groups(data)
    if sum(group.rows for group in groups) > job.block_rows and not job.whole:
        return _chosen(job, _with_rows(data, head(groups, job.block_rows)), ref, place)
    found = _chosen(job, _with_rows(data, whole(groups)) if any(group.keys for group in groups) else data, ref, place)
    levels = with_sums(found.panel, job.levels)
    return found if levels is None else dataclasses.replace(found, panel=levels.panel)


def _with_rows(data: Any, rows: pa.Table) -> Any:
    """Return `data` with these rows in place of its own; its future rows stay."""
    return dataclasses.replace(data, data=rows) if isinstance(data, WithFuture) else rows


def _groups(data: Any) -> list[Group]:
    """The row groups of a Parquet dataset; [] for everything else, a panel that `tsattn ingest` saved too."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tsattn.data.store import is_panel

    files = files_of(data.data if isinstance(data, WithFuture) else data)
    try:
        if not files or (len(files) == 1 and is_panel(pq.read_schema(files[0][0]))):
            return []
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{files[0][0]}: cannot be read as Parquet: {str(error)[:200]}", "check that the file is complete"
        ) from None
    return groups_of(files)


def _chosen(job: Job, data: Any, ref: ModelRef | None, place: Workspace) -> ModelAndData:
    """The model named and the data read for it; without a name what `tsattn forecast` takes."""
    return choose(data, ref, place, job.levels.reading(job.read), Listener())


def _tell(found: ModelAndData, ref: ModelRef | None, note: Note) -> None:
    """Note the repairs and, if the job names no model, the chosen one: later runs may choose another."""
    for said in (*(found.notes if ref is None else ()), *map(str, found.report.repaired)):
        note(said)


def _streamed(job: Job, groups: list[Group], ref: ModelRef | None, place: Workspace, note: Note) -> Source | str:
    """Return the dataset in pieces, or the reason why it has to be read at once."""
    first = head(groups)
    try:
        found = _chosen(job, first, ref, place)
    except DataError as error:
        return f"the first rows alone cannot be read ({error.message})"
    if found.card.model.across or (found.card.leads and job.members is None):
        return f"the model {found.ref} reads the series together"
    why, columns = _unfit(first, found.panel)
    if why:
        return why
    schema = found.panel.schema
    # a model of any frequency sets no frequency for reading: a piece of short items could infer a different one
    freq = found.panel.freq.alias if found.card.freq == ANY_FREQ and job.read.resample is None else job.read.freq
    calendar = job.read.calendar
    if found.panel.freq.open is not None and calendar is None and found.card.freq == ANY_FREQ:
        # other pieces may be open at other times
        week, calendar = found.panel.freq.open.text, "none"
        freq = None if freq is None else found.panel.freq.plain.alias
        note(f'the first rows are open {week}; to forecast only these slots, write calendar = "{week}"')
    read = dataclasses.replace(job.read.naming(schema), freq=freq, calendar=calendar)
    for item in schema.item:
        cut = pieces(groups, item, columns, job.block_rows)
        if not isinstance(cut, str):
            if (most := max(piece.rows for piece in cut)) > 4 * job.block_rows:
                note(f"its row groups are large: up to {most:,} rows are in memory at a time")
            _tell(found, ref, note)
            return Source(
                found.ref, found.card, usual_horizon(found.card, found.panel), read, cut, sum(group.rows for group in groups)
            )
        why = cut
    return why


def _unfit(first: pa.Table, panel: Panel) -> tuple[str, tuple[str, ...]]:
    """Return (reason why pieces would be read differently from the whole, or ""; columns to read)."""
    import pyarrow as pa

    schema = panel.schema
    columns = (schema.timestamp, *schema.named)
    if not schema.item or not set(schema.item) <= set(first.column_names):
        return "no column names the items", ()
    if schema.timestamp is None or schema.timestamp not in first.column_names:
        return "no column holds the timestamps", ()
    kind = first.schema.field(schema.timestamp).type
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return f"the timestamps in {schema.timestamp!r} are {kind}, not of a time type", ()
    for name in schema.target:
        if not (pa.types.is_floating(first.schema.field(name).type) or pa.types.is_integer(first.schema.field(name).type)):
            return f"the target {name!r} holds {first.schema.field(name).type}, not numbers", ()
    return "", tuple(dict.fromkeys(name for name in columns if name is not None))
