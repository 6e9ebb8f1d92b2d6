"""State of a training run on disk, written to a temporary folder and renamed, so that a killed run keeps its last state."""

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

from tsattn.config import current_keys
from tsattn.errors import ConfigError

_TENSORS, _NOTES = "tensors-{:02d}.safetensors", "notes.json"
SHARD = 15 << 20  # approximate bytes of a file, small enough for any store


@dataclass
class RunState:
    """State of a run, except its tensors. `asked`: the settings of its first start, which a resumed run must share."""

    asked: dict[str, Any]
    precision: str
    step: int = 0
    best_step: int = 0  # step of the kept weights
    chosen: float | None = None  # validation loss of the kept weights
    best: float | None = None  # lowest validation loss so far
    waited: int = 0  # validations since the kept weights
    seconds: float = 0.0
    stopped: str = ""
    shards: int = 1  # number of tensor files


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
    """Return the newest complete state under `folder`, or None."""
    for path in reversed(_steps(folder)):
        try:
            notes = RunState(**json.loads((path / _NOTES).read_text("utf-8")))
            tensors: dict[str, Tensor] = {}
            for number in range(notes.shards):
                tensors.update(load_file(path / _TENSORS.format(number)))
            return notes, tensors
        except (OSError, ValueError, TypeError, SafetensorError):
            continue  # partly removed: another one is complete
    return None


def clear_state(folder: Path) -> None:
    """Delete all states of a run, and the temporary files of killed runs."""
    for path in _steps(folder):
        shutil.rmtree(path, ignore_errors=True)
    clear_strays(folder)


def clear_strays(folder: Path) -> None:
    """Delete temporary files and folders of killed runs in `folder`.

    The caller must hold the lock on the model's name, so that no other process writes there.
    """
    for path in folder.glob(".*.tmp"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def check_resumable(notes: RunState, asked: dict[str, Any], usual: Mapping[str, Any] = MappingProxyType({})) -> None:
    """Raise ConfigError if a run would be resumed with other settings or other data; it lists the differences.

    usual: defaults of settings that are missing in `notes`, because they were added to tsattn later.
    """
    stored = current_keys(notes.asked)
    first = {key: stored.get(key, usual.get(key)) for key in {*stored, *asked}}
    differs = sorted(key for key, value in first.items() if value != asked.get(key))
    if differs:
        was = ", ".join(f"{key} {first[key]!r} (now {asked.get(key)!r})" for key in differs)
        raise ConfigError(f"the interrupted run had other settings or data: {was}", "remove --resume to start a new run")


def under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose name starts with `prefix.`, without the prefix."""
    return {name[len(prefix) + 1 :]: value for name, value in tensors.items() if name.startswith(prefix + ".")}


def _shards(tensors: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """Split the tensors into parts of about SHARD bytes. A larger tensor is a part of its own."""
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
