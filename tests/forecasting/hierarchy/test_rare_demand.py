"""Rare demand: intervals keep their zeros, and medians make up the sum."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest

from tsattn.data.panel import Panel
from tsattn.forecasting.baselines.ridge import Ridge
from tsattn.forecasting.hierarchy.aggregate import aggregated
from tsattn.forecasting.hierarchy.coherent import BaseForecasts, Coherent, coherent
from tsattn.forecasting.hierarchy.coherent_paths import Limits, coherent_paths
from tsattn.forecasting.hierarchy.common_grid import common_grid
from tsattn.forecasting.hierarchy.rare_demand import rarity_of
from tsattn.forecasting.hierarchy.structure import Hierarchy, nested

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
STEPS, LENGTH = 7, 300


def poisson_quantiles(rates: np.ndarray, levels: tuple[float, ...] = LEVELS) -> np.ndarray:
    """Exact quantiles (n, Q) of Poisson demand at rates (n,)."""
    out = np.zeros((len(rates), len(levels)))
    for i, rate in enumerate(rates):
        chance = below = exp(-rate)
        for k, level in enumerate(levels):
            count = int(out[i, k - 1]) if k else 0
            while below < level:
                count += 1
                chance *= rate / count
                below += chance
            out[i, k] = count
    return out


class Demand:
    """Items of Poisson demand in two shops, and perfect forecasts of every level, reconciled."""

    def __init__(self, rates: list[float], price: float = 1.0) -> None:
        labels = [("ns"[i % 2], str(i)) for i in range(len(rates))]
        self.tree: Hierarchy = nested(labels, ("shop", "item"))
        history = price * np.random.default_rng(0).poisson(np.array(rates)[:, None], (len(rates), LENGTH))
        names = ["/".join(label) for label in labels]
        single = Panel.from_arrays(list(history.astype(float)), freq="D", item_ids=names, start="2024-01-01")
        panel = aggregated(single, common_grid(single), self.tree)
        values = price * poisson_quantiles(np.concatenate([self.tree.added(np.array(rates)), rates]))
        self.values = np.repeat(values[:, None], STEPS, 1)
        self.base = BaseForecasts(Ridge(), panel, STEPS, LEVELS)
        for origin in range(7):
            self.base.put(origin * STEPS, self.values)

    def reconciled(self, method: str = "mint") -> Coherent:
        return coherent(self.base, self.tree, 0, method)


RATES = [*np.linspace(0.05, 1.5, 24)]


@pytest.mark.parametrize("price", [1.0, 2.35])
def test_when_demand_is_rare_then_intervals_keep_their_zeros_and_medians_still_add_up(price):
    demand = Demand(RATES, price)
    made, tree = demand.reconciled().values, demand.tree
    items = made[tree.sums :]
    np.testing.assert_allclose(made[: tree.sums, :, 4], tree.added(items[..., 4]), rtol=1e-12)
    assert (items[..., 0] == 0).all()
    assert (items[..., -1] >= demand.values[tree.sums :, :, -1]).all()
    assert (np.diff(made, axis=-1) >= 0).all()


@pytest.mark.parametrize(("method", "nearness"), [("mint", 0.05), ("bottom-up", 0.15)])
def test_when_most_medians_are_zero_then_they_are_raised_to_the_median_of_the_sum(method, nearness):
    demand = Demand([0.3] * 60)
    made = demand.reconciled(method).values
    assert np.abs(made[0] / demand.values[0] - 1).max() < nearness


def test_when_every_quantile_of_every_item_is_zero_then_the_total_keeps_its_forecast():
    demand = Demand([0.04] * 300)
    assert (demand.values[demand.tree.sums :] == 0).all()
    made = demand.reconciled().values
    assert np.abs(made[0, :, 4] / demand.values[0, :, 4] - 1).max() < 0.1
    assert (made[demand.tree.sums :, :, 0] == 0).all()


def test_when_all_medians_are_zero_and_so_is_that_of_their_sum_then_they_stay():
    demand = Demand([0.02] * 12)
    assert (demand.reconciled().values[..., 4] == 0).all()


def test_when_an_item_has_ended_then_its_forecast_stays_zero():
    demand = Demand([0.0, *[0.3] * 60])
    ended = demand.tree.sums + 1
    panel = demand.base.panel
    panel.target[panel.indptr[ended + 1] - 100 : panel.indptr[ended + 1]] = 0  # an item that sold, and has not for 100 days
    demand.values[ended] = 0
    for origin in range(7):
        demand.base.put(origin * STEPS, demand.values)
    made = demand.reconciled().values
    assert (made[demand.tree.sums] == 0).all()
    assert (made[ended] == 0).all()
    assert (made[ended + 1, :, 4] > 0).all()


def test_when_a_series_was_always_zero_then_its_forecast_is_exactly_zero():
    demand = Demand([0.0, *RATES])
    demand.values[demand.tree.sums] = 1e-17
    demand.base.put(0, demand.values)
    assert (demand.reconciled().values[demand.tree.sums] == 0).all()


def test_when_no_item_is_rare_then_every_quantile_keeps_its_distance_from_the_median():
    demand = Demand([30.0, 40, 50, 60])
    demand.base.at(0)[0] *= 1.1
    found = demand.reconciled()
    assert (found.rarity.share == 0).all()
    base = demand.base.at(0)
    np.testing.assert_allclose(found.values - found.values[..., 4:5], base - base[..., 4:5], atol=1e-12)
    assert (found.shift != 0).any()


def test_when_paths_of_rare_demand_are_drawn_then_their_sums_are_as_large_as_demand():
    rates = np.full(40, 0.5)
    demand, levels = Demand(rates.tolist()), (*LEVELS, 0.95, 0.98, 0.99, 0.995)
    found, tree = demand.reconciled(), demand.tree
    limits = Limits(demand.base.never_negative(0), demand.base.are_counts(0))
    far = np.repeat(poisson_quantiles(np.concatenate([tree.added(rates), rates]), levels)[:, None], STEPS, 1)
    scores = np.random.default_rng(0).standard_normal((tree.leaves, STEPS, 400))
    paths = coherent_paths(found.moved(far), levels, tree, scores, limits, 1)
    assert paths[0].mean() == pytest.approx(20, rel=0.15)
    old = coherent_paths(far + found.shift[..., None], levels, tree, scores, limits, 1)
    assert old[0].mean() > 25


def test_when_a_series_has_few_zeros_or_negative_values_or_closed_days_then_it_is_not_rare():
    rng = np.random.default_rng(0)
    demand = rng.poisson(0.8, 200).astype(float)
    busy = rng.poisson(40, 203).astype(float)
    shut = np.where(np.arange(203) % 7 < 3, 0.0, busy)
    some_zeros = np.where(np.arange(200) % 20 == 0, 0.0, 40.5)
    found = rarity_of([demand, busy, shut, demand - 1, some_zeros, np.full(5, np.nan), demand[:0]], 7)
    assert found.share[0] == 1
    assert (found.share[[1, 2, 3, 5, 6]] == 0).all()
    assert 0.2 < found.share[4] < 0.8
    np.testing.assert_array_equal(found.counts, [True, False, False, False, False, False, False])


def test_when_rare_demand_has_closed_days_then_its_variance_is_zero_on_those():
    demand = np.where(np.arange(203) % 7 < 2, 0.0, np.random.default_rng(0).poisson(0.8, 203))
    variance = rarity_of([demand], 7).past_variance(9, 14)
    np.testing.assert_array_equal(variance[0] == 0, np.arange(9) % 7 < 2)
