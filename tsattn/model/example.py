"""Example batches, for tracing, checking and describing networks."""

from __future__ import annotations

from torch import Tensor

from tsattn.nn.inputs import TIMED, Inputs
from tsattn.nn.network import Network


def example(network: Network, batch: int = 3) -> tuple[Tensor, ...]:
    """Return the example batch of the network's InputSpec, in the order of NAMES."""
    return Inputs.of(network.spec.example(network.config, batch)).tensors()


def shortened(values: dict[str, Tensor], steps: int) -> dict[str, Tensor]:
    """Return a batch by name with only the last `steps` past steps; future steps are kept."""
    left_out = values["target"].shape[1] - steps
    return {name: value[:, left_out:] if name in TIMED else value for name, value in values.items()}
