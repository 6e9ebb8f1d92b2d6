"""Notes on what cleaning did to the histories that forecasts read, from the forecasts' own records."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tsattn.data.cleaning.prepare import (
    ADDITIVE_OUTLIER,
    GROSS_ERROR,
    LEVEL_SHIFT,
    OUTAGE,
    RECENT_OUTLIER,
    RESET,
    SENTINEL,
    Cleaning,
)
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins
from tsattn.forecasting.frame import Forecast
from tsattn.render.format import count, stamps

LEFT_OUT = {  # kind: (why one value is left out, why several are)
    SENTINEL: ("it stands for no value", "they stand for no value"),
    GROSS_ERROR: ("it is absurdly far from all other values", "they are absurdly far from all other values"),
    OUTAGE: ("it was low during an outage", "they were low during an outage"),
    ADDITIVE_OUTLIER: ("it is far from its neighbours", "they are far from their neighbours"),
}
KINDS = (*LEFT_OUT, RECENT_OUTLIER, LEVEL_SHIFT, RESET)


@dataclass(frozen=True)
class Finding:
    """Values of one kind (see Cleaning): how many, and one of them with its place, such as `north, 2024-03-01`.

    The one is the furthest from the median of its series, at this distance; of level shifts and resets, it is the first.
    series: number of series with such values; name: that of the only one, "" if there is a single series in the data.
    first, last: the times of the earliest and the latest value, with their text.
    """

    kind: int
    count: int
    value: float
    place: str
    distance: float
    series: int
    name: str
    first: tuple[np.datetime64, str]
    last: tuple[np.datetime64, str]

    def with_more(self, other: Finding) -> Finding:
        """Return the finding together with those of other series."""
        first = self.kind in (LEVEL_SHIFT, RESET) or self.distance >= other.distance
        return dataclasses.replace(
            self if first else other,
            count=self.count + other.count,
            series=self.series + other.series,
            first=min(self.first, other.first),
            last=max(self.last, other.last),
        )

    def __str__(self) -> str:
        value = f"{self.value:.6g} ({self.place})"
        if self.kind == OUTAGE and self.count > 1:  # a run of values, or several
            inside = f" in {self.series:,} series" if self.series > 1 else f" in {self.name!r}" if self.name else ""
            return f"{count(self.count, 'value')}{inside}, {self.first[1]} to {self.last[1]}"
        return value if self.count == 1 else f"{count(self.count, 'value')}, the furthest {value}"


def cleaning_notes(forecast: Forecast, panel: Panel) -> tuple[str, ...]:
    """Return one line for each kind of finding in the record of a forecast of `panel`; none where nothing was found."""
    return notes_on(findings_of(forecast, panel, named=len(panel) > 1))


def findings_of(forecast: Forecast, panel: Panel, named: bool) -> tuple[Finding, ...]:
    """Return the findings in the record of a forecast of `panel`. named: see `findings`."""
    number = {item: k for k, item in enumerate(panel.item_ids)}
    item = np.array([number[name] for name in forecast.item_ids], np.int64)
    steps, _ = panel.freq.steps_between(panel.start[item], forecast.cutoffs)
    return findings(forecast.cleaning, Origins(item, panel.indptr[item] + steps + 1), panel, named)


def findings(record: Cleaning, origins: Origins, panel: Panel, named: bool) -> tuple[Finding, ...]:
    """Return at most one finding of each kind in the histories before `origins` (B,), in which each value counts once.

    named: True to name the series of the examples.
    """
    item, row = origins.item[record.row], origins.row[record.row] - record.ago
    _, once = np.unique(np.stack([item, row, record.kind]), axis=1, return_index=True)
    found = []
    for kind in KINDS:
        own = once[record.kind[once] == kind]
        if len(own):
            middles = {i: np.nanmedian(panel.history(i)) for i in set(item[own].tolist())}
            distance = np.abs(record.value[own] - np.array([middles[i] for i in item[own].tolist()]))
            best = 0 if kind in (LEVEL_SHIFT, RESET) else int(distance.argmax())
            one = int(own[best])
            name, shown = panel.item_ids[item[one]], _time(panel, item[one], row[one])[1]
            found.append(
                Finding(
                    kind,
                    len(own),
                    float(record.value[one]),
                    f"{name}, {shown}" if named else shown,
                    float(distance[best]),
                    len(middles),
                    name if named else "",
                    *_ends(panel, item[own], row[own]),
                )
            )
    return tuple(found)


def _ends(panel: Panel, item: np.ndarray, row: np.ndarray) -> tuple[tuple[np.datetime64, str], tuple[np.datetime64, str]]:
    """Return the times of the earliest and the latest of these rows (n,) of a panel, with their texts."""
    when = panel.freq.advance(panel.start[item], row - panel.indptr[item])
    low, high = int(when.argmin()), int(when.argmax())
    return _time(panel, item[low], row[low]), _time(panel, item[high], row[high])


def _time(panel: Panel, item: int, row: int) -> tuple[np.datetime64, str]:
    """Return the time of a row of a panel, and its text."""
    when = panel.freq.advance(panel.start[item : item + 1], np.array([row - panel.indptr[item]]))
    return when[0], stamps(when, panel.freq, panel.tz)[0]


def merged(parts: Iterable[Sequence[Finding]]) -> tuple[Finding, ...]:
    """Join the findings of several panels, with one for each kind."""
    found: dict[int, Finding] = {}
    for one in (one for part in parts for one in part):
        found[one.kind] = found[one.kind].with_more(one) if one.kind in found else one
    return tuple(found[kind] for kind in KINDS if kind in found)


def notes_on(found: Sequence[Finding]) -> tuple[str, ...]:
    """Return a line on each of the findings of a forecast."""
    return tuple(_line(one) for one in found)


def notes_on_windows(found: Sequence[Finding]) -> tuple[str, ...]:
    """Return a line on each of the findings in the windows of a backtest. Outliers that are kept change nothing there."""
    lines = {one.kind: _line(one) for one in found if one.kind != RECENT_OUTLIER}
    for kind, windows in ((LEVEL_SHIFT, "that end soon after"), (RESET, "that hold a reset")):
        if kind in lines:
            lines[kind] += f", in the windows {windows}"
    return tuple(lines.values())


def _line(one: Finding) -> str:
    if one.kind in LEFT_OUT:
        return f"treated as missing, because {LEFT_OUT[one.kind][one.count > 1]}: {one}"
    if one.kind == RECENT_OUTLIER:
        newest, them = ("the newest value is far from its neighbours", "it")
        if one.count > 1:
            newest, them = ("newest values are far from their neighbours", "them")
        return f"kept, though {newest}: {one}; remove {them} from the data if that is an error"
    if one.kind == RESET:
        inside = f" in {one.series:,} series" if one.series > 1 else ""
        times = "a reset" if one.count == 1 else f"{count(one.count, 'reset')}{inside}, the first"
        what = "earlier values are moved so that the series continues across resets; future resets are not forecast"
        return f"{times} at {one.place}: {what}"
    series = "the level shifted, " if one.count == 1 else f"the level of {one.count:,} series shifted, the first "
    return f"{series}at {one.place}: earlier values are moved to the new level"
