"""Processing of one block of items, in this process or in another: read, cut, forecast."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.batch.bad_items import BadItems
from tsattn.batch.ended_items import EndedItems, without_ended
from tsattn.batch.inputs import NothingYet, TimeAxis, known_at, newest, on_grid
from tsattn.batch.item_forecast import Outcome, forecast_items
from tsattn.batch.parquet_blocks import Piece
from tsattn.batch.series_names import SeriesEnds
from tsattn.config import ReadOptions
from tsattn.data.panel import Panel
from tsattn.data.report import ReadReport
from tsattn.errors import DataError, TsattnError
from tsattn.forecasting.baselines.simple import BestCycle
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.joint.joint_regression import with_joint
from tsattn.forecasting.predict import Failure, show
from tsattn.model.card import Card
from tsattn.workflows.cleaning_notes import Finding, findings_of, merged
from tsattn.workflows.effect_notes import effects_of
from tsattn.workflows.loaded_model import check_fits, read_for, reads_leads, unaided, with_members
from tsattn.workflows.sums import Summed, added_up, with_levels
from tsattn.workflows.train import fingerprint

if TYPE_CHECKING:
    import pyarrow as pa

    from tsattn.forecasting.ensemble.effect_report import CovariateEffect

Block = Panel | Piece
ITEMS = 4096  # forecast at a time: one block may hold a million short items


@dataclass(frozen=True)
class Work:
    """Settings for forecasting every block of a job."""

    card: Card
    model: str
    members: tuple[str, ...] | None
    read: ReadOptions
    moment: dt.datetime | None  # rows after it are not seen
    horizon: int
    quantiles: tuple[float, ...] | None
    min_history: int
    bad_items: str
    skip_ended: bool = False  # items that ended long before the newest row are left out
    joint: bool = False  # series inform each other; all of them are in one block
    levels: Summed | None = None  # of the panel, where all of it is one block


@dataclass(frozen=True)
class Part:
    """Result of a block. `table` has no job, model or run; it is None when no item has a forecast."""

    table: pa.Table | None
    items: int = 0
    done: int = 0
    fallbacks: BadItems = field(default_factory=BadItems)
    failures: BadItems = field(default_factory=BadItems)
    lost: BadItems = field(default_factory=BadItems)  # without any value, left out in reading
    ended: EndedItems = field(default_factory=EndedItems)  # long before the newest row of the block, left out
    series: SeriesEnds = field(default_factory=SeriesEnds)  # all items of the block
    newest: np.datetime64 | None = None
    shown: str = ""  # `newest`, formatted for people
    clock: TimeAxis | None = None
    fingerprint: str = ""
    effects: tuple[CovariateEffect, ...] = ()  # of known covariates on the first items of the block
    findings: tuple[Finding, ...] = ()  # of cleaning


@dataclass(frozen=True)
class JobModel:
    """Model of a job: `forecaster`, and `unaided` for the steps at which known covariates are missing."""

    card: Card
    network: Forecaster
    members: tuple[str, ...] | None

    @cached_property
    def forecaster(self) -> Forecaster:
        return with_members(self.card, self.network, self.members)

    @cached_property
    def unaided(self) -> Forecaster:
        found = unaided(self.card, self.network, self.members)
        return BestCycle(None, self.forecaster.quantiles) if found is None else found


def ready(folder: Path, members: tuple[str, ...] | None, threads: int | None = None) -> JobModel:
    """Load the model of a folder, in an ensemble if the job has members. Every engine forecasts with this.

    An item gets the same forecast in any block, to the last bit.
    """
    from tsattn.model import runtime

    loaded = runtime.load(folder, threads=threads)
    return JobModel(loaded.card, loaded.steady(), members)


def forecast_block(work: Work, model: JobModel, block: Block) -> Part:
    """Forecast every item of a block. Raises TsattnError that says which block, where it is one of several."""
    if isinstance(block, Panel):
        return _forecast(work, model, block, ())
    try:
        panel, lost = read_piece(work, block)
        if panel is None:
            series = SeriesEnds(empty=tuple(one.item_id for one in lost))
            return Part(None, items=len(lost), lost=BadItems.of(lost), series=series)
        return _forecast(work, model, panel, lost)
    except NothingYet:
        return Part(None)
    except TsattnError as error:
        raise type(error)(f"{block}: {error.message}", error.hint) from None


def read_piece(work: Work, piece: Piece) -> tuple[Panel | None, tuple[Failure, ...]]:
    """The panel of a piece, as it was known at the work's moment, and its items without any value."""
    import pyarrow.compute as pc

    table = piece.read()
    targets = [table[name] for name in work.read.target]
    if all(pc.is_null(column, nan_is_null=column.type in _floats()).to_numpy().all() for column in targets):
        return None, tuple(Failure(str(name), "has no value") for name in pc.unique(table[piece.item]).to_pylist())
    panel, report = read_for(work.card, table, work.read)
    check_fits(work.card, panel, work.model)
    if work.moment is not None:
        panel = known_at(panel, on_grid(work.moment, panel))
    return panel, without_value(report)


