"""Leak test: values at or after an origin are overwritten with garbage, and forecasts do not change in a single bit."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests import tiny
from tsattn import api
from tsattn.cli.main import main
from tsattn.data.freq import Freq
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, rolling_origins
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines import BASELINES, baseline
from tsattn.forecasting.predict import predict
from tsattn.model import runtime
from tsattn.model.card import GRAPH, WEIGHTS, digest, read_card
from tsattn.training.fit import fit
from tsattn.training.run_options import RunOptions
from tsattn.workflows.plan import plan

HORIZON = tiny.MODEL.horizon
GARBAGE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "huge": lambda y: np.full_like(y, 3e38),
    "negative": lambda y: -1e6 - y,
    "missing": lambda y: np.full_like(y, np.nan),
    "noise": lambda y: np.random.default_rng(9).standard_normal(y.shape).astype(np.float32) * 1e4,
    "zero": np.zeros_like,
}


def spoiled(panel: Panel, rows: np.ndarray, kind: str) -> Panel:
    """The panel with the target and the past covariates of each item overwritten from absolute row `rows` (S,) on."""
    item = np.repeat(np.arange(len(panel)), np.diff(panel.indptr))
    after = np.arange(len(panel.target)) >= rows[item]
    target, past = panel.target.copy(), panel.past.copy()
    target[after], past[after] = GARBAGE[kind](target[after]), GARBAGE[kind](past[after])
    return dataclasses.replace(panel, target=target, past=past)


@pytest.fixture(scope="module")
def panel() -> Panel:
    made = tiny.with_covariates(length=300, items=3, future=24)
    made.target[5:9] = np.nan
    return made


@pytest.fixture(scope="module")
def cut(panel) -> np.ndarray:
    """End of each item's past, well before its last observation."""
    return panel.origin - np.array([100, 60, 36])


@pytest.fixture(scope="module")
def fitted(panel, cut, tmp_path_factory):
    return fit(panel.before(cut), tiny.MODEL, tiny.TRAIN, RunOptions(state=tmp_path_factory.mktemp("clean")))


@pytest.mark.parametrize("kind", GARBAGE)
def test_when_what_comes_after_the_cut_is_garbage_then_fitted_weights_are_bit_identical(panel, cut, fitted, kind, tmp_path):
    # once wiped as every caller does it, and once with the garbage left standing behind the wall
    loud = spoiled(panel, cut, kind)
    for i, given in enumerate((loud.before(cut), dataclasses.replace(loud, origin=cut))):
        network, found = fit(given, tiny.MODEL, tiny.TRAIN, RunOptions(state=tmp_path / str(i)))
        assert tiny.equal(network, fitted[0])
        assert (found.validation, found.best_step) == (fitted[1].validation, fitted[1].best_step)


def test_when_something_before_the_cut_changes_then_the_weights_do_notice(panel, cut, fitted, tmp_path):
    network, _ = fit(spoiled(panel, cut - 80, "negative").before(cut), tiny.MODEL, tiny.TRAIN, RunOptions(state=tmp_path))
    assert not tiny.equal(network, fitted[0])


def forecasters(saved: Path) -> dict[str, object]:
    made: dict[str, object] = {"onnx": runtime.load(saved), "torch": runtime.load(saved, "torch")}
    return made | {name: baseline(name) for name, kind in BASELINES.items() if not kind.place.startswith("statistical")}


@pytest.mark.parametrize("kind", GARBAGE)
def test_when_what_comes_after_each_rolling_origin_is_garbage_then_its_forecast_is_bit_identical(
    panel, kind, saved_with_covariates
):
    origins = rolling_origins(panel, HORIZON, windows=3, step=7)
    for name, forecaster in forecasters(saved_with_covariates).items():
        for horizon in (HORIZON, 2 * HORIZON):
            for which in np.unique(panel.origin[origins.item] - origins.row):
                own = Origins(np.arange(len(panel)), panel.origin - which)
                clean, _ = predict(forecaster, panel, horizon=horizon, origins=own)
                dirty, _ = predict(forecaster, spoiled(panel, own.row, kind), horizon=horizon, origins=own)
                np.testing.assert_array_equal(dirty.values, clean.values, err_msg=f"{name}, {which} rows before the end")
                assert dirty.item_ids == clean.item_ids


def test_when_a_value_before_an_origin_changes_then_every_forecaster_notices(panel, saved_with_covariates):
    own = Origins(np.arange(len(panel)), panel.origin - 10)
    for name, forecaster in forecasters(saved_with_covariates).items():
        clean, _ = predict(forecaster, panel, horizon=HORIZON, origins=own)
        dirty, _ = predict(forecaster, spoiled(panel, own.row - 1, "negative"), horizon=HORIZON, origins=own)
        assert not np.array_equal(dirty.values, clean.values), name


def test_when_known_covariates_change_behind_the_horizon_then_no_forecast_of_one_pass_does(panel, saved_with_covariates):
    own = Origins(np.arange(len(panel)), panel.origin - 100)
    known = panel.known.copy()
    for row, end in zip(own.row, panel.indptr[1:], strict=True):
        known[row + HORIZON : end] = 1e3
    forecaster = runtime.load(saved_with_covariates)
    clean, _ = predict(forecaster, panel, horizon=HORIZON, origins=own)
    dirty, _ = predict(forecaster, dataclasses.replace(panel, known=known), horizon=HORIZON, origins=own)
    np.testing.assert_array_equal(dirty.values, clean.values)


