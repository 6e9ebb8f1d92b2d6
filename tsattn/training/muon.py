"""Muon: momentum whose update is made orthogonal, for the inner matrices of a network."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic iteration, chosen for its slope at zero
ITERATIONS = 5
WIDE = 2.0  # columns a row, from which on it costs less to iterate on the Gram matrix


class Muon(torch.optim.Optimizer):
    """Muon (Jordan et al., 2024), as torch.optim.Muon computes it, but for two things that decide its cost on a CPU.

    Matrices of one shape are orthogonalised together, and in `dtype`: torch's always takes bfloat16, which a processor
    without such instructions emulates a hundred times slower.
    """

    def __init__(
        self, params: Iterable[Tensor], lr: float, weight_decay: float, momentum: float = 0.95, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One step, from the gradients that are there."""
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
    """About the nearest orthogonal matrix to each of (n, rows, columns), by Newton-Schulz; singular values 0.7 to 1.2."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp_min(1e-7)
    exact = x.dtype in (torch.float32, torch.float64)  # a Gram matrix squares the singular values: too far for half precision
    x = _by_gram(x) if exact and x.shape[2] > WIDE * x.shape[1] else _by_matrix(x)
    return x.mT if tall else x


def _by_matrix(x: Tensor) -> Tensor:
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x


def _by_gram(x: Tensor) -> Tensor:
    """The same product on the small side: every step is a polynomial of the Gram matrix, and all of these commute."""
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
