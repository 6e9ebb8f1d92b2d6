"""Initialise a network from one that has no covariates or the same ones, with or without attention across series."""

from __future__ import annotations

from dataclasses import replace

import torch

from tsattn.errors import ConfigError
from tsattn.nn.anchors import COUNT
from tsattn.nn.network import Network


def warm_start(source: Network, target: Network) -> None:
    """Copy the weights of `source` into `target`, which may also have covariates, joint attention and a recurrent decoder.

    New weights of covariates, and the outputs of the new attention and decoder, are zero, so both networks make the same
    forecasts. Attention across series that only `source` has is dropped. Dropout and reach may differ, and the context may unless
    positions are learned. Raises ConfigError if the architectures differ otherwise, or if `source` has covariates and `target`
    has others.
    """
    own, across = target.config, source.config.across
    free = {name: getattr(own, name) for name in ("context", "dropout", "drop_path", "reach")}
    free["across"] = across if across and own.across else own.across  # `across` may differ if one of them has none
    if source.config.decoder == "direct" and own.decoder == "recurrent":
        free["decoder"] = own.decoder
    alike = replace(source.config, **free) == own
    alike = alike and (source.config.position != "learned" or source.config.context == target.config.context)
    if not alike or source.spec.quantiles != target.spec.quantiles:
        raise ConfigError(f"networks differ: {source.config} and {target.config}")
    shared = {
        name: value for name, value in source.state_dict().items() if own.across or not name.startswith(("across.", "head.led."))
    }
    if source.spec == target.spec:
        target.load_state_dict({**target.state_dict(), **shared})
        return
    if source.spec.past + source.spec.known + source.spec.static:
        raise ConfigError("covariates can only be added to a network without covariates")
    config, spec = target.config, target.spec
    values, covariates = 3 * config.patch, (2 * spec.past + spec.known) * config.patch  # per token
    # columns of a weight: shared ones, new ones; then shared ones again, and new ones at the end
    wider = {"embed.0.weight": (values, covariates, spec.static), "embed_skip.weight": (values, covariates, spec.static)}
    if config.decoder == "cross-attention":
        wider["head.query.weight"] = config.block * COUNT, config.block * spec.known, 0
    else:
        wider["head.expand.weight"] = config.width + config.pass_steps * COUNT, config.pass_steps * spec.known, 0
    state = target.state_dict()
    with torch.no_grad():
        for name, value in shared.items():
            if name in wider:
                before, between, after = wider[name]
                kept = torch.zeros_like(state[name])
                kept[:, :before] = value[:, :before]
                kept[:, before + between : kept.shape[1] - after] = value[:, before:]
                state[name] = kept
            elif not name.startswith(("known_", "static_")):
                state[name] = value.clone()
        if target.head.effect is not None:
            state["head.effect.out.weight"] = torch.zeros_like(state["head.effect.out.weight"])
        target.load_state_dict(state)
