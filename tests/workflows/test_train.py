"""Training workflow with a stub model: files, the time limit of --resume, messages."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tsattn
from tests import tiny
from tsattn.config import to_mapping
from tsattn.errors import ConfigError
from tsattn.events import Listener
from tsattn.model import artifact
from tsattn.model.card import read_card
from tsattn.workflows import held_out_scores
from tsattn.workflows.time_budget import TimeBudget

MODEL = {key: value for key, value in to_mapping(tiny.MODEL).items() if key != "horizon"}
TRAIN = {"batch": 4, "warmup": 1, "device": "cpu", "precision": "fp32"}


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Train on a small file, without the export that takes most of the time."""
    tiny.without_export(monkeypatch, scored=True)
    days = pd.date_range("2024-01-01", periods=160)
    data = tmp_path / "shop.csv"
    pd.DataFrame({"day": days, "sales": np.sin(np.arange(160))}).to_csv(data, index=False)

    def run(listener: Listener = Listener(), resume: bool = False, test_windows: int = 0, **training: Any) -> Any:
        return tsattn.train(
            data,
            horizon=5,
            workspace=tmp_path / "w",
            model={} if resume else MODEL,
            training=training if resume else TRAIN | training,
            test_windows=test_windows,
            resume=resume,
            listener=listener,
        )

    return run


def left(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "w" / "training" / "shop").iterdir())


def test_when_a_run_finishes_then_its_state_is_removed_and_there_is_nothing_to_resume(train, tmp_path):
    assert train(steps=3).card.fitted.stopped == "finished"
    assert left(tmp_path) == []
    with pytest.raises(ConfigError, match="no interrupted training of 'shop'"):
        train(resume=True)


@pytest.mark.parametrize("finish", [0.01, 0.5], ids=["whose last steps fit the time", "whose last steps do not"])
def test_when_a_run_was_stopped_by_time_then_resuming_needs_more_time_and_trains_on(train, tmp_path, finish):
    first = train(steps=100_000, max_time=0.3, finish=finish).card.fitted
    assert first.stopped == "time"
    with pytest.raises(ConfigError, match="the model is saved as shop/1") as caught:
        train(resume=True)
    assert "--resume --max-time 5m" in caught.value.hint
    second = train(resume=True, max_time=0.6)  # from now on; at least half of it is for training
    assert str(second.ref) == "shop/2"
    assert second.card.fitted.steps > first.steps
    assert second.card.fitted.seconds >= first.seconds + 0.2
    with pytest.raises(ConfigError, match="saved as shop/2"):
        train(resume=True)


def test_when_the_export_is_interrupted_then_the_model_is_saved_and_forecasts_with_torch(train, monkeypatch, tmp_path):
    def fail(*_: Any) -> None:
        raise KeyboardInterrupt

    heard: list[str] = []
    with monkeypatch.context() as broken:
        broken.setattr(artifact, "write_graph", fail)
        with pytest.raises(KeyboardInterrupt):
            train(Listener(note=heard.append), steps=3)
    assert "shop/1 is saved and can forecast" in heard[-1]
    assert left(tmp_path) == []
    made = tsattn.forecast(workspace=tmp_path / "w", model="shop").forecast
    assert np.isfinite(made.values).all()


def test_when_the_export_fails_then_the_model_is_saved_without_a_graph(train, monkeypatch):
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    heard: list[str] = []
    monkeypatch.setattr(artifact, "write_graph", fail)
    made = train(Listener(note=heard.append), steps=3)
    assert any("the ONNX export failed" in note for note in heard)
    assert list(made.card.files) == ["model.safetensors"]


def test_when_the_time_limit_is_over_then_a_few_windows_are_scored_and_the_export_is_left_out(train, monkeypatch):
    monkeypatch.setattr(TimeBudget, "over", property(lambda budget: budget.seconds is not None))
    monkeypatch.setattr(TimeBudget, "left", property(lambda budget: -1.0))
    monkeypatch.setattr(held_out_scores, "FEWEST", 1)
    heard: list[str] = []
    made = train(Listener(note=heard.append), steps=3, max_time=100.0, test_windows=2)
    assert made.scores is not None
    assert made.scores.windows == 1
    assert {"shop", "naive", "seasonal-naive"} <= {row["model"] for row in made.card.scores}
    few = "scored on 1 of 2 test windows, for lack of time; score all of them with: tsattn backtest DATA"
    assert few in heard
    assert few in made.notes
    assert read_card(made.ref.path).source["test"] == {"windows": 2, "horizon": 5, "scored": 1}
    assert any(note.startswith("no ONNX export: ") for note in heard)
    assert list(made.card.files) == ["model.safetensors"]


def test_when_a_run_begins_then_its_notes_give_windows_and_context_in_the_unit_of_the_data(train):
    heard: list[str] = []
    train(Listener(note=heard.append), steps=3, test_windows=2)
    assert "test: the last 2 windows of 5 days of each series are held back" in heard
    (line,) = [note for note in heard if note.startswith("network: ")]
    assert line.endswith("; reads the last 64 days; at most 4 training steps")


def test_when_a_run_of_the_same_name_starts_anew_then_it_is_not_taken_for_the_saved_one(train):
    train(steps=100_000, max_time=0.2)
    interrupted = Interrupt(at=3)
    made = train(interrupted.listener, steps=20)
    assert made.interrupted
    assert any("Ctrl-C again" in note for note in interrupted.heard)
    assert train(resume=True).card.fitted.steps == 25  # twenty, and a quarter more on all rows


class Interrupt:
    """A listener that sends Ctrl-C at one step."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.heard: list[str] = []
        self.listener = dataclasses.replace(Listener(), note=self.heard.append, progress=self.progress)

    def progress(self, now: Any) -> None:
        import signal

        if now.step == self.at:
            signal.raise_signal(signal.SIGINT)
