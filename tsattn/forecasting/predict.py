"""Predict loop: from origins to windows, a Forecaster and quantiles, in batches of bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tsattn.data import slots
from tsattn.data.cleaning.prepare import Cleaning, observed_past, prepared
from tsattn.data.freq import calendar_names, months_of
from tsattn.data.groups import whole_groups, with_companions
from tsattn.data.panel import Panel
from tsattn.data.timezone import offset_text, utc_offsets
from tsattn.data.windows import Origins, WindowBatch, gather, last_origins, truth
from tsattn.errors import ConfigError, DataError, TsattnError
from tsattn.forecasting.bound_mass import with_bound_mass
from tsattn.forecasting.counts import are_small_counts, limits_of, whole_where, within
from tsattn.forecasting.frame import Forecast, Forecaster, Reader
from tsattn.forecasting.quantiles import checked_levels
from tsattn.forecasting.resting_phases import zero_at_rest
from tsattn.forecasting.tail_quantiles import at_levels

BATCH = 512
MOST_STEPS = 20_000  # ahead: more is likely a typing error, and would exhaust memory
ROUNDING = 1e-5  # relative difference from a constant history that is taken for rounding
_CELLS = 1 << 22  # values of one batch's largest array, so that whole histories of long series stay within some 100 MB


@dataclass(frozen=True)
class Failure:
    """Item without a forecast, and the reason. ended: its last row is long before that of other items, see Panel.discontinued."""

    item_id: str
    reason: str
    ended: bool = False

    def to_mapping(self) -> dict[str, Any]:
        return {"item_id": self.item_id, "reason": self.reason, "ended": self.ended}


def predict(
    forecaster: Forecaster,
    panel: Panel,
    *,
    horizon: int,
    quantiles: Sequence[float] | None = None,
    origins: Origins | None = None,
    batch: int = BATCH,
    whole: bool = True,
    incomplete: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Forecast, tuple[Failure, ...]]:
    """Forecast `horizon` steps from each origin (default: the end of every item), in the order of the origins.

    `quantiles` (default: the forecaster's own) that it does not make are interpolated, or extrapolated by the shape of the
    past (tail_quantiles.py). Items without an observed value, those whose forecast is not finite, and those that ended before
    the others and have no future rows of known covariates are left out and returned as Failures. whole: round forecasts of
    small counts, keep forecasts within the limits of the past (counts.py) and set them to a bound that has a mass
    (bound_mass.py); those that will be added up must not be changed. incomplete: also forecast items that lack known covariates
    in their future rows; their forecast is void at these steps (known_gaps.py). Raises ConfigError for a bad horizon or
    quantiles, DataError for known covariates missing in the future rows of other items, unless `incomplete`.
    on_progress: called with (origins done, total origins) at the start and after each batch.
    """
    levels = forecaster.quantiles if quantiles is None else checked_levels(quantiles)
    if horizon < 1:
        raise ConfigError(f"the horizon must be positive, not {horizon}", "use for example --horizon 24")
    if horizon > MOST_STEPS:
        raise ConfigError(
            f"a horizon of {horizon:,} steps is beyond the {MOST_STEPS:,} possible", "a longer step may help: --resample"
        )
    origins = last_origins(panel) if origins is None else origins
    records: list[tuple[Cleaning, np.ndarray]] = []

    def batches(usable: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        so_far = 0
        if on_progress:
            on_progress(so_far, len(usable))
        for which, windows, found in predict_windows(forecaster, panel, origins[usable], horizon, levels, batch, whole=whole):
            so_far += len(which)
            if on_progress:
                on_progress(so_far, len(usable))
            if windows.cleaning is not None:
                records.append((windows.cleaning, usable[which]))
            yield which, found

    done = collect(forecaster, panel, origins, (horizon, len(levels)), batches, incomplete=incomplete)
    forecast = Forecast(
        item_ids=done.item_ids,
        cutoffs=done.stamps[:, 0],
        timestamps=done.stamps[:, 1:],
        quantiles=tuple(levels),
        values=done.values,
        freq=panel.freq,
        tz=panel.tz,
        cleaning=Cleaning.concat([record for record, _ in records], [rows for _, rows in records]).rows(done.kept),
    )
    return forecast, done.failures


@dataclass(frozen=True, eq=False)
class Collected:
    """Results of the origins that have one: K `kept` origins, values (K, H, ·), stamps (K, 1 + H); and the failures."""

    kept: np.ndarray
    item_ids: tuple[str, ...]
    stamps: np.ndarray
    values: np.ndarray
    failures: tuple[Failure, ...]


def collect(
    forecaster: Forecaster,
    panel: Panel,
    origins: Origins,
    shape: tuple[int, int],
    batches: Callable[[np.ndarray], Iterable[tuple[np.ndarray, np.ndarray]]],
    what: str = "forecast",
    incomplete: bool = False,
) -> Collected:
    """Run `batches` on the origins with observed values, and keep what is finite.

    shape: (H, ·) of one result. batches: origins (B,) -> (which (b,) of them, results (b, H, ·)). Raises DataError for known
    covariates missing in the future rows, unless `incomplete`.
    """
    horizon = shape[0]
    seen = observed_before(panel, origins)
    failures = {i: Failure(panel.item_ids[origins.item[i]], "has no observed value") for i in np.flatnonzero(~seen).tolist()}
    usable = np.flatnonzero(seen)
    if wants_covariates(forecaster, panel) and not incomplete:
        ended = usable[ended_without_known(panel, origins[usable])]
        last = panel.ends()[origins.item]
        failures |= {i: Failure(panel.item_ids[origins.item[i]], _ended(panel, last[i])) for i in ended.tolist()}
        usable = np.setdiff1d(usable, ended)
        check_known(panel, origins[usable], horizon)
    values = np.zeros((len(origins), *shape), np.float32)
    for which, found in batches(usable):
        values[usable[which]] = found
        for i in usable[which[~np.isfinite(found).all((1, 2))]].tolist():
            failures[i] = Failure(panel.item_ids[origins.item[i]], f"{forecaster.name} gave a {what} that is not finite")
    kept = np.array([i for i in range(len(origins)) if i not in failures], np.int64)
    at_end = origins.row == panel.origin[origins.item]
    ended = at_end & panel.discontinued()[origins.item]
    return Collected(
        kept,
        tuple(panel.item_ids[i] for i in origins.item[kept]),
        stamps_of(panel, origins[kept], horizon),
        values[kept],
        tuple(replace(failures[i], ended=bool(ended[i])) for i in sorted(failures)),
    )


def stamps_of(panel: Panel, origins: Origins, horizon: int) -> np.ndarray:
    """Return timestamps (B, 1 + H) on the grid clock, the cutoff first."""
    item, row = origins.item, origins.row
    steps = (row - panel.indptr[:-1][item])[:, None] + np.arange(-1, horizon)
    return panel.freq.advance(panel.start[item][:, None], steps)


def predict_windows(
    forecaster: Forecaster,
    panel: Panel,
    origins: Origins,
    horizon: int,
    quantiles: Sequence[float],
    batch: int = BATCH,
    *,
    whole: bool = True,
) -> Iterator[tuple[np.ndarray, WindowBatch, np.ndarray]]:
    """Yield (which (b,) of the origins, their windows, quantiles (b, H, Q) float32), shortest history first.

    The values never cross, and may be other than finite where the forecaster failed. They are zero at phases at which a
    series rests (resting_phases.py). Unless `whole` is False, those of small counts are whole numbers, all are within the
    limits of the past, and those within the mass at a bound are the bound (bound_mass.py). Raises TsattnError when the
    forecaster returns a wrong shape.
    """
    for which, windows in windows_of(forecaster, panel, origins, horizon, batch):
        values = np.asarray(forecaster.predict(windows), np.float32)
        wanted = (len(windows), windows.horizon, len(forecaster.quantiles))
        if values.shape != wanted:
            raise TsattnError(f"{forecaster.name} returned shape {values.shape}, not {wanted} (B, H, Q)")
        outer = np.stack([values.min(-1), values.max(-1)], -1)
        if tuple(quantiles) != tuple(forecaster.quantiles):
            values = at_levels(np.sort(values, -1), forecaster.quantiles, quantiles, windows)
        values = _exactly_constant(values, windows.past_target)
        values = zero_at_rest(values, windows)
        if whole:
            values = whole_where(are_small_counts(windows.past_target), values)
            past = observed_past(windows)
            values = with_bound_mass(within(limits_of(past), values), quantiles, outer, past, windows)
        future = windows.future_target[:, :horizon]
        if windows.step_slots is not None:
            future = truth(panel, Origins(windows.item, windows.origin), horizon)
        cleaned = getattr(forecaster, "cleaned", None)
        windows = windows if cleaned is None else replace(windows, cleaning=cleaned)
        values, record = windows.by_step(values, horizon), windows.cleaning_by_step()
        windows = replace(windows, future_target=future, cleaning=record, past_rows=None)
        asked = slice(len(which))  # companions follow the windows of the origins
        # sorting crossed quantiles never makes them worse (Chernozhukov et al., 2010)
        yield which, windows.first(len(which)), np.sort(values[asked], -1)


def _exactly_constant(values: np.ndarray, past: np.ndarray) -> np.ndarray:
    """Return values (B, H, Q); those that differ by rounding from a constant history, past (B, L), become its value."""
    seen = ~np.isnan(past)
    low, high = np.where(seen, past, np.inf).min(1), np.where(seen, past, -np.inf).max(1)
    constant = ((low == high) & seen.any(1))[:, None, None]
    level = low[:, None, None]
    with np.errstate(invalid="ignore"):  # infinite where nothing is observed
        close = np.abs(values - level) <= ROUNDING * np.abs(level)
    return np.where(constant & close, level, values).astype(values.dtype)


def windows_of(
    forecaster: Reader, panel: Panel, origins: Origins, horizon: int, batch: int = BATCH
) -> Iterator[tuple[np.ndarray, WindowBatch]]:
    """Yield (which (b,) of the origins, their windows, of whole passes of the forecaster), shortest history first.

    Histories are cleaned here, once, unless the forecaster reads them raw. A forecaster with the attribute `joint = True` reads
    the windows of a group together: groups are never split, and the windows of other series at the same cutoffs follow those of
    the origins (see groups.py).
    """
    if batch < 1:
        raise ConfigError(f"the batch must be positive, not {batch}")
    covariates, asked, group = wants_covariates(forecaster, panel), len(origins), None
    if getattr(forecaster, "joint", False):
        origins, group = with_companions(panel, origins)
    one_pass = getattr(forecaster, "pass_steps", 1)
    width = 1 + (panel.past.shape[1] + panel.known.shape[1] + len(calendar_names(panel.freq)) if covariates else 0)
    history, ahead = slots.needed(panel, origins.item, origins.row, forecaster.context, horizon)
    for same in (ahead == horizon, ahead != horizon):  # windows that need more slots do not change the others
        if same.any():
            # whole passes: known values beyond the horizon must not change the forecast within it
            steps = -(-int(ahead[same].max()) // one_pass) * one_pass
            some = np.flatnonzero(same)
            for which, windows in _batches(forecaster, panel, origins, some, history, group, (steps, width, batch), covariates):
                yield which[which < asked], windows


def _batches(
    forecaster: Reader,
    panel: Panel,
    origins: Origins,
    chosen: np.ndarray,
    history: np.ndarray,
    group: np.ndarray | None,
    sizes: tuple[int, int, int],
    covariates: bool,
) -> Iterator[tuple[np.ndarray, WindowBatch]]:
    """Yield the windows of the origins `chosen`, shortest history first. Windows with the same group (B,) stay together.

    sizes: steps ahead, values per step, windows per batch.
    """
    horizon, width, batch = sizes
    # neighbours of similar length need the least padding where whole histories are read
    order = chosen[np.argsort(history[chosen], kind="stable")]

    def size(at: int) -> int:
        longest = history[order[min(at + batch, len(order)) - 1]] if forecaster.context is None else forecaster.context
        return min(batch, max(1, _CELLS // (width * (int(longest) + horizon))))

    for which in _in_turn(order, size) if group is None else _whole(order, group, size(len(order) - 1)):
        context = max(1, int(history[which].max())) if forecaster.context is None else forecaster.context
        here = origins[which]
        steps = here.row - panel.indptr[:-1][here.item] - 1
        cutoff = panel.freq.advance(panel.start[here.item], steps)
        windows = gather(panel, here, context, horizon, covariates, days=getattr(forecaster, "days", False))
        windows = replace(windows, cutoff=cutoff, group=None if group is None else group[which])
        yield which, windows if getattr(forecaster, "raw_history", False) else prepared(windows)


def _in_turn(order: np.ndarray, size: Callable[[int], int]) -> Iterator[np.ndarray]:
    """Yield the windows in `order`, `size(at)` at a time."""
    at = 0
    while at < len(order):
        which = order[at : at + size(at)]
        yield which
        at += len(which)


def _whole(order: np.ndarray, group: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Yield the windows in `order` in whole groups, about `size` at a time, each batch sorted."""
    for some in whole_groups(group[order], size):
        yield np.sort(order[some])


def wants_covariates(forecaster: Reader, panel: Panel | None = None) -> bool:
    """Return True if the forecaster reads covariates; one with `covariates = "known"` does where the panel has known ones."""
    wants = getattr(forecaster, "covariates", True)
    if wants == "known":
        return panel is not None and bool(panel.schema.known_features)
    return bool(wants)


def observed_before(panel: Panel, origins: Origins) -> np.ndarray:
    """Return (B,) bool: True where the item has an observed value before the origin."""
    observed = np.concatenate([[0], np.cumsum(~np.isnan(panel.target))])
    return observed[origins.row] > observed[panel.indptr[:-1][origins.item]]


def ended_without_known(panel: Panel, origins: Origins) -> np.ndarray:
    """Return (B,) bool: True at the end of an item that ended before others and lacks known covariates from then on."""
    if not panel.schema.known_features:
        return np.zeros(len(origins), bool)
    at_end = origins.row == panel.origin[origins.item]
    return np.asarray(at_end & (panel.ended() & (panel.known_ahead() == 0))[origins.item])


def _ended(panel: Panel, last: np.datetime64) -> str:
    """Return the reason why an item that ended has no forecast."""
    lacking = ", ".join(dict.fromkeys(map(panel.schema.column_of, panel.schema.known_features)))
    return f"ended at {show(panel, last)}, before other series, and has no future rows of {lacking}"


def lacking_known(panel: Panel, item: int, horizon: int) -> str:
    """Return the known covariates that the future rows of an item lack, and where; "" if they lack none within the horizon."""
    origins = Origins(np.array([item]), panel.origin[item : item + 1])
    missing = missing_known(panel, origins, horizon)[0]
    return _lacking(panel, item, int(origins.row[0]), missing) if missing.any() else ""


def missing_known(panel: Panel, origins: Origins, horizon: int) -> np.ndarray:
    """Return (B, H, K) bool: True where a declared known covariate is missing. Calendar features are never missing."""
    rows = origins.row[:, None] + np.arange(horizon)  # (B, H)
    inside = rows < panel.indptr[1:][origins.item][:, None]
    missing = ~inside[..., None] | np.isnan(panel.known[np.where(inside, rows, 0)]) if len(panel.known) else ~inside[..., None]
    return np.broadcast_to(missing, (*rows.shape, len(panel.schema.known_features)))


def _lacking(panel: Panel, item: int, origin: int, missing: np.ndarray) -> str:
    """Name the covariates that `missing` (H, K) marks after an origin of an item, and their timestamps."""
    steps = np.flatnonzero(missing.any(1))
    names = [panel.schema.known_features[k] for k in np.flatnonzero(missing.any(0))]
    columns = ", ".join(dict.fromkeys(map(panel.schema.column_of, names)))
    since = origin - panel.indptr[item] + steps[[0, -1]]
    first, last = (show(panel, stamp) for stamp in panel.freq.advance(panel.start[item], since))
    return f"{columns} at {first if len(steps) == 1 else f'{len(steps)} rows from {first} to {last}'}"


def check_known(panel: Panel, origins: Origins, horizon: int) -> None:
    """Raise DataError, naming items and timestamps, where a declared known covariate is missing within the horizon."""
    if not panel.schema.known_features or not len(origins):
        return
    missing = missing_known(panel, origins, horizon)
    bad = np.flatnonzero(missing.any((1, 2)))
    if not len(bad):
        return
    said = []
    for i in bad[:3]:
        item = int(origins.item[i])
        said.append(f"item {panel.item_ids[item]}: {_lacking(panel, item, int(origins.row[i]), missing[i])}")
    more = f" (and {len(bad) - 3} more items)" if len(bad) > 3 else ""
    enough = int(missing.any(axis=(0, 2)).argmax())
    shorter = f"forecast as far as they go: --horizon {enough}; or " if enough else ""
    raise DataError(
        f"known covariates are missing in the future rows: {'; '.join(said)}{more}",
        f"{shorter}add their values for the {horizon} steps after the last observed target, in rows with a blank target in the "
        "data file, or in a separate file with --future FILE; or forecast without them: --model zero-shot --known none",
    )


def show(panel: Panel, stamp: np.datetime64, *, offset: bool = False) -> str:
    """Format a grid-clock timestamp for display: the local date or month, with the time if there is one; a step as its number.

    offset: write the UTC offset behind local times, which repeat when clocks are set back.
    """
    if not panel.freq.has_clock:
        return str(int(stamp.astype("datetime64[us]").astype(np.int64)))
    local = panel.local(np.array([stamp]))[0]
    if (months := months_of(local[None], panel.freq)) is not None:
        return months[0]
    whole_day = not panel.freq.is_subdaily and local == local.astype("datetime64[D]")
    text = np.datetime_as_string(local, unit="D" if whole_day else "s").replace("T", " ")
    if not offset or panel.tz is None or not panel.freq.is_subdaily:
        return text
    return text + offset_text(int(utc_offsets(np.array([stamp]), panel.tz).astype(np.int64)[0]))
