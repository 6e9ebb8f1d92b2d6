"""Notes on the values that a forecast left out of the histories, from the forecast's own record."""

from __future__ import annotations

import numpy as np

from tsattn.data.cleaning.prepare import (
    ADDITIVE_OUTLIER,
    GROSS_ERROR,
    LEVEL_SHIFT,
    OUTAGE,
    RECENT_OUTLIER,
    SENTINEL,
    Cleaning,
)
from tsattn.data.panel import Panel
from tsattn.forecasting.frame import Forecast
from tsattn.render.format import count, stamps

LEFT_OUT = {  # kind: (why one value is left out, why several are)
    SENTINEL: ("it stands for no value", "they stand for no value"),
    GROSS_ERROR: ("it is absurdly far from all other values", "they are absurdly far from all other values"),
    OUTAGE: ("it was low during an outage", "they were low during an outage"),
    ADDITIVE_OUTLIER: ("it is far from its neighbours", "they are far from their neighbours"),
}


def cleaning_notes(forecast: Forecast, panel: Panel) -> tuple[str, ...]:
    """Return one line for each kind of finding in the record of a forecast of `panel`; none where nothing was found."""
    lines = []
    for kind, (one, many) in LEFT_OUT.items():
        found = forecast.cleaning.of(kind)
        if len(found):
            what, why = (_value(found, forecast, panel), one) if len(found) == 1 else (_values(found, forecast, panel), many)
            lines.append(f"treated as missing, because {why}: {what}")
    recent = forecast.cleaning.of(RECENT_OUTLIER)
    if len(recent):
        newest, them = ("the newest value", "it") if len(recent) == 1 else ("newest values", "them")
        what = _value(recent, forecast, panel) if len(recent) == 1 else _values(recent, forecast, panel)
        is_far = "is far from its neighbours" if len(recent) == 1 else "are far from their neighbours"
        lines.append(f"kept, though {newest} {is_far}: {what}; remove {them} from the data if that is an error")
    shifts = forecast.cleaning.of(LEVEL_SHIFT)
    if len(shifts):
        series = "the level shifted" if len(shifts) == 1 else f"the level of {len(shifts):,} series shifted"
        where = "" if len(shifts) == 1 else "the first "
        lines.append(f"{series}, {where}at {_place(shifts, forecast, panel)}: earlier values are moved to the new level")
    return tuple(lines)


def _values(found: Cleaning, forecast: Forecast, panel: Panel) -> str:
    """Describe the number of values, and the value furthest from the median of its series."""
    number = {item: k for k, item in enumerate(panel.item_ids)}
    middles = {row: np.nanmedian(panel.history(number[forecast.item_ids[row]])) for row in set(found.row.tolist())}
    apart = [abs(value - middles[row]) for value, row in zip(found.value.tolist(), found.row.tolist(), strict=True)]
    one = slice(int(np.argmax(apart)), int(np.argmax(apart)) + 1)
    furthest = Cleaning(found.row[one], found.ago[one], found.kind[one], found.value[one])
    return f"{count(len(found), 'value')}, the furthest {_value(furthest, forecast, panel)}"


def _value(found: Cleaning, forecast: Forecast, panel: Panel) -> str:
    return f"{float(found.value[0]):.6g} ({_place(found, forecast, panel)})"


def _place(found: Cleaning, forecast: Forecast, panel: Panel) -> str:
    """The first entry's timestamp, and its series where there are several."""
    row = int(found.row[0])
    when = forecast.freq.advance(forecast.cutoffs[row : row + 1], np.array([1 - int(found.ago[0])]))
    shown = stamps(when, forecast.freq, forecast.tz)[0]
    return f"{forecast.item_ids[row]}, {shown}" if len(panel) > 1 else shown
