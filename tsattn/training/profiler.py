"""Where the time of a training goes: seconds between marks, added up under the name of what ended at each."""

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
    """Seconds of the parts of training, forward and backward together, and how many steps they are of.

    Training goes through its parts one after another, so one clock serves: `mark` ends a part. The boundaries inside the
    network are heard by hooks, of modules on the way forward and of the tensors between them on the way back. Where a batch goes
    through in parts, the way back through the embedding of one counts as the head of the next.
    """

    def __init__(self, inside: bool = True) -> None:
        """inside: hear the parts of the network too; without, all of them count as one, and a GPU is never waited for."""
        self.inside = inside
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self.steps = 0
        self._last: float | None = None
        self._settle: Callable[[], Any] | None = None

    def watch(self, network: Network, device: torch.device) -> None:
        """Hear the parts of this network, for as long as it lives. On a GPU each mark waits for what was begun."""
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
        """x leaves one part for the next: forward what it came from, backward what its gradient comes from."""
        self.mark(forward)
        if x.requires_grad:
            x.register_hook(lambda _: self.mark(backward))

    def share(self, part: str) -> float | None:
        """The part's share of the time; None before the first step."""
        total = sum(self.seconds.values())
        return self.seconds[part] / total if total else None

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"steps": self.steps, "seconds": {part: round(seconds, 4) for part, seconds in self.seconds.items()}}
