"""Example batches, for tracing, checking and describing networks."""

from __future__ import annotations

from torch import Tensor

from tsattn.config import ModelConfig
from tsattn.nn.inputs import AXES, NAMES, SPAN, TIMED, Inputs
from tsattn.nn.network import Network


def example(network: Network, batch: int = 3) -> tuple[Tensor, ...]:
    """Return the example batch of the network's InputSpec, in the order of NAMES."""
    return Inputs.of(network.spec.example(network.config, batch)).tensors()


def shortened(values: tuple[Tensor, ...], config: ModelConfig, tokens: int) -> tuple[Tensor, ...]:
    """Return the last `tokens` tokens of a batch, in the order of NAMES."""
    steps = tokens * config.patch
    kept = {name: steps + (config.pass_steps if AXES[name][0] == SPAN else 0) for name in TIMED}
    return tuple(
        value[:, value.shape[1] - kept[name] :] if name in kept else value for name, value in zip(NAMES, values, strict=True)
    )
