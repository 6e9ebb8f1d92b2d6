"""Pre-training: synthetic series, made in the training process as they are learnt from, and others held back to judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch

from tsattn.config import ModelConfig, TrainConfig, to_mapping
from tsattn.data.cleaning.seasonality import find_seasons
from tsattn.forecasting.frame import DEFAULT_QUANTILES
from tsattn.nn.inputs import Inputs, InputSpec
from tsattn.nn.network import Network
from tsattn.nn.objective import window_loss
from tsattn.synthetic.config import SyntheticConfig
from tsattn.synthetic.generate import SyntheticBatch, generate
from tsattn.training.batches import TrainingBatch, choose_origins

HELD_BACK = 8  # batches of series that are never trained on
TOGETHER = 8  # batches made at once: many series cost little more than a few
_TRAIN, _HELD_BACK = 0, 1  # streams of random numbers that never meet


class SyntheticSource:
    """A `Source` of generated series: no covariates, no calendar, any frequency."""

    def __init__(self, synthetic: SyntheticConfig, model: ModelConfig, train: TrainConfig) -> None:
        self.synthetic, self.model, self.train, self.near = synthetic, model, train, model.pass_steps
        self.spec = InputSpec(0, 0, 0, DEFAULT_QUANTILES)
        self._made: tuple[tuple[int, ...], SyntheticBatch] | None = None

    @property
    def identity(self) -> dict[str, Any]:
        return {"synthetic": to_mapping(self.synthetic)}

    def prepare(self, network: Network) -> None:
        """Nothing: there are no covariates."""

    def sample(self, step: int, rank: int) -> TrainingBatch:
        target, usual = self.rows(step, rank)
        return self.batch_of(target, usual, np.random.default_rng((_TRAIN, self.train.seed, rank, step // TOGETHER, step)))

    def rows(self, step: int, rank: int) -> tuple[np.ndarray, np.ndarray]:
        """The series of a step, (B, L + H), and the season lengths of their frequencies, (B, 2)."""
        rows, number = self.train.batch, step // TOGETHER
        key = (_TRAIN, self.train.seed, rank, number)
        if self._made is None or self._made[0] != key:
            self._made = key, self._generate(key, rows * TOGETHER)
        made, first = self._made[1], step % TOGETHER * rows
        return made.target[first : first + rows].numpy(), made.season_lengths[first : first + rows]

    def validate(self, network: Network, device: torch.device) -> float | None:
        """Mean scaled quantile loss at the end of series that are the same whatever the training's seed."""
        return mean_loss(network, self.model, self.held_back(device), device)

    def held_back(self, device: torch.device) -> Iterator[tuple[Inputs, torch.Tensor]]:
        """The network's inputs and the future (B, H) of the series held back."""
        for number in range(HELD_BACK):
            made = self._generate((_HELD_BACK, number), 64)
            batch = self.batch_of(made.target.numpy(), made.season_lengths, np.random.default_rng(number), whole=True)
            yield as_inputs(batch, device)

    def _generate(self, seed: tuple[int, ...], rows: int) -> SyntheticBatch:
        return generate(self.synthetic, rows, self.model.context + self.model.pass_steps, seed)

    def batch_of(self, target: np.ndarray, usual: np.ndarray, rng: np.random.Generator, *, whole: bool = False) -> TrainingBatch:
        """target (B, L + H), usual (B, 2): season lengths of the frequency; `whole`: scale by the whole past."""
        context = self.model.context
        past, future = np.ascontiguousarray(target[:, :context]), np.ascontiguousarray(target[:, context:])
        prefix, chosen = choose_origins(past, self.model.patch, self.train.origins, rng)
        # what the scale may not look at, the seasons may not either
        visible = past if whole else np.where(np.arange(context) < prefix[:, None], past, np.nan)
        none = np.zeros((*target.shape, 0), np.float32)
        seasons = find_seasons(visible, usual)
        return TrainingBatch(past, none[:, :context], none, none[:, 0], seasons, past, future, prefix, chosen)


def as_inputs(batch: TrainingBatch, device: torch.device) -> tuple[Inputs, torch.Tensor]:
    """The network's inputs of a batch, and its future (B, H), on a device."""
    return Inputs.of(vars(batch), device), torch.from_numpy(batch.future).to(device)


def mean_loss(
    network: Network, model: ModelConfig, batches: Iterable[tuple[Inputs, torch.Tensor]], device: torch.device
) -> float | None:
    """Mean scaled quantile loss of forecasts from the end of each window; None when nothing was observed there."""
    total = count = 0.0
    for inputs, future in batches:
        end = torch.full((len(future), 1), model.context, device=device)
        with torch.no_grad():
            loss, seen = window_loss(network, inputs, future, end[:, 0], end)
        total += float(loss) * float(seen)
        count += float(seen)
    return total / count if count else None
