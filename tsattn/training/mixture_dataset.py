"""Pre-training on real and synthetic series: a share of the rows of each batch comes from a corpus."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from tsattn.config import ModelConfig, TrainConfig
from tsattn.data.corpus.config import CorpusConfig
from tsattn.data.corpus.rows import Drawer
from tsattn.data.corpus.store import Corpus
from tsattn.nn.inputs import Inputs, InputSpec
from tsattn.nn.network import Network
from tsattn.synthetic.config import SyntheticConfig
from tsattn.training.batches import TrainingBatch
from tsattn.training.synthetic_dataset import SyntheticSource, as_inputs, mean_loss

HELD_BACK = 256  # windows of each source held out
_BATCH = 7  # separate random stream


class MixtureSource:
    """Source that mixes real and synthetic rows in a batch: no covariates, no calendar, any frequency.

    The validation loss is the mean of that on held-back synthetic series and that on the corpus sources held out.
    """

    def __init__(
        self, corpus: Corpus, config: CorpusConfig, synthetic: SyntheticConfig, model: ModelConfig, train: TrainConfig
    ) -> None:
        self.corpus, self.config, self.model, self.train = corpus, config, model, train
        self.near = model.steps_at_once(model.most_at_once)
        self.real = round(config.share * train.batch)
        self.synthetic = SyntheticSource(synthetic, model, dataclasses.replace(train, batch=max(1, train.batch - self.real)))
        self.drawer = Drawer(corpus, config, model.context, self.near, train.seed)

    @property
    def spec(self) -> InputSpec:
        return self.synthetic.spec

    @property
    def identity(self) -> dict[str, Any]:
        return {**self.synthetic.identity, "corpus": {"fingerprint": self.corpus.fingerprint, **self.config.identity()}}

    def prepare(self, network: Network) -> None:
        """Do nothing: there are no covariates."""

    def sample(self, step: int, rank: int) -> TrainingBatch:
        parts = []
        if self.real:
            rows = self.drawer.rows(self.real, step, rank)
            parts.append((rows.target, rows.seasons))
        if self.real < self.train.batch:
            parts.append(self.synthetic.rows(step, rank))
        target, seasons = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return self.synthetic.batch_of(target, seasons, np.random.default_rng((_BATCH, self.train.seed, rank, step)))

    def validate(self, network: Network, device: torch.device) -> float | None:
        """Return the mean of the losses on held-back synthetic series and on the corpus sources held out."""
        losses = [self.synthetic.validate(network, device)]
        held = [mean_loss(network, self.model, [self.held_out(name, device)], device) for name in self.config.held_out]
        known = [loss for loss in held if loss is not None]
        if known:
            losses.append(float(np.mean(known)))
        found = [loss for loss in losses if loss is not None]
        return float(np.mean(found)) if found else None

    def held_out(self, name: str, device: torch.device) -> tuple[Inputs, torch.Tensor]:
        """Return inputs and future (B, H) of windows of one held-out corpus source, without augmentation."""
        others = {source: 0.0 for source in self.corpus.sources if source != name}
        config = dataclasses.replace(self.config.undisturbed(), held_out=(), weights=others)
        rows = Drawer(self.corpus, config, self.model.context, self.near, 0).rows(HELD_BACK, 0)
        return as_inputs(self.synthetic.batch_of(rows.target, rows.seasons, np.random.default_rng(0), whole=True), device)

    def sources(self) -> list[dict[str, Any]]:
        """Return counts, licence and use of each source, for the model card."""
        trained = {self.corpus.source(int(item)) for item in self.drawer.chosen}
        return [
            {**row, "licence": self.config.licences.get(row["source"]), "trained_on": row["source"] in trained}
            for row in self.corpus.summary()
        ]

    def held_back(self, device: torch.device) -> Iterator[tuple[Inputs, torch.Tensor]]:
        """Yield inputs and future (B, H) of the held-back synthetic series, then of each held-out source."""
        yield from self.synthetic.held_back(device)
        for name in self.config.held_out:
            yield self.held_out(name, device)
