"""Model folders: saved completely or not at all, loaded unchanged, refused when damaged."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests import tiny
from tsattn.errors import ArtifactError, ConfigError
from tsattn.model import artifact, example, runtime
from tsattn.model.card import CARD, GRAPH, WEIGHTS, digest, read_card, sealed
from tsattn.nn.inputs import NAMES

FILES = (CARD, WEIGHTS, GRAPH)
ENGINES = {WEIGHTS: ("torch",), GRAPH: ("onnx", "auto"), CARD: ("torch", "onnx", "auto")}


@pytest.fixture
def folder(saved, tmp_path) -> Path:
    """Copy of a saved model, to be damaged."""
    return Path(shutil.copytree(saved, tmp_path / "model"))


def cut(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


def flip(path: Path, share: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(share * (len(content) - 1))] ^= 0x55
    path.write_bytes(bytes(content))


def become_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGE = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: cut(path, 0.0),
    "cut in half": lambda path: cut(path, 0.5),
    "cut at the end": lambda path: cut(path, 0.999),
    "flipped at the start": lambda path: flip(path, 0.0),
    "flipped in the middle": lambda path: flip(path, 0.5),
    "flipped at the end": lambda path: flip(path, 1.0),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "text": lambda path: path.write_text("not what you think\n"),
    "a folder": become_folder,
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("name", [WEIGHTS, GRAPH])
def test_when_a_file_is_damaged_then_loading_names_it(folder, name, kind):
    DAMAGE[kind](folder / name)
    for engine in ENGINES[name]:
        with pytest.raises(ArtifactError, match="train the model again") as caught:
            runtime.load(folder, engine)
        assert str(folder / name) in caught.value.message


@pytest.mark.parametrize("kind", [kind for kind in DAMAGE if kind != "longer"])
def test_when_the_card_is_damaged_then_loading_says_so(folder, kind):
    DAMAGE[kind](folder / CARD)
    for engine in ENGINES[CARD]:
        with pytest.raises(ArtifactError) as caught:
            runtime.load(folder, engine)
        assert str(folder) in caught.value.message
        assert caught.value.hint


def test_when_files_of_another_model_lie_in_the_folder_then_they_are_refused(folder, saved_with_covariates):
    for name in (WEIGHTS, GRAPH):
        shutil.copy(saved_with_covariates / name, folder / name)
    for engine in ("torch", "onnx"):
        with pytest.raises(ArtifactError, match="not the file that was saved"):
            runtime.load(folder, engine)


@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_when_foreign_files_come_with_a_card_that_vouches_for_them_then_they_do_not_fit(folder, saved_with_covariates, engine):
    values = json.loads((folder / CARD).read_text())
    for name in (WEIGHTS, GRAPH):
        shutil.copy(saved_with_covariates / name, folder / name)
        values["files"][name] = digest(folder / name)
    (folder / CARD).write_text(json.dumps(sealed(values)))
    with pytest.raises(ArtifactError, match="does not fit"):
        runtime.load(folder, engine)


@pytest.mark.parametrize(
    "change",
    [
        {"context": 128},
        {"horizon": 24},
        {"width": 32},
        {"patch": 16},
        {"layers": 2},
        {"front_end": "gru"},
        {"front_end": "none"},
        {"heads": 3},
        {"patch": 0},
    ],
    ids=str,
)
def test_when_the_card_describes_another_network_then_its_weights_do_not_fit(folder, change):
    values = json.loads((folder / CARD).read_text())
    values["model"] |= change
    (folder / CARD).write_text(json.dumps(sealed(values)))
    if "context" not in change:  # weights and graph fit any
        with pytest.raises(ArtifactError, match=CARD):
            runtime.load(folder, "torch")
    if "horizon" in change:  # a graph carries its own sizes; what comes in and goes out must fit
        with pytest.raises(ArtifactError, match=GRAPH):
            runtime.load(folder, "onnx")


@pytest.mark.parametrize("change", [{"quantiles": [0.1, 0.5, 0.9]}, {"inputs": {"past": 1, "known": 6, "static": 0}}], ids=str)
def test_when_the_card_describes_other_inputs_or_outputs_then_neither_engine_takes_it(folder, change):
    values = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(sealed(values | change)))
    for engine in ("torch", "onnx"):
        with pytest.raises(ArtifactError, match="does not fit"):
            runtime.load(folder, engine)


def test_when_a_foreign_file_passes_for_the_graph_then_it_is_refused_unread(folder):
    values = json.loads((folder / CARD).read_text())
    for content in (b"", b"PK\x03\x04 a zip", b"\x80\x04\x95 a pickle", b"\x08\x07" + b"\0" * 100):
        (folder / GRAPH).write_bytes(content)
        values["files"][GRAPH] = digest(folder / GRAPH)
        (folder / CARD).write_text(json.dumps(sealed(values)))
        with pytest.raises(ArtifactError, match=GRAPH):
            runtime.load(folder, "onnx")


def test_when_a_foreign_file_passes_for_the_weights_then_it_is_refused_unread(folder):
    values = json.loads((folder / CARD).read_text())
    for content in (b"", b"PK\x03\x04 a zip", b"\x80\x04\x95 a pickle", b"\xff" * 200):
        (folder / WEIGHTS).write_bytes(content)
        values["files"][WEIGHTS] = digest(folder / WEIGHTS)
        (folder / CARD).write_text(json.dumps(sealed(values)))
        with pytest.raises(ArtifactError, match=WEIGHTS):
            runtime.load(folder, "torch")


def test_when_a_model_is_saved_then_the_folder_holds_three_files_and_no_rows(saved):
    assert sorted(path.name for path in saved.iterdir()) == sorted(FILES)
    card = read_card(saved)
    assert card.files == {name: digest(saved / name) for name in (WEIGHTS, GRAPH)}
    assert card.created
    assert card.tsattn_version
    assert os.access(saved, os.R_OK | os.X_OK)
    assert [path.name for path in saved.parent.iterdir() if path.name.endswith(".tmp")] == []


def test_when_a_model_is_loaded_then_its_weights_are_those_that_were_saved(saved, tmp_path):
    from tsattn.training.fit import fit
    from tsattn.training.run_options import RunOptions

    network, card = artifact.load_network(saved)
    again, _ = fit(tiny.waves(), tiny.MODEL, tiny.TRAIN, RunOptions(state=tmp_path))
    assert tiny.equal(network, again)
    assert not network.training
    assert card.model == tiny.MODEL


def test_when_the_folder_exists_then_it_is_left_alone(saved):
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    network = tiny.scrambled()
    with pytest.raises(ArtifactError, match="already exists"):
        artifact.save(saved, network, tiny.card_of(network))
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before


@pytest.mark.parametrize(
    ("step", "left"), [("write_graph", [CARD, WEIGHTS]), ("check_parity", [CARD, WEIGHTS]), ("digest", None)]
)
def test_when_saving_fails_midway_then_nothing_is_left_or_a_model_that_forecasts_with_torch(
    tmp_path, monkeypatch, saved, step, left
):
    network = tiny.scrambled()
    monkeypatch.setattr(artifact, "write_graph", lambda _, path: shutil.copy(saved / GRAPH, path))
    monkeypatch.setattr(artifact, "check_parity", lambda *_: None)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(artifact, step, fail)
    with pytest.raises(OSError, match="No space"):
        artifact.save(tmp_path / "models" / "m", network, tiny.card_of(network))
    found = [path for path in (tmp_path / "models").rglob("*") if path.is_file()]
    assert sorted(path.name for path in found) == (left or [])
    if left:
        forecaster = runtime.load(tmp_path / "models" / "m")
        assert tiny.equal(artifact.load_network(tmp_path / "models" / "m")[0], network)
        assert GRAPH not in forecaster.card.files
        with pytest.raises(ConfigError, match="no ONNX graph"):
            runtime.load(tmp_path / "models" / "m", "onnx")


def test_when_the_graph_disagrees_with_the_network_then_it_is_not_saved(tmp_path, monkeypatch, saved):
    network = tiny.scrambled(known=read_card(saved).inputs["known"])
    monkeypatch.setattr(artifact, "write_graph", lambda _, path: shutil.copy(saved / GRAPH, path))
    with pytest.raises(ArtifactError, match="disagrees with the network"):
        artifact.save(tmp_path / "m", network, tiny.card_of(network))
    assert list(tmp_path.iterdir()) == []


def test_when_an_engine_is_unknown_then_the_error_lists_those_there_are(saved):
    with pytest.raises(ConfigError, match="auto, onnx or torch"):
        runtime.load(saved, "tensorrt")


def test_when_the_example_batch_is_made_then_it_is_the_same_every_time():
    network = tiny.scrambled(past=1, known=2, static=1)
    first, second = example.example(network), example.example(network)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, second, strict=True))
    assert len(first) == len(NAMES)


def test_when_a_graph_is_saved_then_it_does_not_tell_of_the_machine_that_made_it(saved):
    content = (saved / GRAPH).read_bytes()
    assert str(Path.home()).encode() not in content
    assert not re.search(rb"\.py\b", content)
