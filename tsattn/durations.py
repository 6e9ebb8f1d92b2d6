"""Durations as texts, such as 90s or 1d12h."""

from __future__ import annotations

import re
import typing

from tsattn.errors import ConfigError

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}


def seconds(text: str, unit: str = "") -> float:
    """Convert `90s`, `30m`, `26h`, `7d`, `2w` or `1d12h` to seconds. unit: that of a bare number; "" refuses one.

    Raises ConfigError.
    """
    whole, part = text.strip().lower(), r"(\d+(?:\.\d+)?)\s*(min|[smhdw])"
    whole += unit if re.fullmatch(r"[\d.]+", whole) else ""
    parts = re.findall(part, whole)
    if not parts or re.sub(rf"{part}|\s", "", whole):
        raise ConfigError(f"{text!r} is not a duration", 'write for example "30m", "26h", "7d" or "1d12h"')
    return sum(float(number) * _UNITS[name] for number, name in parts)


def named_seconds(text: str, name: str) -> float:
    """Convert a setting to seconds; a bare number is in seconds. Raises ConfigError that names the setting."""
    try:
        return seconds(text, "s")
    except ConfigError as error:
        raise ConfigError(f"{name} must be a duration, not {text!r}", error.hint) from None


Seconds = typing.Annotated[float, seconds]  # a number, or a text in a settings file such as "90s"
