from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import tsattn
from tsattn.config import ReadOptions
from tsattn.data.panel import Schema
from tsattn.errors import DataError
from tsattn.events import Listener
from tsattn.workflows import find_model as room
from tsattn.workspace import SHIPPED, Workspace


def newest_of(monkeypatch: pytest.MonkeyPatch, refused: set[str], target: str = "y", ready: bool = False) -> Any:
    """The choice among models `old` and `new` of y, of which some are refused for a column that the data, of `target`, lacks."""

    def again(ref: Any, card: Any, data: Any, options: ReadOptions) -> Any:
        if ref.path in refused:
            raise DataError(f"no column 'temp', which {ref.path} wants", "add it")
        return room.ModelAndData(ref, card, panel, None)  # type: ignore[arg-type]

    card: Any = SimpleNamespace(schema=SimpleNamespace(target=("y",)), freq="D", has_seen_data=False, source={})
    panel: Any = SimpleNamespace(schema=SimpleNamespace(target=(target,)), freq=SimpleNamespace(alias="D"), item_ids=())
    monkeypatch.setattr(room, "_again", again)
    monkeypatch.setattr(room, "read_card", lambda path: card)
    monkeypatch.setattr(room, "shipped", lambda: SimpleNamespace(path="shipped", name="zero-shot") if ready else None)
    refs = [SimpleNamespace(path="old"), SimpleNamespace(path="new")]
    workspace: Any = SimpleNamespace(latest=lambda: refs[-1], models=lambda: refs)
    return room._newest_that_fits(workspace, "data.csv", ReadOptions())


def test_when_the_newest_model_wants_a_column_that_is_not_there_then_an_older_one_is_taken(monkeypatch):
    assert newest_of(monkeypatch, set()).ref.path == "new"
    older = newest_of(monkeypatch, {"new"})
    assert older.ref.path == "old"
    assert "is not used: no column 'temp', which new wants (add it)" in older.notes[-1]


def test_when_no_model_can_read_the_data_then_the_newest_says_why(monkeypatch):
    with pytest.raises(DataError, match="which new wants"):
        newest_of(monkeypatch, {"new", "old"})


def test_when_other_data_lacks_what_every_model_wants_then_the_model_in_the_package_is_taken(monkeypatch):
    found = newest_of(monkeypatch, {"new", "old"}, "passengers", ready=True)
    assert (found.ref.path, len(found.notes)) == ("shipped", 1)


def test_when_data_of_the_same_kind_lacks_a_column_then_it_is_forecast_zero_shot_and_a_warning_names_the_column(
    tmp_path, saved_with_covariates, zero_shot, monkeypatch
):
    monkeypatch.setenv("TSATTN_ZERO_SHOT", str(zero_shot))
    shutil.copytree(saved_with_covariates, tmp_path / "ws" / "models" / "tiny" / "0001")
    hours = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=200, freq="h"), "target": np.sin(np.arange(200.0))})
    hours.to_csv(tmp_path / "y.csv", index=False)
    made = tsattn.forecast(tmp_path / "y.csv", horizon=2, workspace=tmp_path / "ws")
    assert made.ref.name == "zero-shot"
    assert any(note.startswith("warning: tiny/1 is not used: ") and "no column 'p'" in note for note in made.notes)
    with pytest.raises(DataError, match="no column 'p', a past covariate that the model was trained with"):
        tsattn.forecast(tmp_path / "y.csv", horizon=2, workspace=tmp_path / "ws", model="tiny")


def test_when_no_other_is_named_then_the_note_says_that_it_is_the_one_in_the_package(monkeypatch, tmp_path):
    monkeypatch.delenv("TSATTN_ZERO_SHOT", raising=False)
    if not (SHIPPED / "config.json").is_file():
        pytest.skip("this source tree has no weights")
    path = tmp_path / "a.csv"
    path.write_text("day,y\n" + "\n".join(f"2024-01-{d:02},{d % 7}" for d in range(1, 32)), "utf-8")
    chosen = room.choose(str(path), None, Workspace.at(tmp_path / "ws"), ReadOptions(), Listener())
    assert chosen.notes == ("model: zero-shot, in the package; no model was trained in this workspace yet",)


def test_when_a_model_is_found_then_it_is_the_one_that_runs_though_another_place_has_its_name(tmp_path, monkeypatch, saved):
    """A folder ./stocks, a model `stocks` in the usual workspace, and another one in the workspace that is named."""
    from tests.tiny import waves
    from tsattn import api
    from tsattn.model import runtime

    monkeypatch.chdir(tmp_path)
    for place in (".tsattn/models/stocks/0001", "other/models/stocks/0001", "stocks"):
        shutil.copytree(saved, tmp_path / place)
    loaded: list[Path] = []
    load = runtime.load
    monkeypatch.setattr(runtime, "load", lambda path, *words, **more: loaded.append(Path(path)) or load(path, *words, **more))
    hours = np.arange("2024-01-01T00", "2024-01-13T12", dtype="datetime64[h]")
    data = pa.table({"time": pa.array(hours.astype("datetime64[us]")), "target": waves((300,)).target})
    for workspace, model, wanted in (
        ("other", "stocks", "other/models/stocks/0001"),
        (None, "stocks", ".tsattn/models/stocks/0001"),
        ("empty", "stocks", "stocks"),
        ("empty", "./stocks", "stocks"),
    ):
        loaded.clear()
        made = api.forecast(data, model=model, workspace=workspace, read=ReadOptions(target=("target",)))
        assert made.ref.path.resolve() == (tmp_path / wanted).resolve()
        assert {path.resolve() for path in loaded} == {(tmp_path / wanted).resolve()}


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ({"synthetic": {}}, "synthetic"),
        ({"synthetic": {}, "corpus": {}}, "real and synthetic"),
        ({"synthetic": {}, "before": {"synthetic": {}, "corpus": {}}}, "real and synthetic"),
    ],
)
def test_when_a_model_was_pre_trained_then_the_note_names_the_kinds_of_series_it_has_seen(monkeypatch, source, kinds):
    card: Any = SimpleNamespace(source=source, freq="any", members=())
    panel: Any = SimpleNamespace(schema=Schema())
    monkeypatch.setattr(room, "read_for", lambda *_: (panel, None))
    monkeypatch.setattr(room, "check_fits", lambda *_: None)
    made = room._again("zero-shot", card, "data.csv", ReadOptions(target=("y",)))  # type: ignore[arg-type]
    assert made.notes == (f"model: zero-shot, pre-trained on {kinds} series",)


def test_when_a_model_was_never_scored_then_the_line_that_names_it_says_so(saved, tmp_path):
    hours = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=200, freq="h"), "y": np.sin(np.arange(200.0))})
    hours.to_csv(tmp_path / "y.csv", index=False)
    found = tsattn.forecast(tmp_path / "y.csv", model=saved, horizon=1)
    assert any(note.endswith("; not scored: check it with tsattn backtest DATA") for note in found.notes)
