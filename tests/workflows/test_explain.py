"""Explaining a small network that was trained on a series whose law is known: sample_data/built.csv."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import tsattn
from tests import tiny
from tsattn.cli.main import main
from tsattn.config import ReadOptions
from tsattn.data.panel import Panel
from tsattn.data.windows import gather, last_origins
from tsattn.errors import ConfigError
from tsattn.forecasting.importance import Effect
from tsattn.render.explain import interval, names, percent
from tsattn.workflows import scoring_progress
from tsattn.workflows.explain import Explained, _parts_of, _share, _spans
from tsattn.workflows.held_out_windows import sampled

DATA = Path(__file__).parents[2] / "sample_data" / "built.csv"
READ = ReadOptions(target=("sales",), known=("promo", "price", "visitors"))
MODEL = {"context": 28, "patch": 7, "width": 16, "heads": 2, "layers": 1, "block": 7}
TRAIN = {
    "steps": 200,
    "batch": 16,
    "origins": 4,
    "warmup": 10,
    "learning_rate": 3e-3,
    "finish": 0.0,
    "device": "cpu",
    "precision": "fp32",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    place = tmp_path_factory.mktemp("explained")
    with pytest.MonkeyPatch.context() as patch:  # without the export and the score, which take most of the time
        tiny.without_export(patch)
        tsattn.train(DATA, horizon=7, read=READ, name="built", workspace=place, model=MODEL, training=TRAIN)
    return place


@pytest.fixture(scope="module")
def found(workspace) -> Explained:
    return tsattn.explain(model="built", workspace=workspace, plot=workspace / "picture.png")


def test_when_a_series_depends_on_lag_7_and_one_covariate_of_three_then_exactly_these_are_found(found):
    assert [effect.name for effect in found.lags if effect.clear] == ["lag 7"]
    assert [effect.name for effect in found.covariates if effect.clear] == ["promo"]
    assert {effect.name for effect in found.covariates} == {"calendar", "promo", "price", "visitors"}
    assert max(found.blocks, key=lambda block: block.effect.rise).first == 1


def test_when_a_forecast_is_explained_then_its_parts_add_up_to_it_and_attention_to_one(found):
    total = found.parts.level + found.parts.season + found.parts.remainder
    np.testing.assert_allclose(total, found.forecast.median[0], rtol=1e-4)
    assert found.attention.shape == (28,)
    assert found.attention.sum() == pytest.approx(1)
    assert sum(block.attention for block in found.blocks) == pytest.approx(1)
    assert [block.first for block in found.blocks][1:] == [block.last + 1 for block in found.blocks][:-1]


def test_when_an_explanation_is_shown_in_python_then_it_is_a_line_of_the_strongest_effects_and_a_table_in_notebooks(found):
    shown, table = repr(found), found._repr_html_()
    assert shown.startswith(f"<Explained built/1, {found.item_id}: {found.clear_effects[0][0].name} +")
    assert len(shown) < 200
    for effect, kind in found.clear_effects:
        assert f"<td>{effect.name}</td><td>{kind}</td><td>{percent(effect.rise)}</td>" in table
    assert {effect.name for effect in (*found.lags, *found.covariates) if effect.clear} == {
        e.name for e, _ in found.clear_effects
    }
    card = tsattn.describe("built", workspace=found.ref.path.parents[2]).card
    assert repr(card).startswith("<Card built: sales, 7 steps of D; ")
    assert len(repr(card)) < 200


def test_when_an_explanation_takes_long_then_its_progress_counts_every_input(workspace, monkeypatch):
    monkeypatch.setattr(scoring_progress, "PATIENCE", 0.0)
    heard = []
    tsattn.explain(model="built", workspace=workspace, listener=tsattn.Listener(progress=heard.append))
    assert {(work.phase, work.name, work.unit) for work in heard} == {("explaining", "built", "inputs")}
    done = [work.done for work in heard]
    assert done == sorted(done)
    assert len(done) > 2
    assert done[-1] == heard[0].total
    assert heard[-1].remaining == 0


def test_when_a_picture_is_asked_for_then_it_is_written(found, workspace):
    assert found.written == workspace / "picture.png"
    assert (workspace / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_when_a_forecast_is_explained_in_the_terminal_then_hint_and_test_stand_side_by_side(workspace, capsys, monkeypatch):
    assert main(["explain", "--model", "built", "--workspace", str(workspace), "-q"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for said in (
        "lag 7",
        "promo",
        "no clear effect",
        "attention is a hint",
        "loss rises by",
        "Permutation is the test",
        "remainder",
    ):
        assert said in text
    assert main(["explain", "--model", "built", "--workspace", str(workspace), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["lag"] for one in document["lags"] if one["clear"]] == [7]
    assert "Permutation is the test" in document["caution"]
    assert len(document["attention"]) == 28


def test_when_the_series_is_not_there_then_the_error_names_the_nearest(workspace):
    with pytest.raises(ConfigError, match="the data has no series 'sale'") as caught:
        tsattn.explain(model="built", workspace=workspace, series="sale")
    assert "sales" in caught.value.hint


def test_when_options_of_reading_are_keyword_arguments_then_they_hold(workspace, found, tmp_path):
    data = tmp_path / "built.csv"
    data.write_text(DATA.read_text("utf-8").replace(",", ";"), "utf-8")
    known = ["promo", "price", "visitors"]
    again = tsattn.explain(data, model="built", workspace=workspace, series=["sales"], target="sales", known=known, delimiter=";")
    assert [effect.rise for effect in again.lags] == [effect.rise for effect in found.lags]
    with pytest.raises(ConfigError, match=r'item="shop": no such column'):
        tsattn.explain(data, model="built", workspace=workspace, item="shop")
    with pytest.raises(TypeError, match=r"explain\(\) got an unexpected keyword argument 'serie'; did you mean 'series'"):
        tsattn.explain(data, serie="sales")


def test_when_several_series_are_named_then_the_error_says_that_one_is_shown(workspace):
    with pytest.raises(ConfigError, match="explain shows one series, not 2") as caught:
        tsattn.explain(model="built", workspace=workspace, series=["sales", "other"])
    assert str(caught.value).endswith('name one: series="sales"')


def test_when_the_picture_cannot_be_of_that_kind_then_it_is_an_error_before_any_work(workspace):
    with pytest.raises(ConfigError, match="cannot write a file"):
        tsattn.explain("no-such-file.csv", model="built", workspace=workspace, plot="picture.docx")


def test_when_the_past_is_cut_into_blocks_then_they_are_whole_patches_and_cover_it():
    assert _spans(256, 16, 1000) == [(1, 16), (17, 32), (33, 64), (65, 128), (129, 256)]
    assert _spans(256, 16, 40) == [(1, 16), (17, 32), (33, 48)]
    for context, patch in ((28, 7), (1216, 32), (8, 8)):
        spans = _spans(context, patch, 10_000)
        assert spans[0][0] == 1
        assert spans[-1][1] == context
        assert all(last % patch == 0 for _, last in spans)


def test_when_a_blocks_attention_is_asked_for_then_it_is_that_of_its_tokens():
    attention = np.array([0.1, 0.2, 0.3, 0.4])  # oldest first
    assert _share(attention, 1, 8, 8) == pytest.approx(0.4)
    assert _share(attention, 9, 32, 8) == pytest.approx(0.6)
    assert _share(None, 1, 8, 8) is None


def test_when_windows_are_sampled_then_they_fall_on_all_phases_of_a_season():
    panel: Panel = tiny.waves((600, 500))
    origins = sampled(panel, panel.origin - 200, 64)
    assert len(origins) == 64
    assert (origins.row >= panel.origin[origins.item] - 200).all()
    assert (origins.row < panel.origin[origins.item]).all()
    assert len(np.unique(origins.row % 24)) > 18


def test_when_effects_are_written_then_they_read_well():
    lags = [Effect(f"lag {k}", 0.0, 0.0, 0.0, False) for k in (1, 2, 3, 5, 24)]
    assert names(lags) == ["lags 1–3, 5, 24"]
    assert names(lags[:1]) == ["lag 1"]
    assert (percent(0.123), percent(-0.01), percent(2.5), percent(float("nan"))) == ("+12.3 %", "-1.0 %", "+250 %", "–")
    assert interval(Effect("x", 0.1, 0.05, 0.15, True)) == "5.0 … 15.0 %"
    assert interval(Effect("x", 0.1, float("nan"), float("nan"), False)) == "–"


def test_when_a_pass_is_no_part_of_the_horizon_then_an_autoregressive_network_is_explained_too(tmp_path, monkeypatch):
    tiny.without_export(monkeypatch)
    model, brief = {**MODEL, "decoder": "autoregressive"}, {**TRAIN, "steps": 20}
    tsattn.train(DATA, horizon=10, read=READ, name="paths", workspace=tmp_path, model=model, training=brief)
    found = tsattn.explain(model="paths", workspace=tmp_path)
    assert found.forecast.horizon == 10
    assert found.windows > 0
    assert {effect.name for effect in found.covariates} >= {"promo", "price", "visitors"}


def test_when_the_kept_network_is_that_of_the_package_then_the_calendar_of_the_data_is_none_of_its_covariates():
    panel = Panel.from_arrays([np.arange(300.0)], freq="h", start=np.datetime64("2024-01-01"))
    batch = gather(panel, last_origins(panel), 24, 12, covariates=False)
    as_is = tiny.card_of(tiny.scrambled(), freq="h")
    assert _parts_of(as_is, panel, batch) == []
    dated = tiny.card_of(tiny.scrambled(known=4), freq="h")
    whole = gather(panel, last_origins(panel), 24, 12)
    assert [part.name for part in _parts_of(dated, panel, whole)] == ["calendar"]