@pytest.mark.parametrize("kind", GARBAGE)
def test_when_what_comes_after_the_scored_windows_is_garbage_then_every_score_is_bit_identical(
    panel, cut, kind, saved_with_covariates
):
    models = list(forecasters(saved_with_covariates).values())[1:]
    runs = [
        backtest(models, dataclasses.replace(given, origin=cut), horizon=HORIZON, windows=3)
        for given in (panel, spoiled(panel, cut, kind))
    ]
    assert runs[0].to_arrow().equals(runs[1].to_arrow())
    assert runs[0].windows == 9


@pytest.mark.parametrize("kind", GARBAGE)
def test_when_only_the_last_window_is_garbage_then_scores_of_the_earlier_cutoffs_are_bit_identical(
    panel, kind, saved_with_covariates
):
    models = list(forecasters(saved_with_covariates).values())[1:]
    loud = spoiled(panel, panel.origin - HORIZON, kind)
    clean, dirty = (backtest(models, p, horizon=HORIZON, windows=4).to_arrow().to_pylist() for p in (panel, loud))
    last = max(row["cutoff"] for row in clean if row["cutoff"] is not None)

    def earlier(rows: list[dict]) -> list[dict]:
        return [row for row in rows if row["cutoff"] is not None and row["cutoff"] < last]

    one, two = earlier(clean), earlier(dirty)
    if kind == "missing":  # the last window is left out, and matrix products of fewer rows are summed in another order
        values = [[row.pop("value") for row in rows] for rows in (one, two)]
        np.testing.assert_allclose(*values, rtol=1e-5)
    assert one == two
    assert len({row["cutoff"] for row in earlier(clean)}) == 3
    assert clean != dirty


# -- from a file, through Python and the shell -------------------------------------------------------------------------

LENGTHS = {"north": 400, "south": 330}
WINDOWS = 3


def write_csv(path: Path, garbage: bool) -> Path:
    """Two hourly items in long format; the last WINDOWS horizons of each hold garbage where that is asked for."""
    rng, other, rows = np.random.default_rng(4), np.random.default_rng(5), ["time,shop,sales"]
    for size, (shop, length) in enumerate(LENGTHS.items(), 1):
        stamps = Freq.parse("h").advance(np.datetime64("2024-01-01", "us"), np.arange(length))
        values = [f"{v:.3f}" for v in 100 * size + 10 * np.sin(np.arange(length) * np.pi / 12) + rng.standard_normal(length)]
        if garbage:
            hidden = WINDOWS * HORIZON
            values[-hidden:] = [f"{v:.3f}" for v in other.standard_normal(hidden) * 1e6]
            values[-hidden : -hidden + 20] = [""] * 20
        rows += [f"{t},{shop},{v}" for t, v in zip(stamps, values, strict=True)]
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def quick_save(monkeypatch, saved):
    """Saving without the exporter, which takes most of the time: the graph of another network of the same sizes stands in."""
    tiny.without_export(monkeypatch, saved / GRAPH, scored=True)


def test_when_the_test_tail_of_a_file_is_garbage_then_the_trained_weights_are_bit_identical(tmp_path, quick_save, capsys):
    config = tiny.write_toml(tmp_path / "tiny.toml")
    folders = {}
    for name, garbage in (("clean", False), ("dirty", True)):
        data = write_csv(tmp_path / f"{name}.csv", garbage)
        words = ["train", data, "--horizon", HORIZON, "--test-windows", WINDOWS, "--config", config, "--name", name]
        code = main([str(word) for word in (*words, "--workspace", tmp_path / "w", "--json")])
        assert code == 0
        folders[name] = Path(json.loads(capsys.readouterr().out)["path"])
    assert digest(folders["clean"] / WEIGHTS) == digest(folders["dirty"] / WEIGHTS)
    cards = [read_card(folder) for folder in folders.values()]
    assert cards[0].fitted.validation == cards[1].fitted.validation
    assert cards[0].source["fingerprint"] != cards[1].source["fingerprint"]
    assert cards[0].scores != cards[1].scores


def test_when_nothing_is_chosen_by_hand_then_neither_plan_nor_weights_look_at_the_tail(tmp_path, quick_save):
    # the schedule's length follows the rows there are, which must be those before the tail
    model, train = ({k: v for k, v in vars(settings).items() if k != "horizon"} for settings in (tiny.MODEL, tiny.TRAIN))
    made = {}
    for name, garbage in (("clean", False), ("dirty", True)):
        data = write_csv(tmp_path / f"{name}.csv", garbage)
        free = api.train(data, workspace=tmp_path / "w", horizon=HORIZON, model=model, training=train, test_windows=WINDOWS)
        made[name] = digest(free.ref.path / WEIGHTS), free.card.fitted.validation
        unasked = plan(api.ingest(data).panel, horizon=HORIZON, test_windows=WINDOWS)
        made[name] += tuple(unasked.to_mapping().items())
    assert made["clean"] == made["dirty"]
