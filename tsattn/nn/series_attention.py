"""Attention across the series of a group, at each token."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tsattn.config import ModelConfig
from tsattn.nn.attention import bias_of
from tsattn.nn.blocks import Branch, pick
from tsattn.nn.scaling import norm


@dataclass(frozen=True)
class Peers:
    """Visibility between the windows of a batch, computed once and shared by all layers.

    visible (T, 1, B, B): True where window i may attend to window j ≠ i at token t. both (T, 1, B, B): 1 where it may and both
    hold an observation, else 0. count (T, 1, B, B): how many such tokens there are up to t, at least 1.
    """

    visible: Tensor
    both: Tensor
    count: Tensor


def peers_of(group: Tensor, full: Tensor, dtype: torch.dtype) -> Peers:
    """Return the Peers of windows with these groups (B,), int64. full (B, T): True for tokens that hold an observation."""
    others = (group[:, None] == group[None, :]) & ~itself(group)
    held = full.transpose(0, 1)[:, None]  # (T, 1, B)
    visible = others & held[:, :, None, :]  # (T, 1, B, B)
    both = (visible & held[..., None]).to(dtype)
    return Peers(visible, both, both.cumsum(0).clamp_min(1))


def itself(windows: Tensor) -> Tensor:
    """Return True where the row is the column: (B,) -> (B, B)."""
    place = torch.arange(windows.shape[0], device=windows.device)
    return place[:, None] == place[None, :]


class SeriesAttention(nn.Module):
    """Attention of each window to the other windows of its group, at the same token.

    Scores are means over the tokens so far: which series inform each other is a lasting property, and one token shows little of
    it. With learned projections, the mean product of a query and a key measures covariances at the lags within a patch. A window
    attends to itself with a learned score and a value of zero, which lets it ignore the others; a group of one gets zeros. The
    output projection is initialised to zero.
    """

    def __init__(self, config: ModelConfig, features: int, out: int) -> None:
        """features, out: widths of the tokens that are read and of the result."""
        super().__init__()
        self.heads = config.heads
        self.project_in = nn.Linear(features, 3 * config.width)
        self.project_out = nn.Linear(config.width, out, bias=False)
        self.itself = nn.Parameter(torch.zeros(config.heads))
        nn.init.zeros_(self.project_out.weight)

    def forward(self, x: Tensor, peers: Peers) -> Tensor:
        """Map x (B, T, features) to (B, T, out)."""
        q, k, v = self.project_in(x).unflatten(-1, (3, self.heads, -1)).permute(2, 1, 3, 0, 4)  # (T, heads, B, d) each
        out = self.weights(q, k, peers).to(v.dtype) @ v  # (T, heads, B, d)
        made: Tensor = self.project_out(out.permute(2, 0, 1, 3).flatten(2))
        return made

    def weights(self, query: Tensor, key: Tensor, peers: Peers) -> Tensor:
        """Return the weights of the other windows, (T, heads, B, B); each row sums to 1 less the weight of the window itself."""
        scores = (query @ (key / math.sqrt(key.shape[-1])).transpose(-1, -2)).float()
        scores = (scores * peers.both).cumsum(0) / peers.count + bias_of(peers.visible, scores.dtype)
        scores = torch.where(itself(scores[0, 0, 0]), self.itself.float()[:, None, None], scores)
        return torch.softmax(scores, -1) * peers.visible


class Across(nn.Module):
    """Attention across series beside attention over time: before some encoder blocks, and once for the head.

    Before a block, it reads the normalised tokens. For the head, it reads the moves of each patch from value to value, and its
    effect is added to the forecast directly: what one series did in its newest steps is what a series that follows it will do,
    and this is a linear function of the moves.
    """

    def __init__(self, config: ModelConfig, layers: int) -> None:
        super().__init__()
        self.every, self.patch = config.across, config.patch
        count = -(-layers // config.across)
        self.norms = nn.ModuleList(norm(config.width) for _ in range(count))
        self.before = nn.ModuleList(SeriesAttention(config, config.width, config.width) for _ in range(count))
        self.direct = SeriesAttention(config, config.patch, 2 * config.pass_steps)
        self.dropout = Branch(config.dropout, 0.0)

    def forward(self, x: Tensor, number: int, peers: Peers) -> Tensor:
        """Map tokens x (B, T, D) before block `number`, from 0, to (B, T, D)."""
        if number % self.every:
            return x
        at = number // self.every
        return x + self.dropout(self.before[at](self.norms[at](x), peers))

    def effect(self, z: Tensor, step: Tensor, peers: Peers, token: Tensor) -> Tensor:
        """Return what other series add to the raw correction of the median and to the raw widths, (B, O, H, 2).

        z (B, L): scaled and filled. step (B, 1): mean naive step in units of z. token (B, O): newest token of each origin.
        """
        moves = torch.asinh(nn.functional.pad(z[:, 1:] - z[:, :-1], (1, 0)) / step).unflatten(1, (-1, self.patch))
        return pick(self.direct(moves, peers), token).unflatten(-1, (-1, 2))
