"""Autoregressive generation, patch by patch, with cached keys, values and recurrent states."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor

from tsattn.nn.anchor_features import simple
from tsattn.nn.attention import angles_at
from tsattn.nn.inputs import Inputs
from tsattn.nn.network import Network
from tsattn.nn.scaling import Scale


class Stream:
    """Series that grow by one patch at a time: `expected` forecasts the next patch, `grow` appends one.

    Recurrent states and the keys and values of attention (sums for linear attention) are cached, so that a patch costs one
    token. The scale is that of the initial history, as in training, where a prefix sets the scale of what follows. Attention
    spans the context of the network.
    """

    def __init__(self, network: Network, inputs: Inputs) -> None:
        """Read inputs with any whole number of patches of history. `known` must cover every step to be generated."""
        self.network, self.seasons = network, inputs.seasons
        steps = inputs.target.shape[1]
        self.read = network.read(inputs, torch.full_like(inputs.seasons[:, 0], steps, dtype=torch.int64))
        self.z, self.tokens = self.read.z, steps // network.config.patch
        x = network.placed(self.read, inputs)
        x, self.state = network.front_end.step(x, None)
        self.caches = []
        for block in network.encoder:
            seen = block.attention.mask(network.full(self.read.seen), network.angles(self.tokens), x.dtype)
            self.caches.append(block.attention.remember(block.norm_attention(x), seen, network.tokens))
            x = block(x, seen)
        self.newest = network.norm(x)[:, -1:]  # (B, 1, D)

    def repeat(self, times: int) -> None:
        """Repeat each series `times` times, for several sample paths of one history."""

        def again(x: Tensor, axis: int = 0) -> Tensor:
            return x.repeat_interleave(times, axis)

        scale = Scale(*(again(getattr(self.read.scale, f.name)) for f in dataclasses.fields(Scale)))
        fields = ("z", "seen", "measured", "first", "known", "static")
        self.read = dataclasses.replace(self.read, scale=scale, **{name: again(getattr(self.read, name)) for name in fields})
        self.z, self.seasons, self.newest = again(self.z), again(self.seasons), again(self.newest)
        self.caches = [cache.repeat(times) for cache in self.caches]
        if isinstance(self.state, Tensor):
            self.state = again(self.state, 1)
        elif self.state is not None:
            self.state = again(self.state[0], 1), again(self.state[1], 1)

    def expected(self) -> Tensor:
        """Return the quantiles of the next patch, (B, patch, Q), in units of the scale."""
        patch, start = self.network.config.patch, self.z.shape[1]
        origin = torch.full_like(self.read.first[:, None], start)
        past = self.z, self.read.first, self.seasons[:, :2].long(), origin, patch
        ahead = self.read.known[:, None, start : start + patch]
        return self.network.head(self.newest, simple(*past), ahead, self.read.scale)[:, 0]

    def grow(self, z: Tensor) -> None:
        """Append z (B, patch), in units of the scale."""
        network, start = self.network, self.z.shape[1]
        unknown = [torch.zeros(len(z), 1, 2 * network.spec.past * z.shape[1])] if network.spec.past else []
        x = network.embedded(z, torch.ones_like(z, dtype=torch.bool), unknown, self.read, self.seasons, start)
        x = network.position(x, self.read.first // network.config.patch, self.tokens)
        x, self.state = network.front_end.step(x, self.state)
        place = torch.tensor([self.tokens])
        turned = angles_at(place, network.config.width // network.config.heads)
        angles = turned if network.config.position == "rotary" else None
        for number, block in enumerate(network.encoder):
            out, self.caches[number] = block.attention.step(block.norm_attention(x), self.caches[number], angles)
            x = x + out
            x = x + block.feed_forward(block.norm_feed_forward(x))
        self.newest = network.norm(x)
        self.z, self.tokens = torch.cat([self.z, z], 1), self.tokens + 1


def generate(
    network: Network, inputs: Inputs, patches: int, paths: int, draw: Callable[[Tensor, int], Tensor], least: Tensor
) -> Tensor:
    """Sample paths of the target, (B, patches · patch, paths), in its own units.

    draw: maps the quantiles of patch number i, (B·paths, patch, Q) in units of the scale, to values (B·paths, patch). The paths
    of a series are adjacent. least (B,): lower bound of every path, in the target's units.
    """
    made = []
    with torch.no_grad():
        stream = Stream(network, inputs)
        stream.repeat(paths)
        scale = stream.read.scale
        floor = (least.repeat_interleave(paths)[:, None] - scale.mean) / scale.std
        for number in range(patches):
            made.append(torch.maximum(draw(stream.expected(), number), floor))
            if number + 1 < patches:
                stream.grow(made[-1])
        values = torch.cat(made, 1) * scale.std + scale.mean  # (B·paths, patches·patch)
        return values.unflatten(0, (-1, paths)).transpose(1, 2)
