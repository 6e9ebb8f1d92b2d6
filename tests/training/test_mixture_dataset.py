"""A source of real and synthetic rows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tests.made_corpus import write
from tests.tiny import MODEL, TRAIN
from tsattn.data.corpus.config import CorpusConfig
from tsattn.data.corpus.store import Corpus
from tsattn.nn.network import Network
from tsattn.synthetic.config import SyntheticConfig
from tsattn.training.mixture_dataset import MixtureSource

CONFIG = CorpusConfig(share=0.75, held_out=("wind",))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return Corpus([write(tmp_path_factory.mktemp("corpus") / "c.parquet")])


def source(corpus, config=CONFIG):
    return MixtureSource(corpus, config, SyntheticConfig(), MODEL, TRAIN)


def test_when_a_batch_is_drawn_then_the_share_of_its_rows_is_real_and_it_is_the_same_again(corpus):
    one, batch = source(corpus), source(corpus).sample(3, 0)
    assert one.real == 6
    assert batch.target.shape == (8, MODEL.context)
    assert batch.future.shape == (8, MODEL.pass_steps)
    real = one.drawer.rows(6, 3).target
    np.testing.assert_array_equal(batch.target[:6], real[:, : MODEL.context])
    again = one.sample(3, 0)
    for name in ("target", "future", "seasons", "prefix", "origin"):
        np.testing.assert_array_equal(getattr(again, name), getattr(batch, name))


@pytest.mark.parametrize(("share", "real"), [(0.0, 0), (1.0, 8)])
def test_when_the_share_is_none_or_all_then_the_batch_is_full(corpus, share, real):
    one = source(corpus, dataclasses.replace(CONFIG, share=share))
    assert one.real == real
    assert one.sample(0, 0).target.shape[0] == 8


def test_when_a_source_is_held_out_then_it_judges_and_the_windows_are_always_the_same(corpus):
    one, device = source(corpus), torch.device("cpu")
    network = Network(MODEL, one.spec).eval()
    assert one.validate(network, device) == source(corpus).validate(network, device)
    assert one.validate(network, device) != one.synthetic.validate(network, device)
    first, again = one.held_out("wind", device), source(corpus).held_out("wind", device)
    assert torch.equal(first[1].nan_to_num(), again[1].nan_to_num())


def test_when_the_sources_are_listed_then_licences_and_use_are_too(corpus):
    listed = {row["source"]: row for row in source(corpus, dataclasses.replace(CONFIG, licences={"power": "MIT"})).sources()}
    assert listed["power"]["licence"] == "MIT"
    assert listed["power"]["series"] == 5
    assert listed["prices"]["licence"] is None
    assert [name for name, row in listed.items() if not row["trained_on"]] == ["wind"]


def test_when_only_a_licence_changes_then_the_run_may_be_resumed(corpus):
    named = dataclasses.replace(CONFIG, licences={"power": "MIT"})
    assert source(corpus, named).identity == source(corpus).identity
    assert source(corpus, dataclasses.replace(CONFIG, flip=0.1)).identity != source(corpus).identity
