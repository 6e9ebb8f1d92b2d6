"""Conformance of all combinations of network parts: train, save, load, export to ONNX, forecast, sample paths."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests import tiny
from tsattn.config import DECODERS, ENCODERS, FRONT_ENDS, POSITIONS, SCALINGS, ModelConfig
from tsattn.data.freq import calendar_names
from tsattn.forecasting.predict import predict
from tsattn.forecasting.sample_paths import predict_paths
from tsattn.model import artifact, runtime
from tsattn.nn.inputs import Inputs
from tsattn.nn.network import Network
from tsattn.training.fit import fit
from tsattn.training.run_options import RunOptions

KINDS = (FRONT_ENDS, ENCODERS, DECODERS, POSITIONS, SCALINGS)
ALL = list(itertools.product(*KINDS))
SMALL = dataclasses.replace(
    tiny.MODEL, context=24, patch=4, width=8, heads=2, horizon=6, reach=12, block=4, window=3, dropout=0.1
)
TRAIN = dataclasses.replace(tiny.TRAIN, steps=20, batch=4, origins=3, warmup=2)
PANEL = tiny.waves((70, 50))
Combination = tuple[str, ...]


def pairs_of(combination: Combination) -> set[tuple[int, str, int, str]]:
    return {(i, a, j, b) for (i, a), (j, b) in itertools.combinations(enumerate(combination), 2)}


def covering(enough: Callable[[Combination], set[tuple[int, str, int, str]]]) -> list[Combination]:
    """Few combinations in which everything of `enough` is met, taken greedily."""
    missing = set().union(*map(enough, ALL))
    chosen = []
    while missing:
        best = max(ALL, key=lambda combination: len(enough(combination) & missing))
        chosen.append(best)
        missing -= enough(best)
    return chosen


# an export takes seconds, and depends on the kinds of parts, hardly on how they meet; `make soak` tries all that there are
def of_export(combination: Combination) -> set[tuple[int, str, int, str]]:
    return {(i, kind, i, kind) for i, kind in enumerate(combination)}


TRAINED, EXPORTED = covering(pairs_of), covering(of_export)


def config_of(combination: Combination) -> ModelConfig:
    names = ("front_end", "encoder", "decoder", "position", "scaling")
    return dataclasses.replace(SMALL, **dict(zip(names, combination, strict=True)))


def trained(combination: Combination, place: Path) -> Network:
    """Twenty steps, after which every weight has moved."""
    model = config_of(combination)
    network, fitted = fit(PANEL, model, TRAIN, RunOptions(state=place / "state"))
    assert fitted.steps == 20
    assert fitted.validation is not None
    assert np.isfinite(fitted.validation)
    with torch.random.fork_rng():
        torch.manual_seed(TRAIN.seed)
        new = Network(model, network.spec)
    still = [n for (n, p), q in zip(network.named_parameters(), new.parameters(), strict=True) if torch.equal(p, q)]
    assert not still
    return network


def check_forecasts(forecaster: runtime.NetworkForecaster, network: Network) -> None:
    made, failures = predict(forecaster, PANEL, horizon=15)
    assert not failures
    assert made.values.shape == (2, 15, len(network.spec.quantiles))
    shorter, _ = predict(forecaster, PANEL, horizon=5)
    np.testing.assert_array_equal(shorter.values, made.values[:, :5])
    paths, failures = predict_paths(forecaster, PANEL, horizon=15, paths=4, seed=1)
    assert not failures
    assert paths.values.shape == (2, 15, 4)
    again, _ = predict_paths(forecaster, PANEL, horizon=15, paths=4, seed=1, batch=1)
    np.testing.assert_allclose(again.values, paths.values, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("combination", TRAINED, ids="-".join)
def test_when_a_network_is_trained_then_it_learns_is_kept_whole_and_forecasts(combination, tmp_path):
    network = trained(combination, tmp_path)
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, tmp_path / "weights")
    kept = Network(network.config, network.spec)
    kept.load_state_dict(load_file(tmp_path / "weights"))
    assert tiny.equal(network, kept)
    check_forecasts(runtime.of_network(kept, tiny.card_of(network)), network)


@pytest.mark.parametrize("combination", EXPORTED, ids="-".join)
def test_when_a_network_is_saved_then_both_engines_load_it_and_agree(combination, tmp_path):
    exported(tiny.scrambled(config_of(combination), known=len(calendar_names(PANEL.freq))), tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("combination", ALL, ids="-".join)
def test_when_any_network_is_trained_and_saved_then_both_engines_load_it_and_agree(combination, tmp_path):
    exported(trained(combination, tmp_path), tmp_path)


def exported(network: Network, place: Path) -> None:
    artifact.save(place / "model", network, tiny.card_of(network))  # which compares ONNX Runtime with torch
    first, second = (runtime.load(place / "model", engine) for engine in ("torch", "onnx"))
    check_forecasts(second, network)
    made = [predict(forecaster, PANEL, horizon=12)[0].values for forecaster in (first, second)]
    np.testing.assert_allclose(*made, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("encoder", "decoder", "position"), list(itertools.product(ENCODERS, DECODERS, POSITIONS)))
def test_when_a_short_series_is_padded_then_a_longer_context_changes_nothing(encoder, decoder, position):
    """Padding does not affect a forecast without recurrence, which reads it in order."""
    short = dataclasses.replace(SMALL, front_end="none", encoder=encoder, decoder=decoder, position=position)
    network = tiny.scrambled(short, known=1, static=1)
    longer = Network(dataclasses.replace(short, context=2 * short.context), network.spec)
    state = network.state_dict()
    if position == "learned":
        state["position.table"] = torch.cat([state["position.table"], torch.randn(6, short.width)])
    longer.load_state_dict(state)
    target = (np.random.default_rng(0).standard_normal((3, short.context)) + 5).astype(np.float32)
    target[1, :9] = np.nan
    inputs = tiny.inputs_of(target, network)
    padding = torch.randn(3, short.context, 1)
    wide = Inputs(
        torch.cat([torch.full_like(inputs.target, float("nan")), inputs.target], 1),
        torch.zeros(3, longer.config.context, 0),
        torch.cat([padding, inputs.known], 1),
        inputs.static,
        inputs.seasons,
        inputs.group,
    )
    np.testing.assert_allclose(tiny.run(longer.eval(), wide), tiny.run(network, inputs), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("encoder", "decoder"), list(itertools.product(ENCODERS, DECODERS)))
@pytest.mark.parametrize("front_end", ["lstm", "none"])
def test_when_what_comes_after_an_origin_changes_then_no_network_notices(front_end, encoder, decoder):
    model = dataclasses.replace(SMALL, front_end=front_end, encoder=encoder, decoder=decoder)
    network = tiny.scrambled(model, past=1, known=1)
    target = (np.random.default_rng(1).standard_normal((2, model.context)) + 5).astype(np.float32)
    inputs, origins = tiny.inputs_of(target, network), torch.tensor([[8, 12, 24]] * 2)
    with torch.no_grad():
        before, _ = network.forecast_at(inputs, torch.full((2,), 8), origins)
        for value in (1e6, float("nan")):
            wild = dataclasses.replace(inputs, target=inputs.target.clone(), past_cov=inputs.past_cov.clone())
            wild.target[:, 12:], wild.past_cov[:, 12:] = value, value
            after, _ = network.forecast_at(wild, torch.full((2,), 8), origins)
            assert torch.equal(after[:, :2], before[:, :2])
            assert not torch.equal(after[:, 2], before[:, 2])


def test_when_combinations_are_chosen_then_each_part_and_each_pair_is_among_them():
    assert len(ALL) == 4 * 4 * 4 * 4 * 2
    assert {kind for combination in EXPORTED for kind in combination} == {kind for kinds in KINDS for kind in kinds}
    for i, j in itertools.combinations(range(len(KINDS)), 2):
        assert {(c[i], c[j]) for c in TRAINED} == set(itertools.product(KINDS[i], KINDS[j]))
