"""Assembled network with random weights: causal, scale-equivariant, never NaN, quantiles that do not cross."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tests.tiny import MODEL, inputs_of, run, scrambled
from tsattn.config import DECODERS, ENCODERS, SCALINGS
from tsattn.errors import ConfigError
from tsattn.nn.front_end import RECURRENT
from tsattn.nn.inputs import Inputs, InputSpec
from tsattn.nn.network import DECODER, MEASURE, Network
from tsattn.nn.objective import FAR, window_loss

CONTEXT, PATCH, HORIZON = MODEL.context, MODEL.patch, MODEL.horizon


def targets(batch: int = 3, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y = np.sin(np.arange(CONTEXT) * 2 * np.pi / 12) * 3 + rng.standard_normal((batch, CONTEXT)) + 50
    return y.astype(np.float32)


def changed(inputs: Inputs, **parts: torch.Tensor) -> Inputs:
    return dataclasses.replace(inputs, **parts)


def at(network: Network, inputs: Inputs, prefix: int, origins: list[int]) -> np.ndarray:
    """Forecasts from several origins, (B, O, H, Q)."""
    batch = len(inputs.target)
    with torch.no_grad():
        out, _ = network.forecast_at(inputs, torch.full((batch,), prefix), torch.tensor(origins).expand(batch, -1))
    return out.numpy()


@pytest.fixture(scope="module")
def network() -> Network:
    return scrambled(past=2, known=3, static=1)


def test_when_kinds_are_named_in_the_settings_then_the_network_has_each():
    assert tuple(DECODER) == DECODERS
    assert tuple(MEASURE) == SCALINGS


@pytest.mark.parametrize("kind", RECURRENT)
def test_when_what_comes_after_an_origin_changes_then_its_forecast_is_bit_identical(kind):
    network = scrambled(dataclasses.replace(MODEL, front_end=kind), past=2, known=3, static=1)
    inputs = inputs_of(targets(), network)
    origins = [16, 24, 40, 64]
    before = at(network, inputs, 16, origins)
    for i, origin in enumerate(origins):
        for value in (1e6, -3.0, float("nan")):
            target, past = inputs.target.clone(), inputs.past_cov.clone()
            target[:, origin:], past[:, origin:] = value, value
            known = inputs.known.clone()
            known[:, origin + HORIZON :] = value
            after = at(network, changed(inputs, target=target, past_cov=past, known=known), 16, origins)
            np.testing.assert_array_equal(after[:, : i + 1], before[:, : i + 1])
            if origin < CONTEXT:
                assert not np.array_equal(after[:, i + 1 :], before[:, i + 1 :], equal_nan=True)


def test_when_anything_the_network_may_read_changes_then_the_forecast_notices(network):
    inputs = inputs_of(targets(), network)
    before = run(network, inputs)
    for name, place in (
        ("target", np.s_[:, 5]),
        ("target", np.s_[:, -1]),
        ("past_cov", np.s_[:, 30, 1]),
        ("known", np.s_[:, 10, 0]),
        ("known", np.s_[:, -1, 2]),
        ("static", np.s_[:, 0]),
        ("seasons", np.s_[:, 2]),
    ):
        values = getattr(inputs, name).clone()
        values[place] += 2.5
        assert not np.allclose(run(network, changed(inputs, **{name: values})), before, rtol=1e-6), name


@pytest.mark.parametrize(("factor", "level"), [(1e-3, 0.0), (100.0, -4000.0), (3.0, 7.0), (1e6, 0.0)])
def test_when_the_units_change_then_the_forecast_changes_with_them(network, factor, level):
    y = targets() - 50
    inputs = inputs_of(y, network)
    plain = run(network, inputs)
    # the same seasons: those are found on other code's terms
    moved = run(network, changed(inputs, target=torch.from_numpy(y * np.float32(factor) + np.float32(level))))
    np.testing.assert_allclose((moved - level) / factor, plain, atol=2e-3 * np.abs(plain).max())


ODD = {
    "all missing": lambda y: np.full_like(y, np.nan),
    "one value, first": lambda y: np.where(np.arange(CONTEXT) == 0, y, np.nan),
    "one value, last": lambda y: np.where(np.arange(CONTEXT) == CONTEXT - 1, y, np.nan),
    "missing head": lambda y: np.where(np.arange(CONTEXT) >= CONTEXT // 2 + 3, y, np.nan),
    "missing tail": lambda y: np.where(np.arange(CONTEXT) < CONTEXT // 2 + 3, y, np.nan),
    "every other": lambda y: np.where(np.arange(CONTEXT) % 2 == 0, y, np.nan),
    "constant": lambda y: np.full_like(y, 7.0),
    "zero": np.zeros_like,
    "huge": lambda y: y * 1e12,
    "small": lambda y: y * 1e-12,
    "far from zero": lambda y: y + 1e7,
    "step": lambda y: np.where(np.arange(CONTEXT) < CONTEXT - 1, 0, 1e9) + 0 * y,
    "spike": lambda y: np.where(np.arange(CONTEXT) == 20, 1e15, y),
}


@pytest.mark.parametrize("name", ODD)
def test_when_a_window_is_odd_then_its_forecast_is_finite_and_does_not_cross(network, name):
    y = ODD[name](targets()).astype(np.float32)
    values = run(network, inputs_of(y, network))
    assert values.shape == (3, HORIZON, 9)
    assert np.isfinite(values).all()
    assert (np.diff(values, axis=-1) >= 0).all()


@pytest.mark.parametrize("name", ODD)
def test_when_a_window_is_odd_then_its_gradients_are_finite(name):
    network = scrambled(past=1).train()
    y = ODD[name](targets()).astype(np.float32)
    inputs = inputs_of(y, network)
    inputs.past_cov[1] = float("nan")
    future = torch.from_numpy(targets(seed=9)[:, :HORIZON])
    prefix = torch.tensor([PATCH, CONTEXT, CONTEXT // 2])
    origin = torch.stack([prefix, torch.full((3,), CONTEXT)], 1)
    loss, count = window_loss(network, inputs, future, prefix, origin)
    loss.backward()
    assert torch.isfinite(loss)
    assert 0 <= int(count) <= 3 * 2 * HORIZON
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


def test_when_a_short_series_stands_in_a_longer_window_then_what_is_before_it_has_no_say(network):
    inputs = inputs_of(targets(), network)
    target, past = inputs.target.clone(), inputs.past_cov.clone()
    target[:, :40], past[:, :40] = float("nan"), float("nan")
    first = run(network, changed(inputs, target=target, past_cov=past))
    assert np.isfinite(first).all()
    # a forecast from where only the missing head was seen is finite too, and what follows does not reach it
    assert np.isfinite(at(network, changed(inputs, target=target), 8, [8, 40, 48])).all()
    rows = [1]
    alone = Inputs(*(getattr(changed(inputs, target=target, past_cov=past), f.name)[rows] for f in dataclasses.fields(Inputs)))
    np.testing.assert_allclose(run(network, alone), first[rows], rtol=1e-4)


def test_when_covariates_are_missing_then_the_forecast_is_finite(network):
    inputs = inputs_of(targets(), network)
    for name in ("past_cov", "known", "static"):
        gone = changed(inputs, **{name: torch.full_like(getattr(inputs, name), float("nan"))})
        values = run(network, gone)
        assert np.isfinite(values).all()
        assert not np.array_equal(values, run(network, inputs))


def test_when_windows_are_forecast_together_then_each_is_forecast_as_alone(network):
    inputs = inputs_of(targets(5), network)
    together = run(network, inputs)
    for row in range(5):
        alone = Inputs(*(getattr(inputs, f.name)[row : row + 1] for f in dataclasses.fields(Inputs)))
        np.testing.assert_allclose(run(network, alone)[0], together[row], rtol=2e-5, atol=1e-4)


def test_when_training_asks_for_the_end_of_the_window_then_it_gets_what_forecasting_gets(network):
    inputs = inputs_of(targets(), network)
    end = torch.full((3, 1), CONTEXT)
    with torch.no_grad():
        out, scale = network.forecast_at(inputs, end[:, 0], end)
    units = out[:, 0] * scale.std[..., None] + scale.mean[..., None]
    np.testing.assert_allclose(units.numpy(), run(network, inputs), rtol=1e-6)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_when_only_some_tokens_are_finished_then_they_are_as_among_all(encoder):
    network = scrambled(dataclasses.replace(MODEL, encoder=encoder))
    inputs = inputs_of(targets(), network)
    places = torch.tensor([[1, 3], [0, 7], [2, 2]])
    with torch.no_grad():
        read = network.read(inputs, torch.full((3,), 16))
        every, some = network.encode(read, inputs), network.encode(read, inputs, places)
    np.testing.assert_allclose(some.numpy(), np.stack([every[i, p] for i, p in enumerate(places)]), rtol=1e-5, atol=1e-5)


def test_when_weights_are_extreme_then_quantiles_still_do_not_cross():
    network = scrambled(seed=3)
    with torch.no_grad():
        for parameter in network.head.parameters():
            parameter.mul_(30)
    values = run(network, inputs_of(targets(8), network))
    assert np.isfinite(values).all()
    assert (np.diff(values, axis=-1) >= 0).all()


def test_when_a_target_is_unknown_or_wild_or_before_the_prefix_then_it_does_not_count():
    network = scrambled()
    inputs, future = inputs_of(targets(), network), torch.from_numpy(targets(seed=1)[:, :HORIZON].copy())
    prefix, origin = torch.full((3,), 32), torch.tensor([[64, 0]] * 3)
    _, count = window_loss(network, inputs, future, prefix, origin)
    assert int(count) == 3 * HORIZON
    future[0, :5] = float("nan")
    future[1, 3] = 1e9
    part, fewer = window_loss(network, inputs, future, prefix, origin)
    assert int(fewer) == 3 * HORIZON - 6
    assert torch.isfinite(part)
    none, nothing = window_loss(network, inputs, future, prefix, torch.zeros_like(origin))
    assert (float(none.detach()), int(nothing)) == (0.0, 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"context": 60}, "multiple of patch"),
        ({"width": 18}, "multiple of twice the heads"),
        ({"front_end": "rwkv"}, r"unknown front end 'rwkv'\nuse one of: lstm, gru, rnn, none"),
        ({"encoder": "flash"}, r"unknown encoder 'flash'\nuse one of: full, window, linear, none"),
        ({"decoder": "mlp"}, r"unknown decoder 'mlp'\nuse one of: direct, recurrent, cross-attention, autoregressive"),
        ({"position": "alibi"}, r"unknown position 'alibi'\nuse one of: rotary, sinusoidal, learned, none"),
    ],
)
def test_when_sizes_do_not_fit_then_the_error_says_which(change, said):
    with pytest.raises(ConfigError, match=said):
        Network(dataclasses.replace(MODEL, **change), InputSpec(0, 0, 0, (0.1, 0.5, 0.9)))


@pytest.mark.parametrize("quantiles", [(0.1, 0.9), (0.5, 0.1), (0.5, 0.5, 0.9)])
def test_when_quantiles_do_not_rise_or_lack_the_median_then_the_network_is_refused(quantiles):
    with pytest.raises(ConfigError, match="quantiles"):
        Network(MODEL, InputSpec(0, 0, 0, quantiles))


def test_when_few_steps_will_be_asked_for_then_those_beyond_count_little():
    network = scrambled()
    inputs = inputs_of(np.random.default_rng(3).standard_normal((4, 64)).astype(np.float32), network)
    future = torch.randn(4, network.config.pass_steps, generator=torch.Generator().manual_seed(0))
    end = torch.full((4, 1), 64)

    def loss(near: int | None, values: torch.Tensor = future) -> float:
        return float(window_loss(network, inputs, values, end[:, 0], end, near)[0].detach())

    alone = future.clone()
    alone[:, 3:] = torch.nan
    beyond = future.clone()
    beyond[:, :3] = torch.nan
    steps = network.config.pass_steps
    wanted = (3 * loss(None, alone) + FAR * (steps - 3) * loss(None, beyond)) / (3 + FAR * (steps - 3))
    assert loss(3) == pytest.approx(wanted, rel=1e-5)
    assert loss(steps) == loss(None)
