"""Trees in a model folder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests import tiny
from tsattn.errors import ArtifactError
from tsattn.forecasting.trees.forest import Forest
from tsattn.forecasting.trees.regressors import Layout
from tsattn.forecasting.trees.tree_correction import TreeCorrection, Trees
from tsattn.model import artifact, runtime
from tsattn.model.card import TREES, read_card
from tsattn.model.tree_file import read_trees
from tsattn.workflows.loaded_model import with_members


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    whole = np.zeros((3, 5), np.int32)
    forest = Forest(whole, rng.random((3, 5)).astype(np.float32), whole + 1, whole + 2, whole == 0, whole.astype(np.float32), 2)
    network = tiny.scrambled()
    card = replace(tiny.card_of(network), trees=0.25, tree_width=0.9)
    artifact.save_weights(tmp_path / "m", network, card, Trees(Layout(24, 168, 14, 48, 4, 1, 0), forest))
    return tmp_path / "m"


def test_when_trees_are_saved_then_they_are_loaded_as_they_were_and_correct_the_forecast(folder):
    card = read_card(folder)
    assert (card.trees, card.tree_width) == (0.25, 0.9)
    trees = read_trees(folder, card)
    assert trees.layout == Layout(24, 168, 14, 48, 4, 1, 0)
    assert trees.forest.depth == 2
    assert trees.forest.threshold.dtype == np.float32
    loaded = runtime.load(folder)
    made = with_members(card, loaded, None)
    assert isinstance(made, TreeCorrection)
    assert (made.share, made.width) == (0.25, 0.9)
    np.testing.assert_array_equal(made.trees.forest.threshold, trees.forest.threshold)
    assert not isinstance(with_members(card, loaded, "network"), TreeCorrection)
    assert isinstance(with_members(card, loaded.steady(), None), TreeCorrection)


def test_when_the_file_of_trees_is_missing_or_changed_then_the_error_says_so(folder):
    card = read_card(folder)
    path = folder / TREES
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ArtifactError, match="changed or truncated"):
        read_trees(folder, card)
    path.unlink()
    with pytest.raises(ArtifactError, match=r"trees\.safetensors is missing"):
        with_members(card, runtime.load(folder), None)
