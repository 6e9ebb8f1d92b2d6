"""Past errors of each anchor: the series' own past shows which cycles repeat, and how closely."""

from __future__ import annotations

import torch
from torch import Tensor

from tsattn.nn.anchors import CYCLES, PERIODS
from tsattn.nn.lookback import back, place_of, steps_before

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
    made, late = [errors], [least]  # late: steps since the first value at which an error is the first one
    for span in ((period // 8).clamp_min(1)[:, :, None], period[:, :, None]):
        end = (position - ahead + 1).expand(-1, -1, len(CYCLES), -1)
        begin = end - span
        level = (total.gather(3, end.clamp_min(0)) - total.gather(3, begin.clamp_min(0))) / span
        made.append(errors - level.to(z.dtype))
        late.append(least + ahead + span - 1)
    away = torch.stack(made, 2).flatten(2, 3)  # (B, 2, 3·k, L)
    of_cycles = _recent_mean(away, since, torch.stack(late, 2).flatten(2, 3), origin, MEMORY * period)  # (B, 2, 3·k, O)
    lag = (periods.amin(1) // 2).clamp(1, AHEAD)[:, None, None]  # (B, 1, 1)
    naive = (z - z.gather(1, (position - lag[:, 0]).clamp_min(0)))[:, None, None]
    unit = _recent_mean(naive, since, lag[..., None], origin, MEMORY * periods.amax(1)[:, None, None])  # (B, 1, 1, O)
    mean = torch.cat([unit.flatten(1, 2), of_cycles.unflatten(2, (3, -1)).transpose(1, 2).flatten(1, 3)], 1)  # (B, A, O)
    unit = unit[:, 0]
    found = ((mean + LEAST * unit + 1e-6) / (unit + LEAST * unit + 1e-6)).log()
    return torch.where(mean < 0, torch.zeros_like(found), found).transpose(1, 2)


def _cycle_errors(z: Tensor, since: Tensor, period: Tensor) -> Tensor:
    """z less the mean of the k values of its phase in the cycles before, (B, 2, k, L), where there are so many."""
    position = torch.arange(z.shape[1], device=z.device)
    places = {cycles: place_of(position, period, cycles) for cycles in (1, 2, 4, 8, 12)}
    value = (z[:, None] * (since >= 0)).expand(-1, PERIODS, -1)[:, :, None]  # (B, 2, 1, L)
    one = back(value, places[1])
    two = one + back(one, places[1])
    four = two + back(two, places[2])
    fourteen = four + back(four, places[4]) + back(four, places[8]) + back(two, places[12])
    sums = dict(zip((1, 4, 14), (one, four, fourteen), strict=True))
    return value - torch.cat([sums[k] / k for k in CYCLES], 2)


def _recent_mean(x: Tensor, since: Tensor, late: Tensor, origin: Tensor, memory: Tensor) -> Tensor:
    """Means of |x|, x (B, g, n, L), over the `memory` (B, g, 1) steps before each origin (B, O): (B, g, n, O).

    Steps count from `late` (B, g, n, 1) after the first value on. -1 where none does.
    """
    seen = steps_before(origin, memory, x.shape[-1]).to(x.dtype)  # (B, g, L, O)
    counted = since[:, :, None] >= late  # (B, g, n, L)
    count = counted.to(x.dtype) @ seen
    return torch.where(count > 0, (x.abs() * counted) @ seen / count.clamp_min(1), torch.full_like(count, -1))
