"""Trees among the candidates of a training run."""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
import pandas as pd
import pytest

from tests import tiny
from tsattn import api
from tsattn.config import ReadOptions
from tsattn.events import Listener
from tsattn.model import artifact
from tsattn.model.card import TREES, UNCHANGED, read_card
from tsattn.workflows import candidates, model_selection
from tsattn.workflows.plan import plan

MODEL = {key: getattr(tiny.MODEL, key) for key in ("context", "patch", "width", "heads", "layers")}
QUICK = {"steps": 8, "batch": 8, "warmup": 2, "device": "cpu", "precision": "fp32"}
HOURS, AHEAD = 24 * 200, 24


@pytest.fixture(autouse=True)
def without_graphs(shipped, monkeypatch):
    tiny.without_export(monkeypatch, scored=True)
    monkeypatch.setattr(artifact, "write_graph", no_graph)


def no_graph(*_: object) -> None:
    """An export that fails: the model forecasts with torch."""
    raise OSError(28, "No space left on device")


def heated(length: int = HOURS + AHEAD) -> pd.DataFrame:
    """Hourly load that depends on heating in the evening only: a linear effect of the temperature misses it."""
    rng = np.random.default_rng(0)
    hour = np.arange(length) % 24
    cold = rng.integers(0, 2, length)
    load = 50 + 10 * np.sin(2 * np.pi * hour / 24) + 20 * cold * (hour >= 18) + rng.normal(0, 1, length)
    frame = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=length, freq="h"), "load": load.round(2), "cold": cold})
    frame.loc[length - AHEAD :, "load"] = np.nan
    return frame


def train(tmp_path, notes, **given):
    return api.train(
        heated(),
        name="load",
        workspace=tmp_path,
        model=MODEL,
        training=QUICK,
        read=ReadOptions(known=("cold",)),
        listener=Listener(note=notes.append),
        **given,
    )


def test_when_trees_forecast_best_then_they_are_saved_and_correct_the_forecast(tmp_path, monkeypatch):
    monkeypatch.setattr(candidates, "SHARES", ())  # no averages, which are saved unless another candidate is clearly better
    notes: list[str] = []
    made = train(tmp_path, notes)
    card = read_card(made.ref.path)
    assert card.trees in candidates.TREE_SHARES
    assert 0 < card.tree_width <= 1
    assert TREES in card.files
    assert card.schema.known == ("cold",)
    assert card.scored_as.endswith(" + trees")
    assert made.scores.models[0] == card.scored_as
    assert any(note.startswith("best candidate: ") and f" + {100 * card.trees:.0f} % trees; " in note for note in notes)
    (added,) = [note for note in made.notes if " covariates: the loss is" in note]
    with_them, without = (float(word) for word in added.split() if word.replace(".", "").isdigit())
    assert with_them < 0.7 * without
    found = api.forecast(heated(), model="load", workspace=tmp_path, read=ReadOptions(known=("cold",)))
    assert any("trees" in note for note in found.notes if "weights: " in note)
    values, cold, hour = found.forecast.median[0], heated()["cold"].to_numpy()[-AHEAD:], np.arange(AHEAD)
    evening, day = hour >= 18, (hour < 18) & (hour >= 6)
    usual = 50 + 10 * np.sin(2 * np.pi * hour / 24)
    rise = (values - usual)[evening & (cold == 1)]
    assert rise.mean() > 10 or not len(rise)
    assert np.abs((values - usual)[day]).mean() < 5


def test_when_zero_shot_wins_with_trees_then_the_model_is_not_called_unchanged():
    card = dataclasses.replace(tiny.card_of(tiny.scrambled()), start=UNCHANGED, trees=0.5, contest=[{"model": UNCHANGED}])
    card = dataclasses.replace(card, fitted=dataclasses.replace(card.fitted, steps=0))
    assert not card.is_unchanged
    assert card.has_seen_data
    assert card.untrained == ""
    plain = dataclasses.replace(card, trees=0.0)
    assert plain.is_unchanged
    assert "saved unchanged" in plain.untrained


def test_when_lightgbm_is_missing_then_training_goes_on_without_trees_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    notes: list[str] = []
    made = train(tmp_path, notes)
    assert not read_card(made.ref.path).trees
    assert any(note.startswith("gradient-boosted trees were not tried: LightGBM is not installed") for note in notes)


def test_when_time_is_short_then_no_trees_are_fitted(tmp_path):
    panel = tiny.waves((600, 500))
    made = plan(panel, horizon=12, model=MODEL, train=QUICK)
    seconds = model_selection.BOOSTING - 1
    run = model_selection.Run(panel.before(made.test_start), made, tmp_path, False, Listener(), left=lambda: seconds)
    assert run.boosted(run.panel) is None
    assert dataclasses.replace(run, left=lambda: seconds + 2).boosted(run.panel) is not None


def test_when_trees_are_judged_then_they_were_fitted_before_the_validation_windows(tmp_path, monkeypatch):
    panel = tiny.waves((600, 500))
    made = plan(panel, horizon=12, model=MODEL, train=QUICK)
    run = model_selection.Run(panel.before(made.test_start), made, tmp_path, False, Listener())
    ends = []
    fit = model_selection.Run.boosted

    def seen(self, fitted):
        ends.append(fitted.origin.copy())
        return fit(self, fitted)

    monkeypatch.setattr(model_selection.Run, "boosted", seen)
    best, scores = model_selection.run(run, model_selection.base_for("auto", MODEL), "auto")
    assert {score.trees for score in scores} == {0.0, *candidates.TREE_SHARES}
    from tsattn.training.validation import hold_back

    _, tail = hold_back(run.panel, run.horizon)
    first = [tail.row[tail.item == item].min() for item in range(2)]
    assert (ends[0] <= first).all()
    assert len(ends) == 1 + (best.trees is not None)
    assert all((end == run.panel.origin).all() for end in ends[1:])
