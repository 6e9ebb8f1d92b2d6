"""Attention across the series of a group, at each token."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tsattn.config import ModelConfig
from tsattn.nn.attention import bias_of
from tsattn.nn.blocks import Branch
from tsattn.nn.scaling import norm


@dataclass(frozen=True)
class Peers:
    """Visibility between the windows of a batch, computed once and shared by all layers.

    visible (T, 1, B, B): True where window i may attend to window j ≠ i at token t. both (T, 1, B, B): 1 where it may and both
    windows hold an observation, else 0. count (T, 1, B, B): number of such tokens up to t, at least 1.
    """

    visible: Tensor
    both: Tensor
    count: Tensor


def peers_of(group: Tensor, full: Tensor, dtype: torch.dtype) -> Peers:
    """Return the Peers of windows. group (B,) int64: group of each window. full (B, T): True for tokens with an observation."""
    others = (group[:, None] == group[None, :]) & ~itself(group)
    held = full.transpose(0, 1)[:, None]  # (T, 1, B)
    visible = others & held[:, :, None, :]  # (T, 1, B, B)
    both = (visible & held[..., None]).to(dtype)
    return Peers(visible, both, both.cumsum(0).clamp_min(1))


def itself(windows: Tensor) -> Tensor:
    """Return the (B, B) bool identity matrix for `windows` (B,)."""
    place = torch.arange(windows.shape[0], device=windows.device)
    return place[:, None] == place[None, :]


class SeriesAttention(nn.Module):
    """Attention of each window to the other windows of its group, at the same token.

    Scores are means over the tokens so far, because relations between series rarely change and a single token is weak evidence
    of them. With learned projections, the mean product of a query and a key measures covariances at the lags within a patch. A
    window attends to itself with a learned score and a value of zero, so it can ignore the others; a window alone in its group
    gets zeros. The output projection is initialised to zero.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.norm = norm(config.width)
        self.project_in = nn.Linear(config.width, 3 * config.width, bias=False)
        self.project_out = nn.Linear(config.width, config.width, bias=False)
        self.dropout = Branch(config.dropout, 0.0)
        self.itself = nn.Parameter(torch.zeros(config.heads))
        nn.init.zeros_(self.project_out.weight)

    def forward(self, x: Tensor, peers: Peers) -> Tensor:
        """Map x (B, T, D) to (B, T, D)."""
        q, k, v = self.project_in(self.norm(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 1, 3, 0, 4)  # (T, heads, B, d) each
        out = self.weights(q, k, peers).to(v.dtype) @ v  # (T, heads, B, d)
        made: Tensor = self.dropout(self.project_out(out.permute(2, 0, 1, 3).flatten(2)))
        return made

    def weights(self, query: Tensor, key: Tensor, peers: Peers) -> Tensor:
        """Return the weights of the other windows, (T, heads, B, B); each row sums to 1 minus the weight of the window itself."""
        scores = (query @ (key / math.sqrt(key.shape[-1])).transpose(-1, -2)).float()
        scores = (scores * peers.both).cumsum(0) / peers.count + bias_of(peers.visible, scores.dtype)
        scores = torch.where(itself(scores[0, 0, 0]), self.itself.float()[:, None, None], scores)
        return torch.softmax(scores, -1) * peers.visible


class Across(nn.ModuleList):
    """Attention across series before the first encoder block and every `across`-th block after it; pre-norm, residual."""

    def __init__(self, config: ModelConfig, layers: int) -> None:
        count = -(-layers // config.across)
        super().__init__(SeriesAttention(config) for _ in range(count))
        self.every = config.across

    def forward(self, x: Tensor, number: int, peers: Peers) -> Tensor:
        """Map tokens x (B, T, D) before block `number`, from 0, to (B, T, D)."""
        if number % self.every:
            return x
        made: Tensor = self[number // self.every](x, peers)
        return x + made
