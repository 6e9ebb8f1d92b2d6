"""Profile of training: each part is timed separately, forward and backward."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
import torch

from tests.tiny import MODEL, TRAIN, inputs_of, scrambled, waves
from tsattn.training.fit import fit
from tsattn.training.profiler import ATTENTION, DATA, EMBEDDING, FRONT_END, HEAD, OPTIMISER, PARTS, VALIDATION, Timeline
from tsattn.training.run_options import RunOptions

NAP = 0.1  # seconds


class Clock:
    """Stands in for time.perf_counter, so that the machine's own load does not count: a millisecond passes at each look."""

    now = 0.0

    def __call__(self) -> float:
        Clock.now += 0.001
        return Clock.now


class Slow(torch.autograd.Function):
    """Identity that takes time in the forward and in the backward pass."""

    @staticmethod
    def forward(context: Any, x: torch.Tensor) -> torch.Tensor:
        Clock.now += NAP
        return x.clone()

    @staticmethod
    def backward(context: Any, *gradient: torch.Tensor) -> torch.Tensor:
        Clock.now += 2 * NAP
        return gradient[0]


@pytest.mark.parametrize(
    ("place", "part"), [("embed", EMBEDDING), ("front_end", FRONT_END), ("blocks.0", ATTENTION), ("head", HEAD)]
)
def test_when_a_part_is_slow_then_its_time_is_reported_separately(place, part, monkeypatch):
    monkeypatch.setattr("tsattn.training.profiler.time.perf_counter", Clock())
    network = scrambled().train()
    network.get_submodule(place).register_forward_hook(lambda _, __, made: Slow.apply(made))
    timeline = Timeline()
    timeline.watch(network, torch.device("cpu"))
    inputs = inputs_of(torch.randn(2, 64).numpy(), network)
    timeline.mark("the rest")
    loss = network(inputs.target, inputs.past_cov, inputs.known, inputs.static, inputs.seasons).square().mean()
    timeline.mark(HEAD)
    loss.backward()
    timeline.mark(EMBEDDING)
    assert timeline.seconds[part] >= 3 * NAP
    assert max(timeline.seconds, key=timeline.seconds.__getitem__) == part


def test_when_a_training_is_timed_then_its_parts_add_up_to_it_and_it_learns_the_same(tmp_path):
    train = replace(TRAIN, steps=12, finish=0.5)
    began = time.perf_counter()
    timeline = Timeline()
    timed, fitted = fit(waves(), MODEL, train, RunOptions(state=tmp_path / "timed", timeline=timeline))
    took = time.perf_counter() - began
    assert timeline.steps == fitted.steps
    assert tuple(timeline.seconds) == PARTS
    assert all(timeline.seconds[part] > 0 for part in (DATA, EMBEDDING, FRONT_END, ATTENTION, HEAD, OPTIMISER, VALIDATION))
    assert sum(timeline.seconds.values()) <= took
    plain, _ = fit(waves(), MODEL, train, RunOptions(state=tmp_path / "plain"))
    for name, value in plain.state_dict().items():
        assert torch.equal(value, timed.state_dict()[name]), name
