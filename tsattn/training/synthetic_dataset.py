"""Pre-training on synthetic series, generated in the training process, with others held back for validation."""

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

HELD_BACK = 8  # batches for validation
TOGETHER = 8  # batches generated at once: cheaper than one by one
_TRAIN, _HELD_BACK = 0, 1  # separate random streams


class SyntheticSource:
    """Source of generated series: no covariates, no calendar, any frequency."""

    def __init__(self, synthetic: SyntheticConfig, model: ModelConfig, train: TrainConfig) -> None:
        self.synthetic, self.model, self.train, self.near = synthetic, model, train, model.steps_at_once(model.most_at_once)
        self.spec = InputSpec(0, 0, 0, DEFAULT_QUANTILES)
        self._made: tuple[tuple[int, ...], SyntheticBatch] | None = None

    @property
    def identity(self) -> dict[str, Any]:
        return {"synthetic": to_mapping(self.synthetic)}

    def prepare(self, network: Network) -> None:
        """Do nothing: there are no covariates."""

    def sample(self, step: int, rank: int) -> TrainingBatch:
        target, usual = self.rows(step, rank)
        return self.batch_of(target, usual, np.random.default_rng((_TRAIN, self.train.seed, rank, step // TOGETHER, step)))

    def rows(self, step: int, rank: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the series of a step, (B, L + H), and the season lengths of their frequencies, (B, 2)."""
        rows, number = self.train.batch, step // TOGETHER
        key = (_TRAIN, self.train.seed, rank, number)
        if self._made is None or self._made[0] != key:
            self._made = key, self._generate(key, rows * TOGETHER)
        made, first = self._made[1], step % TOGETHER * rows
        return made.target[first : first + rows].numpy(), made.season_lengths[first : first + rows]

    def validate(self, network: Network, device: torch.device) -> float | None:
        """Return the mean scaled quantile loss on the held-back series, which do not depend on the training seed."""
        return mean_loss(network, self.model, self.held_back(device), device)

    def held_back(self, device: torch.device) -> Iterator[tuple[Inputs, torch.Tensor]]:
        """Yield inputs and future (B, H) of the held-back series, batch by batch."""
        for number in range(HELD_BACK):
            made = self._generate((_HELD_BACK, number), 64)
            batch = self.batch_of(made.target.numpy(), made.season_lengths, np.random.default_rng(number), whole=True)
            yield as_inputs(batch, device)

    def _generate(self, seed: tuple[int, ...], rows: int) -> SyntheticBatch:
        return generate(self.synthetic, rows, self.model.context + self.near, seed)

    def batch_of(self, target: np.ndarray, usual: np.ndarray, rng: np.random.Generator, *, whole: bool = False) -> TrainingBatch:
        """Make a training batch of target (B, L + H). usual (B, 2): season lengths of the frequency.

        whole: find seasons in the whole past instead of the prefix, as when forecasting.
        """
        context = self.model.context
        past, future = np.ascontiguousarray(target[:, :context]), np.ascontiguousarray(target[:, context:])
        prefix, chosen = choose_origins(past, self.model.patch, self.train.origins, rng)
        # seasons are found in the prefix, as is the scale
        visible = past if whole else np.where(np.arange(context) < prefix[:, None], past, np.nan)
        none = np.zeros((*target.shape, 0), np.float32)
        seasons = find_seasons(visible, usual)
        group = np.arange(len(target))
        return TrainingBatch(past, none[:, :context], none, none[:, 0], seasons, group, past, future, prefix, chosen)


def as_inputs(batch: TrainingBatch, device: torch.device) -> tuple[Inputs, torch.Tensor]:
    """Return a batch's inputs and future (B, H) as tensors on a device."""
    return Inputs.of(vars(batch), device), torch.from_numpy(batch.future).to(device)


def mean_loss(
    network: Network, model: ModelConfig, batches: Iterable[tuple[Inputs, torch.Tensor]], device: torch.device
) -> float | None:
    """Return the mean scaled quantile loss of forecasts from the end of each window, or None without observed targets."""
    total = count = 0.0
    for inputs, future in batches:
        end = torch.full((len(future), 1), model.context, device=device)
        with torch.no_grad():
            loss, seen = window_loss(network, inputs, future, end[:, 0], end)
        total += float(loss) * float(seen)
        count += float(seen)
    return total / count if count else None
