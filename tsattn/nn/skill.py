"""How well each anchor has done so far: what repeats, and how closely, is seen in the past of the series itself."""

from __future__ import annotations

import torch
from torch import Tensor

from tsattn.nn.anchors import CYCLES, PERIODS

MEMORY = 8  # cycles whose errors are averaged
AHEAD = 16  # steps from an origin to the steps that are compared, at most half a cycle
LEAST = 0.02  # of the naive error: below it, anchors are alike


def skill(z: Tensor, first: Tensor, periods: Tensor, origin: Tensor) -> Tensor:
    """z, first, periods, origin as of nn.anchors.anchors -> (B, O, A): log of each anchor's mean absolute error.

    An anchor of a step is made here of what was known some steps before it. Errors of the 8 cycles before the origin count,
    as far as there is a past to make the anchor of; they are in units of the last value's own error over as many steps. 0
    where nothing is known.
    """
    position = torch.arange(z.shape[1], device=z.device)
    since = (position - first[:, None])[:, None]  # (B, 1, L)
    period = periods[..., None]  # (B, 2, 1)
    least = torch.tensor(CYCLES, device=z.device)[:, None] * period[:, :, None]  # (B, 2, k, 1): steps that k cycles take
    enough = since[:, :, None] >= least
    errors = _cycle_errors(z, since, period) * enough  # (B, 2, k, L)
    ahead = (period // 2).clamp(1, AHEAD)[:, :, None]  # (B, 2, 1, 1)
    total = torch.nn.functional.pad(errors.double().cumsum(-1), (1, 0))
    made = [errors.abs()]
    known = [enough]
    for span in ((period // 8).clamp_min(1)[:, :, None], period[:, :, None]):
        end = (position - ahead + 1).expand(-1, -1, len(CYCLES), -1)
        begin = end - span
        level = ((total.gather(3, end.clamp_min(0)) - total.gather(3, begin.clamp_min(0))) / span).to(z.dtype)
        made.append((errors - level).abs())
        known.append(since[:, :, None] >= least + ahead + span - 1)
    lag = (periods.amin(1, keepdim=True) // 2).clamp(1, AHEAD)  # (B, 1)
    naive = (z - z.gather(1, (position - lag).clamp_min(0))).abs()[:, None]
    absolute = torch.cat([naive, *(part.flatten(1, 2) for part in made)], 1)  # (B, A, L)
    valid = torch.cat([since >= lag[..., None], *(part.flatten(1, 2) for part in known)], 1)
    every = torch.cat([lag[..., None], *[periods.repeat_interleave(len(CYCLES), 1)[..., None]] * 3], 1)  # (B, A, 1)
    memory = MEMORY * torch.cat([periods.amax(1)[:, None, None], every[:, 1:]], 1)
    mean, count = _recent_mean(absolute * valid, valid, origin, memory)  # (B, A, O)
    unit = mean[:, :1]
    found = ((mean + LEAST * unit + 1e-6) / (unit + LEAST * unit + 1e-6)).log() * (count > 0)
    return found.transpose(1, 2)


def _cycle_errors(z: Tensor, since: Tensor, period: Tensor) -> Tensor:
    """z less the mean of the k values of its phase in the cycles before, (B, 2, k, L), where there are so many."""
    position = torch.arange(z.shape[1], device=z.device)
    value = (z[:, None] * (since >= 0)).expand(-1, PERIODS, -1)

    def back(x: Tensor, cycles: int) -> Tensor:
        place = position - cycles * period
        return x.gather(2, place.clamp_min(0)) * (place >= 0)

    one = back(value, 1)
    two = one + back(one, 1)
    four = two + back(two, 2)
    eight = four + back(four, 4)
    fourteen = eight + back(four, 8) + back(two, 12)
    sums = dict(zip((1, 4, 14), (one, four, fourteen), strict=True))
    means = torch.stack([sums[k] / k for k in CYCLES], 2)
    return value[:, :, None] - means


def _recent_mean(x: Tensor, valid: Tensor, origin: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    """Means of x (B, A, L), where valid, over the `memory` (B, A, 1) steps before each origin (B, O), and counts: (B, A, O)."""
    end = origin[:, None].expand(-1, x.shape[1], -1)
    begin = (end - memory).clamp_min(0)
    total = torch.nn.functional.pad(torch.stack([x, valid.to(x.dtype)]).double().cumsum(-1), (1, 0))
    summed, count = (part.gather(2, end) - part.gather(2, begin) for part in total)
    return (summed / count.clamp_min(1)).to(x.dtype), count
