"""Rank of this process in a training run on several devices. Does not import torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

# environment variables in which Lightning, torchrun, Slurm and Open MPI number processes and nodes
_NUMBERS = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK")


def is_helper(train: Mapping[str, Any]) -> bool:
    """Return True unless this is the first process of a run on several devices or nodes. train: fields of TrainConfig.

    The other processes repeat the whole command up to the training. Only the first one takes locks, writes files and prints.
    """
    if train.get("devices", 1) * train.get("nodes", 1) < 2:
        return False
    return any(os.environ.get(name, "0") not in ("", "0") for name in _NUMBERS)
