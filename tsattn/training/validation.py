"""The validation tail: the last rows that a training run may see are held back to stop it and to choose its weights.

The network reads these windows as it does when it forecasts: cleaned, with gaps filled.
"""

from __future__ import annotations

import numpy as np
import torch

from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, gather, rolling_origins
from tsattn.model.inputs import feed
from tsattn.nn.inputs import Inputs
from tsattn.nn.network import Network
from tsattn.nn.objective import window_loss

SHARE = 0.1  # of an item's rows, where that gives the windows
FEW_WINDOWS, FEW_SHARE = 3, 0.25  # else so many, within this share: one window is one week's weather for every series
MOST_WINDOWS = 20  # of an item
MOST_SCORED = 256  # windows of all items
LEAST_KEPT = 2  # horizons that must stay before the tail


def hold_back(panel: Panel, horizon: int) -> tuple[Panel, Origins | None]:
    """(the panel before the tail, origins in the tail); the whole panel and None when every item is too short.

    Items too short for a tail of their own are trained on to their end and not validated.
    """
    fitting = panel.lengths / horizon  # (S,)
    few = np.clip((FEW_SHARE * fitting).astype(np.int64), 1, FEW_WINDOWS)
    windows = np.clip((SHARE * fitting).astype(np.int64), few, MOST_WINDOWS)
    windows = np.where(panel.lengths >= (1 + LEAST_KEPT) * horizon, windows, 0)
    if not windows.any():
        return panel, None
    origins = rolling_origins(panel, horizon, int(windows.max()))
    back = (panel.origin[origins.item] - origins.row) // horizon
    origins = origins[np.flatnonzero(back <= windows[origins.item])]
    if len(origins) > MOST_SCORED:
        origins = origins[np.linspace(0, len(origins) - 1, MOST_SCORED).astype(np.int64)]
    return panel.before(panel.origin - windows * horizon), origins


def score(network: Network, panel: Panel, origins: Origins, device: torch.device, batch: int = 128) -> float | None:
    """Mean scaled quantile loss of the network's forecasts from `origins`; None when nothing was observed there."""
    total = count = 0.0
    config = network.config
    for at in range(0, len(origins), batch):
        window = gather(panel, origins[slice(at, at + batch)], config.context, config.pass_steps)
        inputs = Inputs.of(feed(window, config), device)
        end = torch.full((len(window), 1), config.context, device=device)
        with torch.no_grad():
            loss, seen = window_loss(network, inputs, torch.from_numpy(window.future_target).to(device), end[:, 0], end)
        total += float(loss) * float(seen)
        count += float(seen)
    return total / count if count else None
