"""Model folders: written beside, checked, renamed into place. Tensors in safetensors and ONNX, never pickle."""

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

from tsattn.data.seasons import find_seasons
from tsattn.errors import ArtifactError, ConfigError
from tsattn.model.card import CARD, GRAPH, WEIGHTS, Card, read_card
from tsattn.model.files import checked, digest
from tsattn.model.quiet import quiet
from tsattn.nn.network import InputSpec, Network

INPUTS = ("target", "past_cov", "known", "static", "seasons")
PARITY = 1e-4  # of the example's largest value: how far ONNX Runtime may be from torch


def save(folder: Path, network: Network, card: Card) -> Card:
    """Write a model folder in one go: all of it or nothing. Returns the card as written.

    Raises ArtifactError when the folder exists or when the exported graph disagrees with the network.
    """
    folder = Path(folder)
    if folder.exists():
        raise ArtifactError(f"{folder} exists already", "name another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".tmp", dir=folder.parent))
    try:
        beside.chmod(0o755)
        network = network.float().cpu().eval()
        save_file({k: v.contiguous() for k, v in network.state_dict().items()}, beside / WEIGHTS)
        export(network, beside / GRAPH)
        check_parity(network, beside / GRAPH)
        try:
            released = version("tsattn")
        except PackageNotFoundError:
            released = "source"
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        files = {name: digest(beside / name) for name in (WEIGHTS, GRAPH)}
        card = dataclasses.replace(card, created=now, tsattn_version=released, files=files)
        (beside / CARD).write_text(card.to_json(), "utf-8")
        for path in beside.iterdir():
            path.chmod(0o644)  # safetensors makes private files, while a model is read by whoever may read its folder
            with path.open("rb+") as written:
                os.fsync(written.fileno())
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return card


def load_network(folder: Path) -> tuple[Network, Card]:
    """The torch network of a model folder. Raises ArtifactError when it is damaged or does not fit its card."""
    card = read_card(folder)
    path = checked(folder, WEIGHTS, card)
    try:
        network = Network(card.model, InputSpec(**card.inputs, quantiles=card.quantiles))
        network.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError, OSError, ConfigError) as error:
        raise ArtifactError(f"{path} does not fit its {CARD}: {error}", "train the model again") from None
    return network.eval(), card


def example(network: Network, batch: int = 3) -> tuple[torch.Tensor, ...]:
    """A seeded batch with trends, seasons, a missing head and missing values, in the order of INPUTS."""
    config, spec = network.config, network.spec
    rng = np.random.default_rng(0)
    time = np.arange(config.context)
    target = np.stack([10 * (i + 1) + 0.01 * i * time + np.sin(time / (3 + i)) for i in range(batch)])
    target = (target + 0.1 * rng.standard_normal(target.shape)).astype(np.float32)
    target[1, : config.context // 3] = np.nan
    target[rng.random(target.shape) < 0.05] = np.nan
    target[:, -1] = 1.0
    return tuple(
        torch.from_numpy(x.astype(np.float32))
        for x in (
            target,
            rng.standard_normal((batch, config.context, spec.past)),
            rng.standard_normal((batch, config.context + config.reach, spec.known)),
            rng.standard_normal((batch, spec.static)),
            find_seasons(target),
        )
    )


def export(network: Network, path: Path) -> None:
    """Write the network as an ONNX graph with inputs INPUTS, a free batch axis, and the output `forecast` (B, H, Q)."""
    # two at least while it is traced, which takes a third less time than with one; the graph takes one as well
    free = {0: torch.export.Dim("batch", min=2)}
    with quiet("torch.onnx", "onnxscript", "onnx_ir", "torch.export"):
        torch.onnx.export(
            network,
            example(network),
            path,
            input_names=list(INPUTS),
            output_names=["forecast"],
            dynamic_shapes=tuple(free for _ in INPUTS),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    _forget_origins(path)


def _forget_origins(path: Path) -> None:
    """Take out of a graph where in the source, on which machine, each node came from: torch writes whole stack traces."""
    import onnx

    model = onnx.load(str(path))
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        del part.metadata_props[:]
    for node in model.graph.node:
        node.ClearField("doc_string")
    onnx.save(model, str(path))


def check_parity(network: Network, path: Path) -> None:
    """Raise ArtifactError unless ONNX Runtime agrees with torch to PARITY, on the example batch and on its first series."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = {node.name for node in session.get_inputs()}
    batch = example(network)
    for values in (batch, tuple(v[:1] for v in batch)):
        with torch.no_grad():
            wanted = network(*values).numpy()
        got = session.run(None, {n: v.numpy() for n, v in zip(INPUTS, values, strict=True) if n in names})[0]
        error = float(np.abs(got - wanted).max() / np.abs(wanted).max())
        if not error < PARITY:
            raise ArtifactError(f"the exported graph disagrees with the network by {error:.2g} of its values")
