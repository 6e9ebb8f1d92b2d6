"""Sample paths of an autoregressive network: scores from NumPy, generation in PyTorch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tsattn.forecasting.sample_paths import at_scores
from tsattn.nn.generate import generate
from tsattn.nn.inputs import Inputs
from tsattn.nn.network import Network


def sample(network: Network, feed: dict[str, np.ndarray], scores: np.ndarray) -> np.ndarray:
    """Return sample paths (B, H, P), float32, along normal scores (B, H, P). H must be a multiple of the patch."""
    patch, quantiles, paths = network.config.patch, network.spec.quantiles, scores.shape[2]
    each = scores.transpose(0, 2, 1).reshape(-1, scores.shape[1])  # (B·P, H)

    def draw(expected: Tensor, number: int) -> Tensor:
        levels = each[:, number * patch : (number + 1) * patch, None]
        return torch.from_numpy(at_scores(expected.numpy(), quantiles, levels)[..., 0].astype(np.float32))

    inputs = Inputs.of(feed)
    # a history without negative values (prices, counts, rain) has no negative paths
    least = np.where(np.nanmin(feed["target"], 1, initial=np.inf) >= 0, 0.0, -np.inf).astype(np.float32)
    return generate(network, inputs, scores.shape[1] // patch, paths, draw, torch.from_numpy(least)).numpy()
