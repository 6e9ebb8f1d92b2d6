"""The sets of short series, and how they are summed up."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import short


def test_when_the_seed_is_the_same_then_so_are_the_made_sets():
    first, again, other = (list(short.made_sets(seed)) for seed in (0, 0, 1))
    assert [case.name for case in first] == list(short.MADE)
    for one, two, three in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(one.panel.target, two.panel.target)
        assert not np.array_equal(one.panel.target[:10], three.panel.target[:10])
        assert (one.panel.lengths > one.horizon * one.windows).all()


def test_when_a_set_is_summed_up_then_the_ratio_is_to_the_best_baseline_of_each_metric():
    scores = [(2.0, 0.5), (1.0, 0.6), (3.0, 0.9), (1.5, 0.7), (1.2, 0.4), (4.0, 0.8), (0.9, 0.3), (1.1, 0.44)]
    names = [*short.PEERS, "network", "network + members"]
    rows = [
        {"set": "a", "model": name, "MASE": mase, "WQL": wql, "coverage": 0.8}
        for name, (mase, wql) in zip(names, scores, strict=True)
    ]
    (line,) = short.summary(rows)
    assert line["best"] == short.PEERS[1]
    assert line["MASE"] == pytest.approx(1.1)
    assert line["WQL"] == pytest.approx(1.1)
    assert line["network MASE"] == pytest.approx(0.9)
