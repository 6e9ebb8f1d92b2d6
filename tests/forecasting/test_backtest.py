"""Rolling-origin evaluation: which windows count, how they are paired, refits, notes."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from tests.forecasting.echo import Echo
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, WindowBatch
from tsattn.errors import ConfigError, DataError
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines import baseline
from tsattn.forecasting.baselines.simple import Naive, SeasonalNaive
from tsattn.forecasting.metrics import METRICS
from tsattn.forecasting.predict import predict_windows

NAN = float("nan")


class Oracle(Echo):
    """Knows the truth by item and row: any slip in pairing costs it its perfect score."""

    def __init__(self, panel: Panel) -> None:
        super().__init__(name="oracle")
        self.panel = panel

    def predict(self, batch: WindowBatch) -> np.ndarray:
        rows = batch.origin[:, None] + np.arange(batch.horizon)
        truth = np.nan_to_num(self.panel.target[rows])
        return np.repeat(truth[..., None], 3, -1)


def test_truth_and_forecast_are_paired_by_item_and_timestamp(hourly: Panel) -> None:
    result = backtest([Oracle(hourly)], hourly, horizon=7, windows=4, step=3, batch=2)
    for part in (result.overall, result.by_step, result.by_item, result.by_cutoff):
        assert np.nanmax(METRICS["MAE"](part)) == 0
    assert result.windows == 12


def test_scores_are_those_of_a_loop_written_out(hourly: Panel) -> None:
    result = backtest([SeasonalNaive()], hourly, horizon=6, windows=2)
    errors, scaled, loss, size = [], [], 0.0, 0.0
    for i in range(3):
        y = hourly.history(i).astype(float)
        for stop in (len(y) - 12, len(y) - 6):
            history, truth = y[:stop], y[stop : stop + 6]
            last = np.array([history[p::24][~np.isnan(history[p::24])][-1] for p in (np.arange(stop, stop + 6) % 24)])
            pairs = np.abs(history[24:] - history[:-24])
            errors += np.abs(truth - last).tolist()
            scaled += (np.abs(truth - last) / np.nanmean(pairs)).tolist()
            loss, size = loss + np.nansum(np.abs(truth - last)), size + np.nansum(np.abs(truth))
    assert result.score("seasonal-naive", "MAE") == pytest.approx(np.nanmean(errors), rel=1e-6)
    assert result.score("seasonal-naive", "MASE") == pytest.approx(np.nanmean(scaled), rel=1e-6)
    median_alone = backtest([SeasonalNaive(quantiles=(0.5,))], hourly, horizon=6, windows=2, quantiles=(0.5,))
    assert median_alone.score("seasonal-naive", "WQL") == pytest.approx(loss / size, rel=1e-6)


def test_each_items_score_is_that_of_the_item_alone(hourly: Panel) -> None:
    together = backtest([SeasonalNaive()], hourly, horizon=6, windows=3)
    for item in range(3):
        alone = backtest([SeasonalNaive()], hourly.select(np.array([item])), horizon=6, windows=3)
        for name, metric in METRICS.items():
            np.testing.assert_allclose(metric(together.by_item)[0, item], metric(alone.overall)[0], rtol=1e-9, err_msg=name)


def test_a_forecaster_that_learns_nothing_scores_the_same_refitted_or_not(hourly: Panel) -> None:
    result = backtest([Echo()], hourly, horizon=6, windows=3, refit=lambda panel: Echo(name="refitted"))
    for group in (result.overall, result.by_step, result.by_item, result.by_cutoff):
        for metric in METRICS.values():
            np.testing.assert_allclose(metric(group)[0], metric(group)[1], rtol=1e-9)


def test_a_window_without_truth_or_without_history_is_left_out_and_counted() -> None:
    whole = np.arange(40.0)
    gap = whole.copy()
    gap[30:35] = NAN  # the second window of three
    late = np.r_[np.full(27, NAN), np.arange(13.0)]  # nothing observed before the first window
    panel = Panel.from_arrays([whole, gap, late, np.arange(9.0)], freq="D", item_ids=["whole", "gap", "late", "short"])
    result = backtest([Naive()], panel, horizon=5, windows=3, season_length=1)
    assert (result.windows, result.too_short, result.no_truth) == (3 + 2 + 2 + 1, 1 + 2, 1)
    assert result.overall.count[0] == 8 * 5


def test_a_window_with_part_of_its_truth_is_scored_on_that_part() -> None:
    series = np.arange(20.0)
    series[[17, 19]] = NAN
    result = backtest([Naive()], Panel.from_arrays([series]), horizon=5, windows=1)
    assert result.by_step.count[0].tolist() == [1, 1, 0, 1, 0]
    assert np.isnan(METRICS["MAE"](result.by_step)[0, 4])


def test_constant_histories_take_no_part_in_mase_and_are_counted() -> None:
    panel = Panel.from_arrays([np.r_[np.full(20, 3.0), 4, 4], np.arange(22.0)])
    result = backtest([Naive()], panel, horizon=2, windows=1)
    assert result.unscaled == 1
    assert result.score("naive", "MASE") == pytest.approx(1.5)
    assert np.isnan(METRICS["MASE"](result.by_item)[0, 0])


def test_when_no_window_can_be_scored_then_the_error_counts_why() -> None:
    panel = Panel.from_arrays([np.arange(5.0), np.r_[np.arange(9.0), [NAN] * 6]])
    with pytest.raises(DataError, match="none of the 2 windows of 6 steps") as error:
        backtest([Naive()], panel, horizon=6, windows=1)
    assert "shorter --horizon" in error.value.hint


@pytest.mark.parametrize("wrong", [{"horizon": 0}, {"windows": 0}, {"step": 0}, {"season_length": 0}, {"batch": 0}])
def test_numbers_that_make_no_sense_are_refused(hourly: Panel, wrong: dict) -> None:
    with pytest.raises(ConfigError, match="positive"):
        backtest([Naive()], hourly, **{"horizon": 2, "windows": 2, **wrong})


def test_two_forecasters_of_one_name_and_none_at_all_are_refused(hourly: Panel) -> None:
    with pytest.raises(ConfigError, match="one name"):
        backtest([Naive(), Naive()], hourly, horizon=2, windows=2)
    with pytest.raises(ConfigError, match="one name"):
        backtest([Naive()], hourly, horizon=2, windows=2, refit=lambda panel: Naive())
    with pytest.raises(ConfigError, match="nothing to backtest"):
        backtest([], hourly, horizon=2, windows=2)


def test_a_forecast_that_is_not_finite_is_scored_as_naive_and_noted(hourly: Panel) -> None:
    class Broken(Echo):
        def predict(self, batch: WindowBatch) -> np.ndarray:
            return np.full_like(super().predict(batch), np.nan)

    result = backtest([Naive(), Broken(name="broken")], hourly, horizon=3, windows=2)
    assert result.score("broken", "WQL") == pytest.approx(result.score("naive", "WQL"))
    assert "6 of 6" in result.notes["broken"][0]
    assert "naive" not in result.notes


def test_windows_that_fell_back_are_noted(hourly: Panel) -> None:
    class Shy(Echo):
        fallbacks = 5  # of an earlier call

        def predict(self, batch: WindowBatch) -> np.ndarray:
            self.fallbacks += 1
            return super().predict(batch)

    result = backtest([Shy()], hourly, horizon=3, windows=2, batch=3)
    assert result.notes["echo"] == ("2 of 6 forecasts fell back on a simpler method",)


def test_progress_counts_every_models_windows(hourly: Panel) -> None:
    calls = []
    backtest([Naive(), SeasonalNaive()], hourly, horizon=3, windows=4, batch=5, on_progress=lambda *a: calls.append(a))
    for model in ("naive", "seasonal-naive"):
        assert [t for t in calls if t[0] == model][-1] == (model, 12, 12)


def test_refit_sees_only_what_came_before_each_cutoff_in_time_order() -> None:
    ends = [60, 60, 57]  # the third item ends earlier: its windows begin at moments of their own
    panel = Panel.from_arrays([np.arange(1.0, n + 1) for n in ends], freq="D", item_ids=["a", "b", "c"])
    seen: list[tuple[int, ...]] = []

    def refit(before: Panel) -> Echo:
        assert all(np.isnan(before.target[o:e]).all() for o, e in zip(before.origin, before.indptr[1:], strict=True))
        seen.append(tuple(before.lengths.tolist()))
        return Echo(name="refitted")

    result = backtest([Naive()], panel, horizon=5, windows=2, season_length=1, refit=refit)
    assert seen == [(47, 47, 47), (50, 50, 50), (52, 52, 52), (55, 55, 55)]
    assert result.models == ("naive", "refitted")
    assert result.overall.count.tolist() == [30, 30]


def test_refit_hides_an_items_row_that_falls_between_two_of_anothers() -> None:
    panel = Panel.from_arrays([np.arange(1.0, 21), np.arange(1.0, 21)], freq="2D", item_ids=["a", "b"])
    panel = replace(panel, start=panel.start + np.array([0, 1]).astype("timedelta64[D]"))
    seen = []

    def refit(before: Panel) -> Echo:
        seen.append(before.lengths.tolist())
        return Echo(name="refitted")

    backtest([], panel, horizon=4, windows=1, season_length=1, refit=refit)
    assert seen == [[16, 16], [17, 16]]


def garbage_after(panel: Panel, rows: np.ndarray, seed: int) -> Panel:
    """The panel with noise of another size in every target and past covariate from `rows` on."""
    rng, target, past = np.random.default_rng(seed), panel.target.copy(), panel.past.copy()
    for item, row in enumerate(rows):
        stop = panel.indptr[item + 1]
        target[row:stop] = rng.normal(scale=1e5, size=stop - row)
        past[row:stop] = rng.normal(scale=1e5, size=(stop - row, past.shape[1]))
    return replace(panel, target=target, past=past)


def forecasts(panel: Panel, rows: np.ndarray) -> list[np.ndarray]:
    """Forecasts of each forecaster for the windows at `rows`, by the loop of backtest."""
    origins, out = Origins(np.arange(len(panel)), rows), []
    for forecaster in (*(baseline(n) for n in ("naive", "seasonal-naive", "drift", "seasonal-mean")), Echo(context=48)):
        values = np.zeros((len(panel), 5, 3), np.float32)
        for which, _, found in predict_windows(forecaster, panel, origins, 5, (0.1, 0.5, 0.9)):
            values[which] = found
        out.append(values)
    return out


@pytest.mark.parametrize("seed", range(3))
def test_whatever_stands_at_and_after_the_origins_every_forecast_is_bit_identical(hourly: Panel, seed: int) -> None:
    rows = hourly.origin - np.random.default_rng(seed).integers(0, 40, len(hourly))
    for clean, dirty in zip(forecasts(hourly, rows), forecasts(garbage_after(hourly, rows, seed), rows), strict=True):
        np.testing.assert_array_equal(clean, dirty)


def test_whatever_stands_after_the_panels_wall_every_score_is_bit_identical(hourly: Panel) -> None:
    models = [baseline(n) for n in ("naive", "seasonal-naive", "drift", "seasonal-mean")] + [Echo()]
    cut = hourly.before(hourly.origin - 20)
    dirty = garbage_after(cut, cut.origin, 7)
    one, two = (backtest(models, panel, horizon=6, windows=3) for panel in (cut, dirty))
    for clean, other in zip(one.by_item.parts() + one.by_step.parts(), two.by_item.parts() + two.by_step.parts(), strict=True):
        np.testing.assert_array_equal(clean, other)
    assert one.windows == two.windows == 9


def test_scores_are_unaffected_by_rows_after_the_windows(hourly: Panel) -> None:
    models = [SeasonalNaive(), Echo()]
    early = hourly.before(hourly.origin - 20)
    one = backtest(models, early, horizon=6, windows=3)
    shorter = [hourly.history(i)[:-20] for i in range(3)]
    two = backtest(models, Panel.from_arrays(shorter, freq="h", item_ids=list("abc")), horizon=6, windows=3)
    for clean, other in zip(one.by_item.parts(), two.by_item.parts(), strict=True):
        np.testing.assert_array_equal(clean, other)


def test_a_backtest_of_odd_items_warns_of_nothing() -> None:
    series = [np.full(30, 5.0), np.zeros(30), np.r_[np.full(20, NAN), np.arange(10.0)], np.array([1.0]), np.full(9, NAN)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        models = [baseline(n) for n in ("naive", "seasonal-naive", "drift", "seasonal-mean")]
        result = backtest(models, Panel.from_arrays(series), horizon=3, windows=2, season_length=7)
    assert result.windows == 6
    assert result.too_short == 4


def test_when_only_some_items_are_scored_then_all_are_forecast_and_every_score_is_of_the_chosen(hourly: Panel) -> None:
    seen: list[int] = []
    progress: list[tuple[int, int]] = []
    whole = backtest([SeasonalNaive()], hourly, horizon=6, windows=3)
    some = backtest(
        [SeasonalNaive()],
        hourly,
        horizon=6,
        windows=3,
        items=[2, 0],
        on_windows=lambda _, origins, *__: seen.extend(origins.item.tolist()),
        on_progress=lambda _, done, total: progress.append((done, total)),
    )
    assert some.item_ids == (hourly.item_ids[2], hourly.item_ids[0])
    assert some.windows == 6
    assert set(seen) == {0, 2}
    assert progress[-1] == (9, 9)
    np.testing.assert_allclose(METRICS["MAE"](some.by_item), METRICS["MAE"](whole.by_item)[:, [2, 0]])
    for part in (some.by_step.total(1), some.by_item.total(1), some.by_cutoff.total(1)):
        assert part.count == some.overall.count


def test_when_the_chosen_item_is_too_short_then_the_error_counts_its_windows() -> None:
    panel = Panel.from_arrays([np.arange(50.0), np.arange(3.0)], freq="D")
    with pytest.raises(DataError, match="none of the 2 windows"):
        backtest([Naive()], panel, horizon=6, windows=2, items=[1])
