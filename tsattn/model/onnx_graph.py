"""ONNX graphs of networks. Tracing takes half a minute and depends only on the architecture, so each is traced once and cached.

A template is a graph whose weights are inputs; binding it to a network's weights takes a moment. The package contains the
templates of its own model for every calendar, which cover what `train` builds from data without covariates. Others are kept
in the user's cache. After a change to the network's code, `python -m tsattn.model.onnx_graph` rebuilds the package's templates.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import onnx
import onnxscript
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from torch import Tensor

import tsattn
from tsattn.atomic import write_atomic
from tsattn.config import ModelConfig
from tsattn.errors import ArtifactError
from tsattn.model.card import read_card
from tsattn.model.example import example, shortened
from tsattn.model.onnx_session import onnxruntime
from tsattn.model.quiet import quiet
from tsattn.nn.inputs import AHEAD, AXES, NAMES, PAST, SPAN, InputSpec, parted
from tsattn.nn.network import Network

SHIPPED = Path(tsattn.__file__).parent / "zero_shot"
CALENDARS = (0, 2, 4)  # possible numbers of calendar features
KEY = "tsattn.shape"  # metadata key of a template's architecture
REMEMBERED = 16  # templates in memory
TRACED = 7  # tokens of the example if their number is dynamic: few, as recurrent layers are traced step by step


def write_graph(network: Network, path: Path) -> None:
    """Write the network as an ONNX graph with the inputs of nn/inputs.py and the output `forecast` (B, H, Q).

    The batch axis is dynamic, and so is the number of tokens with config.any_length. Constants are folded, so that the graph
    loads faster.
    """
    engine = onnxruntime()
    bound = path.with_suffix(".unfolded")
    onnx.save(_bind(_template(*_shape(network)), network), str(bound))
    options = engine.SessionOptions()
    options.log_severity_level = 3
    # higher levels produce graphs for one processor and ONNX Runtime only
    options.graph_optimization_level = engine.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    try:
        engine.InferenceSession(str(bound), options, providers=["CPUExecutionProvider"])
    finally:
        bound.unlink()


def _shape(network: Network) -> tuple[ModelConfig, InputSpec]:
    """Return the architecture of the network's template. One with the default context serves all shorter ones."""
    config = network.config
    if config.any_length and config.position != "learned":
        usual = ModelConfig.context // config.patch * config.patch
        config = dataclasses.replace(config, context=max(config.context, usual))
    return dataclasses.replace(config, dropout=0.0, drop_path=0.0), network.spec


@lru_cache(REMEMBERED)
def _template(config: ModelConfig, spec: InputSpec) -> onnx.ModelProto:
    """Return the template of an architecture: from the package, from the cache, or traced now and cached."""
    found = _found(config, spec)
    if found is None:
        found, kept = trace(config, spec), _kept(config, spec)
        with contextlib.suppress(OSError):  # a read-only home only costs time
            kept.parent.mkdir(parents=True, exist_ok=True)
            with write_atomic(kept) as beside:
                onnx.save(found, str(beside))
    return found


def traced_before(network: Network) -> bool:
    """Return True if a template of the network's architecture exists, so that writing a graph is quick."""
    return _found(*_shape(network)) is not None


def _found(config: ModelConfig, spec: InputSpec) -> onnx.ModelProto | None:
    for path in (shipped(spec), _kept(config, spec)):
        found = _read(path)
        if found is not None and any(one.key == KEY and one.value == repr((config, spec)) for one in found.metadata_props):
            return found
    return None


def _kept(config: ModelConfig, spec: InputSpec) -> Path:
    """Return the path of an architecture's template in the cache."""
    return _cache() / f"{hashlib.sha256((_source() + repr((config, spec))).encode()).hexdigest()[:32]}.onnx"


def shipped(spec: InputSpec) -> Path:
    """Return the path of the package's template for these inputs, which may not exist."""
    return SHIPPED / f"template-{spec.known}.onnx"


def ship() -> None:
    """Write the package's templates."""
    card = read_card(SHIPPED)
    for known in CALENDARS:
        network = Network(card.model, InputSpec(0, known, 0, card.quantiles))
        onnx.save(trace(*_shape(network)), str(shipped(network.spec)))


def _read(path: Path) -> onnx.ModelProto | None:
    try:
        return onnx.load_from_string(path.read_bytes())
    except (OSError, DecodeError):
        return None


