"""Past errors of each seasonal anchor: the history of a series shows which cycles repeat, and how closely."""

from __future__ import annotations

import torch
from torch import Tensor

from tsattn.nn.anchors import CYCLES, PERIODS
from tsattn.nn.lookback import back, place_of, steps_before

MEMORY = 8  # cycles whose errors are averaged
AHEAD = 16  # most steps between an origin and the step that is compared; at most half a cycle
LEAST = 0.02  # smallest error distinguished, as a share of the naive error


def skill(z: Tensor, first: Tensor, periods: Tensor, origin: Tensor) -> Tensor:
    """Return the log of each anchor's mean absolute error before each origin: (B, O, A).

    Arguments are those of `nn.anchors.anchors`. The anchor of a step is computed as from an origin half a cycle earlier (16
    steps at most). The errors of the last 8 cycles before the origin are averaged, and divided by the mean absolute error of
    the last value over such a lag. 0 if there is too little history.
    """
    position = torch.arange(z.shape[1], device=z.device)
    since = (position - first[:, None])[:, None]  # (B, 1, L)
    period = periods[..., None]  # (B, 2, 1)
    least = torch.tensor(CYCLES, device=z.device)[:, None] * period[:, :, None]  # (B, 2, k, 1): length of k cycles
    enough = since[:, :, None] >= least
    errors = _cycle_errors(z, since, period) * enough  # (B, 2, k, L)
    ahead = (period // 2).clamp(1, AHEAD)[:, :, None]  # (B, 2, 1, 1)
    total = torch.nn.functional.pad(errors.double().cumsum(-1), (1, 0))
    made, late = [errors], [least]  # late: steps from the first value to the first error
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
    """Return z minus the mean of the k values at the same phase in the cycles before: (B, 2, k, L).

    Valid from k cycles after the first value.
    """
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
    """Return the mean of |x|, x (B, g, n, L), over the `memory` (B, g, 1) steps before each origin (B, O): (B, g, n, O).

    Only steps from `late` (B, g, n, 1) after the first value on count. -1 if there are none.
    """
    seen = steps_before(origin, memory, x.shape[-1]).to(x.dtype)  # (B, g, L, O)
    counted = since[:, :, None] >= late  # (B, g, n, L)
    count = counted.to(x.dtype) @ seen
    return torch.where(count > 0, (x.abs() * counted) @ seen / count.clamp_min(1), torch.full_like(count, -1))
