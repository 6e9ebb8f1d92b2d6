"""Recurrent front-ends: an RNN that reads the tokens in order, before the attention layers."""

from __future__ import annotations

from torch import Tensor, nn

from tsattn.config import ModelConfig
from tsattn.nn.scaling import norm

RECURRENT: dict[str, type[nn.LSTM] | type[nn.GRU] | type[nn.RNN] | None] = {
    "lstm": nn.LSTM,  # Hochreiter & Schmidhuber 1997
    "gru": nn.GRU,  # Cho et al. 2014
    "rnn": nn.RNN,  # Elman 1990, with tanh
    "none": None,
}
State = Tensor | tuple[Tensor, Tensor]  # hidden state (1, B, D); for an LSTM, hidden and cell state


class FrontEnd(nn.Module):
    """Recurrent layer on a residual branch: x + RNN(norm x).

    Causal: the output at token t depends on tokens ≤ t.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        kind = RECURRENT[config.front_end]
        self.norm = norm(config.width) if kind else None
        self.rnn = kind(config.width, config.width, batch_first=True) if kind else None
        if isinstance(self.rnn, nn.LSTM):
            # forget gates start open (Jozefowicz et al. 2015, §3.2); gates are ordered i, f, g, o
            for name, start in (("bias_ih_l0", 1.0), ("bias_hh_l0", 0.0)):
                nn.init.constant_(self.rnn.get_parameter(name)[config.width : 2 * config.width], start)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (B, T, D) to (B, T, D)."""
        if self.rnn is None or self.norm is None:
            return x
        out: Tensor = self.rnn(self.norm(x))[0]
        return x + out

    def step(self, x: Tensor, state: State | None) -> tuple[Tensor, State | None]:
        """Continue from `state` (None at the start) with the tokens x (B, T, D).

        Returns the outputs (B, T, D) and the new state.
        """
        if self.rnn is None or self.norm is None:
            return x, None
        out, state = self.rnn(self.norm(x), state)
        return x + out, state
