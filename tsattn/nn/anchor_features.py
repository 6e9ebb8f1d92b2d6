"""Features of the anchors at an origin: their values, the noise of their steps, and their past errors."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from tsattn.nn.anchor_errors import skill
from tsattn.nn.anchors import anchors
from tsattn.nn.seasonal_scale import spread


@dataclass(frozen=True)
class Simple:
    """anchors (B, O, H, A): see nn/anchors. spread (B, O, H, S): see nn/spread. skill (B, O, A): see nn/skill."""

    anchors: Tensor
    spread: Tensor
    skill: Tensor


def simple(z: Tensor, first: Tensor, periods: Tensor, origin: Tensor, horizon: int) -> Simple:
    """z (B, L) filled values, first (B,) the first observed position, periods (B, 2), origin (B, O) positions in 1 … L."""
    place = (z, first, periods, origin)
    return Simple(anchors(*place, horizon), spread(*place, horizon), skill(*place))
