"""Retraining: models are retrained when old, promoted when better, and can be withdrawn."""

from __future__ import annotations

import dataclasses
import json
import shutil
import types

import numpy as np
import pytest

from tests.batch.conftest import job_text, rows, write_csv
from tsattn import api
from tsattn.batch import retrain
from tsattn.cli.main import main
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, last_origins, rolling_origins
from tsattn.errors import ConfigError
from tsattn.model.card import UNCHANGED
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

    def score(self, *_):
        return types.SimpleNamespace(table=lambda: [{"WQL": scores.pop(0)}], windows=1), last_origins(self.panel)

    monkeypatch.setattr(api, "train", train)
    monkeypatch.setattr(retrain._Scored, "score", score)
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


def test_when_a_new_model_was_rejected_then_the_next_retraining_is_due_after_the_same_time_again(
    jobs, house, trainings, monkeypatch, capsys
):
    monkeypatch.setattr(retrain, "_age", lambda _: 30 * 86400.0)
    trainings[1][:] = [0.30001, 0.3]
    path = jobs(JOB)
    for _ in range(2):
        assert main(["run", str(path)]) == 0
    assert trainings[0] == ["tiny"]
    assert "the new model is worse (WQL 0.30001, tiny/1 0.30000, " in capsys.readouterr().err
    seconds = retrain._seconds_since
    monkeypatch.setattr(retrain, "_seconds_since", lambda moment: seconds(moment) + 8 * 86400.0)
    trainings[1][:] = [0.3, 0.2]
    assert main(["run", str(path)]) == 0
    assert trainings[0] == ["tiny"] * 2
    assert "tiny/1 is 30 days old, last compared with a new model 8 days ago" in capsys.readouterr().err


def test_when_a_retraining_failed_then_it_is_repeated_after_a_day_or_when_its_settings_change(
    jobs, house, trainings, monkeypatch, capsys
):
    from tsattn.errors import DataError

    asked = []

    def fail(*_, **__):
        asked.append(1)
        raise DataError("disk full")

    monkeypatch.setattr(api, "train", fail)
    monkeypatch.setattr(retrain, "_age", lambda _: 30 * 86400.0)
    for _ in range(2):
        assert main(["run", str(jobs(JOB))]) == 0
    assert len(asked) == 1
    said = capsys.readouterr().err
    assert "retraining failed: disk full; tiny/1 stays in use" in said
    assert "tiny/1 stays in use: retraining failed " in said
    assert any(f" and is due again in {left}" in said for left in ("22 h 59 min", "23 h"))
    assert main(["run", str(jobs(JOB + "training = { steps = 5 }\n")), "-q"]) == 0
    assert len(asked) == 2
    seconds = retrain._seconds_since
    monkeypatch.setattr(retrain, "_seconds_since", lambda moment: seconds(moment) + 23 * 3600.0)
    assert main(["run", str(jobs(JOB + "training = { steps = 5 }\n"))]) == 0
    assert len(asked) == 3
    assert "tiny/1 is 30 days old, last retraining failed 23 h" in capsys.readouterr().err


def test_when_both_models_are_zero_shot_unchanged_then_they_are_not_compared_and_the_present_one_stays(
    jobs, house, trainings, monkeypatch, capsys
):
    read = retrain.read_card
    monkeypatch.setattr(retrain, "read_card", lambda path: dataclasses.replace(read(path), start=UNCHANGED))
    assert main(["run", str(jobs(OLD))]) == 0
    assert "training did not beat zero-shot, and tiny/1 is the same zero-shot model: it stays in use" in capsys.readouterr().err
    assert versions(house) == [1]


def test_when_both_models_score_exactly_the_same_then_the_present_one_stays(jobs, house, trainings, capsys):
    trainings[1][:] = [0.2, 0.2]
    assert main(["run", str(jobs(OLD))]) == 0
    assert versions(house) == [1]
    assert "the new model is not better (WQL 0.2000, tiny/1 0.2000, on 1 window): tiny/1 stays in use" in capsys.readouterr().err


