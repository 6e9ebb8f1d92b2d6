"""Model cards: round trip, and clear errors for anything else."""

from __future__ import annotations

import dataclasses
import json

import pytest

from tests import tiny
from tsattn.data.panel import Schema
from tsattn.errors import ArtifactError
from tsattn.model.card import CARD, FORMAT_VERSION, Card, read_card, sealed


@pytest.fixture
def card() -> Card:
    schema = Schema(timestamp="t", item=("shop",), target=("sales",), known=("price",), known_features=("price",))
    source = {"source": ["/data/a.csv"], "rows": 7, "read": {"decimal": ",", "target": ["sales"]}}
    made = tiny.card_of(tiny.scrambled(), schema=schema)
    return dataclasses.replace(made, tz="Europe/Berlin", source=source, scores=[{"model": "tiny", "MASE": 0.8}], files={"a": "0"})


def write(folder, text: str | bytes):
    folder.joinpath(CARD).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def test_when_a_card_is_written_then_the_same_card_is_read(card, tmp_path):
    assert read_card(write(tmp_path, card.to_json())) == card


@pytest.mark.parametrize("change", [{"name": "other"}, {"quantiles": [0.2, 0.5, 0.8]}, {"colour": 1}], ids=str)
def test_when_a_card_was_changed_by_hand_then_it_is_refused(card, tmp_path, change):
    with pytest.raises(ArtifactError, match="was changed"):
        read_card(write(tmp_path, json.dumps(json.loads(card.to_json()) | change)))


@pytest.mark.parametrize("version", [FORMAT_VERSION + 1, 99, 0, -1])
def test_when_the_format_version_is_unknown_then_the_error_says_what_to_do(card, tmp_path, version):
    values = json.loads(card.to_json()) | {"format_version": version}
    with pytest.raises(ArtifactError, match=f"format version {version}") as caught:
        read_card(write(tmp_path, json.dumps(sealed(values))))
    assert CARD in caught.value.message
    assert "pip install -U tsattn" in caught.value.hint or "train the model again" in caught.value.hint


def test_when_a_newer_version_has_fields_of_its_own_then_the_version_is_still_what_is_reported(card, tmp_path):
    values = json.loads(card.to_json()) | {"format_version": FORMAT_VERSION + 1, "ensemble": [1], "model": {"experts": 8}}
    with pytest.raises(ArtifactError, match="format version"):
        read_card(write(tmp_path, json.dumps(sealed(values))))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "3",
        '"tsattn"',
        "{}",
        '{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 32000}',
        '{"format_version": "1"}',
        '{"format_version": true}',
        '{"format_version": 1.5}',
        '{"format_version": 1}',
        '{"format_version": 1, "digest": null}',
        '{"format_version": 1, "model": {}, "train": {}, "fitted": {}, "schema": {}, "quantiles": [], "inputs": {}}',
        b"\xff\xfe\x00garbage\x80",
        b"\x00" * 5000,
        "[" * 100_000,
    ],
    ids=lambda text: repr(text[:24]),
)
def test_when_a_file_is_no_card_then_the_error_names_it(tmp_path, text):
    with pytest.raises(ArtifactError) as caught:
        read_card(write(tmp_path, text))
    assert str(tmp_path / CARD) in caught.value.message
    assert caught.value.hint
    assert len(caught.value.message) < 1000


def test_when_there_is_no_card_then_the_error_names_the_folder(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere", write(tmp_path, "{}") / CARD):
        if folder == tmp_path:
            with pytest.raises(ArtifactError, match="is not a model folder"):
                read_card(folder / "empty")
            continue
        with pytest.raises(ArtifactError, match=str(folder)):
            read_card(folder)


OPTIONAL = {"tz", "members", "leads", "zero_shot", "trees", "tree_width", "start", "contest", "source", "scores"}
OPTIONAL |= {"created", "tsattn_version", "files"}
KINDS: tuple[object, ...] = (None, 3.5, "text", [1], {"a": 1})


@pytest.mark.parametrize("key", [f.name for f in dataclasses.fields(Card)])
def test_when_a_field_is_of_another_kind_then_the_card_is_refused(card, tmp_path, key):
    values = json.loads(card.to_json())
    for wrong in KINDS:
        if type(wrong) is type(values[key]) or (key == "tz" and wrong is None):
            continue
        with pytest.raises(ArtifactError, match=str(tmp_path / CARD)):
            read_card(write(tmp_path, json.dumps(sealed(values | {key: wrong}))))


@pytest.mark.parametrize("key", [f.name for f in dataclasses.fields(Card)])
def test_when_a_field_is_missing_then_only_those_with_a_default_are_forgiven(card, tmp_path, key):
    values = json.loads(card.to_json())
    del values[key]
    write(tmp_path, json.dumps(sealed(values)))
    if key in OPTIONAL:
        assert read_card(tmp_path).name == "tiny"
    else:
        with pytest.raises(ArtifactError):
            read_card(tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"freq": "fortnight-ish"}, {"horizon": 0}, {"quantiles": []}, {"quantiles": [0.9, 0.1]}, {"inputs": {"past": 0}}],
    ids=str,
)
def test_when_a_value_makes_no_sense_then_the_card_is_refused(card, tmp_path, change):
    with pytest.raises(ArtifactError, match="damaged"):
        read_card(write(tmp_path, json.dumps(sealed(json.loads(card.to_json()) | change))))


@pytest.mark.parametrize("part", ["schema", "model", "train", "fitted"])
def test_when_a_setting_is_unknown_or_of_another_kind_then_the_error_names_it(card, tmp_path, part):
    values = json.loads(card.to_json())
    key = next(iter(values[part]))
    for broken in (values[part] | {"colour": 1}, values[part] | {key: {"not": "this"}}):
        with pytest.raises(ArtifactError, match=part):
            read_card(write(tmp_path, json.dumps(sealed(values | {part: broken}))))


def test_when_a_value_is_not_finite_then_the_card_is_not_written(card):
    with pytest.raises(ValueError, match="JSON"):
        dataclasses.replace(card, scores=[{"MASE": float("nan")}]).to_json()
