"""Permutation importance, with forecasters whose dependence is known because it is written down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tsattn.data.windows import WindowBatch
from tsattn.errors import DataError
from tsattn.forecasting.importance import Effect, Importance, Part, student

QUANTILES = (0.1, 0.5, 0.9)
WEIGHT = 3.0


class Reader:
    """Forecasts the value `lag` steps before, or its own forecast of it, plus what the first known covariate adds."""

    name, pass_steps, covariates = "reader", 1, True
    quantiles = QUANTILES

    def __init__(self, lag: int = 7, weight: float = WEIGHT, context: int = 42) -> None:
        self.lag, self.weight, self.context = lag, weight, context

    def predict(self, batch: WindowBatch) -> np.ndarray:
        values = batch.past_target.astype(np.float64)
        for h in range(batch.horizon):
            step = values[:, -self.lag] + self.weight * batch.known[:, batch.context + h, 0]
            values = np.concatenate([values, step[:, None]], 1)
        made = values[:, batch.context :]
        return (made[..., None] + np.array([-1.3, 0, 1.3])).astype(np.float32)


def windows(
    horizon: int = 7, count: int = 120, lag: int = 7, context: int = 42, items: int = 1, seed: int = 0
) -> tuple[WindowBatch, np.ndarray]:
    """Overlapping windows of series that are Reader's own model plus noise; three known covariates, the first one matters."""
    rng = np.random.default_rng(seed)
    rows = context + count + horizon
    made, known, item = [], [], []
    for one in range(items):
        x = rng.normal(size=(rows, 3))
        y = rng.normal(0, 2, rows)
        for t in range(lag, rows):
            y[t] = 0.9 * y[t - lag] + WEIGHT * x[t, 0] + rng.normal()
        made.append(np.lib.stride_tricks.sliding_window_view(y + 100 * one, context + horizon)[:count])
        known.append(np.lib.stride_tricks.sliding_window_view(x, context + horizon, 0)[:count].transpose(0, 2, 1))
        item += [one] * count
    target = np.concatenate(made).astype(np.float32)
    batch = WindowBatch(
        past_target=target[:, :context],
        past_cov=np.zeros((len(target), context, 0), np.float32),
        known=np.concatenate(known).astype(np.float32),
        static=np.array(item, np.float32)[:, None],
        future_target=target[:, context:],
        item=np.array(item),
        origin=np.tile(np.arange(count), items),
    )
    return batch, np.array(item) * 1000 + np.tile(np.arange(count) // horizon, items)


KNOWN = [Part(name, "known", (column,)) for column, name in enumerate(("promo", "price", "noise"))]


def clear(effects: list[Effect]) -> list[str]:
    return [effect.name for effect in effects if effect.clear]


def test_when_a_forecast_rests_on_lag_7_and_one_covariate_then_exactly_these_are_found():
    found = Importance(Reader(), *windows())
    lags = found.lags(28)
    assert clear(lags) == ["lag 7"]
    assert [effect.rise for effect in lags if effect.name != "lag 7"] == [0.0] * 27
    assert clear(found.covariates(KNOWN)) == ["promo"]
    assert clear(found.blocks([(1, 7), (8, 14), (15, 42)])) == ["1 to 7 steps back"]


def test_when_the_horizon_is_longer_than_the_lag_then_later_steps_show_its_multiple_and_nothing_else():
    found = Importance(Reader(), *windows(horizon=14))
    assert clear(found.lags(28)) == ["lag 7", "lag 14"]


def test_when_a_lag_is_longer_than_those_looked_at_one_by_one_then_it_can_be_named():
    found = Importance(Reader(lag=30), *windows(lag=30))
    lags = found.lags(14, [30, 35, 999])
    assert [effect.name for effect in lags][14:] == ["lag 30", "lag 35"]  # what the context does not reach is left out
    assert clear(lags) == ["lag 30"]


def test_when_nothing_is_read_then_nothing_is_found():
    class Blind(Reader):
        def predict(self, batch: WindowBatch) -> np.ndarray:
            return np.zeros((len(batch), batch.horizon, 3), np.float32) + np.array(QUANTILES, np.float32)

    found = Importance(Blind(), *windows())
    assert {effect.rise for effect in (*found.lags(14), *found.covariates(KNOWN))} == {0.0}
    assert not clear([*found.lags(14), *found.covariates(KNOWN)])


def test_when_series_have_other_units_then_the_same_is_found():
    batch, group = windows(items=2)
    factor = np.where(batch.item == 1, 1e4, 1.0).astype(np.float32)[:, None]
    other = replace(batch, past_target=batch.past_target * factor, future_target=batch.future_target * factor)
    one, two = (Importance(Reader(weight=0.0), b, group).lags(8) for b in (batch, other))
    # the quantiles' fixed width is small beside the errors, but no longer beside nothing
    np.testing.assert_allclose([e.rise for e in one], [e.rise for e in two], rtol=0.25, atol=1e-9)
    assert clear(one) == clear(two) == ["lag 7"]


def test_when_windows_overlap_then_the_interval_is_that_of_the_groups_and_wider_than_if_they_did_not():
    batch, group = windows()
    narrow, wide = (Importance(Reader(), batch, g).covariates(KNOWN[:1])[0] for g in (np.arange(len(batch)), group))
    assert narrow.rise == pytest.approx(wide.rise)
    assert narrow.low < narrow.rise < narrow.high
    assert wide.low != narrow.low


def test_when_there_are_too_few_windows_for_an_interval_then_there_is_none_and_nothing_is_clear():
    batch, group = windows(count=14)
    effect = Importance(Reader(), batch, group).covariates(KNOWN[:1])[0]
    assert effect.rise > 0.1
    assert np.isnan([effect.low, effect.high]).all()
    assert not effect.clear


def test_when_a_static_covariate_is_exchanged_then_it_is_another_items():
    class Static(Reader):
        def predict(self, batch: WindowBatch) -> np.ndarray:
            return np.repeat((100 * batch.static[:, :1])[:, :, None], 3, 2).repeat(batch.horizon, 1)

    batch, group = windows(items=2)
    assert Importance(Static(), batch, group).covariates([Part("shop", "static", (0,))])[0].rise > 5


def test_when_truth_is_unknown_in_places_then_only_what_is_known_counts():
    batch, group = windows()
    future = batch.future_target.copy()
    future[:, 3:] = np.nan
    future[5] = np.nan
    found = Importance(Reader(), replace(batch, future_target=future), group)
    assert found.steps == 3
    assert len(found.usable) == len(batch) - 1
    assert clear(found.lags(10)) == ["lag 7"]


def test_when_no_window_can_be_scored_then_the_error_says_so():
    batch, group = windows()
    with pytest.raises(DataError, match="fewer than two held-back windows"):
        Importance(Reader(), replace(batch, future_target=np.full_like(batch.future_target, np.nan)), group)


@pytest.mark.parametrize(("freedom", "value"), [(5, 2.5706), (10, 2.2281), (30, 2.0423), (1000, 1.9623)])
def test_when_few_groups_are_averaged_then_intervals_are_students(freedom, value):
    assert student(0.975, freedom) == pytest.approx(value, rel=3e-3)


def test_when_windows_have_slots_of_a_season_grid_then_several_batches_are_read_together():
    class Slots(Reader):
        def predict(self, batch: WindowBatch) -> np.ndarray:
            assert batch.step_slots is not None
            assert batch.step_slots.shape == (len(batch), batch.horizon)
            return super().predict(batch)

    batch, group = windows()
    slots = np.broadcast_to(np.arange(batch.horizon), (len(batch), batch.horizon)).copy()
    found = Importance(Slots(), replace(batch, step_slots=slots, past_rows=np.zeros_like(batch.past_target, np.int64)), group)
    assert clear(found.lags(8)) == ["lag 7"]
