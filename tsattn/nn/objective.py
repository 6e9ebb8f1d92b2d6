"""Training loss: quantile loss at many origins of each window, scaled by the error of a naive forecast."""

from __future__ import annotations

import torch
from torch import Tensor

from tsattn.nn.inputs import Inputs
from tsattn.nn.loss import pinball
from tsattn.nn.network import Network
from tsattn.nn.scaling import Scale

EXTREME = 20.0  # values beyond this many standard deviations of the prefix are not scored: one spike would dominate the batch
FAR = 0.1  # weight of steps beyond the horizon in use, so that they stay reasonable
ENOUGH = 8  # minimum number of pairs for the error of a naive forecast at a distance
FLOOR = 0.05  # added to the naive error in the denominator, so that near-perfect seasons do not dominate


def window_loss(
    network: Network,
    inputs: Inputs,
    future: Tensor,
    prefix: Tensor,
    origin: Tensor,
    near: int | None = None,
    past: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the mean scaled quantile loss of a batch, and the sum of the weights of its (origin, step) pairs; both scalars.

    inputs: `known` must cover L + H steps. future (B, H), NaN = unknown; H is a multiple of config.pass_steps. prefix (B,).
    origin (B, O), 0 = none. near: number of steps with weight 1; later steps have weight FAR. past (B, L): values that
    forecasts from origins inside the window are scored on; default: the target in `inputs`.
    """
    horizon = future.shape[1]
    counted = (origin >= prefix[:, None]) & (origin > 0)  # (B, O)
    start = torch.where(counted, origin, torch.full_like(origin, inputs.target.shape[1]))
    predicted, scale = network.forecast_at(inputs, prefix, start)  # (B, O, H, Q)
    whole = (torch.cat([inputs.target if past is None else past, future], 1) - scale.mean) / scale.std  # (B, L + H)
    # skip origins after values far outside the prefix's scale
    highest = ((inputs.target - scale.mean) / scale.std).detach().nan_to_num().abs().cummax(1).values
    counted = counted & (highest.gather(1, start - 1) < 2 * EXTREME)
    steps = start[..., None] + torch.arange(horizon, device=origin.device)
    target = whole.gather(1, steps.flatten(1)).view(steps.shape)  # (B, O, H)
    valid = torch.isfinite(target) & (target.abs() < EXTREME) & counted[..., None]
    target = torch.where(valid, target, torch.zeros_like(target))
    quantiles = torch.tensor(network.spec.quantiles, device=target.device)
    unit = naive_errors(whole[:, :-horizon], prefix, inputs.seasons[:, 0].long(), scale, horizon, network.config.pass_steps)
    error = pinball(quantiles, predicted, target).mean(-1) / (FLOOR + unit)[:, None]
    weight = valid.to(error.dtype)
    if near is not None and near < horizon:
        weight = weight * torch.where(torch.arange(horizon, device=origin.device) < near, 1.0, FAR)
    count = weight.sum()
    return (torch.where(valid, error, torch.zeros_like(error)) * weight).sum() / count.clamp_min(1), count


def naive_errors(z: Tensor, prefix: Tensor, period: Tensor, scale: Scale, horizon: int, step: int) -> Tensor:
    """Return the error of a naive forecast of each step, (B, H), in units of scale.std.

    For the first `step` steps it is scale.season. For each later block of `step` steps it is the mean |z_t - z_(t-k)|, with k the
    whole number of periods nearest to the block's distance, if that is larger, since a wandering series is harder to forecast far
    ahead. z (B, L), NaN = missing; the first `prefix` (B,) values are used.
    """
    season = scale.season.expand(-1, min(step, horizon))
    if horizon <= step:
        return season
    middle = torch.arange(step, horizon, step, device=z.device) + step // 2
    lag = (period[:, None] * torch.round(middle / period[:, None]).clamp_min(1)).long()[..., None]  # (B, R, 1)
    position = torch.arange(z.shape[1], device=z.device)
    before = (position - lag).clamp_min(0)
    away = (z[:, None] - z[:, None].expand(-1, before.shape[1], -1).gather(2, before)).abs()
    used = torch.isfinite(away) & (position >= lag) & (position < prefix[:, None, None])
    count = used.sum(2)
    mean = torch.where(used, away, torch.zeros_like(away)).sum(2) / count.clamp_min(1)
    mean = torch.where(count >= ENOUGH, mean, torch.zeros_like(mean)).cummax(1).values
    later = torch.maximum(scale.season, mean).repeat_interleave(step, 1)
    return torch.cat([season, later], 1)[:, :horizon]
