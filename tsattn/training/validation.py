"""Validation tail: the last rows of a panel, held back for early stopping and to choose the weights.

Validation windows are cleaned and filled as in a forecast.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from tsattn.data.groups import whole_groups, with_companions
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, gather, rolling_origins
from tsattn.model.inputs import feed
from tsattn.nn.inputs import Inputs
from tsattn.nn.network import Network
from tsattn.nn.objective import window_loss

SHARE = 0.1  # of an item's rows, if that gives enough windows
FEW_WINDOWS, FEW_SHARE = 3, 0.25  # otherwise up to this many windows, within this share of the rows
MOST_WINDOWS = 20  # per item
MOST_SCORED = 256  # windows of all items together
TOGETHER = 64  # maximum number of windows of a batch with attention across series, which compares all pairs
LEAST_KEPT = 2  # least number of horizons before the tail


def hold_back(panel: Panel, horizon: int) -> tuple[Panel, Origins | None]:
    """Return the panel before the validation tail, and the origins in the tail.

    Items too short for a tail are used for training to their end and not for validation. If all are, returns the whole panel
    and None.
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
    return panel.before(panel.origin - windows * horizon), origins.spread(MOST_SCORED)


def score(
    network: Network,
    panel: Panel,
    origins: Origins,
    device: torch.device,
    batch: int = 128,
    horizon: int | None = None,
    near: int | None = None,
) -> float | None:
    """Return the mean scaled quantile loss of forecasts from `origins`, or None without observed targets.

    horizon: number of steps to forecast; default: one pass. near: number of steps that are scored; default: all.
    """
    total = count = 0.0
    config, asked, group = network.config, len(origins), np.arange(len(origins))
    if config.across:
        origins, group = with_companions(panel, origins)
        batch = min(batch, TOGETHER)
    ahead = config.steps_at_once(horizon or config.horizon)
    for which in whole_groups(group, batch):
        window = replace(gather(panel, origins[which], config.context, ahead), group=group[which])
        window.future_target[which >= asked] = np.nan  # companions are read, not scored
        window.future_target[:, ahead if near is None else near :] = np.nan
        inputs = Inputs.of(feed(window, config), device)
        end = torch.full((len(window), 1), config.context, device=device)
        with torch.no_grad():
            loss, seen = window_loss(network, inputs, torch.from_numpy(window.future_target).to(device), end[:, 0], end)
        total += float(loss) * float(seen)
        count += float(seen)
    return total / count if count else None
