"""Indexing into the past of a window: by whole cycles from each value, and the steps before each origin."""

from __future__ import annotations

import torch
from torch import Tensor

Place = tuple[Tensor, Tensor]


def place_of(position: Tensor, period: Tensor, cycles: int) -> Place:
    """Return the positions `cycles` cycles before each position, and a mask of those inside the window.

    position (L,), period (B, 2, 1) -> two of (B, 2, 1, L).
    """
    place = (position - cycles * period)[:, :, None]
    return place.clamp_min(0), place >= 0


def back(x: Tensor, place: Place) -> Tensor:
    """Return the values of x (B, 2, n, L) at `place`; 0 before the window."""
    return x.gather(3, place[0].expand(-1, -1, x.shape[2], -1)) * place[1]


def steps_before(origin: Tensor, memory: Tensor, length: int) -> Tensor:
    """Return a mask of the last `memory` (B, g, 1) steps before each origin (B, O): (B, g, L, O), bool."""
    position = torch.arange(length, device=origin.device)[:, None]
    newest = origin[:, None, None]  # (B, 1, 1, O)
    return (position < newest) & (position >= newest - memory[..., None])
