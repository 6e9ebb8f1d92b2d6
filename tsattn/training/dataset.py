"""Sources of training data: batches by step, and held-back rows for validation."""

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
    """Source of training batches and of the validation loss.

    All random numbers of step k are drawn from (seed, rank, k), so a resumed run gets the same batches as an uninterrupted one.
    """

    @property
    def spec(self) -> InputSpec:
        """Input widths of the batches."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """Properties of the data that a resumed run must share with the first."""

    @property
    def near(self) -> int:
        """Number of steps ahead with full weight in the loss."""

    def prepare(self, network: Network) -> None:
        """Set the network's buffers for the mean and standard deviation of covariates."""

    def sample(self, step: int, rank: int) -> TrainingBatch:
        """Return the batch of a step for the process with this rank."""

    def validate(self, network: Network, device: torch.device) -> float | None:
        """Return the mean scaled quantile loss on held-back data, or None if there is none."""


class PanelSource:
    """Windows of a panel that ends before its test windows. Unless `whole`, its last rows are held back for validation.

    horizon: steps of a validation window, by default the network's horizon; these steps have full weight in the loss. Sentinels
    and gross errors count as missing.
    """

    def __init__(
        self, panel: Panel, model: ModelConfig, train: TrainConfig, *, whole: bool = False, horizon: int | None = None
    ) -> None:
        self.panel, self.model, self.train, self.near = panel, model, train, horizon or model.most_at_once
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
        """Set the mean and standard deviation of known and static covariates, from the rows before the origins."""
        panel = self.trainable
        observed = np.concatenate([np.arange(a, b) for a, b in zip(panel.indptr[:-1], panel.origin, strict=True)])
        calendar = len(calendar_names(panel.freq))
        for name, values, skip in (("known", panel.known[observed], calendar), ("static", panel.static, 0)):
            if not values.shape[1]:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # features that were never observed keep mean 0 and std 1
                mean, std = np.nan_to_num(np.nanmean(values, 0)), np.nan_to_num(np.nanstd(values, 0))
            getattr(network, f"{name}_mean")[skip:] = torch.from_numpy(mean)
            getattr(network, f"{name}_std")[skip:] = torch.from_numpy(np.where(std > 1e-8, std, 1.0).astype(np.float32))

    def sample(self, step: int, rank: int) -> TrainingBatch:
        return sample(self.trainable, self.model, self.train, step, rank, self.near)

    def validate(self, network: Network, device: torch.device) -> float | None:
        # leads of a few steps help little over a whole pass: a joint network is scored on the requested horizon only
        near = self.near if self.model.across else None
        return None if self.tail is None else score(network, self.observed, self.tail, device, horizon=self.near, near=near)
