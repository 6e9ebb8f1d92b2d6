"""Window batches of plain arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tsattn.data.panel import Panel
from tsattn.data.windows import WindowBatch, gather, last_origins

NAN = float("nan")


def batch_of(*series: Sequence[float] | np.ndarray, horizon: int = 5, freq: str = "step") -> WindowBatch:
    """The windows from the end of each series, as long as the longest."""
    panel = Panel.from_arrays([np.asarray(s, float) for s in series], freq=freq)
    return gather(panel, last_origins(panel), int(panel.lengths.max()), horizon, covariates=False)
