"""Retraining: models are retrained when old, promoted when not worse, and can be withdrawn."""

from __future__ import annotations

import json
import shutil
import types

import pytest

from tests.batch.conftest import job_text, rows, write_csv
from tsattn import api
from tsattn.cli.main import main
from tsattn.workflows.plan import Plan
from tsattn.workspace import Workspace

JOB = job_text('outputs = "o.csv"', 'retrain = "7d"', "keep = 2")
OLD = JOB.replace("7d", "0.001s")  # however young the model, it is older than that


@pytest.fixture
def trainings(house, monkeypatch):
    """Training copies the present model; a score for each version is dealt out in turn."""
    asked, scores = [], []

    class Trained:
        interrupted = False

        def __init__(self, ref):
            self.ref, self.plan = ref, Plan.__new__(Plan)
            object.__setattr__(self.plan, "windows", 1)
            object.__setattr__(self.plan, "horizon", 12)

    def train(data, *, name, workspace, **_):
        asked.append(name)
        ref = Workspace(workspace).next_version(name)
        shutil.copytree(house / ".tsattn" / "models" / "tiny" / "0001", ref.path)
        return Trained(ref)

    class Backtested:
        def __init__(self):
            self.scores = self

        def table(self):
            return [{"model": "tiny", "WQL": scores.pop(0)}]

    monkeypatch.setattr(api, "train", train)
    monkeypatch.setattr(api, "backtest", lambda *_, **__: Backtested())
    return asked, scores


def versions(house) -> list[int]:
    return [ref.version for ref in Workspace(house / ".tsattn").versions("tiny")]


def test_when_the_model_is_young_then_it_is_not_trained_anew(jobs, house, trainings):
    assert main(["run", str(jobs(JOB)), "-q"]) == 0
    assert trainings[0] == []


def test_when_a_new_model_is_worse_then_the_old_one_stays_and_no_trace_of_the_new(jobs, house, trainings):
    trainings[1][:] = [0.3, 0.2]
    assert main(["run", str(jobs(OLD)), "-q"]) == 0
    assert trainings[0] == ["tiny"]
    assert versions(house) == [1]
    assert not list((house / ".tsattn" / "candidates").rglob("config.json"))


def test_when_new_models_are_not_worse_then_the_last_ones_are_kept_and_one_can_go_back(jobs, house, trainings, capsys):
    for _ in range(2):
        trainings[1][:] = [0.2, 0.2]
        assert main(["run", str(jobs(OLD)), "-q"]) == 0
    assert versions(house) == [2, 3]
    assert main(["models", "rollback", "tiny", "--workspace", str(house / ".tsattn"), "--json"]) == 0
    assert versions(house) == [2]
    assert Workspace(house / ".tsattn").next_version("tiny").version == 4, "a number is never given twice"
    assert main(["models", "rollback", "tiny", "--workspace", str(house / ".tsattn"), "--json"]) == 1
    assert "no earlier version" in capsys.readouterr().out


def test_when_a_night_is_made_up_for_then_the_model_is_not_trained_anew(jobs, house, trainings):
    assert main(["run", str(jobs(OLD)), "-q", "--as-of", "2024-01-08"]) == 0
    assert trainings[0] == []


def test_when_training_fails_then_the_present_model_goes_on(jobs, house, trainings, monkeypatch, capsys):
    from tsattn.errors import DataError

    def fail(*_, **__):
        raise DataError("too short")

    monkeypatch.setattr(api, "train", fail)
    assert main(["run", str(jobs(OLD))]) == 0
    assert "retraining failed: too short; tiny/1 stays in use" in capsys.readouterr().err


def test_when_a_model_is_really_trained_anew_then_it_is_promoted_only_if_it_scores_no_worse(jobs, house, capsys, monkeypatch):
    write_csv(house / "data.csv", rows(4, 400))
    network = "network = { context = 64, patch = 8, width = 16, heads = 2, layers = 1, horizon = 12 }\n"
    training = 'training = { steps = 1, batch = 8, device = "cpu", precision = "fp32", learning_rate = 1e-9 }\n'
    train, good, bad = api.train, house / ".tsattn" / "models" / "tiny" / "0001", house / "bad"

    def train_and_keep(*words, **more):
        made = train(*words, **more)
        shutil.copytree(made.ref.path, bad)
        return made

    monkeypatch.setattr(api, "train", train_and_keep)
    assert main(["run", str(jobs(OLD + network + training)), "--json"]) == 0
    said = capsys.readouterr()
    assert "the new model is worse" in said.err
    assert (versions(house), json.loads(said.out)["jobs"][0]["version"]) == ([1], 1)
    # now the model that hardly learned is in use, and what comes of training is the better one
    good.rename(house / "good")
    bad.rename(good)

    def train_better(*_, name, workspace, **__):
        ref = Workspace(workspace).next_version(name)
        shutil.copytree(house / "good", ref.path)
        return types.SimpleNamespace(ref=ref, plan=types.SimpleNamespace(windows=2, horizon=12), interrupted=False)

    monkeypatch.setattr(api, "train", train_better)
    assert main(["run", str(jobs(OLD + network + training)), "--json"]) == 0
    said = capsys.readouterr()
    assert "tiny/2 is in use now" in said.err
    assert (versions(house), json.loads(said.out)["jobs"][0]["version"]) == ([1, 2], 2)
    assert main(["models", "rollback", "tiny", "--workspace", str(house / ".tsattn"), "--json"]) == 0
    assert main(["run", str(jobs(JOB)), "-q", "--json"]) == 0
    assert versions(house) == [1]
