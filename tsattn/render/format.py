"""Numbers, timestamps and durations as text."""

from __future__ import annotations

import math

import numpy as np

from tsattn.data.freq import DAY, US, Freq, months_of
from tsattn.data.timezone import offset_text, to_local, utc_offsets

MOST_DECIMALS = 8


def decimals(values: np.ndarray) -> int:
    """Return the number of decimals that shows about four significant digits of these values, 0 to MOST_DECIMALS."""
    seen = np.abs(values[np.isfinite(values)])
    scale = float(seen.max()) if seen.size else 0.0
    return 2 if scale == 0 else min(MOST_DECIMALS, max(0, 3 - math.floor(math.log10(scale))))


def places_of(values: np.ndarray, history: np.ndarray) -> int:
    """Return the number of decimals for values of a series: none if they and its history are whole numbers, else `decimals`."""
    parts = (part[np.isfinite(part)] for part in (values, history))
    return 0 if all((part == np.rint(part)).all() for part in parts) else decimals(values)


def number(value: float, places: int) -> str:
    """Format a number with thousands separators; – if missing, powers of ten if huge or tiny."""
    if not math.isfinite(value):
        return "–"
    if abs(value) >= 1e12 or (places == MOST_DECIMALS and 0 < abs(value) < 1e-6):
        return f"{value:.4g}"
    text = f"{value:,.{places}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text


def stamps(values: np.ndarray, freq: Freq, tz: str | None = None) -> list[str]:
    """Format grid-clock timestamps as short as the step allows: 2024-05, 2024-05-01, 2024-05-01 13:00, or a step number."""
    values = np.asarray(values, "datetime64[us]")
    if not freq.has_clock:
        return [str(step) for step in values.astype(np.int64).tolist()]
    zoned = tz is not None and freq.is_subdaily
    local = to_local(values, tz) if zoned and tz is not None else values
    midnight = bool((local.astype(np.int64) % DAY == 0).all())
    if (months := months_of(local, freq)) is not None:
        return months
    if midnight and not freq.is_subdaily:
        return [str(v) for v in local.astype("datetime64[D]")]
    whole_minutes = bool((local.astype(np.int64) % US["min"] == 0).all())
    unit = "m" if whole_minutes else "s" if bool((local.astype(np.int64) % US["s"] == 0).all()) else "us"
    text = [str(v).replace("T", " ") for v in local.astype(f"datetime64[{unit}]")]
    if zoned and tz is not None:
        text = [f"{t}{offset_text(o)}" for t, o in zip(text, utc_offsets(values, tz).astype(np.int64).tolist(), strict=True)]
    return text


def duration(seconds: float) -> str:
    """Format seconds as 8 s, 2 min 5 s, 1 h 3 min or, from three days on, 3 days 5 h."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours >= 72:
        days, hours = divmod(hours, 24)
        return f"{days:,} days {hours} h" if hours else f"{days:,} days"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def count(number: int, noun: str, plural: str = "") -> str:
    """Format a number with its noun: 1 item, 12,345 rows."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def span(steps: int, freq: Freq) -> str:
    """Format a number of steps in the unit of the frequency: 48 hours, 20 business days, 12 quarters, 96 steps of 15min.

    Open slots are left out: a step of 15min@Mon-Fri/09:30-15:45 is 15min.
    """
    if freq.unit == "M":
        noun = {1: "month", 3: "quarter", 12: "year"}.get(freq.n, "")
    else:
        plain = {"h": "hour", "D": "day", "W": "week", "B": "business day", "min": "minute", "s": "second", "step": "step"}
        noun = plain.get(freq.unit, "") if freq.n == 1 else ""
    return count(steps, noun) if noun else f"{count(steps, 'step')} of {freq.plain}"


def interval_levels(quantiles: tuple[float, ...]) -> tuple[float, float] | None:
    """Return the quantiles of the interval to show: 0.1 and 0.9 if present, else the widest pair around the median."""
    if 0.1 in quantiles and 0.9 in quantiles:
        return 0.1, 0.9
    low, high = min(quantiles), max(quantiles)
    return (low, high) if low < 0.5 < high else None


def interval_name(levels: tuple[float, float]) -> str:
    """Format an interval as `80 % interval`, or as `0.1 to 0.95` if it is asymmetric."""
    low, high = levels
    return f"{(high - low) * 100:.4g} % interval" if abs(low + high - 1) < 1e-9 else f"{low:g} to {high:g}"
