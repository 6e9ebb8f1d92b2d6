"""The state of a training run on disk: written beside and renamed, so that a killed run leaves the last one whole."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from tsattn.errors import ConfigError

_TENSORS, _NOTES = "tensors-{:02d}.safetensors", "notes.json"
SHARD = 15 << 20  # bytes of a file, about: small enough to be moved and kept anywhere


@dataclass
class RunState:
    """State of a run beside its tensors. `asked`: the settings it was started with, and must be resumed with."""

    asked: dict[str, Any]
    precision: str
    step: int = 0
    best_step: int = 0  # of the weights that are kept
    chosen: float | None = None  # their score
    best: float | None = None  # the lowest score of any
    waited: int = 0  # validations since the weights that are kept
    seconds: float = 0.0
    stopped: str = ""
    shards: int = 1  # files that the tensors are in


def write_state(folder: Path, notes: RunState, tensors: dict[str, Tensor]) -> None:
    """Write `step-<n>` under `folder` and remove the older ones."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".step.", suffix=".tmp", dir=folder))
    try:
        for number, part in enumerate(_shards(tensors)):
            save_file({k: v.detach().contiguous().cpu().clone() for k, v in part.items()}, beside / _TENSORS.format(number))
        notes.shards = number + 1
        (beside / _NOTES).write_text(json.dumps(asdict(notes)), "utf-8")
        for path in beside.iterdir():
            with path.open("rb+") as written:
                os.fsync(written.fileno())
        target = folder / f"step-{notes.step:07d}"
        shutil.rmtree(target, ignore_errors=True)
        beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    for old in _steps(folder):
        if old != target:
            shutil.rmtree(old, ignore_errors=True)


def read_state(folder: Path) -> tuple[RunState, dict[str, Tensor]] | None:
    """The newest whole state under `folder`, or None."""
    for path in reversed(_steps(folder)):
        try:
            notes = RunState(**json.loads((path / _NOTES).read_text("utf-8")))
            tensors: dict[str, Tensor] = {}
            for number in range(notes.shards):
                tensors.update(load_file(path / _TENSORS.format(number)))
            return notes, tensors
        except (OSError, ValueError, TypeError, SafetensorError):
            continue  # cut short while it was being removed: an older or newer one is whole
    return None


def clear_state(folder: Path) -> None:
    """Forget a run: its states, and whatever a killed one left beside them."""
    for path in _steps(folder):
        shutil.rmtree(path, ignore_errors=True)
    clear_strays(folder)


def clear_strays(folder: Path) -> None:
    """Remove what killed runs had begun to write in `folder`: states, or models of one name.

    Only for who holds the lock on the name: nobody else may be writing.
    """
    for path in folder.glob(".*.tmp"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def check_resumable(notes: RunState, asked: dict[str, Any], usual: Mapping[str, Any] = MappingProxyType({})) -> None:
    """Raise ConfigError, naming what differs, when a run would be resumed with other settings or other data.

    usual: what a setting is that the run knows nothing of, for it has come since.
    """
    first = {key: notes.asked.get(key, usual.get(key)) for key in {*notes.asked, *asked}}
    differs = sorted(key for key, value in first.items() if value != asked.get(key))
    if differs:
        was = ", ".join(f"{key} {first[key]!r} (now {asked.get(key)!r})" for key in differs)
        raise ConfigError(f"the interrupted run had other settings or data: {was}", "remove --resume to start a new run")


def under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose name starts with `prefix.`, without it."""
    return {name[len(prefix) + 1 :]: value for name, value in tensors.items() if name.startswith(prefix + ".")}


def _shards(tensors: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """The tensors in parts of about SHARD bytes; one larger tensor is a part of its own."""
    parts: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, value in tensors.items():
        if parts[-1] and size + value.nbytes > SHARD:
            parts.append({})
            size = 0
        parts[-1][name] = value
        size += value.nbytes
    return parts


def _steps(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*"))
