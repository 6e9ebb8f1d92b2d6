"""The training loss: quantile loss at many origins of each window, in units of a naive forecast's error."""

from __future__ import annotations

import torch
from torch import Tensor

from tsattn.nn.inputs import Inputs
from tsattn.nn.loss import pinball
from tsattn.nn.network import Network

EXTREME = 20.0  # values beyond this many spreads of the prefix are no target: one spike would drown the batch
FAR = 0.1  # of steps beyond those that will be asked for, so that they do not drift away
FLOOR = 0.05  # of the naive error in the loss's denominator, so that a near-perfect season does not dominate


def window_loss(
    network: Network,
    inputs: Inputs,
    future: Tensor,
    prefix: Tensor,
    origin: Tensor,
    near: int | None = None,
    past: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Mean scaled quantile loss of a batch, and how many (origin, step) targets it counts; both scalars.

    inputs: see network.Inputs, `known` reaching L + H, H = config.pass_steps. future (B, H), NaN = unknown; prefix (B,);
    origin (B, O), 0 = none. near: steps that count in full; those further ahead count FAR. past (B, L): the observed values
    that forecasts from origins within the window are scored on, by default those that the network reads.
    """
    horizon = future.shape[1]
    counted = (origin >= prefix[:, None]) & (origin > 0)  # (B, O)
    start = torch.where(counted, origin, torch.full_like(origin, inputs.target.shape[1]))
    predicted, scale = network.forecast_at(inputs, prefix, start)  # (B, O, H, Q)
    whole = (torch.cat([inputs.target if past is None else past, future], 1) - scale.mean) / scale.std  # (B, L + H)
    # a past that left its prefix's scale teaches nothing
    highest = ((inputs.target - scale.mean) / scale.std).detach().nan_to_num().abs().cummax(1).values
    counted = counted & (highest.gather(1, start - 1) < 2 * EXTREME)
    steps = start[..., None] + torch.arange(horizon, device=origin.device)
    target = whole.gather(1, steps.flatten(1)).view(steps.shape)  # (B, O, H)
    valid = torch.isfinite(target) & (target.abs() < EXTREME) & counted[..., None]
    target = torch.where(valid, target, torch.zeros_like(target))
    quantiles = torch.tensor(network.spec.quantiles, device=target.device)
    error = pinball(quantiles, predicted, target).mean(-1) / (FLOOR + scale.season)[..., None]
    weight = valid.to(error.dtype)
    if near is not None and near < horizon:
        weight = weight * torch.where(torch.arange(horizon, device=origin.device) < near, 1.0, FAR)
    count = weight.sum()
    return (torch.where(valid, error, torch.zeros_like(error)) * weight).sum() / count.clamp_min(1), count
