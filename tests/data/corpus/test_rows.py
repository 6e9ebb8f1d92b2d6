"""Rows of a batch from a corpus: seeded, from the right series, disturbed as much as the settings say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.made_corpus import rows as made_rows
from tests.made_corpus import write
from tsattn.data.corpus.config import MULTIPLICATIONS, CorpusConfig
from tsattn.data.corpus.rows import Drawer, item_weights, means
from tsattn.data.corpus.store import Corpus
from tsattn.errors import ConfigError

CONTEXT, REACH = 256, 16
PLAIN = CorpusConfig().undisturbed()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return Corpus([write(tmp_path_factory.mktemp("corpus") / "c.parquet", group=3)])


def drawer(corpus, config=None, seed=0):
    return Drawer(corpus, config or CorpusConfig(), CONTEXT, REACH, seed)


def test_when_a_step_is_drawn_again_then_the_rows_are_the_same_to_the_bit(corpus):
    first = drawer(corpus)
    for step in (0, 1):
        first.rows(20, step)
    again = drawer(corpus).rows(20, 2)
    np.testing.assert_array_equal(first.rows(20, 2).target, again.target)
    assert not np.array_equal(again.target, drawer(corpus, seed=1).rows(20, 2).target, equal_nan=True)
    assert not np.array_equal(again.target, drawer(corpus).rows(20, 2, rank=1).target, equal_nan=True)


def test_when_nothing_is_disturbed_then_a_row_is_a_piece_of_its_series(corpus):
    found = drawer(corpus, PLAIN).rows(40, 0)
    for row, item, seasons in zip(found.target, found.item, found.seasons, strict=True):
        piece = row[np.isfinite(row)]
        values = corpus.values(item)
        at = [i for i in range(len(values) - len(piece) + 1) if np.allclose(values[i : i + len(piece)], piece, rtol=1e-4)]
        assert at
        assert (24 in seasons) == (str(corpus.freq(item)) == "h")
        assert np.isfinite(row[:CONTEXT]).sum() >= 8
        assert np.isfinite(row[CONTEXT:]).any()


def test_when_a_source_is_held_out_then_no_row_is_of_it(corpus):
    found = drawer(corpus, replace(PLAIN, held_out=("power",))).rows(300, 0)
    assert {corpus.source(item) for item in found.item} == {"prices", "clinics", "wind"}


def test_when_series_are_constant_or_too_short_then_they_are_never_drawn(corpus):
    weight = item_weights(corpus, CorpusConfig())
    names = [row[1] for row in made_rows()]
    assert weight[names.index("flat")] == weight[names.index("short")] == 0
    assert (weight > 0).sum() == len(names) - 2


def test_when_a_source_is_larger_then_it_is_drawn_more_often_but_less_than_in_proportion(corpus):
    weight = np.bincount(corpus.index.source, item_weights(corpus, CorpusConfig()))
    assert weight[0] / weight[1] == pytest.approx((16_000 / 4500) ** 0.4)
    doubled = np.bincount(corpus.index.source, item_weights(corpus, CorpusConfig(weights={"prices": 2.0})))
    assert doubled[1] / weight[1] == pytest.approx(2)


def test_when_the_corpus_is_larger_than_its_memory_then_sources_are_drawn_as_often_as_before(tmp_path):
    path = write(tmp_path / "c.parquet", group=1)
    small, whole = Corpus([path], memory=50_000), Corpus([path])
    shares = []
    for corpus in (small, whole):
        one = drawer(corpus, PLAIN)
        items = np.concatenate([one.rows(8, step).item for step in range(0, 64 * 200, 64)])
        shares.append(np.bincount(corpus.index.source[items], minlength=4) / len(items))
    np.testing.assert_allclose(shares[0], shares[1], atol=0.06)
    resumed = drawer(Corpus([path], memory=50_000), PLAIN).rows(8, 70)
    np.testing.assert_array_equal(drawer(small, PLAIN).rows(8, 70).target, resumed.target)


@pytest.mark.parametrize("name", [name for name in MULTIPLICATIONS if name != "thinned"])
def test_when_one_multiplication_is_on_then_it_changes_rows(corpus, name):
    value = 0.0 if name == "season_input" else 1.0
    plain, changed = (drawer(corpus, config).rows(60, 3) for config in (PLAIN, replace(PLAIN, **{name: value})))
    different = [
        not np.array_equal(a, b, equal_nan=True) or not np.array_equal(c, d)
        for a, b, c, d in zip(plain.target, changed.target, plain.seasons, changed.seasons, strict=True)
    ]
    assert np.mean(different) > 0.3


def test_when_everything_is_disturbed_then_rows_stay_finite_and_alive(corpus):
    config = replace(CorpusConfig(), **dict.fromkeys(MULTIPLICATIONS, 1.0))
    found = drawer(corpus, config).rows(200, 0)
    assert not np.isinf(found.target).any()
    seen = np.isfinite(found.target[:, :CONTEXT])
    assert (seen.sum(1) >= 8).all()
    spread = np.nanmax(found.target[:, :CONTEXT], 1) - np.nanmin(found.target[:, :CONTEXT], 1)
    assert (spread > 0).mean() > 0.99


def test_when_half_of_a_mean_is_missing_then_it_still_counts_and_less_than_half_does_not():
    nan = np.nan
    found = means(np.array([[1, 3, nan, nan], [1, nan, nan, nan], [1, 2, 3, 6]], np.float32))
    np.testing.assert_array_equal(found, np.array([2, nan, 3], np.float32))


def test_when_a_setting_names_a_source_that_is_not_there_then_the_error_lists_those_that_are(corpus):
    for config in (CorpusConfig(held_out=("pwoer",)), CorpusConfig(weights={"pwoer": 1.0})):
        with pytest.raises(ConfigError, match="pwoer") as caught:
            drawer(corpus, config)
        assert "power" in str(caught.value.hint)
    with pytest.raises(ConfigError, match="no series to train on"):
        drawer(corpus, CorpusConfig(held_out=("power", "prices", "clinics", "wind")))


@pytest.mark.parametrize("wrong", [{"share": 1.5}, {"flip": -0.1}, {"weights": {"a": -1.0}}, {"item_power": 9.0}])
def test_when_a_setting_is_out_of_range_then_it_is_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong)).rstrip("s")):
        CorpusConfig(**wrong)
