"""Recurrent front-ends: what reads the tokens in order before they attend to each other."""

from __future__ import annotations

from torch import Tensor, nn

from tsattn.config import ModelConfig
from tsattn.errors import ConfigError
from tsattn.nn.scaling import norm

RECURRENT: dict[str, type[nn.LSTM] | type[nn.GRU] | None] = {"lstm": nn.LSTM, "gru": nn.GRU, "none": None}


class FrontEnd(nn.Module):
    """x + RNN(norm x): one recurrent layer on a residual branch, so that attention sees both a token and its running state.

    Causal: the output at token t depends on tokens ≤ t. Raises ConfigError for an unknown kind.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        if config.front_end not in RECURRENT:
            raise ConfigError(f"unknown front end {config.front_end!r}", f"use one of {', '.join(RECURRENT)}")
        kind = RECURRENT[config.front_end]
        self.norm = norm(config.width) if kind else None
        self.rnn = kind(config.width, config.width, batch_first=True) if kind else None
        if isinstance(self.rnn, nn.LSTM):
            # forget gates start open (Jozefowicz et al. 2015, §3.2); gates are ordered i, f, g, o
            for name, start in (("bias_ih_l0", 1.0), ("bias_hh_l0", 0.0)):
                nn.init.constant_(self.rnn.get_parameter(name)[config.width : 2 * config.width], start)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)"""
        if self.rnn is None or self.norm is None:
            return x
        out: Tensor = self.rnn(self.norm(x))[0]
        return x + out
