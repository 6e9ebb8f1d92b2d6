"""Muon: momentum with orthogonalised updates, for the inner matrices of a network."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # quintic iteration with a steep slope at zero
ITERATIONS = 5
WIDE = 2.0  # columns per row above which iterating on the Gram matrix is cheaper


class Muon(torch.optim.Optimizer):
    """Muon (Jordan et al., 2024). Computes what torch.optim.Muon does, but faster on CPU.

    Matrices of the same shape are orthogonalised together, and in `dtype`. PyTorch's always uses bfloat16, which is a hundred
    times slower on a processor that has to emulate it.
    """

    def __init__(
        self, params: Iterable[Tensor], lr: float, weight_decay: float, momentum: float = 0.95, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Apply one update to the parameters that have a gradient."""
        if closure is not None:
            with torch.enable_grad():
                closure()
        for group in self.param_groups:
            alike: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for param in group["params"]:
                if param.grad is not None:
                    alike[param.shape].append(param)
            for shape, params in alike.items():
                self._step(params, shape, group["lr"], group["weight_decay"], group["momentum"])

    def _step(self, params: list[Tensor], shape: torch.Size, rate: float, decay: float, momentum: float) -> None:
        gradients = [p.grad for p in params if p.grad is not None]
        for param in params:
            if not self.state[param]:
                self.state[param]["momentum_buffer"] = torch.zeros_like(param)
        buffers = [self.state[p]["momentum_buffer"] for p in params]
        torch._foreach_lerp_(buffers, gradients, 1 - momentum)
        ahead = torch._foreach_lerp(gradients, buffers, momentum)  # Nesterov's look-ahead
        updates = orthogonal(torch.stack(ahead).to(self.dtype)).to(params[0].dtype)  # (n, rows, columns)
        torch._foreach_mul_(params, 1 - rate * decay)
        torch._foreach_add_(params, list(updates.unbind()), alpha=-rate * math.sqrt(max(1.0, shape[0] / shape[1])))


def orthogonal(matrices: Tensor) -> Tensor:
    """Approximate the nearest orthogonal matrix to each of `matrices` (n, rows, columns), by Newton-Schulz iteration.

    The singular values of the result lie between about 0.7 and 1.2.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp_min(1e-7)
    exact = x.dtype in (torch.float32, torch.float64)  # the Gram matrix squares the singular values, too much for half precision
    x = _by_gram(x) if exact and x.shape[2] > WIDE * x.shape[1] else _by_matrix(x)
    return x.mT if tall else x


def _by_matrix(x: Tensor) -> Tensor:
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x


def _by_gram(x: Tensor) -> Tensor:
    """Compute the same product on the small side: every step is a polynomial of the Gram matrix, and these commute."""
    a, b, c = COEFFICIENTS
    gram = x @ x.mT
    eye = torch.eye(gram.shape[1], dtype=x.dtype, device=x.device)
    whole = torch.baddbmm(a * eye + b * gram, gram, gram, alpha=c)
    step = whole
    for _ in range(ITERATIONS - 1):
        gram = step @ (step @ gram)
        step = torch.baddbmm(a * eye + b * gram, gram, gram, alpha=c)
        whole = step @ whole
    return whole @ x
