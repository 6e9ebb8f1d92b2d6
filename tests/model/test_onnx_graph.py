"""ONNX graphs: traced once per architecture, then bound to weights."""

from __future__ import annotations

import dataclasses

import onnx
import pytest
import torch

from tests import tiny
from tsattn.data.freq import US, Freq, calendar_names
from tsattn.errors import ArtifactError
from tsattn.model import artifact, onnx_graph
from tsattn.model.card import read_card
from tsattn.nn.network import Network


def network_of(context: int = 64, seed: int = 0, dropout: float = 0.0) -> Network:
    """Return a network of the architecture of the fixture `saved`."""
    return tiny.scrambled(dataclasses.replace(tiny.MODEL, context=context, dropout=dropout), known=4, seed=seed)


@pytest.fixture
def traced(monkeypatch, tmp_path):
    """The shapes that are traced in an empty cache. The tracing itself, which takes long, is that of all tests."""
    shapes, made = [], onnx_graph._template(*onnx_graph._shape(network_of()))

    def trace(*shape):
        shapes.append(shape)
        return made

    monkeypatch.setenv("TSATTN_CACHE", str(tmp_path / "cache"))
    onnx_graph._template.cache_clear()
    monkeypatch.setattr(onnx_graph, "trace", trace)
    yield shapes
    onnx_graph._template.cache_clear()


def test_when_networks_differ_in_weights_or_context_only_then_one_tracing_serves_them(traced, tmp_path):
    for number, context in enumerate((64, 64, 48)):
        network = network_of(context, number, 0.1 * number)
        onnx_graph.write_graph(network, tmp_path / f"{number}.onnx")
        artifact.check_parity(network, tmp_path / f"{number}.onnx")
    assert len(traced) == 1
    assert sorted(path.name for path in tmp_path.glob("*.onnx")) == ["0.onnx", "1.onnx", "2.onnx"]
    onnx_graph._template.cache_clear()  # as in another process
    onnx_graph.write_graph(network, tmp_path / "2.onnx")
    assert len(traced) == 1
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(b"damaged")
    onnx_graph._template.cache_clear()
    onnx_graph.write_graph(network, tmp_path / "2.onnx")
    artifact.check_parity(network, tmp_path / "2.onnx")
    assert len(traced) == 2


@pytest.mark.parametrize("freq", ["YS", "W", "h"])
def test_when_the_network_is_that_of_the_package_then_nothing_is_traced_whatever_the_calendar(freq, traced, tmp_path):
    """The network is that which `train` makes for data without covariates."""
    config, known = read_card(onnx_graph.SHIPPED).model, len(calendar_names(Freq.parse(freq)))
    shorter = tiny.scrambled(dataclasses.replace(config, context=512), known=known)
    onnx_graph.write_graph(shorter, tmp_path / "model.onnx")
    artifact.check_parity(shorter, tmp_path / "model.onnx")
    assert not traced


def test_when_data_has_a_calendar_then_the_package_has_its_template():
    kinds = {len(calendar_names(Freq.parse(alias))) for alias in (*US, "B", "MS", "QS", "YS", "step")}
    assert kinds == set(onnx_graph.CALENDARS)
    assert {path.name for path in onnx_graph.SHIPPED.glob("template*")} == {f"template-{known}.onnx" for known in kinds}


def test_when_tracing_fixes_a_size_then_the_network_is_traced_in_a_new_interpreter(monkeypatch, tmp_path):
    """As PyTorch does now and then, after other exports of the process."""
    config, spec = onnx_graph._shape(tiny.scrambled(tiny.MODEL))
    pinned = onnx.ModelProto()
    pinned.CopyFrom(onnx_graph._template(config, spec))
    for given in pinned.graph.input:
        if given.name == "seasons":
            given.type.tensor_type.shape.dim[0].dim_value = 3
    assert onnx_graph.fixed(pinned) == ["seasons"]
    monkeypatch.setattr(onnx_graph, "traced", lambda *_: pinned)
    assert not onnx_graph.fixed(onnx_graph.trace(config, spec))
    monkeypatch.setattr(onnx_graph, "_traced_apart", lambda *_: pinned)
    with pytest.raises(ArtifactError, match="only one size of seasons"):
        onnx_graph.trace(config, spec)


def test_when_a_graph_is_written_then_its_inputs_are_the_data_alone_and_its_constants_are_folded(tmp_path):
    network = network_of()
    onnx_graph.write_graph(network, tmp_path / "model.onnx")
    found = onnx.load(str(tmp_path / "model.onnx"))
    assert {one.name for one in found.graph.input} == {"target", "past_cov", "known", "static", "seasons"}
    folded = {one.name for one in found.graph.initializer}
    assert not [node for node in found.graph.node if node.input and set(node.input) <= folded and node.op_type == "Transpose"]
    assert not any(node.domain not in ("", "ai.onnx") for node in found.graph.node)  # other runtimes read it too


def test_when_the_package_brings_a_graph_then_it_has_no_more_nodes_than_it_ever_had():
    """Each node slows down loading. An unrolled loop over tokens or steps would add hundreds."""
    assert len(onnx.load(str(onnx_graph.SHIPPED / "model.onnx")).graph.node) <= 1234
    assert len(onnx.load(str(onnx_graph.SHIPPED / "template-0.onnx")).graph.node) <= 1317


def test_when_a_graph_disagrees_then_parity_says_so(tmp_path):
    network = network_of()
    onnx_graph.write_graph(network, tmp_path / "model.onnx")
    with torch.no_grad():
        network.head.quantile.bias += 1.0
    with pytest.raises(artifact.ArtifactError, match="disagrees"):
        artifact.check_parity(network, tmp_path / "model.onnx")


@pytest.mark.parametrize("kind", [torch.nn.GRU, torch.nn.LSTM])
def test_when_one_recurrent_layer_was_exported_then_the_next_one_is_kept_whole_too(kind):
    def exported() -> list[str]:
        onnx_graph.forget_dispatch()
        tokens = torch.export.Dim("tokens", min=2, max=64)
        layer = kind(4, 4, batch_first=True).eval()
        made = torch.onnx.export(layer, (torch.randn(3, 7, 4),), dynamic_shapes=({1: tokens},), dynamo=True, verbose=False)
        assert made is not None
        return [node.op_type for node in made.model_proto.graph.node]

    for _ in range(2):
        assert kind.__name__ in exported()
