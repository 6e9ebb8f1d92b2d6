"""Known covariates in the choice of a model: what a promotion adds is found after a short training, and stays in the model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests import tiny
from tsattn import api
from tsattn.config import ReadOptions
from tsattn.events import Listener
from tsattn.model import artifact
from tsattn.model.card import read_card
from tsattn.workflows import model_selection

MODEL = {key: getattr(tiny.MODEL, key) for key in ("context", "patch", "width", "heads", "layers")}
QUICK = {"steps": 8, "batch": 8, "warmup": 2, "device": "cpu", "precision": "fp32"}
DAYS, AHEAD = 240, 14


@pytest.fixture(autouse=True)
def without_graphs(shipped, monkeypatch):
    tiny.without_export(monkeypatch)
    monkeypatch.setattr(artifact, "write_graph", no_graph)


def no_graph(*_: object) -> None:
    """An export that fails: the model forecasts with torch."""
    raise OSError(28, "No space left on device")


@pytest.fixture
def data(tmp_path):
    """sales = 200 + 100 · promo + 20 · weekend ± 5, with a promotion on every second day ahead."""
    rng = np.random.default_rng(0)
    days = np.datetime64("2024-01-01") + np.arange(DAYS + AHEAD)
    promo = np.where(np.arange(DAYS + AHEAD) < DAYS, rng.random(DAYS + AHEAD) < 0.25, np.arange(DAYS + AHEAD) % 2)
    sales = 200 + 100 * promo + 20 * (np.arange(DAYS + AHEAD) % 7 >= 5) + rng.uniform(-5, 5, DAYS + AHEAD)
    rows = [
        f"{d},{y:.2f},{int(p)}" if i < DAYS else f"{d},,{int(p)}"
        for i, (d, y, p) in enumerate(zip(days, sales, promo, strict=True))
    ]
    path = tmp_path / "shop.csv"
    path.write_text("\n".join(["date,sales,promo", *rows]) + "\n")
    return path


def test_when_a_promotion_is_known_then_the_kept_model_reads_it_in_a_later_forecast_that_does_not_name_it(data, tmp_path):
    notes: list[str] = []
    made = api.train(
        data,
        name="shop",
        workspace=tmp_path / "w",
        model=MODEL,
        training=QUICK,
        read=ReadOptions(known=("promo",)),
        listener=Listener(note=notes.append),
    )
    card = read_card(made.ref.path)
    assert card.members
    assert card.schema.known == ("promo",)
    assert any("+ members + covariates; it has the lowest loss" in note for note in notes)
    (added,) = [note for note in made.notes if note.startswith("known covariates: the loss is")]
    with_them, without = (float(word) for word in added.split() if word.replace(".", "").isdigit())
    assert with_them < 0.7 * without
    values = api.forecast(data, model="shop", workspace=tmp_path / "w").forecast.median[0]
    workday = np.arange(DAYS, DAYS + AHEAD) % 7 < 5
    promoted = np.arange(DAYS, DAYS + AHEAD) % 2 == 1
    assert 70 < values[workday & promoted].mean() - values[workday & ~promoted].mean() < 130


def test_when_a_network_of_the_target_alone_is_kept_without_members_then_the_card_names_no_covariates():
    schema = tiny.with_covariates().schema
    alone = model_selection.Entry(model_selection.TUNED, tiny.scrambled(), tiny.TRAIN, tiny.card_of(tiny.scrambled()).fitted)
    assert alone.schema(schema).known_features == alone.schema(schema).static_features == ()
    ensemble = replace(alone, members=("ridge",)).schema(schema)
    assert (ensemble.known, ensemble.static, ensemble.past) == (("k",), ("s",), ())
