"""Warm start of a network with covariates: forecasts are unchanged until the covariates are trained."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from tests import tiny
from tsattn.config import DECODERS
from tsattn.errors import ConfigError
from tsattn.nn.network import Network
from tsattn.nn.warm_start import warm_start


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("covariates", [(0, 0, 0), (0, 5, 0), (2, 0, 0), (1, 3, 2)])
def test_when_weights_are_transferred_then_the_wider_network_forecasts_alike(covariates, decoder):
    model = dataclasses.replace(tiny.MODEL, decoder=decoder)
    source = tiny.scrambled(model)
    wide = tiny.scrambled(model, past=covariates[0], known=covariates[1], static=covariates[2], seed=1)
    warm_start(source, wide)
    target = tiny.waves((tiny.MODEL.context,)).target[None]
    few, many = tiny.inputs_of(target, source), tiny.inputs_of(target, wide)
    many = dataclasses.replace(many, seasons=few.seasons)
    with torch.no_grad():
        ours = wide(*(getattr(many, f.name) for f in dataclasses.fields(many)))
        theirs = source(*(getattr(few, f.name) for f in dataclasses.fields(few)))
    torch.testing.assert_close(ours, theirs)


def test_when_covariates_matter_then_their_weights_can_be_learnt():
    wide = tiny.scrambled(past=1, known=3, static=2)
    warm_start(tiny.scrambled(), wide)
    inputs = tiny.inputs_of(tiny.waves((tiny.MODEL.context,)).target[None], wide)
    wide(*(getattr(inputs, f.name) for f in dataclasses.fields(inputs))).sum().backward()
    for name in ("embed.0.weight", "embed_skip.weight", "head.expand.weight"):
        assert (wide.get_parameter(name).grad.abs().sum(0) > 0).float().mean() > 0.9


def test_when_networks_differ_then_nothing_is_transferred():
    other = Network(dataclasses.replace(tiny.MODEL, layers=2), tiny.scrambled().spec)
    with pytest.raises(ConfigError, match="differ"):
        warm_start(tiny.scrambled(), other)
    with pytest.raises(ConfigError, match="without covariates"):
        warm_start(tiny.scrambled(known=2), tiny.scrambled(known=3))
