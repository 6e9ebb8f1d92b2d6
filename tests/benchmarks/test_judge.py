"""Comparison of weights without test windows."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.judge import _held_out, _walks, means_of
from tests.made_corpus import write
from tsattn.data.corpus.store import Corpus
from tsattn.errors import ConfigError


def test_when_a_source_is_held_out_then_it_is_judged_at_its_own_step_and_at_a_coarser_one(tmp_path):
    corpus = Corpus([write(tmp_path / "c.parquet")])
    own, weekly = _held_out(corpus, "prices")
    assert (str(own.panel.freq), own.horizon, own.season) == ("D", 30, 7)
    assert (str(weekly.panel.freq), weekly.horizon) == ("W", 13)
    np.testing.assert_allclose(weekly.panel.history(0)[-1], corpus.values(4)[-7:].mean(), rtol=1e-5)
    (monthly,) = _held_out(corpus, "clinics")
    assert monthly.windows == 1
    with pytest.raises(ConfigError, match="no source 'wnid'"):
        list(_held_out(corpus, "wnid"))


def test_when_walks_are_made_then_they_are_always_the_same_and_have_no_season():
    first, again = _walks("W"), _walks("W")
    np.testing.assert_array_equal(first.panel.target, again.panel.target)
    assert first.season == 1
    assert (first.panel.target > 0).all()


def test_when_scores_are_put_together_then_means_are_geometric_and_by_kind():
    rows = [
        {"kind": kind, "set": name, "model": "m", "what": "network", "MASE": mase, "WQL": 1.0, "coverage": 0.8}
        for kind, name, mase in (("a", "x", 0.5), ("a", "y", 2.0), ("b", "z", 8.0))
    ]
    assert [(row["kind"], round(row["MASE"], 6)) for row in means_of(rows)] == [("a", 1.0), ("b", 8.0), ("all", 2.0)]
