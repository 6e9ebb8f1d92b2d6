"""Training profile: seconds by part of a training step."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from tsattn.nn.network import Network

DATA, EMBEDDING, FRONT_END, ATTENTION = "data", "scaling, embedding", "front-end", "attention"
HEAD, OPTIMISER, VALIDATION, REST = "head, loss", "optimiser", "validation, state", "the rest"
PARTS = (DATA, EMBEDDING, FRONT_END, ATTENTION, HEAD, OPTIMISER, VALIDATION, REST)


class Timeline:
    """Seconds spent in each part of training, forward and backward together, and the number of steps.

    The parts run one after another, so one clock is enough: `mark` ends a part. Hooks mark the boundaries inside the network,
    on its modules in the forward pass and on the tensors between them in the backward pass. If a batch is processed in parts,
    the backward pass through the embedding of one counts as the head of the next.
    """

    def __init__(self, inside: bool = True) -> None:
        """Start with all times at zero.

        inside: also time the parts of the network. If False, they count as one, and a GPU is never synchronised.
        """
        self.inside = inside
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self.steps = 0
        self._last: float | None = None
        self._settle: Callable[[], Any] | None = None

    def watch(self, network: Network, device: torch.device) -> None:
        """Add hooks to a network for its lifetime. On a GPU, each mark then waits for the work queued before it."""
        self._last = None
        if not self.inside:
            return
        self._settle = torch.cuda.synchronize if device.type == "cuda" else None
        network.front_end.register_forward_pre_hook(lambda _, given: self._between(given[0], EMBEDDING, FRONT_END))
        network.front_end.register_forward_hook(lambda _, __, made: self._between(made, FRONT_END, ATTENTION))
        network.norm.register_forward_hook(lambda _, __, made: self._between(made, ATTENTION, HEAD))

    def mark(self, part: str) -> None:
        """Add the time since the last mark to `part`. The first mark only starts the clock."""
        if self._settle is not None:
            self._settle()
        now = time.perf_counter()
        if self._last is not None:
            self.seconds[part] += now - self._last
        self._last = now

    def _between(self, x: Tensor, forward: str, backward: str) -> None:
        """Mark the boundary x between two parts: `forward` ends there in the forward pass, `backward` in the backward pass."""
        self.mark(forward)
        if x.requires_grad:
            x.register_hook(lambda _: self.mark(backward))

    def share(self, part: str) -> float | None:
        """Return the share of the total time spent in `part`, or None before the first step."""
        total = sum(self.seconds.values())
        return self.seconds[part] / total if total else None

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {"steps": self.steps, "seconds": {part: round(seconds, 4) for part, seconds in self.seconds.items()}}
