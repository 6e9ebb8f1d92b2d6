"""Describe a model, and list the kinds of network that can be trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsattn.config import ModelConfig, to_mapping
from tsattn.model.card import Card
from tsattn.workflows.results import plain
from tsattn.workspace import ModelRef, Workspace

if TYPE_CHECKING:
    from tsattn.nn.outline import Node


@dataclass(frozen=True, eq=False, repr=False)
class Described:
    """A model of the workspace: its card, and its network as a tree."""

    ref: ModelRef
    card: Card
    network: Node
    inputs: dict[str, tuple[int, ...]]  # shapes without the batch axis

    def __repr__(self) -> str:
        card, target = self.card, ", ".join(self.card.schema.target)
        return f"<Described {self.ref}: {target}, {card.horizon} steps of {card.freq}, trained {card.created[:10]}>"

    def to_mapping(self) -> dict[str, Any]:
        card = self.card
        schema = {
            name: list(columns) if isinstance(columns, tuple) else columns for name, columns in to_mapping(card.schema).items()
        }
        return {
            "model": str(self.ref),
            "path": str(self.ref.path),
            "created": card.created,
            "tsattn_version": card.tsattn_version,
            "freq": card.freq,
            "timezone": card.tz,
            "horizon": card.horizon,
            "quantiles": list(card.quantiles),
            "columns": schema,
            "settings": {"model": to_mapping(card.model), "train": to_mapping(card.train)},
            "fitted": plain(to_mapping(card.fitted)),
            "candidates": card.contest,
            "scores": card.scores,
            "source": card.source,
            "inputs": {name: list(shape) for name, shape in self.inputs.items()},
            "network": self.network.to_mapping(),
        }


def describe(model: str | Path | None, workspace: Workspace) -> Described:
    """Describe a model; see tsattn.describe."""
    from tsattn.model import artifact, example
    from tsattn.nn.inputs import NAMES
    from tsattn.nn.outline import outline

    ref = workspace.latest() if model is None else workspace.find(model)
    network, card = artifact.load_network(ref.path)
    batch = example.example(network)
    shapes = {name: tuple(value.shape[1:]) for name, value in zip(NAMES, batch, strict=True)}
    if not card.model.across:
        del shapes["group"]
    return Described(ref, card, outline(network, batch, card.name), shapes)


@dataclass(frozen=True)
class Assembly:
    """A kind of network: the ModelConfig fields that select it, and a description."""

    name: str
    settings: dict[str, Any]
    line: str


# one for each kind of network; together they contain every choice of every part (tests/workflows/test_describe.py)
ASSEMBLIES = (
    Assembly("LSTM + self-attention", {}, "the default of train: an LSTM over patches, then self-attention"),
    Assembly("GRU + self-attention", {"front_end": "gru"}, "the default with a GRU, which has fewer parameters"),
    Assembly(
        "RNN + self-attention", {"front_end": "rnn"}, "the default with a plain (Elman) recurrent layer, whose memory is shortest"
    ),
    Assembly(
        "LSTM + window attention",
        {"encoder": "window"},
        "each token attends to its latest neighbours only; cost linear in the context",
    ),
    Assembly("LSTM + linear attention", {"encoder": "linear"}, "attention without softmax; cost linear in the context"),
    Assembly(
        "recurrent decoder",
        {"decoder": "recurrent"},
        "the default with an LSTM along the horizon; long forecasts take one run",
    ),
    Assembly(
        "encoder-decoder",
        {"decoder": "cross-attention"},
        "one query for each part of the horizon attends to the encoder's tokens",
    ),
    Assembly(
        "autoregressive Transformer",
        {"front_end": "none", "decoder": "autoregressive"},
        "forecasts one patch after another, each from those before",
    ),
    Assembly("self-attention alone", {"front_end": "none"}, "a causal Transformer encoder over patches with rotary positions"),
    Assembly("LSTM alone", {"layers": 0}, "one recurrent layer over patches, without attention"),
    Assembly("GRU alone", {"front_end": "gru", "layers": 0}, "LSTM alone with a GRU"),
    Assembly(
        "patches alone",
        {"front_end": "none", "layers": 0},
        "the last patch and the seasonal anchors only, a baseline",
    ),
)


@dataclass(frozen=True)
class Assembled:
    """The kinds of network with their numbers of parameters at the default settings."""

    rows: tuple[dict[str, Any], ...]

    def to_mapping(self) -> dict[str, Any]:
        return {"assemblies": list(self.rows)}


def assemblies() -> Assembled:
    """Build each network of ASSEMBLIES for a series without covariates, and count its parameters."""
    from tsattn.forecasting.frame import DEFAULT_QUANTILES
    from tsattn.nn.inputs import InputSpec
    from tsattn.nn.network import Network

    rows = []
    for one in ASSEMBLIES:
        network = Network(ModelConfig(**one.settings), InputSpec(0, 0, 0, DEFAULT_QUANTILES))
        count = sum(parameter.numel() for parameter in network.parameters())
        rows.append({"name": one.name, "settings": one.settings, "parameters": count, "line": one.line})
    return Assembled(tuple(rows))
