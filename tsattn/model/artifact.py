"""Model folders: weights in safetensors, an ONNX graph and a card, never pickle.

A folder is written under a temporary name and renamed. The graph is added last: a folder without one is a valid model, which
forecasts with PyTorch.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from tsattn.atomic import write_atomic
from tsattn.errors import ArtifactError, ConfigError
from tsattn.forecasting.trees.tree_correction import Trees
from tsattn.model.card import CARD, GRAPH, TREES, WEIGHTS, Card, checked_file, digest, read_card
from tsattn.model.example import example, shortened
from tsattn.model.onnx_session import onnxruntime
from tsattn.model.tree_file import write_trees
from tsattn.nn.inputs import AHEAD, NAMES, InputSpec, parted
from tsattn.nn.network import Network

PARITY = 1e-4  # largest difference between ONNX Runtime and PyTorch, relative to the largest value


def save(folder: Path, network: Network, card: Card, trees: Trees | None = None) -> Card:
    """Write a model folder: weights and card first, then the ONNX graph. Returns the card as written.

    Raises ArtifactError if the folder exists, or if the exported graph disagrees with the network; in the latter case the
    folder is removed. An interrupted export leaves a valid folder without a graph.
    """
    card = save_weights(folder, network, card, trees)
    try:
        return add_graph(folder, network, card)
    except ArtifactError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def save_weights(folder: Path, network: Network, card: Card, trees: Trees | None = None) -> Card:
    """Write a model folder without an ONNX graph, in one step. Returns the card as written.

    trees: those that correct the forecast, if the card gives them a share.

    Raises ArtifactError if the folder exists.
    """
    folder = Path(folder)
    if folder.exists():
        raise ArtifactError(f"{folder} already exists", "choose another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".tmp", dir=folder.parent))
    try:
        beside.chmod(0o755)
        network = network.float().cpu().eval()
        save_file({k: v.contiguous() for k, v in network.state_dict().items()}, beside / WEIGHTS)
        try:
            released = version("tsattn")
        except PackageNotFoundError:
            released = "source"
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        if trees is not None:
            write_trees(beside / TREES, trees)
        files = {path.name: digest(path) for path in beside.iterdir()}
        card = dataclasses.replace(card, created=now, tsattn_version=released, files=files)
        (beside / CARD).write_text(card.to_json(), "utf-8")
        for path in beside.iterdir():
            path.chmod(0o644)  # safetensors makes files private
            with path.open("rb+") as written:
                os.fsync(written.fileno())
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return card


def add_graph(folder: Path, network: Network, card: Card) -> Card:
    """Export the network to ONNX, compare it with PyTorch, add it to the folder and list it on the card. Returns the card.

    A network with attention across series has no graph: it forecasts with PyTorch, and the card is returned unchanged. The card
    lists the graph only once its file is complete, so the folder is always valid. Raises ArtifactError if the graph disagrees
    with the network; the folder is then unchanged.
    """
    if network.config.across:
        return card
    network = network.float().cpu().eval()
    with write_atomic(folder / GRAPH) as beside:
        write_graph(network, beside)
        check_parity(network, beside)
        beside.chmod(0o644)
    card = dataclasses.replace(card, files={**card.files, GRAPH: digest(folder / GRAPH)})
    rewrite_card(folder, card)
    return card


def rewrite_card(folder: Path, card: Card) -> None:
    """Replace the card of a model folder in one step."""
    with write_atomic(folder / CARD) as beside:
        beside.write_text(card.to_json(), "utf-8")


def load_network(folder: Path) -> tuple[Network, Card]:
    """Load the PyTorch network and the card of a model folder. Raises ArtifactError if it is damaged or does not fit its card."""
    card = read_card(folder)
    path = checked_file(folder, WEIGHTS, card)
    try:
        network = Network(card.model, InputSpec(**card.inputs, quantiles=card.quantiles))
        network.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError, OSError, ConfigError) as error:
        raise ArtifactError(f"{path} does not fit its {CARD}: {error}", "train the model again") from None
    return network.eval(), card


def write_graph(network: Network, path: Path) -> None:
    """Write the network as an ONNX graph, by `tsattn.model.onnx_graph`. Training starts without importing that module."""
    from tsattn.model import onnx_graph

    onnx_graph.write_graph(network, path)


def check_parity(network: Network, path: Path) -> None:
    """Raise ArtifactError unless ONNX Runtime agrees with PyTorch to PARITY, on a batch, a single window and shorter windows."""
    session = onnxruntime().InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = {node.name for node in session.get_inputs()}
    batch = dict(zip(NAMES, example(network), strict=True))
    batches = [batch, {name: values[:1] for name, values in batch.items()}]
    if network.config.any_length:
        batches += [shortened(batch, tokens * network.config.patch) for tokens in (2, network.tokens - 1)]
    if AHEAD in names:  # a single pass too
        end = network.config.context + network.config.pass_steps
        batches.append({**batch, "known": batch["known"][:, :end]})
    for values in batches:
        with torch.no_grad():
            wanted = network(*values.values()).numpy()
        given = parted(values) if AHEAD in names else values
        got = session.run(None, {name: value.numpy() for name, value in given.items() if name in names})[0]
        error = float(np.abs(got - wanted).max() / np.abs(wanted).max())
        if not error < PARITY:
            raise ArtifactError(f"the exported graph disagrees with the network: relative difference {error:.2g}")
