"""Optimisers, their common learning-rate schedule, and their state as plain tensors."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from tsattn.config import OptimiserConfig, ScheduleConfig
from tsattn.training.muon import Muon

DIRECT = "head.led"  # effect of other series on the forecast (nn/leads.py)
DIRECT_RATE = 4.0  # its rate as a multiple of AdamW's, because it starts at zero and fine-tuning has few steps
MUON_RATE = 13.0  # Muon's rate as a multiple of AdamW's: its updates are orthogonal, each of unit scale


def make_optimizers(network: nn.Module, train: OptimiserConfig, precision: str = "fp32") -> list[torch.optim.Optimizer]:
    """Return Muon (Jordan et al. 2024) for the inner matrices and AdamW (Loshchilov & Hutter 2019) for all other parameters.

    First and last layers use AdamW, as Muon's authors recommend. DIRECT uses AdamW at a higher rate. Each parameter group stores
    its full rate as `rate`. With precision "bf16", Muon computes in bfloat16.
    """
    outer = (
        "embed.0",
        "embed_skip",
        "position.table",
        "head.query",
        "head.place",
        "head.mix",
        "head.quantile",
        "head.gate",
        "head.sharp",
        "head.later.out",
        "head.effect.out",
        DIRECT,
    )
    named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    inner = [p for name, p in named if p.ndim == 2 and not name.startswith(outer)]
    chosen = {id(p) for p in inner}
    rate, decay = train.learning_rate, train.weight_decay
    rest = [(name.startswith(DIRECT), p) for name, p in named if id(p) not in chosen]
    parts: list[dict[str, Any]] = [{"params": [p for direct, p in rest if not direct]}]
    if any(direct for direct, _ in rest):
        parts.append({"params": [p for direct, p in rest if direct], "lr": DIRECT_RATE * rate})
    optimizers: list[torch.optim.Optimizer] = [torch.optim.AdamW(parts, lr=rate, betas=(0.9, 0.98), weight_decay=decay)]
    if inner:
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        optimizers.insert(0, Muon(inner, lr=MUON_RATE * rate, weight_decay=decay, dtype=dtype))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["rate"] = group["lr"]
    return optimizers


def schedule(done: float, step: int, train: ScheduleConfig) -> float:
    """Return the share of the full rate: linear warm-up over `warmup` steps, constant, linear decay over the last `decay`.

    done: completed share of the run, 0 … 1, in steps or in time, whichever is larger. `decay` is a share of the run.
    """
    return min(1.0, (step + 1) / max(1, train.warmup)) * min(1.0, max(0.0, 1.0 - done) / max(train.decay, 1e-9))


def set_rate(optimizers: list[torch.optim.Optimizer], share: float) -> None:
    """Set the rate of every parameter group to `share` of its full rate."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = share * group["rate"]


def optimizer_tensors(optimizers: list[torch.optim.Optimizer]) -> dict[str, Tensor]:
    """Return the state of the optimisers as named tensors, `<optimiser>.<parameter>.<key>`."""
    return {
        f"{i}.{j}.{key}": torch.as_tensor(value)
        for i, optimizer in enumerate(optimizers)
        for j, state in optimizer.state_dict()["state"].items()
        for key, value in state.items()
    }


def restore_optimizers(optimizers: list[torch.optim.Optimizer], tensors: dict[str, Tensor]) -> None:
    """Restore the tensors that `optimizer_tensors` returned."""
    for i, optimizer in enumerate(optimizers):
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            owner, parameter, key = name.split(".", 2)
            if int(owner) == i:
                state.setdefault(int(parameter), {})[key] = value
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
