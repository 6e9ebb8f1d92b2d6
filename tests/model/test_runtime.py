"""Forecasting from a model folder: engines agree, any horizon, without PyTorch or pickle."""

from __future__ import annotations

import ast
import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from tests import tiny
from tsattn.data.freq import Freq, calendar_names
from tsattn.data.panel import Panel
from tsattn.data.windows import WindowBatch, gather, last_origins
from tsattn.errors import ConfigError
from tsattn.forecasting.predict import predict
from tsattn.model import artifact, runtime
from tsattn.model.card import read_card

ROOT = Path(__file__).parents[2]
BLOCK = tiny.MODEL.horizon
CALENDAR = len(calendar_names(Freq.parse("h")))


def batch_of(rows: int, seed: int, horizon: int = BLOCK, widths: tuple[int, int, int] = (0, CALENDAR, 0)) -> WindowBatch:
    """Windows of every odd kind: missing heads, holes, constants, steps, tiny and huge units."""
    rng = np.random.default_rng(seed)
    context = tiny.MODEL.context
    target = rng.standard_normal((rows, context)).cumsum(1) * 10.0 ** rng.integers(-6, 7, (rows, 1)) + rng.normal(
        0, 100, (rows, 1)
    )
    target[rng.random(target.shape) < rng.choice([0, 0.1, 0.8], (rows, 1))] = np.nan
    for row in range(0, rows, 4):
        target[row, : rng.integers(0, context)] = np.nan
    for row in range(1, rows, 5):
        target[row] = rng.normal()
    for row in range(2, rows, 7):
        target[row] = np.where(np.arange(context) < context - 3, 0.0, 5.0)
    past, known, static = widths
    known_values = rng.standard_normal((rows, context + horizon, known))
    known_values[:, ::9] = np.nan
    return WindowBatch(
        past_target=target.astype(np.float32),
        past_cov=np.where(rng.random((rows, context, past)) < 0.1, np.nan, rng.standard_normal((rows, context, past))).astype(
            np.float32
        ),
        known=known_values.astype(np.float32),
        static=rng.standard_normal((rows, static)).astype(np.float32),
        future_target=np.full((rows, horizon), np.nan, np.float32),
        item=np.zeros(rows, np.int64),
        origin=np.zeros(rows, np.int64),
        season_lengths=(24, 168),
    )


def widths_of(folder: Path) -> tuple[int, int, int]:
    inputs = read_card(folder).inputs
    return inputs["past"], inputs["known"], inputs["static"]


@pytest.mark.parametrize("rows", [1, 2, 7, 64])
@pytest.mark.parametrize("which", ["saved", "saved_with_covariates"])
def test_when_windows_are_forecast_then_torch_and_onnx_agree(which, rows, request):
    folder = request.getfixturevalue(which)
    batch = batch_of(rows, rows, widths=widths_of(folder))
    first, second = (runtime.load(folder, engine).predict(batch) for engine in ("torch", "onnx"))
    assert first.shape == second.shape == (rows, BLOCK, 9)
    assert np.isfinite(first).all()
    assert (np.diff(first, axis=-1) >= 0).all()
    # relative to each window's own size
    size = np.nanmax(np.abs(np.where(np.isnan(batch.past_target), 0, batch.past_target)), 1)[:, None, None]
    assert float((np.abs(first - second) / np.maximum(size, np.abs(first)).clip(1e-20)).max()) < 1e-4


def test_when_a_window_holds_nothing_then_the_engines_still_agree(saved):
    batch = batch_of(3, 0)
    batch.past_target[:] = np.nan
    first, second = (runtime.load(saved, engine).predict(batch) for engine in ("torch", "onnx"))
    assert np.isfinite(first).all()
    np.testing.assert_allclose(first, second, atol=1e-6)


@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_when_the_horizon_is_longer_than_a_block_then_the_first_block_is_that_of_one_pass(saved, engine):
    forecaster = runtime.load(saved, engine)
    batch = batch_of(9, 1, 4 * BLOCK)
    batch.known[:] = np.nan_to_num(batch.known)
    whole = forecaster.predict(batch)
    short = batch_of(9, 1, BLOCK)
    one = forecaster.predict(
        WindowBatch(**{**vars(short), "past_target": batch.past_target, "known": batch.known[:, : batch.context + BLOCK]})
    )
    assert whole.shape == (9, 4 * BLOCK, 9)
    np.testing.assert_array_equal(whole[:, :BLOCK], one)
    assert np.isfinite(whole).all()
    assert (np.diff(whole, axis=-1) >= 0).all()


