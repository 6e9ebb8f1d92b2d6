"""A look inside a network at one batch of windows, in numbers that need no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.model.inputs import feed
from tsattn.nn import inspect
from tsattn.nn.inputs import Inputs
from tsattn.nn.network import Network


@dataclass(frozen=True, eq=False)
class Seen:
    """attention (B, T), None without any; parts: level, season and remainder, (B, H) each; None where there are none."""

    attention: np.ndarray | None
    parts: tuple[np.ndarray, np.ndarray, np.ndarray] | None


def look(network: Network, batch: WindowBatch) -> Seen:
    """Forecast the windows, and tell what happened on the way; see nn/inspect.py."""
    arrays = feed(batch, network.config)
    found = inspect.look(network, Inputs.of(arrays))
    attention = None if found.attention is None else found.attention.double().numpy()
    if found.level is None or found.season is None or found.remainder is None:
        return Seen(attention, None)
    return Seen(attention, (found.level.double().numpy(), found.season.double().numpy(), found.remainder.double().numpy()))