def _floats() -> list[Any]:
    import pyarrow as pa

    return [pa.float16(), pa.float32(), pa.float64()]


def without_value(report: ReadReport) -> tuple[Failure, ...]:
    """Return a Failure for each item that reading left out."""
    return tuple(Failure(name, "has no value") for name in report.left_out)


def _forecast(work: Work, model: JobModel, panel: Panel, lost: tuple[Failure, ...]) -> Part:
    import pyarrow as pa

    last, series = newest(panel), SeriesEnds.of(panel, (one.item_id for one in lost))
    ended, panel = without_ended(panel) if work.skip_ended else (EndedItems(), panel)
    tables: list[Any] = []
    fallbacks, failures = BadItems(), BadItems()
    effects: tuple[CovariateEffect, ...] = ()
    cleaned: list[tuple[Finding, ...]] = []
    sums = 0 if work.levels is None else work.levels.hierarchy.sums
    joint, whole = work.joint or reads_leads(work.card, work.members, panel), work.levels is None

    def wrap(forecaster: Forecaster, panel: Panel) -> Forecaster:
        return with_joint(forecaster, panel, work.horizon) if joint else forecaster

    for some in chunks(panel, len(panel) if joint or work.levels is not None else ITEMS):
        forecaster = wrap(model.forecaster, some)
        about = (work.horizon, work.quantiles, work.min_history, work.bad_items)
        found: Outcome = forecast_items(forecaster, some, *about, unaided=lambda few: wrap(model.unaided, few), whole=whole)
        effects = effects or effects_of(forecaster, some, work.horizon, sums)
        cleaned.append(findings_of(found.forecast, some, named=True))
        if work.levels is not None and len(found.forecast):
            found = replace(found, forecast=added_up(work.levels, found.forecast, forecaster)[0])
        tables += [with_levels(found.table(), work.levels)] if len(found.forecast) else []
        fallbacks += BadItems.of(found.fallbacks, some, found.fallback_rows())
        failures += BadItems.of(found.failures, some)
    return Part(
        table=pa.concat_tables(tables) if tables else None,
        items=len(panel) + len(lost) + ended.count,
        done=len(panel) - len(fallbacks) - len(failures),
        fallbacks=fallbacks,
        failures=failures,
        lost=BadItems.of(lost),
        ended=ended,
        series=series,
        newest=last,
        shown=show(panel, last, offset=True),
        clock=TimeAxis(panel.freq, panel.tz),
        fingerprint=fingerprint(panel),
        effects=effects,
        findings=merged(cleaned),
    )


def chunks(panel: Panel, items: int) -> Iterator[Panel]:
    """Yield the panel in pieces of at most `items` items."""
    if len(panel) <= items:
        yield panel
        return
    for first in range(0, len(panel), items):
        yield panel.select(np.arange(first, min(first + items, len(panel))))


def joint_fingerprint(parts: list[str]) -> str:
    """Return the joint fingerprint of several blocks; a single block keeps its own."""
    import hashlib

    return parts[0] if len(parts) == 1 else hashlib.sha256("".join(parts).encode()).hexdigest()


def frozen(part: Part, first: TimeAxis | None, block: Block) -> TimeAxis | None:
    """Return the clock of all blocks. Raises DataError for a block whose clock differs from the first one's."""
    if first is not None and part.clock is not None and part.clock != first:
        here, before = (f"steps of {clock.freq} in {clock.tz or 'no zone'}" for clock in (part.clock, first))
        raise DataError(f"{block}: its timestamps are {here}, and before {before}")
    return first or part.clock
