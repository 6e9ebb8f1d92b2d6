"""Sources of training data: batches by step, and the rows held back to choose weights by."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch

from tsattn.config import ModelConfig, TrainConfig
from tsattn.data.cleaning.prepare import observed
from tsattn.data.freq import calendar_names
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, gather
from tsattn.forecasting.frame import DEFAULT_QUANTILES
from tsattn.nn.inputs import InputSpec
from tsattn.nn.network import Network
from tsattn.training.batches import TrainingBatch, sample
from tsattn.training.validation import hold_back, score


class Source(Protocol):
    """Everything random about the batch of step k is drawn from (seed, rank, k): a resumed run sees what an unbroken one does."""

    @property
    def spec(self) -> InputSpec:
        """The widths of what the batches carry."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """Properties of the data that a resumed run must share with the first."""

    @property
    def near(self) -> int:
        """Steps ahead that will be asked for; what lies beyond counts little."""

    def prepare(self, network: Network) -> None:
        """Set the buffers that a new network does not learn from batches: the spread of covariates."""

    def sample(self, step: int, rank: int) -> TrainingBatch:
        """The batch of a step in one of several processes."""

    def validate(self, network: Network, device: torch.device) -> float | None:
        """Mean scaled quantile loss on what was held back; None when nothing was."""


class PanelSource:
    """Windows of a panel that ends where its test tail begins; its last rows are the validation tail, unless `whole`.

    The tail is of windows of `horizon` steps, by default the network's, and these count most. Sentinels and gross errors are
    missing, as values that are no observations teach nothing.
    """

    def __init__(
        self, panel: Panel, model: ModelConfig, train: TrainConfig, *, whole: bool = False, horizon: int | None = None
    ) -> None:
        self.panel, self.model, self.train, self.near = panel, model, train, horizon or model.horizon
        trainable, self.tail = (panel, None) if whole else hold_back(panel, self.near)
        self.trainable, self.observed = observed(trainable), observed(panel)

    @property
    def spec(self) -> InputSpec:
        panel = self.trainable
        window = gather(panel, Origins(np.zeros(1, np.int64), panel.origin[:1]), self.model.patch, self.model.pass_steps)
        return InputSpec(window.past_cov.shape[2], window.known.shape[2], window.static.shape[1], DEFAULT_QUANTILES)

    @property
    def identity(self) -> dict[str, Any]:
        panel = self.panel
        digest = hashlib.sha256("\0".join((panel.freq.alias, *panel.item_ids)).encode())
        for array in (panel.origin, panel.start.astype(np.int64), panel.target, panel.past, panel.known, panel.static):
            digest.update(np.ascontiguousarray(array).tobytes())
        return {"data": digest.hexdigest()[:16]}

    def prepare(self, network: Network) -> None:
        """Give the network the spread of declared known and static covariates, measured before the origins only."""
        panel = self.trainable
        observed = np.concatenate([np.arange(a, b) for a, b in zip(panel.indptr[:-1], panel.origin, strict=True)])
        calendar = len(calendar_names(panel.freq))
        for name, values, skip in (("known", panel.known[observed], calendar), ("static", panel.static, 0)):
            if not values.shape[1]:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # a feature that was never observed stays as it is
                mean, std = np.nan_to_num(np.nanmean(values, 0)), np.nan_to_num(np.nanstd(values, 0))
            getattr(network, f"{name}_mean")[skip:] = torch.from_numpy(mean)
            getattr(network, f"{name}_std")[skip:] = torch.from_numpy(np.where(std > 1e-8, std, 1.0).astype(np.float32))

    def sample(self, step: int, rank: int) -> TrainingBatch:
        return sample(self.trainable, self.model, self.train, step, rank)

    def validate(self, network: Network, device: torch.device) -> float | None:
        return None if self.tail is None else score(network, self.observed, self.tail, device)
