"""Names for the UTC offsets that timestamps are written with."""

from __future__ import annotations

import numpy as np

from tsattn.data.timezone import utc_offsets
from tsattn.errors import ConfigError

# one zone for each rule of daylight saving that is in wide use; several cities share each
_ZONES = (
    *("Europe/Berlin", "Europe/London", "Europe/Athens", "America/New_York", "America/Chicago", "America/Denver"),
    *("America/Los_Angeles", "America/Halifax", "America/St_Johns", "America/Anchorage", "Australia/Sydney"),
    *("Australia/Adelaide", "Pacific/Auckland", "Asia/Jerusalem", "America/Sao_Paulo", "America/Santiago", "Africa/Cairo"),
    *("Europe/Istanbul", "Europe/Moscow", "America/Mexico_City", "Asia/Tehran", "Atlantic/Azores"),
)


def guess_zone(instants: np.ndarray, offsets: np.ndarray) -> str | None:
    """Return a zone whose offset at every instant is the written one; None where none of the usual zones fits.

    instants: (n,) datetime64[us] UTC, NaT ignored; offsets: (n,) microseconds.
    """
    seen = ~np.isnat(instants)
    instants, offsets = instants[seen], offsets[seen]
    order = np.argsort(instants)
    instants, offsets = instants[order], offsets[order]
    # most zones fail at the changes or somewhere in between, which costs less than looking at every row
    changes = np.flatnonzero(np.diff(offsets) != 0)
    some = np.unique(np.concatenate([changes, changes + 1, np.linspace(0, len(instants) - 1, 50).astype(int)])[:2000])
    for name in _ZONES:
        try:
            if np.array_equal(utc_offsets(instants[some], name).astype(np.int64), offsets[some]) and np.array_equal(
                utc_offsets(instants, name).astype(np.int64), offsets
            ):
                return name
        except ConfigError:  # a system without that zone's rules
            continue
    return None
