"""What a network reads of a batch of windows, in arrays that need no torch."""

from __future__ import annotations

import numpy as np

from tsattn.config import ModelConfig
from tsattn.data.cleaning.gaps import fill_gaps
from tsattn.data.cleaning.level_shifts import levelled
from tsattn.data.cleaning.point_outliers import believable
from tsattn.data.windows import WindowBatch
from tsattn.model.short_series import seasons_by_length


def feed(batch: WindowBatch, model: ModelConfig) -> dict[str, np.ndarray]:
    """The fields of nn.network.Inputs: absurd values and spikes left out, what lies before a recent move of the level brought
    to the new one, gaps filled from near seasons, the seasons found.
    """
    past = believable(batch.past_target, batch.season_lengths)
    if not (batch.past_cov.shape[2] or batch.known.shape[2] or batch.static.shape[1]):  # else these may be why the level moved
        past = levelled(past, batch.season_lengths)
    seasons = seasons_by_length(past, batch.season_lengths, model)
    return {
        "target": fill_gaps(past, seasons),
        "past_cov": batch.past_cov,
        "known": batch.known,
        "static": batch.static,
        "seasons": seasons,
    }