def test_when_new_models_are_better_then_the_last_ones_are_kept_and_one_can_go_back(jobs, house, trainings, capsys):
    for _ in range(2):
        trainings[1][:] = [0.2, 0.3]
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


def test_when_a_model_is_really_trained_anew_then_it_is_promoted_only_if_it_scores_better(jobs, house, capsys, monkeypatch):
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


def test_when_a_model_is_retrained_then_the_log_names_each_phase_and_the_limit_includes_the_comparison(
    jobs, house, capsys, monkeypatch
):
    asked, train = [], api.train

    def remember(*words, training, **more):
        asked.append(training["max_time"])
        return train(*words, training=training, **more)

    monkeypatch.setattr(api, "train", remember)
    write_csv(house / "data.csv", rows(4, 400))
    network = "network = { context = 64, patch = 8, width = 16, heads = 2, layers = 1, horizon = 12 }\n"
    training = 'training = { steps = 1, batch = 8, device = "cpu", precision = "fp32", max_time = "1m30s" }\n'
    assert main(["run", str(jobs(OLD + network + training))]) == 0
    said = capsys.readouterr().err
    assert asked == [pytest.approx(72)]
    parts = (
        "training tiny: tiny/1 is ",
        "; time limit 1 min 30 s",
        "training: test: the last ",
        "training: scoring",
        "comparing",
    )
    at = [said.index(part) for part in parts]
    assert at == sorted(at)
    assert ", on 24 windows)" in said


def test_when_time_is_short_then_both_models_are_compared_on_the_same_windows(jobs, house, capsys, monkeypatch):
    write_csv(house / "data.csv", rows(4, 400))
    seen, score = [], retrain.score_in_time

    def slow(models, panel, horizon, windows, listener, budget, **more):
        few = {} if seen else {"origins": more["origins"][::2]}  # of the first model
        seen.append(score(models, panel, horizon, windows, listener, budget, **{**more, **few}))
        return seen[-1]

    monkeypatch.setattr(retrain, "score_in_time", slow)

    def train(*_, name, workspace, **__):
        ref = Workspace(workspace).next_version(name)
        shutil.copytree(house / ".tsattn" / "models" / "tiny" / "0001", ref.path)
        return types.SimpleNamespace(ref=ref, plan=types.SimpleNamespace(windows=4, horizon=12), interrupted=False)

    monkeypatch.setattr(api, "train", train)
    assert main(["run", str(jobs(OLD))]) == 0
    assert [found.windows for found, _ in seen] == [8, 8]
    assert "the new model is not better" in capsys.readouterr().err


def test_when_another_panel_has_more_rows_or_series_then_origins_keep_their_series_and_times():
    short = Panel.from_arrays([np.arange(9.0), np.arange(20.0)], freq="h", start="2024-01-01", item_ids=["a", "b"])
    long = Panel.from_arrays([np.arange(30.0), np.arange(25.0)], freq="h", start="2024-01-01T02", item_ids=["b", "c"])
    found = retrain._moved(rolling_origins(short, 2, 9), short, long)
    assert found.item.tolist() == [0] * 8
    assert found.row.tolist() == [2, 4, 6, 8, 10, 12, 14, 16]
    assert len(retrain._moved(Origins(np.array([0]), np.array([2])), long, short)) == 1


def test_when_a_duration_of_a_training_is_a_text_then_the_job_file_takes_it(jobs):
    from tsattn.batch.job_file import read_jobs

    assert read_jobs(jobs(OLD + 'training = { max_time = "90s" }\n')).jobs[0].training == {"max_time": 90.0}
    with pytest.raises(ConfigError, match=r"training: \[training\]: max_time must be a duration, not 'soon'"):
        read_jobs(jobs(OLD + 'training = { max_time = "soon" }\n'))
