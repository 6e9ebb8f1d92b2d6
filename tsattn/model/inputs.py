"""The arrays that a network reads of a batch of windows. No torch here."""

from __future__ import annotations

import numpy as np

from tsattn.config import ModelConfig
from tsattn.data.cleaning.gaps import fill_gaps
from tsattn.data.cleaning.prepare import prepared
from tsattn.data.windows import WindowBatch
from tsattn.model.short_series import seasons_by_length


def feed(batch: WindowBatch, model: ModelConfig) -> dict[str, np.ndarray]:
    """Return the fields of nn.network.Inputs: the cleaned history with its gaps filled from near seasons, and its seasons."""
    batch = prepared(batch)
    seasons = seasons_by_length(batch.past_target, batch.season_lengths, model)
    return {
        "target": fill_gaps(batch.past_target, seasons),
        "past_cov": batch.past_cov,
        "known": batch.known,
        "static": batch.static,
        "seasons": seasons,
    }
