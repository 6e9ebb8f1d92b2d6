"""A saved model that is zero-shot unchanged: notes about training do not apply to it, and none claims a comparison not made."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import tsattn
from tests import tiny
from tsattn.cli.main import main
from tsattn.cli.train import render
from tsattn.config import FEWEST_TOKENS
from tsattn.model.card import UNCHANGED
from tsattn.workflows import model_selection
from tsattn.workflows.plan import plan

pytestmark = pytest.mark.usefixtures("shipped", "own_workspace")


@pytest.fixture
def kpi(tmp_path) -> str:
    months = pd.date_range("2021-01-01", periods=40, freq="MS")
    values = 1000 + 10 * np.arange(40) + np.random.default_rng(0).normal(0, 5, 40)
    pd.DataFrame({"month": months, "kpi": values.round(1)}).to_csv(tmp_path / "kpi.csv", index=False)
    return str(tmp_path / "kpi.csv")


@pytest.fixture
def unchanged(kpi):
    made = tsattn.train(kpi, horizon=100)
    assert (made.card.start, made.card.contest) == (UNCHANGED, [])
    return made


def test_when_a_model_was_trained_then_the_result_says_whether_training_beat_zero_shot(unchanged):
    assert unchanged.beats_zero_shot is None
    assert "kpi/1: the series are too short for validation windows; the zero-shot model was saved unchanged; " in repr(unchanged)
    for start, steps, beats, said in (
        (UNCHANGED, 0, False, "training did not beat zero-shot; the zero-shot model was saved unchanged"),
        ("fine-tuned", 9, True, unchanged.verdict),
    ):
        fitted = dataclasses.replace(unchanged.card.fitted, steps=steps)
        card = dataclasses.replace(unchanged.card, start=start, fitted=fitted, contest=[{"model": start}])
        found = dataclasses.replace(unchanged, card=card)
        assert repr(found).startswith(f"<Trained kpi/1: {said}")
        assert found.beats_zero_shot is found.to_mapping()["beats_zero_shot"] is beats


def test_when_zero_shot_was_saved_unchanged_then_detect_and_backtest_do_not_say_that_it_was_trained(kpi, unchanged):
    assert not any("trained on" in note for note in tsattn.detect(kpi, last=7).notes)
    assert not any("trained on" in note for note in tsattn.backtest(kpi, horizon=5, windows=3).notes)


def test_when_a_workspace_was_named_then_the_next_command_names_it_too(unchanged):
    text = io.StringIO()
    for workspace, better, said in (
        (None, "", "next: tsattn forecast"),
        ("my models", "", "next: tsattn forecast --workspace 'my models'"),
        ("w", "--model zero-shot", "next: tsattn forecast --model zero-shot --workspace w"),
    ):
        found = dataclasses.replace(unchanged, better=better)
        render(Console(file=text, width=120, color_system=None), found, workspace)
        assert text.getvalue().splitlines()[-1] == said


def test_when_the_workspace_comes_from_the_environment_then_the_next_command_does_not_name_it(
    unchanged, kpi, monkeypatch, capsys
):
    monkeypatch.setattr(tsattn.api, "train", lambda *_, **__: unchanged)
    monkeypatch.setenv("TSATTN_WORKSPACE", "elsewhere")
    for options, said in (([], "next: tsattn forecast"), (["--workspace", "w"], "next: tsattn forecast --workspace w")):
        assert main(["train", kpi, *options]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == said


def test_when_nothing_was_compared_then_only_the_length_of_the_series_is_given_as_the_reason(kpi, capsys):
    assert main(["train", kpi, "--horizon", "100", "--max-time", "20s"]) == 0
    printed = "".join(capsys.readouterr())
    assert printed.count("too short for validation windows") == 1
    assert "did not beat" not in printed
    assert main(["describe", "kpi"]) == 0
    assert "did not beat" not in capsys.readouterr().out


def test_when_the_horizon_is_longer_than_every_history_then_train_and_forecast_note_it(kpi, unchanged):
    said = "the horizon, 100 months, is longer than the longest history (40 rows)"
    assert said in unchanged.notes
    assert any(note.startswith(said) for note in tsattn.forecast(kpi).notes)
    assert not any(note.startswith(said) for note in tsattn.forecast(kpi, horizon=100).notes)


def test_when_series_are_short_then_the_network_of_the_package_still_accepts_any_length_and_shares_its_graph():
    panel = tiny.waves((40,))
    base = model_selection.base_for("auto", {})
    assert base is not None
    config = base.config(plan(panel, horizon=12, model={}, train={}))
    assert config.any_length
    assert config.context == FEWEST_TOKENS * config.patch