def test_when_forecasts_are_rolled_out_then_their_width_does_not_collapse_at_the_seams(saved):
    panel, blocks = tiny.waves((300,), seed=5), 4
    made, _ = predict(runtime.load(saved), panel, horizon=blocks * BLOCK)
    width = (made.quantile(0.9) - made.quantile(0.1))[0].reshape(blocks, BLOCK).mean(1)
    assert (width[1:] > 0.7 * width[:-1]).all()
    assert width[-1] > 0.8 * width[0]
    assert (np.abs(made.median - np.mean(panel.target)) < 10 * np.std(panel.target)).all()


def test_when_a_walk_is_rolled_out_then_uncertainty_grows_as_it_does_for_walks(saved):
    """The next block of a path starts where the path ended, so variances add up, and an exact forecaster stays exact."""
    card, blocks = read_card(saved), 10
    steps, scores = np.sqrt(np.arange(1, BLOCK + 1)), np.array([NormalDist().inv_cdf(q) for q in card.quantiles])

    def walk(feed: dict[str, np.ndarray]) -> np.ndarray:
        return (feed["target"][:, -1:, None] + steps[None, :, None] * scores).astype(np.float32)

    panel = Panel.from_arrays([np.arange(-50.0, 50.0)], freq="h")
    made, _ = predict(runtime.NetworkForecaster(card, walk), panel, horizon=blocks * BLOCK)
    width = (made.quantile(0.9) - made.quantile(0.1))[0] / (2 * scores[-1])
    share = width / np.sqrt(np.arange(1, blocks * BLOCK + 1))
    assert (np.abs(share - 1) < 0.6).all()  # nine paths are few
    assert share.mean() == pytest.approx(1.0, abs=0.15)
    np.testing.assert_allclose(made.median[0], 49, atol=0.1)


def test_when_the_horizon_is_shorter_or_longer_then_the_steps_they_share_are_the_same(saved):
    panel, forecaster = tiny.waves((200, 90, 5)), runtime.load(saved)
    values = {h: predict(forecaster, panel, horizon=h)[0].values for h in (1, 5, BLOCK, BLOCK + 1, 3 * BLOCK)}
    for steps, found in values.items():
        np.testing.assert_array_equal(found, values[3 * BLOCK][:, :steps])


def test_when_the_batch_size_changes_then_the_forecasts_do_not(saved):
    panel, forecaster = tiny.waves(tuple(range(30, 60, 3))), runtime.load(saved)
    whole, _ = predict(forecaster, panel, horizon=20)
    for batch in (1, 3):
        part, _ = predict(forecaster, panel, horizon=20, batch=batch)
        np.testing.assert_allclose(part.values, whole.values, rtol=1e-5)


def test_when_an_item_is_longer_than_the_context_then_only_its_end_counts(saved):
    forecaster = runtime.load(saved)
    y = tiny.waves((400,)).target
    start = np.datetime64("2000-01-03") + np.timedelta64(400 - tiny.MODEL.context, "h")
    whole = predict(forecaster, Panel.from_arrays([y], freq="h", start="2000-01-03"), horizon=5)[0]
    end = predict(forecaster, Panel.from_arrays([y[-tiny.MODEL.context :]], freq="h", start=start), horizon=5)[0]
    np.testing.assert_allclose(whole.values, end.values, rtol=1e-6)


def test_when_the_data_has_other_covariates_then_the_error_names_both(saved, saved_with_covariates):
    with pytest.raises(ConfigError, match=r"'past': 1.*'past': 0"):
        runtime.load(saved_with_covariates).predict(batch_of(2, 0))
    with pytest.raises(ConfigError, match="multiple"):
        runtime.load(saved).predict(batch_of(2, 0, horizon=BLOCK + 1))


def test_when_a_known_covariate_changes_in_the_future_then_its_forecast_does_and_the_past_one_is_unknown_there(
    saved_with_covariates,
):
    panel, forecaster = tiny.with_covariates(future=3 * BLOCK), runtime.load(saved_with_covariates)
    batch = gather(panel, last_origins(panel), tiny.MODEL.context, 3 * BLOCK)
    before = forecaster.predict(batch)
    batch.known[:, tiny.MODEL.context + 2 * BLOCK :, -1] += 1.0
    after = forecaster.predict(batch)
    np.testing.assert_array_equal(after[:, : 2 * BLOCK], before[:, : 2 * BLOCK])
    assert not np.allclose(after[:, 2 * BLOCK :], before[:, 2 * BLOCK :])
    assert np.isfinite(after).all()


