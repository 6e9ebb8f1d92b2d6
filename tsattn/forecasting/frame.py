"""Forecast: labelled quantiles, and Forecaster: the interface of all models that make them."""

from __future__ import annotations

import html
import importlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from tsattn.data.cleaning.prepare import NOTHING, Cleaning
from tsattn.data.freq import Freq
from tsattn.data.panel import Panel
from tsattn.data.timezone import canonical, instants
from tsattn.data.windows import WindowBatch
from tsattn.errors import TsattnError
from tsattn.forecasting.quantiles import resample

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from matplotlib.figure import Figure

HTML_ROWS = 20
DEFAULT_QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class Reader(Protocol):
    """Reader of windows of a panel. `context`: number of past steps it reads, None = the whole history.

    Optional attributes: `covariates = False` for one that reads only the target, and gets no covariates; `raw_history = True` for
    one that gets histories as observed, not cleaned; `cleaned`, the record of cleaning of the newest batch, for one that cleans
    another history than it gets (None = the batch's own); `days = True` for one that reads the dates of daily data;
    `fallbacks`, the number of windows for which it fell back on a simpler method; `joint = True` for one that reads the windows
    of a group together, and gets those of all series of the group (data/groups.py).
    """

    @property
    def context(self) -> int | None: ...


class Forecaster(Reader, Protocol):
    """Interface of networks, baselines and ensembles."""

    @property
    def name(self) -> str: ...
    @property
    def quantiles(self) -> tuple[float, ...]: ...
    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32, non-decreasing along Q."""
        ...


@runtime_checkable
class HoldoutForecaster(Forecaster, Protocol):
    """Forecaster that forecasts from the end of a history and from hold-out origins at once, with a single earlier fit."""

    def predict_from(self, batch: WindowBatch, shifts: np.ndarray) -> np.ndarray:
        """Return (1 + K, B, H, Q) float32: from the end, then from `shifts` (K, B) steps before it."""
        ...


def quantile_name(level: float) -> str:
    """Return the column name of a quantile: `0.1`, `0.025`."""
    return f"{level:.10g}"


def is_quantile_name(name: str) -> bool:
    """Return True for the name of a column of quantiles, such as `0.1`."""
    try:
        return 0 < float(name) < 1
    except ValueError:
        return False


@dataclass(frozen=True, eq=False, repr=False)
class Forecast:
    """B forecasts of H steps: values (B, H, Q) at `quantiles` (Q,), non-decreasing along Q. float32; float64 where they add up.

    cutoffs (B,): the last observed timestamp; timestamps (B, H). Both on the grid clock of `freq`, printed in `tz`.
    cleaning: the record of what was left out of the histories.
    Raises TsattnError when shapes disagree or values are not finite or cross.
    """

    item_ids: tuple[str, ...]
    cutoffs: np.ndarray
    timestamps: np.ndarray
    quantiles: tuple[float, ...]
    values: np.ndarray
    freq: Freq
    tz: str | None = None
    cleaning: Cleaning = NOTHING
    history: Panel | None = None  # the data before the cutoffs, which `plot` draws too
    notes: tuple[str, ...] = ()  # on the histories, of Model.predict

    def __post_init__(self) -> None:
        shape = (len(self.item_ids), self.timestamps.shape[1], len(self.quantiles))
        if self.values.shape != shape or self.timestamps.shape != shape[:2] or self.cutoffs.shape != shape[:1]:
            raise TsattnError(f"a Forecast of {shape} (B, H, Q) got values of shape {self.values.shape}")
        if not np.isfinite(self.values).all():
            bad = [self.item_ids[i] for i in np.flatnonzero(~np.isfinite(self.values).all((1, 2)))[:3]]
            raise TsattnError(f"the forecast of {', '.join(bad)} is not finite")
        if np.any(np.diff(self.values, axis=-1) < 0):
            raise TsattnError("forecast quantiles cross")

    def __repr__(self) -> str:
        levels = ", ".join(map(quantile_name, self.quantiles))
        return f"<Forecast of {len(self)} series, {self.horizon} steps of {self.freq}, quantiles {levels}>"

    def __len__(self) -> int:
        return len(self.item_ids)

    @property
    def horizon(self) -> int:
        return self.timestamps.shape[1]

    def quantile(self, q: float) -> np.ndarray:
        """Return (B, H) values of one quantile, interpolated if it is not in `quantiles`."""
        if q in self.quantiles:
            return self.values[..., self.quantiles.index(q)]
        return resample(self.values, self.quantiles, (q,))[..., 0]

    @property
    def median(self) -> np.ndarray:
        """Return (B, H) medians."""
        return self.quantile(0.5)

    @property
    def middle(self) -> tuple[str, np.ndarray]:
        """Return the values to show as the forecast, (B, H), and their name: the median, or the quantile nearest to it."""
        level = min(self.quantiles, key=lambda q: abs(q - 0.5))
        return ("median" if level == 0.5 else f"{quantile_name(level)} quantile"), self.quantile(level)

    @classmethod
    def concat(cls, parts: Sequence[Forecast]) -> Forecast:
        """Join several forecasts of the same horizon, quantiles, frequency and zone. Raises TsattnError if they differ."""
        if not parts:
            raise TsattnError("there is no forecast to concatenate")
        for what in ("horizon", "quantiles", "freq", "tz"):
            found = {getattr(part, what) for part in parts}
            if len(found) > 1:
                raise TsattnError(f"forecasts of different {what} cannot be concatenated: {', '.join(sorted(map(str, found)))}")
        return cls(
            item_ids=tuple(i for part in parts for i in part.item_ids),
            cutoffs=np.concatenate([part.cutoffs for part in parts]),
            timestamps=np.concatenate([part.timestamps for part in parts]),
            quantiles=parts[0].quantiles,
            values=np.concatenate([part.values for part in parts]),
            freq=parts[0].freq,
            tz=parts[0].tz,
            cleaning=Cleaning.concat([part.cleaning for part in parts], _numbers(parts)),
        )

    def rows(self, which: Sequence[int]) -> Forecast:
        """Return some of the forecasts, in this order."""
        return replace(
            self,
            item_ids=tuple(self.item_ids[b] for b in which),
            cutoffs=self.cutoffs[which],
            timestamps=self.timestamps[which],
            values=self.values[which],
            cleaning=self.cleaning.rows(which),
        )

    def to_arrow(self) -> pa.Table:
        """B·H rows: item_id, cutoff, timestamp, then a column for each quantile, named `0.1`, `0.5`, ….

        Timestamps carry the zone when there is one; series without a clock have plain step numbers (int64).
        """
        import pyarrow as pa

        item = np.repeat(np.arange(len(self), dtype=np.int32), self.horizon)
        ids = pa.DictionaryArray.from_arrays(pa.array(item), pa.array(list(self.item_ids), pa.string()))
        columns = {
            "item_id": ids.dictionary_decode(),
            "cutoff": clock_column(np.repeat(self.cutoffs, self.horizon), self.freq, self.tz),
            "timestamp": clock_column(self.timestamps.reshape(-1), self.freq, self.tz),
        }
        for i, level in enumerate(self.quantiles):
            columns[quantile_name(level)] = pa.array(np.ascontiguousarray(self.values[..., i]).reshape(-1))
        return pa.table(columns)

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows of `to_arrow` as a data frame; zoned timestamps have a zoned dtype."""
        return self.to_arrow().to_pandas()

    def plot(self, path: str | Path | None = None, title: str = "") -> Figure:
        """Draw a matplotlib figure of the forecast, at most 12 series, with `history` where it is known; `path` saves it.

        Suffixes of `path`: .png, .svg, .html. Raises ConfigError for another one.
        """
        plots = importlib.import_module("tsattn.render.plots")  # drawing is above this layer
        history = self.history or self._no_history()
        if path is not None:
            plots.save_plot(self, history, path, title)
        figure: Figure = plots.draw(self, history, title)
        return figure

    def _no_history(self) -> Panel:
        """Return a panel with one missing value for each series, at its cutoff."""
        count = len(self)
        missing = np.full(count, np.nan, np.float32)
        rows = np.arange(count + 1, dtype=np.int64)
        start = self.cutoffs.astype("datetime64[us]")
        return Panel(self.freq, self.item_ids, rows, start, missing, rows[1:].copy(), tz=self.tz)

    def _repr_html_(self) -> str:
        """Return a table of the first rows, for notebooks."""
        rows = self.to_pandas()
        more = f"<p>… {len(rows) - HTML_ROWS:,} more rows: to_pandas()</p>" if len(rows) > HTML_ROWS else ""
        return f"<p>{html.escape(repr(self))}</p>{rows.head(HTML_ROWS).to_html(index=False)}{more}"


def _numbers(parts: Sequence[Forecast]) -> list[np.ndarray]:
    """Return the rows of each part in the whole."""
    ends = np.cumsum([len(part) for part in parts])
    return [np.arange(end - len(part), end) for end, part in zip(ends.tolist(), parts, strict=True)]


def clock_column(stamps: np.ndarray, freq: Freq, tz: str | None) -> pa.Array:
    """Convert grid-clock timestamps for display and databases: zoned when there is a zone, int64 steps without a clock."""
    import pyarrow as pa

    stamps = stamps.astype("datetime64[us]")
    if not freq.has_clock:
        return pa.array(stamps.astype(np.int64))
    return pa.array(instants(stamps, freq, tz), pa.timestamp("us", None if tz is None else canonical(tz)))
