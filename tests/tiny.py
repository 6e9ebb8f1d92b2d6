"""Networks, panels and batches small enough to build in a test."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tsattn.config import ModelConfig, TrainConfig, to_mapping
from tsattn.data.cleaning.seasonality import find_seasons
from tsattn.data.freq import Freq
from tsattn.data.panel import Panel, Schema
from tsattn.forecasting.frame import DEFAULT_QUANTILES
from tsattn.model.card import Card, Fitted
from tsattn.nn.inputs import Inputs, InputSpec
from tsattn.nn.network import Network

MODEL = ModelConfig(context=64, patch=8, width=16, heads=2, layers=1, horizon=12)
TRAIN = TrainConfig(steps=40, batch=8, warmup=5, finish=0.0, device="cpu", precision="fp32")
NAN = np.float32(np.nan)


def waves(lengths: tuple[int, ...] = (300, 200), freq: str = "h", seed: int = 0) -> Panel:
    """A day's wave with noise, one item a length."""
    rng = np.random.default_rng(seed)
    series = [3 * np.sin(np.arange(n) * 2 * np.pi / 24) + rng.normal(0, 0.3, n) + 10 * (i + 1) for i, n in enumerate(lengths)]
    return Panel.from_arrays(series, freq=freq)


def with_covariates(length: int = 320, items: int = 2, future: int = 24, seed: int = 0, weight: float = 3.0) -> Panel:
    """Hourly items: noise plus `weight` times a known covariate of random steps, with a past and a static one beside it."""
    rng = np.random.default_rng(seed)
    rows = length + future
    indptr = np.arange(items + 1) * rows
    known = rng.integers(0, 2, items * rows).repeat(3)[: items * rows].astype(np.float32)
    target = (20 + weight * known + 0.3 * rng.standard_normal(items * rows)).astype(np.float32)
    past = rng.standard_normal(items * rows).astype(np.float32)
    origin = indptr[:-1] + length
    hidden = np.concatenate([np.arange(first, end) for first, end in zip(origin, indptr[1:], strict=True)])
    target[hidden], past[hidden] = np.nan, np.nan
    return Panel(
        freq=Freq.parse("h"),
        item_ids=tuple(f"item{i}" for i in range(items)),
        indptr=indptr.astype(np.int64),
        start=np.full(items, np.datetime64("2024-01-01"), "datetime64[us]"),
        target=target,
        origin=origin.astype(np.int64),
        past=past[:, None],
        known=known[:, None],
        static=np.arange(items, dtype=np.float32)[:, None],
        schema=Schema(
            past=("p",), known=("k",), static=("s",), past_features=("p",), known_features=("k",), static_features=("s",)
        ),
    )


def without_known(panel: Panel) -> Panel:
    """The same items with no declared known covariate."""
    schema = dataclasses.replace(panel.schema, known=(), known_features=())
    return dataclasses.replace(panel, known=panel.known[:, :0], schema=schema)


def scrambled(model: ModelConfig = MODEL, past: int = 0, known: int = 0, static: int = 0, seed: int = 0) -> Network:
    """A network of random weights: a new one starts with zeros in places, so that much of what it reads has no effect."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Network(model, InputSpec(past, known, static, DEFAULT_QUANTILES))
        with torch.no_grad():
            for parameter in network.parameters():
                if parameter.ndim > 1:
                    parameter.normal_(0, 0.5 * parameter.shape[-1] ** -0.5)
    return network.eval()


def inputs_of(
    target: np.ndarray, network: Network, seed: int = 0, usual: tuple[int, ...] = (), group: tuple[int, ...] | None = None
) -> Inputs:
    """`target` (B, L) float32 with random covariates of the network's widths; each window a group of its own by default."""
    rng = np.random.default_rng(seed)
    batch, spec, config = len(target), network.spec, network.config
    arrays = (
        target,
        rng.standard_normal((batch, config.context, spec.past)),
        rng.standard_normal((batch, config.context + config.pass_steps, spec.known)),
        rng.standard_normal((batch, spec.static)),
        find_seasons(target, usual),
    )
    groups = torch.arange(batch) if group is None else torch.tensor(group)
    return Inputs(*(torch.from_numpy(np.asarray(a, np.float32)) for a in arrays), groups)


def run(network: Network, inputs: Inputs) -> np.ndarray:
    """The forecast from the end of each window, (B, H, Q)."""
    with torch.no_grad():
        return network(*(getattr(inputs, f.name) for f in dataclasses.fields(Inputs))).numpy()


def card_of(network: Network, *, freq: str = "h", name: str = "tiny", schema: Schema = Schema()) -> Card:
    """A card for a network that was never trained."""
    spec = network.spec
    return Card(
        name=name,
        freq=freq,
        horizon=network.config.horizon,
        quantiles=spec.quantiles,
        inputs=spec.widths,
        schema=schema,
        model=network.config,
        train=TRAIN,
        fitted=Fitted("finished", 1, 1, 0.5, 1.0, "cpu", "fp32", sum(p.numel() for p in network.parameters())),
    )


def equal(one: Network, other: Network) -> bool:
    """Return True if two networks have the same weights, to the bit."""
    first, second = one.state_dict(), other.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def without_export(patch: Any, graph: Path | None = None, *, scored: bool = False) -> None:
    """Stub what takes most of the time of a training: the graph export and its parity check and, unless `scored`, the scoring.

    graph: the graph of another network of the same sizes, which stands in for the export.
    """
    from tsattn.model import artifact
    from tsattn.workflows import train

    data = b"graph" if graph is None else graph.read_bytes()
    patch.setattr(artifact, "write_graph", lambda network, path: path.write_bytes(data))
    patch.setattr(artifact, "check_parity", lambda *_: None)
    if not scored:
        patch.setattr(train, "score_tail", lambda *_: (None, "a stub"))


def write_toml(path: Path, model: ModelConfig = MODEL, train: TrainConfig = TRAIN) -> Path:
    """A file for `tsattn train --config`."""
    lines = []
    for table, settings in (("model", model), ("train", train)):
        lines.append(f"[{table}]")
        for key, value in to_mapping(settings).items():
            if value is not None and key != "horizon":
                lines.append(f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path