def _cache() -> Path:
    """Return the cache folder: $TSATTN_CACHE, or a folder in the platform's cache directory."""
    if given := os.environ.get("TSATTN_CACHE"):
        return Path(given)
    system = {"win32": os.environ.get("LOCALAPPDATA"), "darwin": "~/Library/Caches"}.get(sys.platform)
    return Path(system or os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "tsattn"


@cache
def _source() -> str:
    """Return a digest of the network's code and the versions of the exporting packages, which a template depends on."""
    code = b"".join(path.read_bytes() for path in sorted((Path(tsattn.__file__).parent / "nn").glob("*.py")))
    return f"{hashlib.sha256(code).hexdigest()} {torch.__version__} {onnx.__version__} {onnxscript.__version__}"


def trace(config: ModelConfig, spec: InputSpec) -> onnx.ModelProto:
    """Trace a new template, in a new interpreter if the tracing in this one fixes a dynamic size.

    PyTorch 2.13 keeps decisions of earlier exports of a process. Now and then one contradicts a dynamic size, and the exporter
    then silently fixes it at the size of the example. Raises ArtifactError if it does so in a new interpreter too.
    """
    made = traced(config, spec)
    if fixed(made):
        made = _traced_apart(config, spec)
    if names := fixed(made):
        raise ArtifactError(f"the exported graph accepts only one size of {', '.join(names)}", "try another version of PyTorch")
    return made


def fixed(template: onnx.ModelProto) -> list[str]:
    """Return the data inputs of a template whose batch axis is not dynamic."""
    data = (one for one in template.graph.input if one.name in (*NAMES, AHEAD))
    return [one.name for one in data if not one.type.tensor_type.shape.dim[0].dim_param]


def _traced_apart(config: ModelConfig, spec: InputSpec) -> onnx.ModelProto:
    """Trace a template in a new interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        path, shape = Path(folder) / "template.onnx", json.dumps([dataclasses.asdict(config), dataclasses.asdict(spec)])
        done = subprocess.run(
            [sys.executable, "-m", __spec__.name, shape, str(path)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ArtifactError(f"exporting the network failed: {done.stderr.strip()[-500:]}")
        return onnx.load(str(path))


def traced(config: ModelConfig, spec: InputSpec) -> onnx.ModelProto:
    """Trace a new template in this interpreter."""
    recurrent = config.decoder == "recurrent"
    with torch.random.fork_rng():
        network = (Split if recurrent else Network)(config, spec).eval()
    # tracing with a minimum of two takes a third less time; the graph accepts one too
    free: dict[int, Any] = {0: torch.export.Dim("batch", min=2)}
    past, values = None, dict(zip(NAMES, example(network), strict=True))
    del values["group"]  # joint networks have no graph
    if config.any_length:
        past = config.patch * torch.export.Dim("tokens", min=2, max=network.tokens)
        values = shortened(values, config.patch * min(TRACED, network.tokens - 1))
    span = past if past is None or recurrent else past + config.pass_steps
    sizes: dict[str, Any] = {PAST: past, SPAN: span}
    if recurrent:
        values, sizes[AHEAD] = parted(values), config.pass_steps * torch.export.Dim("passes", min=2)
    axes = {name: str(own[0]) for name, own in AXES.items() if name in values} | {AHEAD: AHEAD}
    shapes = [with_size(free, sizes.get(axes[name])) for name in values]
    forget_dispatch()
    with quiet("torch.onnx", "onnxscript", "onnx_ir", "torch.export"):
        program = torch.onnx.export(
            network,
            tuple(values.values()),
            input_names=list(values),
            output_names=["forecast"],
            dynamic_shapes=tuple(shapes),
            dynamo=True,
            optimize=False,
            verbose=False,
        )
        assert program is not None
        graph = program.model.graph
        for name in network.state_dict():
            if name in graph.initializers:  # the optimiser would fold a constant, but not an input
                graph.inputs.append(graph.initializers.pop(name))
        program.optimize()
    made = program.model_proto
    for part in (made, made.graph, *made.graph.node, *made.graph.value_info, *made.graph.input, *made.graph.output):
        del part.metadata_props[:]  # stack traces, which contain paths of this machine
    for node in made.graph.node:
        node.ClearField("doc_string")
    made.metadata_props.add(key=KEY, value=repr((config, spec)))
    return made


class Split(Network):
    """Network whose graph has separate inputs for past and future `known`: a dynamic size cannot be the sum of two others."""

    def forward(  # type: ignore[override]
        self, target: Tensor, past_cov: Tensor, known: Tensor, ahead: Tensor, static: Tensor, seasons: Tensor
    ) -> Tensor:
        return super().forward(target, past_cov, torch.cat([known, ahead], 1), static, seasons)


def with_size(free: dict[int, Any], size: Any) -> dict[int, Any]:
    """Return the dynamic axes of an input, including its time axis if `size` is given."""
    return free if size is None else {**free, 1: size}


def forget_dispatch() -> None:
    """Clear PyTorch's cached decision on how to export recurrent layers.

    An export keeps them whole, unless a cached decision from an earlier export makes PyTorch 2.13 unroll them over the tokens
    of the example.
    """
    for kind in ("lstm", "gru", "rnn_tanh"):
        remembered = getattr(getattr(torch.ops.aten, kind).input, "_dispatch_cache", None)
        if remembered is not None:
            remembered.clear()


def _bind(template: onnx.ModelProto, network: Network) -> onnx.ModelProto:
    """Return the graph of a network: the template with the network's weights."""
    made = onnx.ModelProto()
    made.CopyFrom(template)
    del made.metadata_props[:]
    weights = {name: value.detach().float().cpu().numpy() for name, value in network.state_dict().items()}
    inputs = [one for one in made.graph.input if one.name not in weights]
    bound = [numpy_helper.from_array(weights[one.name], one.name) for one in made.graph.input if one.name in weights]
    del made.graph.input[:]
    made.graph.input.extend(inputs)
    made.graph.initializer.extend(bound)
    return made


def main(arguments: Sequence[str]) -> None:
    """Rebuild the package's templates, or trace the template of a shape, as JSON, into a file."""
    if not arguments:
        ship()
        return
    config, spec = json.loads(arguments[0])
    made = traced(ModelConfig(**config), InputSpec(**{**spec, "quantiles": tuple(spec["quantiles"])}))
    onnx.save(made, arguments[1])


if __name__ == "__main__":
    main(sys.argv[1:])
