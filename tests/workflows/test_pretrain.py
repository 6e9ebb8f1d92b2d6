"""Pre-training: in slices, to the same weights as in one go; a model for any frequency in the end."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.made_corpus import rows as made_rows
from tests.made_corpus import write
from tsattn import api
from tsattn.data.panel import Panel
from tsattn.errors import ConfigError
from tsattn.events import Listener
from tsattn.forecasting.predict import predict
from tsattn.model import runtime
from tsattn.model.card import read_card
from tsattn.synthetic.config import KINDS
from tsattn.workflows.pretrain import read_recipe

# the architecture of the fixture zero_shot, whose graph is traced once for all tests; few generators, for each has a fixed cost
RECIPE = """
[model]
context = 64
horizon = 12
patch = 8
width = 16
heads = 2
layers = 1
[train]
steps = 24
batch = 8
origins = 3
warmup = 4
precision = "fp32"
device = "cpu"
[synthetic]
""" + "".join(f"{kind} = 0.0\n" for kind in KINDS if kind not in ("wandering", "random_walk"))


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    path = tmp_path_factory.mktemp("recipe") / "recipe.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="module")
def whole(recipe, tmp_path_factory):
    return api.pretrain(out=tmp_path_factory.mktemp("whole") / "out", config=recipe)


def test_when_a_recipe_is_read_then_what_it_leaves_out_is_the_default(recipe):
    found = read_recipe(recipe)
    assert found.synthetic.counts == 0.0
    assert found.synthetic.wandering == read_recipe(None).synthetic.wandering
    assert found.train.batch == 8


def test_when_a_recipe_has_a_key_of_an_earlier_version_then_it_is_read(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text("[synthetic]\ntold = 0.7\ntold_without = 0.3\n[corpus]\ntold = 0.6")
    found = read_recipe(path)
    assert (found.synthetic.season_input, found.synthetic.season_input_without, found.corpus.season_input) == (0.7, 0.3, 0.6)


@pytest.mark.parametrize(
    ("text", "says"),
    [("[synthetic]\ncuonts = 1", "counts"), ("[training]\nsteps = 1", "[train]"), ("[synthetic]\ncounts = -1", "counts")],
)
def test_when_a_recipe_is_wrong_then_the_error_says_where(tmp_path, text, says):
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_recipe(path)
    assert says in f"{caught.value} {caught.value.hint}"


def test_when_pretraining_is_over_then_the_model_takes_series_of_every_frequency(whole):
    assert whole.fitted.stopped == "finished"
    card = read_card(whole.model)
    assert (card.freq, card.inputs) == ("any", {"past": 0, "known": 0, "static": 0})
    assert not (whole.out / "state").exists() or not list((whole.out / "state").iterdir())
    forecaster = runtime.load(whole.model)
    rng = np.random.default_rng(0)
    for freq in ("h", "MS", "B", "15min"):
        panel = Panel.from_arrays([rng.normal(10, 1, 200), rng.normal(0, 1, 5)], freq=freq)
        made, failures = predict(forecaster, panel, horizon=20)
        assert not failures
        assert np.isfinite(made.values).all()


def test_when_pretraining_pauses_then_the_next_slice_goes_on_to_the_same_weights(recipe, whole, tmp_path):
    out, slices = tmp_path / "out", 0
    found = api.pretrain(out=out, config=recipe, pause=0.0)
    while found.model is None:
        slices += 1
        assert found.fitted.stopped == "paused"
        found = api.pretrain(out=out, config=recipe, pause=0.05, resume=True)
    assert slices > 1
    ours, theirs = (load_file(folder / "model.safetensors") for folder in (found.model, whole.model))
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_when_a_model_is_there_already_then_nothing_is_overwritten(recipe, whole):
    with pytest.raises(ConfigError, match="already exists"):
        api.pretrain(out=whole.out, config=recipe)


def test_when_a_gallery_is_asked_for_then_a_picture_is_written(tmp_path):
    one = tmp_path / "one.toml"
    one.write_text("[synthetic]\n" + "".join(f"{kind} = {float(kind in ('arima', 'counts'))}\n" for kind in KINDS))
    assert api.gallery(tmp_path / "g.png", config=one).written.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ConfigError):
        api.gallery(tmp_path / "g.txt")


def test_when_it_goes_on_from_a_model_then_it_begins_with_its_weights_and_the_card_tells_of_both(recipe, whole, tmp_path):
    still = tmp_path / "recipe.toml"
    still.write_text(recipe.read_text().replace("steps = 24", "steps = 1\nlearning_rate = 1e-12\nweight_decay = 0.0"))
    found = api.pretrain(out=tmp_path / "out", config=still, start=whole.model)
    ours, theirs = (load_file(folder / "model.safetensors") for folder in (found.model, whole.model))
    assert all(np.allclose(ours[name], theirs[name], atol=1e-6) for name in theirs)
    source = read_card(found.model).source
    assert source["series"] == 8
    assert source["before"]["series"] == 8 * 24


def test_when_it_goes_on_in_slices_then_the_card_still_lists_both_and_a_seed_used_before_is_reported(recipe, whole, tmp_path):
    said: list[str] = []
    listener = Listener(note=said.append)
    paused = api.pretrain(out=tmp_path / "out", config=recipe, start=whole.model, pause=0.0, listener=listener)
    assert paused.model is None
    assert any("seed" in line for line in said)
    found = api.pretrain(out=tmp_path / "out", config=recipe, resume=True, listener=listener)
    assert read_card(found.model).source["before"]["series"] == 8 * 24
    assert not (tmp_path / "out" / "before.json").exists()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write(tmp_path_factory.mktemp("corpus") / "corpus.parquet")


@pytest.fixture(scope="module")
def mixed(recipe, tmp_path_factory):
    path = tmp_path_factory.mktemp("recipe") / "mixed.toml"
    table = '[corpus]\nshare = 0.5\nheld_out = ["wind"]\n[corpus.weights]\nprices = 2.0\n[corpus.licences]\npower = "CC0"\n'
    path.write_text(recipe.read_text() + table)
    return path


def test_when_a_corpus_is_given_then_slices_lead_to_the_same_weights_and_the_card_names_every_source(mixed, corpus, tmp_path):
    whole = api.pretrain(out=tmp_path / "whole", config=mixed, corpus=[corpus])
    found = api.pretrain(out=tmp_path / "out", config=mixed, corpus=[corpus], pause=0.0)
    assert found.model is None
    found = api.pretrain(out=tmp_path / "out", config=mixed, corpus=[corpus], resume=True)
    ours, theirs = (load_file(folder / "model.safetensors") for folder in (found.model, whole.model))
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    used = read_card(whole.model).source["corpus"]
    assert {row["source"]: (row["licence"], row["trained_on"]) for row in used["sources"]} == {
        "power": ("CC0", True),
        "prices": (None, True),
        "clinics": (None, True),
        "wind": (None, False),
    }
    assert used["weights"] == {"prices": 2.0}
    assert 0 < whole.data_share < 1


def test_when_the_corpus_is_another_one_then_the_run_is_not_resumed(mixed, corpus, tmp_path):
    api.pretrain(out=tmp_path / "out", config=mixed, corpus=[corpus], pause=0.0)
    other = write(tmp_path / "other.parquet", made_rows(seed=1))
    with pytest.raises(ConfigError, match="fingerprint"):
        api.pretrain(out=tmp_path / "out", config=mixed, corpus=[other], resume=True)


def test_when_a_recipe_has_a_corpus_and_none_is_given_then_the_error_names_the_option(mixed, tmp_path):
    with pytest.raises(ConfigError, match=r"\[corpus\]") as caught:
        api.pretrain(out=tmp_path / "out", config=mixed)
    assert "--corpus" in str(caught.value.hint)


def test_when_a_gallery_is_drawn_of_a_corpus_then_it_has_a_row_more_for_each_source_trained_on(mixed, corpus, tmp_path):
    none = tmp_path / "none.toml"
    none.write_text("[synthetic]\n" + "".join(f"{kind} = {float(kind == 'arima')}\n" for kind in KINDS))
    both = tmp_path / "both.toml"
    both.write_text(none.read_text() + '[corpus]\nheld_out = ["wind"]\n')
    heights = []
    for config, files in ((none, []), (both, [corpus])):
        drawn = api.gallery(tmp_path / "g.png", config=config, corpus=files).written.read_bytes()
        heights.append(int.from_bytes(drawn[20:24], "big"))
    assert heights[1] == pytest.approx(4 * heights[0], rel=0.02)
