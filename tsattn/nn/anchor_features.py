"""Features of the anchors at an origin: their values, the noise of their steps, and their past errors."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from tsattn.nn.anchor_errors import skill
from tsattn.nn.anchors import anchors
from tsattn.nn.seasonal_scale import spread


@dataclass(frozen=True)
class Simple:
    """Anchors (B, O, H, A) of `nn.anchors`, spread (B, O, H, S) of `nn.seasonal_scale`, skill (B, O, A) of `nn.anchor_errors`."""

    anchors: Tensor
    spread: Tensor
    skill: Tensor


def simple(z: Tensor, first: Tensor, periods: Tensor, origin: Tensor, horizon: int, reach: int | None = None) -> Simple:
    """Return the anchor features. The arguments are those of `nn.anchors.anchors`.

    reach: number of steps of the spread; default: the horizon.
    """
    place = (z, first, periods, origin)
    return Simple(anchors(*place, horizon), spread(*place, horizon if reach is None else reach), skill(*place))
