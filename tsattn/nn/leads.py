"""Expected moves from other series of a group: attention across series and lags, from correlations of past moves."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tsattn.nn.series_attention import Peers

LEAD_FEATURES = 3
CHANCE = 2.0  # standard errors by which a correlation must differ from zero


def suggested(z: Tensor, step: Tensor, peers: Peers, patch: int, horizon: int) -> Tensor:
    """Return features of the steps after each token, (B, T, H, 3): the sum of expected moves, the expected move, the evidence.

    z (B, L): scaled and filled. step (B, 1): mean naive step in units of z. A move is the difference of neighbouring values in
    naive steps, compressed by asinh. The correlation of a window's moves with those of another window, l = 1 … patch − 1 steps
    earlier, is measured over all patches so far, and reduced by the size that chance may reach. The expected move h steps ahead
    is the mean of the others' moves l − h steps before the end, weighted by these correlations. All features are 0 for a window
    alone in its group.
    """
    moves = torch.asinh(nn.functional.pad(z[:, 1:] - z[:, :-1], (1, 0)) / step).unflatten(1, (-1, patch)).transpose(0, 1)
    held = peers.both[:, 0]  # (T, B, B)
    strength = [_correlation(moves, lag, held, peers.count[:, 0]) for lag in range(1, patch)]  # (T, B, B) each
    evidence = sum((one.square() for one in strength[1:]), strength[0].square())
    share = evidence / evidence.sum(-1, keepdim=True).clamp_min(1e-6)  # attention to each series; rows sum to 1, or to 0
    total = sum((one.abs() for one in strength[1:]), strength[0].abs()).clamp_min(1)
    ahead = torch.zeros_like(moves)
    for lag, one in enumerate(strength, 1):
        found = (share * one / total) @ moves[:, :, patch - lag :]  # (T, B, lag)
        ahead = ahead + nn.functional.pad(found, (0, patch - lag))
    ahead = nn.functional.pad(ahead, (0, horizon - patch)) if horizon > patch else ahead[:, :, :horizon]
    sure = (share * evidence).sum(-1, keepdim=True).sqrt().expand_as(ahead)
    return torch.stack([torch.asinh(torch.sinh(ahead).cumsum(-1)), ahead, sure], -1).transpose(0, 1)


def _correlation(moves: Tensor, lag: int, held: Tensor, count: Tensor) -> Tensor:
    """Return correlations (T, B, B) of each window's moves (T, B, P) with those of the others `lag` steps before.

    Each is reduced by CHANCE standard errors. held (T, B, B): 1 for tokens where both windows hold an observation. count
    (T, B, B): number of such tokens so far.
    """
    later, earlier = moves[:, :, lag:], moves[:, :, : moves.shape[2] - lag]
    product = ((later @ earlier.transpose(1, 2)) * held).cumsum(0)
    own, other = (later.square().sum(-1)[:, :, None] * held).cumsum(0), (earlier.square().sum(-1)[:, None] * held).cumsum(0)
    found = product / (own * other).sqrt().clamp_min(1e-6)
    chance = CHANCE / (count * (moves.shape[2] - lag)).sqrt()
    return found.sign() * (found.abs() - chance).clamp_min(0)
