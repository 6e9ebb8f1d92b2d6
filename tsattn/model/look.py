"""A look inside a network at one batch of windows, in numbers that need no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from tsattn.data.outliers import without_absurd
from tsattn.data.seasons import find_seasons
from tsattn.data.windows import WindowBatch
from tsattn.model.gaps import fill_gaps
from tsattn.nn import inside
from tsattn.nn.network import Inputs, Network


@dataclass(frozen=True, eq=False)
class Seen:
    """attention (B, T), None without any; parts: level, season and remainder, (B, H) each; None where there are none."""

    attention: np.ndarray | None
    parts: tuple[np.ndarray, np.ndarray, np.ndarray] | None


def look(network: Network, batch: WindowBatch) -> Seen:
    """Forecast the windows, and tell what happened on the way; see nn/inside.py."""
    past = without_absurd(batch.past_target)
    seasons = find_seasons(past, batch.season_lengths)
    arrays = (fill_gaps(past, seasons), batch.past_cov, batch.known, batch.static, seasons)
    found = inside.look(network, Inputs(*(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays)))
    attention = None if found.attention is None else found.attention.double().numpy()
    if found.level is None or found.season is None or found.remainder is None:
        return Seen(attention, None)
    return Seen(attention, (found.level.double().numpy(), found.season.double().numpy(), found.remainder.double().numpy()))
