"""Rank of this process in a training run on several devices. No torch here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

# what Lightning, torchrun, Slurm and Open MPI number their processes and nodes with
_NUMBERS = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK")


def is_helper(train: Mapping[str, Any]) -> bool:
    """True when this process only helps the first one of a run on several devices or nodes (`train`: fields of TrainConfig).

    A helper repeats the whole command up to the training; only the first process takes locks, writes files and prints.
    """
    if train.get("devices", 1) * train.get("nodes", 1) < 2:
        return False
    return any(os.environ.get(name, "0") not in ("", "0") for name in _NUMBERS)
