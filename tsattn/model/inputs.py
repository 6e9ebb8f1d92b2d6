"""Network inputs of a batch of windows. Does not import torch."""

from __future__ import annotations

import numpy as np

from tsattn.config import ModelConfig
from tsattn.data.cleaning.gaps import fill_gaps
from tsattn.data.cleaning.prepare import prepared
from tsattn.data.windows import WindowBatch
from tsattn.model.short_series import seasons_by_length
from tsattn.nn.inputs import NAMES


def feed(batch: WindowBatch, model: ModelConfig) -> dict[str, np.ndarray]:
    """Return the fields of `nn.inputs.Inputs`, from the cleaned history with gaps filled from neighbouring seasons.

    Without groups in the batch, each window is read alone.
    """
    batch = prepared(batch)
    seasons = seasons_by_length(batch.past_target, batch.season_lengths, model)
    group = np.arange(len(batch)) if batch.group is None or not model.across else batch.group
    made = {"target": fill_gaps(batch.past_target, seasons), "seasons": seasons, "group": group}
    return {name: made[name] if name in made else getattr(batch, name) for name in NAMES}
