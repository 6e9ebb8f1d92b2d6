from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

import tsattn
from tests import tiny
from tsattn import api
from tsattn.cli.main import main
from tsattn.config import DECODERS, ENCODERS, FRONT_ENDS, ModelConfig
from tsattn.errors import ArtifactError
from tsattn.model import artifact, example
from tsattn.model.card import read_card
from tsattn.nn.outline import outline
from tsattn.workflows.candidates import Judged
from tsattn.workflows.describe import ASSEMBLIES
from tsattn.workflows.results import plain


def test_when_a_model_is_described_then_the_tree_counts_every_parameter_once(saved):
    found = api.describe(saved)
    network, card = artifact.load_network(saved)
    assert found.network.parameters == sum(p.numel() for p in network.parameters()) == card.fitted.parameters
    assert found.network.shape == (card.horizon, len(card.quantiles))
    for node in (found.network, *found.network.children):
        if node.children:
            assert sum(child.parameters * child.times for child in node.children) == node.parameters
    document = json.loads(json.dumps(found.to_mapping(), allow_nan=False))
    assert document["inputs"]["target"] == [card.model.context]
    assert document["settings"]["model"]["width"] == card.model.width


def test_when_blocks_are_alike_then_they_are_one_branch():
    network = tiny.scrambled(dataclasses.replace(tiny.MODEL, layers=3))
    tree = outline(network, example.example(network))
    blocks = next(node for node in tree.children if node.name == "blocks")
    # the last one finishes the newest token alone
    assert [(node.kind, node.times, node.shape) for node in blocks.children] == [
        ("EncoderBlock", 2, (8, 16)),
        ("EncoderBlock", 1, (1, 16)),
    ]


def test_when_a_model_is_described_then_people_see_shapes_the_record_and_the_scores(saved, capsys):
    assert main(["describe", str(saved)]) == 0
    text = capsys.readouterr().out
    for said in ("EncoderBlock → (B, 1, 16)", "LSTM → (B, 8, 16)", "target (B, 64)", "step", "not scored"):
        assert said in text


def test_when_candidates_were_compared_then_describe_lists_their_scores(saved, tmp_path, capsys):
    folder = tmp_path / "model"
    shutil.copytree(saved, folder)
    judged = Judged("fine-tuned", (), 0.7123, 0.5432, zero_shot=0.75), Judged("zero-shot", ("ridge",), 0.7, float("inf"))
    card = dataclasses.replace(read_card(folder), contest=[plain(one.to_mapping()) for one in judged])
    artifact.rewrite_card(folder, card)
    assert main(["describe", str(folder)]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "fine-tuned + 75 % zero-shot 0.7123 0.5432 0.0000" in lines
    assert "zero-shot + members 0.7000 – 0.0000" in lines
    assert main(["describe", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["candidates"][0]["candidate"] == "fine-tuned + 75 % zero-shot"


def test_when_a_run_makes_several_passes_then_describe_says_what_the_steps_of_the_shapes_are(capsys):
    assert main(["describe", str(Path(tsattn.__file__).parent / "zero_shot")]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "→ (B, 256, 9)" in printed
    assert "an example forecast of 256 steps in 4 passes of 64;" in printed
    assert "up to 768 steps (reach)" in printed


def test_when_there_is_no_such_model_then_describe_says_so(tmp_path):
    with pytest.raises(ArtifactError, match="no model 'nothing'"):
        api.describe("nothing", workspace=tmp_path)


def test_when_weights_were_changed_then_describe_refuses_them(saved, tmp_path):
    shutil.copytree(saved, tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").write_bytes(b"other")
    with pytest.raises(ArtifactError, match="is not the file that was saved"):
        api.describe(tmp_path / "model")


def test_when_kinds_are_listed_then_every_choice_of_every_part_is_there_and_counted(capsys):
    fields = [ModelConfig(**one.settings) for one in ASSEMBLIES]
    assert {config.front_end for config in fields} == set(FRONT_ENDS)
    assert {config.encoder for config in fields} | {"none"} == set(ENCODERS)
    assert {config.decoder for config in fields} == set(DECODERS)
    assert {config.layers > 0 for config in fields} == {True, False}
    rows = api.assemblies().rows
    assert all(row["parameters"] > 0 for row in rows)
    assert len({row["name"] for row in rows}) == len(rows)
    assert main(["models", "--kinds"]) == 0
    text = capsys.readouterr().out
    assert all(row["name"] in text and f"{row['parameters']:,}" in text for row in rows)


def test_when_the_zero_shot_model_was_kept_then_describe_says_so_and_counts_no_steps(saved):
    import dataclasses
    import io

    from rich.console import Console

    from tsattn.render.describe import described

    found = api.describe(saved)
    card = dataclasses.replace(found.card, fitted=dataclasses.replace(found.card.fitted, steps=0, best_step=0))
    out = io.StringIO()
    terminal = Console(file=out, width=80, force_terminal=True, color_system=None)
    described(terminal, dataclasses.replace(found, card=card))
    text = out.getvalue()
    assert "the zero-shot model was saved" in text
    assert "0 steps" not in text
    assert max(map(len, text.splitlines())) <= 80
