"""ONNX graphs of networks. Tracing takes half a minute and depends only on the architecture, so each is traced once and cached.

A template is a graph whose weights are inputs; binding it to a network's weights takes a moment. The package contains the
templates of its own model for every calendar, which cover what `train` builds from data without covariates. Others are kept
in the user's cache. After a change to the network's code, `python -m tsattn.model.onnx_graph` rebuilds the package's templates.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import sys
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import onnx
import onnxscript
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper

import tsattn
from tsattn.atomic import write_atomic
from tsattn.config import ModelConfig
from tsattn.model.card import read_card
from tsattn.model.example import example, shortened
from tsattn.model.onnx_session import onnxruntime
from tsattn.model.quiet import quiet
from tsattn.nn.inputs import AXES, NAMES, PAST, SPAN, InputSpec
from tsattn.nn.network import Network

SHIPPED = Path(tsattn.__file__).parent / "zero_shot"
CALENDARS = (0, 2, 4)  # how many calendar features there may be
KEY = "tsattn.shape"  # of a template's metadata: which networks it is of
REMEMBERED = 16  # templates
TRACED = 7  # tokens, where any number will do: tracing a recurrent layer goes through them one by one


def write_graph(network: Network, path: Path) -> None:
    """Write the network as an ONNX graph with the inputs of nn/inputs.py and the output `forecast` (B, H, Q).

    The batch axis is free, and the number of tokens where config.any_length says so. Constants are folded, so that
    loading has less to do.
    """
    engine = onnxruntime()
    bound = path.with_suffix(".unfolded")
    onnx.save(_bind(_template(*_shape(network)), network), str(bound))
    options = engine.SessionOptions()
    options.log_severity_level = 3
    # no level above: what it makes is of one processor, and known to ONNX Runtime alone
    options.graph_optimization_level = engine.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    try:
        engine.InferenceSession(str(bound), options, providers=["CPUExecutionProvider"])
    finally:
        bound.unlink()


def _shape(network: Network) -> tuple[ModelConfig, InputSpec]:
    """The architecture that a template is made for. One of the usual context serves all shorter ones."""
    config = network.config
    if config.any_length and config.position != "learned":
        usual = ModelConfig.context // config.patch * config.patch
        config = dataclasses.replace(config, context=max(config.context, usual))
    return dataclasses.replace(config, dropout=0.0, drop_path=0.0), network.spec


@lru_cache(REMEMBERED)
def _template(config: ModelConfig, spec: InputSpec) -> onnx.ModelProto:
    """The template of networks of this shape: one of the package's, if it is for them, one made before, or a new one."""
    found = _found(config, spec)
    if found is None:
        found, kept = trace(config, spec), _kept(config, spec)
        with contextlib.suppress(OSError):  # a home that cannot be written to costs time only
            kept.parent.mkdir(parents=True, exist_ok=True)
            with write_atomic(kept) as beside:
                onnx.save(found, str(beside))
    return found


def traced_before(network: Network) -> bool:
    """True when a template of such networks exists, so that writing a graph is quick."""
    return _found(*_shape(network)) is not None


def _found(config: ModelConfig, spec: InputSpec) -> onnx.ModelProto | None:
    for path in (shipped(spec), _kept(config, spec)):
        found = _read(path)
        if found is not None and any(one.key == KEY and one.value == repr((config, spec)) for one in found.metadata_props):
            return found
    return None


def _kept(config: ModelConfig, spec: InputSpec) -> Path:
    """Where the template of such networks is kept, once there is one."""
    return _cache() / f"{hashlib.sha256((_source() + repr((config, spec))).encode()).hexdigest()[:32]}.onnx"


def shipped(spec: InputSpec) -> Path:
    """Where the package's template for such inputs is, if there is one."""
    return SHIPPED / f"template-{spec.known}.onnx"


def ship() -> None:
    """Make the package's templates."""
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
    """The folder for what can be made again: $TSATTN_CACHE, or what the system has for such things."""
    if given := os.environ.get("TSATTN_CACHE"):
        return Path(given)
    system = {"win32": os.environ.get("LOCALAPPDATA"), "darwin": "~/Library/Caches"}.get(sys.platform)
    return Path(system or os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "tsattn"


@cache
def _source() -> str:
    """Digest of everything else that a template depends on: the network's code and the versions that trace it."""
    code = b"".join(path.read_bytes() for path in sorted((Path(tsattn.__file__).parent / "nn").glob("*.py")))
    return f"{hashlib.sha256(code).hexdigest()} {torch.__version__} {onnx.__version__} {onnxscript.__version__}"


def trace(config: ModelConfig, spec: InputSpec) -> onnx.ModelProto:
    """A new template."""
    with torch.random.fork_rng():
        network = Network(config, spec).eval()
    # two at least while it is traced, which takes a third less time than with one; the graph takes one as well
    free: dict[int, Any] = {0: torch.export.Dim("batch", min=2)}
    timed: dict[str | int, Any] = {PAST: free, SPAN: free}
    values = example(network)
    if config.any_length:
        tokens = torch.export.Dim("tokens", min=2, max=network.tokens)
        timed = {PAST: {**free, 1: config.patch * tokens}, SPAN: {**free, 1: config.patch * tokens + config.pass_steps}}
        values = shortened(values, config, min(TRACED, network.tokens - 1))
    forget_dispatch()
    with quiet("torch.onnx", "onnxscript", "onnx_ir", "torch.export"):
        program = torch.onnx.export(
            network,
            values,
            input_names=list(NAMES),
            output_names=["forecast"],
            dynamic_shapes=tuple(timed.get(str(axes[0]), free) for axes in AXES.values()),
            dynamo=True,
            optimize=False,
            verbose=False,
        )
        assert program is not None
        graph = program.model.graph
        for name in network.state_dict():
            if name in graph.initializers:  # as an input it is no constant, which the optimiser would fold into others
                graph.inputs.append(graph.initializers.pop(name))
        program.optimize()
    made = program.model_proto
    for part in (made, made.graph, *made.graph.node, *made.graph.value_info, *made.graph.input, *made.graph.output):
        del part.metadata_props[:]  # whole stack traces, which tell of the machine
    for node in made.graph.node:
        node.ClearField("doc_string")
    made.metadata_props.add(key=KEY, value=repr((config, spec)))
    return made


def forget_dispatch() -> None:
    """Let torch choose anew what it does with recurrent layers.

    An export keeps them whole, but takes them apart, for as many tokens as the example has, if torch remembers from the
    export before that it did so (2.13).
    """
    for kind in ("lstm", "gru", "rnn_tanh"):
        remembered = getattr(getattr(torch.ops.aten, kind).input, "_dispatch_cache", None)
        if remembered is not None:
            remembered.clear()


def _bind(template: onnx.ModelProto, network: Network) -> onnx.ModelProto:
    """The graph of a network: the template with its weights."""
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


if __name__ == "__main__":
    ship()
