"""Joint models as users make them: `train --joint`, and forecasts that need no flag."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import tsattn
from tests import tiny
from tsattn.cli.main import main
from tsattn.config import ACROSS, to_mapping
from tsattn.errors import ConfigError
from tsattn.events import Listener
from tsattn.model import artifact
from tsattn.model.card import GRAPH, read_card
from tsattn.workflows.candidates import JOINTLY, TUNED, Judged

MODEL = {key: value for key, value in to_mapping(tiny.MODEL).items() if key not in ("horizon", "across")}
TRAIN = {"batch": 8, "warmup": 1, "steps": 10, "device": "cpu", "precision": "fp32"}

pytestmark = pytest.mark.usefixtures("own_workspace")


@pytest.fixture
def river(tmp_path):
    rng, x = np.random.default_rng(0), np.zeros(303)
    for t in range(1, 303):
        x[t] = 0.9 * x[t - 1] + rng.normal()
    table = {"time": pd.date_range("2024-01-01", periods=300, freq="h"), "upstream": 20 + 2 * x[3:]}
    table |= {"downstream": 50 + 5 * x[:-3] + rng.normal(0, 0.5, 300)}
    pd.DataFrame(table).to_csv(tmp_path / "river.csv", index=False)
    return tmp_path / "river.csv"


def train(river, notes: list[str], start: str = "scratch", **options):
    listener = Listener(note=notes.append)
    given = {"horizon": 3, "model": MODEL, "training": TRAIN, "start": start, "joint": True, "test_windows": 4}
    return tsattn.train(river, **{**given, **options}, listener=listener)


def no_graph(*_: object) -> None:
    """An export that fails: the model forecasts with torch."""
    raise OSError(28, "No space left on device")


def test_when_a_model_is_trained_jointly_then_it_forecasts_together_without_a_flag(river, capsys):
    notes: list[str] = []
    found = train(river, notes)
    assert found.card.model.across == ACROSS
    assert "joint: the network reads 2 series together" in notes
    assert any("attention across series" in note for note in notes)
    card = read_card(found.ref.path)
    assert card.model.across == ACROSS
    assert GRAPH not in card.files
    assert "a joint model has no ONNX graph; it forecasts with PyTorch" in notes
    with pytest.raises(ConfigError, match="a joint model has none"):
        tsattn.load("river", engine="onnx")
    together = tsattn.forecast(river, horizon=3)
    assert any("a joint model trained" in note for note in together.notes)
    table = pd.read_csv(river)
    table.loc[table.index[-3:], "upstream"] += 20
    moved = tsattn.forecast(table, horizon=3)
    assert together.forecast.item_ids[1] == "downstream"
    assert not np.allclose(moved.forecast.values[1], together.forecast.values[1])
    assert main(["describe", found.ref.name]) == 0
    assert "SeriesAttention" in capsys.readouterr().out


def test_when_the_zero_shot_model_is_fine_tuned_jointly_then_it_is_judged_with_and_without_attention_across_series(
    river, monkeypatch, shipped
):
    monkeypatch.setattr(artifact, "write_graph", no_graph)
    notes: list[str] = []
    found = train(river, notes, start="auto")
    names = {judged["model"] for judged in found.card.contest}
    assert {"fine-tuned", "fine-tuned, joint", "zero-shot"} <= names
    averages = {judged["model"] for judged in found.card.contest if judged["zero_shot"]}
    assert averages == {"fine-tuned", "fine-tuned, joint"}
    assert found.card.start in ("fine-tuned", "from scratch", "zero-shot")
    assert {judged["model"] for judged in found.card.contest if judged["leads"]} >= {"zero-shot"}
    said = any("the saved model reads each series alone" in note for note in found.notes)
    assert said == (not found.card.model.across and not found.card.leads)
    assert any(", joint: MASE" in note and "than without" in note for note in notes) == said


def test_when_leads_forecast_best_then_the_saved_model_uses_them_without_a_flag(river, tmp_path, monkeypatch, shipped):
    monkeypatch.setattr(artifact, "write_graph", no_graph)
    found = train(river, [], start="auto", name="river")
    assert found.card.leads
    assert read_card(found.ref.path) == found.card
    assert any("the saved model uses leading series" in note for note in found.notes)
    assert found.scores.models[0] == found.card.scored_as
    made = tsattn.forecast(river, model="river")
    assert [effect.series for effect in made.joint] == ["downstream"]
    assert any("a joint model trained" in note for note in made.notes)
    np.testing.assert_array_equal(made.forecast.values, tsattn.load("river").predict(str(river)).values)
    (tmp_path / "jobs.toml").write_text(
        f'[[job]]\nname = "gauges"\ninput = "{river.as_posix()}"\nmodel = "river"\noutputs = ["out.csv"]\n', "utf-8"
    )
    assert main(["run", str(tmp_path / "jobs.toml"), "--quiet"]) == 0
    table = pd.read_csv(tmp_path / "out.csv")
    np.testing.assert_allclose(table["0.5"].to_numpy().reshape(2, 3), made.forecast.median, rtol=1e-5)
    alone = tsattn.forecast(river, model="river", members=["network"])
    assert alone.joint is None
    scores = tsattn.backtest(river, model="river", windows=2).scores
    assert scores.models[0] == found.card.scored_as


@pytest.mark.parametrize(("loss", "kept"), [(0.50, False), (0.497, False), (0.49, True)])
def test_when_reading_other_series_lowers_the_loss_by_one_per_cent_then_only_a_joint_network_is_kept(loss, kept):
    alone = Judged(TUNED, (), 1.0, 0.5, zero_shot=0.25)
    together = Judged(TUNED + JOINTLY, (), 1.0, loss, zero_shot=0.25, joint=True)
    assert (together.rank < alone.rank) is kept


def test_when_a_model_is_fine_tuned_jointly_then_it_is_compared_with_zero_shot_that_reads_leads_too(river, monkeypatch, shipped):
    tiny.without_export(monkeypatch, scored=True)
    notes: list[str] = []
    train(river, notes, start="shipped", name="river")
    beside = [note for note in notes if note.startswith("river") and " beside " in note]
    assert [", joint on the same windows" in note for note in beside] == [False, True]


def test_when_the_data_has_one_series_then_a_joint_model_is_a_usual_one(river, monkeypatch):
    tiny.without_export(monkeypatch)
    notes: list[str] = []
    found = train(river, notes, read={"target": "upstream"})
    assert found.card.model.across == 0
    assert "joint: the data has only one series; the network has no attention across series" in notes


def test_when_train_is_joint_on_the_command_line_then_the_network_attends_across(river, tmp_path, monkeypatch, capsys):
    tiny.without_export(monkeypatch)
    lines = ["[model]", *(f"{key} = {json.dumps(value)}" for key, value in MODEL.items())]
    lines += ["[train]", *(f"{key} = {json.dumps(value)}" for key, value in TRAIN.items())]
    (tmp_path / "tiny.toml").write_text("\n".join(lines), "utf-8")
    options = ["--from-scratch", "--config", str(tmp_path / "tiny.toml"), "--horizon", "3", "--name", "river"]
    assert main(["train", str(river), "--joint", *options]) == 0
    assert "reads 2 series together" in capsys.readouterr().err
    assert tsattn.load("river").card.model.across == ACROSS
