"""Generation with caches gives the forecasts of the whole network at each origin."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from tests.nn.test_network import targets
from tests.tiny import MODEL, inputs_of, scrambled
from tsattn.config import ENCODERS, FRONT_ENDS, POSITIONS
from tsattn.nn.generate import Stream, generate
from tsattn.nn.inputs import Inputs
from tsattn.nn.network import Network

PATCH, CONTEXT = MODEL.patch, MODEL.context
CASES = [
    *((kind, "rotary", "full") for kind in FRONT_ENDS),
    *(("lstm", kind, "full") for kind in POSITIONS),
    *(("none", position, kind) for kind in ENCODERS for position in ("rotary", "learned")),
]


def network_of(front_end: str, position: str, encoder: str, **parts: int) -> Network:
    kinds = {"front_end": front_end, "position": position, "encoder": encoder, "decoder": "autoregressive"}
    return scrambled(dataclasses.replace(MODEL, **kinds, window=3, layers=2), known=2, static=1, **parts)


@pytest.mark.parametrize(("front_end", "position", "encoder"), CASES)
def test_when_the_true_patches_are_taken_one_by_one_then_every_forecast_is_that_of_the_whole_window(front_end, position, encoder):
    network = network_of(front_end, position, encoder, past=1)
    target = targets()
    target[1, :19] = float("nan")
    inputs, known = inputs_of(target, network), CONTEXT // 2
    inputs.past_cov[:, known:] = float("nan")  # as in the future
    prefix = torch.full((3,), known)
    origins = torch.arange(known, CONTEXT + 1, PATCH).expand(3, -1)
    with torch.no_grad():
        whole, scale = network.forecast_at(inputs, prefix, origins)
        z = (inputs.target - scale.mean) / scale.std
        stream = Stream(
            network, dataclasses.replace(inputs, target=inputs.target[:, :known], past_cov=inputs.past_cov[:, :known])
        )
        for number, start in enumerate(range(known, CONTEXT + 1, PATCH)):
            torch.testing.assert_close(stream.expected(), whole[:, number], rtol=1e-3, atol=1e-4)
            if start < CONTEXT:
                stream.grow(z[:, start : start + PATCH])


@pytest.mark.parametrize("encoder", ENCODERS)
def test_when_paths_leave_one_past_then_each_is_what_it_would_be_alone_and_what_is_above_the_floor_stays(encoder):
    network = network_of("gru", "sinusoidal", encoder)
    inputs = inputs_of(targets(2), network)
    known = torch.randn(2, CONTEXT + 3 * PATCH, 2, generator=torch.Generator().manual_seed(0))
    inputs = dataclasses.replace(inputs, known=known)
    level = torch.tensor([1, 4, 7])

    def along(quantiles: torch.Tensor, number: int) -> torch.Tensor:
        which = level if len(quantiles) == 6 else level[:1]
        return quantiles.gather(2, which.repeat(2)[:, None, None].expand(-1, PATCH, 1))[..., 0]

    free = torch.full((2,), -1e9)
    together = generate(network, inputs, 3, 3, along, free)
    assert together.shape == (2, 3 * PATCH, 3)
    alone = generate(network, inputs, 3, 1, along, free)
    torch.testing.assert_close(alone[..., 0], together[..., 0], rtol=1e-4, atol=1e-3)
    first = network(*(getattr(inputs, f.name) if f.name != "known" else known for f in dataclasses.fields(Inputs)))
    torch.testing.assert_close(together[:, :PATCH], first[..., level].detach(), rtol=1e-4, atol=1e-3)
    assert (together[..., 0] <= together[..., 2]).float().mean() > 0.5
    high = float(together.mean())
    assert float(generate(network, inputs, 3, 3, along, torch.full((2,), high)).min()) >= high - 1e-3
