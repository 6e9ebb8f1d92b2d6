"""Forecasts of all levels at a cutoff: no look ahead, sums exact, upper levels better."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tsattn.data.panel import Panel
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines.ridge import Ridge
from tsattn.forecasting.hierarchy.aggregate import aggregated
from tsattn.forecasting.hierarchy.coherent import BaseForecasts, coherent
from tsattn.forecasting.hierarchy.common_grid import common_grid
from tsattn.forecasting.hierarchy.replay import Replay
from tsattn.forecasting.hierarchy.structure import nested
from tsattn.forecasting.metrics import METRICS, Sums

LEVELS = (0.1, 0.5, 0.9)
LABELS = [(region, shop) for region in "ns" for shop in "abc"]
TREE = nested(LABELS, ("region", "shop"))


def leaves(length: int = 200, seed: int = 0, moved: float = 3) -> Panel:
    """Shops with waves of their own length; `moved` is the noise that moves from one shop to the next."""
    rng, t = np.random.default_rng(seed), np.arange(length)
    flow = rng.normal(0, moved, (len(LABELS), length))
    noise = flow - np.roll(flow, 1, 0) + rng.normal(0, 1, flow.shape)
    waves = [10 * np.sin(2 * np.pi * t / period) for period in (7, 9, 11, 13, 15, 17)]
    series = [np.maximum(60 + wave + own, 0) for wave, own in zip(waves, noise, strict=True)]
    return Panel.from_arrays(series, freq="D", item_ids=["/".join(label) for label in LABELS], start="2024-01-01")


def panel_of(made: Panel) -> Panel:
    return aggregated(made, common_grid(made), TREE)


@pytest.mark.parametrize("method", ["mint", "bottom-up"])
def test_when_forecasts_are_made_coherent_then_medians_add_up_and_quantiles_do_not_cross(method):
    found = coherent(BaseForecasts(Ridge(), panel_of(leaves()), 7, LEVELS), TREE, 0, method)
    median = found.values[..., 1]
    np.testing.assert_allclose(median[: TREE.sums], TREE.added(median[TREE.sums :]), rtol=1e-12)
    assert (np.diff(found.values, axis=-1) >= 0).all()
    assert (found.values >= 0).all()
    assert found.report.gap > 0
    assert found.report.origins == 6


def test_when_what_comes_after_a_cutoff_changes_then_no_forecast_from_it_does():
    panel = panel_of(leaves())
    loud = panel.target.copy()
    for first, end in zip(panel.indptr[:-1], panel.origin, strict=True):
        loud[end - 14 : end] = 1e5 * np.arange(14)
        assert first < end - 14
    before, after = (
        coherent(BaseForecasts(Ridge(), one, 7, LEVELS), TREE, 14, "mint").values
        for one in (panel, dataclasses.replace(panel, target=loud))
    )
    np.testing.assert_array_equal(before, after)


def ratios(panel: Panel) -> tuple[list[float], list[float]]:
    """MASE of each level after MinT, and after bottom-up, to that before."""
    base = BaseForecasts(Ridge(), panel, 7, LEVELS)
    models = [Replay("base", base, TREE), Replay("mint", base, TREE, "mint"), Replay("added", base, TREE, "bottom-up")]
    scores = backtest(models, panel, horizon=7, windows=8, quantiles=LEVELS)
    mase = []
    for level in range(3):
        every = [Sums(*(part[m, TREE.level == level].sum(0) for part in scores.by_item.parts())) for m in range(3)]
        mase.append([float(METRICS["MASE"](one)) for one in every])
    return [after / before for before, after, _ in mase], [after / before for before, _, after in mase]


def test_when_shops_are_easier_to_forecast_than_their_sums_then_mint_improves_the_upper_levels():
    mint, _ = ratios(panel_of(leaves()))
    assert mint[0] < 0.9
    assert mint[1] < 0.95
    assert mint[2] < 1.03


def test_when_the_errors_of_shops_cancel_then_mint_keeps_the_total_that_bottom_up_spoils():
    mint, added = ratios(panel_of(leaves(moved=8)))
    assert mint[0] < 1.15 < 1.8 < added[0]
    assert mint[1] < 1.0


def test_when_a_shop_is_born_after_the_cutoff_then_it_is_forecast_as_zero_until_then():
    made = leaves(300)
    late = np.repeat(np.array([1.0, 1, 1, 1, 1, 0], bool), 300)
    late[-20:] = True
    indptr = np.array([0, 300, 600, 900, 1200, 1500, 1520])
    start = made.start.copy()
    start[5] = made.start[5] + np.timedelta64(280, "D")
    short = dataclasses.replace(made, target=made.target[late], indptr=indptr, start=start, origin=indptr[1:].copy(),
                                past=made.past[late], known=made.known[late])  # fmt: skip
    panel = panel_of(short)
    found = coherent(BaseForecasts(Ridge(), panel, 7, LEVELS), TREE, 21, "mint").values
    assert (found[-1] == 0).all()
    now = coherent(BaseForecasts(Ridge(), panel, 7, LEVELS), TREE, 0, "mint").values
    assert (now[-1, :, 1] > 0).all()
    np.testing.assert_allclose(now[0, :, 1], now[TREE.sums :, :, 1].sum(0), rtol=1e-12)