def test_when_the_past_target_changes_then_the_forecasters_input_is_left_alone(saved):
    batch = batch_of(4, 2, 2 * BLOCK)
    kept = {name: getattr(batch, name).copy() for name in ("past_target", "past_cov", "known", "static")}
    runtime.load(saved).predict(batch)
    for name, values in kept.items():
        np.testing.assert_array_equal(getattr(batch, name), values)


def test_when_a_network_was_not_saved_then_it_forecasts_as_the_saved_one_does(saved):
    network, card = artifact.load_network(saved)
    batch = batch_of(6, 3, 2 * BLOCK)
    np.testing.assert_array_equal(runtime.of_network(network, card).predict(batch), runtime.load(saved, "torch").predict(batch))


def test_when_a_saved_model_forecasts_then_torch_and_lightning_are_not_imported(saved):
    code = (
        "import sys, numpy as np\n"
        "from tsattn.model import runtime\n"
        "from tsattn.data.panel import Panel\n"
        "from tsattn.forecasting.predict import predict\n"
        "made, _ = predict(runtime.load(sys.argv[1]), Panel.from_arrays([np.arange(50.0)], freq='h'), horizon=20)\n"
        "import json\n"
        "print(json.dumps([made.values.shape, sorted({name.partition('.')[0] for name in sys.modules})]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, saved], capture_output=True, text=True, cwd=ROOT, timeout=600)
    assert done.returncode == 0, done.stderr
    shape, modules = json.loads(done.stdout)
    assert shape == [1, 20, 9]
    assert "onnxruntime" in modules
    assert not {"torch", "pytorch_lightning", "lightning", "pickle5", "cloudpickle"} & set(modules)


UNSAFE_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}


def unsafe(tree: ast.AST) -> list[str]:
    """Calls that could execute code from a file: pickling libraries, torch.load, numpy with allow_pickle, eval and exec."""
    found = []
    for node in ast.walk(tree):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [name for name in names if name.partition(".")[0] in UNSAFE_MODULES]
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("torch"):
            found += [f"torch.{a.name}" for a in node.names if a.name in ("load", "jit")]
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in ("torch.load", "torch.jit.load", "eval", "exec", "compile", "__import__"):
                found.append(called)
            if called.endswith(("read_pickle", "to_pickle", "load_from_checkpoint", "save_checkpoint")):
                found.append(called)
            found += [f"{called}({k.arg})" for k in node.keywords if k.arg in ("allow_pickle", "weights_only")]
    return found


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from pickle import loads",
        "import torch\ntorch.load('x')",
        "from torch import load",
        "np.load(f, allow_pickle=True)",
        "pandas.read_pickle(f)",
        "eval(text)",
    ],
)
def test_when_code_could_run_a_file_then_the_search_sees_it(text):
    assert unsafe(ast.parse(text))


def test_when_the_sources_are_searched_then_nothing_can_run_code_from_a_file():
    files = sorted((ROOT / "tsattn").rglob("*.py"))
    assert len(files) > 40
    assert {str(f): found for f in files if (found := unsafe(ast.parse(f.read_text("utf-8"))))} == {}


@pytest.mark.parametrize("passes", [1, 2, 4])
def test_when_a_decoder_is_recurrent_then_one_run_reaches_several_passes_and_the_rest_is_rolled_out(passes):
    model = dataclasses.replace(tiny.MODEL, decoder="recurrent", reach=2 * BLOCK)
    network = tiny.scrambled(model, known=CALENDAR)
    card = tiny.card_of(network)
    forecaster = runtime.of_network(network, card)
    seen = []

    def counted(feed, run=forecaster.run):
        seen.append(feed["known"].shape[1] - feed["target"].shape[1])
        return run(feed)

    forecaster.run = counted
    made = forecaster.predict(batch_of(5, 1, horizon=passes * BLOCK))
    assert made.shape == (5, passes * BLOCK, 9)
    assert np.isfinite(made).all()
    assert (np.diff(made, axis=-1) >= 0).all()
    assert seen == {1: [BLOCK], 2: [2 * BLOCK], 4: [2 * BLOCK, 2 * BLOCK]}[passes]
