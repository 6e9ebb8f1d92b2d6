"""Random tensors from one seeded PyTorch generator."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Draw:
    """Seeded source of random tensors, all on the generator's device. Shapes are the last arguments."""

    generator: torch.Generator

    @property
    def device(self) -> torch.device:
        return self.generator.device

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator, device=self.device) * (high - low) + low

    def log_uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return self.uniform(math.log(low), math.log(high), *shape).exp()

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, device=self.device)

    def chance(self, share: float, *shape: int) -> Tensor:
        """Return booleans that are True with probability `share`."""
        return torch.rand(shape, generator=self.generator, device=self.device) < share

    def integer(self, low: int, high: int, *shape: int) -> Tensor:
        """Return integers in low … high - 1."""
        return torch.randint(low, high, shape, generator=self.generator, device=self.device)

    def choice(self, weights: Sequence[float], *shape: int) -> Tensor:
        """Return indices into `weights`, drawn with these probabilities."""
        edges = torch.tensor(weights, dtype=torch.float32, device=self.device).cumsum(0)
        return torch.searchsorted(edges, self.uniform(0.0, float(edges[-1]), *shape), right=True).clamp_max(len(weights) - 1)

    def order(self, count: int) -> Tensor:
        """Return a random permutation of `count` elements."""
        return torch.randperm(count, generator=self.generator, device=self.device)


@dataclass(frozen=True, eq=False)
class Series:
    """Result of a generator: values (B, N), float32, and their season lengths (B, 2), 1 for none."""

    values: Tensor
    seasons: Tensor


def no_seasons(draw: Draw, count: int) -> Tensor:
    return torch.ones(count, 2, dtype=torch.long, device=draw.device)


def pick(which: Tensor, options: Sequence[Tensor]) -> Tensor:
    """Select row b of options[which[b]]: which (B,), options (B, N) each -> (B, N)."""
    out = options[0]
    for i, option in enumerate(options[1:], 1):
        out = torch.where((which == i)[:, None], option, out)
    return out


def blended(draw: Draw, weights: Sequence[float], x: Tensor, changes: Sequence[Callable[[Draw, Tensor], Tensor]]) -> Tensor:
    """Apply one of the changes to each row of x (B, N), drawn by `weights`. Each change gets its own rows only."""
    which = draw.choice(weights, x.shape[0])
    out = x
    for i, change in enumerate(changes):
        rows = (which == i).nonzero()[:, 0]
        if len(rows) == x.shape[0]:
            return change(draw, x)
        if len(rows):
            out = torch.empty_like(x) if out is x else out
            out[rows] = change(draw, x[rows])
    return out


def standard(x: Tensor) -> Tensor:
    """Standardise rows (…, N) to mean 0 and standard deviation 1. Constant rows become 0."""
    x = x - x.mean(-1, keepdim=True)
    return x / x.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-6)


def ticks(draw: Draw, length: int) -> Tensor:
    """Return 0 … N - 1 as float32, (N,)."""
    return torch.arange(length, device=draw.device, dtype=torch.float32)
