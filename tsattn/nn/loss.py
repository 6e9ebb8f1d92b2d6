"""Quantile loss."""

from __future__ import annotations

import torch
from torch import Tensor


def pinball(quantiles: Tensor, predicted: Tensor, target: Tensor) -> Tensor:
    """Compute the quantile loss max(q·e, (q − 1)·e), e = target − predicted (Koenker & Bassett 1978).

    Its expectation is minimal at the q-quantile. quantiles (Q,), predicted (…, Q), target (…) -> (…, Q), in the target's units.
    """
    error = target.unsqueeze(-1) - predicted
    return torch.maximum(quantiles * error, (quantiles - 1) * error)
