from __future__ import annotations

import dataclasses
import json
import shutil

import pytest

from tests import tiny
from tsattn import api
from tsattn.cli.main import main
from tsattn.errors import ArtifactError, ConfigError
from tsattn.model.artifact import rewrite_card
from tsattn.model.card import read_card
from tsattn.workspace import Workspace


@pytest.fixture
def workspace(tmp_path, saved):
    """A workspace with the models `shop` (two versions) and `other`."""
    place = tmp_path / "w"
    for name, versions in (("shop", 2), ("other", 1)):
        for version in range(1, versions + 1):
            folder = place / "models" / name / f"{version:04d}"
            shutil.copytree(saved, folder)
            card = dataclasses.replace(read_card(folder), name=name, scores=[{"model": name, "MASE": 0.5}])
            rewrite_card(folder, card)
    return place


def names(workspace) -> list[str]:
    return sorted(row["model"] for row in api.models(workspace=workspace).models)


def test_when_a_model_is_deleted_then_all_its_versions_go_and_the_others_stay(workspace):
    (workspace / "training" / "shop").mkdir(parents=True)
    assert [row["model"] for row in api.delete_model("shop", workspace=workspace).models] == ["other/1"]
    assert not (workspace / "models" / "shop").exists()
    assert not (workspace / "training" / "shop").exists()


def test_when_one_version_is_deleted_then_the_others_stay(workspace):
    api.delete_model("shop/1", workspace=workspace)
    assert names(workspace) == ["other/1", "shop/2"]


def test_when_a_model_is_renamed_then_its_versions_load_and_are_listed_with_their_scores(workspace):
    api.rename_model("shop", "store", workspace=workspace)
    assert names(workspace) == ["other/1", "store/1", "store/2"]
    model = api.load("store", workspace=workspace)
    assert model.card.name == "store"
    assert model.predict(tiny.waves().history(0)).shape == (1, 12, 9)
    listed = next(row for row in api.models(workspace=workspace).models if row["model"] == "store/2")
    assert listed["scores"]["MASE"] == 0.5


def test_when_the_new_name_is_taken_or_the_old_one_unknown_then_nothing_changes(workspace):
    with pytest.raises(ConfigError, match="already a model 'other'"):
        api.rename_model("shop", "other", workspace=workspace)
    with pytest.raises(ArtifactError, match="no model 'shp'"):
        api.rename_model("shp", "x", workspace=workspace)
    with pytest.raises(ArtifactError, match="no model 'shop/9'"):
        api.delete_model("shop/9", workspace=workspace)
    assert names(workspace) == ["other/1", "shop/1", "shop/2"]


def test_when_nobody_can_confirm_then_delete_needs_yes(workspace, capsys):
    assert main(["models", "delete", "shop", "--workspace", str(workspace)]) == 2
    assert "--yes" in capsys.readouterr().err
    assert names(workspace) == ["other/1", "shop/1", "shop/2"]
    assert main(["models", "delete", "shop", "--yes", "--json", "--workspace", str(workspace)]) == 0
    assert [row["model"] for row in json.loads(capsys.readouterr().out)["models"]] == ["other/1"]


@pytest.mark.parametrize("words", [["delete"], ["rename", "shop"], ["delete", "shop", "x"], ["frob", "shop"]])
def test_when_an_action_has_wrong_arguments_then_the_hint_shows_the_right_ones(workspace, capsys, words):
    assert main(["models", *words, "--workspace", str(workspace)]) == 2
    assert f"tsattn models {'rollback NAME' if words[0] == 'frob' else words[0]}" in capsys.readouterr().err
    assert Workspace.at(workspace).models()


def test_when_list_is_typed_then_it_is_what_no_action_does(tmp_path, capsys):
    assert main(["models", "--workspace", str(tmp_path), "--json"]) == 0
    plain = capsys.readouterr().out
    assert main(["models", "list", "--workspace", str(tmp_path), "--json"]) == 0
    assert capsys.readouterr().out == plain
    assert main(["models", "list", "shop", "--workspace", str(tmp_path)]) == 2
