from __future__ import annotations

import json
from pathlib import Path

import pytest

from tsattn import workspace as workspace_module
from tsattn.errors import ArtifactError, ConfigError, LockedError
from tsattn.workspace import Workspace, name_for


def make_model(workspace: Workspace, name: str, version: int, created: str = "2026-01-01T00:00:00Z") -> Path:
    folder = workspace.root / "models" / name / f"{version:04d}"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"created": created}))
    return folder


def test_when_there_is_no_workspace_then_it_holds_no_models_and_nothing_is_made(tmp_path):
    workspace = Workspace(tmp_path / "w")
    assert workspace.models() == []
    with pytest.raises(ArtifactError, match="no model") as caught:
        workspace.latest()
    assert "tsattn train" in caught.value.hint
    assert not workspace.root.exists()


def test_when_models_were_made_then_latest_is_the_newest_by_its_card(tmp_path):
    workspace = Workspace(tmp_path)
    make_model(workspace, "b", 1, "2026-03-01T00:00:00Z")
    make_model(workspace, "a", 2, "2026-02-01T00:00:00Z")
    assert str(workspace.latest()) == "b/1"


def test_when_a_folder_is_half_written_then_it_is_no_model(tmp_path):
    workspace = Workspace(tmp_path)
    make_model(workspace, "a", 1)
    (tmp_path / "models" / "a" / "0002").mkdir()  # no config.json
    temporary = tmp_path / "models" / "a" / ".0003.tmp"
    temporary.mkdir()
    (temporary / "config.json").write_text("{}")
    assert [ref.version for ref in workspace.models()] == [1]
    assert workspace.next_version("a").path.name == "0003"  # never written over, even when it is half a model


def test_when_a_name_is_given_then_its_newest_version_is_found(tmp_path):
    workspace = Workspace(tmp_path)
    for version in (1, 2, 10):
        make_model(workspace, "sales", version)
    assert workspace.find("sales").version == 10
    assert workspace.find("sales/2").version == 2
    assert workspace.find("sales/0002").version == 2


def test_when_a_path_is_given_then_the_folder_is_the_model(tmp_path):
    folder = make_model(Workspace(tmp_path / "elsewhere"), "a", 1)
    ref = Workspace(tmp_path / "here").find(folder)
    assert ref.path == folder
    assert ref.version == 0


def test_when_a_model_is_misspelt_then_the_error_names_the_nearest(tmp_path):
    workspace = Workspace(tmp_path)
    make_model(workspace, "weather", 1)
    with pytest.raises(ArtifactError) as caught:
        workspace.find("wether")
    assert "did you mean 'weather'" in caught.value.hint


def test_when_a_model_that_is_not_there_is_withdrawn_then_the_error_names_the_nearest(tmp_path):
    workspace = Workspace(tmp_path)
    make_model(workspace, "prices", 1)
    with pytest.raises(ArtifactError, match="no model 'price' in") as caught:
        workspace.withdraw("price")
    assert "did you mean 'prices'" in caught.value.hint
    with pytest.raises(ArtifactError, match="'prices' has no earlier version"):
        workspace.withdraw("prices")


def test_when_another_run_holds_the_lock_then_training_is_refused_with_exit_code_75(tmp_path):
    workspace = Workspace(tmp_path)
    with workspace.lock("a"):
        with pytest.raises(LockedError) as caught, workspace.lock("a"):
            pass
        with workspace.lock("b"):  # another name is free
            pass
    assert caught.value.exit_code == 75
    with workspace.lock("a"):
        pass


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "-x", ".hidden", "a\n"])
def test_when_a_name_could_leave_its_folder_then_it_is_refused(tmp_path, name):
    with pytest.raises(ConfigError):
        Workspace(tmp_path).next_version(name)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("data/sales.csv", "sales"),
        ("sales 2024 (final).csv.gz", "sales-2024-final"),
        ("-", "model"),
        (["a.csv", "b.csv"], "a"),
        ("folder/*.csv", "folder"),
        ("v1.2.parquet", "v1.2"),
        ("日本.csv", "model"),
        (object(), "model"),
    ],
)
def test_when_nobody_names_the_model_then_the_source_does(source, name):
    assert name_for(source) == name


def test_when_the_place_cannot_be_written_then_the_error_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot write the workspace"):
        Workspace(tmp_path / "file").log_folder()


def test_when_nothing_is_said_then_the_environment_names_the_workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("TSATTN_WORKSPACE", str(tmp_path / "elsewhere"))
    assert Workspace.at().root == tmp_path / "elsewhere"
    assert Workspace.at("here").root == Path("here")
    monkeypatch.delenv("TSATTN_WORKSPACE")
    assert Workspace.at().root == Path(".tsattn")


def test_when_a_job_fails_for_years_then_the_newest_logs_of_faults_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(workspace_module, "LOGS", 3)
    place = Workspace.at(tmp_path)
    for second in range(5):
        (place.log_folder() / f"tsattn-20240101-00000{second}-1.log").write_text("old", "utf-8")
    kept = place.keep_fault(ValueError("broken"), ["job a"])
    assert sorted(path.name for path in kept.parent.iterdir())[:2] == [
        "tsattn-20240101-000003-1.log",
        "tsattn-20240101-000004-1.log",
    ]
    assert len(list(kept.parent.iterdir())) == 3
    assert "ValueError: broken" in kept.read_text("utf-8")
