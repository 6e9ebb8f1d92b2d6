"""A batch to try a network on: what graphs are traced and checked with, and descriptions are made of."""

from __future__ import annotations

import numpy as np
import torch

from tsattn.config import ModelConfig
from tsattn.data.cleaning.seasonality import find_seasons
from tsattn.nn.network import Network

INPUTS = ("target", "past_cov", "known", "static", "seasons")  # as Network.forward takes them


def example(network: Network, batch: int = 3) -> tuple[torch.Tensor, ...]:
    """A seeded batch with trends, seasons, a missing head and missing values, in the order of INPUTS."""
    config, spec = network.config, network.spec
    rng = np.random.default_rng(0)
    time = np.arange(config.context)
    target = np.stack([10 * (i + 1) + 0.01 * i * time + np.sin(time / (3 + i)) for i in range(batch)])
    target = (target + 0.1 * rng.standard_normal(target.shape)).astype(np.float32)
    target[1, : config.context // 3] = np.nan
    target[rng.random(target.shape) < 0.05] = np.nan
    target[:, -1] = 1.0
    return tuple(
        torch.from_numpy(x.astype(np.float32))
        for x in (
            target,
            rng.standard_normal((batch, config.context, spec.past)),
            rng.standard_normal((batch, config.context + config.reach, spec.known)),
            rng.standard_normal((batch, spec.static)),
            find_seasons(target),
        )
    )


def shortened(values: tuple[torch.Tensor, ...], config: ModelConfig, tokens: int) -> tuple[torch.Tensor, ...]:
    """The last so many tokens of a batch in the order of INPUTS."""
    target, past, known, *rest = values
    steps = tokens * config.patch
    return (target[:, -steps:], past[:, -steps:], known[:, known.shape[1] - config.reach - steps :], *rest)
