"""Batches of synthetic series: each row comes from one generator and is then disturbed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tsattn.synthetic.activity import activity
from tsattn.synthetic.config import SyntheticConfig
from tsattn.synthetic.counts import bursts, counts
from tsattn.synthetic.devices import devices, oscillators
from tsattn.synthetic.disturb import disturbed
from tsattn.synthetic.draws import Draw, Series
from tsattn.synthetic.economic import economic
from tsattn.synthetic.linear import arima, gaussian_process, random_walk
from tsattn.synthetic.regimes import regimes
from tsattn.synthetic.structural import structural
from tsattn.synthetic.wandering import wandering
from tsattn.synthetic.weather import weather

# in the order of SyntheticConfig's fields
GENERATORS: dict[str, Callable[[Draw, int, int], Series]] = {
    "structural": structural,
    "wandering": wandering,
    "activity": activity,
    "weather": weather,
    "economic": economic,
    "arima": arima,
    "random_walk": random_walk,
    "gaussian_process": gaussian_process,
    "regimes": regimes,
    "counts": counts,
    "devices": devices,
    "oscillators": oscillators,
    "bursts": bursts,
}
BLOCK = 128


@dataclass(frozen=True, eq=False)
class SyntheticBatch:
    """Series for pre-training."""

    target: Tensor  # (B, N) float32, NaN where missing or before the series starts
    season_lengths: np.ndarray  # (B, 2) int64, season lengths of the frequency, 1 for none
    kind: np.ndarray  # (B,) int64, indices into GENERATORS


def generate(
    config: SyntheticConfig, count: int, length: int, seed: int | Sequence[int], device: str | torch.device = "cpu"
) -> SyntheticBatch:
    """Generate `count` series of `length` steps (at least 64). The same arguments give the same series.

    Each row has at least 32 observed values, not all equal, before its last min(64, length / 2) steps. Each generator in use
    costs a fixed overhead, so large batches are several times cheaper per series than small ones. Raises ValueError if
    `length` is less than 64.
    """
    if length < 64:
        raise ValueError(f"synthetic series need at least 64 steps, not {length}")
    state = np.random.SeedSequence(seed).generate_state(2, np.uint64)
    weights = np.array(config.weights) / sum(config.weights)
    kind = np.random.default_rng(int(state[0])).choice(len(GENERATORS), count, p=weights)
    draw = Draw(torch.Generator(device).manual_seed(int(state[1] >> 1)))
    values = torch.empty(count, length, device=device)
    seasons = torch.empty(count, 2, dtype=torch.long, device=device)
    # in chunks that fit into the processor's cache
    block = BLOCK if draw.device.type == "cpu" else max(count, 1)
    for index, make in enumerate(GENERATORS.values()):
        for rows in torch.from_numpy(np.flatnonzero(kind == index)).to(device).split(block):
            if len(rows):
                made = make(draw, len(rows), length)
                values[rows], seasons[rows] = made.values, made.seasons
    for first in range(0, count, block):
        rows = slice(first, first + block)
        done = disturbed(draw, config, Series(values[rows], seasons[rows]))
        values[rows], seasons[rows] = done.values, done.seasons
    return SyntheticBatch(values, seasons.cpu().numpy(), kind)
