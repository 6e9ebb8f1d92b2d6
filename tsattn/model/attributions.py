"""Attention weights and components of a network's forecasts, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.model.inputs import feed
from tsattn.nn import inspect
from tsattn.nn.inputs import Inputs
from tsattn.nn.network import Network


@dataclass(frozen=True, eq=False)
class Attributions:
    """Attributions of B forecasts.

    attention (B, T): weights of the last token; None without attention. parts: level, season and remainder, (B, H) each; None
    if the head is not a mixture.
    """

    attention: np.ndarray | None
    parts: tuple[np.ndarray, np.ndarray, np.ndarray] | None


def attributions(network: Network, batch: WindowBatch) -> Attributions:
    """Forecast the windows and return attention weights and components; see nn/inspect.py."""
    arrays = feed(batch, network.config)
    found = inspect.inside(network, Inputs.of(arrays))
    attention = None if found.attention is None else found.attention.double().numpy()
    if found.level is None or found.season is None or found.remainder is None:
        return Attributions(attention, None)
    return Attributions(
        attention, (found.level.double().numpy(), found.season.double().numpy(), found.remainder.double().numpy())
    )
